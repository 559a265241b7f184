import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { dump, load } from "js-yaml";

import type { ResolvedOutputs } from "../components/stack-outputs";
import { runCommand } from "../toolchain/command";
import { UsageError } from "./fail";
import { namedStack } from "./stack-argument";
import { stateIn } from "./state-files";
import { PROJECT, PROJECT_ROOT, statesOf, type Workspace } from "./workspace";

/** Commands that read a stack's configuration and take another file for it. */
const TAKES_CONFIG_FILE = new Set(["up", "update", "preview", "pre", "refresh", "destroy", "down", "config"]);

/** Subcommands of `pulumi config` that change it. */
const CHANGES_CONFIG = new Set(["set", "set-all", "rm", "rm-all", "cp"]);

/** One stack of this project in a workspace. */
export class StackRun {
  private constructor(
    readonly workspace: Workspace,
    readonly stack: string,
    /** Configuration to use instead of the project's file; none where the backend is the user's own. */
    readonly configFile: string | undefined,
    /** The file that people write, from which `configFile` is made. */
    readonly source: string,
    /** Folder of the project. */
    readonly root: string,
  ) {}

  /**
   * Opens a stack, and makes it if there is none of the name. Which stack the user has selected stays as it is.
   *
   * With the generated passphrase the stack's encryption salt is kept with the state, not in the checkout: the
   * configuration file that people commit stays as they wrote it.
   *
   * @param configuration file to read instead of the project's `Pulumi.<stack>.yaml`.
   */
  static async open(
    workspace: Workspace,
    stack: string,
    configuration?: string,
    root = PROJECT_ROOT,
  ): Promise<StackRun> {
    const folder = workspace.folder && path.join(workspace.folder, "stacks", stack);
    const merged = folder && path.join(folder, "configuration.yaml");
    // A stack that was made from a file elsewhere goes on with what it was made from.
    const candidates = configuration
      ? [configuration]
      : [path.join(root, `Pulumi.${stack}.yaml`), ...(merged ? [merged] : [])];
    const source = candidates.find((candidate) => existsSync(candidate));
    if (source === undefined) {
      throw new UsageError(`there is no configuration for the stack "${stack}": expected the file ${candidates[0]}`);
    }
    if (workspace.folder === undefined || folder === undefined || merged === undefined) {
      if (!(await StackRun.names(workspace, root)).includes(stack)) await makeStack(workspace, root, stack);
      return new StackRun(workspace, stack, configuration, source, root);
    }
    await initialise(workspace, workspace.folder, folder, stack);
    const run = new StackRun(workspace, stack, merged, source, root);
    await run.#merge();
    return run;
  }

  /** Names of the project's stacks in a backend of the user's own, as files are named after them. */
  static async names(workspace: Workspace, root = PROJECT_ROOT): Promise<string[]> {
    const listed = await pulumi(workspace, root, ["stack", "ls", "--json", "--non-interactive"]);
    return (JSON.parse(listed) as { name: string }[]).map(({ name }) => bareName(name));
  }

  /** The arguments that make a `pulumi` command act on this stack. */
  argumentsFor(command: readonly string[]): string[] {
    const [verb = ""] = command;
    const used = changesConfig(command) && this.configFile !== undefined ? this.source : this.configFile;
    const file = used !== undefined && TAKES_CONFIG_FILE.has(verb) ? ["--config-file", used] : [];
    const named = namedStack(command) === undefined ? ["--stack", this.stack] : [];
    return [...command, ...named, ...file];
  }

  /**
   * Runs `pulumi` and gives what it printed.
   *
   * @throws Error with the end of the output when the command fails.
   */
  async capture(command: readonly string[]): Promise<string> {
    const output = await pulumi(this.workspace, this.root, this.argumentsFor([...command, "--non-interactive"]));
    if (changesConfig(command)) await this.#merge();
    return output;
  }

  /** Runs `pulumi` with this terminal, and gives its exit code. */
  async show(command: readonly string[]): Promise<number> {
    const env = { ...process.env, ...this.workspace.env };
    const child = spawn("pulumi", this.argumentsFor(command), { cwd: this.root, env, stdio: "inherit" });
    return untilItEnds(
      new Promise((resolve, reject) => child.once("error", reject).once("close", (code) => resolve(code ?? 1))),
    );
  }

