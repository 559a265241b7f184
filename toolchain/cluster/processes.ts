import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";

import { runCommand } from "../command";

const STOP_MS = 5_000;
const LINES_OF_LOG = 15;

// Reads process ids until its input ends, which happens when whoever started the cluster ends in whatever way.
const WATCHDOG =
  'pids=""; while read pid; do pids="$pids $pid"; done; kill -9 $pids 2>/dev/null; sleep 0.2; eval "$1"; rm -rf "$0"';

/** How a process is started and ended. */
interface Start {
  /** Under which its log is kept. Default: the program's own. */
  readonly name?: string;
  /** For a process that has nothing to finish, or that others would outlive. Default: `SIGTERM`. */
  readonly stopWith?: "SIGKILL" | "SIGTERM";
}

interface Running {
  readonly child: ChildProcess;
  readonly stopWith: "SIGKILL" | "SIGTERM";
}

/**
 * Processes that belong together and share a folder. They and the folder go with `stop`, and also when this process
 * ends without a chance to call it.
 */
export class Processes {
  private readonly children = new Map<string, Running>();
  private readonly watchdog: ChildProcess;
  private failure: Error | undefined;

  /** @param afterwards shell commands that remove what is left when all processes have ended. */
  public constructor(
    private readonly folder: string,
    private readonly afterwards = "",
  ) {
    const command = ["-c", WATCHDOG, folder, afterwards];
    this.watchdog = spawn("sh", command, { stdio: ["pipe", "ignore", "ignore"], detached: true });
    this.letGo(this.watchdog);
  }

  /**
   * Starts a program, whose output goes to a file of its name in the folder.
   *
   * @returns its process id; 0 when it could not be started, which `check` explains.
   */
  public start(program: string, commandArguments: readonly string[], options: Start = {}): number {
    const { name = path.basename(program), stopWith = "SIGTERM" } = options;
    const log = openSync(this.logOf(name), "w");
    // A group of its own, so that a Ctrl-C reaches only this process, which then stops them in order.
    const child = spawn(program, commandArguments, {
      cwd: this.folder,
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    this.children.set(name, { child, stopWith });
    this.watchdog.stdin?.write(`${child.pid}\n`);
    this.letGo(child);
    return child.pid ?? 0;
  }

  /** @throws when one of the processes has ended; the message holds the end of its log. */
  public async check(): Promise<void> {
    if (this.failure) throw this.failure;
    for (const [name, { child }] of this.children) {
      if (child.exitCode === null && child.signalCode === null) continue;
      const log = await readFile(this.logOf(name), "utf8");
      const end = log.trimEnd().split("\n").slice(-LINES_OF_LOG).join("\n");
      throw new Error(`${name} of the test cluster ended by itself. The end of its log:\n${end}`);
    }
  }

  public async stop(): Promise<void> {
    // In reverse, so that none complains of another's absence.
    for (const child of [...this.children.values()].reverse()) await end(child);
    if (this.afterwards !== "") await runCommand("sh", ["-c", this.afterwards]);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    this.watchdog.stdin?.end();
  }

  private logOf(name: string): string {
    return path.join(this.folder, `${name}.log`);
  }

  private letGo(child: ChildProcess): void {
    child.unref();
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    child.on("error", (error) => (this.failure ??= error));
  }
}

function end({ child, stopWith }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    child.ref();
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(stopWith);
  });
}
