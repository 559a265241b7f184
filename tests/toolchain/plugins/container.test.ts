import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as handlers from "../../../toolchain/plugins/handlers";
import type { Created } from "../../../toolchain/plugins/resource-type";
import { reveal, secret, type Values } from "../../../toolchain/plugins/values";
import { changes, checked, create, dockerType, engine, importImage, output, testPrefix, tidyUp } from "./support";

const prefix = testPrefix();
const container = dockerType("Container");
let image: string;
let number = 0;

beforeAll(async () => {
  image = (await importImage(prefix)).id;
});
afterAll(() => tidyUp(prefix));

function inputs(more: Values = {}): Values {
  return { name: `${prefix}-${++number}`, image, ...more };
}

async function refreshed(created: Created, wanted: Values): Promise<Values> {
  const found = await handlers.read(container, created.id, created.outputs, checked(container, wanted));
  if (!found) throw new Error("the container is gone");
  return found.outputs;
}

async function exists(id: string): Promise<boolean> {
  return (await engine.inspect(`/containers/${id}/json`)) !== undefined;
}

describe("a container", () => {
  it("honours its inputs and shows no change afterwards", async () => {
    const network = `${prefix}-net`;
    const volume = `${prefix}-data`;
    await engine.call("POST", "/networks/create", { body: { Name: network, CheckDuplicate: true } });
    const wanted = inputs({
      capabilities: { drops: ["ALL"] },
      command: ["sleep", "300"],
      cpus: "0.5",
      envs: ["B=2", "A=1"],
      groupAdds: ["2000"],
      healthcheck: { tests: ["CMD", "true"], interval: "1s", timeout: "1s", retries: 2 },
      hosts: [{ host: "elsewhere", ip: "10.1.2.3" }],
      init: true,
      labels: [
        { label: "b", value: "2" },
        { label: "a", value: "1" },
      ],
      logDriver: "json-file",
      logOpts: { "max-size": "1m" },
      memory: 32,
      memorySwap: 32,
      mounts: [{ type: "tmpfs", target: "/scratch", tmpfsOptions: { sizeBytes: 1048576 } }],
      networksAdvanced: [{ name: network, aliases: ["web"] }],
      ports: [{ internal: 8080, ip: "127.0.0.1" }],
      readOnly: true,
      restart: "unless-stopped",
      securityOpts: ["no-new-privileges:true"],
      shmSize: 16,
      stopTimeout: 5,
      sysctls: { "net.core.somaxconn": "512" },
      tmpfs: { "/run": "size=1m" },
      ulimits: [{ name: "nofile", soft: 1024, hard: 2048 }],
      user: "1000:1000",
      volumes: [{ volumeName: volume, containerPath: "/data" }],
      wait: true,
      waitTimeout: 20,
      workingDir: "/tmp",
    });
    const created = await create(container, wanted);
    expect(await output(created.id, "cat", "/proc/sys/net/core/somaxconn")).toBe("512");
    expect(created.outputs["networkDatas"]).toMatchObject([{ networkName: network }]);
    expect(changes(container, created.outputs, wanted)).toEqual([]);
    expect(await refreshed(created, wanted)).toEqual(created.outputs);
    await handlers.remove(container, created.id, created.outputs);
    expect(await exists(created.id)).toBe(false);
  });

  it("uploads files before it starts, with their permissions", async () => {
    const wanted = inputs({
      uploads: [
        { file: "/etc/app/plain.txt", content: "one" },
        { file: "/etc/app/binary", contentBase64: Buffer.from("two").toString("base64"), permissions: "0600" },
        { file: "/etc/app/run", content: "three", executable: true },
        { file: "/etc/app/owned", content: "four", owner: "1000", group: "1001" },
      ],
    });
    const created = await create(container, wanted);
    expect(await output(created.id, "cat", "/etc/app/plain.txt", "/etc/app/binary")).toBe("onetwo");
    const listing = await output(created.id, "busybox", "ls", "-ln", "/etc/app");
    expect(listing).toMatch(/-rw------- .* binary/);
    expect(listing).toMatch(/-rwxr--r-- .* run/);
    expect(listing).toMatch(/1000 +1001 .* owned/);
    expect(changes(container, created.outputs, wanted)).toEqual([]);
  });

  it("keeps secret inputs secret in its outputs", async () => {
    const uploads = [{ file: "/etc/password", content: secret("hunter2") }];
    const created = await create(container, inputs({ uploads, envs: [secret("A=1")] }));
    expect(created.outputs["uploads"]).toEqual(secret([{ file: "/etc/password", content: "hunter2" }]));
    expect(created.outputs["envs"]).toEqual(secret(["A=1"]));
    const back = await refreshed(created, inputs({ name: created.outputs["name"], uploads }));
    expect(back["uploads"]).toEqual(created.outputs["uploads"]);
    expect(reveal(back).secrets).toEqual(new Set(["uploads", "envs"]));
  });

  it("cannot take files into a read-only root, and leaves nothing behind", async () => {
    const wanted = inputs({ readOnly: true, uploads: [{ file: "/etc/a", content: "1" }] });
    await expect(create(container, wanted)).rejects.toThrow("container rootfs is marked read-only");
    expect(await exists(String(wanted["name"]))).toBe(false);
  });

  it("holds files in an anonymous volume for another one, without ever running", async () => {
    const holder = inputs({
      start: false,
      mustRun: false,
      volumes: [{ containerPath: "/config" }],
      uploads: [{ file: "/config/app.yml", content: "hello" }],
    });
    const held = await create(container, holder);
    const from = `${String(holder["name"])}:ro`;
    const reader = await create(container, inputs({ readOnly: true, volumes: [{ fromContainer: from }] }));
    expect(await output(reader.id, "cat", "/config/app.yml")).toBe("hello");
    expect(await output(reader.id, "sh", "-c", "echo x > /config/y")).toContain("Read-only file system");
    expect(held.outputs).toMatchObject({ exitCode: 0, mustRun: false });
    expect(await refreshed(held, holder)).toEqual(held.outputs);
    expect(changes(container, held.outputs, holder)).toEqual([]);
    const { Mounts } = await engine.call<{ Mounts: { Name: string }[] }>("GET", `/containers/${held.id}/json`);
    await handlers.remove(container, reader.id, reader.outputs);
    await handlers.remove(container, held.id, held.outputs);
    expect(await engine.inspect(`/volumes/${Mounts[0]?.Name}`)).toBeUndefined();
  });

  it("waits for the end of one that is attached, and keeps what it wrote", async () => {
    const once = { attach: true, logs: true, mustRun: false };
    const good = await create(container, inputs({ ...once, command: ["echo", "done"] }));
    expect(good.outputs).toMatchObject({ exitCode: 0, containerLogs: "done\n" });
    const bad = await create(container, inputs({ ...once, command: ["sh", "-c", "exit 3"] }));
    expect(bad.outputs).toMatchObject({ exitCode: 3 });
    expect(
      changes(container, good.outputs, { ...once, name: good.outputs["name"], image, command: ["echo", "done"] }),
    ).toEqual([]);
  });
});

