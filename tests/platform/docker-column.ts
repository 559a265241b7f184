import { expect } from "vitest";

import type { Column } from "./contract-cases";
import { dockerReach } from "./docker-column-reach";
import { namesOf, type OnDocker } from "./docker-support";

const VOLUME = "part-tiny-tiny-data";

/** What one Docker engine gets for each case of the contract. */
export const dockerColumn: Column<OnDocker> = {
  ...dockerReach,
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
    "with a dollar sign": async (made) =>
      expect((await made()).container.inputs.command).toEqual(["--format=$(NAME) $$ $1"]),
    "left out": async (made) => {
      const { inputs } = (await made()).container;
      expect(inputs).not.toHaveProperty("command");
      expect(inputs).not.toHaveProperty("entrypoints");
    },
  },
  env: {
    given: async (made) => expect((await made()).container.inputs.envs).toEqual(["AREA=a=b", "ZONE=z"]),
    "with a dollar sign": async (made) => expect((await made()).container.inputs.envs).toEqual(["FORMAT=$(NAME)"]),
    "left out": async (made) => expect((await made()).container.inputs).not.toHaveProperty("envs"),
  },
  placeEnv: {
    given: async (made) =>
      expect(made()).rejects.toThrow(
        "tiny: placeEnv, facts of the place where a copy runs, can not be had on one Docker engine",
      ),
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
    "whose names are alike but for a slash": async (made) =>
      expect((await made()).recorder.named("part-tiny-files").inputs.uploads).toMatchObject([
        { file: "/etc/tiny/rules/one.yaml" },
        { file: "/etc/tiny/rules__one.yaml" },
      ]),
    "left out": async (made) => {
      const { container, recorder } = await made();
      expect(namesOf(recorder.ofKind("Container"))).toEqual(["part-tiny"]);
      expect(container.inputs.volumes).toEqual([]);
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
      const { container, deployed, recorder } = await made();
      const volume = recorder.named("part-tiny-tiny-data");
      expect(volume.inputs.name).toBe("pyairtable-test-tiny");
      expect(volume.options).toMatchObject({ retainOnDelete: true, ignoreChanges: ["labels"] });
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
      expect(deployed.data).toEqual([{ name: "tiny", handle: "pyairtable-test-tiny", size: 2 ** 30 }]);
    },
    "of root": async (made) => {
      const { recorder } = await made();
      expect(recorder.named("part-tiny-tiny-data").options.retainOnDelete).toBe(true);
      expect(namesOf(recorder.ofKind("Container"))).toEqual(["part-tiny"]);
    },
    "of several replicas": async (made) =>
      expect(made()).rejects.toThrow("tiny: placement of 3 replicas can not be had on one Docker engine"),
    "that replicas share": async (made) =>
      expect(made()).rejects.toThrow("tiny: placement of 3 replicas can not be had on one Docker engine"),
    "that one program shares with nobody": async (made) =>
      expect(namesOf((await made()).recorder.ofKind("Volume"))).toEqual([VOLUME]),
    "on every node": async (made) => expect(namesOf((await made()).recorder.ofKind("Volume"))).toEqual([VOLUME]),
    "of root on every node": async (made) =>
      expect(namesOf((await made()).recorder.ofKind("Volume"))).toEqual([VOLUME]),
    "of a program that runs to its end": async (made) =>
      expect(namesOf((await made()).recorder.ofKind("Volume"))).toEqual([VOLUME]),
    "in a storage class": async (made) => expect(namesOf((await made()).recorder.ofKind("Volume"))).toEqual([VOLUME]),
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
    "by its port": async (made) =>
      expect((await made()).container.inputs.healthcheck).toMatchObject({ tests: ["CMD", "/tiny", "-health"] }),
    // The engine restarts nothing that is unhealthy.
    "by another port for its life": async (made) =>
      expect((await made()).container.inputs.healthcheck).toMatchObject({ tests: ["CMD", "/tiny", "-health"] }),
    "by wget without a path": async (made) =>
      expect(made()).rejects.toThrow("tiny: a health check by wget without a path can not be had on one Docker engine"),
  },
  placement: {
    single: async (made) => expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
    "one replica": async (made) => expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
    "several replicas": async (made) =>
      expect(made()).rejects.toThrow("tiny: placement of 3 replicas can not be had on one Docker engine"),
    "several replicas, without exception on nodes of their own": async (made) =>
      expect(made()).rejects.toThrow("tiny: placement of 3 replicas can not be had on one Docker engine"),
    "every node": async (made) => expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
    "every node, for what runs there": async (made) =>
      expect((await made()).recorder.ofKind("Container")).toHaveLength(1),
    once: async (made) => {
      const { inputs } = (await made()).container;
      expect(inputs).toMatchObject({ restart: "no", attach: true, mustRun: false });
      for (const key of ["healthcheck", "wait"]) expect(inputs).not.toHaveProperty(key);
    },
    "once, with a port": async (made) => expect((await made()).container.inputs).toMatchObject({ restart: "no" }),
    "at scheduled times": async (made) =>
      expect(made()).rejects.toThrow("tiny: placement at scheduled times can not be had on one Docker engine"),
  },
  runsAs: {
    "is the user and the group": async (made) => expect((await made()).container.inputs.user).toBe("472:0"),
    root: async (made) => expect((await made()).container.inputs.user).toBe("0:0"),
  },
  after: {
    "a program": async (made) => expect((await made()).container.dependencies).toContain("part-store"),
    "a program that ends": async (made) => expect((await made()).container.dependencies).toContain("part-setup"),
    "a program that is not deployed before it": async (made) =>
      expect(made()).rejects.toThrow('tiny comes after "nowhere", which is not deployed before it'),
  },
};
