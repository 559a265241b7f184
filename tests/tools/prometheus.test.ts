import { readdirSync } from "node:fs";
import path from "node:path";

import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { settingsFor } from "../support/settings";
import { caseNames, type CaseName } from "./support/cases";
import { Rendered } from "./support/rendered";
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
    const absent = ["elasticsearch", "kafka", "kubelet", "otel-shipper"].map((program) => `stack-${program}.yaml`);
    const rules = readdirSync(path.join(CONFIGS, "rules")).filter((file) => !absent.includes(file));
    // And those of prices and of what is expected.
    expect(result.output).toContain(`${rules.length + 2} rule files found`);
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

/**
 * The relabelling of the services of a cluster, by Prometheus itself. What it would find at the API server is given as static
 * targets with the labels of its discovery.
 */
describe("the services of a cluster", () => {
  const SLICE = "__meta_kubernetes_endpointslice";
  const endpoint = (service: string, port: number | undefined, name = "", more: Record<string, string> = {}) => ({
    targets: [`10.0.0.1:${port ?? 7000}`],
    labels: {
      [`${SLICE}_label_kubernetes_io_service_name`]: service,
      ...(port === undefined ? {} : { [`${SLICE}_port`]: String(port), [`${SLICE}_port_name`]: name }),
      __meta_kubernetes_pod_name: `${service}-pod`,
      ...more,
    },
  });
  const services = [
    { name: "api-gateway", address: "api-gateway:8000", owner: "core" },
    { name: "web", address: "frontend:80", metricsPath: "/api/metrics", owner: "frontend" },
    { name: "saga", address: "saga:8008" },
    { name: "saga-admin", address: "saga:8009", owner: "automation" },
  ];
  let files: Rendered;

  beforeAll(async () => {
    files = await Rendered.write(settingsFor({ platform: "kubernetes", servicesNamespace: "apps", services }));
  });
  afterAll(() => files.remove());

  /** The configuration with static targets for what is discovered, and with a file for each credential. */
  async function withEndpoints(static_configs: object[] = []): Promise<string> {
    const empty = await files.put("/credentials", "");
    return files.copy(CONFIG, (text) => {
      const config = load(text.replace(/\S*\/serviceaccount\/(token|ca.crt)/g, empty)) as {
        scrape_configs: { job_name: string; kubernetes_sd_configs?: unknown }[];
      };
      const scrape_configs = config.scrape_configs.map(({ kubernetes_sd_configs, ...job }) =>
        job.job_name === "discovered-services" ? { ...job, static_configs } : { ...job, kubernetes_sd_configs },
      );
      return dump({ ...config, scrape_configs });
    });
  }

  async function foundIn(...endpoints: object[]): Promise<Record<string, string>[]> {
    const config = await withEndpoints(endpoints);
    const result = await promtool(["check", "service-discovery", "--timeout=2s", config, "discovered-services"]);
    expect(result.succeeded, result.output).toBe(true);
    const targets = JSON.parse(result.stdout) as (Discovered | { labels: null })[];
    return targets.flatMap(({ labels }) => (labels && Object.keys(labels).length > 0 ? [labels] : []));
  }

  it("have a configuration that Prometheus takes", async () => {
    expectAccepted(await promtool(["check", "config", ...STRICT, await withEndpoints()]));
  });

  it("are scraped at each pod, as the list describes them", async () => {
    expect(await foundIn(endpoint("api-gateway", 8000, "http"))).toEqual([
      expect.objectContaining({
        ...{ job: "services", service: "api-gateway", owner: "core", pod: "api-gateway-pod" },
        ...{ instance: "10.0.0.1:8000", __address__: "10.0.0.1:8000", __metrics_path__: "/metrics" },
      }),
    ]);
  });

  it.each([
    [
      "the port with the number of the address",
      [endpoint("api-gateway", 8000, "http"), endpoint("api-gateway", 9000, "grpc")],
      ["api-gateway at 8000"],
    ],
    ["the only port, which has no name, whatever its number", [endpoint("api-gateway", 8080)], ["api-gateway at 8080"]],
    [
      "the customary name of port 80",
      [endpoint("frontend", 3000, "http"), endpoint("frontend", 9090, "metrics")],
      ["web at 3000"],
    ],
    [
      "each of two addresses at one Service",
      [endpoint("saga", 8008, "http"), endpoint("saga", 8009, "admin")],
      ["saga at 8008", "saga-admin at 8009"],
    ],
    ["no port of another number and name", [endpoint("api-gateway", 8080, "http")], []],
    ["no port of the pod that is not the Service's", [endpoint("api-gateway", undefined)], []],
    ["no Service that is not listed", [endpoint("reporting", 8000)], []],
    [
      "no copy that is about to end",
      [endpoint("api-gateway", 8000, "", { [`${SLICE}_endpoint_conditions_terminating`]: "true" })],
      [],
    ],
  ])("are found by %s", async (_, endpoints, expected) => {
    const targets = await foundIn(...endpoints);
    expect(targets.map(({ service, instance }) => `${service} at ${instance?.split(":")[1]}`).sort()).toEqual(expected);
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
