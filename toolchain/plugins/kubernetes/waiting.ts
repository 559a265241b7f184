/** Waits until an object is ready, or gone. */
import type { Request } from "../resource-type";
import type { Values } from "../values";
import { pause, type KubeObject, type KubernetesClient } from "./client";
import { annotation, isAnnotated } from "./metadata";
import { WAITED } from "./readiness";
import { reasonsFor } from "./reasons";

const QUICK_MS = 100;
const SLOW_MS = 1_000;
/** How long to look often. */
const QUICK_FOR_MS = 10_000;

/** Seconds for a deletion, unless the program gives a time. */
const DELETION_SECONDS = 300;
const WORKLOAD_DELETION_SECONDS = 600;

/** The object is there, and it is not ready. */
export class NotReady extends Error {
  public override readonly name = "NotReady";

  public constructor(
    message: string,
    public readonly object: KubeObject,
  ) {
    super(message);
  }
}

/** Seconds that a program gave, in the resource's options or in an annotation. */
function givenSeconds(inputs: Values, request: Request): number | undefined {
  const annotated = Number(annotation(inputs, "timeoutSeconds") ?? Number.NaN);
  return request.timeout || (Number.isFinite(annotated) ? annotated : undefined);
}

function interval(started: number): number {
  return Date.now() - started < QUICK_FOR_MS ? QUICK_MS : SLOW_MS;
}

async function notReady(object: KubeObject, intro: string, waitingFor: string, client: KubernetesClient) {
  const reasons = await reasonsFor(object, client);
  const lines = [`${intro}: ${waitingFor}`, ...reasons].join("\n  - ");
  return new NotReady(lines, object);
}

/** Whether the object is ready now; a kind that nobody waits for is. */
export async function isReady(object: KubeObject, client: KubernetesClient): Promise<boolean> {
  return (await WAITED[object.kind]?.check(object, client))?.ready ?? true;
}

/** Says once whether the object is ready now, by failing when it is not. */
export async function checkReady(object: KubeObject, inputs: Values, client: KubernetesClient): Promise<void> {
  const waited = WAITED[object.kind];
  if (!waited || isAnnotated(inputs, "skipAwait")) return;
  const { ready, waitingFor } = await waited.check(object, client);
  if (!ready) throw await notReady(object, `${object.kind} '${object.metadata.name}' is not ready`, waitingFor, client);
}

/**
 * Waits until the object is ready.
 *
 * @param path The object's own path in the API.
 * @returns the object as it was then.
 * @throws {NotReady} when the time is over, the run was broken off, or it failed for good.
 */
export async function waitUntilReady(
  object: KubeObject,
  path: string,
  inputs: Values,
  client: KubernetesClient,
  request: Request,
): Promise<KubeObject> {
  const waited = WAITED[object.kind];
  if (!waited || isAnnotated(inputs, "skipAwait")) return object;
  const seconds = givenSeconds(inputs, request) ?? waited.timeout;
  const started = Date.now();
  let current = object;
  let shown = "";
  for (;;) {
    const { ready, waitingFor, failed } = await waited.check(current, client);
    if (ready) break;
    const named = `${current.kind} '${current.metadata.name}'`;
    if (failed) throw await notReady(current, `${named} will not become ready`, waitingFor, client);
    if (request.cancelled.aborted)
      throw await notReady(current, `waiting for ${named} was broken off`, waitingFor, client);
    if (Date.now() - started > seconds * 1000) {
      throw await notReady(current, `${named} is not ready after ${seconds} s`, waitingFor, client);
    }
    if (waitingFor !== shown) request.status((shown = waitingFor));
    await pause(interval(started));
    current = (await client.find<KubeObject>(path)) ?? vanished(current);
  }
  if (shown !== "") request.status("");
  return current;
}

function vanished(object: KubeObject): never {
  throw new Error(`${object.kind} '${object.metadata.name}' was deleted by someone else while waiting for it`);
}

/** Waits until nothing is at the path any more, or something else of the same name. */
export async function waitUntilGone(
  object: KubeObject,
  path: string,
  inputs: Values,
  client: KubernetesClient,
  request: Request,
): Promise<void> {
  const standard = WAITED[object.kind]?.timeout === 600 ? WORKLOAD_DELETION_SECONDS : DELETION_SECONDS;
  const seconds = givenSeconds(inputs, request) ?? standard;
  const started = Date.now();
  for (;;) {
    const current = await client.find<KubeObject>(path);
    if (!current || (object.metadata.uid && current.metadata.uid !== object.metadata.uid)) return;
    const over = Date.now() - started > seconds * 1000;
    if (over || request.cancelled.aborted) {
      const when = over ? `after ${seconds} s` : "when the run was broken off";
      const lines = [`${object.kind} '${object.metadata.name}' was still there ${when}`, ...obstacles(current)];
      throw new Error(lines.join("\n  - "));
    }
    await pause(interval(started));
  }
}

function obstacles(object: KubeObject): string[] {
  const finalizers = object.metadata.finalizers ?? [];
  const { conditions = [] } = (object["status"] ?? {}) as { conditions?: { status: string; message?: string }[] };
  // A namespace tells in its conditions what is left in it.
  const messages = object.kind === "Namespace" ? conditions.filter(({ status }) => status === "True") : [];
  return [
    ...(finalizers.length > 0 ? [`its finalizers may prevent it: ${finalizers.join(", ")}`] : []),
    ...messages.flatMap(({ message }) => message ?? []),
  ];
}
