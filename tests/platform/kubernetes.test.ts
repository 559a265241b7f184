import { afterEach, describe, expect, it, vi } from "vitest";

import { KubernetesPlatform } from "../../components/platform/kubernetes";
import { CLUSTER_API, SERVICES, type Workload } from "../../components/platform/workload";
import { recordResources, type Registration } from "../support/mocks";
import { settingsFor } from "../support/settings";
import { TINY, type Case } from "./contract-cases";
import { deployOnKubernetes, kindOf, placeOf, podsOf, specOf, tcp } from "./kubernetes-support";

afterEach(() => {
  vi.unstubAllEnvs();
});

const PORT = { name: "http", number: 80, reach: { from: "peers" } } as const;

/** A program that makes the adapter create one of everything. */
const FULL: Partial<Workload> = {
  files: {
    directory: "/etc/tiny",
    entries: [
      { path: "tiny.yaml", content: "a: 1\n" },
      { path: "password", content: "secret", secret: true },
    ],
  },
  data: [{ name: "tiny", path: "/data", size: 2 ** 30 }],
  scratch: [{ path: "/tmp", size: 2 ** 20 }],
  ports: [{ name: "http", number: 80, reach: { from: "operator", published: 8080, login: true } }],
  placement: { kind: "replicated", replicas: 2 },
  talksTo: ["store", SERVICES],
  clusterAccess: [{ apiGroups: [""], resources: ["pods"], verbs: ["list"], reason: "finds what to scrape" }],
};
const agent: Workload = {
  ...TINY,
  name: "agent",
  runsAs: { uid: 0, gid: 0 },
  ports: [PORT],
  placement: { kind: "every-node" },
  privileges: [{ kind: "host-path", hostPath: "/var/log", path: "/var/log", reason: "reads logs" }],
  talksTo: ["store"],
};
const full: Case = {
  workload: FULL,
  peers: [{ ...TINY, name: "store", ports: [PORT] }, agent],
  onCluster: { ingress: { domain: "example.com" } },
};

type Metadata = Readonly<Record<"labels" | "annotations", Readonly<Record<string, string>> | undefined>>;
const metadataOf = ({ inputs }: Registration) => inputs.metadata as Metadata;
const isObject = ({ type }: Registration) => type.startsWith("kubernetes:");
const RUNNERS = ["Deployment", "StatefulSet", "DaemonSet"];

describe("objects of the Kubernetes adapter", () => {
  it("are these, for one of everything", async () => {
    const { recorder } = await deployOnKubernetes(full);
    expect(
      recorder.registrations
        .filter(isObject)
        .map((one) => `${kindOf(one)} ${one.name}`)
        .sort(),
    ).toEqual([
      "ClusterRole part-tiny-role",
      "ClusterRoleBinding part-tiny-role-binding",
      "ConfigMap part-tiny-files",
      "DaemonSet part-agent",
      "Deployment part-store",
      "Ingress kubernetes-ingress",
      "Namespace kubernetes-agents",
      "Namespace kubernetes-programs",
      "NetworkPolicy kubernetes-agents-default",
      "NetworkPolicy kubernetes-programs-default",
      "NetworkPolicy part-agent-network",
      "NetworkPolicy part-store-network",
      "NetworkPolicy part-tiny-network",
      "PodDisruptionBudget part-tiny-disruption",
      "Secret part-tiny-secrets",
      "Service kubernetes-alias-store",
      "Service part-agent-service",
      "Service part-store-service",
      "Service part-tiny-replicas",
      "Service part-tiny-service",
      "ServiceAccount part-tiny-account",
      "StatefulSet part-tiny",
    ]);
  });

  it("carry the stack's labels, all of them", async () => {
    const { recorder } = await deployOnKubernetes(full);
    for (const one of recorder.registrations.filter(isObject)) {
      expect([one.name, metadataOf(one).labels]).toEqual([
        one.name,
        expect.objectContaining({
          "app.kubernetes.io/instance": "pyairtable-test",
          "app.kubernetes.io/part-of": "pyairtable-monitoring",
          "app.kubernetes.io/managed-by": "pulumi",
        }),
      ]);
    }
  });

  it("have names that start with their parent's", async () => {
    const { recorder } = await deployOnKubernetes(full);
    const children = recorder.registrations.filter(({ parent }) => parent !== "");
    expect(children.filter(({ name, parent }) => !name.startsWith(`${parent}-`)).map(({ name }) => name)).toEqual([]);
  });

  it("wait for the namespace that they are in", async () => {
    const { recorder } = await deployOnKubernetes(full);
    const inside = recorder.registrations.filter((one) => isObject(one) && kindOf(one) !== "Namespace");
    for (const one of inside) {
      const { namespace } = placeOf({ recorder } as never, one.name);
      const expected = namespace === "watch-agents" ? "kubernetes-agents" : "kubernetes-programs";
      expect([one.name, one.dependencies]).toEqual([one.name, expect.arrayContaining([expected])]);
    }
  });

  it("are not waited for where another object's readiness says it", async () => {
    const { recorder } = await deployOnKubernetes(full);
    const left = recorder.registrations.filter(
      (one) => isObject(one) && metadataOf(one).annotations?.["pulumi.com/skipAwait"] === "true",
    );
    expect(left.map(({ name }) => name).sort()).toEqual([
      "kubernetes-ingress",
      "part-agent-service",
      "part-store-service",
      "part-tiny-service",
    ]);
  });
});

