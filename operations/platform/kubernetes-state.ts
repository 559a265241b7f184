import type { ProgramState } from "./client";
import { isReady, type Place, type Pod, type Runner } from "./kubernetes-objects";

/** How a cluster sees a program, from the object that runs it and its pods. */
export function stateOf(place: Place, runner: Runner | undefined, pods: readonly Pod[]): ProgramState {
  if (runner === undefined) {
    return { running: false, standIn: false, missing: true, detail: `there is no ${place.kind} ${place.name}` };
  }
  if (place.kind === "job" || place.kind === "cronjob") return endingState(place, runner, pods);
  return lastingState(runner, pods, wantedOf(place, runner));
}

/** How many copies there should be. */
function wantedOf({ kind }: Place, { spec, status }: Runner): number {
  return kind === "daemonset" ? (status?.desiredNumberScheduled ?? 0) : (spec.replicas ?? 1);
}

function lastingState({ metadata, status }: Runner, pods: readonly Pod[], wanted: number): ProgramState {
  const current = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const ready = current.filter(isReady).length;
  const troubles = current.filter((pod) => !isReady(pod)).flatMap(troubleOf);
  const isRunning = current.some((pod) => pod.status?.containerStatuses?.some(({ state }) => state?.running));
  const count = `${ready} of ${wanted} copies are ready`;
  const detail = [count, ...troubles.map(({ text }) => text)].join("; ");
  if (wanted === 0 && ready === 0) return { running: false, standIn: false, detail: "it is scaled to 0 copies" };
  const [exitCode] = troubles.flatMap(({ exitCode: code }) => code ?? []);
  if (!isRunning) return { running: false, standIn: false, detail, ...(exitCode === undefined ? {} : { exitCode }) };
  const seen = status?.observedGeneration === undefined || status.observedGeneration >= (metadata.generation ?? 0);
  // With copies of the last revision that go on, one of the next may never come up.
  const isIll = troubles.some(({ lasting }) => lasting);
  if (ready >= wanted && seen && !isIll) return { running: true, standIn: false, health: "healthy" };
  const health = isIll ? "unhealthy" : "starting";
  return { running: true, standIn: false, health, detail };
}

/** What runs to its end: once, or at set times. One that has yet to run for the first time is as it should be. */
function endingState({ kind }: Place, { status }: Runner, pods: readonly Pod[]): ProgramState {
  const done = status?.conditions?.find(({ type, status: is }) => /^(Complete|Failed)$/.test(type) && is === "True");
  const ended = { running: false, standIn: false };
  if (done?.type === "Complete") return { ...ended, exitCode: 0 };
  const last = [...pods].sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1)).at(-1);
  const code = last?.status?.containerStatuses?.flatMap(({ state }) => state?.terminated?.exitCode ?? [])[0];
  const troubles = last === undefined ? [] : troubleOf(last).map(({ text }) => text);
  const detail = [done?.message, ...troubles].filter(Boolean).join("; ");
  if (done !== undefined) return { ...ended, exitCode: code || 1, detail: detail || "it failed" };
  if (kind === "cronjob" && (last === undefined || last.status?.phase === "Succeeded"))
    return { ...ended, exitCode: 0 };
  if (last?.status?.phase === "Failed") return { ...ended, exitCode: code || 1, detail };
  return { running: true, standIn: false, ...(detail ? { detail } : {}) };
}

function startOf({ status, metadata }: Pod): string {
  return (status as { startTime?: string } | undefined)?.startTime ?? metadata.name;
}

interface Trouble {
  readonly text: string;
  /** Whether time alone will not mend it. */
  readonly lasting: boolean;
  readonly exitCode?: number;
}

/** Reasons to wait that every pod gives at its start. */
const PASSING = new Set(["ContainerCreating", "PodInitializing"]);

/** Why a pod is not ready. */
export function troubleOf({ metadata: { name }, status = {} }: Pod): Trouble[] {
  const unplaced = status.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  if (unplaced) return [{ text: `${name}: no node takes it: ${unplaced.message ?? unplaced.reason}`, lasting: true }];
  if (status.phase === "Failed" && status.reason) {
    return [{ text: `${name}: ${status.reason}: ${status.message ?? ""}`.trim(), lasting: true }];
  }
  return (status.containerStatuses ?? []).flatMap(({ state = {}, lastState }) => {
    const { waiting, terminated } = state;
    if (terminated) return terminated.exitCode === 0 ? [] : [ended(name, terminated, "ended")];
    if (waiting?.reason === undefined || PASSING.has(waiting.reason)) return [];
    if (lastState?.terminated) return [ended(name, lastState.terminated, `${waiting.reason}, last ended`)];
    return [{ text: `${name}: ${[waiting.reason, waiting.message].filter(Boolean).join(": ")}`, lasting: true }];
  });
}

function ended(name: string, { exitCode, reason }: { exitCode: number; reason?: string }, how: string): Trouble {
  const why = reason && reason !== "Error" ? ` (${reason})` : "";
  return { text: `${name}: ${how} with exit code ${exitCode}${why}`, lasting: true, exitCode };
}
