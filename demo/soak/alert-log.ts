import { setTimeout as sleep } from "node:timers/promises";

import { getJson } from "../../operations/http";
import type { Named } from "../scenarios";

type Labels = Readonly<Record<string, string>>;

/** An alert that Prometheus had firing. */
export interface FiredAlert {
  readonly labels: Labels;
  /** Milliseconds since 1970 at which it was first seen to fire. */
  readonly since: number;
}

interface SeenAlert {
  readonly state: string;
  readonly labels: Labels;
}

const POLL_MS = 2_000;

/** An alert that comes and goes between two looks this far apart is one that nobody would have been told of. */
const LONGEST_GAP_MS = 60_000;

/** Time for alerts of the stack's first minutes to go. */
const SETTLE_MS = 5 * 60_000;

/** Has a sample once Prometheus has seen all services, the database and the cache up. Before, nothing is about to fire. */
const ALL_UP = 'min(up{job="services"}) == 1 and on () min(pg_up) == 1 and on () min(redis_up) == 1';

/** Whether an alert is the one that is expected. */
export function isExpected({ alert, labels = {} }: Named, candidate: Labels): boolean {
  return (
    candidate.alertname === alert &&
    Object.entries(labels).every(([name, value]) => new RegExp(`^(${value})$`).test(candidate[name] ?? ""))
  );
}

/** Whether an alert is about a stack or the machine as a whole: cAdvisor also tells of containers of other stacks. */
export function concerns(stack: string, { name }: Labels): boolean {
  return name === undefined || name.startsWith(`${stack}-`);
}

const isWatchdog = ({ alertname }: Labels) => alertname === "Watchdog";

/** Everything that Prometheus has had firing since the log began. */
export class AlertLog {
  readonly #fired = new Map<string, FiredAlert>();
  #open = true;
  #lastLook = Date.now();
  #longestGap = 0;
  #watched = true;

  private constructor(
    private readonly stack: string,
    private readonly prometheus: string,
  ) {}

  /**
   * Waits until everything is up, nothing fires and nothing critical is about to, and begins. Before the services were
   * there, it was right that alerts fired.
   *
   * @param stack name of the stack.
   * @param prometheus where its Prometheus answers.
   * @throws Error when that takes more than minutes.
   */
  static async begin(stack: string, prometheus: string): Promise<AlertLog> {
    const log = new AlertLog(stack, prometheus);
    const end = Date.now() + SETTLE_MS;
    const restless = async () =>
      log.#own(await log.#all()).filter(({ state, labels }) => state === "firing" || labels.severity === "critical");
    while (!(await log.#allUp())) {
      if (Date.now() > end) throw new Error(`Prometheus does not find everything up: ${ALL_UP}`);
      await sleep(POLL_MS);
    }
    for (let alerts = await restless(); alerts.length > 0; alerts = await restless()) {
      const names = alerts.map(({ labels }) => labels.alertname).join(", ");
      if (Date.now() > end) throw new Error(`these alerts do not go though all is well: ${names}`);
      await sleep(POLL_MS);
    }
    log.#lastLook = Date.now();
    void log.#keep();
    return log;
  }

  end(): void {
    this.#open = false;
  }

  /** Alerts that fired, without the watchdog. */
  get fired(): readonly FiredAlert[] {
    return [...this.#fired.values()];
  }

  /** Why the log does not tell everything, as sentences. */
  get gaps(): readonly string[] {
    const gap = Math.max(this.#longestGap, Date.now() - this.#lastLook);
    return [
      ...(gap > LONGEST_GAP_MS ? [`Prometheus did not answer for ${Math.round(gap / 1_000)} s`] : []),
      ...(this.#watched ? [] : ["the watchdog did not always fire"]),
    ];
  }

  /** Names of alerts that fired and are not among those that may, with what they were about. */
  unexpected(allowed: readonly Named[]): string[] {
    const surprising = this.fired.filter(({ labels }) => !allowed.some((named) => isExpected(named, labels)));
    return surprising.map(({ labels }) => {
      const about = ["service", "name", "job", "model", "type", "saga"].flatMap((label) => labels[label] ?? []);
      return `${labels.alertname ?? ""}${about.length > 0 ? ` (${about.join(", ")})` : ""}`;
    });
  }

  async #keep(): Promise<void> {
    while (this.#open) {
      // Prometheus may be busy for a moment; what fires is still there at the next look.
      await this.#look().catch(() => {});
      await sleep(POLL_MS);
    }
  }

  async #look(): Promise<void> {
    const alerts = await this.#all();
    this.#longestGap = Math.max(this.#longestGap, Date.now() - this.#lastLook);
    this.#lastLook = Date.now();
    this.#watched &&= alerts.some(({ state, labels }) => isWatchdog(labels) && state === "firing");
    for (const { state, labels } of this.#own(alerts)) {
      const key = JSON.stringify(Object.entries(labels).sort());
      if (state === "firing" && !this.#fired.has(key)) this.#fired.set(key, { labels, since: Date.now() });
    }
  }

  async #allUp(): Promise<boolean> {
    type Answer = { data: { result: unknown[] } };
    const url = `${this.prometheus}/api/v1/query?query=${encodeURIComponent(ALL_UP)}`;
    return (await getJson<Answer>(url)).data.result.length > 0;
  }

  /** Alerts that fire or are about to. */
  async #all(): Promise<readonly SeenAlert[]> {
    type Answer = { data: { alerts: SeenAlert[] } };
    return (await getJson<Answer>(`${this.prometheus}/api/v1/alerts`)).data.alerts;
  }

  /** Those about this stack, without the watchdog. */
  #own(alerts: readonly SeenAlert[]): SeenAlert[] {
    return alerts.filter(({ labels }) => !isWatchdog(labels) && concerns(this.stack, labels));
  }
}