describe("what the engine writes in another form", () => {
  it.each<[string, Values, string[]]>([
    ["a memory limit without one for swap", { memory: 32 }, ["memorySwap"]],
    ["a memory limit with the same for swap", { memory: 32, memorySwap: 32 }, []],
    ["capabilities without CAP_", { capabilities: { adds: ["NET_RAW"], drops: ["ALL"] } }, ["capabilities!"]],
    ["capabilities with CAP_", { capabilities: { adds: ["CAP_NET_RAW"], drops: ["ALL"] } }, []],
    ["a duration of 60s", { healthcheck: { tests: ["CMD", "true"], interval: "60s" } }, ["healthcheck!"]],
    ["a duration of 1m0s", { healthcheck: { tests: ["CMD", "true"], interval: "1m0s" } }, []],
    ["half a processor as 0.50", { cpus: "0.50" }, ["cpus!"]],
    [
      "security options with the host's processes",
      { pidMode: "host", securityOpts: ["no-new-privileges"] },
      ["securityOpts!"],
    ],
    ["the same with label=disable", { pidMode: "host", securityOpts: ["no-new-privileges", "label=disable"] }, []],
    ["a platform", { platform: "linux/amd64" }, ["platform!"]],
    ["a port on all addresses", { ports: [{ internal: 8080 }] }, []],
  ])("%s", async (_what, more, expected) => {
    const wanted = inputs({ start: false, mustRun: false, ...more });
    const created = await create(container, wanted);
    expect(changes(container, created.outputs, wanted)).toEqual(expected);
  });
});

