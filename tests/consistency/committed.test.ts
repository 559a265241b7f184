import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { checkConsistency, formatProblem, isProven } from "../../components/consistency";
import { images } from "../../components/images";
import { COMBINATIONS } from "./combinations";
import { stackOf, surroundings } from "./stack";

const METRICS = path.join(__dirname, "../../components/consistency/metrics");

describe("what is committed", () => {
  it.each(Object.entries(COMBINATIONS))("fits together with %s", (_, written) => {
    const problems = checkConsistency(stackOf(written), surroundings).map(formatProblem);
    expect(problems).toEqual([]);
  });

  it("is known to a preview by its hash", () => {
    const { userRules, ...stack } = stackOf();
    expect(userRules.map(({ file }) => file)).toEqual(["configs/prometheus/rules/custom.yaml"]);
    expect(stack.rules.length).toBeGreaterThan(5);
    expect(isProven(), "rules, dashboards, routes, metrics or runbooks changed: npm run docs").toBe(true);
  });
});

describe("the recorded metrics", () => {
  const catalogs = readdirSync(METRICS).map((file) => ({
    file,
    ...(JSON.parse(readFileSync(path.join(METRICS, file), "utf8")) as { program: string; version: string }),
  }));
  const ofImages = catalogs.filter(({ program }) => !["services", "kubelet"].includes(program));

  it.each(ofImages)("$file are those of the release that is deployed", ({ program, version }) => {
    const key = program.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as keyof typeof images;
    expect(images[key].reference.replace(/^.*:v?/, "")).toBe(version);
  });

  it("are there for every program that rules or panels ask", () => {
    for (const name of [
      "prometheus",
      "alertmanager",
      "loki",
      "promtail",
      "otel-collector",
      "jaeger",
      "cadvisor",
      "elasticsearch-exporter",
    ]) {
      expect(existsSync(path.join(METRICS, `${name}.json`))).toBe(true);
    }
  });
});
