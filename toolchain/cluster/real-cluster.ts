/**
 * A Kubernetes cluster for tests whose one node is real: a kubelet with containerd, in namespaces of its own on this
 * machine. Pods run, reach each other by name and are reached through the API server. It needs root.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Report } from "../cache";
import { KubernetesClient, type KubeObject } from "../plugins/kubernetes/client";
import { clusterConnection } from "../plugins/kubernetes/kubeconfig";
import { ensureControlPrograms, startControlPlane, until, type ControlPlane } from "./control-plane";
import { isReadyNode, type Cluster } from "./index";
import { CONTEXT } from "./kubeconfig";
import { Processes } from "./processes";
import { importerFor, importImages } from "./real/images";
import { cgroupOf, removalOf, startMachine, type Machine } from "./real/machine";
import { startKubelet, startNames, startProxy, startRuntime, runtimeSocket } from "./real/programs";
import { ensureNodePrograms, whyNoRealNode, type NodePrograms } from "./real/requirements";
import { realNodeObjects } from "./real/objects";
import { policyRounds, preparePolicies } from "./real/policies";
import { Rounds } from "./real/rounds";
import { provideVolumes } from "./real/volumes";

export { whyNoRealNode };

export interface RealClusterOptions {
  /** Images that pods use. They are taken from the Docker engine, which must have them; nothing is pulled. */
  readonly images: readonly string[];
  readonly report?: Report;
}

const API_PORT = 6443;

/**
 * Starts a cluster with one real node. Programs are built or fetched first where they are not in the cache yet.
 *
 * @throws when this machine can not run a node ({@link whyNoRealNode}), when a program can be neither found nor built,
 * and when the node is not ready after a minute; the message holds the end of the log of the process that failed.
 */
export async function startRealCluster({ images, report = () => {} }: RealClusterOptions): Promise<Cluster> {
  const refusal = whyNoRealNode();
  if (refusal !== undefined) throw new Error(refusal);
  const controlPrograms = await ensureControlPrograms(report);
  const nodePrograms = await ensureNodePrograms(report);
  const folder = await mkdtemp(path.join(tmpdir(), "test-cluster-"));
  const processes = new Processes(folder, removalOf(cgroupOf(folder)));
  try {
    const machine = await startMachine(folder, "node-1", processes);
    const place = { address: machine.gateway, port: API_PORT, realNodes: true };
    const [control] = await Promise.all([
      startControlPlane(controlPrograms, folder, processes, place),
      startRuntime(machine, nodePrograms).then(() => fillStore(machine, nodePrograms, images, processes, report)),
    ]);
    const { kubeconfig } = control;
    const rounds = await startNode(machine, nodePrograms, control, processes, report);
    const stop = async () => {
      await Promise.all(rounds.map((each) => each.stop()));
      await processes.stop();
    };
    return { kubeconfig, context: CONTEXT, stop };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

async function fillStore(
  machine: Machine,
  { ctr }: NodePrograms,
  images: readonly string[],
  processes: Processes,
  report: Report,
): Promise<void> {
  const importer = importerFor(ctr, runtimeSocket(machine));
  report(`taking ${images.length} images into the node`);
  await until("containerd does not take images", processes, async () => {
    await importImages(importer, [], report);
    return true;
  });
  await importImages(importer, images, report);
}

/** @returns what has to be stopped before the node's processes. */
async function startNode(
  machine: Machine,
  programs: NodePrograms,
  control: ControlPlane,
  processes: Processes,
  report: Report,
): Promise<Rounds[]> {
  const client = new KubernetesClient(clusterConnection({ kubeconfig: control.kubeconfig }));
  for (const [to, body] of realNodeObjects(machine.address)) await client.call("POST", to, { body });
  await preparePolicies(machine);
  await startNames(machine, programs, control);
  await startProxy(machine, programs, control);
  await startKubelet(machine, programs, control);
  await until("the node is not ready", processes, async () => {
    const { items } = await client.call<{ items: KubeObject[] }>("GET", "/api/v1/nodes");
    return items.length > 0 && items.every(isReadyNode);
  });
  const volumes = new Rounds(() => provideVolumes(client, machine), report);
  return [volumes, new Rounds(policyRounds(client, machine), report)];
}
