import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { startCluster, type Cluster } from "../../toolchain/cluster";
import { runCommand } from "../../toolchain/command";
import { ensureTool } from "../../toolchain/tools";
import { stackFile } from "../support/stack-file";
import { ClusterView } from "./support/cluster-objects";
import { DEVELOPMENT, ELK, ELK_AGENTS, LOKI, LOKI_AGENTS, PRODUCTION, ready } from "./support/cluster-programs";
import { eventually } from "./support/eventually";
import { serverWarnings } from "./support/server-warnings";
import { TestStack } from "./support/test-stack";

let cluster: Cluster;
let view: ClusterView;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
  view = new ClusterView(cluster.kubeconfig);
}, 3_600_000);

afterAll(async () => {
  view?.close();
  await cluster?.stop();
});

/** What a production stack warns of when it is missing. */
const SNAPSHOTS = { elasticsearchSnapshots: { storageClass: "immediate" } };
const ALERT_SECRETS = {
  alertWebhookUrl: "https://alerts.example.com/hook",
  deadMansSwitchUrl: "https://watch.example.com/1",
};

describe.each([
  ["dev on Kubernetes", { platform: "kubernetes" }, { ...DEVELOPMENT, ...LOKI }, LOKI_AGENTS],
  [
    "dev on Kubernetes with both stores",
    { platform: "kubernetes", logging: "both" },
    { ...DEVELOPMENT, ...LOKI, ...ELK },
    { ...LOKI_AGENTS, ...ELK_AGENTS },
  ],
  ["dev on Kubernetes with ELK", { platform: "kubernetes", logging: "elk" }, { ...DEVELOPMENT, ...ELK }, ELK_AGENTS],
  ["prod", { ...stackFile("prod"), ...SNAPSHOTS }, PRODUCTION, ELK_AGENTS],
] as const)("%s, on the real API server", (_, configuration, programs, agents) => {
  let stack: TestStack;
  let output: string;

  beforeAll(async () => {
    const connection = { kubeconfig: cluster.kubeconfig, kubernetesContext: cluster.context };
    const settings = { scrapeInterval: "15s", ...configuration, ...connection };
    stack = await TestStack.create(inject("workspace"), settings, ALERT_SECRETS);
    output = await stack.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
  });

  afterAll(async () => {
    await stack?.run.capture(["state", "unprotect", "--all", "--yes"]).catch(() => "");
    await stack?.remove();
  });

  it("is accepted without a warning of the engine's or of the API server's", async () => {
    expect(output).not.toMatch(/warning/i);
    const namespaces = [stack.name, `${stack.name}-agents`];
    const { seen, warnings } = await serverWarnings(cluster.kubeconfig, view.client, namespaces);
    expect(warnings).toEqual([]);
    expect(seen).toEqual(expect.arrayContaining(["prometheus", "node-exporter"]));
  });

  it("has every program ready, agents in a namespace of their own", async () => {
    expect(await view.readiness(stack.name)).toEqual(programs);
    expect(await view.readiness(`${stack.name}-agents`)).toEqual(agents);
  });

  it("has no pod that the restricted standard refuses", async () => {
    const namespace = await view.client.call<{ metadata: { labels: Record<string, string> } }>(
      "GET",
      `/api/v1/namespaces/${stack.name}`,
    );
    expect(namespace.metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
    const refused = (await view.warnings(stack.name)).filter((text) => /PodSecurity|FailedCreate|forbidden/.test(text));
    expect(refused).toEqual([]);
  });

  it("shows no change in a preview right after", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });

  it("rolls Prometheus, and nothing else, when a rule changes", async () => {
    const rules = path.join(stack.folder, "configs/prometheus/rules/custom.yaml");
    await writeFile(rules, `${await readFile(rules, "utf8")}\n# changed\n`);
    const preview = await stack.run.capture(["preview", "--diff", "--json"]);
    const { steps } = JSON.parse(preview) as { steps: { op: string; urn: string }[] };
    const changed = steps.filter(({ op }) => op !== "same").map(({ urn }) => urn.split("::").at(-1));
    expect(new Set(changed)).toEqual(new Set(["metrics-prometheus", "metrics-prometheus-files"]));
  });
});

