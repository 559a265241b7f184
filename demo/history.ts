import { Registry } from "prom-client";

import type { Service } from "../components/settings/settings";
import { Random } from "./program/random";
import { AiUsage, MODELS } from "./program/roles/llm-orchestrator";
import { USERS } from "./program/roles/platform-services";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How far back the history goes: past the week that panels and alerts look back. */
const LENGTH = 8 * DAY + 2 * HOUR;
/** How far back the counters of AI requests go: far enough for a day's increase at the last midnight. */
const COUNTERS = 2 * DAY + 2 * HOUR;
/** Less than the five minutes that Prometheus looks back for a sample. */
const STEP = 4 * MINUTE;
/** Enough samples in five minutes for a rate. */
const COUNTER_STEP = 2 * MINUTE;
/** Prometheus wants its newest hours to itself: blocks end where two hours do, and not in the last three. */
const BLOCK = 2 * HOUR;
const OWN = 3 * HOUR;

/** AI requests a second at rate 1. */
const AI_REQUESTS = 0.24;

/** What the healthy platform would have had recorded at rate 1, on average. */
const RECORDED = {
  "platform:active_users:sum": USERS,
  "platform:user_sessions:increase1h": 2_050,
  "platform:workflow_executions:increase1h": 1_950,
  "platform:ai_api_cost_dollars:increase1h": 0.48,
  "platform:ai_api_cost_dollars:increase1d": 11.5,
  "platform:ai_daily_budget:dollars": 100,
} as const;

/** How much busier or quieter a time is than the same time of day as now: nights are quiet. */
function busyness(time: number, now: number): number {
  return 1 + 0.35 * Math.sin((2 * Math.PI * (time - now)) / DAY);
}

/**
 * The platform's last eight days as pages of OpenMetrics: what the recording rules would have recorded and which
 * services were scraped, and two days of AI requests. Without it, nothing that compares with yesterday or last week has
 * anything to say on a new stack.
 *
 * @param now milliseconds since 1970.
 */
export async function historyPages(services: readonly Service[], seed: string, now: number): Promise<string[]> {
  const recorded = Object.entries(RECORDED).flatMap(([name, level]) =>
    // What sums up a whole day hardly moves within one, and a budget not at all.
    times(now, LENGTH, STEP).map((time) =>
      sample(name, level * (/(increase1d|budget:dollars)$/.test(name) ? 1 : busyness(time, now)), time),
    ),
  );
  const up = services.flatMap(({ name, address, owner }) => {
    const labels = `instance="${address}",job="services",owner="${owner}",service="${name}"`;
    return times(now, LENGTH, STEP).map((time) => sample(`up{${labels}}`, 1, time));
  });
  const orchestrator = services.find(({ name }) => name === "llm-orchestrator");
  const ai = orchestrator ? await aiCounters(orchestrator, new Random(`${seed}:history`), now) : [];
  return [[...recorded, ...up], ai].map((lines) => [...lines, "# EOF", ""].join("\n"));
}

/** The counters as the LLM Orchestrator would have shown them, and the rates that are recorded of them. */
async function aiCounters(service: Service, random: Random, now: number): Promise<string[]> {
  const registry = new Registry();
  const usage = new AiUsage(registry, random);
  const lines: string[] = [];
  let before = new Map<string, number>();
  for (const time of times(now, COUNTERS, COUNTER_STEP)) {
    const count = Math.round(AI_REQUESTS * (COUNTER_STEP / 1_000) * busyness(time, now));
    for (let request = 0; request < count; request += 1) {
      const model = usage.model();
      usage.count(model, random.around(MODELS[model].seconds), 1);
    }
    const counters = samplesOf(await registry.metrics());
    for (const [series, value] of counters) lines.push(sample(scraped(series, service), value, time));
    if (before.size > 0) lines.push(...rates(counters, before).map(([series, value]) => sample(series, value, time)));
    before = counters;
  }
  return lines;
}

function rates(counters: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): [string, number][] {
  const rate = (series: string) => ((counters.get(series) ?? 0) - (before.get(series) ?? 0)) / (COUNTER_STEP / 1_000);
  const buckets = [...counters.keys()].flatMap((series): [string, number][] => {
    const [, le, model] = /^ai_request_duration_seconds_bucket\{le="(.+)",model="(.+)"\}$/.exec(series) ?? [];
    return le && model
      ? [[`model_le:ai_request_duration_seconds_bucket:rate5m{le="${le}",model="${model}"}`, rate(series)]]
      : [];
  });
  const models = Object.keys(MODELS).flatMap((model): [string, number][] => {
    const failed = rate(`ai_requests_total{model="${model}",status="error"}`);
    const all = failed + rate(`ai_requests_total{model="${model}",status="success"}`);
    const labels = `{model="${model}"}`;
    return [
      [`model:ai_requests:rate5m${labels}`, all],
      [`model:ai_request_errors:ratio_rate5m${labels}`, all > 0 ? failed / all : 0],
    ];
  });
  return [...buckets, ...models];
}

/** Series and values of a page of metrics. */
function samplesOf(page: string): Map<string, number> {
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

/** A series with the labels of the target that it was scraped from; its own come first. */
function scraped(series: string, { name, address, owner }: Service): string {
  const target = [`instance="${address}"`, 'job="services"', `owner="${owner}"`];
  if (!series.includes('service="')) target.push(`service="${name}"`);
  return series.replace(/\}$/, `,${target.join(",")}}`);
}

function times(now: number, length: number, step: number): number[] {
  const end = Math.floor((now - OWN) / BLOCK) * BLOCK;
  const first = Math.ceil((now - length) / step) * step;
  return Array.from({ length: Math.ceil((end - first) / step) }, (_, index) => first + index * step);
}

function sample(series: string, value: number, time: number): string {
  return `${series} ${Number(value.toPrecision(8))} ${time / 1_000}`;
}