describe("pods of the Kubernetes adapter", () => {
  it("are locked down, every one of them", async () => {
    const { recorder } = await deployOnKubernetes(full);
    const runners = recorder.registrations.filter((one) => RUNNERS.includes(kindOf(one)));
    expect(runners).toHaveLength(3);
    for (const { inputs } of runners) {
      const { template } = inputs.spec as { template: { spec: Record<string, unknown> } };
      expect(template.spec).toMatchObject({
        enableServiceLinks: false,
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            resources: { limits: { memory: "64Mi", cpu: "250m" }, requests: { memory: "64Mi", cpu: "50m" } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
      });
    }
  });

  it("are selected by what never changes", async () => {
    const { recorder } = await deployOnKubernetes(full);
    for (const one of recorder.registrations.filter((each) => RUNNERS.includes(kindOf(each)))) {
      const { selector, template } = one.inputs.spec as { selector: object; template: { metadata: Metadata } };
      const { matchLabels } = podsOf(one.name.replace("part-", "")).podSelector;
      expect(selector).toEqual({ matchLabels });
      expect(template.metadata.labels).toMatchObject(matchLabels);
    }
  });

  it("wait for what would refuse their first connection or their start", async () => {
    const { runner } = await deployOnKubernetes(full);
    expect(runner.dependencies).toEqual([
      "kubernetes-programs",
      "part-tiny-account",
      "part-tiny-files",
      "part-tiny-network",
      "part-tiny-role",
      "part-tiny-role-binding",
      "part-tiny-secrets",
    ]);
  });
});

describe("namespaces", () => {
  it("hold programs to the restricted standard, and agents apart from them", async () => {
    const { recorder } = await deployOnKubernetes(full);
    const levels = recorder.ofKind("Namespace").map((one) => {
      const { labels = {} } = metadataOf(one);
      const modes = ["enforce", "audit", "warn"].map((mode) => labels[`pod-security.kubernetes.io/${mode}`]);
      return [placeOf({ recorder } as never, one.name).name, ...modes];
    });
    expect(levels).toEqual([
      ["watch-agents", "privileged", "privileged", "privileged"],
      ["watch", "restricted", "restricted", "restricted"],
    ]);
  });

  it("stay when the stack goes, since claims go with them", async () => {
    const { recorder } = await deployOnKubernetes(full);
    const staying = recorder.registrations.filter(({ options }) => options.retainOnDelete);
    expect(staying.map(({ name }) => name).sort()).toEqual(["kubernetes-agents", "kubernetes-programs"]);
  });

  it.each(["kubernetes-programs-default", "kubernetes-agents-default"])(
    "deny all traffic but name resolution (%s)",
    async (name) => {
      expect(specOf(await deployOnKubernetes(full), name)).toEqual({
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        egress: [
          {
            ports: [
              { port: 53, protocol: "TCP" },
              { port: 53, protocol: "UDP" },
            ],
          },
        ],
      });
    },
  );

  it("know each other's programs by their bare names", async () => {
    const one = await deployOnKubernetes(full);
    expect(placeOf(one, "kubernetes-alias-store")).toEqual({ name: "store", namespace: "watch-agents" });
    expect(specOf(one, "kubernetes-alias-store")).toEqual({
      type: "ExternalName",
      externalName: "store.watch.svc.cluster.local",
    });
  });
});

describe("the way in", () => {
  it("has a certificate of the issuer that the settings name", async () => {
    const ingress = { domain: "example.com", clusterIssuer: "letsencrypt", tlsSecret: "watch-tls" };
    const one = await deployOnKubernetes({ ...full, onCluster: { ingress } });
    const { inputs } = one.recorder.named("kubernetes-ingress");
    expect(inputs.metadata).toMatchObject({
      name: "pyairtable-test",
      namespace: "watch",
      annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" },
    });
    expect(inputs.spec).toMatchObject({ tls: [{ hosts: ["tiny.example.com"], secretName: "watch-tls" }] });
    expect(inputs.spec).not.toHaveProperty("ingressClassName");
  });

  it("is closed to a program that sees its machine", async () => {
    const { ports } = FULL as Workload;
    const opened = deployOnKubernetes({ workload: { ...agent, name: "tiny", ports, talksTo: [] } });
    await expect(opened).rejects.toThrow("tiny: a login of a program with privileges can not be had on a cluster");
  });
});

describe("the API server", () => {
  it("is reached at the ports of the settings", async () => {
    const onCluster = { kubernetesApiPorts: [16443] };
    const made = await deployOnKubernetes({ workload: { talksTo: [CLUSTER_API] }, onCluster });
    expect(specOf(made, "part-tiny-network").egress).toEqual([{ ports: tcp(16443) }]);
  });
});

describe("the cluster", () => {
  it("is the one of the settings", async () => {
    const { recorder } = await deployOnKubernetes({
      ...full,
      onCluster: { kubeconfig: "./a", kubernetesContext: "b" },
    });
    const provider = recorder.named("kubernetes-cluster");
    expect(provider.type).toBe("pulumi:providers:kubernetes");
    expect(provider.inputs).toMatchObject({ context: "b", kubeconfig: expect.stringContaining("a") });
  });

  it("is left to kubectl's rules where the settings name none, and no path of this machine goes into the state", async () => {
    vi.stubEnv("KUBECONFIG", "/home/ann/one:/home/ann/two");
    const { recorder } = await deployOnKubernetes(full);
    expect(recorder.named("kubernetes-cluster").inputs).toEqual({ kubeconfig: "" });
  });

  it("says where the services are", async () => {
    const recorder = await recordResources();
    const settings = settingsFor({ platform: "kubernetes", servicesNamespace: "apps" });
    const platform = new KubernetesPlatform("kubernetes", settings, [TINY]);
    await recorder.drain();
    expect(recorder.named("kubernetes").outputs).toEqual({ servicesNetwork: "apps" });
    expect(platform.servicesNetwork).toBeDefined();
  });

  it("is refused for settings of another platform", async () => {
    const recorder = await recordResources();
    expect(() => new KubernetesPlatform("kubernetes", settingsFor(), [TINY])).toThrow("which is no cluster");
    await recorder.drain();
  });

  it("does not take a program that it was not told of", async () => {
    const recorder = await recordResources();
    const platform = new KubernetesPlatform("kubernetes", settingsFor({ platform: "kubernetes" }), [TINY]);
    expect(() => platform.deploy("part-agent", agent, { parent: platform })).toThrow(
      "no workload given to kubernetes needs the namespace pyairtable-test-agents",
    );
    await recorder.drain();
  });
});

describe("a transform", () => {
  it("sees the finished arguments and has the last word", async () => {
    const { runner } = await deployOnKubernetes(full, (args) => {
      expect(args).toMatchObject({ metadata: { name: "tiny" }, spec: { replicas: 2 } });
      return { ...args, spec: { ...(args.spec as object), replicas: 5 } };
    });
    expect(runner.inputs.spec).toMatchObject({ replicas: 5, serviceName: "tiny-replicas" });
  });

  it("touches only the object that runs the program", async () => {
    const { recorder } = await deployOnKubernetes(full, (args) => ({ ...args, metadata: { name: "changed" } }));
    const changed = recorder.registrations.filter(({ inputs }) => JSON.stringify(inputs).includes("changed"));
    expect(changed.map(({ name }) => name)).toEqual(["part-tiny"]);
  });
});
