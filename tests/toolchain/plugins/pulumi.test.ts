/** Both plugins under the real Pulumi engine, with a program of a few lines and its state in a folder. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasVendorPlugin, pluginEnvironment, startPlugins, type RunningPlugins } from "../../../toolchain/plugins";
import { ensurePulumi } from "../../../toolchain/pulumi-cli";
import { engine, importImage, testPrefix, tidyUp } from "./support";

const prefix = testPrefix();
const repository = path.resolve(__dirname, "../../..");
let folder: string;
let environment: NodeJS.ProcessEnv;
let plugins: RunningPlugins;

const PROGRAM = `
const docker = require("@pulumi/docker");
const random = require("@pulumi/random");
const pulumi = require("@pulumi/pulumi");
const prefix = process.env.TEST_PREFIX;
const network = new docker.Network("net", { name: prefix + "-net", internal: true });
const data = new docker.Volume("data", { name: prefix + "-data" });
const image = new docker.RemoteImage("image", { name: prefix + ":1", keepLocally: true });
const password = new random.RandomPassword("password", { length: 24, special: false });
const web = new docker.Container("web", {
  name: prefix + "-web",
  image: image.imageId,
  memory: Number(process.env.TEST_MEMORY ?? 32),
  memorySwap: Number(process.env.TEST_MEMORY ?? 32),
  networksAdvanced: [{ name: network.name, aliases: ["web"] }],
  volumes: [{ volumeName: data.name, containerPath: "/data" }],
  uploads: [
    { file: "/etc/app.yml", content: process.env.TEST_CONTENT ?? "one" },
    { file: "/etc/password", content: password.result, permissions: "0400" },
  ],
});
if (process.env.TEST_OTHER_TYPE) new docker.Tag("tag", { sourceImage: "a", targetImage: "b" });
exports.container = web.id;
exports.password = password.result;
`;

interface Run {
  readonly code: number;
  readonly output: string;
}

function pulumi(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Run> {
  const options = { cwd: folder, env: { ...environment, ...more }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile("pulumi", [...args, "--non-interactive", "--color", "never"], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}

async function succeed(args: readonly string[], more?: NodeJS.ProcessEnv): Promise<string> {
  const { code, output } = await pulumi(args, more);
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${output}`);
  return output;
}

async function outputs(): Promise<{ container: string; password: string }> {
  return JSON.parse(await succeed(["stack", "output", "--json", "--show-secrets"])) as never;
}

beforeAll(async () => {
  const [cli] = await Promise.all([ensurePulumi(), importImage(prefix)]);
  folder = await mkdtemp(path.join(tmpdir(), "plugins-"));
  plugins = await startPlugins();
  environment = {
    ...process.env,
    ...plugins.environment,
    PATH: [cli.folder, process.env["PATH"]].filter(Boolean).join(path.delimiter),
    PULUMI_HOME: path.join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "a passphrase",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    TEST_PREFIX: prefix,
  };
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: plugins\nruntime: nodejs\nmain: index.js\n");
  const dependencies = { "@pulumi/docker": "5.2.0", "@pulumi/random": "4.21.2" };
  await writeFile(
    path.join(folder, "package.json"),
    JSON.stringify({ name: "plugins", main: "index.js", dependencies }),
  );
  await writeFile(path.join(folder, "index.js"), PROGRAM);
  await symlink(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  await succeed(["stack", "init", "test"]);
});

afterAll(async () => {
  plugins.stop();
  await tidyUp(prefix);
  await rm(folder, { recursive: true, force: true });
});

describe("a stack on the project's own plugins", () => {
  it("comes up, says whose plugins they are, and warns of nothing", async () => {
    const output = await succeed(["up", "--yes", "--skip-preview"]);
    expect(output).toContain("This project's own 'docker' plugin is in use");
    expect(output).not.toContain("warning");
    expect(output).toMatch(/\+ 6 created/);
  });

  it("has no changes in the next preview, which says nothing of the plugins", async () => {
    const output = await succeed(["preview", "--expect-no-changes"]);
    expect(output).not.toContain("This project's own");
    expect(output).not.toContain("warning");
  });

  it("keeps secrets encrypted, and out of everything that is shown", async () => {
    const { password } = await outputs();
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    const state = await readFile(path.join(folder, ".pulumi", "stacks", "plugins", "test.json"), "utf8");
    expect(state).not.toContain(password);
    expect(await succeed(["preview", "--diff"], { TEST_CONTENT: "two" })).not.toContain(password);
  });

  it("is unchanged by a refresh", async () => {
    expect(await succeed(["refresh", "--yes", "--skip-preview"])).not.toMatch(/\d+ (updated|changed|deleted)/);
  });

  it("updates a limit in place", async () => {
    const { container } = await outputs();
    expect(await succeed(["up", "--yes", "--skip-preview"], { TEST_MEMORY: "48" })).toMatch(/~ 1 updated/);
    const found = await engine.call<{ HostConfig: { Memory: number } }>("GET", `/containers/${container}/json`);
    expect(found.HostConfig.Memory).toBe(48 * 1024 * 1024);
    await succeed(["up", "--yes", "--skip-preview"]);
  });

  it("previews a replacement when a file changes, deletes first, and then has no changes", async () => {
    const before = await outputs();
    const two = { TEST_CONTENT: "two" };
    expect(await succeed(["preview", "--diff"], two)).toMatch(/uploads/);
    expect(await succeed(["up", "--yes", "--skip-preview"], two)).toMatch(/1 replaced/);
    const after = await outputs();
    expect(after.container).not.toBe(before.container);
    expect(after.password).toBe(before.password);
    await succeed(["preview", "--expect-no-changes"], two);
  });

  it("notices what was stopped and what was removed outside, and mends it", async () => {
    const two = { TEST_CONTENT: "two" };
    const { container } = await outputs();
    await engine.raw("POST", `/containers/${container}/kill`);
    expect(await succeed(["up", "--refresh", "--yes", "--skip-preview"], two)).toMatch(/~ 1 updated/);
    const running = await engine.call<{ State: { Running: boolean } }>("GET", `/containers/${container}/json`);
    expect(running.State.Running).toBe(true);
    await engine.raw("DELETE", `/containers/${container}`, { query: { force: true } });
    expect(await succeed(["refresh", "--yes", "--skip-preview"], two)).toMatch(/- 1 deleted/);
    expect(await succeed(["up", "--yes", "--skip-preview"], two)).toMatch(/\+ 1 created/);
  });

  it("refuses an unknown type by name", async () => {
    const { code, output } = await pulumi(["preview"], { TEST_OTHER_TYPE: "1", TEST_CONTENT: "two" });
    expect(code).not.toBe(0);
    expect(output).toContain("the resource type 'docker:index/tag:Tag' needs the vendor's plugin");
  });

  it("names an engine that it cannot reach", async () => {
    const own = { ...(await pluginEnvironment(environment)), PULUMI_DEBUG_PROVIDERS: undefined };
    const { code, output } = await pulumi(["refresh", "--yes", "--skip-preview"], {
      ...own,
      DOCKER_HOST: "tcp://127.0.0.1:1",
    });
    expect(code).not.toBe(0);
    expect(output).toContain("Cannot reach the Docker engine at tcp://127.0.0.1:1: nothing listens there");
  });

  it("works with plugins that the engine starts itself, too", async () => {
    const own = { ...(await pluginEnvironment(environment)), PULUMI_DEBUG_PROVIDERS: undefined, TEST_CONTENT: "two" };
    await succeed(["preview", "--expect-no-changes"], own);
  });

  it("goes without a trace", async () => {
    await succeed(["destroy", "--yes", "--skip-preview"]);
    const filters = JSON.stringify({ name: [prefix] });
    expect(await engine.call("GET", "/containers/json", { query: { all: true, filters } })).toEqual([]);
    expect(await engine.call("GET", "/networks", { query: { filters } })).toEqual([]);
    expect(await engine.inspect(`/volumes/${prefix}-data`)).toBeUndefined();
    expect(await engine.inspect(`/images/${prefix}:1/json`)).toBeDefined();
  });
});

describe("the search for the vendor's plugin", () => {
  it("finds one that is installed", async () => {
    const command = path.join(folder, "home", "plugins", "resource-example-v1.2.3", "pulumi-resource-example");
    await mkdir(path.dirname(command), { recursive: true });
    await writeFile(command, "");
    expect(await hasVendorPlugin("example", "1.2.3", { env: environment })).toBe(true);
  });

  it("asks for a download once, and takes a refusal", async () => {
    const refusing = path.join(folder, "refuse");
    await writeFile(refusing, `#!/bin/sh\necho "$@" >> '${refusing}.log'\nexit 1\n`, { mode: 0o755 });
    const options = { env: environment, pulumi: refusing };
    expect(await hasVendorPlugin("example", "9.9.9", options)).toBe(false);
    expect(await hasVendorPlugin("example", "9.9.9", options)).toBe(false);
    expect(await readFile(`${refusing}.log`, "utf8")).toBe("plugin install resource example v9.9.9\n");
  });
});
