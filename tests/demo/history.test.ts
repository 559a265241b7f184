import { beforeAll, describe, expect, it } from "vitest";

import { DEFAULT_SERVICES } from "../../components/settings/defaults";
import { historyPages } from "../../demo/history";

const NOW = Date.parse("2026-03-04T10:17:00Z");
const HOUR = 3_600;

const parse = (page: string) =>
  page
    .split("\n")
    .filter((line) => line !== "" && line !== "# EOF")
    .map((line) => {
      const [, series, value, time] = /^([a-z_0-9:]+(?:\{[^{}]*\})?) ([-+.e0-9]+) (\d+(?:\.\d+)?)$/i.exec(line) ?? [];
      if (series === undefined) throw new Error(`not a sample: ${line}`);
      return { series, value: Number(value), time: Number(time) };
    });

// Hundreds of thousands of samples.
const TIMEOUT_MS = 60_000;

describe("the history", () => {
  let pages: string[];

  beforeAll(async () => {
    pages = await historyPages(DEFAULT_SERVICES, "s", NOW);
  }, TIMEOUT_MS);

  it(
    "is the same for the same seed and time",
    async () => {
      const again = await historyPages(DEFAULT_SERVICES, "s", NOW);
      expect(again.map((page, index) => page === pages[index])).toEqual([true, true]);
    },
    TIMEOUT_MS,
  );

  it("reaches back over a week and leaves Prometheus its newest hours", () => {
    for (const page of pages) expect(page.endsWith("# EOF\n")).toBe(true);
    const times = pages.flatMap(parse).map(({ time }) => time);
    const first = times.reduce((one, other) => Math.min(one, other));
    const last = times.reduce((one, other) => Math.max(one, other));
    expect(first).toBeLessThan(NOW / 1_000 - 8 * 24 * HOUR);
    expect(last).toBeLessThan(NOW / 1_000 - 3 * HOUR);
    expect(last).toBeGreaterThan(NOW / 1_000 - 6 * HOUR);
  });

  it("has the services as they are scraped, and counters that never fall", () => {
    const [, counters = ""] = pages;
    const cost = parse(counters).filter(({ series }) => series.startsWith("ai_api_cost_total"));
    expect(cost[0]?.series).toMatch(/model=".+",service="api-gateway",instance="llm-orchestrator:8003",job="services"/);
    const latest = new Map<string, number>();
    for (const { series, value } of cost) {
      expect(value).toBeGreaterThanOrEqual(latest.get(series) ?? 0);
      latest.set(series, value);
    }
    expect(latest.size).toBe(6);
  });
});
