import { describe, expect, it } from "vitest";

import type { ClusterApi } from "../../operations/platform/kubernetes-api";
import type { Pod } from "../../operations/platform/kubernetes-objects";
import { Usage } from "../../operations/platform/kubernetes-usage";

type Memory = { workingSetBytes?: number; rssBytes?: number };
const LABELS = { "app.kubernetes.io/name": "loki" };
const pods = (count: number): Pod[] =>
  Array.from({ length: count }, (_, index) => ({
    metadata: { name: `loki-${index}`, namespace: "watch" },
    spec: { nodeName: "node-1", containers: [] },
  }));

/** A cluster without a metrics server, whose one node measures the memory of pods so. */
function usage(memories: readonly (Memory | undefined)[]): Usage {
  const stats = memories.map((memory, index) => ({ podRef: { name: `loki-${index}`, namespace: "watch" }, memory }));
  const api = {
    list: () => Promise.reject(new Error("404")),
    get: (path: string) =>
      path === "/api/v1/nodes/node-1/proxy/stats/summary"
        ? Promise.resolve({ pods: stats })
        : Promise.reject(new Error(`404 ${path}`)),
  };
  return new Usage(api as unknown as ClusterApi);
}

describe("the memory of a program, as its nodes measure it", () => {
  it.each([
    ["the working set of the pod that has most", [{ workingSetBytes: 5, rssBytes: 2 }, { workingSetBytes: 7 }], 7],
    ["its own pages where the working set is less", [{ workingSetBytes: 0, rssBytes: 3 }], 3],
    ["unknown before the node has measured the pod", [{ workingSetBytes: 0, rssBytes: 0 }], undefined],
    ["unknown where the node measures none", [undefined], undefined],
  ] as const)("is %s", async (_, memories, expected) => {
    expect(await usage(memories).memory("watch", LABELS, pods(memories.length))).toBe(expected);
  });

  it("is unknown for a pod that no node runs yet", async () => {
    const waiting: Pod = { metadata: { name: "loki-0" }, spec: { containers: [] } };
    expect(await usage([{ workingSetBytes: 5 }]).memory("watch", LABELS, [waiting])).toBeUndefined();
  });
});
