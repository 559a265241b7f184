/** How the kubernetes plugin names, waits, fails and follows its settings, on a real API server, without the engine. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type Cluster } from "../../../toolchain/cluster";
import { KubernetesClient, type KubeObject } from "../../../toolchain/plugins/kubernetes/client";
import { clusterConnection } from "../../../toolchain/plugins/kubernetes/kubeconfig";
import { PartialFailure, type Handler } from "../../../toolchain/plugins/resource-type";
import type { Values } from "../../../toolchain/plugins/values";
import { checked, create, difference, kindHandler, request, warnings } from "../cluster/handlers";

let cluster: Cluster;
let client: KubernetesClient;

function handler(kind: string, settings: Record<string, string> = {}): Handler {
  return kindHandler(kind, { kubeconfig: cluster.kubeconfig, ...settings });
}

const labels = { app: "thing" };
const pod = { metadata: { labels }, spec: { containers: [{ name: "a", image: "b:1" }] } };
const job = { backoffLimit: 0, template: { spec: { ...pod.spec, restartPolicy: "Never" } } };
const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } };
const backend = { service: { name: "thing", port: { number: 80 } } };

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  client = new KubernetesClient(clusterConnection({ kubeconfig: cluster.kubeconfig }));
});

afterAll(async () => {
  client.close();
  await cluster.stop();
});

describe("names and namespaces", () => {
  it("are made up with a random end, kept, and then replaced without deleting first", async () => {
    const kind = handler("ConfigMap", { namespace: "kube-public" });
    const first = await create(kind, { data: { a: "1" } });
    expect(first.id).toMatch(/^kube-public\/thing-[0-9a-f]{8}$/);
    const next = await difference(kind, first, { data: { a: "2" } });
    expect(next).toEqual({ list: ["data.a!"], deleteBeforeReplace: false });
    await kind.remove(first.id, first.state, request);
  });

  it("refuse generateName", async () => {
    await expect(checked(handler("ConfigMap"), { metadata: { generateName: "x-" } })).rejects.toThrow(/generateName/);
  });

  it("refuse annotations that this plugin does not follow", async () => {
    const metadata = { name: "a", annotations: { "pulumi.com/waitFor": "condition=Ready" } };
    await expect(checked(handler("ConfigMap"), { metadata })).rejects.toThrow(
      "'pulumi.com/waitFor' needs the vendor's",
    );
  });

  it("wait for a namespace that is about to be made", async () => {
    const inputs = await checked(handler("ConfigMap"), { metadata: { name: "a", namespace: "later" } });
    const creation = handler("ConfigMap").create(inputs, false, request);
    const namespace = await create(handler("Namespace"), { metadata: { name: "later" } });
    await creation;
    await handler("Namespace").remove(namespace.id, namespace.state, request);
  });
});

describe("settings", () => {
  it("let ConfigMaps and Secrets change in place, unless they are immutable", async () => {
    const settings = { enableConfigMapMutable: "true", enableSecretMutable: "true" };
    for (const name of ["ConfigMap", "Secret"]) {
      const kind = handler(name, settings);
      const resource = await create(kind, { metadata: { name: "settings" }, data: { a: "YQ==" } });
      const after = { metadata: { name: "settings" }, data: { a: "Yg==" } };
      expect((await difference(kind, resource, after)).list).toEqual(["data.a"]);
      expect((await difference(kind, resource, { ...after, immutable: true })).list).toEqual(["data.a!", "immutable"]);
      await kind.remove(resource.id, resource.state, request);
    }
  });

  it("switch server-side apply off", async () => {
    const kind = handler("Deployment", { enableServerSideApply: "false" });
    const spec = { selector: { matchLabels: { c: "1" } }, template: { ...pod, metadata: { labels: { c: "1" } } } };
    const given = { metadata: { name: "older", annotations: { a: "1" } }, spec };
    const resource = await create(kind, given);
    const live = await client.find<KubeObject>("/apis/apps/v1/namespaces/default/deployments/older");
    expect(live?.metadata.labels).toEqual({ "app.kubernetes.io/managed-by": "pulumi" });
    const managers = live?.metadata.managedFields?.map(({ manager, operation }) => `${operation} by ${manager}`);
    expect(managers).toContain("Update by pulumi-kubernetes");
    expect((await difference(kind, resource, given)).list).toEqual([]);

    const news = await checked(kind, { metadata: { name: "older" }, spec }, resource.inputs);
    await kind.update(resource.id, resource.state, news, false, request);
    const applied = handler("Deployment");
    const labelled = { metadata: { name: "older", labels }, spec };
    const state = await applied.update(resource.id, resource.state, await checked(applied, labelled), false, request);
    const after = await client.find<KubeObject>("/apis/apps/v1/namespaces/default/deployments/older");
    expect(after?.metadata.annotations?.["a"]).toBeUndefined();
    const writers = after?.metadata.managedFields?.map(({ manager, operation }) => `${operation} by ${manager}`);
    expect(writers).toContain("Apply by pulumi-kubernetes");
    expect(writers).not.toContain("Update by pulumi-kubernetes");
    await applied.remove(resource.id, state, request);
  });

  it("refuse what only the vendor's plugin does", () => {
    expect(() => handler("Secret", { renderYamlToDirectory: "/tmp/x" })).toThrow("needs the vendor's plugin");
  });
});

describe("waiting", () => {
  it("tells of a claim without a storage class, a service without pods, an ingress without a controller", async () => {
    const quick = { ...request, timeout: 1 };
    const tries: [string, Values, string][] = [
      ["PersistentVolumeClaim", { spec: { ...claim, storageClassName: "none" } }, "the storage class 'none' does not"],
      ["Service", { spec: { selector: { app: "nobody" }, ports: [{ port: 80 }] } }, "no pod is behind it"],
      ["Ingress", { spec: { ingressClassName: "other", defaultBackend: backend } }, "no controller gave it an address"],
    ];
    for (const [name, inputs, expected] of tries) {
      const kind = handler(name);
      const complete = await checked(kind, { metadata: { name: "lonely" }, ...inputs });
      const failure = await kind.create(complete, false, quick).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(PartialFailure);
      expect((failure as PartialFailure).reason).toContain(expected);
      const { id, outputs } = failure as PartialFailure;
      await expect(kind.read(id, outputs, complete, request)).rejects.toThrow(expected);
      await kind.remove(id, outputs, request);
    }
  });

  it("tells why pods are not scheduled", async () => {
    const kind = handler("Deployment");
    const resources = { requests: { cpu: "100" } };
    const template = {
      metadata: { labels: { big: "1" } },
      spec: { containers: [{ name: "a", image: "b", resources }] },
    };
    const spec = { selector: { matchLabels: { big: "1" } }, template };
    const inputs = await checked(kind, { metadata: { name: "big" }, spec });
    const failure = await kind.create(inputs, false, { ...request, timeout: 2 }).catch((error: unknown) => error);
    expect((failure as PartialFailure).reason).toMatch(/pod 'big-.*': not scheduled: .*Insufficient cpu/);
    await kind.remove("default/big", (failure as PartialFailure).outputs, request);
  });

  it("is left out on request", async () => {
    const kind = handler("Service");
    const metadata = { name: "alone", annotations: { "pulumi.com/skipAwait": "true" } };
    const resource = await create(kind, { metadata, spec: { selector: { app: "nobody" }, ports: [{ port: 80 }] } });
    await kind.remove(resource.id, resource.state, request);
  });

  it("ends at once when a job failed for good", async () => {
    const kind = handler("Job");
    const metadata = { name: "failing" };
    const spec = {
      ...job,
      activeDeadlineSeconds: 1,
      template: { ...job.template, metadata: { annotations: { "simulation.local/waiting": "Error" } } },
    };
    const failure = await kind.create(await checked(kind, { metadata, spec }), false, request).catch((e: unknown) => e);
    expect((failure as PartialFailure).reason).toContain("the job failed: DeadlineExceeded");
    await kind.remove("default/failing", (failure as PartialFailure).outputs, request);
  });

  it("makes a failed job anew at the next update when asked to, and leaves one alone that is done", async () => {
    const kind = handler("Job");
    const metadata = { name: "again", annotations: { "pulumi.com/replaceUnready": "true" } };
    const failing = {
      ...job,
      activeDeadlineSeconds: 1,
      template: { ...job.template, metadata: { annotations: { "simulation.local/waiting": "Error" } } },
    };
    const inputs = await checked(kind, { metadata, spec: failing });
    const failure = await kind.create(inputs, false, request).catch((error: unknown) => error);
    const { id, outputs: state } = failure as PartialFailure;
    expect(await difference(kind, { id, inputs, state }, { metadata, spec: failing })).toEqual({
      list: ['metadata.annotations["pulumi.com/replaceUnready"]!'],
      deleteBeforeReplace: true,
    });
    const unmarked = { metadata: { name: "again" }, spec: failing };
    expect(
      (await difference(kind, { id, inputs, state }, unmarked)).list.filter((property) => property.endsWith("!")),
    ).toEqual([]);
    await kind.remove(id, state, request);

    const done = await create(kind, { metadata, spec: job });
    expect((await difference(kind, done, { metadata, spec: job })).list).toEqual([]);
    await kind.remove(done.id, done.state, request);
    // Nothing is there to be replaced: the update tells so.
    expect((await difference(kind, done, { metadata, spec: job })).list).toEqual([]);
  });
});

describe("a cluster that is not there", () => {
  const settings = { kubeconfig: JSON.stringify(nowhere()) };

  it("is named by everything but a preview", async () => {
    const kind = handler("ConfigMap", settings);
    const inputs = await checked(kind, { metadata: { name: "a" } });
    expect(await kind.create(inputs, true, request)).toEqual({ id: "", outputs: inputs });
    const reason = "cluster is unreachable: https://127.0.0.1:1: nothing listens there";
    await expect(kind.create(inputs, false, request)).rejects.toThrow(reason);
    await expect(kind.update("default/a", inputs, inputs, false, request)).rejects.toThrow(reason);
    await expect(kind.remove("default/a", inputs, request)).rejects.toThrow("PULUMI_K8S_DELETE_UNREACHABLE");
    await expect(kind.read("default/a", inputs, inputs, request)).rejects.toThrow("PULUMI_K8S_DELETE_UNREACHABLE");
    expect(warnings.at(-1)).toContain(reason);
  });

  it("can be forgotten on request", async () => {
    const kind = handler("ConfigMap", { ...settings, deleteUnreachable: "true" });
    await kind.remove("default/a", {}, request);
    expect(await kind.read("default/a", {}, {}, request)).toBeUndefined();
  });
});

function nowhere(): Values {
  return {
    "current-context": "x",
    clusters: [{ name: "x", cluster: { server: "https://127.0.0.1:1" } }],
    contexts: [{ name: "x", context: { cluster: "x" } }],
  };
}
