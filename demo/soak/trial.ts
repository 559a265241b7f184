import { setTimeout as sleep } from "node:timers/promises";

import { ordersWith } from "../orders";
import type { Expected, Scenario } from "../scenarios";
import type { SimulatedPlatform } from "../stage/simulated-platform";
import { isExpected, type AlertLog } from "./alert-log";
import type { Notifications } from "./notifications";

/** What became of one alert that a scenario must raise. Times are seconds; none when it did not happen in time. */
export interface AlertResult extends Expected {
  /** From the scenario's start until it fired in Prometheus. */
  readonly firedAfter?: number;
  /** From the scenario's start until its receiver heard of it. */
  readonly heardAfter?: number;
  /** From the scenario's end until its receiver heard that it is over; left out when nobody waited for it. */
  readonly resolvedAfter?: number;
  /** Receivers of the notifications that said that it fires, in their order. Right is one of the right name. */
  readonly heardBy: readonly string[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly alerts: readonly AlertResult[];
  /** What is not as it should be, as sentences. */
  readonly problems: readonly string[];
}

const POLL_MS = 500;

/** Plays scenarios on a simulated platform and watches what the stack makes of them. Several may be on at once. */
export class Trial {
  readonly #active = new Set<Scenario>();
  #change: Promise<void> = Promise.resolve();

  constructor(
    private readonly platform: SimulatedPlatform,
    private readonly log: AlertLog,
    private readonly notifications: Notifications,
  ) {}

  /**
   * One scenario from its start until its alerts are resolved.
   *
   * @param waitForEnd whether to wait until all is resolved.
   * @param began when it began, if that was before; milliseconds since 1970.
   */
  async play(scenario: Scenario, waitForEnd: boolean, began = Date.now()): Promise<ScenarioResult> {
    this.#active.add(scenario);
    await this.#apply();
    for (const service of scenario.stops) await this.platform.stopService(service);
    const heard = () => scenario.fires.every((expected) => this.#firing(expected, began).length > 0);
    await until(heard, began + scenario.detectMinutes * 60_000);

    this.#active.delete(scenario);
    await this.#apply();
    for (const service of scenario.stops) await this.platform.startService(service);
    const ended = Date.now();
    const over = () => scenario.fires.every((expected) => this.#resolvedAt(expected, ended) !== undefined);
    if (waitForEnd) await until(over, ended + scenario.resolveMinutes * 60_000);
    const alerts = scenario.fires.map((expected) => this.#resultOf(expected, began, ended));
    return {
      name: scenario.name,
      alerts,
      problems: alerts.flatMap((alert) => problemsOf(alert, scenario, waitForEnd)),
    };
  }

  /** Tells the services what holds with the scenarios that are on now. One after the other: the last one counts. */
  #apply(): Promise<void> {
    const next = async () => {
      const orders = [...this.#active].map((scenario) => scenario.orders);
      await this.platform.order(ordersWith(...orders));
    };
    this.#change = this.#change.then(next);
    return this.#change;
  }

  #firing(expected: Expected, began: number) {
    return this.#told(expected, "firing").filter(({ at }) => at >= began);
  }

  #resolvedAt(expected: Expected, ended: number): number | undefined {
    return this.#told(expected, "resolved").find(({ at }) => at >= ended)?.at;
  }

  #told(expected: Expected, status: "firing" | "resolved") {
    return this.notifications.received.filter(({ alerts }) =>
      alerts.some((alert) => alert.status === status && isExpected(expected, alert.labels)),
    );
  }

  #resultOf(expected: Expected, began: number, ended: number): AlertResult {
    const fired = this.log.fired.find(({ labels, since }) => since >= began && isExpected(expected, labels));
    const heard = this.#firing(expected, began);
    const resolved = this.#resolvedAt(expected, ended);
    const seconds = (at: number | undefined, from: number) => at && Math.round((at - from) / 1_000);
    return {
      ...expected,
      firedAfter: seconds(fired?.since, began),
      heardAfter: seconds(heard[0]?.at, began),
      resolvedAfter: seconds(resolved, ended),
      heardBy: heard.map(({ receiver }) => receiver),
    };
  }
}

function problemsOf(result: AlertResult, scenario: Scenario, waitedForEnd: boolean): string[] {
  const { alert, receiver, heardBy, resolvedAfter, firedAfter } = result;
  if (firedAfter === undefined) return [`${alert} did not fire within ${scenario.detectMinutes} minutes`];
  if (heardBy.length === 0) return [`${alert} fired, and no receiver heard of it`];
  const once = heardBy.length === 1 && heardBy[0] === receiver;
  return [
    ...(once ? [] : [`${alert} was to reach ${receiver} once and reached ${heardBy.join(", ")}`]),
    ...(waitedForEnd && resolvedAfter === undefined
      ? [`${alert} was not resolved within ${scenario.resolveMinutes} minutes`]
      : []),
  ];
}

async function until(condition: () => boolean, deadline: number): Promise<void> {
  while (!condition() && Date.now() < deadline) await sleep(POLL_MS);
}
