import { setTimeout as sleep } from "node:timers/promises";

import { failed, ok, warning, type Check } from "../checks";
import { targetsOf, type Target } from "../health";
import { getJson } from "../http";
import { programNamed, type Session } from "../session";

/** Within one scrape interval Prometheus tries what it has not tried yet, and again what had just begun. */
export const NEXT_SCRAPE_MS = 16_000;
const POLL_MS = 500;

/** Whether Prometheus reaches what it scrapes. A monitored service that is down is no fault of the monitoring. */
export async function targets({ client, outputs }: Session): Promise<Check[]> {
  const url = await client.reach(programNamed(outputs, "prometheus"));
  const names = new Set(outputs.programs.map(({ name }) => name));
  const isOwn = ({ labels }: Target) => names.has(labels.job ?? "");
  const end = Date.now() + NEXT_SCRAPE_MS;
  let all = await targetsOf(url);
  while (all.filter(isOwn).some(({ health }) => health !== "up") && Date.now() < end) {
    await sleep(POLL_MS);
    all = await targetsOf(url);
  }
  return targetChecks(
    all.filter(isOwn),
    all.filter((target) => !isOwn(target)),
  );
}

/** @param own targets that are programs of the stack. */
export function targetChecks(own: readonly Target[], services: readonly Target[]): Check[] {
  const down = own.filter(({ health }) => health !== "up");
  const silent = services.filter(({ health }) => health !== "up");
  const named = silent.map(({ labels }) => labels.service ?? labels.instance ?? "").join(", ");
  return [
    ...down.map(({ labels, scrapeUrl, lastError }) =>
      failed(
        "target",
        labels.job ?? scrapeUrl,
        `Prometheus does not reach ${scrapeUrl}: ${lastError || "not tried yet"}`,
      ),
    ),
    ...(down.length === 0 ? [ok("target", "prometheus", `${own.length} programs are scraped`)] : []),
    ...(silent.length === 0
      ? [ok("target", "services", `${services.length} services are scraped`)]
      : [warning("target", "services", `${silent.length} of ${services.length} services are not reached: ${named}`)]),
  ];
}

/** A rule, with the alerts that it has raised, as Prometheus's API lists them. */
export interface Rule {
  readonly name: string;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly alerts?: readonly {
    readonly state: "pending" | "firing";
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** The alert that always fires. */
export const WATCHDOG = "Watchdog";

/** Rules are evaluated this often at least, so what is over by now is so for them by then. */
const NEXT_EVALUATION_MS = 16_000;

/** Whether rules can be evaluated, and what they say of the monitoring itself: at once, without waiting for how long. */
export async function rules({ client, outputs }: Session): Promise<Check[]> {
  type Answer = { readonly data: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } };
  const url = await client.reach(programNamed(outputs, "prometheus"));
  const end = Date.now() + NEXT_EVALUATION_MS;
  for (;;) {
    const { data } = await getJson<Answer>(`${url}/api/v1/rules`);
    const all = data.groups.flatMap((group) => group.rules);
    const undecided = ownAlerts(all).some(({ state }) => state === "pending");
    if (!undecided || Date.now() > end) return ruleChecks(all);
    await sleep(POLL_MS);
  }
}

function raisedBy(all: readonly Rule[]) {
  return all
    .filter(({ name }) => name !== WATCHDOG)
    .flatMap(({ name, alerts = [] }) => alerts.map((alert) => ({ name, ...alert })));
}

/** Alerts about the monitoring itself. */
function ownAlerts(all: readonly Rule[]) {
  return raisedBy(all).filter(({ labels }) => labels.category === "stack");
}

export function ruleChecks(all: readonly Rule[]): Check[] {
  const broken = all.filter(({ health }) => health === "err");
  const own = ownAlerts(all);
  const others = raisedBy(all).filter(({ labels, state }) => labels.category !== "stack" && state === "firing");
  const firing = [...new Set(others.map(({ name }) => name))].join(", ");
  return [
    ...(broken.length === 0
      ? [ok("rules", "prometheus", `${all.length} rules are evaluated`)]
      : broken.map(({ name, lastError }) =>
          failed("rules", name, `can not be evaluated: ${lastError ?? "no reason"}`),
        )),
    ...(own.length === 0
      ? [ok("own alerts", "stack", "no rule about the monitoring itself has anything to say")]
      : own.map(({ name, annotations }) =>
          failed(
            "own alerts",
            name,
            [annotations.summary, annotations.description].filter(Boolean).join(": "),
            annotations.runbook_url && `see docs/runbooks/${annotations.runbook_url.split("/").at(-1) as string}`,
          ),
        )),
    ...(others.length > 0 ? [warning("alerts", "services", `${others.length} fire: ${firing}`)] : []),
  ];
}
