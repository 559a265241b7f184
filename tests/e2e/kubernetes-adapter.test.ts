/** What the Kubernetes adapter makes, on the real engine, a real API server and simulated nodes. */
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startCluster, type Cluster } from "../../toolchain/cluster";
import { KubernetesClient, type KubeObject } from "../../toolchain/plugins/kubernetes/client";
import { clusterConnection } from "../../toolchain/plugins/kubernetes/kubeconfig";
import { testStack, type TestStack } from "../toolchain/cluster/stack";
import { serverWarnings } from "./support/server-warnings";

const REPOSITORY = path.resolve(__dirname, "../..");
const PROGRAM = `
require(${JSON.stringify(path.join(REPOSITORY, "node_modules/tsx/dist/cjs/index.cjs"))});
const { deployOneOfEach } = require(${JSON.stringify(path.join(REPOSITORY, "tests/platform/kubernetes-program.ts"))});
module.exports = () => deployOneOfEach(JSON.parse(process.env.WRITTEN), process.env.CONTENT);
`;
const UP = ["up", "--yes", "--skip-preview"];

let cluster: Cluster;
let client: KubernetesClient;
let stack: TestStack;
let written: Readonly<Record<string, unknown>>;

/** Environment of a run with other settings. */
const withSettings = (changed: Readonly<Record<string, unknown>>) => ({
  WRITTEN: JSON.stringify({ ...written, ...changed }),
});

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
  client = new KubernetesClient(clusterConnection({ kubeconfig: cluster.kubeconfig }));
  const ingress = { domain: "example.test", className: "simulated" };
  written = { kubeconfig: cluster.kubeconfig, kubernetesContext: cluster.context, namespace: "watch", ingress };
  stack = await testStack(PROGRAM, { ...withSettings({}), CONTENT: "a: 1\n" });
});

afterAll(async () => {
  await stack?.remove();
  client?.close();
  await cluster?.stop();
});

async function items(at: string): Promise<KubeObject[]> {
  return (await client.call<{ items: KubeObject[] }>("GET", at)).items;
}

interface PodSpec {
  readonly nodeName: string;
  readonly volumes: readonly { readonly name: string; readonly projected?: { readonly sources: readonly object[] } }[];
}

async function podsOf(program: string, namespace = "watch") {
  const pods = await items(`/api/v1/namespaces/${namespace}/pods`);
  return pods
    .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === program)
    .map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, ...(pod["spec"] as PodSpec) }));
}

describe("one of everything that the adapter makes", () => {
  it("comes up, and every program is ready or has run", async () => {
    await stack.succeed(UP);
    const all = await Promise.all(
      ["watch", "watch-agents"].map((namespace) => items(`/api/v1/namespaces/${namespace}/pods`)),
    );
    const phases = all.flat().map((pod) => {
      const { phase } = pod["status"] as { phase: string };
      return `${pod.metadata.labels?.["app.kubernetes.io/name"]} ${phase}`;
    });
    expect(phases.sort()).toEqual([
      ...Array<string>(3).fill("agent Running"),
      ...Array<string>(3).fill("collector Running"),
      "setup Succeeded",
      ...Array<string>(3).fill("store Running"),
      ...Array<string>(2).fill("web Running"),
    ]);
  });

  it("gives the cluster no cause for a warning", async () => {
    const events = await items("/api/v1/events");
    const failed = events.filter(({ reason }) => /Failed|Forbidden|Invalid/.test(String(reason)));
    // Claim and pod of a copy are made at once, and the scheduler may learn of the pod first.
    const early = /persistentvolumeclaim "[^"]+" not found/;
    expect(failed.map(({ message }) => String(message)).filter((message) => !early.test(message))).toEqual([]);
    const { seen, warnings } = await serverWarnings(cluster.kubeconfig, client, ["watch", "watch-agents"]);
    expect(warnings).toEqual([]);
    expect(seen).toEqual(expect.arrayContaining(["web", "store", "collector", "agent", "cleaner", "store-replicas"]));
  });

  it("is what a preview finds again", async () => {
    expect(await stack.succeed(["preview", "--expect-no-changes", "--refresh"])).toContain("unchanged");
  });

  it("is on nodes of their own, where copies must be", async () => {
    const nodes = (await podsOf("store")).map(({ nodeName }) => nodeName);
    expect(nodes.sort()).toEqual(["node-1", "node-2", "node-3"]);
  });

  it("has a token for the API only where the program reads it", async () => {
    const hasToken = async (program: string) =>
      (await podsOf(program)).some(({ volumes = [] }) => JSON.stringify(volumes).includes("serviceAccountToken"));
    expect([await hasToken("web"), await hasToken("store"), await hasToken("collector")]).toEqual([true, false, false]);
  });

  it("shows no secret in its state", async () => {
    const state = await stack.state();
    const encoded = Buffer.from("a password").toString("base64");
    expect([state.includes('"a password"'), state.includes(encoded)]).toEqual([false, false]);
    const secrets = await items("/api/v1/namespaces/watch/secrets");
    expect(secrets.map((secret) => secret["data"])).toEqual([{ secrets__password: encoded }]);
  });
});

