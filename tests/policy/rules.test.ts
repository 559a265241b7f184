import { describe, expect, it } from "vitest";

import type { Exceptions } from "../../policy/exceptions";
import { INGRESS, NAMESPACE, SERVICE, STATEFUL_SET, UNKNOWN, VOLUME_CLAIM, type Resource } from "../../policy/resource";
import { limits } from "../../policy/rules/limits";
import { lockdown } from "../../policy/rules/lockdown";
import { pinnedImages } from "../../policy/rules/pinned-images";
import { privileges } from "../../policy/rules/privileges";
import { protectedData } from "../../policy/rules/protected-data";
import { publishedPorts } from "../../policy/rules/published-ports";
import { inKind, object, onDocker, onKubernetes } from "./examples";

type Cases = readonly (readonly [name: string, resource: Resource, violation: RegExp])[];

const rules = {
  limits,
  "pinned images": pinnedImages,
  "published ports": publishedPorts,
  privileges,
  lockdown,
  "protected data": (resource: Resource) => protectedData(resource, true),
};

const security = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

const REFUSED: Readonly<Record<keyof typeof rules, Cases>> = {
  limits: [
    ["a container without a memory limit", onDocker({ memory: undefined }), /^example has no memory limit/],
    ["a container without a CPU limit", onDocker({ cpus: undefined }), /^example has no CPU limit/],
    ["a pod without limits", onKubernetes({ resources: { requests: { memory: "1Gi" } } }), /program has no memory/],
    [
      "an init container without limits",
      onKubernetes({}, { initContainers: [{ name: "first", image: "a.b/c:1.2.3" }] }),
      /first has no/,
    ],
  ],
  "pinned images": [
    [
      "a reference that is pulled without a tag",
      object("docker:index/remoteImage:RemoteImage", { name: "redis" }),
      /redis/,
    ],
    ["latest", onKubernetes({ image: "example.org/program:latest" }), /:latest", which is not one release/],
    ["a tag that moves", onKubernetes({ image: "example.org/program:3" }), /:3", which is not one/],
    ["a tag that moves to each patch", onDocker({ image: "redis:7.2" }), /three numbers or a digest/],
    ["one with a variant", onDocker({ image: "postgres:17.2-alpine" }), /not one release/],
    ["a registry's port for a tag", onKubernetes({ image: "example.org:5000.1/program" }), /not one release/],
    ["a reference without a tag in a container", onDocker({ image: "grafana/grafana" }), /grafana\/grafana/],
    ["no image", onDocker({ image: undefined }), /uses the image ""/],
  ],
  "published ports": [
    [
      "a port on every address",
      onDocker({ ports: [{ internal: 80, external: 8080 }] }),
      /publishes 8080 on 0\.0\.0\.0/,
    ],
    ["a port on a network's", onDocker({ ports: [{ internal: 80, external: 8080, ip: "192.0.2.1" }] }), /192\.0\.2\.1/],
    ["all ports", onDocker({ publishAllPorts: true }), /publishes every port/],
    ["a port of the node", onKubernetes({ ports: [{ containerPort: 80, hostPort: 80 }] }), /publishes 80/],
    ["a load balancer", object(SERVICE, { spec: { type: "LoadBalancer" } }), /service of type LoadBalancer/],
    ["a node port", object(SERVICE, { spec: { type: "NodePort" } }), /service of type NodePort/],
    ["an external address", object(SERVICE, { spec: { externalIPs: ["192.0.2.1"] } }), /external addresses/],
    [
      "an ingress without TLS for a host",
      object(INGRESS, {
        spec: { tls: [{ hosts: ["a.example.org"] }], rules: [{ host: "a.example.org" }, { host: "b.example.org" }] },
      }),
      /b\.example\.org without TLS/,
    ],
    ["an ingress for any host", object(INGRESS, { spec: { rules: [{ http: {} }] } }), /the host \* without TLS/],
  ],
  privileges: [
    ["root by name", onDocker({ user: "root" }), /example has "root"/],
    ["root by number", onDocker({ user: "0:0" }), /has "root"/],
    ["the image's own user", onDocker({ user: undefined }), /has "root"/],
    ["a privileged container", onDocker({ privileged: true }), /has "privileged"/],
    [
      "an added capability",
      onDocker({ capabilities: { drops: ["ALL"], adds: ["CAP_NET_ADMIN"] } }),
      /capability NET_ADMIN/,
    ],
    [
      "the engine's socket",
      onDocker({ volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/s" }] }),
      /host-path \/var\/run\/docker\.sock/,
    ],
    ["a bind mount", onDocker({ mounts: [{ type: "bind", source: "/etc", target: "/e" }] }), /host-path \/etc/],
    ["the machine's processes", onDocker({ pidMode: "host" }), /host-processes/],
    ["the machine's network", onDocker({ networkMode: "host" }), /host-network/],
    ["the machine's memory", onDocker({ ipcMode: "host" }), /host-ipc/],
    ["a device", onDocker({ devices: [{ hostPath: "/dev/mem" }] }), /device \/dev\/mem/],
    ["a pod as root", onKubernetes({}, { securityContext: { runAsUser: 0 } }), /has "root"/],
    ["a pod that says nothing of its user", onKubernetes({}, { securityContext: {} }), /has "root"/],
    [
      "a container that goes back to root",
      onKubernetes({ securityContext: { ...security, runAsUser: 0 } }),
      /has "root"/,
    ],
    ["a privileged pod", onKubernetes({ securityContext: { ...security, privileged: true } }), /has "privileged"/],
    [
      "a capability in a pod",
      onKubernetes({ securityContext: { ...security, capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } } }),
      /capability SYS_ADMIN/,
    ],
    ["a node's directory", onKubernetes({}, { volumes: [{ hostPath: { path: "/etc" } }] }), /host-path \/etc/],
    [
      "another program's data on a node",
      onKubernetes({}, { volumes: [{ hostPath: { path: "/var/lib/pyairtable-prod/promtail" } }] }),
      /node-data promtail/,
    ],
    [
      "a way out of the data on a node",
      onKubernetes({}, { volumes: [{ hostPath: { path: "/var/lib/pyairtable-prod/../kubelet" } }] }, "promtail"),
      /host-path \/var\/lib\/pyairtable-prod\/\.\.\/kubelet/,
    ],
    ["the node's processes", onKubernetes({}, { hostPID: true }), /host-processes/],
    ["the node's network", onKubernetes({}, { hostNetwork: true }), /host-network/],
    ["the node's memory", onKubernetes({}, { hostIPC: true }), /host-ipc/],
    ["an exception of another platform", onKubernetes({}, { hostPID: true }, "cadvisor"), /for cadvisor on kubernetes/],
  ],
  lockdown: [
    ["new privileges", onDocker({ securityOpts: [] }), /can gain privileges/],
    ["new privileges, spelled out", onDocker({ securityOpts: ["no-new-privileges:false"] }), /can gain privileges/],
    ["a writable root", onDocker({ readOnly: false }), /can write to its root/],
    ["root's capabilities", onDocker({ capabilities: {} }), /keeps capabilities/],
    [
      "new privileges in a pod",
      onKubernetes({ securityContext: { ...security, allowPrivilegeEscalation: undefined } }),
      /gain/,
    ],
    [
      "a writable root in a pod",
      onKubernetes({ securityContext: { ...security, readOnlyRootFilesystem: false } }),
      /root/,
    ],
    ["root's capabilities in a pod", onKubernetes({ securityContext: { ...security, capabilities: {} } }), /keeps/],
  ],
  "protected data": [
    ["a volume that a change deletes", object("docker:index/volume:Volume", {}), /volume example holds data/],
    ["a namespace that a change deletes", object(NAMESPACE, {}), /namespace example holds data/],
    ["a claim that a change deletes", object(VOLUME_CLAIM, {}), /claim example holds data/],
    [
      "copies whose data is left to a default",
      object(STATEFUL_SET, { spec: { volumeClaimTemplates: [{}] } }),
      /does not say that it keeps its copies' data: set persistentVolumeClaimRetentionPolicy\.whenDeleted to Retain/,
    ],
    [
      "copies whose data goes with them",
      object(STATEFUL_SET, {
        spec: { volumeClaimTemplates: [{}], persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete" } },
      }),
      /whenScaled to Retain/,
    ],
  ],
};

describe.each(Object.keys(REFUSED) as (keyof typeof rules)[])("%s", (name) => {
  const rule = rules[name];

  it.each(REFUSED[name])("refuses %s", (_, resource, violation) => {
    const violations = rule(resource);
    expect(violations).not.toEqual([]);
    expect(violations.join("\n")).toMatch(violation);
  });

  it("has nothing against a program that keeps the rules", () => {
    expect(rule(onDocker())).toEqual([]);
    expect(rule(onKubernetes())).toEqual([]);
  });
});

describe("the rules", () => {
  it.each(["core/v1:Pod", "apps/v1:StatefulSet", "apps/v1:DaemonSet", "batch/v1:Job", "batch/v1:CronJob"])(
    "look into a %s",
    (kind) => {
      const type = `kubernetes:${kind}`;
      expect(limits(inKind(type, onKubernetes({ resources: {} })))).toHaveLength(2);
      expect(limits(inKind(type, onKubernetes()))).toEqual([]);
    },
  );

  it("ask no user, no read-only root and no dropped capabilities of a container that never starts", () => {
    const holder = onDocker({ start: false, user: undefined, readOnly: undefined, capabilities: undefined });
    expect([...privileges(holder), ...lockdown(holder)]).toEqual([]);
    expect(lockdown(onDocker({ start: false, securityOpts: [] }))).toHaveLength(1);
  });

  it.each([
    "grafana/grafana:13.2.0",
    "quay.io/prometheus/prometheus:v3.16.0",
    "redis:7.2.5-alpine3.20",
    `postgres:17.2-alpine@sha256:${"a".repeat(64)}`,
    `example.org:5000/a@sha256:${"a".repeat(64)}`,
    `example.org/a:latest@sha256:${"a".repeat(64)}`,
    UNKNOWN,
  ])("take %s for one release", (image) => expect(pinnedImages(onDocker({ image }))).toEqual([]));

  it("take loopback of both kinds, and an ingress with TLS", () => {
    const on = (ip: string) => onDocker({ ports: [{ internal: 80, external: 8080, ip }] });
    expect([...publishedPorts(on("127.0.0.1")), ...publishedPorts(on("::1"))]).toEqual([]);
    const spec = { tls: [{ hosts: ["a.example.org"] }], rules: [{ host: "a.example.org" }] };
    expect(publishedPorts(object(INGRESS, { spec }))).toEqual([]);
    expect(publishedPorts(object(SERVICE, { spec: { type: "ExternalName" } }))).toEqual([]);
  });

  it("let a listed program have what is listed, and nothing else", () => {
    const listed: Exceptions = {
      door: {
        docker: [
          { kind: "published-port", reason: "the way in" },
          { kind: "host-processes", reason: "looks" },
        ],
      },
    };
    const open = { ports: [{ internal: 443, external: 443 }] };
    expect(publishedPorts(onDocker(open, "door"), listed)).toEqual([]);
    expect(publishedPorts(onDocker(open, "window"), listed)).toHaveLength(1);
    expect(privileges(onDocker({ pidMode: "host" }, "door"), listed)).toEqual([]);
    expect(privileges(onDocker({ pidMode: "host", ipcMode: "host" }, "door"), listed)).toHaveLength(1);
  });

  it("ask for protection only where the stack does", () => {
    const volume = object("docker:index/volume:Volume", {});
    expect(protectedData(volume, false)).toEqual([]);
    expect(protectedData({ ...volume, protect: true }, true)).toEqual([]);
  });
});
