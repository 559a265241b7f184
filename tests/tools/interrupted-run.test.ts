/** The engine's own files, as runs leave them that were killed: by the real engine, on a project without resources. */
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { prepareWorkspace } from "../../operations/prepare";
import { StackRun } from "../../operations/pulumi-run";
import { stateIn } from "../../operations/state-files";
import { statesOf } from "../../operations/workspace";

let folder: string;
let reports: string[];

const opened = async () => {
  const workspace = await prepareWorkspace((message) => reports.push(message));
  return StackRun.open(workspace, "try", undefined, folder);
};
const states = () => statesOf(path.join(folder, "state"));
const state = () => stateIn(states(), "try");
const salted = () => path.join(folder, "state", "stacks", "try", "Pulumi.try.yaml");

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "interrupted-run-"));
  vi.stubEnv("PYAIRTABLE_MONITORING_STATE", path.join(folder, "state"));
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: pyairtable-monitoring\nruntime: nodejs\nmain: index.js\n");
  await writeFile(path.join(folder, "Pulumi.try.yaml"), "config: {}\n");
  await writeFile(path.join(folder, "index.js"), 'exports.kept = require("@pulumi/pulumi").secret("told");\n');
  await symlink(path.join(__dirname, "../../node_modules"), path.join(folder, "node_modules"));
});

beforeEach(() => {
  reports = [];
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe("a run that was killed", () => {
  it("as it had begun to make the stack, is followed by one that makes it", async () => {
    await opened();
    await rm(salted());
    await writeFile(
      state(),
      JSON.stringify({ version: 0, checkpoint: { stack: "organization/pyairtable-monitoring/try" } }),
    );
    const stack = await opened();
    await stack.capture(["up", "--yes", "--skip-preview"]);
    expect(await stack.outputs()).toEqual({ kept: "told" });
  });

  it("before the salt was beside the project, is followed by one that reads the stack's secrets", async () => {
    const before = await readFile(salted(), "utf8");
    await rm(salted());
    const stack = await opened();
    expect(await readFile(salted(), "utf8")).toBe(before);
    expect(await stack.outputs()).toEqual({ kept: "told" });
  });

  it("writes nothing beside the state that could be cut off", async () => {
    expect((await readdir(states())).sort()).toEqual(["try.json", "try.json.bak"]);
  });

  it("as the engine was called without this project and wrote a note, is followed by one that reads the state", async () => {
    const earlier = await opened();
    await writeFile(`${state()}.attrs`, "");
    await expect(earlier.outputs()).rejects.toThrow("failed to load checkpoint: EOF");
    expect(await (await opened()).outputs()).toEqual({ kept: "told" });
    expect(reports).toEqual([]);
  });

  it("as the power failed, is followed by one that goes on from the copy", async () => {
    const earlier = await opened();
    await writeFile(state(), (await readFile(state(), "utf8")).slice(0, 99));
    await expect(earlier.outputs()).rejects.toThrow("failed to load checkpoint");
    const stack = await opened();
    expect(reports).toEqual([expect.stringContaining('as it wrote the state of the stack "try"; taking the copy')]);
    await stack.capture(["up", "--yes", "--skip-preview"]);
    expect(await stack.outputs()).toEqual({ kept: "told" });
  });
});
