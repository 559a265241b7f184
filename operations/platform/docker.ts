import { PassThrough, type Readable } from "node:stream";
import { createInterface } from "node:readline";

import Docker from "dockerode";

import { ofStack } from "../../components/platform/labels";
import type { ProgramOutput, ResolvedOutputs } from "../../components/stack-outputs";
import { LABEL } from "../../toolchain/images/build";
import { UsageError } from "../fail";
import type { LogOptions, Outcome, PlatformClient, Post, ProgramState, VolumeUse } from "./client";
import { passThroughFrontDoor } from "./front-door";
import type { Passage } from "./passage";
import { postOutcomes, postScript } from "./posts";
import { runHelper, withHelper } from "./docker-helper";
import type { StackPlace } from "./index";

/** Seconds that a store gets to write down what it holds in memory. */
const STOP_SECONDS = 60;

interface ContainerState {
  readonly Running: boolean;
  readonly ExitCode: number;
  readonly Error: string;
  readonly Health?: { readonly Status: string; readonly Log: readonly { readonly Output: string }[] };
}

/** A stack on one Docker engine. Whatever must happen on the engine's side runs in a short-lived container there. */
export class DockerClient implements PlatformClient {
  readonly #passages = new Map<string, Promise<Passage>>();

  constructor(
    readonly docker: Docker,
    /** Name of the stack on the engine. */
    readonly stack: string,
    /** Network of the monitored services. */
    readonly network: string,
    readonly frontDoor?: ResolvedOutputs["frontDoor"],
    /** Names of the volumes that the programs keep data in, where they are known. */
    readonly kept: readonly string[] = [],
  ) {}

  /** @throws UsageError when the engine does not answer, or not to this user. */
  static async connect({ name, services, frontDoor, programs = [] }: StackPlace): Promise<DockerClient> {
    const docker = new Docker();
    await pingEngine(docker);
    const kept = programs.flatMap(({ data }) => data.map(({ handle }) => handle));
    return new DockerClient(docker, name, services.network, frontDoor, kept);
  }

  async state({ handle }: ProgramOutput): Promise<ProgramState> {
    const found = await this.#inspect(handle);
    if (found === undefined) {
      return { running: false, standIn: false, missing: true, detail: `there is no container ${handle}` };
    }
    const state = found.State as unknown as ContainerState;
    const standIn = found.Config.Labels[LABEL.source] === "stand-in";
    if (!state.Running) {
      const detail = `ended with exit code ${state.ExitCode} ${state.Error}`.trim();
      return { running: false, exitCode: state.ExitCode, standIn, detail };
    }
    if (state.Health === undefined) return { running: true, standIn };
    const known = state.Health.Status === "healthy" || state.Health.Status === "unhealthy";
    const health = known ? (state.Health.Status as "healthy" | "unhealthy") : "starting";
    const last = state.Health.Log.at(-1)?.Output.trim();
    return { running: true, standIn, health, ...(health !== "healthy" && last ? { detail: last } : {}) };
  }

