/** Every kind of the kubernetes plugin against a real API server, without the engine. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type Cluster } from "../../../toolchain/cluster";
import { KINDS } from "../../../toolchain/plugins/kubernetes/kinds";
import type { Handler } from "../../../toolchain/plugins/resource-type";
import { unwrap, type Values } from "../../../toolchain/plugins/values";
import { checked, create, difference, kindHandler, request, type Resource } from "../cluster/handlers";

let cluster: Cluster;

function handler(kind: string, settings: Record<string, string> = {}): Handler {
  return kindHandler(kind, { kubeconfig: cluster.kubeconfig, ...settings });
}

const labels = { app: "thing" };
const pod = { metadata: { labels }, spec: { containers: [{ name: "a", image: "b:1" }] } };
const subjects = [{ kind: "ServiceAccount", name: "default", namespace: "default" }];
const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }];
const job = { backoffLimit: 0, template: { spec: { ...pod.spec, restartPolicy: "Never" } } };
const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } };
const backend = { service: { name: "thing", port: { number: 80 } } };
const roleRef = (kind: string): Values => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: "thing" });

type Case = readonly [kind: string, inputs: Values, change: Values, replacement?: Values];

/** Each kind with something to change in place, and, where there is any, something that needs a new object. */
const cases: readonly Case[] = [
  ["Namespace", {}, { metadata: { name: "thing", labels } }],
  ["ConfigMap", { data: { a: "1" } }, { metadata: { name: "thing", labels }, data: { a: "1" } }, { data: { a: "2" } }],
  [
    "Secret",
    { stringData: { a: "1" } },
    { metadata: { name: "thing", labels }, stringData: { a: "1" } },
    { stringData: { a: "2" } },
  ],
  ["ServiceAccount", {}, { automountServiceAccountToken: false }],
  ["Role", { rules }, { rules: [...rules, ...rules] }],
  [
    "RoleBinding",
    { roleRef: roleRef("Role"), subjects },
    { roleRef: roleRef("Role") },
    { roleRef: roleRef("ClusterRole"), subjects },
  ],
  ["ClusterRole", { rules }, { rules: [] }],
  ["ClusterRoleBinding", { roleRef: roleRef("ClusterRole"), subjects }, { roleRef: roleRef("ClusterRole") }],
  ["PriorityClass", { value: 10, globalDefault: false }, { value: 10, globalDefault: false, description: "some" }],
  ["NetworkPolicy", { spec: { podSelector: {} } }, { spec: { podSelector: {}, policyTypes: ["Egress"] } }],
  ["PodDisruptionBudget", { spec: { maxUnavailable: 1 } }, { spec: { maxUnavailable: "50%" } }],
  [
    "Deployment",
    { spec: { selector: { matchLabels: labels }, template: pod } },
    { spec: { replicas: 3, selector: { matchLabels: labels }, template: pod } },
  ],
  [
    "Service",
    { spec: { selector: labels, ports: [{ port: 80 }] } },
    { spec: { selector: labels, ports: [{ port: 81 }] } },
  ],
  [
    "Ingress",
    { spec: { rules: [{ http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] } },
    { spec: { defaultBackend: backend } },
  ],
  [
    "DaemonSet",
    { spec: { selector: { matchLabels: { d: "1" } }, template: { ...pod, metadata: { labels: { d: "1" } } } } },
    {
      spec: {
        minReadySeconds: 1,
        selector: { matchLabels: { d: "1" } },
        template: { ...pod, metadata: { labels: { d: "1" } } },
      },
    },
  ],
  [
    "StatefulSet",
    {
      spec: {
        serviceName: "thing",
        selector: { matchLabels: { s: "1" } },
        template: { ...pod, metadata: { labels: { s: "1" } } },
      },
    },
    {
      spec: {
        serviceName: "thing",
        replicas: 2,
        selector: { matchLabels: { s: "1" } },
        template: { ...pod, metadata: { labels: { s: "1" } } },
      },
    },
    {
      spec: {
        serviceName: "other",
        selector: { matchLabels: { s: "1" } },
        template: { ...pod, metadata: { labels: { s: "1" } } },
      },
    },
  ],
  ["Job", { spec: job }, { spec: { ...job, ttlSecondsAfterFinished: 900 } }, { spec: { ...job, parallelism: 2 } }],
  [
    "CronJob",
    { spec: { schedule: "0 3 * * *", jobTemplate: { spec: job } } },
    { spec: { schedule: "0 4 * * *", jobTemplate: { spec: job } } },
  ],
  [
    "PersistentVolumeClaim",
    { spec: claim },
    { metadata: { name: "thing", labels }, spec: claim },
    { spec: { ...claim, accessModes: ["ReadOnlyMany"] } },
  ],
];

const named = cases.map(([kind, inputs, change, replacement]) => ({ kind, inputs, change, replacement }));

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});

afterAll(() => cluster.stop());

describe("each kind", () => {
  const metadata = { name: "thing" };
  const made = new Map<string, Resource>();

  it("is among those that are tried here", () => {
    expect(cases.map(([kind]) => kind).sort()).toEqual(KINDS.map(({ kind }) => kind).sort());
  });

  it.each(named)(
    "$kind is created, stays the same, is read back and changed",
    async ({ kind: name, inputs, change, replacement }) => {
      const kind = handler(name);
      const given = { metadata, ...inputs };
      const resource = await create(kind, given);
      expect(await difference(kind, resource, given)).toEqual({ list: [], deleteBeforeReplace: false });

      const read = await kind.read(resource.id, resource.state, resource.inputs, request);
      expect(read?.id).toBe(resource.id);
      const fresh = { id: resource.id, inputs: read?.inputs ?? {}, state: read?.outputs ?? {} };
      expect((await difference(kind, fresh, given)).list).toEqual([]);

      const changed = { metadata, ...change };
      const update = await difference(kind, fresh, changed);
      expect(update.list.length).toBeGreaterThan(0);
      expect(update.list.filter((property) => property.endsWith("!"))).toEqual([]);
      const news = await checked(kind, changed, fresh.inputs);
      await kind.update(resource.id, fresh.state, news, true, request);
      const state = await kind.update(resource.id, fresh.state, news, false, request);
      expect((await difference(kind, { id: resource.id, inputs: news, state }, changed)).list).toEqual([]);
      made.set(name, { id: resource.id, inputs: news, state });

      if (replacement) {
        const replaced = await difference(kind, resource, { metadata, ...replacement });
        expect(replaced.list.some((property) => property.endsWith("!"))).toBe(true);
        expect(replaced.deleteBeforeReplace).toBe(true);
      }
    },
  );

  it("is imported with all that a program needs to give", async () => {
    const kind = handler("Deployment");
    const { id } = made.get("Deployment") as Resource;
    const read = await kind.read(id, {}, {}, request);
    const inputs = unwrap(read?.inputs) as Values;
    expect(inputs).toMatchObject({ kind: "Deployment", metadata: { name: "thing", namespace: "default" } });
    expect(inputs["status"]).toBeUndefined();
    expect((await difference(kind, { id, inputs, state: read?.outputs ?? {} }, inputs)).list).toEqual([]);
  });

  it.each([...named].reverse())("$kind is removed, and then is gone", async ({ kind: name }) => {
    const kind = handler(name);
    const { id, state, inputs } = made.get(name) as Resource;
    await kind.remove(id, state, request);
    expect(await kind.read(id, state, inputs, request)).toBeUndefined();
    await kind.remove(id, state, request);
  });
});
