import { describe, expect, it } from "vitest";
import * as handlers from "../../../toolchain/plugins/handlers";
import { PartialFailure, type ResourceType } from "../../../toolchain/plugins/resource-type";
import { random } from "../../../toolchain/plugins/random";
import { secret, UNKNOWN, type Values } from "../../../toolchain/plugins/values";
import { changes, checked, dockerType } from "./support";

const container = dockerType("Container");
const network = dockerType("Network");
const [password] = random.types({});
const base: Values = { name: "web", image: "sha256:1" };

function reasons(inputs: Values): string[] {
  return handlers.check(container, "web", {}, inputs).failures.map(({ reason }) => reason);
}

describe("check", () => {
  it.each<[string, Values, string]>([
    ["an unknown property", { memmory: 1 }, "unknown property 'memmory'; did you mean 'memory'?"],
    ["an output", { exitCode: 1 }, "unknown property 'exitCode'"],
    ["a wrong kind", { memory: "64" }, "'memory' must be a whole number, but it is a string"],
    ["a wrong item", { envs: [1] }, "'envs[0]' must be a string, but it is a number"],
    ["an unknown member", { ports: [{ internal: 1, host: 2 }] }, "unknown property 'ports[0].host'"],
    ["a missing member", { uploads: [{ content: "x" }] }, "missing required property 'uploads[0].file'"],
    ["a wrong value", { restart: "never" }, "'restart' must be no, on-failure, always or unless-stopped"],
    ["a wrong duration", { healthcheck: { interval: "30" } }, "'healthcheck.interval' must be a duration"],
    ["wrong permissions", { uploads: [{ file: "/a", content: "x", permissions: "644" }] }, "four octal digits"],
    ["what only the vendor has", { gpus: "all" }, "'gpus' needs the vendor's plugin"],
  ])("names %s", (_what, inputs, reason) => {
    expect(reasons({ ...base, ...inputs })[0]).toContain(reason);
  });

  it("names a missing required property", () => {
    expect(reasons({ name: "web" })).toEqual(["missing required property 'image'"]);
  });

  it("does not repeat a value that may be secret", () => {
    const [reason] = reasons({ ...base, uploads: [secret("hunter2")] });
    expect(reason).toBe("'uploads[0]' must be an object, but it is a string");
  });

  it("accepts values that are not known yet", () => {
    expect(reasons({ ...base, image: UNKNOWN, ports: [{ internal: UNKNOWN }], memory: UNKNOWN })).toEqual([]);
  });

  it("fills in the vendor's defaults", () => {
    const inputs = checked(container, base);
    expect(inputs).toMatchObject({ mustRun: true, start: true, networkMode: "bridge", restart: "no", waitTimeout: 60 });
    expect(inputs["__defaults"]).toContain("removeVolumes");
  });

  it("makes a name up once and keeps it", () => {
    const first = handlers.check(network, "backend", {}, {}).inputs;
    expect(first["name"]).toMatch(/^backend-[0-9a-f]{7}$/);
    expect(handlers.check(network, "backend", first, {}).inputs["name"]).toBe(first["name"]);
    const chosen = handlers.check(network, "backend", first, { name: "fixed" }).inputs;
    expect(chosen["name"]).toBe("fixed");
  });

  it("follows the engine's way of naming", () => {
    const proposed = handlers.check(network, "backend", {}, {}, { mode: "propose", proposed: "x-1" });
    expect(proposed.inputs["name"]).toBe("x-1");
    const { failures } = handlers.check(network, "backend", {}, {}, { mode: "disable" });
    expect(failures[0]?.property).toBe("name");
  });

  it("keeps secrets secret", () => {
    const inputs = checked(container, { ...base, uploads: [{ file: "/a", content: secret("hunter2") }] });
    expect(inputs["uploads"]).toEqual(secret([{ file: "/a", content: "hunter2" }]));
  });
});

