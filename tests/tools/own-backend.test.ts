import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { prepareWorkspace } from "../../operations/prepare";
import { StackRun } from "../../operations/pulumi-run";
import { stacksOf } from "../../operations/session";
import type { Workspace } from "../../operations/workspace";
import { runCommand } from "../../toolchain/command";
import { copyCheckout } from "../support/checkout";

let folder: string;
let checkout: string;
let workspace: Workspace;

async function run(command: string, ...args: string[]): Promise<string> {
  const result = await runCommand(command, args, { cwd: checkout, env: workspace.env });
  if (!result.succeeded) throw new Error(result.output);
  return result.stdout;
}

function monitoring(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, ["operations/monitoring.mjs", ...args], { cwd: checkout }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    ),
  );
}

/** The stack that a plain `pulumi up` of the user would act on. */
async function selected(): Promise<string | undefined> {
  const stacks = JSON.parse(await run("pulumi", "stack", "ls", "--json")) as { name: string; current: boolean }[];
  return stacks.find(({ current }) => current)?.name;
}

// As in CI and in production: state that PULUMI_BACKEND_URL names, and a home of Pulumi's own that knows what is selected.
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "own-backend-"));
  checkout = path.join(folder, "checkout");
  await mkdir(path.join(folder, "state"));
  vi.stubEnv("PYAIRTABLE_MONITORING_STATE", "");
  vi.stubEnv("PULUMI_HOME", path.join(folder, "home"));
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${path.join(folder, "state")}`);
  vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "try");
  await copyCheckout(checkout);
  for (const stack of ["dev", "prod"]) await writeFile(path.join(checkout, `Pulumi.${stack}.yaml`), "config: {}\n");
  workspace = await prepareWorkspace(() => {});
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe("a backend of the user's own", () => {
  it("gets a stack that is not there yet, and selects none", async () => {
    expect(workspace).toMatchObject({ backend: process.env.PULUMI_BACKEND_URL, folder: undefined });
    expect(await stacksOf(workspace)).toEqual([]);
    const dev = await StackRun.open(workspace, "dev", undefined, checkout);
    await StackRun.open(workspace, "prod", undefined, checkout);
    expect((await stacksOf(workspace)).sort()).toEqual(["dev", "prod"]);
    expect(await selected()).toBeUndefined();
    expect(await dev.outputs()).toEqual({});
  });

  it("keeps the stack that the user has selected, whichever the verbs look at", async () => {
    await run("pulumi", "stack", "select", "dev");
    expect(await selected()).toBe("dev");

    const [stopped, misspelt, none] = await Promise.all([
      monitoring("status", "--stack", "prod"),
      monitoring("verify", "--stack", "prd"),
      monitoring("stop", "--stack", "staging"),
    ]);
    expect(stopped).toMatchObject({ code: 2, stdout: "" });
    expect(stopped.stderr).toContain('error: the stack "prod" is stopped');
    expect(misspelt).toMatchObject({ code: 2, stdout: "" });
    expect(misspelt.stderr).toContain('there is no stack "prd". Did you mean "prod"?');
    expect(none).toMatchObject({ code: 2, stdout: "" });

    expect(await selected()).toBe("dev");
    expect((await stacksOf(workspace)).sort()).toEqual(["dev", "prod"]);
  });

  it("is left as it is by promote", async () => {
    await writeFile(path.join(checkout, ".gitignore"), "node_modules\n");
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    await run("git", "init", "--quiet");
    await run("git", "add", "--all");
    await run("git", ...identity, "commit", "--quiet", "--message", "all: begin");
    await run("pulumi", "stack", "select", "dev");

    const refused = await monitoring("promote", "--json");
    expect(refused.code, refused.stderr).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      ok: false,
      from: "dev",
      to: "prod",
      refusals: [expect.stringContaining("dev: nothing is deployed to it") as string],
    });
    expect(await selected()).toBe("dev");
    expect(await run("git", "status", "--porcelain")).toBe("");
  });
});
