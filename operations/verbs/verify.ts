import { randomBytes } from "node:crypto";

import { attempt, describe, failed, type Check } from "../checks";
import { deployed, recordVerification } from "../promote/deployment";
import { report, withStack, type Session } from "../session";
import { alertDelivery, syntheticAlert } from "../verify/alerting";
import { dataSources } from "../verify/data-sources";
import { disks } from "../verify/disk";
import { logStore } from "../verify/log-store";
import { rules, targets } from "../verify/metrics";
import { readiness } from "../verify/readiness";
import { signals, type Probe } from "../verify/signals";

/**
 * Proves that a stack works, and prints what was found.
 *
 * @param strict whether a warning counts as a failure.
 * @returns whether nothing failed.
 */
export async function verify(stack: string, { json, strict }: { json: boolean; strict: boolean }): Promise<boolean> {
  return withStack(stack, async (session) => {
    const last = await deployed(session.run);
    const started = Date.now();
    const probe: Probe = { id: randomBytes(16).toString("hex"), value: started, at: started };
    const checks = await allChecks(session, probe);
    const seconds = (Date.now() - started) / 1_000;
    const good = checks.every(({ verdict }) => verdict === "ok" || (verdict === "warning" && !strict));
    if (json) console.log(JSON.stringify({ stack, ok: good, seconds, probe, checks }, undefined, 2));
    else console.log(describe(checks, `The stack ${stack} after ${seconds.toFixed(1)} s`));
    report(await recordVerification(session.run, last, good));
    return good;
  });
}

async function allChecks(session: Session, probe: Probe): Promise<Check[]> {
  const groups = await Promise.all([
    attempt("readiness", "stack", () => readiness(session)),
    attempt("target", "prometheus", () => targets(session)),
    attempt("rules", "prometheus", () => rules(session)),
    attempt("alert delivery", "prometheus", () => alertDelivery(session)),
    attempt("data source", "grafana", () => dataSources(session)),
    attempt("disk", "volumes", () => disks(session)),
    attempt("indices", "elasticsearch", () => logStore(session)),
    attempt("signals", "otel-collector", () => signals(session, probe)),
    attempt("alert", "alertmanager", () => syntheticAlert(session, probe.id)),
  ]);
  const gaps = session.outputs.productionGaps.map((gap) => failed("production", "stack", gap));
  return [...groups.flat(), ...gaps];
}
