import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import type { Report } from "../toolchain/cache";
import type { PulumiCli } from "../toolchain/pulumi-cli";
import { pulumiHome } from "../toolchain/pulumi-home";
import { mendStates } from "./mend-state";

/** Name of the project in Pulumi.yaml. */
export const PROJECT = "pyairtable-monitoring";

/** Root of the project: where Pulumi.yaml is. */
export const PROJECT_ROOT = path.join(__dirname, "..");

/** Where the engine keeps state, and the environment that a run of it needs. */
export interface Workspace {
  readonly env: Readonly<Record<string, string>>;
  /** The backend's address, for people. */
  readonly backend: string;
  /** Folder for what the engine writes about a stack outside the checkout; none when the backend is the user's own. */
  readonly folder: string | undefined;
}

/**
 * State in files, encrypted with a passphrase that is generated once, below `$PYAIRTABLE_MONITORING_STATE` if that is
 * set. Else the user's own backend when there is one (`PULUMI_BACKEND_URL`, or a `pulumi login`). Else files again, in
 * the folder `pyairtable-monitoring` under `$XDG_STATE_HOME`, else under `~/.local/state`. What a run that was killed
 * left unreadable there is put right first.
 */
export async function openWorkspace(cli: PulumiCli, report: Report): Promise<Workspace> {
  const searchPath = [...(cli.folder ? [cli.folder] : []), process.env.PATH ?? ""].join(path.delimiter);
  const env = { PATH: searchPath, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const own = process.env.PYAIRTABLE_MONITORING_STATE
    ? undefined
    : process.env.PULUMI_BACKEND_URL || (await loggedInTo());
  if (own !== undefined) return { env, backend: own, folder: undefined };
  const folder = stateFolder();
  await mkdir(path.join(folder, "backend"), { recursive: true, mode: 0o700 });
  await mendStates(statesOf(folder), report);
  const backend = `file://${path.join(folder, "backend")}`;
  const passphrase = process.env.PULUMI_CONFIG_PASSPHRASE ?? (await generatedPassphrase(folder));
  // Without notes beside each file, which are the one thing that the engine does not write in one step.
  const url = `${backend}?metadata=skip`;
  return { env: { ...env, PULUMI_BACKEND_URL: url, PULUMI_CONFIG_PASSPHRASE: passphrase }, backend, folder };
}

/** The folder with a file of state for each stack, below a workspace's folder. */
export function statesOf(folder: string): string {
  return path.join(folder, "backend", ".pulumi", "stacks", PROJECT);
}

function stateFolder(): string {
  const { PYAIRTABLE_MONITORING_STATE: own, XDG_STATE_HOME: xdg } = process.env;
  return own ? path.resolve(own) : path.join(xdg || path.join(homedir(), ".local", "state"), "pyairtable-monitoring");
}

async function loggedInTo(): Promise<string | undefined> {
  const file = path.join(pulumiHome(), "credentials.json");
  if (!existsSync(file)) return undefined;
  const { current } = JSON.parse(await readFile(file, "utf8")) as { current?: string };
  return current || undefined;
}

async function generatedPassphrase(folder: string): Promise<string> {
  const file = path.join(folder, "passphrase");
  if (!existsSync(file)) await writeFile(file, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  await chmod(file, 0o600);
  return (await readFile(file, "utf8")).trim();
}