describe("diff", () => {
  it.each<[string, Values, Values, string[]]>([
    ["nothing", {}, {}, []],
    ["a limit", { memory: 64 }, { memory: 128 }, ["memory"]],
    ["a removed limit", { memory: 64 }, {}, ["memory"]],
    ["zero and nothing", { memory: 0, cpuShares: 0 }, {}, []],
    ["the restart policy", { restart: "no" }, { restart: "always", maxRetryCount: 2 }, ["maxRetryCount", "restart"]],
    ["a file", { uploads: [{ file: "/a", content: "1" }] }, { uploads: [{ file: "/a", content: "2" }] }, ["uploads!"]],
    [
      "the order of a set",
      { envs: ["A=1", "B=2"], volumes: [{ volumeName: "v", containerPath: "/a" }, { containerPath: "/b" }] },
      { envs: ["B=2", "A=1"], volumes: [{ containerPath: "/b" }, { containerPath: "/a", volumeName: "v" }] },
      [],
    ],
    ["the order of a list", { command: ["a", "b"] }, { command: ["b", "a"] }, ["command!"]],
    [
      "an external port that the engine chose, and the order of ports",
      {
        ports: [
          { internal: 80, external: 32768, ip: "0.0.0.0", protocol: "tcp" },
          { internal: 90, external: 9090, ip: "127.0.0.1", protocol: "tcp" },
        ],
      },
      { ports: [{ internal: 90, external: 9090, ip: "127.0.0.1" }, { internal: 80 }] },
      [],
    ],
    [
      "a moved port",
      { ports: [{ internal: 80, external: 1 }] },
      { ports: [{ internal: 80, external: 2 }] },
      ["ports!"],
    ],
    ["what the image brings along", { command: ["sleep"], user: "1000", workingDir: "/x", hostname: "h" }, {}, []],
    ["an unknown value", { image: "sha256:1" }, { image: UNKNOWN }, ["image!"]],
    ["an unknown value in place", { memory: 64 }, { memory: UNKNOWN }, ["memory"]],
    ["a stopped container", { mustRun: false }, {}, ["mustRun"]],
    [
      "a nested default",
      { healthcheck: { tests: ["NONE"], interval: "0s" } },
      { healthcheck: { tests: ["NONE"] } },
      [],
    ],
    [
      "a duration in another form",
      { healthcheck: { tests: ["NONE"], interval: "1m0s" } },
      { healthcheck: { tests: ["NONE"], interval: "60s" } },
      ["healthcheck!"],
    ],
  ])("of %s", (_what, before, after, expected) => {
    const state = { ...checked(container, { ...base, ...before }), ...before };
    expect(changes(container, state, { ...base, ...after })).toEqual(expected);
  });

  it("is in the order of the names, whatever the order of the inputs", () => {
    const state = checked(container, base);
    const one = changes(container, state, { ...base, user: "1", memory: 1, envs: ["A=1"] });
    const other = changes(container, state, { envs: ["A=1"], memory: 1, user: "1", ...base });
    expect(one).toEqual(["envs!", "memory", "user!"]);
    expect(other).toEqual(one);
  });

  it("deletes first where the name is fixed, and always for containers", () => {
    const named = checked(network, { name: "n" });
    const auto = checked(network, {});
    const driver = { driver: "macvlan" };
    expect(handlers.diff(network, named, named, { ...named, ...driver }).deleteBeforeReplace).toBe(true);
    expect(handlers.diff(network, auto, auto, { ...auto, ...driver }).deleteBeforeReplace).toBe(false);
    const web = checked(container, base);
    expect(handlers.diff(container, web, web, { ...web, image: "x" }).deleteBeforeReplace).toBe(true);
  });

  it("leaves out what the program wants ignored", () => {
    const state = checked(container, { ...base, memory: 64 });
    expect(handlers.diff(container, state, state, { ...state, memory: 1 }, ["memory"]).changes).toEqual([]);
  });

  it("replaces a password for any change of its inputs", () => {
    if (!password) throw new Error("no password type");
    const state = checked(password, { length: 20, keepers: { a: "1" } });
    expect(changes(password, state, { length: 20, keepers: { a: "2" } })).toEqual(["keepers!"]);
    expect(changes(password, state, { length: 21, keepers: { a: "1" }, upper: false })).toEqual(["length!", "upper!"]);
  });
});

describe("a creation that fails and cannot be undone", () => {
  it("leaves the resource marked, and the next run replaces it, also after a refresh", async () => {
    const unlucky: ResourceType = {
      ...network,
      create: () => Promise.reject(new PartialFailure("id-1", "half made")),
      read: (id, state) => Promise.resolve({ id, outputs: state }),
    };
    const inputs = checked(network, { name: "n", options: secret({ key: "hunter2" }) });
    const failure = await handlers.create(unlucky, inputs, false).catch((error: unknown) => error);
    if (!(failure instanceof PartialFailure)) throw new Error("it did not fail");
    expect(failure.outputs["options"]).toEqual(secret({ key: "hunter2" }));
    const refreshed = await handlers.read(unlucky, failure.id, failure.outputs, inputs);
    for (const state of [failure.outputs, refreshed?.outputs ?? {}]) {
      const found = handlers.diff(unlucky, state, inputs, inputs);
      expect(found.changes.filter(({ replace }) => replace)).toHaveLength(1);
      expect(found.deleteBeforeReplace).toBe(true);
    }
  });
});
