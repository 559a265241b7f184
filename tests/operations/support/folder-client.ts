import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ProgramOutput } from "../../../components/stack-outputs";
import type { PlatformClient } from "../../../operations/platform/client";
import { runCommand } from "../../../toolchain/command";

/** A platform whose volumes are folders of this machine, and whose programs are only told to run or not. */
export class FolderClient {
  readonly events: string[] = [];
  /** Programs that never become healthy. */
  readonly ill = new Set<string>();
  readonly #running = new Set<string>();

  private constructor(readonly root: string) {}

  static async create(): Promise<FolderClient> {
    return new FolderClient(await mkdtemp(path.join(tmpdir(), "volumes-")));
  }

  /** As the verbs see it; what a test does not need is not there. */
  get client(): PlatformClient {
    const volume = (name: string) => path.join(this.root, name);
    const partly: Partial<PlatformClient> = {
      state: ({ name }: ProgramOutput) =>
        Promise.resolve({
          running: this.#running.has(name),
          standIn: false,
          health: this.ill.has(name) ? ("unhealthy" as const) : ("healthy" as const),
        }),
      reach: () => Promise.resolve("http://127.0.0.1:1"),
      start: ({ name }) => this.#note(`start ${name}`, () => this.#running.add(name)),
      read: (name) =>
        Promise.resolve(spawn("tar", ["-c", "."], { cwd: volume(name), stdio: ["ignore", "pipe", "ignore"] }).stdout),
      stop: ({ name }) => this.#note(`stop ${name}`, () => this.#running.delete(name)),
      inVolume: async (name, script) => {
        const { succeeded, output, stdout } = await runCommand("sh", ["-c", script], { cwd: volume(name) });
        if (!succeeded) throw new Error(output);
        return stdout;
      },
    };
    return partly as PlatformClient;
  }

  #note(event: string, action: () => unknown): Promise<void> {
    this.events.push(event);
    action();
    return Promise.resolve();
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

/** A program as the outputs list it, that keeps one volume of its name. */
export function programOf(name: string, image = `example/${name}:1.2.3`): ProgramOutput {
  return {
    name,
    handle: `stack-${name}`,
    image,
    healthSeenBy: "platform",
    runs: "always",
    url: null,
    port: 80,
    memoryLimit: 2 ** 20,
    data: [{ name, handle: `stack-${name}`, size: 2 ** 30 }],
    retention: null,
  };
}
