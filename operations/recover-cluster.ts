import type { Report } from "../toolchain/cache";
import { recorded, type RecordedResource } from "./deployment-state";
import type { KubernetesClient } from "./platform/kubernetes";
import { removeHelpers } from "./platform/kubernetes-helper";
import { placeOf, RUNNER_KINDS, type Place, type Runner } from "./platform/kubernetes-objects";
import { putBack, stoppedCopies } from "./platform/kubernetes-scale";
import type { StackRun } from "./pulumi-run";
import { readAnew, releaseLock } from "./recover";

/**
 * Puts right what an interrupted run or a person left behind on a cluster: the lock of a process that has ended, operations whose
 * end the state does not know, helpers of verbs that were killed, programs that were stopped for a backup or scaled to nothing,
 * and programs that were removed. Claims are never touched.
 *
 * @throws Error when another run is at work on the stack.
 */
export async function recoverCluster(run: StackRun, client: KubernetesClient, report: Report): Promise<void> {
  await releaseLock(run, report);
  const { api, stack, namespaces, servicesNamespace } = client;
  await removeHelpers(api, stack, [...new Set([...namespaces, servicesNamespace])]);
  const { resources, isInterrupted } = await recorded(run);
  let gone = false;
  for (const { place, copies } of resources.flatMap(programOf)) {
    const runner = await api.find<Runner>(place.path);
    gone ||= runner === undefined;
    if (runner === undefined) continue;
    const before = stoppedCopies(runner) ?? (runner.spec.replicas === 0 ? copies : 0);
    if (before === 0) continue;
    report(`starting ${place.name}, which was scaled to nothing`);
    await putBack(api, place, before);
  }
  if (gone || isInterrupted) await readAnew(run, gone ? "programs are missing" : undefined, report);
}

/** A resource of the state that runs a program; nothing of the others. */
function programOf({ type, inputs = {} }: RecordedResource): { place: Place; copies: number }[] {
  const kind = /^kubernetes:(?:apps|batch)\/v1:(\w+)$/.exec(type)?.[1]?.toLowerCase();
  const { name, namespace } = inputs.metadata ?? {};
  if (!RUNNER_KINDS.some((known) => known === kind) || name === undefined) return [];
  return [{ place: placeOf({ handle: `${namespace}/${kind}/${name}` }), copies: inputs.spec?.replicas ?? 0 }];
}
