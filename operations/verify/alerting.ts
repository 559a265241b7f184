import { setTimeout as sleep } from "node:timers/promises";

import { failed, ok, type Check } from "../checks";
import { getJson, postJson } from "../http";
import { programNamed, type Session } from "../session";
import { WATCHDOG } from "./metrics";

const WAIT_MS = 8_000;
/** Prometheus sends its first alert once its rules were evaluated, which they are every 15 seconds. */
const FIRST_EVALUATION_MS = 17_000;
/** One that came before Alertmanager was up is lost, and the next comes a minute later. */
const SECOND_ALERT_MS = 80_000;
const POLL_MS = 250;

/** Prometheus repeats an alert every minute; this much later it has failed to. */
const STALE_MS = 150_000;

/** An alert, as Alertmanager's API lists it. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly updatedAt: string;
  readonly receivers: readonly { readonly name: string }[];
}

function alertsNamed(url: string, name: string, more = ""): Promise<readonly Alert[]> {
  const filter = encodeURIComponent(`alertname="${name}"`);
  return getJson<readonly Alert[]>(`${url}/api/v2/alerts?filter=${filter}${more}`);
}

/** Whether what Prometheus's rules raise comes to Alertmanager: the watchdog always fires, so it must be there. */
export async function alertDelivery({ client, outputs }: Session): Promise<Check[]> {
  const [prometheus, alertmanager] = await Promise.all(
    ["prometheus", "alertmanager"].map((name) => client.reach(programNamed(outputs, name))),
  );
  type Answer = { readonly data: { readonly activeAlertmanagers: readonly { readonly url: string }[] } };
  const { data } = await getJson<Answer>(`${prometheus as string}/api/v1/alertmanagers`);
  const addresses = data.activeAlertmanagers.map(({ url }) => new URL(url).host);
  type Runtime = { readonly data: { readonly startTime: string } };
  const runtime = await getJson<Runtime>(`${prometheus as string}/api/v1/status/runtimeinfo`);
  const started = Date.parse(runtime.data.startTime);
  const end = Math.max(Date.now() + FIRST_EVALUATION_MS, started + SECOND_ALERT_MS);
  let found = await alertsNamed(alertmanager as string, WATCHDOG);
  while (newest(found) < started && Date.now() < end) {
    await sleep(POLL_MS);
    found = await alertsNamed(alertmanager as string, WATCHDOG);
  }
  return [deliveryCheck(found, addresses, { now: Date.now(), started })];
}

/** When one of the alerts last came; never, where there is none. */
const newest = (found: readonly Alert[]) => Math.max(...found.map(({ updatedAt }) => Date.parse(updatedAt)));

/**
 * @param addresses where Prometheus sends alerts.
 * @param times now, and when Prometheus started, in milliseconds since 1970.
 */
export function deliveryCheck(
  found: readonly Alert[],
  addresses: readonly string[],
  times: { readonly now: number; readonly started: number },
): Check {
  const to =
    addresses.length > 0 ? `sends alerts to ${addresses.join(", ")}` : "knows no Alertmanager to send alerts to";
  const fix = "look at alerting.alertmanagers in configs/prometheus/prometheus.yml";
  const silent = times.now - newest(found);
  if (newest(found) < times.started)
    return failed(
      "alert delivery",
      "prometheus",
      `${to}, and since it started no Watchdog has come to the stack's`,
      fix,
    );
  if (silent > STALE_MS) {
    const ago = `${Math.round(silent / 1_000)} s ago`;
    return failed("alert delivery", "prometheus", `${to}, and its Watchdog last came ${ago}`, fix);
  }
  return ok("alert delivery", "prometheus", `its Watchdog is at ${addresses.join(", ")}`);
}

const NAME = "MonitoringVerify";

/** Sends an alert, finds it with the receiver that it is routed to, and ends it before anyone is told of it. */
export async function syntheticAlert({ client, outputs }: Session, id: string): Promise<Check[]> {
  const url = await client.reach(programNamed(outputs, "alertmanager"));
  const labels = { alertname: NAME, severity: "info", category: "stack", service: NAME, verification: id };
  const until = (ms: number) => new Date(Date.now() + ms).toISOString();
  const send = (endsAt: string) => postJson(`${url}/api/v2/alerts`, [{ labels, startsAt: until(-1_000), endsAt }]);
  await send(until(60_000));
  try {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const alert = (await alertsNamed(url, NAME)).find((candidate) => candidate.labels.verification === id);
      if (alert) {
        const receivers = alert.receivers.map(({ name }) => name).join(", ");
        return [ok("alert", "alertmanager", `taken in, and routed to the receiver ${receivers}`)];
      }
      if (Date.now() > end) return [failed("alert", "alertmanager", `took an alert in and does not list it`)];
      await sleep(POLL_MS);
    }
  } finally {
    await send(until(0));
  }
}
