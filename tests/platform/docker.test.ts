import { describe, expect, it } from "vitest";

import type { Workload } from "../../components/platform/workload";
import { TINY } from "./contract-cases";
import { deployOnDocker, labelsOf } from "./docker-support";

/** A program that makes the adapter create one of everything. */
const FULL: Partial<Workload> = {
  files: { directory: "/etc/tiny", entries: [{ path: "tiny.yaml", content: "a: 1\n" }] },
  data: [{ name: "tiny", path: "/data", size: 2 ** 30 }],
  ports: [{ name: "http", number: 80, reach: { from: "operator", published: 8080 } }],
  talksTo: ["store", "services"],
};
const full = { workload: FULL, peers: [{ ...TINY, name: "store" }] };

describe("containers of the Docker adapter", () => {
  it("are the program, its files' holder and its volume's preparation", async () => {
    const { recorder } = await deployOnDocker(full);
    expect(recorder.ofKind("Container").map(({ name, parent }) => [name, parent])).toEqual([
      ["part-store", "part"],
      ["part-tiny", "part"],
      ["part-tiny-files", "part"],
      ["part-tiny-tiny-prepare", "part"],
    ]);
  });

  it("may gain no privileges and have limits, every one of them", async () => {
    const { recorder } = await deployOnDocker(full);
    for (const { inputs } of recorder.ofKind("Container")) {
      expect(inputs.privileged).toBe(false);
      expect(inputs.securityOpts).toEqual(["no-new-privileges:true"]);
      expect(inputs).toMatchObject({ memory: expect.any(Number), memorySwap: -1, cpus: expect.any(String) });
    }
    expect(recorder.named("part-tiny-tiny-prepare").inputs).toMatchObject({ memory: 32, cpus: "0.1" });
  });

  it("are refused with less memory than the engine takes, which would be rounded to no limit", async () => {
    const workload = { resources: { memory: 2 ** 10, cpu: 0.1 } };
    await expect(deployOnDocker({ workload })).rejects.toThrow(/1024 bytes; expected at least 6 MiB/);
  });

  it("have a read-only root and no capabilities if they run, but for the one that sets a volume's owner", async () => {
    const { recorder } = await deployOnDocker(full);
    const running = recorder.ofKind("Container").filter(({ inputs }) => inputs.start !== false);
    expect(running.map(({ name, inputs }) => [name, inputs.readOnly, inputs.capabilities])).toEqual([
      ["part-store", true, { drops: ["ALL"] }],
      ["part-tiny", true, { drops: ["ALL"] }],
      ["part-tiny-tiny-prepare", true, { drops: ["ALL"], adds: ["CAP_CHOWN"] }],
    ]);
  });

  it("are given time to end, come back when they fail, and do not fill the disk with their logs", async () => {
    const { container } = await deployOnDocker(full);
    expect(container.inputs).toMatchObject({
      restart: "unless-stopped",
      destroyGraceSeconds: 10,
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "10m" },
    });
  });

  it("say in their lines what they are called, for a shipper that asks no engine", async () => {
    const { container } = await deployOnDocker({ ...full, settings: { shipper: "otel-collector" } });
    expect(container.inputs.logOpts).toMatchObject({ labels: "com.pyairtable.service", tag: "{{.Name}}" });
  });

  it("are removed before they are made anew, since their names must be free", async () => {
    const { recorder } = await deployOnDocker(full);
    for (const kind of ["Container", "Network"]) {
      for (const { options } of recorder.ofKind(kind)) expect(options.deleteBeforeReplace).toBe(true);
    }
  });
});

describe("objects of the Docker adapter", () => {
  it("carry the stack's labels and names", async () => {
    const { recorder } = await deployOnDocker({ ...full, settings: { name: "watch" } });
    const labelled = ["Container", "Network", "Volume"].flatMap((kind) => recorder.ofKind(kind));
    const labels = labelled.map((one) => [one.inputs.name, labelsOf(one)["com.pyairtable.service"]]);
    expect(labels).toEqual([
      ["watch-store", "store"],
      ["watch-tiny", "tiny"],
      ["watch-tiny-files", "tiny-files"],
      ["watch-tiny-prepare", "tiny-prepare"],
      ["watch-edge", "edge"],
      ["watch-from-tiny", "from-tiny"],
      ["watch-services", "services"],
      ["watch-tiny", "tiny"],
    ]);
    for (const one of labelled) expect(labelsOf(one)["com.pyairtable.stack"]).toBe("watch");
  });

  it("have names that start with their parent's", async () => {
    const { recorder } = await deployOnDocker(full);
    const children = recorder.registrations.filter(({ parent }) => parent !== "");
    expect(children.filter(({ name, parent }) => !name.startsWith(`${parent}-`)).map(({ name }) => name)).toEqual([]);
  });

  it("hold one image for however many programs", async () => {
    const { recorder } = await deployOnDocker(full);
    expect(recorder.ofKind("RemoteImage").map(({ inputs }) => inputs)).toEqual([
      { name: "busybox:1.35.0", keepLocally: true },
      { name: "registry.example/team/tiny:1.2.3", keepLocally: true },
    ]);
  });
});

describe("a transform", () => {
  it("sees the finished arguments and has the last word", async () => {
    const { container } = await deployOnDocker(full, (args) => {
      expect(args).toMatchObject({ name: "pyairtable-test-tiny", user: "1000:2000", readOnly: true });
      return { ...args, user: "5:5", shmSize: 128 };
    });
    expect(container.inputs).toMatchObject({ user: "5:5", shmSize: 128, readOnly: true });
  });

  it("touches only the program's own container", async () => {
    const { recorder } = await deployOnDocker(full, (args) => ({ ...args, shmSize: 128 }));
    const changed = recorder.registrations.filter(({ inputs }) => "shmSize" in inputs);
    expect(changed.map(({ name }) => name)).toEqual(["part-tiny"]);
  });
});

describe("addresses", () => {
  const ports = FULL.ports;

  it("are on the settings' bind address", async () => {
    const { container, deployed } = await deployOnDocker({
      workload: { ports },
      settings: { bindAddress: "192.0.2.7" },
    });
    expect(container.inputs.ports).toEqual([{ internal: 80, external: 8080, ip: "192.0.2.7", protocol: "tcp" }]);
    expect(deployed.urls).toEqual({ http: "http://192.0.2.7:8080" });
  });

  it("are URLs on IPv6 as well", async () => {
    const { container, deployed } = await deployOnDocker({ workload: { ports }, settings: { bindAddress: "::1" } });
    expect(container.inputs.ports).toMatchObject([{ ip: "::1" }]);
    expect(deployed.urls).toEqual({ http: "http://[::1]:8080" });
  });
});
