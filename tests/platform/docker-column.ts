import { expect } from "vitest";

import type { Column } from "./contract-cases";
import type { OnDocker } from "./docker-support";

const namesOf = (registrations: readonly { name: string }[]) => registrations.map(({ name }) => name);

/** What one Docker engine gets for each case of the contract. */
export const dockerColumn: Column<OnDocker> = {
  name: {
    "is the host name": async (made) => {
      const { container, deployed } = await made();
      expect(container.inputs.name).toBe("pyairtable-test-renamed");
      expect(deployed).toMatchObject({ name: "renamed", handle: "pyairtable-test-renamed" });
    },
  },
  image: {
    "is used by its reference": async (made) => {
      const { container, deployed, recorder } = await made();
      const [image, ...others] = recorder.ofKind("RemoteImage");
      expect(others).toEqual([]);
      expect(image?.inputs).toEqual({ name: "registry.example/team/other:4.5.6", keepLocally: true });
      expect(container.inputs.image).toBe("sha256:registry.example/team/other:4.5.6");
      expect(deployed.image).toBe("registry.example/team/other:4.5.6");
    },
    "owns its directories": async (made) => {
      const { container, recorder } = await made();
      expect(namesOf(recorder.ofKind("Container"))).toEqual(["part-tiny"]);
      expect(container.inputs.volumes).toEqual([{ containerPath: "/data", volumeName: "pyairtable-test-tiny" }]);
    },
  },
  args: {
    given: async (made) => expect((await made()).container.inputs.command).toEqual(["--b=2", "--a=1"]),
    "left out": async (made) => {
      const { inputs } = (await made()).container;
      expect(inputs).not.toHaveProperty("command");
      expect(inputs).not.toHaveProperty("entrypoints");
    },
  },
  env: {
    given: async (made) => expect((await made()).container.inputs.envs).toEqual(["AREA=a=b", "ZONE=z"]),
    "left out": async (made) => expect((await made()).container.inputs).not.toHaveProperty("envs"),
  },
  files: {
    plain: async (made) => {
      const { container, recorder } = await made();
      const holder = recorder.named("part-tiny-files");
      expect(holder.inputs).toMatchObject({
        name: "pyairtable-test-tiny-files",
        image: "sha256:busybox:1.35.0",
        start: false,
        mustRun: false,
        networkMode: "none",
        volumes: [{ containerPath: "/etc/tiny" }],
        uploads: [
          { file: "/etc/tiny/tiny.yaml", content: "a: 1\n" },
          { file: "/etc/tiny/rules/one.yaml", content: "b: 2\n" },
        ],
      });
      expect(holder.secrets).toEqual([]);
      expect(holder.options).toMatchObject({ deleteBeforeReplace: true, additionalSecretOutputs: [] });
      expect(container.inputs.volumes).toEqual([{ fromContainer: "part-tiny-files-id:ro" }]);
      expect(container.inputs).not.toHaveProperty("uploads");
      expect(container.dependencies).toContain("part-tiny-files");
    },
    secret: async (made) => {
      const { container, recorder } = await made();
      const holder = recorder.named("part-tiny-files");
      expect(holder.inputs.uploads).toEqual([
        { file: "/etc/tiny/tiny.yaml", content: "a: 1\n" },
        { file: "/etc/tiny/marked", content: "plain text that is marked" },
        { file: "/etc/tiny/output", content: "an output that is marked" },
      ]);
      expect(holder.secrets).toEqual(["uploads[1].content", "uploads[2].content"]);
      expect(holder.options.additionalSecretOutputs).toEqual(["uploads"]);
      expect(JSON.stringify(container.inputs)).not.toContain("marked");
    },
    "left out": async (made) => {
      const { container, recorder } = await made();
      expect(namesOf(recorder.ofKind("Container"))).toEqual(["part-tiny"]);
      expect(container.inputs.volumes).toEqual([]);
    },
  },
  ports: {
    "from peers": async (made) => {
      const { container, deployed, recorder } = await made();
      expect(container.inputs).not.toHaveProperty("ports");
      expect(deployed.urls).toEqual({ http: "http://tiny:80" });
      expect(recorder.ofKind("Network")).toEqual([]);
    },
    "from services": async (made) => {
      const { container, deployed, recorder } = await made();
      expect(container.inputs).not.toHaveProperty("ports");
      expect(deployed.urls).toEqual({ http: "http://tiny:80" });
      expect(namesOf(recorder.ofKind("Network"))).toEqual(["docker-services"]);
    },
    "from services, published": async (made) => {
      const { container, deployed, recorder } = await made();
      expect(container.inputs.ports).toEqual([{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }]);
      expect(deployed.urls).toEqual({ http: "http://127.0.0.1:8080" });
      expect(namesOf(recorder.ofKind("Network"))).toEqual(["docker-edge", "docker-services"]);
    },
    "from an operator": async (made) => {
      const { container, deployed, recorder } = await made();
      expect(container.inputs.ports).toEqual([
        { internal: 80, external: 1080, ip: "127.0.0.1", protocol: "tcp" },
        { internal: 90, external: 1090, ip: "127.0.0.1", protocol: "tcp" },
      ]);
      expect(deployed.urls).toEqual({
        early: "http://127.0.0.1:1080",
        late: "http://127.0.0.1:1090",
        inner: "http://tiny:70",
      });
      expect(namesOf(recorder.ofKind("Network"))).toEqual(["docker-edge"]);
    },
  },
  metrics: {
    "need nothing of a platform": async (made) => {
      const { recorder } = await made();
      expect(JSON.stringify(recorder.registrations)).not.toContain("metrics");
    },
  },
  data: {
    "belongs to the program": async (made) => {
      const { container, recorder } = await made();
      const volume = recorder.named("part-tiny-tiny-data");
      expect(volume.inputs.name).toBe("pyairtable-test-tiny");
      expect(volume.options.retainOnDelete).toBe(true);
      expect(container.inputs.volumes).toEqual([{ containerPath: "/data", volumeName: "pyairtable-test-tiny" }]);
      const prepare = recorder.named("part-tiny-tiny-prepare");
      expect(prepare.inputs).toMatchObject({
        name: "pyairtable-test-tiny-prepare",
        image: "sha256:busybox:1.35.0",
        command: ["chown", "1000:2000", "/data"],
        user: "0:0",
        attach: true,
        mustRun: false,
        restart: "no",
        networkMode: "none",
        capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
        volumes: [{ containerPath: "/data", volumeName: "pyairtable-test-tiny" }],
      });
      expect(container.dependencies).toContain("part-tiny-tiny-prepare");
    },
    "of root": async (made) => {
      const { recorder } = await made();
      expect(recorder.named("part-tiny-tiny-data").options.retainOnDelete).toBe(true);
      expect(namesOf(recorder.ofKind("Container"))).toEqual(["part-tiny"]);
    },
  },
  scratch: {
    given: async (made) =>
      expect((await made()).container.inputs.tmpfs).toEqual({
        "/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=16777216",
        "/run": "rw,noexec,nosuid,nodev,mode=1777,size=1048576",
      }),
    "left out": async (made) => expect((await made()).container.inputs).not.toHaveProperty("tmpfs"),
  },
  resources: {
    "limit memory and CPU": async (made) => {
      const { inputs } = (await made()).container;
      expect(inputs).toMatchObject({ memory: 101, memorySwap: -1, cpus: "1" });
    },
  },
  health: {
    "by the image's wget": async (made) => {
      const { container, deployed } = await made();
      expect(container.inputs.healthcheck).toEqual({
        tests: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:80/ready"],
        interval: "15s",
        timeout: "5s",
        startPeriod: "1m30s",
        retries: 3,
      });
      expect(container.inputs).toMatchObject({ wait: true, waitTimeout: 150 });
      expect(deployed.healthSeenBy).toBe("platform");
    },
    "by a command": async (made) => {
      const { container, deployed } = await made();
      expect(container.inputs.healthcheck).toMatchObject({ tests: ["CMD", "/tiny", "-health"], startPeriod: "30s" });
      expect(container.inputs).toMatchObject({ wait: true, waitTimeout: 90 });
      expect(deployed.healthSeenBy).toBe("platform");
    },
    "from outside": async (made) => {
      const { container, deployed } = await made();
      for (const key of ["healthcheck", "wait", "waitTimeout"]) expect(container.inputs).not.toHaveProperty(key);
      expect(deployed.healthSeenBy).toBe("scrape");
    },
  },
  placement: {
    single: async (made) => expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
    "one replica": async (made) => expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
    "several replicas": async (made) =>
      expect(made()).rejects.toThrow("tiny: placement of 3 replicas can not be had on one Docker engine; use 1"),
    "every node": async (made) => expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
  },
  runsAs: {
    "is the user and the group": async (made) => expect((await made()).container.inputs.user).toBe("472:0"),
  },
  talksTo: {
    "a program": async (made) => {
      const { container, recorder } = await made();
      const [network, ...others] = recorder.ofKind("Network");
      expect(others).toEqual([]);
      expect(network?.inputs).toMatchObject({ name: "pyairtable-test-from-tiny", driver: "bridge", internal: true });
      expect(network?.inputs).not.toHaveProperty("options");
      const joined = { name: "docker-from-tiny-id" };
      expect(container.inputs.networksAdvanced).toEqual([joined]);
      expect(recorder.named("part-store").inputs.networksAdvanced).toEqual([{ ...joined, aliases: ["store"] }]);
      expect(container.inputs).not.toHaveProperty("hosts");
    },
    services: async (made) => {
      const { container, recorder } = await made();
      expect(recorder.named("docker-services").inputs).toMatchObject({
        name: "pyairtable-test-services",
        internal: false,
      });
      expect(container.inputs.networksAdvanced).toEqual([{ name: "docker-services-id" }]);
      expect(container.inputs.hosts).toEqual([{ host: "host.docker.internal", ip: "host-gateway" }]);
    },
    "services on a network that exists": async (made) => {
      const { container, recorder } = await made();
      expect(recorder.ofKind("Network")).toEqual([]);
      expect(container.inputs.networksAdvanced).toEqual([{ name: "compose_default" }]);
    },
    "the internet": async (made) => {
      const { container, recorder } = await made();
      expect(recorder.named("docker-edge").inputs).toMatchObject({
        name: "pyairtable-test-edge",
        internal: false,
        options: { "com.docker.network.bridge.enable_icc": "false" },
      });
      // Without an alias: its name leads to the network on which peers may talk to it.
      expect(container.inputs.networksAdvanced).toEqual([{ name: "docker-edge-id" }]);
    },
    "no one": async (made) => {
      const { container, recorder } = await made();
      expect(recorder.ofKind("Network")).toEqual([]);
      expect(container.inputs).not.toHaveProperty("networksAdvanced");
      expect(container.inputs.networkMode).toBe("none");
    },
    "a program that does not exist": async (made) =>
      expect(made()).rejects.toThrow('tiny talks to "nowhere", which is not a program of this stack'),
  },
  privileges: {
    "host path": async (made) =>
      expect((await made()).container.inputs.volumes).toEqual([
        { hostPath: "/sys", containerPath: "/host/sys", readOnly: true },
      ]),
    "host processes": async (made) => {
      const { inputs } = (await made()).container;
      expect(inputs.pidMode).toBe("host");
      expect(inputs.securityOpts).toEqual(["no-new-privileges:true", "label=disable"]);
    },
    device: async (made) =>
      expect((await made()).container.inputs.devices).toEqual([
        { hostPath: "/dev/kmsg", containerPath: "/dev/kmsg", permissions: "r" },
      ]),
    capability: async (made) =>
      expect((await made()).container.inputs.capabilities).toEqual({ drops: ["ALL"], adds: ["CAP_SYSLOG"] }),
    none: async (made) => {
      const { inputs } = (await made()).container;
      for (const key of ["pidMode", "devices"]) expect(inputs).not.toHaveProperty(key);
      expect(inputs).toMatchObject({ capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges:true"] });
      expect(inputs.volumes).toEqual([]);
    },
  },
};
