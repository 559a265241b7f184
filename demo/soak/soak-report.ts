import { problemsOf, RULE_LIMIT_MS, type SoakResult } from "./soak";
import type { AlertResult } from "./trial";

/** When and where a soak ran. */
export interface Circumstances {
  /** The day, as YYYY-MM-DD. */
  readonly day: string;
  readonly oneByOne: boolean;
  readonly cores: number;
}

/** The last result as a page for docs/. */
export function soakReport(result: SoakResult, { day, oneByOne, cores }: Circumstances): string {
  const { healthyMinutes, healthyAlerts, scenarios, ruleMilliseconds: rules } = result;
  const rows = scenarios.flatMap(({ name, alerts }) => alerts.map((alert) => row(name, alert)));
  const problems = problemsOf(result);
  return [
    "# Soak",
    "",
    "What `npm run soak` found when it last ran; it writes this page. It brings up a stack of its own, runs the simulated",
    "platform ([demo.md](demo.md)) beside it, and watches Prometheus and a webhook that Alertmanager tells everything.",
    "",
    `Last run: ${day}, on a machine with ${cores} cores, scenarios ${oneByOne ? "one after the other" : "together"}. ` +
      `Result: ${problems.length === 0 ? "all as expected" : "not all as expected"}.`,
    "",
    `- Healthy for ${healthyMinutes} minutes: ${healthyAlerts.length === 0 ? "nothing but Watchdog fired." : "alerts fired, see below."}`,
    `- All rules together evaluate in ${rules.mean} ms on average, ${rules.highest} ms at most (limit of the average: ${RULE_LIMIT_MS} ms).`,
    "",
    "Times from the scenario's start, the last column from its end. An alert's own `for` and the windows of its rule are",
    "most of them; the receiver hears of it after Alertmanager's `group_wait`, and of the end at its next `group_interval`.",
    "",
    "| scenario | alert | fires after | reaches | after | resolved after |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    ...(problems.length > 0 ? ["## Not as expected", "", ...problems.map((problem) => `- ${problem}`), ""] : []),
  ].join("\n");
}

function row(scenario: string, { alert, firedAfter, heardBy, heardAfter, resolvedAfter }: AlertResult): string {
  const receivers = heardBy.length > 0 ? heardBy.join(", ") : "nobody";
  return `| ${[scenario, alert, time(firedAfter), receivers, time(heardAfter), time(resolvedAfter)].join(" | ")} |`;
}

function time(seconds: number | undefined): string {
  if (seconds === undefined) return "not";
  return seconds < 90 ? `${seconds} s` : `${(seconds / 60).toFixed(1)} min`;
}