describe("data on a cluster", () => {
  it("outlives its stack, is found again, and protected is not deleted at all", async () => {
    const configuration = {
      platform: "kubernetes",
      kubeconfig: cluster.kubeconfig,
      kubernetesContext: cluster.context,
      protectData: true,
      frontDoor: { domain: "example.test" },
    };
    const stack = await TestStack.create(inject("workspace"), configuration);
    try {
      await stack.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
      await expect(stack.run.capture(["destroy", "--yes"])).rejects.toThrow(/protect/);
      expect(await view.readiness(stack.name)).toMatchObject({ "statefulset/loki": ready(1) });
      await stack.run.capture(["state", "unprotect", "--all", "--yes"]);
      const before = await claims(stack.name);
      await stack.run.capture(["destroy", "--yes", "--skip-preview"]);
      expect(await view.readiness(stack.name)).toEqual({});
      expect(await claims(stack.name)).toEqual(before);
      await stack.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
      expect(await claims(stack.name)).toEqual(before);
    } finally {
      await stack.run.capture(["state", "unprotect", "--all", "--yes"]).catch(() => "");
      await stack.remove();
    }
  });

  /** Claims by name, with the volume that each has. */
  async function claims(namespace: string): Promise<Record<string, string>> {
    const found = await view.list<{ metadata: { name: string }; spec: { volumeName: string } }>(
      `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
    );
    return Object.fromEntries(found.map(({ metadata, spec }) => [metadata.name, spec.volumeName]));
  }
});

describe("a cluster that does not fit", () => {
  const CASES: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ["an unknown context", { kubernetesContext: "nowhere" }, /kubernetesContext.*nowhere/s],
    ["a kubeconfig that is not there", { kubeconfig: "/nowhere/config" }, /kubeconfig.*\/nowhere\/config/s],
    ["a storage class that does not exist", { storageClass: "golden" }, /storageClass.*golden.*standard/s],
    [
      "more copies than nodes, each on its own",
      { replicas: { alertmanager: 5 }, spread: "required" },
      /replicas\.alertmanager.*5.*3/s,
    ],
  ];

  let stack: TestStack;

  beforeAll(async () => {
    const connection = { kubeconfig: cluster.kubeconfig, kubernetesContext: cluster.context };
    stack = await TestStack.create(inject("workspace"), { platform: "kubernetes", ...connection });
  });

  afterAll(() => stack?.remove());

  it.each(CASES)("%s is refused before anything is created", async (_, written, message) => {
    const up = stack.configuredWith(written, (run) => run.capture(["up", "--yes", "--skip-preview"]));
    await expect(up).rejects.toThrow(message);
    const namespaces = await view.list<{ metadata: { name: string } }>("/api/v1/namespaces");
    expect(namespaces.map(({ metadata }) => metadata.name)).not.toContain(stack.name);
  });

  it("and one that does not answer is named, with what to do", async () => {
    const kubeconfig = path.join(stack.folder, "kubeconfig");
    const text = await readFile(cluster.kubeconfig, "utf8");
    await writeFile(kubeconfig, text.replace(/server: \S+/, "server: https://127.0.0.1:1"));
    const preview = stack.configuredWith({ kubeconfig }, (run) => run.capture(["preview"]));
    await expect(preview).rejects.toThrow(/https:\/\/127\.0\.0\.1:1/);
  });
});

/** What Prometheus finds on the cluster, by its own tool, from the stack's own configuration. */
describe("discovery on a cluster", () => {
  interface Found {
    readonly discoveredLabels: Record<string, string>;
    readonly labels: Record<string, string>;
  }
  let folder: string;
  let stack: TestStack;
  let config: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "pmtest-discovery-"));
    const connection = { kubeconfig: cluster.kubeconfig, kubernetesContext: cluster.context };
    stack = await TestStack.create(inject("workspace"), {
      platform: "kubernetes",
      ...connection,
      servicesNamespace: "discovery",
    });
    await stack.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
    await view.client.call("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "discovery" } },
    });
    const pods: Record<string, Record<string, string>> = {
      reporting: { "prometheus.io/scrape": "true", "prometheus.io/port": "9102", "prometheus.io/path": "/stats" },
      "api-gateway": { "prometheus.io/scrape": "true", "prometheus.io/port": "8000" },
      silent: {},
    };
    for (const [name, annotations] of Object.entries(pods)) {
      await view.client.call("POST", "/api/v1/namespaces/discovery/pods", { body: pod(name, annotations) });
    }
    await view.client.call("POST", "/api/v1/namespaces/discovery/services", {
      body: {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "api-gateway" },
        spec: { selector: { "app.kubernetes.io/name": "api-gateway" }, ports: [{ name: "http", port: 8000 }] },
      },
    });
    config = path.join(folder, "prometheus.yml");
    await writeFile(config, await renderedConfig());
  });

  afterAll(async () => {
    await view.client.call("DELETE", "/api/v1/namespaces/discovery").catch(() => undefined);
    await stack?.remove();
    if (folder) await rm(folder, { recursive: true });
  });

  const pod = (name: string, annotations: Record<string, string>) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${name}-1`, labels: { "app.kubernetes.io/name": name }, annotations },
    spec: { containers: [{ name: "main", image: "example/service:1", ports: [{ containerPort: 8000 }] }] },
  });

  /** The file in the stack's ConfigMap, looking at the cluster from outside. */
  async function renderedConfig(): Promise<string> {
    const maps = await view.list<{ data: Record<string, string> }>(`/api/v1/namespaces/${stack.name}/configmaps`);
    const text = maps.flatMap(({ data }) => Object.entries(data ?? {})).find(([key]) => key.endsWith("prometheus.yml"));
    const credentials = path.join(folder, "credentials");
    await writeFile(credentials, "");
    return (text?.[1] ?? "")
      .replaceAll(
        "kubernetes_sd_configs:\n      - role:",
        `kubernetes_sd_configs:\n      - kubeconfig_file: ${cluster.kubeconfig}\n        role:`,
      )
      .replace(/\S*\/serviceaccount\/(token|ca.crt)/g, credentials);
  }

  async function found(job: string): Promise<Record<string, string>[]> {
    const promtool = await ensureTool("promtool");
    const { stdout } = await runCommand(promtool, ["check", "service-discovery", "--timeout=5s", config, job]);
    const targets = JSON.parse(stdout.slice(stdout.indexOf("["))) as Found[];
    return targets.map(({ labels }) => labels).filter((labels) => Object.keys(labels ?? {}).length > 0);
  }

  it("finds a service by its annotation, and not one that has a target already", async () => {
    const targets = await found("annotated-services");
    expect(targets).toEqual([
      expect.objectContaining({
        service: "reporting",
        job: "services",
        __metrics_path__: "/stats",
        __address__: expect.stringMatching(/:9102$/) as unknown,
      }),
    ]);
  });

  it("finds the copies of a listed service behind its Service", async () => {
    const [target, ...others] = await eventually("its endpoints", async () => {
      const targets = await found("discovered-services");
      return targets.length > 0 ? targets : undefined;
    });
    expect(others).toEqual([]);
    expect(target).toMatchObject({ job: "services", service: "api-gateway", owner: "platform", pod: "api-gateway-1" });
    expect(target?.["__address__"]).toMatch(/^[\d.]+:8000$/);
  });

  it("finds the copies of a program by their pods, at the port that has metrics", async () => {
    const targets = await found("node-exporter");
    expect(targets.map(({ service, node }) => `${service} on ${node}`).sort()).toEqual(
      [1, 2, 3].map((index) => `node-exporter on node-${index}`),
    );
    for (const { __address__: address } of targets) expect(address).toMatch(/:9100$/);
  });

  it("finds every kubelet, for its own metrics and its containers'", async () => {
    for (const job of ["kubelet", "cadvisor"]) expect(await found(job)).toHaveLength(3);
  });
});
