import { expect } from "vitest";

import type { Column } from "./contract-cases";
import { inNamespace, objectsOf, placeOf, podsOf, specOf, tcp, type OnKubernetes } from "./kubernetes-support";

const SELECTOR = podsOf("tiny").podSelector.matchLabels;
const SERVICE_PORT = { name: "http", port: 80, protocol: "TCP" };
const EVERYWHERE = [
  { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
  { ipBlock: { cidr: "::/0", except: ["fd00:ec2::254/128", "fe80::/10"] } },
];

/** Network policy of the program. */
const rulesOf = (one: OnKubernetes) => specOf(one, "part-tiny-network");

const hostname = { topologyKey: "kubernetes.io/hostname", maxSkew: 1, labelSelector: { matchLabels: SELECTOR } };
const zone = { ...hostname, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" };

/** What a cluster gets for each case of the fields that say where a program is, and whom and what it reaches. */
export const kubernetesReach: Pick<
  Column<OnKubernetes>,
  "ports" | "placement" | "talksTo" | "privileges" | "clusterAccess"
> = {
  ports: {
    "from peers": async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(["Deployment part-tiny", "Service part-tiny-service"]);
      expect(one.container.ports).toEqual([{ name: "http", containerPort: 80, protocol: "TCP" }]);
      expect(placeOf(one, "part-tiny-service")).toEqual({ name: "tiny", namespace: "watch" });
      expect(specOf(one, "part-tiny-service")).toEqual({ selector: SELECTOR, ports: [SERVICE_PORT] });
      expect(one.deployed.urls).toEqual({ http: "http://tiny:80" });
    },
    "from services": async (made) => {
      const one = await made();
      expect(rulesOf(one)).toMatchObject({ ingress: [{ from: [inNamespace("pyairtable")], ports: tcp(80) }] });
      expect(one.deployed.urls).toEqual({ http: "http://tiny:80" });
    },
    // There is no machine to publish it on.
    "from services, published": async (made) =>
      expect((await made()).deployed.urls).toEqual({ http: "http://tiny:80" }),
    "from an operator": async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(["Deployment part-tiny", "Service part-tiny-service"]);
      expect(one.recorder.ofKind("Ingress")).toEqual([]);
      expect(one.deployed.urls).toEqual({
        late: "http://tiny:90",
        early: "http://tiny:80",
        inner: "http://tiny:70",
      });
    },
    "from an operator, with a login": async (made) => {
      const one = await made();
      const service = { name: "tiny", port: { number: 80 } };
      expect(specOf(one, "kubernetes-ingress")).toEqual({
        ingressClassName: "public",
        tls: [{ hosts: ["tiny.example.com"], secretName: "pyairtable-test-tls" }],
        rules: [
          { host: "tiny.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend: { service } }] } },
        ],
      });
      expect(rulesOf(one)).toMatchObject({ ingress: [{ ports: tcp(80) }] });
      expect(one.deployed.urls).toEqual({ http: "https://tiny.example.com" });
    },
    "from an operator, on the way to others": async (made) => {
      const one = await made();
      const service = { name: "tiny", port: { number: 80 } };
      const hosts = ["one.example.com", "two.example.com"];
      expect(specOf(one, "kubernetes-ingress")).toMatchObject({
        tls: [{ hosts, secretName: "pyairtable-test-tls" }],
        rules: hosts.map((host) => ({
          host,
          http: { paths: [{ path: "/", pathType: "Prefix", backend: { service } }] },
        })),
      });
      expect(one.deployed.urls).toEqual({ http: "https://one.example.com" });
    },
    "from an operator, with two logins": async (made) =>
      expect(made()).rejects.toThrow("tiny: 2 ports with a login can not share the program's one host name"),
    "with a long name": async (made) =>
      expect(made()).rejects.toThrow(
        'tiny: port name "sixteen-letters-" has more than the 15 characters that a cluster allows',
      ),
    none: async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(["Deployment part-tiny"]);
      expect(one.container).not.toHaveProperty("ports");
    },
  },
  placement: {
    single: async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(["Deployment part-tiny"]);
      expect(one.spec.replicas).toBe(1);
      expect(one.template.spec).not.toHaveProperty("topologySpreadConstraints");
    },
    "one replica": async (made) => expect(objectsOf(await made())).toEqual(["Deployment part-tiny"]),
    "several replicas": async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(["Deployment part-tiny", "PodDisruptionBudget part-tiny-disruption"]);
      expect(one.spec.replicas).toBe(3);
      const preferred = { ...hostname, whenUnsatisfiable: "ScheduleAnyway" };
      expect(one.template.spec.topologySpreadConstraints).toEqual([preferred, zone]);
      expect(specOf(one, "part-tiny-disruption")).toEqual({ maxUnavailable: 1, selector: { matchLabels: SELECTOR } });
    },
    "several replicas, without exception on nodes of their own": async (made) =>
      expect((await made()).template.spec.topologySpreadConstraints).toEqual([
        { ...hostname, whenUnsatisfiable: "DoNotSchedule", minDomains: 3, matchLabelKeys: ["pod-template-hash"] },
        zone,
      ]),
    "every node": async (made) => {
      const one = await made();
      expect(one.deployed.handle).toBe("watch/daemonset/tiny");
      expect(one.template.spec.tolerations).toEqual([{ operator: "Exists" }]);
      expect(one.template.spec.nodeSelector).toEqual({ "kubernetes.io/os": "linux" });
      expect(specOf(one, "part-tiny-service")).toMatchObject({ clusterIP: "None" });
    },
    "every node, for what runs there": async (made) => {
      const spec = specOf(await made(), "part-tiny-service");
      expect(spec).toEqual({ selector: SELECTOR, ports: [SERVICE_PORT], internalTrafficPolicy: "Local" });
    },
    once: async (made) => {
      const one = await made();
      expect(one.deployed.handle).toBe("watch/job/tiny");
      expect(one.template.spec.restartPolicy).toBe("Never");
      expect(one.spec).toEqual({ template: one.template });
      expect(one.runner.inputs.metadata).toMatchObject({ annotations: { "pulumi.com/replaceUnready": "true" } });
      for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
        expect(one.container).not.toHaveProperty(probe);
      }
    },
    "once, with a port": async (made) =>
      expect(made()).rejects.toThrow("tiny: ports of a program that runs to its end can not be had on a cluster"),
    "at scheduled times": async (made) => {
      const one = await made();
      expect(one.deployed.handle).toBe("watch/cronjob/tiny");
      expect(one.spec).toMatchObject({
        schedule: "55 23 * * *",
        timeZone: "Etc/UTC",
        concurrencyPolicy: "Forbid",
        jobTemplate: { spec: { activeDeadlineSeconds: 3600 } },
      });
      expect(one.template.spec.restartPolicy).toBe("Never");
    },
  },
  talksTo: {
    "a program": async (made) => {
      const one = await made();
      expect(rulesOf(one)).toEqual({
        podSelector: { matchLabels: SELECTOR },
        policyTypes: ["Ingress", "Egress"],
        egress: [{ to: [podsOf("store")], ports: tcp(80) }],
      });
      expect(specOf(one, "part-store-network")).toMatchObject({
        podSelector: podsOf("store").podSelector,
        ingress: [{ from: [podsOf("tiny")], ports: tcp(80) }],
      });
      expect(specOf(one, "part-store-network")).not.toHaveProperty("egress");
    },
    services: async (made) => expect(rulesOf(await made()).egress).toEqual([{ to: [inNamespace("pyairtable")] }]),
    // A network of Docker's means nothing here; the services' namespace does.
    "services on a network that exists": async (made) =>
      expect(rulesOf(await made()).egress).toEqual([{ to: [inNamespace("pyairtable")] }]),
    "services elsewhere": async (made) =>
      expect(rulesOf(await made()).egress).toEqual([
        { to: [inNamespace("pyairtable"), inNamespace("stores")] },
        { to: EVERYWHERE, ports: tcp(5432) },
      ]),
    "the internet": async (made) => expect(rulesOf(await made()).egress).toEqual([{ to: EVERYWHERE }]),
    "the cluster's API": async (made) => expect(rulesOf(await made()).egress).toEqual([{ ports: tcp(443, 6443) }]),
    "the cluster's nodes": async (made) => expect(rulesOf(await made()).egress).toEqual([{ ports: tcp(10250) }]),
    "its own replicas": async (made) =>
      expect(rulesOf(await made())).toMatchObject({
        ingress: [{ from: [podsOf("tiny")], ports: tcp(80) }],
        egress: [{ to: [podsOf("tiny")], ports: tcp(80) }],
      }),
    "a program that sees its machine": async (made) => {
      const one = await made();
      expect(rulesOf(one).egress).toEqual([{ to: [podsOf("agent", "watch-agents")], ports: tcp(80) }]);
      expect(specOf(one, "part-agent-network")).toMatchObject({ ingress: [{ from: [podsOf("tiny", "watch")] }] });
      expect(placeOf(one, "kubernetes-alias-agent")).toEqual({ name: "agent", namespace: "watch" });
      expect(specOf(one, "kubernetes-alias-agent")).toEqual({
        type: "ExternalName",
        externalName: "agent.watch-agents.svc.cluster.local",
      });
    },
    "no one": async (made) =>
      expect((await made()).recorder.registrations.map(({ name }) => name)).not.toContain("part-tiny-network"),
    "a program that does not exist": async (made) =>
      expect(made()).rejects.toThrow('tiny talks to "nowhere", which is not a program of this stack'),
  },
  privileges: {
    "host path": async (made) => {
      const one = await made();
      expect(one.deployed.handle).toBe("watch-agents/deployment/tiny");
      expect(one.template.spec.volumes).toEqual([{ name: "host-0", hostPath: { path: "/sys" } }]);
      expect(one.container.volumeMounts).toEqual([
        { name: "host-0", mountPath: "/host/sys", readOnly: true, mountPropagation: "HostToContainer" },
      ]);
      expect(one.recorder.named("kubernetes-agents").inputs.metadata).toMatchObject({
        name: "watch-agents",
        labels: { "pod-security.kubernetes.io/enforce": "privileged" },
      });
    },
    "host processes": async (made) => expect((await made()).template.spec.hostPID).toBe(true),
    device: async (made) =>
      expect(made()).rejects.toThrow(
        "tiny: device /dev/kmsg can not be had on a cluster, which lets only fully privileged containers open one",
      ),
    capability: async (made) =>
      expect((await made()).container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"], add: ["SYSLOG"] },
      }),
    // What the level "restricted" allows needs no other namespace.
    "the capability to open low ports": async (made) => {
      const one = await made();
      expect(one.deployed.handle).toBe("watch/deployment/tiny");
      expect(one.container.securityContext).toMatchObject({
        capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
      });
    },
    none: async (made) => {
      const { container, template, recorder } = await made();
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(template.spec).not.toHaveProperty("hostPID");
      expect(recorder.ofKind("Namespace").map(({ name }) => name)).toEqual(["kubernetes-programs"]);
    },
  },
  clusterAccess: {
    given: async (made) => {
      const one = await made();
      expect(one.template.spec).toMatchObject({ automountServiceAccountToken: true, serviceAccountName: "tiny" });
      expect(placeOf(one, "part-tiny-account")).toEqual({ name: "tiny", namespace: "watch" });
      expect(one.recorder.named("part-tiny-role").inputs).toMatchObject({
        metadata: { name: "watch-tiny" },
        rules: [{ apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list"] }],
      });
      expect(one.recorder.named("part-tiny-role-binding").inputs).toMatchObject({
        metadata: { name: "watch-tiny" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "watch-tiny" },
        subjects: [{ kind: "ServiceAccount", name: "tiny", namespace: "watch" }],
      });
      expect(one.runner.dependencies).toEqual(expect.arrayContaining(["part-tiny-account", "part-tiny-role-binding"]));
    },
    none: async (made) => {
      const one = await made();
      expect(one.template.spec.automountServiceAccountToken).toBe(false);
      expect(one.template.spec).not.toHaveProperty("serviceAccountName");
      expect(objectsOf(one)).toEqual(["Deployment part-tiny"]);
    },
  },
};
