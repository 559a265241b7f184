import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { checkQuery } from "../../components/consistency/query";
import { Sources } from "../../components/consistency/sources";
import { BYTES_PER_SPAN, estimates, SPANS_PER_SERVICE_AND_DAY } from "../../components/settings/capacity";
import { schema } from "../../components/settings/schema";
import { stackOf } from "../consistency/stack";
import { settingsFor, type Written } from "../support/settings";

const text = readFileSync(path.join(__dirname, "../../docs/scaling.md"), "utf8");
const queries = [...text.matchAll(/^```promql\n([\s\S]*?)\n```$/gm)].map(([, query = ""]) => query);

const GIB = 2 ** 30;
const DAY = 86_400;

function estimated(count: number, written: Written, program: string): number {
  const services = Array.from({ length: count }, (_, index) => ({ name: `s-${index}`, address: `s-${index}:80` }));
  return estimates(settingsFor({ services, ...written })).find((estimate) => estimate.program === program)?.bytes ?? 0;
}

describe("docs/scaling.md", () => {
  const { jobs, programs } = stackOf({ logging: "both" });
  const sources = new Sources(jobs, programs);

  it.each(queries)("measures with what the stack exports: %s", (query) => {
    expect(checkQuery(query, sources).findings).toEqual([]);
  });

  it("has queries, one of which would be found wrong", () => {
    expect(queries.length).toBeGreaterThan(7);
    const wrong = queries[0]?.replace("by (service)", "by (nobody)").replace("scrape_samples", "scraped_samples");
    expect(checkQuery(wrong as string, sources).findings).not.toEqual([]);
  });

  it.each([8, 80, 800])("has the arithmetic of the warnings for %i services", (count) => {
    const [, row = ""] = new RegExp(`^\\| ${count} +\\|(.*)\\|$`, "m").exec(text) ?? [];
    const cells = row.split("|").map((cell) => cell.trim());
    const elk = { logging: "elk", platform: "kubernetes", replicas: { elasticsearch: 3 } };
    const samples = estimated(count, {}, "prometheus") / 2 / (15 * DAY);
    const logs = estimated(count, { lokiRetention: "5d" }, "loki") / GIB;
    const spans = count * SPANS_PER_SERVICE_AND_DAY;
    const expected = [
      [samples / 1_000, "k"],
      [estimated(count, {}, "prometheus") / GIB, "GiB"],
      [logs, "GiB"],
      [estimated(count, {}, "loki") / GIB, "GiB"],
      [(estimated(count, elk, "elasticsearch") * 3) / GIB, "GiB"],
      [spans / 1_000_000, "M"],
      [(spans * 2 * BYTES_PER_SPAN) / GIB, "GiB"],
    ] as const;
    const written = cells.map((cell) => {
      const [figure, unit] = cell.split(" ");
      return unit === "TiB" ? [Number(figure) * 1024, "GiB"] : [Number(figure), unit];
    });
    expect(written.map(([, unit]) => unit)).toEqual(expected.map(([, unit]) => unit));
    written.forEach(([figure], column) => {
      const [value] = expected[column] as readonly [number, string];
      // Two figures are written.
      expect(Math.abs((figure as number) / value - 1), `column ${column}: ${figure}, not ${value}`).toBeLessThan(0.03);
    });
  });

  it("leads to settings that exist", () => {
    const [, table = ""] = text.split("## Which setting carries how far");
    const keys = [...(table.split("\n## ")[0] ?? "").matchAll(/`([a-z][A-Za-z]+)(?:(?:\.|: )[^`]*)?`/g)].map(
      ([, key]) => key,
    );
    expect(keys.length).toBeGreaterThan(15);
    for (const key of keys) expect(Object.keys(schema)).toContain(key);
  });
});