  /** The configuration that the engine reads: what people wrote, with the salt that is kept with the state. */
  async #merge(): Promise<void> {
    if (this.workspace.folder === undefined || this.configFile === undefined) return;
    const written = (load(await readFile(this.source, "utf8")) ?? {}) as Record<string, unknown>;
    const beside = path.join(path.dirname(this.configFile), `Pulumi.${this.stack}.yaml`);
    const { encryptionsalt } = load(await readFile(beside, "utf8")) as { encryptionsalt: string };
    await writeFile(this.configFile, dump({ encryptionsalt, ...written }), { mode: 0o600 });
  }

  /** The stack's outputs, secrets in clear. */
  async outputs(): Promise<ResolvedOutputs> {
    return JSON.parse(await this.capture(["stack", "output", "--json", "--show-secrets"])) as ResolvedOutputs;
  }

  /** The stack's configuration as the program will see it. */
  async configuration(): Promise<{
    values: Record<string, string>;
    secretKeys: Set<string>;
    otherKeys: string[];
  }> {
    type Entry = { value: string; objectValue?: unknown; secret: boolean };
    const all = JSON.parse(await this.capture(["config", "--json", "--show-secrets"])) as Record<string, Entry>;
    const entries = Object.entries(all).filter(([key]) => key.startsWith(`${PROJECT}:`));
    const bare = (key: string) => key.slice(PROJECT.length + 1);
    return {
      values: Object.fromEntries(
        entries.map(([key, { value, objectValue }]) => [
          bare(key),
          objectValue === undefined ? value : JSON.stringify(objectValue),
        ]),
      ),
      secretKeys: new Set(entries.filter(([, { secret }]) => secret).map(([key]) => bare(key))),
      otherKeys: Object.keys(all).filter((key) => !key.startsWith(`${PROJECT}:`)),
    };
  }
}

/** A change goes to the file that people write, as with `pulumi config set` of their own. */
function changesConfig([verb, subcommand = ""]: readonly string[]): boolean {
  return verb === "config" && CHANGES_CONFIG.has(subcommand);
}

async function pulumi(workspace: Workspace, cwd: string, command: readonly string[]): Promise<string> {
  const result = await untilItEnds(runCommand("pulumi", command, { cwd, env: workspace.env }));
  if (!result.succeeded) throw new Error(`pulumi ${command.slice(0, 2).join(" ")} failed:\n${result.output.trim()}`);
  return result.stdout;
}

/** An interrupt reaches the engine too, which ends what it is at; this process waits for it. */
async function untilItEnds<T>(engine: Promise<T>): Promise<T> {
  const wait = () => {};
  process.on("SIGINT", wait);
  try {
    return await engine;
  } finally {
    process.off("SIGINT", wait);
  }
}

/** A project of the same name beside the state, so that the engine writes the new stack's salt there. */
async function initialise(workspace: Workspace, state: string, folder: string, stack: string): Promise<void> {
  const checkpoint = stateIn(statesOf(state), stack);
  const salted = path.join(folder, `Pulumi.${stack}.yaml`);
  if (existsSync(checkpoint) && existsSync(salted)) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(folder, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
  const begun = existsSync(checkpoint) ? await begunState(checkpoint) : undefined;
  if (begun?.salt !== undefined) return writeFile(salted, dump({ encryptionsalt: begun.salt }), { mode: 0o600 });
  if (begun?.isEmpty) await rm(checkpoint);
  await makeStack(workspace, folder, stack);
}

/** What a run wrote that was killed as it made the stack: a state, first of nothing, then with the salt, and no salt beside it. */
async function begunState(file: string): Promise<{ salt?: string; isEmpty: boolean }> {
  type State = { checkpoint?: { latest?: { secrets_providers?: { state?: { salt?: string } } } } };
  const { checkpoint } = JSON.parse(await readFile(file, "utf8")) as State;
  return { salt: checkpoint?.latest?.secrets_providers?.state?.salt, isEmpty: checkpoint?.latest === undefined };
}

async function makeStack(workspace: Workspace, cwd: string, stack: string): Promise<void> {
  await pulumi(workspace, cwd, ["stack", "init", stack, "--no-select", "--non-interactive"]);
}

/** A backend may put organization and project in front. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
