/** The test cluster itself: what a real one would refuse and what a real one would do. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type Cluster } from "../../../toolchain/cluster";
import { KubernetesClient, type KubeObject } from "../../../toolchain/plugins/kubernetes/client";
import { clusterConnection } from "../../../toolchain/plugins/kubernetes/kubeconfig";

const MAIN = path.resolve(__dirname, "../../../toolchain/cluster/main.ts");

let cluster: Cluster;
let client: KubernetesClient;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 4 });
  client = new KubernetesClient(clusterConnection({ kubeconfig: cluster.kubeconfig, context: cluster.context }));
});

afterAll(async () => {
  client.close();
  await cluster.stop();
});

async function items(path: string): Promise<KubeObject[]> {
  return (await client.call<{ items: KubeObject[] }>("GET", path)).items;
}

async function eventually(reached: () => boolean | Promise<boolean>, milliseconds = 15_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await reached())) {
    if (Date.now() > deadline) throw new Error("it did not happen in time");
    await sleep(100);
  }
}

const container = { name: "a", image: "b" };

describe("the test cluster", () => {
  it("has nodes in three zones, a default storage class and a default ingress class", async () => {
    const nodes = await items("/api/v1/nodes");
    const zones = nodes.map(({ metadata }) => metadata.labels?.["topology.kubernetes.io/zone"]);
    expect(zones).toEqual(["zone-a", "zone-b", "zone-c", "zone-a"]);
    expect(nodes[0]?.["status"]).toMatchObject({ allocatable: { cpu: "8", memory: "32Gi" } });
    const classes = await items("/apis/storage.k8s.io/v1/storageclasses");
    expect(classes.map(({ metadata }) => metadata.name)).toEqual(["immediate", "standard"]);
  });

  it("checks pods against the namespace's security level", async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await client.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "strict", labels } } });
    await eventually(async () => Boolean(await client.find("/api/v1/namespaces/strict/serviceaccounts/default")));
    const body = { metadata: { name: "loose" }, spec: { containers: [container] } };
    const creation = client.call("POST", "/api/v1/namespaces/strict/pods", { body });
    await expect(creation).rejects.toThrow('violates PodSecurity "restricted:latest"');
  });

  it("gives service accounts tokens that may do what their roles allow, and nothing else", async () => {
    const accounts = "/api/v1/namespaces/default/serviceaccounts";
    const answer = await client.call<{ status: { token: string } }>("POST", `${accounts}/default/token`, { body: {} });
    const { server, ca } = client.connection;
    const account = new KubernetesClient({ server, ca, token: answer.status.token, insecure: false });
    const attempt = account.call("GET", "/api/v1/namespaces/default/pods");
    await expect(attempt).rejects.toThrow('User "system:serviceaccount:default:default" cannot list resource "pods"');
    account.close();
  });

  it("binds claims at once or for their first pod, and frees the volumes with them", async () => {
    const claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    await client.call("POST", claims, {
      body: { metadata: { name: "now" }, spec: { ...spec, storageClassName: "immediate" } },
    });
    await client.call("POST", claims, { body: { metadata: { name: "later" }, spec } });
    const phase = async (name: string): Promise<unknown> =>
      ((await client.call<KubeObject>("GET", `${claims}/${name}`))["status"] as { phase?: string }).phase;
    await eventually(async () => (await phase("now")) === "Bound");
    expect(await phase("later")).toBe("Pending");
    const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "later" } }];
    const body = { metadata: { name: "user" }, spec: { containers: [container], volumes } };
    await client.call("POST", "/api/v1/namespaces/default/pods", { body });
    await eventually(async () => (await phase("later")) === "Bound");
    await client.raw("DELETE", "/api/v1/namespaces/default/pods/user");
    for (const name of ["now", "later"]) await client.raw("DELETE", `${claims}/${name}`);
    await eventually(async () => (await items("/api/v1/persistentvolumes")).length === 0);
  });

  it("gives load balancers an address", async () => {
    const services = "/api/v1/namespaces/default/services";
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    await client.call("POST", services, { body: { metadata: { name: "outside" }, spec } });
    await eventually(async () => {
      const { loadBalancer } = (await client.call<KubeObject>("GET", `${services}/outside`))["status"] as {
        loadBalancer: { ingress?: unknown[] };
      };
      return loadBalancer.ingress !== undefined;
    });
  });
});

describe("the command", () => {
  async function started(): Promise<{ child: ReturnType<typeof spawn>; folder: string }> {
    const child = spawn(process.execPath, ["--import", "tsx", MAIN, "--nodes", "1"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const kubeconfig = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`it ended with code ${code}`)));
      createInterface({ input: child.stdout }).once("line", resolve);
    });
    return { child, folder: path.dirname(kubeconfig) };
  }

  it.each(["SIGINT", "SIGKILL"] as const)("leaves nothing behind after %s", async (signal) => {
    const { child, folder } = await started();
    const { server } = clusterConnection({ kubeconfig: path.join(folder, "admin.kubeconfig") });
    child.kill(signal);
    await eventually(() => !existsSync(folder));
    const gone = new KubernetesClient({ server, insecure: true }).call("GET", "/version");
    await expect(gone).rejects.toThrow("nothing listens there");
  });
});
