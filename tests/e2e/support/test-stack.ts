import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import Docker from "dockerode";
import { dump, load } from "js-yaml";

import { DEFAULT_PORTS } from "../../../components/settings/defaults";
import { execIn } from "../../../demo/stage/exec";
import { ofStack } from "../../../components/platform/labels";
import type { ResolvedOutputs } from "../../../components/stack-outputs";
import { StackRun } from "../../../operations/pulumi-run";
import { PROJECT_ROOT, type Workspace } from "../../../operations/workspace";
import { freePorts } from "../../../toolchain/free-ports";

export const docker = new Docker();

/** What the program consists of. */
const PROGRAM = ["Pulumi.yaml", "index.ts", "package.json", "tsconfig.json", "components", "configs", "docs/runbooks"];

/** A name that no stack of a developer has. */
export function uniqueName(): string {
  return `pmtest-${randomBytes(4).toString("hex")}`;
}

/** A stack's configuration file with ports of its own, in a temporary folder. */
export async function writeConfiguration(
  folder: string,
  stack: string,
  more: Record<string, unknown>,
): Promise<string> {
  const ports = await freePorts(...Object.keys(DEFAULT_PORTS), "otlp-http");
  const values = { name: stack, ports, scrapeInterval: "2s", ...more };
  const file = path.join(folder, `Pulumi.${stack}.yaml`);
  await writeFile(file, dump({ config: keyed(values) }));
  return file;
}

/** Settings under the keys that a stack's file has for them. */
function keyed(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`pyairtable-monitoring:${key}`, value]));
}

/** A copy of the program whose files a test may edit, and a stack of it under a name of its own. */
export class TestStack {
  private constructor(
    readonly name: string,
    /** Folder of the copy. */
    readonly folder: string,
    readonly run: StackRun,
    private readonly reopen: () => Promise<StackRun>,
    private readonly file: string,
  ) {}

  static async create(
    workspace: Workspace,
    more: Record<string, unknown> = {},
    secrets: Record<string, string> = {},
  ): Promise<TestStack> {
    const name = uniqueName();
    const folder = await mkdtemp(path.join(tmpdir(), `${name}-`));
    for (const part of PROGRAM) await cp(path.join(PROJECT_ROOT, part), path.join(folder, part), { recursive: true });
    await symlink(path.join(PROJECT_ROOT, "node_modules"), path.join(folder, "node_modules"));
    const file = await writeConfiguration(folder, name, more);
    const open = () => StackRun.open(workspace, name, file, folder);
    const run = await open();
    for (const [key, value] of Object.entries(secrets)) await run.capture(["config", "set", "--secret", key, value]);
    return new TestStack(name, folder, run, open, file);
  }

  /** Acts on the stack while some keys of its configuration have other values. */
  async configuredWith<T>(written: Record<string, unknown>, action: (run: StackRun) => Promise<T>): Promise<T> {
    const before = await readFile(this.file, "utf8");
    const { config, ...rest } = load(before) as { config: Record<string, unknown> };
    try {
      await writeFile(this.file, dump({ ...rest, config: { ...config, ...keyed(written) } }));
      return await action(await this.reopen());
    } finally {
      await writeFile(this.file, before);
      await this.reopen();
    }
  }

  async up(): Promise<ResolvedOutputs> {
    await this.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
    return this.run.outputs();
  }

  /** Ids of the stack's containers that run, by program. */
  async containers(): Promise<Record<string, string>> {
    const filters = { ...ofStack(this.name), status: ["running"] };
    const running = await docker.listContainers({ filters });
    return Object.fromEntries(running.map(({ Id, Labels }) => [Labels["com.pyairtable.service"], Id]));
  }

  /** Everything of the stack that is left on the engine, by kind. */
  leftovers() {
    return leftoversOf(this.name);
  }

  async remove(): Promise<void> {
    await this.run.capture(["destroy", "--yes", "--skip-preview"]).catch(() => "");
    await removeLeftovers(this.name);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Everything on the engine that carries a stack's label. */
export async function leftoversOf(stack: string) {
  const filters = ofStack(stack);
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return {
    containers: containers.map(({ Names }) => Names[0]?.slice(1)).sort(),
    networks: networks.map(({ Name }) => Name).sort(),
    volumes: (Volumes ?? []).map(({ Name }) => Name).sort(),
  };
}

/** Removes what a failed test left, volumes included. */
export async function removeLeftovers(stack: string): Promise<void> {
  const filters = ofStack(stack);
  for (const { Id } of await docker.listContainers({ all: true, filters }))
    await docker.getContainer(Id).remove({ force: true, v: true });
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? []) await docker.getVolume(Name).remove();
}

/** Runs a container beside a stack, as one of the monitored services would run. */
export async function runService(options: {
  readonly name: string;
  readonly network: string;
  readonly alias: string;
  readonly script: string;
  /** Of the engine's log driver. */
  readonly logOptions?: Readonly<Record<string, string>>;
}): Promise<Docker.Container> {
  const container = await docker.createContainer({
    name: options.name,
    Image: "busybox:1.35.0",
    Cmd: ["sh", "-c", options.script],
    Labels: { "com.docker.compose.service": options.alias },
    HostConfig: {
      Memory: 32 * 2 ** 20,
      NetworkMode: options.network,
      LogConfig: { Type: "json-file", Config: { ...options.logOptions } },
    },
    NetworkingConfig: { EndpointsConfig: { [options.network]: { Aliases: [options.alias] } } },
  });
  await container.start();
  return container;
}

/** What a command in a running container prints, with its exit code. */
export function exec(container: string, command: readonly string[]): ReturnType<typeof execIn> {
  return execIn(docker, container, command);
}
