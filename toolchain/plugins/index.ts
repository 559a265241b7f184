/**
 * The project's own `docker`, `random` and `kubernetes` plugins for Pulumi, for machines where the vendors' cannot be downloaded.
 *
 * They are switched on for one run by its environment; neither the project nor the user's Pulumi folder knows of them.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { access } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { pulumiHome } from "../pulumi-home";
import { bundle, type PluginName } from "./bundle";

/** For the caller to print where plugins started by `startPlugins` are used. */
export const NOTICE =
  "Using this project's own provider plugins, because the vendors' are neither installed nor downloadable.";

// The engine would otherwise try to fetch the vendors' plugins before each run, which takes seconds to fail.
const NO_DOWNLOAD = { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } as const;

export interface RunningPlugins {
  /** To be added to the environment of every `pulumi` run that uses them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends them. They end by themselves, too, when this process does. */
  stop(): void;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the plugins ended with code ${String(code)}: ${complaint}`)));
    if (child.stdout) createInterface({ input: child.stdout }).once("line", resolve);
  });
}

/** Lets this process end although the child still runs; the child ends with its standard input. */
function letGo(child: ChildProcess): void {
  child.removeAllListeners("exit");
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

/**
 * Starts plugins in one process, which any number of `pulumi` runs can then use, one after the other.
 *
 * This is the quicker and quieter way: the engine neither starts them anew for each run nor warns of them.
 *
 * @param env Environment of the plugins, for DOCKER_HOST and the like. Default: that of this process.
 * @param names Which plugins; the engine takes all others from their vendors. Default: docker and random.
 */
export async function startPlugins(
  env: NodeJS.ProcessEnv = process.env,
  names: readonly PluginName[] = ["docker", "random"],
): Promise<RunningPlugins> {
  const { file } = await bundle();
  const child = spawn(process.execPath, [file, "several", names.join(",")], { env, stdio: ["pipe", "pipe", "pipe"] });
  const ports = await firstLine(child);
  letGo(child);
  return {
    environment: { ...NO_DOWNLOAD, PULUMI_DEBUG_PROVIDERS: ports },
    stop: () => void child.kill(),
  };
}

/**
 * The additions to the environment with which a `pulumi` run starts the plugins itself, from a folder on its PATH. For
 * use from a shell; the engine warns that it takes them from there.
 */
export async function pluginEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<NodeJS.ProcessEnv> {
  const { folder } = await bundle();
  return { ...NO_DOWNLOAD, PATH: [folder, env["PATH"] ?? ""].filter(Boolean).join(path.delimiter) };
}

/** How to look for a vendor's plugin. */
export interface VendorSearch {
  /** The Pulumi command. Default: `pulumi` on the PATH. */
  readonly pulumi?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** How long a download may take, in milliseconds. Default: 60 000. */
  readonly timeout?: number;
  /** Whether to try a download at all; the engine takes some ten seconds to give up where there is no network. Default: true. */
  readonly download?: boolean;
}

const searches = new Map<string, Promise<boolean>>();

async function isInstalled(name: string, version: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const plugins = path.join(pulumiHome(env), "plugins");
  const folder = path.join(plugins, `resource-${name}-v${version}`);
  const exists = (file: string): Promise<boolean> =>
    access(file).then(
      () => true,
      () => false,
    );
  // The engine puts the second file there while it unpacks a download.
  return (await exists(path.join(folder, `pulumi-resource-${name}`))) && !(await exists(`${folder}.partial`));
}

async function search(name: string, version: string, options: VendorSearch): Promise<boolean> {
  const env = options.env ?? process.env;
  if (await isInstalled(name, version, env)) return true;
  if (options.download === false) return false;
  const args = ["plugin", "install", "resource", name, `v${version}`];
  return new Promise((resolve) => {
    const limits = { env, timeout: options.timeout ?? 60_000 };
    execFile(options.pulumi ?? "pulumi", args, limits, (error) => resolve(error === null));
  });
}

/**
 * True when the vendor's plugin is installed for this user, or could be installed just now. The answer is kept for the
 * life of this process only, so that a network which comes back is noticed by the next run.
 */
export function hasVendorPlugin(name: string, version: string, options: VendorSearch = {}): Promise<boolean> {
  const key = `${name} ${version}`;
  const known = searches.get(key) ?? search(name, version, options);
  searches.set(key, known);
  return known;
}
