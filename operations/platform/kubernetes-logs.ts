import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import type { LogOptions } from "./client";
import type { ClusterApi } from "./kubernetes-api";
import { podsIn, type Pod } from "./kubernetes-objects";
import { Refused } from "./kubernetes-refusals";

/** How often a followed program is looked at for pods that have come. */
const LOOK_MS = 2_000;

/** What is needed to read the logs of a program's pods. */
export interface Source {
  readonly api: ClusterApi;
  readonly container: string;
  readonly pods: () => Promise<readonly Pod[]>;
}

/** Hands over the log lines of a program's pods; with the pod's name in front where there are several. */
export async function podLogs(source: Source, { tail, follow }: LogOptions, line: (text: string) => void) {
  const pods = await source.pods();
  const several = pods.length > 1;
  const print = (pod: string) => (several ? (text: string) => line(`${pod}: ${text}`) : line);
  if (!follow) {
    for (const { metadata } of pods) await readLog(source, metadata, `tailLines=${tail}`, print(metadata.name));
    return;
  }
  const known = new Set(pods.map(({ metadata }) => metadata.uid));
  const reading = pods.map(({ metadata }) => followLog(source, metadata, tail, print(metadata.name)));
  await Promise.race([Promise.all(reading), newcomers(source, known, (pod) => print(pod))]);
}

/** Follows the pods that come later from their beginning; never ends. */
async function newcomers(
  source: Source,
  known: Set<string | undefined>,
  print: (pod: string) => (text: string) => void,
): Promise<never> {
  for (;;) {
    await sleep(LOOK_MS);
    for (const { metadata } of await source.pods()) {
      if (known.has(metadata.uid)) continue;
      known.add(metadata.uid);
      const text = print(metadata.name);
      // A pod that goes again takes its log with it.
      followLog(source, metadata, undefined, text).catch(({ message }: Error) => text(message));
    }
  }
}

/** A container's log ends with the container; the next one of the pod has another. */
async function followLog(
  source: Source,
  pod: Pod["metadata"],
  tail: number | undefined,
  line: (text: string) => void,
): Promise<never> {
  let from = tail === undefined ? "" : `&tailLines=${tail}`;
  for (;;) {
    await readLog(source, pod, `follow=true${from}`, line);
    from = `&sinceTime=${new Date().toISOString()}`;
    await sleep(LOOK_MS);
  }
}

async function readLog(
  { api, container }: Source,
  { namespace = "", name }: Pod["metadata"],
  query: string,
  line: (text: string) => void,
): Promise<void> {
  try {
    const log = await api.stream(`${podsIn(namespace, name)}/log?container=${container}&${query}`);
    for await (const text of createInterface({ input: log, crlfDelay: Infinity })) line(text);
  } catch (error) {
    // A container that has not begun has no log yet, and a pod that has gone no more.
    if (!(error instanceof Refused) || (error.status !== 400 && error.status !== 404)) throw error;
  }
}
