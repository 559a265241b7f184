import { KubernetesClient, type KubeObject } from "../../../toolchain/plugins/kubernetes/client";
import { clusterConnection } from "../../../toolchain/plugins/kubernetes/kubeconfig";

/** Paths under which the API server lists what runs programs. */
const RUNNERS = {
  Deployment: "/apis/apps/v1",
  StatefulSet: "/apis/apps/v1",
  DaemonSet: "/apis/apps/v1",
  Job: "/apis/batch/v1",
} as const;

interface Condition {
  readonly type: string;
  readonly status: string;
}

interface Runner extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status: {
    readonly readyReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly conditions?: readonly Condition[];
  };
}

/** A test's view of a cluster, past the engine and its plugin. */
export class ClusterView {
  readonly client: KubernetesClient;

  constructor(kubeconfig: string) {
    this.client = new KubernetesClient(clusterConnection({ kubeconfig }));
  }

  async list<T = KubeObject>(path: string): Promise<T[]> {
    const { items } = await this.client.call<{ items: T[] }>("GET", path);
    return items;
  }

  /** Programs of a namespace, as `kind/name`, with how many of how many copies are ready. */
  async readiness(namespace: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const [kind, api] of Object.entries(RUNNERS)) {
      for (const runner of await this.list<Runner>(`${api}/namespaces/${namespace}/${kind.toLowerCase()}s`)) {
        found[`${kind.toLowerCase()}/${runner.metadata.name}`] = readinessOf(kind, runner);
      }
    }
    return found;
  }

  /** What the cluster says went wrong in a namespace. */
  async warnings(namespace: string): Promise<string[]> {
    const events = await this.list<{ type: string; reason: string; message: string }>(
      `/api/v1/namespaces/${namespace}/events`,
    );
    return events.filter(({ type }) => type === "Warning").map(({ reason, message }) => `${reason}: ${message}`);
  }

  close(): void {
    this.client.close();
  }
}

function readinessOf(kind: string, { spec, status }: Runner): string {
  if (kind === "Job") {
    return status.conditions?.some(({ type, status: is }) => type === "Complete" && is === "True") ? "complete" : "not";
  }
  if (kind === "DaemonSet") return `${status.numberReady ?? 0} of ${status.desiredNumberScheduled ?? 0}`;
  return `${status.readyReplicas ?? 0} of ${spec.replicas ?? 1}`;
}
