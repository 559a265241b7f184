import { expect } from "vitest";

import type { Column } from "./contract-cases";
import { namesOf, type OnDocker } from "./docker-support";

/** What one Docker engine gets for each case of the fields that say whom and what a program reaches. */
export const dockerReach: Pick<Column<OnDocker>, "ports" | "talksTo" | "privileges" | "clusterAccess"> = {
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
    "from an operator, with a login": async (made) => {
      const { container, deployed } = await made();
      expect(container.inputs.ports).toEqual([{ internal: 80, external: 1080, ip: "127.0.0.1", protocol: "tcp" }]);
      expect(deployed.urls).toEqual({ http: "http://127.0.0.1:1080" });
    },
    "from an operator, on the way to others": async (made) =>
      expect((await made()).deployed.urls).toEqual({ http: "http://127.0.0.1:1080" }),
    "from an operator, with two logins": async (made) =>
      expect((await made()).container.inputs.ports).toMatchObject([{ internal: 80 }, { internal: 90 }]),
    "with a long name": async (made) =>
      expect((await made()).deployed.urls).toEqual({ "sixteen-letters-": "http://tiny:80" }),
    none: async (made) => expect((await made()).deployed.urls).toEqual({}),
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
    "services elsewhere": async (made) =>
      expect((await made()).container.inputs.networksAdvanced).toEqual([{ name: "docker-services-id" }]),
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
    "the cluster's API": async (made) =>
      expect(made()).rejects.toThrow('tiny talks to "cluster-api", which one Docker engine does not have'),
    "the cluster's nodes": async (made) =>
      expect(made()).rejects.toThrow('tiny talks to "nodes", which one Docker engine does not have'),
    "its own replicas": async (made) => {
      const { container, recorder } = await made();
      expect(recorder.ofKind("Network")).toEqual([]);
      expect(container.inputs.networkMode).toBe("none");
    },
    "a program that sees its machine": async (made) => {
      const { container, recorder } = await made();
      const joined = { name: "docker-from-tiny-id" };
      expect(container.inputs.networksAdvanced).toEqual([joined]);
      expect(recorder.named("part-agent").inputs.networksAdvanced).toEqual([{ ...joined, aliases: ["agent"] }]);
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
    "the capability to open low ports": async (made) =>
      expect((await made()).container.inputs.capabilities).toEqual({ drops: ["ALL"], adds: ["CAP_NET_BIND_SERVICE"] }),
    none: async (made) => {
      const { inputs } = (await made()).container;
      for (const key of ["pidMode", "devices"]) expect(inputs).not.toHaveProperty(key);
      expect(inputs).toMatchObject({ capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges:true"] });
      expect(inputs.volumes).toEqual([]);
    },
  },
  clusterAccess: {
    given: async (made) => expect(made()).rejects.toThrow("tiny: clusterAccess can not be had on one Docker engine"),
    none: async (made) => expect((await made()).deployed.name).toBe("tiny"),
  },
};
