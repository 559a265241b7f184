import { setTimeout as sleep } from "node:timers/promises";

import { getJson } from "../../operations/http";
import type { Report } from "../../toolchain/cache";
import { historyPages } from "../history";
import { ordersWith, type Orders } from "../orders";
import type { Named, Scenario } from "../scenarios";
import { SimulatedPlatform, type Stage } from "../stage/simulated-platform";
import type { Target } from "../stage/target";
import { writeHistory } from "../stage/write-history";
import { AlertLog, concerns, isExpected } from "./alert-log";
import type { Notifications } from "./notifications";
import { Trial, type ScenarioResult } from "./trial";

/** What a soak is to do. */
export interface SoakPlan {
  readonly healthyMinutes: number;
  readonly scenarios: readonly Scenario[];
  /** Whether each scenario waits for the one before it; else they come together. */
  readonly oneByOne: boolean;
}

/** What came of it. */
export interface SoakResult {
  readonly healthyMinutes: number;
  /** Alerts that fired while all was well. */
  readonly healthyAlerts: readonly string[];
  /** Alerts of which a receiver was told while all was well, but the watchdog. */
  readonly healthyNotifications: readonly string[];
  readonly scenarios: readonly ScenarioResult[];
  /** Alerts that fired in the scenarios and belong to none of them. */
  readonly unexpected: readonly string[];
  /** Why not everything was seen. */
  readonly gaps: readonly string[];
  /** Milliseconds that one evaluation of all rules takes, by Prometheus's own figures: the mean and the highest. */
  readonly ruleMilliseconds: { readonly mean: number; readonly highest: number };
}

const SAMPLE_MS = 15_000;

/** All rules together are to take no longer, on average. */
export const RULE_LIMIT_MS = 100;

/** What is not as it should be, as sentences. */
export function problemsOf(result: SoakResult): string[] {
  const { healthyAlerts, healthyNotifications, scenarios, unexpected, gaps, ruleMilliseconds: rules } = result;
  return [
    ...healthyAlerts.map((alert) => `healthy: ${alert} fired`),
    ...healthyNotifications.map((alert) => `healthy: somebody was told of ${alert}`),
    ...scenarios.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)),
    ...unexpected.map((alert) => `${alert} fired and belongs to no scenario`),
    ...gaps,
    ...(rules.mean < RULE_LIMIT_MS ? [] : [`all rules together took ${rules.mean} ms on average`]),
  ];
}

/** Puts the past into a stack's Prometheus and starts the simulated platform beside it. */
export async function startPlatform(
  stage: Stage,
  target: Target,
  orders: Partial<Orders> = {},
): Promise<SimulatedPlatform> {
  const prometheus = target.outputs.programs.find(({ name }) => name === "prometheus");
  const pages = await historyPages(target.settings.services, stage.seed, Date.now());
  await writeHistory(stage.docker, prometheus?.handle ?? "", pages);
  return SimulatedPlatform.start(stage, ordersWith(orders));
}

/** The healthy platform for a while, then everything that can go wrong. */
export async function soak(
  stage: Stage,
  target: Target,
  notifications: Notifications,
  plan: SoakPlan,
  report: Report,
): Promise<SoakResult> {
  const prometheus = target.outputs.urls.prometheus as string;
  const early = plan.scenarios.filter(({ fromTheStart }) => fromTheStart);
  const began = Date.now();
  const platform = await startPlatform(stage, target, ordersWith(...early.map(({ orders }) => orders)));
  const durations = sampleRuleDurations(prometheus);
  let log: AlertLog | undefined;
  try {
    log = await AlertLog.begin(target.settings.name, prometheus);
    const settled = Date.now();
    report(`healthy for ${plan.healthyMinutes} minutes`);
    await sleep(plan.healthyMinutes * 60_000);
    const healthyAlerts = log.unexpected(alertsOf(early));
    const healthyNotifications = toldSince(notifications, settled, target.settings.name, alertsOf(early));
    const trial = new Trial(platform, log, notifications);
    const results = await playAll(trial, plan, began, report);
    const surprising = log.unexpected(alertsOf(plan.scenarios));
    return {
      healthyMinutes: plan.healthyMinutes,
      healthyAlerts,
      healthyNotifications,
      scenarios: results,
      unexpected: surprising.filter((alert) => !healthyAlerts.includes(alert)),
      gaps: log.gaps,
      ruleMilliseconds: durations.end(),
    };
  } finally {
    log?.end();
    durations.end();
    await platform.remove();
  }
}

async function playAll(trial: Trial, plan: SoakPlan, began: number, report: Report): Promise<ScenarioResult[]> {
  const play = async (scenario: Scenario) => {
    report(`${scenario.name}: ${scenario.about}`);
    const result = await trial.play(scenario, true, scenario.fromTheStart ? began : undefined);
    report(`${scenario.name}: ${result.problems.length > 0 ? result.problems.join("; ") : "as expected"}`);
    return result;
  };
  if (!plan.oneByOne) return Promise.all(plan.scenarios.map(play));
  const results: ScenarioResult[] = [];
  // What has begun with the stack goes on beside the others until its time has come.
  const early = plan.scenarios.filter(({ fromTheStart }) => fromTheStart).map(play);
  for (const scenario of plan.scenarios.filter(({ fromTheStart }) => !fromTheStart)) results.push(await play(scenario));
  return [...results, ...(await Promise.all(early))];
}

function alertsOf(scenarios: readonly Scenario[]): Named[] {
  return scenarios.flatMap(({ fires, mayFire }) => [...fires, ...mayFire]);
}

/** Alerts of which a receiver was told that they fire, but the watchdog and those that may. */
export function toldSince(
  { received }: Notifications,
  since: number,
  stack: string,
  allowed: readonly Named[],
): string[] {
  const told = received
    .filter(({ at }) => at > since)
    .flatMap(({ receiver, alerts }) => alerts.map((alert) => ({ receiver, ...alert })))
    .filter(({ labels, status }) => status === "firing" && labels.alertname !== "Watchdog" && concerns(stack, labels))
    .filter(({ labels }) => !allowed.some((named) => isExpected(named, labels)))
    .map(({ receiver, labels }) => `${labels.alertname ?? ""} by ${receiver}`);
  return [...new Set(told)];
}

/** Looks every now and then how long Prometheus took for its rules. */
function sampleRuleDurations(prometheus: string): { end(): SoakResult["ruleMilliseconds"] } {
  const samples: number[] = [];
  const timer = setInterval(() => {
    void ruleSeconds(prometheus).then(
      (seconds) => samples.push(1_000 * seconds),
      () => {},
    );
  }, SAMPLE_MS);
  return {
    end: () => {
      clearInterval(timer);
      const mean = samples.reduce((sum, sample) => sum + sample, 0) / Math.max(1, samples.length);
      return { mean: Math.round(mean), highest: Math.round(Math.max(0, ...samples)) };
    },
  };
}

/** Seconds that the last evaluation of all rule groups together took. */
export async function ruleSeconds(prometheus: string): Promise<number> {
  type Answer = { data: { result: { value: [number, string] }[] } };
  const query = encodeURIComponent("sum(prometheus_rule_group_last_duration_seconds)");
  const { data } = await getJson<Answer>(`${prometheus}/api/v1/query?query=${query}`);
  return Number(data.result[0]?.value[1]);
}
