import { setTimeout as sleep } from "node:timers/promises";

import type { Expected } from "../scenarios";

type Labels = Readonly<Record<string, string>>;

/** An alert that Prometheus had firing. */
export interface FiredAlert {
  readonly labels: Labels;
  /** Milliseconds since 1970 at which it was first seen to fire. */
  readonly since: number;
}

const POLL_MS = 2_000;

/** Whether an alert is the one that is expected. */
export function isExpected({ alert, labels = {} }: Expected, candidate: Labels): boolean {
  return (
    candidate.alertname === alert &&
    Object.entries(labels).every(([name, value]) => new RegExp(`^(${value})$`).test(candidate[name] ?? ""))
  );
}

/** Whether an alert is about a stack or the machine as a whole: cAdvisor also tells of containers of other stacks. */
export function concerns(stack: string, { name }: Labels): boolean {
  return name === undefined || name.startsWith(`${stack}-`);
}

/** Everything that Prometheus has had firing since the log began. */
export class AlertLog {
  readonly #fired = new Map<string, FiredAlert>();
  #open = true;

  private constructor(
    private readonly stack: string,
    private readonly prometheus: string,
  ) {}

  /**
   * @param stack name of the stack.
   * @param prometheus where its Prometheus answers.
   */
  static begin(stack: string, prometheus: string): AlertLog {
    const log = new AlertLog(stack, prometheus);
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

  /** Names of alerts that fired and are not among those that may, with what they were about. */
  unexpected(allowed: ReadonlySet<string>): string[] {
    const surprising = this.fired.filter(({ labels }) => !allowed.has(labels.alertname ?? ""));
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
    type Answer = { data: { alerts: { state: string; labels: Labels }[] } };
    const response = await fetch(`${this.prometheus}/api/v1/alerts`, { signal: AbortSignal.timeout(10_000) });
    const { data } = (await response.json()) as Answer;
    for (const { state, labels } of data.alerts) {
      if (state !== "firing" || labels.alertname === "Watchdog" || !concerns(this.stack, labels)) continue;
      const key = JSON.stringify(Object.entries(labels).sort());
      if (!this.#fired.has(key)) this.#fired.set(key, { labels, since: Date.now() });
    }
  }
}