  async memory({ handle }: ProgramOutput): Promise<number | undefined> {
    if (!(await this.#inspect(handle))?.State.Running) return undefined;
    const stats = await this.docker.getContainer(handle).stats({ stream: false, "one-shot": true });
    const { usage, stats: detail } = stats.memory_stats as { usage?: number; stats?: Record<string, number> };
    if (usage === undefined) return undefined;
    return usage - (detail?.total_inactive_file ?? detail?.inactive_file ?? 0);
  }

  async reach({ name, url }: ProgramOutput): Promise<string> {
    if (url === null) throw new Error(`${name} is published nowhere on this machine`);
    if (this.frontDoor === undefined) return url;
    const open = this.#passages.get(name) ?? passThroughFrontDoor(this.frontDoor, url);
    this.#passages.set(name, open);
    return (await open).url;
  }

  async exec({ handle }: ProgramOutput, command: readonly string[]): Promise<Outcome> {
    const run = await this.docker
      .getContainer(handle)
      .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
    const stream = await run.start({});
    const [both, chunks] = [new PassThrough(), [] as Buffer[]];
    both.on("data", (chunk: Buffer) => chunks.push(chunk));
    this.docker.modem.demuxStream(stream, both, both);
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    const { ExitCode } = await run.inspect();
    return { succeeded: ExitCode === 0, output: Buffer.concat(chunks).toString("utf8") };
  }

  async postAsService(posts: readonly Post[]): Promise<Outcome[]> {
    const { output } = await runHelper(this.docker, {
      stack: this.stack,
      network: this.network,
      script: postScript(posts),
    });
    return postOutcomes(posts, output);
  }

  async logs({ handle }: ProgramOutput, { tail, follow }: LogOptions, line: (text: string) => void): Promise<void> {
    const container = this.docker.getContainer(handle);
    const options = { stdout: true, stderr: true, tail };
    const both = new PassThrough();
    const stream = await there<NodeJS.ReadableStream | Buffer>(
      handle,
      follow ? container.logs({ ...options, follow: true }) : container.logs({ ...options, follow: false }),
    );
    if (Buffer.isBuffer(stream)) {
      const source = new PassThrough();
      this.docker.modem.demuxStream(source, both, both);
      source.end(stream, () => both.end());
    } else {
      this.docker.modem.demuxStream(stream, both, both);
      stream.once("end", () => both.end());
    }
    for await (const text of createInterface({ input: both, crlfDelay: Infinity })) line(text);
  }

  async stop({ handle }: ProgramOutput): Promise<void> {
    await unless(304, this.docker.getContainer(handle).stop({ t: STOP_SECONDS }));
  }

  async start({ handle }: ProgramOutput): Promise<void> {
    await unless(304, this.docker.getContainer(handle).start());
  }

  /** One that was made by hand has no label, and belongs to the stack all the same if a program keeps its data there. */
  async volumes(): Promise<string[]> {
    const [{ Volumes: own }, { Volumes: all }] = await Promise.all([
      this.docker.listVolumes({ filters: ofStack(this.stack) }),
      this.docker.listVolumes(),
    ]);
    const kept = all.filter(({ Name }) => this.kept.includes(Name));
    return [...new Set([...own, ...kept].map(({ Name }) => Name))].sort();
  }

  async use(volumes: readonly string[]): Promise<VolumeUse[]> {
    if (volumes.length === 0) return [];
    const script = 'for v in /v/*; do echo "$(du -sk "$v" | cut -f1) $(df -Pk "$v" | tail -n 1)"; done';
    const sorted = [...volumes].sort();
    const at = (index: number) => `/v/${String(index).padStart(3, "0")}`;
    const mounts = Object.fromEntries(sorted.map((volume, index) => [at(index), volume]));
    const { succeeded, output } = await runHelper(this.docker, {
      stack: this.stack,
      script,
      volumes: mounts,
      readOnly: true,
    });
    if (!succeeded) throw new Error(`the sizes of the volumes can not be read: ${output.trim()}`);
    return output
      .trim()
      .split("\n")
      .map((text, index) => {
        const [used = "", disk = "", total = "", , free = ""] = text.split(/\s+/);
        const bytes = (kibibytes: string) => Number(kibibytes) * 1_024;
        return { volume: sorted[index] as string, disk, used: bytes(used), total: bytes(total), free: bytes(free) };
      });
  }

  /** The engine reads a volume through any container that mounts it, running or not. */
  async read(volume: string): Promise<Readable> {
    const piped = new PassThrough();
    const helper = { stack: this.stack, script: "true", volumes: { "/data": volume }, readOnly: true };
    const copied = withHelper(this.docker, helper, async (container) => {
      const archive = await container.getArchive({ path: "/data/." });
      await new Promise<void>((resolve, reject) => {
        archive.once("error", reject).once("end", resolve).pipe(piped, { end: false });
        piped.once("close", resolve);
      });
    });
    copied.then(
      () => piped.end(),
      (error: Error) => piped.destroy(error),
    );
    return piped;
  }

  async write(volume: string, folder: string, content: Readable): Promise<void> {
    const helper = { stack: this.stack, script: "true", volumes: { "/data": volume } };
    await withHelper(this.docker, helper, (container) => container.putArchive(content, { path: `/data/${folder}` }));
  }

  async inVolume(volume: string, script: string): Promise<string> {
    const helper = { stack: this.stack, script: `cd /data\n${script}`, volumes: { "/data": volume } };
    const { succeeded, output } = await runHelper(this.docker, helper);
    if (!succeeded) throw new Error(`in the volume ${volume}: ${output.trim()}`);
    return output;
  }

  async removeAll(): Promise<void> {
    const filters = ofStack(this.stack);
    for (const { Id } of await this.docker.listContainers({ all: true, filters }))
      await this.docker.getContainer(Id).remove({ force: true, v: true });
    for (const { Id } of await this.docker.listNetworks({ filters })) await this.docker.getNetwork(Id).remove({});
    for (const name of await this.volumes()) await this.docker.getVolume(name).remove();
  }

  async close(): Promise<void> {
    for (const passage of this.#passages.values()) (await passage).close();
  }

  async #inspect(handle: string): Promise<Docker.ContainerInspectInfo | undefined> {
    try {
      return await this.docker.getContainer(handle).inspect();
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return undefined;
      throw error;
    }
  }
}

class NoRight extends UsageError {
  constructor() {
    super("no right to use the Docker engine; run this as a user of the group docker, or as root");
  }
}

/** Whether an engine answers, but not to this user. */
export function isDenied(error: unknown): boolean {
  return error instanceof NoRight;
}

/** @throws UsageError that says what to do when the engine does not answer, or not to this user. */
export async function pingEngine(docker: Docker): Promise<void> {
  try {
    await docker.ping();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") throw new NoRight();
    const { DOCKER_HOST: host } = process.env;
    const [which, other] = host ? [` at DOCKER_HOST=${host}`, "unset"] : ["", "set"];
    throw new UsageError(`the Docker engine${which} does not answer; start it, or ${other} DOCKER_HOST (${message})`);
  }
}

/** @throws Error that says so where the container was removed. */
async function there<T>(handle: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    throw new Error(`there is no container ${handle}; bring it back with: npx monitoring deploy`);
  }
}

/** The engine answers 304 when there is nothing to change. */
async function unless(status: number, request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== status) throw error;
  }
}
