import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { prepareTools, type Tools } from "../../operations/prepare";
import { readDigest } from "../../operations/preview/digest";
import { StackRun } from "../../operations/pulumi-run";

const ROOT = path.join(__dirname, "../..");
const RUNTIME = "test-loader";

let folder: string;
let tools: Tools;

/**
 * The engine starts a pack through its host for Node, which the one that is built from Go modules can not do. Under a runtime
 * that has no host it starts a program of that name instead: the same pack, by the same runner of the SDK.
 */
async function packHere(): Promise<{ pack: string; programs: string }> {
  const [pack, programs] = [path.join(folder, "pack"), path.join(folder, "bin")];
  await mkdir(pack);
  await mkdir(programs);
  const declared = await readFile(path.join(ROOT, "policy/PulumiPolicy.yaml"), "utf8");
  await writeFile(path.join(pack, "PulumiPolicy.yaml"), declared.replace("runtime: nodejs", `runtime: ${RUNTIME}`));
  await cp(path.join(ROOT, "policy/package.json"), path.join(pack, "package.json"));
  await writeFile(path.join(pack, "index.js"), `require(${JSON.stringify(path.join(ROOT, "policy"))});\n`);
  const program = path.join(programs, `pulumi-analyzer-policy-${RUNTIME}`);
  const runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${runner}" "$@"\n`);
  await chmod(program, 0o755);
  return { pack, programs };
}

/** A preview of the dev stack with further settings under the pack; what the engine says, whatever comes of it. */
async function preview(further: string, ...options: readonly string[]): Promise<string> {
  const { pack } = paths;
  const configuration = path.join(folder, "configuration.yaml");
  await writeFile(configuration, `${await readFile(path.join(ROOT, "Pulumi.dev.yaml"), "utf8")}${further}`);
  const run = await StackRun.open(tools.workspace, "policy-test", configuration);
  const command = ["preview", "--suppress-outputs", "--policy-pack", pack, ...options];
  return run.capture(command).catch((error: Error) => error.message);
}

let paths: Awaited<ReturnType<typeof packHere>>;
const before = process.env.PYAIRTABLE_MONITORING_STATE;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "policy-pack-"));
  process.env.PYAIRTABLE_MONITORING_STATE = path.join(folder, "state");
  paths = await packHere();
  const prepared = await prepareTools(() => {});
  const { env } = prepared.workspace;
  const withPrograms = { ...env, PATH: `${paths.programs}${path.delimiter}${env.PATH ?? ""}` };
  tools = { workspace: { ...prepared.workspace, env: withPrograms }, stop: () => prepared.stop() };
});

afterAll(async () => {
  tools.stop();
  if (before === undefined) delete process.env.PYAIRTABLE_MONITORING_STATE;
  else process.env.PYAIRTABLE_MONITORING_STATE = before;
  await rm(folder, { recursive: true, force: true });
});

describe("the policy pack, under the real engine", () => {
  it("has nothing against the dev stack", async () => {
    const output = await preview("");
    expect(output).toMatch(/Policies:\n\s+✅ pyairtable-monitoring@/);
    expect(output).toMatch(/\+ \d+ to create/);
    expect(output).not.toMatch(/\[(mandatory|advisory)\]/);
  });

  it("refuses open ports and unprotected data, and names them", async () => {
    const open = "  pyairtable-monitoring:bindAddress: 0.0.0.0\n";
    const output = await preview(open, "--policy-pack-config", path.join(ROOT, "policy/prod.json"));
    expect(output).toContain("metrics-grafana publishes 3001 on 0.0.0.0");
    expect(output).toContain("the volume metrics-prometheus-prometheus-data holds data and is not protected");
    expect(output).toContain("error: preview failed");
  });
});

describe("a preview as JSON, by the real engine", () => {
  it("is read for the comment: what is created, and of which program", async () => {
    const digest = readDigest(await preview("", "--json"));
    expect(new Set(digest?.changes.map(({ operation }) => operation))).toEqual(new Set(["create"]));
    const volumes = digest?.changes.filter(({ holdsData }) => holdsData).map(({ name }) => name);
    expect(volumes).toContain("metrics-prometheus-prometheus-data");
    expect(digest?.changes.map(({ program }) => program)).toEqual(expect.arrayContaining(["grafana", "prometheus"]));
  });
});