describe("a changed file", () => {
  it("rolls the pods of its program, and of no other", async () => {
    const before = { web: await podsOf("web"), store: await podsOf("store") };
    await stack.succeed(UP, { CONTENT: "a: 2\n" });
    const after = { web: await podsOf("web"), store: await podsOf("store") };
    expect(after.store.map(({ uid }) => uid).sort()).toEqual(before.store.map(({ uid }) => uid).sort());
    expect(after.web.filter(({ uid }) => before.web.some((old) => old.uid === uid))).toEqual([]);
    const maps = (await items("/api/v1/namespaces/watch/configmaps")).filter(
      ({ metadata }) => metadata.name !== "kube-root-ca.crt",
    );
    expect(maps).toHaveLength(1);
    expect(maps[0]?.["data"]).toMatchObject({ "web.yaml": "a: 2\n" });
    for (const { volumes } of after.web) {
      const [files] = volumes.filter(({ name }) => name === "files");
      expect(files?.projected?.sources).toEqual([
        { configMap: expect.objectContaining({ name: maps[0]?.metadata.name }) },
      ]);
    }
  });
});

describe("a cluster that does not fit", () => {
  it.each<[string, () => Readonly<Record<string, unknown>>, string]>([
    ["a context that it does not have", () => ({ kubernetesContext: "gone" }), "expected one of: test-cluster"],
    ["a storage class that it does not have", () => ({ storageClass: "gone" }), "expected one of: immediate, standard"],
  ])("is refused for %s, before anything is made", async (_, changed, message) => {
    const { code, output } = await stack.run(UP, withSettings(changed()));
    expect(code).not.toBe(0);
    expect(output).toContain(message);
    expect(output).not.toMatch(/created|updated|deleted/);
  });
});

describe("data", () => {
  const claimsOf = async () =>
    (await items("/api/v1/namespaces/watch/persistentvolumeclaims"))
      .map((claim) => `${claim.metadata.name} ${(claim["spec"] as { volumeName: string }).volumeName}`)
      .sort();

  it("is protected where the settings say so", async () => {
    await stack.succeed(UP, withSettings({ protectData: true, frontDoor: { domain: "example.test" } }));
    const { code, output } = await stack.run(["destroy", "--yes"]);
    expect(code).not.toBe(0);
    expect(output).toContain("it is protected");
    expect(await podsOf("store")).toHaveLength(3);
    await stack.succeed(UP);
  });

  it("is found again by the next stack of the same name", async () => {
    const before = await claimsOf();
    expect(before.map((claim) => claim.split(" ")[0])).toEqual(["data-store-0", "data-store-1", "data-store-2"]);
    await stack.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await podsOf("store")).toEqual([]);
    expect(await claimsOf()).toEqual(before);
    await stack.succeed(UP);
    expect(await claimsOf()).toEqual(before);
  });
});