describe("a creation that fails after the container was made", () => {
  it.each<[string, Values, string]>([
    ["is not healthy in time", { wait: true, waitTimeout: 1, healthcheck: { tests: ["CMD", "false"] } }, "not healthy"],
    ["has no health check to wait for", { wait: true }, "add 'healthcheck'"],
    ["cannot start", { command: ["/nothing"] }, "cannot start the container"],
    ["cannot join its network", { networksAdvanced: [{ name: "no-such-network" }] }, "no-such-network"],
    ["is given two contents", { uploads: [{ file: "/a", content: "1", source: "/b" }] }, "content and source are"],
  ])("takes it away again: it %s", async (_what, more, reason) => {
    const wanted = inputs(more);
    await expect(create(container, wanted)).rejects.toThrow(reason);
    expect(await exists(String(wanted["name"]))).toBe(false);
  });
});

describe("a change", () => {
  it("of limits and of the restart policy is made in place", async () => {
    const before = inputs({ memory: 32, memorySwap: 32, restart: "no" });
    const created = await create(container, before);
    const after = { ...before, memory: 64, memorySwap: 64, restart: "on-failure", maxRetryCount: 2, cpuShares: 512 };
    const news = checked(container, after);
    const outputs = await handlers.update(container, created.id, created.outputs, news, false, () => undefined);
    const { HostConfig } = await engine.call<{ HostConfig: Values }>("GET", `/containers/${created.id}/json`);
    expect(HostConfig).toMatchObject({ Memory: 64 * 1024 * 1024, MemorySwap: 64 * 1024 * 1024, CpuShares: 512 });
    expect(changes(container, outputs, after)).toEqual([]);
  });

  it("that the engine cannot make is recorded, with a warning", async () => {
    const before = inputs();
    const created = await create(container, before);
    const after = { ...before, tmpfs: { "/x": "" } };
    const warnings: string[] = [];
    const warn = (line: string): number => warnings.push(line);
    const outputs = await handlers.update(
      container,
      created.id,
      created.outputs,
      checked(container, after),
      false,
      warn,
    );
    expect(warnings[0]).toContain("'tmpfs' changed in the state only");
    expect(changes(container, outputs, after)).toEqual([]);
    expect(changes(container, await refreshed({ id: created.id, outputs }, after), after)).toEqual(["tmpfs"]);
  });
});

describe("a change made outside", () => {
  it("shows at the next refresh: a limit", async () => {
    const wanted = inputs({ memory: 32, memorySwap: -1 });
    const created = await create(container, wanted);
    await engine.raw("POST", `/containers/${created.id}/update`, {
      body: { Memory: 48 * 1024 * 1024, MemorySwap: -1 },
    });
    const back = await handlers.read(container, created.id, created.outputs, checked(container, wanted));
    expect(back?.inputs).toMatchObject({ memory: 48 });
    expect(changes(container, back?.outputs ?? {}, wanted)).toEqual(["memory"]);
  });

  it("shows at the next refresh: a stop, which the next run undoes", async () => {
    const wanted = inputs();
    const created = await create(container, wanted);
    await engine.raw("POST", `/containers/${created.id}/kill`);
    await engine.raw("POST", `/containers/${created.id}/wait`);
    const back = await refreshed(created, wanted);
    expect(back).toMatchObject({ mustRun: false, exitCode: 137 });
    expect(changes(container, back, wanted)).toEqual(["mustRun"]);
    await handlers.update(container, created.id, back, checked(container, wanted), false, () => undefined);
    expect(changes(container, await refreshed(created, wanted), wanted)).toEqual([]);
  });

  it("shows at the next refresh: a removal, after which removing it again is no failure", async () => {
    const created = await create(container, inputs());
    await engine.raw("DELETE", `/containers/${created.id}`, { query: { force: true } });
    expect(await handlers.read(container, created.id, created.outputs, {})).toBeUndefined();
    await handlers.remove(container, created.id, created.outputs);
  });
});
