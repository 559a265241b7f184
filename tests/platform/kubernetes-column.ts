import { expect } from "vitest";

import type { Column } from "./contract-cases";
import { kubernetesReach } from "./kubernetes-column-reach";
import { objectsOf, placeOf, podsOf, specOf, type OnKubernetes } from "./kubernetes-support";

const DEPLOYMENT = ["Deployment part-tiny"];
const CLAIM = {
  metadata: { name: "tiny" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

/** What a cluster gets for each case of the contract. */
export const kubernetesColumn: Column<OnKubernetes> = {
  ...kubernetesReach,
  name: {
    "is the host name": async (made) => {
      const { runner, container, deployed } = await made();
      expect(runner.inputs.metadata).toMatchObject({ name: "renamed", namespace: "watch" });
      expect(container.name).toBe("renamed");
      expect(deployed).toMatchObject({ name: "renamed", handle: "watch/deployment/renamed" });
    },
  },
  image: {
    "is used by its reference": async (made) => {
      const { container, deployed } = await made();
      expect(container.image).toBe("registry.example/team/other:4.5.6");
      expect(deployed.image).toBe("registry.example/team/other:4.5.6");
    },
    // The cluster gives every volume to the program's group.
    "owns its directories": async (made) => expect((await made()).spec.volumeClaimTemplates).toMatchObject([CLAIM]),
  },
  args: {
    given: async (made) => expect((await made()).container.args).toEqual(["--b=2", "--a=1"]),
    "with a dollar sign": async (made) => expect((await made()).container.args).toEqual(["--format=$$(NAME) $$$$ $$1"]),
    "left out": async (made) => {
      const { container } = await made();
      expect(container).not.toHaveProperty("args");
      expect(container).not.toHaveProperty("command");
    },
  },
  env: {
    given: async (made) =>
      expect((await made()).container.env).toEqual([
        { name: "AREA", value: "a=b" },
        { name: "ZONE", value: "z" },
      ]),
    "with a dollar sign": async (made) =>
      expect((await made()).container.env).toEqual([{ name: "FORMAT", value: "$$(NAME)" }]),
    "left out": async (made) => expect((await made()).container).not.toHaveProperty("env"),
  },
  placeEnv: {
    given: async (made) =>
      expect((await made()).container.env).toEqual([
        { name: "COPY", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ]),
    "left out": async (made) => expect((await made()).container).not.toHaveProperty("env"),
  },
  files: {
    plain: async (made) => {
      const { recorder, runner, template, container } = await made();
      const files = recorder.named("part-tiny-files");
      // Without a name, so that a change makes a new object.
      expect(files.inputs.metadata).not.toHaveProperty("name");
      expect(files.inputs).toMatchObject({
        metadata: { namespace: "watch" },
        data: { "tiny.yaml": "a: 1\n", "rules__one.yaml": "b: 2\n" },
        immutable: true,
      });
      const items = [
        { key: "tiny.yaml", path: "tiny.yaml" },
        { key: "rules__one.yaml", path: "rules/one.yaml" },
      ];
      expect(template.spec.volumes).toEqual([
        { name: "files", projected: { defaultMode: 0o440, sources: [{ configMap: { items } }] } },
      ]);
      expect(container.volumeMounts).toEqual([{ name: "files", mountPath: "/etc/tiny", readOnly: true }]);
      expect(runner.dependencies).toContain("part-tiny-files");
    },
    secret: async (made) => {
      const { recorder, runner, template } = await made();
      const secret = recorder.named("part-tiny-secrets");
      expect(secret.inputs).toMatchObject({
        stringData: { marked: "plain text that is marked", output: "an output that is marked" },
        immutable: true,
      });
      expect(secret.secrets).toEqual(["stringData"]);
      expect(recorder.named("part-tiny-files").inputs.data).toEqual({ "tiny.yaml": "a: 1\n" });
      const [volume] = template.spec.volumes as [{ projected: { sources: unknown } }];
      expect(volume.projected.sources).toEqual([
        { configMap: { items: [{ key: "tiny.yaml", path: "tiny.yaml" }] } },
        {
          secret: {
            items: [
              { key: "marked", path: "marked" },
              { key: "output", path: "output" },
            ],
          },
        },
      ]);
      expect(JSON.stringify(runner.inputs)).not.toContain("that is marked");
      expect(runner.dependencies).toContain("part-tiny-secrets");
    },
    "whose names are alike but for a slash": async (made) =>
      expect(made()).rejects.toThrow('tiny: two files have the key "rules__one.yaml" on a cluster; rename one'),
    "left out": async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(DEPLOYMENT);
      expect(one.template.spec).not.toHaveProperty("volumes");
      expect(one.container).not.toHaveProperty("volumeMounts");
    },
  },
  metrics: { "need nothing of a platform": async (made) => expect(objectsOf(await made())).toEqual(DEPLOYMENT) },
  data: {
    "belongs to the program": async (made) => {
      const one = await made();
      expect(objectsOf(one)).toEqual(["StatefulSet part-tiny"]);
      expect(one.spec).toMatchObject({
        replicas: 1,
        serviceName: "tiny-replicas",
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        volumeClaimTemplates: [CLAIM],
      });
      expect(JSON.stringify(one.spec)).not.toContain("storageClassName");
      expect(one.container.volumeMounts).toEqual([{ name: "tiny", mountPath: "/data" }]);
      expect(one.template.spec).not.toHaveProperty("volumes");
      expect(one.template.spec.securityContext).toMatchObject({ fsGroup: 2000, fsGroupChangePolicy: "OnRootMismatch" });
      const handle = "watch/persistentvolumeclaim/tiny-tiny-0";
      expect(one.deployed.data).toEqual([{ name: "tiny", handle, size: 2 ** 30 }]);
    },
    "of root": async (made) => {
      const { template, deployed } = await made();
      expect(template.spec.securityContext).toMatchObject({ fsGroup: 0 });
      expect(deployed.data).toMatchObject([{ handle: "watch-agents/persistentvolumeclaim/tiny-tiny-0" }]);
    },
    "of several replicas": async (made) => {
      const one = await made();
      expect(one.spec).toMatchObject({ replicas: 3, podManagementPolicy: "Parallel", serviceName: "tiny-replicas" });
      expect(placeOf(one, "part-tiny-replicas")).toEqual({ name: "tiny-replicas", namespace: "watch" });
      expect(specOf(one, "part-tiny-replicas")).toEqual({
        selector: podsOf("tiny").podSelector.matchLabels,
        ports: [],
        clusterIP: "None",
        publishNotReadyAddresses: true,
      });
      const handles = [0, 1, 2].map((index) => `watch/persistentvolumeclaim/tiny-tiny-${index}`);
      expect(one.deployed.data?.map(({ handle }) => handle)).toEqual(handles);
    },
    "that replicas share": async (made) => {
      const one = await made();
      expect(one.spec.volumeClaimTemplates).toHaveLength(1);
      expect(one.spec.volumeClaimTemplates).toMatchObject([CLAIM]);
      expect(placeOf(one, "part-tiny-shared")).toEqual({ name: "shared", namespace: "watch" });
      expect(specOf(one, "part-tiny-shared")).toEqual({
        accessModes: ["ReadWriteMany"],
        storageClassName: "nfs",
        resources: { requests: { storage: "1Gi" } },
      });
      expect(one.recorder.named("part-tiny-shared").options.retainOnDelete).toBe(true);
      expect(one.template.spec.volumes).toContainEqual({
        name: "shared",
        persistentVolumeClaim: { claimName: "shared" },
      });
      expect(one.container.volumeMounts).toContainEqual({ name: "shared", mountPath: "/shared" });
      expect(one.deployed.data?.map(({ handle }) => handle).slice(-2)).toEqual([
        "watch/persistentvolumeclaim/tiny-tiny-2",
        "watch/persistentvolumeclaim/shared",
      ]);
    },
    "that one program shares with nobody": async (made) =>
      expect((await made()).deployed.data).toMatchObject([{ handle: "watch/persistentvolumeclaim/tiny" }]),
    "on every node": async (made) =>
      expect(made()).rejects.toThrow(
        "tiny: data on every node can be had on a cluster only by a program with privileges that runs as root",
      ),
    "of root on every node": async (made) => {
      const { template, container, deployed } = await made();
      const path = "/var/lib/pyairtable-test/tiny";
      expect(template.spec.volumes).toContainEqual({ name: "tiny", hostPath: { path, type: "DirectoryOrCreate" } });
      expect(container.volumeMounts).toContainEqual({ name: "tiny", mountPath: "/data" });
      expect(deployed.data).toEqual([{ name: "tiny", handle: `node:${path}`, size: 2 ** 30 }]);
    },
    "of a program that runs to its end": async (made) =>
      expect(made()).rejects.toThrow("tiny: data of a program that runs to its end can not be had on a cluster"),
    "in a storage class": async (made) =>
      expect((await made()).spec.volumeClaimTemplates).toMatchObject([{ spec: { storageClassName: "fast" } }]),
  },
  scratch: {
    given: async (made) => {
      const { template, container } = await made();
      expect(template.spec.volumes).toEqual([
        { name: "scratch-0", emptyDir: { sizeLimit: "16Mi" } },
        { name: "scratch-1", emptyDir: { sizeLimit: "1Mi" } },
      ]);
      expect(container.volumeMounts).toEqual([
        { name: "scratch-0", mountPath: "/tmp" },
        { name: "scratch-1", mountPath: "/run" },
      ]);
    },
    "left out": async (made) => expect((await made()).template.spec).not.toHaveProperty("volumes"),
  },
  resources: {
    "limit memory and CPU": async (made) =>
      expect((await made()).container.resources).toEqual({
        limits: { memory: "102912Ki", cpu: "1" },
        requests: { memory: "102912Ki", cpu: "200m" },
      }),
  },
  health: {
    "by the image's wget": async (made) => {
      const { container, deployed } = await made();
      const answers = { httpGet: { path: "/ready", port: 80 } };
      expect(container).toMatchObject({
        startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 18 },
        readinessProbe: { ...answers, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
        livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
      });
      expect(deployed.healthSeenBy).toBe("platform");
    },
    // The cluster asks the port itself, so no command runs in the container.
    "by a command": async (made) => {
      const { container } = await made();
      expect(container.readinessProbe).toMatchObject({ httpGet: { path: "/ready", port: 80 } });
      expect(JSON.stringify(container)).not.toContain("exec");
    },
    "from outside": async (made) => expect((await made()).deployed.healthSeenBy).toBe("platform"),
    "by its port": async (made) => {
      const { container } = await made();
      for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
        expect(container[probe]).toMatchObject({ tcpSocket: { port: 80 } });
        expect(container[probe]).not.toHaveProperty("httpGet");
      }
    },
    "by another port for its life": async (made) =>
      expect((await made()).container).toMatchObject({
        startupProbe: { tcpSocket: { port: 81 } },
        readinessProbe: { tcpSocket: { port: 80 } },
        livenessProbe: { tcpSocket: { port: 81 } },
      }),
    "by wget without a path": async (made) =>
      expect((await made()).container.readinessProbe).toMatchObject({ tcpSocket: { port: 80 } }),
  },
  runsAs: {
    "is the user and the group": async (made) =>
      expect((await made()).template.spec.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: 472,
        runAsGroup: 0,
        fsGroup: 0,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      }),
    root: async (made) =>
      expect(made()).rejects.toThrow(
        "tiny: runsAs root can not be had on a cluster without a privilege that needs it; use another uid",
      ),
  },
  after: {
    "a program": async (made) => expect((await made()).runner.dependencies).toContain("part-store"),
    "a program that ends": async (made) => expect((await made()).runner.dependencies).toContain("part-setup"),
    "a program that is not deployed before it": async (made) =>
      expect(made()).rejects.toThrow('tiny comes after "nowhere", which is not deployed before it'),
  },
};
