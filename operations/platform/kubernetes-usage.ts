import type { VolumeUse } from "./client";
import type { ClusterApi } from "./kubernetes-api";
import { labelled, quantity, type Pod } from "./kubernetes-objects";

interface PodMetrics {
  readonly containers: readonly { readonly usage: { readonly memory?: string } }[];
}

interface PodStats {
  readonly podRef: { readonly name: string; readonly namespace: string };
  readonly memory?: { readonly workingSetBytes?: number; readonly rssBytes?: number };
  readonly volume?: readonly {
    readonly pvcRef?: { readonly name: string; readonly namespace: string };
    readonly usedBytes?: number;
    readonly availableBytes?: number;
    readonly capacityBytes?: number;
  }[];
}

/** What the nodes say that pods use. Who may not ask, or asks a cluster that does not measure, gets nothing. */
export class Usage {
  readonly #nodes = new Map<string, Promise<readonly PodStats[]>>();

  constructor(readonly api: ClusterApi) {}

  /** Bytes of memory of the pod that uses most, of those with these labels. */
  async memory(
    namespace: string,
    labels: Readonly<Record<string, string>>,
    pods: readonly Pod[],
  ): Promise<number | undefined> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?${labelled(labels)}`;
    const measured = await this.api.list<PodMetrics>(path).catch(() => []);
    const used = measured.map(({ containers }) =>
      containers.reduce((sum, { usage }) => sum + (quantity(usage.memory ?? "0") ?? 0), 0),
    );
    if (used.length > 0) return Math.max(...used);
    const stats = await Promise.all(pods.map((pod) => this.#statsOf(pod)));
    const sizes = stats.map(memoryOf).filter((size) => size > 0);
    return sizes.length > 0 ? Math.max(...sizes) : undefined;
  }

  /** What a claim holds that a pod has mounted, as far as its kind of volume is measured. */
  async volume(volume: string, pod: Pod, claim: string): Promise<VolumeUse | undefined> {
    const stats = await this.#statsOf(pod);
    const found = stats?.volume?.find(({ pvcRef }) => pvcRef?.name === claim);
    const { usedBytes: used, availableBytes: free, capacityBytes: total } = found ?? {};
    if (used === undefined || free === undefined || total === undefined) return undefined;
    // The node does not name the disk; what is on the same one has the same room.
    return { volume, disk: `${pod.spec.nodeName}:${total}:${free}`, used, free, total };
  }

  async #statsOf({ metadata, spec: { nodeName } }: Pod): Promise<PodStats | undefined> {
    if (nodeName === undefined) return undefined;
    const asked = this.#nodes.get(nodeName) ?? this.#ask(nodeName);
    this.#nodes.set(nodeName, asked);
    return (await asked).find(({ podRef }) => podRef.name === metadata.name && podRef.namespace === metadata.namespace);
  }

  async #ask(node: string): Promise<readonly PodStats[]> {
    const path = `/api/v1/nodes/${node}/proxy/stats/summary`;
    const summary = await this.api.get<{ readonly pods?: readonly PodStats[] }>(path).catch(() => undefined);
    return summary?.pods ?? [];
  }
}

/**
 * The working set is what is used without the cache that can go, both read at different times: of a small program that has
 * read files it can be nothing, which its own pages (rss) never are.
 */
function memoryOf(stats: PodStats | undefined): number {
  const { workingSetBytes = 0, rssBytes = 0 } = stats?.memory ?? {};
  return Math.max(workingSetBytes, rssBytes);
}
