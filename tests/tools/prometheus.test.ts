import { readdirSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { caseNames, type CaseName } from "./support/cases";
import { expectAccepted, expectRefused, useRendered, useTool } from "./support/tool";

const CONFIGS = path.join(__dirname, "../../configs/prometheus");
const CONFIG = "/etc/prometheus/prometheus.yml";
const STRICT = ["--lint=all", "--lint-fatal"];

const promtool = useTool("promtool");
const rendered = useRendered();

interface Discovered {
  readonly labels: Readonly<Record<string, string>>;
}

/** The labels with which Prometheus would scrape the targets of a job, by service. */
async function targetsOf(name: CaseName, job: string): Promise<Map<string | undefined, Discovered["labels"]>> {
  const command = ["check", "service-discovery", "--timeout=2s", rendered(name).at(CONFIG), job];
  const { stdout, succeeded, output } = await promtool(command);
  expect(succeeded, output).toBe(true);
  return new Map((JSON.parse(stdout) as Discovered[]).map(({ labels }) => [labels.service, labels]));
}

describe("prometheus.yml and its rules", () => {
  it.concurrent("are valid as committed", async () => {
    expectAccepted(await promtool(["check", "config", ...STRICT, path.join(CONFIGS, "prometheus.yml")]));
  });

  it.concurrent.each(caseNames)("are valid for %s", async (name) => {
    const result = await promtool(["check", "config", ...STRICT, rendered(name).at(CONFIG)]);
    expectAccepted(result);
    const rules = readdirSync(path.join(CONFIGS, "rules")).length;
    expect(result.output).toContain(`${rules} rule files found`);
  });

  it.concurrent("give 200 services a target each", async () => {
    const targets = await targetsOf("200 services", "services");
    expect(targets.size).toBe(200);
  });

  it.concurrent("scrape a service at the path, with the scheme and for the owner that it names", async () => {
    const targets = await targetsOf("own services and retention", "services");
    expect(targets.get("web")).toMatchObject({
      __address__: "web.internal:8443",
      __metrics_path__: "/internal/metrics",
      __scheme__: "https",
      __scrape_interval__: "30s",
      owner: "web",
    });
    expect(targets.get("jobs")).toMatchObject({
      __address__: "10.0.0.7:9000",
      __metrics_path__: "/metrics",
      __scheme__: "http",
    });
  });
});

describe("promtool refuses", () => {
  it.concurrent("an unknown key", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) => text.replace("scrape_timeout", "scrape_timout"));
    expectRefused(await promtool(["check", "config", file]), /field scrape_timout not found/);
  });

  it.concurrent("an expression that does not parse", async () => {
    const file = await rendered("the defaults").copy("/etc/prometheus/rules/stack.yaml", (text) =>
      text.replace("expr: vector(1)", "expr: vector(1"),
    );
    expectRefused(await promtool(["check", "rules", ...STRICT, file]), /"Watchdog": could not parse expression/);
  });

  it.concurrent("the same rule twice", async () => {
    const rule = { record: "a:b:c", expr: "up" };
    const file = await rendered("the defaults").put(
      "/etc/twice.yaml",
      JSON.stringify({ groups: [{ name: "own", rules: [rule, rule] }] }),
    );
    expectRefused(await promtool(["check", "rules", ...STRICT, file]), /duplicate rule/);
  });
});
