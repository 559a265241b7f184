/**
 * A Kubernetes cluster for tests: the real API server, controllers and scheduler as processes of this machine, and
 * simulated nodes on which pods become ready without a container. Nothing is pulled and nothing needs root.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Report } from "../cache";
import { KubernetesClient, type KubeObject } from "../plugins/kubernetes/client";
import { clusterConnection } from "../plugins/kubernetes/kubeconfig";
import { ensureTool } from "../tools";
import { ensureControlPrograms, startControlPlane, until } from "./control-plane";
import { CONTEXT } from "./kubeconfig";
import { firstObjects } from "./objects";
import { Processes } from "./processes";

export interface ClusterOptions {
  /** How many nodes; each has 8 cores and 32 GiB, and they are spread over three zones. Default: 3. */
  readonly nodes?: number;
  readonly report?: Report;
}

export interface Cluster {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Ends the cluster's processes and removes its folder. Both also happen when this process ends without it. */
  stop(): Promise<void>;
}

const POD_ADDRESSES = "10.244.0.0/16";

/**
 * Starts a cluster on free ports of the loopback address. The programs are built or fetched first where they are not
 * in the cache yet, which takes minutes; a start takes seconds.
 *
 * @throws when a program can be neither found nor built, or when the cluster is not ready after a minute; the message
 * holds the end of the log of the process that failed.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes = 3, report = () => {} } = options;
  const programs = await ensureControlPrograms(report);
  const kwok = await ensureTool("kwok", report);
  const folder = await mkdtemp(path.join(tmpdir(), "test-cluster-"));
  const processes = new Processes(folder);
  try {
    const { kubeconfig } = await startControlPlane(programs, folder, processes);
    processes.start(kwok, kwokArguments(kubeconfig));
    await fill(kubeconfig, nodes, processes);
    return { kubeconfig, context: CONTEXT, stop: () => processes.stop() };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

function kwokArguments(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${path.join(__dirname, "stages.yaml")}`,
    "--manage-all-nodes",
    `--cidr=${POD_ADDRESSES}`,
    "--node-ip=192.0.2.10",
    "--node-lease-duration-seconds=40",
  ];
}

async function fill(kubeconfig: string, nodes: number, processes: Processes): Promise<void> {
  const client = new KubernetesClient(clusterConnection({ kubeconfig }));
  await Promise.all(firstObjects(nodes).map(([to, body]) => client.call("POST", to, { body })));
  await until("the nodes are not ready", processes, async () => {
    const list = await client.call<{ items: KubeObject[] }>("GET", "/api/v1/nodes");
    return list.items.every(isReadyNode);
  });
  // Pods of the default namespace are refused until it is there.
  await until("the service account 'default' is not there", processes, async () => {
    return (await client.find("/api/v1/namespaces/default/serviceaccounts/default")) !== undefined;
  });
  client.close();
}

/** Whether pods may go to a node. */
export function isReadyNode(node: KubeObject): boolean {
  const { conditions = [] } = node["status"] as { conditions?: { type: string; status: string }[] };
  const { taints = [] } = (node["spec"] ?? {}) as { taints?: unknown[] };
  return taints.length === 0 && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
