import { setTimeout as sleep } from "node:timers/promises";

import { FIELD_MANAGER, type ClusterApi } from "./kubernetes-api";
import { isReady, labelled, podsIn, type Place, type Pod, type Runner } from "./kubernetes-objects";
import { Refused } from "./kubernetes-refusals";
import { troubleOf } from "./kubernetes-state";

/** On an object that the verbs have stopped: how many copies it had. */
const COPIES = "monitoring.pyairtable.com/copies";

/** A pod gets a minute to end in, and its node some time to say so. */
const GONE_MS = 120_000;
const READY_MS = 120_000;
const POLL_MS = 500;

/** Finds the pods of a program. */
export type PodsOf = (place: Place) => Promise<readonly Pod[]>;

/** Whether copies of the program can be taken away and given back. What runs on every node, or to its end, goes on. */
function isScalable({ kind }: Place): boolean {
  return kind === "deployment" || kind === "statefulset";
}

/** Takes a program's copies away, and waits until the last has ended. How many there were is kept with the object. */
export async function scaleDown(api: ClusterApi, place: Place, podsOf: PodsOf): Promise<void> {
  if (!isScalable(place)) return;
  const { metadata, spec } = await api.get<Runner>(place.path);
  const copies = metadata.annotations?.[COPIES] ?? String(spec.replicas ?? 1);
  await api.patch(place.path, { metadata: { annotations: { [COPIES]: copies } }, spec: { replicas: 0 } });
  const end = Date.now() + GONE_MS;
  for (;;) {
    const left = await podsOf(place);
    if (left.length === 0) return;
    if (Date.now() > end) {
      throw new Error(`${place.name} does not end: ${left.map((pod) => pod.metadata.name).join(", ")} is still there`);
    }
    await sleep(POLL_MS);
  }
}

/** Gives a program its copies back, and waits until they are ready or will not be. */
export async function scaleUp(api: ClusterApi, place: Place, podsOf: PodsOf): Promise<void> {
  if (!isScalable(place)) return;
  const { metadata, spec } = await api.get<Runner>(place.path);
  const copies = Number(metadata.annotations?.[COPIES] ?? spec.replicas ?? 1);
  await putBack(api, place, copies);
  const end = Date.now() + READY_MS;
  for (;;) {
    const pods = await podsOf(place);
    const isLost = pods.some((pod) => troubleOf(pod).some(({ lasting }) => lasting));
    if (pods.filter(isReady).length >= copies || isLost || Date.now() > end) return;
    await sleep(POLL_MS);
  }
}

/** How many copies an object had when the verbs stopped it; nothing where they did not. */
export function stoppedCopies({ metadata }: Runner): number | undefined {
  const copies = metadata.annotations?.[COPIES];
  return copies === undefined ? undefined : Number(copies);
}

/** Sets the number of copies as it was. */
export async function putBack(api: ClusterApi, { path }: Pick<Place, "path">, copies: number): Promise<void> {
  const change = { metadata: { annotations: { [COPIES]: null } }, spec: { replicas: copies } };
  await api.patch(path, change);
  await disown(api, path);
}

const ATTEMPTS = 5;

/**
 * Removes what the server keeps of the verbs' changes. It would take the number of copies for theirs, and refuse it to the
 * engine at the next change of the setting.
 */
async function disown(api: ClusterApi, path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { metadata } = await api.get<Runner>(path);
    const kept = (metadata.managedFields ?? []).filter(({ manager }) => manager !== FIELD_MANAGER);
    try {
      await api.patch(path, { metadata: { resourceVersion: metadata.resourceVersion, managedFields: kept } });
      return;
    } catch (error) {
      // A controller wrote its status in between.
      if (!(error instanceof Refused) || error.status !== 409 || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The pods that a selector of labels finds in a namespace. */
export function podsBy(api: ClusterApi, namespace: string, labels: Readonly<Record<string, string>>) {
  return api.list<Pod>(`${podsIn(namespace)}?${labelled(labels)}`);
}
