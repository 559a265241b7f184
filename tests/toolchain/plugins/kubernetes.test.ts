/** The kubernetes plugin under the real Pulumi engine, on a real API server with simulated nodes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type Cluster } from "../../../toolchain/cluster";
import { KubernetesClient, type KubeObject } from "../../../toolchain/plugins/kubernetes/client";
import { clusterConnection } from "../../../toolchain/plugins/kubernetes/kubeconfig";
import { testStack, type TestStack } from "../cluster/stack";

const NAMESPACE = "/api/v1/namespaces/demo";
const APPS = "/apis/apps/v1/namespaces/demo";

const PROGRAM = `
const env = process.env;
const provider = new k8s.Provider("cluster", { kubeconfig: env.TEST_KUBECONFIG });
const options = { provider };
const ns = new k8s.core.v1.Namespace("demo", { metadata: { name: "demo" } }, options);
const namespace = ns.metadata.name;
const labels = { app: "web" };
const settings = new k8s.core.v1.ConfigMap("settings", {
  metadata: { namespace },
  data: { "app.yml": env.TEST_SETTINGS ?? "one" },
}, options);
const password = new k8s.core.v1.Secret("password", {
  metadata: { namespace },
  stringData: { password: "correct horse battery" },
}, options);
const headless = new k8s.core.v1.Service("store", {
  metadata: { namespace, name: "store" },
  spec: { clusterIP: "None", selector: { app: "store" }, ports: [{ name: "http", port: 80 }] },
}, options);
const store = new k8s.apps.v1.StatefulSet("store", {
  metadata: { namespace, name: "store" },
  spec: {
    serviceName: headless.metadata.name,
    replicas: 2,
    selector: { matchLabels: { app: "store" } },
    template: {
      metadata: { labels: { app: "store" } },
      spec: {
        hostNetwork: false,
        containers: [{
          name: "store",
          image: "store:1",
          resources: { requests: { cpu: "0.5", memory: "1024Mi" }, limits: { memory: "2048Mi" } },
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        }],
      },
    },
    volumeClaimTemplates: [{
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } },
    }],
  },
}, options);
const annotations = env.TEST_WAITING
  ? { "simulation.local/waiting": env.TEST_WAITING }
  : {};
const web = new k8s.apps.v1.Deployment("web", {
  metadata: { namespace, name: "web", annotations: { "pulumi.com/timeoutSeconds": env.TEST_TIMEOUT ?? "60" } },
  spec: {
    replicas: 2,
    strategy: { rollingUpdate: { maxUnavailable: 0 } },
    selector: { matchLabels: labels },
    template: {
      metadata: { labels, annotations },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{
          name: "web",
          image: env.TEST_IMAGE ?? "web:1",
          ports: [{ name: "http", containerPort: 8080 }],
          env: [{ name: "EMPTY", value: "" }],
          ...(env.TEST_UNKNOWN_FIELD && { [env.TEST_UNKNOWN_FIELD]: "x" }),
          volumeMounts: [{ name: "settings", mountPath: "/etc/app", readOnly: false }],
        }],
        volumes: [
          { name: "settings", configMap: { name: settings.metadata.name } },
          { name: "cache", emptyDir: {} },
        ],
      },
    },
  },
}, options);
const service = new k8s.core.v1.Service("web", {
  metadata: { namespace, name: "web" },
  spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
}, { ...options, dependsOn: web });
new k8s.networking.v1.NetworkPolicy("deny", {
  metadata: { namespace, name: "deny" },
  spec: { podSelector: {}, policyTypes: ["Ingress"] },
}, options);
if (env.TEST_OTHER_KIND) new k8s.core.v1.Pod("pod", { spec: { containers: [{ name: "a", image: "b" }] } }, options);
exports.settings = settings.metadata.name;
exports.address = service.spec.clusterIP;
`;

let cluster: Cluster;
let client: KubernetesClient;
let stack: TestStack;

interface Outputs {
  readonly settings: string;
  readonly address: string;
}

async function outputs(): Promise<Outputs> {
  return JSON.parse(await stack.succeed(["stack", "output", "--json"])) as Outputs;
}

function up(more?: NodeJS.ProcessEnv): Promise<string> {
  return stack.succeed(["up", "--yes", "--skip-preview"], more);
}

async function object(path: string): Promise<KubeObject> {
  const found = await client.find<KubeObject>(path);
  if (!found) throw new Error(`nothing at ${path}`);
  return found;
}

function merge(path: string, body: unknown): Promise<unknown> {
  return client.call("PATCH", path, { body, contentType: "application/merge-patch+json" });
}

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
  client = new KubernetesClient(clusterConnection({ kubeconfig: cluster.kubeconfig }));
  stack = await testStack(PROGRAM, { TEST_KUBECONFIG: cluster.kubeconfig });
});

afterAll(async () => {
  await stack.remove();
  client.close();
  await cluster.stop();
});

describe("a stack on the kubernetes plugin", () => {
  it("refuses an unknown field by name, before anything exists", async () => {
    const { code, output } = await stack.run(["preview"], { TEST_UNKNOWN_FIELD: "imagePulPolicy" });
    expect(code).not.toBe(0);
    expect(output).toContain("Deployment 'web' has a field that Kubernetes does not know");
    expect(output).toContain(".imagePulPolicy: field not declared in schema");
  });

  it("previews without creating anything", async () => {
    expect(await stack.succeed(["preview"])).toMatch(/\+ 10 to create/);
    expect(await client.find(NAMESPACE)).toBeUndefined();
  });

  it("comes up once everything is ready", async () => {
    const output = await up();
    expect(output).toMatch(/\+ 10 created/);
    expect(output).not.toContain("warning");
    expect((await object(`${APPS}/deployments/web`))["status"]).toMatchObject({ availableReplicas: 2 });
    expect((await object(`${APPS}/statefulsets/store`))["status"]).toMatchObject({ readyReplicas: 2 });
    expect((await object(`${NAMESPACE}/persistentvolumeclaims/data-store-1`))["status"]).toMatchObject({
      phase: "Bound",
    });
    const { settings, address } = await outputs();
    expect(settings).toMatch(/^settings-[0-9a-f]{8}$/);
    expect(address).toMatch(/^10\.96\./);
    const [entry] = (await object(`${APPS}/deployments/web`)).metadata.managedFields ?? [];
    expect(entry).toMatchObject({ operation: "Apply" });
    expect(entry?.manager).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
  });

  it("has no changes in the next preview", async () => {
    expect(await stack.succeed(["preview", "--expect-no-changes", "--diff"])).not.toContain("warning");
  });

  it("keeps what secrets hold out of the state and of everything that is shown", async () => {
    const encoded = Buffer.from("correct horse battery").toString("base64");
    const state = await stack.state();
    expect(state).not.toContain("correct horse");
    expect(state).not.toContain(encoded);
    expect(await stack.succeed(["preview", "--diff", "--refresh"])).not.toContain(encoded);
  });

  it("is unchanged by a refresh", async () => {
    const output = await stack.succeed(["refresh", "--yes", "--skip-preview", "--diff"]);
    await stack.succeed(["preview", "--expect-no-changes", "--diff"]);
    expect(output).not.toContain("error");
  });

  it("sees and mends what kubectl changed", async () => {
    const path = `${APPS}/deployments/web`;
    await client.call("PATCH", path, {
      body: { spec: { template: { spec: { containers: [{ name: "web", image: "web:9" }] } } } },
      contentType: "application/strategic-merge-patch+json",
      query: { fieldManager: "kubectl-edit" },
    });
    expect(await stack.succeed(["refresh", "--yes", "--skip-preview"])).toMatch(/~ 1 updated/);
    expect(await stack.succeed(["preview", "--diff"])).toMatch(/image: "web:9" => "web:1"/);
    expect(await up()).toMatch(/~ 1 updated/);
    expect(JSON.stringify((await object(path))["spec"])).toContain('"image":"web:1"');
  });

  it("leaves other programs' fields alone, and says whose they are when the program sets them too", async () => {
    await merge(`${APPS}/deployments/web?fieldManager=other`, { metadata: { labels: { team: "other" } } });
    await stack.succeed(["refresh", "--yes", "--skip-preview"]);
    await stack.succeed(["preview", "--expect-no-changes", "--diff"]);
    await client.call("PATCH", `${APPS}/deployments/web?fieldManager=other`, {
      body: { spec: { template: { spec: { containers: [{ name: "web", image: "web:8" }] } } } },
      contentType: "application/strategic-merge-patch+json",
    });
    const { code, output } = await stack.run(["up", "--yes", "--skip-preview"], { TEST_IMAGE: "web:2" });
    expect(code).not.toBe(0);
    expect(output).toContain("belong to another manager");
    expect(output).toContain('conflict with "other"');
    await client.call("PATCH", `${APPS}/deployments/web?fieldManager=kubectl`, {
      body: { spec: { template: { spec: { containers: [{ name: "web", image: "web:7" }] } } } },
      contentType: "application/strategic-merge-patch+json",
    });
    await up({ TEST_IMAGE: "web:2" });
    await up();
  });

  it("replaces a ConfigMap whose data changes, and rolls what mounts it", async () => {
    const before = await outputs();
    const two = { TEST_SETTINGS: "two" };
    expect(await stack.succeed(["preview", "--diff"], two)).toMatch(/\+-.*ConfigMap/);
    expect(await up(two)).toMatch(/1 replaced/);
    const after = await outputs();
    expect(after.settings).not.toBe(before.settings);
    expect(await client.find(`${NAMESPACE}/configmaps/${before.settings}`)).toBeUndefined();
    expect(JSON.stringify((await object(`${APPS}/deployments/web`))["spec"])).toContain(after.settings);
    await stack.succeed(["preview", "--expect-no-changes", "--diff"], two);
  });

  it("says why something does not become ready, keeps it, and mends it", async () => {
    const two = { TEST_SETTINGS: "two" };
    const broken = { ...two, TEST_WAITING: "ImagePullBackOff", TEST_IMAGE: "web:broken", TEST_TIMEOUT: "3" };
    const { code, output } = await stack.run(["up", "--yes", "--skip-preview"], broken);
    expect(code).not.toBe(0);
    expect(output).toContain("Deployment 'web' is not ready after 3 s: 1 of 2 pods are updated");
    expect(output).toContain("container 'web': ImagePullBackOff: ImagePullBackOff: web:broken");
    expect(await up(two)).toMatch(/~ 1 updated/);
    await stack.succeed(["preview", "--expect-no-changes", "--diff"], two);
  });

  it("refuses an unknown kind by name", async () => {
    const { code, output } = await stack.run(["preview"], { TEST_OTHER_KIND: "1" });
    expect(code).not.toBe(0);
    expect(output).toContain("the resource type 'kubernetes:core/v1:Pod' needs the vendor's plugin");
  });

  it("removes everything", async () => {
    await stack.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await client.find(NAMESPACE)).toBeUndefined();
  });
});
