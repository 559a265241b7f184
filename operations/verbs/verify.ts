import { randomBytes } from "node:crypto";

import { attempt, describe, failed, type Check } from "../checks";
import { UsageError } from "../fail";
import { deployed, recordVerification } from "../promote/deployment";
import { report, withStack, type Session } from "../session";
import { alertDelivery, syntheticAlert } from "../verify/alerting";
import { dataSources } from "../verify/data-sources";
import { disks } from "../verify/disk";
import { logStore } from "../verify/log-store";
import { rules, targets } from "../verify/metrics";
import { readiness } from "../verify/readiness";
import { repeated } from "../verify/repeated";
import { signals, type Probe } from "../verify/signals";

const MINUTE_MS = 60_000;

export interface VerifyOptions {
  readonly json: boolean;
  /** Whether a warning counts as a failure. */
  readonly strict: boolean;
  /** Minutes in which to try again what fails, as given. */
  readonly wait: string;
}

/** What one look at everything came to. */
interface Round {
  /** What keeps the stack from being proven. */
  readonly bad: readonly Check[];
  readonly seconds: number;
  readonly probe: Probe;
  readonly checks: readonly Check[];
}

/**
 * Proves that a stack works, and prints what was found.
 *
 * @returns whether nothing failed, the last time at least.
 * @throws UsageError when the time to wait is none.
 */
export async function verify(stack: string, { json, strict, wait }: VerifyOptions): Promise<boolean> {
  if (!/^\d+(\.\d+)?$/.test(wait)) throw new UsageError(`--wait takes minutes, such as 15, not "${wait}"`);
  return withStack(stack, async (session) => {
    const last = await deployed(session.run);
    const { bad, seconds, probe, checks } = await repeated(() => round(session, strict), {
      isGood: (found) => found.bad.length === 0,
      ms: Number(wait) * MINUTE_MS,
      again: (found) => report(`not good yet: ${named(found.bad)}; trying again`),
    });
    const good = bad.length === 0;
    if (json) console.log(JSON.stringify({ stack, ok: good, seconds, probe, checks }, undefined, 2));
    else console.log(describe(checks, `The stack ${stack} after ${seconds.toFixed(1)} s`));
    report(await recordVerification(session.run, last, good));
    return good;
  });
}

async function round(session: Session, strict: boolean): Promise<Round> {
  const started = Date.now();
  const probe: Probe = { id: randomBytes(16).toString("hex"), value: started, at: started };
  const checks = await allChecks(session, probe);
  const bad = checks.filter(({ verdict }) => verdict === "failed" || (verdict === "warning" && strict));
  return { bad, seconds: (Date.now() - started) / 1_000, probe, checks };
}

const named = (checks: readonly Check[]) => checks.map(({ check, subject }) => `${check} of ${subject}`).join(", ");

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
