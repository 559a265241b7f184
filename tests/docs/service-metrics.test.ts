import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { metrics } from "../../components/consistency/metrics/services.json";

const GUIDE = readFileSync(path.join(__dirname, "../../docs/integrate-services.md"), "utf8");
const ROOT = path.join(__dirname, "../..");

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly silent: string;
}

/** The rows of the guide's table of metrics. */
const rows: Row[] = [...GUIDE.matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) +\|(.*?)\|.*\|(.*?)\|$/gm)].map(
  ([, name = "", type = "", labels = "", silent = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
    silent,
  }),
);

/** What Prometheus stores of a metric: names, with the names of their labels. */
function stored({ name, type, labels }: Row): [string, string][] {
  const written = (names: readonly string[]) => [...names].sort().join(" ");
  if (type !== "histogram") return [[name, written(labels)]];
  return [
    [`${name}_bucket`, written([...labels, "le"])],
    [`${name}_count`, written(labels)],
    [`${name}_sum`, written(labels)],
  ];
}

describe("the guide's table of metrics", () => {
  it("holds the metrics and labels that rules and panels may ask services for, and no others", () => {
    expect(Object.fromEntries(rows.flatMap(stored))).toEqual(metrics);
  });

  it("names only alerts that there are", () => {
    const runbooks = readFileSync(path.join(ROOT, "docs/runbooks/README.md"), "utf8");
    const named = rows.flatMap(({ silent }) => silent.match(/\b[A-Z][a-z]+[A-Z]\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((alert) => !runbooks.includes(`[${alert}](`))).toEqual([]);
  });

  it("gives the statuses of success that the rules take for it", () => {
    const rules = readFileSync(path.join(ROOT, "configs/prometheus/rules/recording.yaml"), "utf8");
    const given = new Set([...rules.matchAll(/status!~"([^"]+)"/g)].map(([, words]) => words));
    expect([...given]).toEqual(["success|succeeded|ok|completed|2.."]);
    expect(GUIDE).toContain("`success`, `succeeded`, `ok`, `completed` or a number from 200 to 299");
  });
});
