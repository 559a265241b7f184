import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { ROLES } from "../../demo/program/roles";
import { serve } from "../../demo/program/server";
import { DEFAULT_SERVICES } from "../../components/settings/defaults";
import { toolsOf } from "./support";

const CONFIGS = path.join(__dirname, "../../configs");
/** Labels that a scrape adds, or that a histogram's buckets have. */
const GIVEN = new Set(["job", "service", "owner", "instance", "le"]);

/** Every selector of a services' own metric in the rules and dashboards: its name and the labels that it asks for. */
function selectors(): { metric: string; labels: string[] }[] {
  const folders = ["prometheus/rules", "grafana/dashboards"].map((folder) => path.join(CONFIGS, folder));
  const text = folders
    .flatMap((folder) => readdirSync(folder).map((file) => readFileSync(path.join(folder, file), "utf8")))
    .join("\n")
    .replace(/^\s*#.*$/gm, "")
    .replaceAll('\\"', '"');
  const found = [...text.matchAll(/\b([a-z_]+)\{([^{}]*job="services"[^{}]*)\}/g)];
  return found
    .map(([, metric = "", matchers = ""]) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)\s*[=!]~?\s*"/g)].map(([, label = ""]) => label),
    }))
    .filter(({ metric }) => metric !== "up");
}

/** The pages of all services as one text, before anybody has called them. */
async function pages(): Promise<string> {
  const texts = Object.entries(ROLES).map(async ([role, routes]) => {
    const tools = toolsOf(role);
    const server = serve(tools, routes(tools));
    server.close();
    return tools.registry.metrics();
  });
  return (await Promise.all(texts)).join("\n");
}

describe("the simulated services", () => {
  it("are the eight that the stack monitors by default", () => {
    expect(Object.keys(ROLES).sort()).toEqual(DEFAULT_SERVICES.map(({ name }) => name).sort());
  });

  it("have every metric, with its labels, that rules and dashboards read from services", async () => {
    const text = await pages();
    const used = selectors();
    expect(used.length).toBeGreaterThan(50);
    for (const { metric, labels } of used) {
      const base = metric.replace(/_(bucket|sum|count)$/, "");
      expect(text).toMatch(new RegExp(`^# TYPE ${base} `, "m"));
      const sample = new RegExp(`^${metric}(\\{.*\\})? `, "m").exec(text)?.[1];
      // A histogram without observations has no series yet.
      if (sample === undefined) continue;
      const own = labels.filter((label) => !GIVEN.has(label));
      expect(
        own.filter((label) => !sample.includes(`${label}="`)),
        metric,
      ).toEqual([]);
    }
  });
});
