import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { prepareWorkspace } from "../../operations/prepare";
import { deployed, isVerified, recordVerification, type Deployment } from "../../operations/promote/deployment";
import { StackRun } from "../../operations/pulumi-run";
import { runCommand } from "../../toolchain/command";

const before = process.env.PYAIRTABLE_MONITORING_STATE;
let folder: string;
let stack: StackRun;

async function run(...command: [string, ...string[]]): Promise<string> {
  const [program, ...rest] = command;
  const result = await runCommand(program, rest, { cwd: folder });
  if (!result.succeeded) throw new Error(result.output);
  return result.stdout;
}

const update = () => stack.capture(["up", "--yes", "--skip-preview"]);
const current = async () => (await deployed(stack)) as Deployment;

// A project without resources in a repository of its own, on files as state.
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "promote-engine-"));
  process.env.PYAIRTABLE_MONITORING_STATE = path.join(folder, "state");
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: pyairtable-monitoring\nruntime: nodejs\nmain: index.js\n");
  await writeFile(path.join(folder, "Pulumi.try.yaml"), "config: {}\n");
  await writeFile(path.join(folder, "index.js"), "");
  await writeFile(path.join(folder, ".gitignore"), "node_modules\nstate\n");
  await symlink(path.join(__dirname, "../../node_modules"), path.join(folder, "node_modules"));
  await run("git", "init", "--quiet");
  await run("git", "add", "--all");
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
  await run("git", ...identity, "commit", "--quiet", "--message", "all: begin");
  stack = await StackRun.open(await prepareWorkspace(() => {}), "try", undefined, folder);
});

afterAll(async () => {
  if (before === undefined) delete process.env.PYAIRTABLE_MONITORING_STATE;
  else process.env.PYAIRTABLE_MONITORING_STATE = before;
  await rm(folder, { recursive: true, force: true });
});

describe("the record of what is deployed and verified, in state files", () => {
  it("follows updates, their commit, and what is verified of them", async () => {
    expect(await deployed(stack)).toBeUndefined();

    await update();
    const first = await current();
    expect(first).toMatchObject({ succeeded: true, commit: await run("git", "rev-parse", "HEAD"), dirty: false });
    expect(Date.parse(first.startTime)).not.toBeNaN();
    expect(await isVerified(stack, first)).toBe(false);
    await recordVerification(stack, await deployed(stack), true);
    expect(await isVerified(stack, first)).toBe(true);

    await writeFile(path.join(folder, "index.js"), "// changed\n");
    await update();
    const second = await current();
    expect(second).toMatchObject({ succeeded: true, dirty: true });
    expect(second.startTime).not.toBe(first.startTime);
    expect(await isVerified(stack, second)).toBe(false);

    await recordVerification(stack, await deployed(stack), false);
    expect(await isVerified(stack, first)).toBe(false);

    await stack.capture(["up", "--yes", "--skip-preview", "--target", "**grafana**"]);
    expect([first.partial, second.partial, (await current()).partial]).toEqual([false, false, true]);

    await stack.capture(["destroy", "--yes", "--skip-preview"]);
    expect(await deployed(stack)).toBeUndefined();
  });
});
