import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { cacheRoot, ensureFolder, type Report } from "./cache";
import { runCommand } from "./command";

/** A Debian package whose files lie unpacked in the cache. */
export interface UnpackedPackage {
  /** The folder that holds the package's tree (`bin`, `usr`, …). */
  readonly root: string;
  /** The package's version as Debian writes it, epoch and revision included. */
  readonly version: string;
}

const TREE = "tree";
const VERSION = "version";

/**
 * Fetches a Debian package and unpacks it into the cache, without installing it. Its dependencies are left out and
 * its scripts do not run.
 *
 * @throws when the machine has no apt, or when the package can be fetched neither at once nor after an update of
 * the package lists.
 */
export async function ensureDebianPackage(name: string, report: Report = () => {}): Promise<UnpackedPackage> {
  const folder = await ensureFolder(
    path.join(cacheRoot(), "debian", name),
    async (output) => {
      report(`fetching the Debian package ${name}`);
      await unpack(name, output);
    },
    { lock: "debian", report },
  );
  return { root: path.join(folder, TREE), version: await readFile(path.join(folder, VERSION), "utf8") };
}

async function unpack(name: string, output: string): Promise<void> {
  const first = await download(name, output);
  if (!first.succeeded) {
    // Lists that are older than the mirror name files that are gone.
    const update = await runCommand("apt-get", ["update"]);
    const second = await download(name, output);
    if (!second.succeeded) {
      throw new Error(fetchFailure(name, second.missing, update.succeeded ? second.output : update.output));
    }
  }
  const file = (await readdir(output)).find((entry) => entry.endsWith(".deb"));
  if (file === undefined) {
    throw new Error(`apt-get downloaded no file for the Debian package ${name}; look at \`apt-cache policy ${name}\`.`);
  }
  const archive = path.join(output, file);
  await dpkg("--extract", archive, path.join(output, TREE));
  await writeFile(path.join(output, VERSION), await dpkg("--field", archive, "Version"));
  await rm(archive);
}

function download(name: string, cwd: string) {
  // apt's own sandbox user cannot write to the cache of the user who runs this.
  return runCommand("apt-get", ["-o", "APT::Sandbox::User=root", "download", name], { cwd });
}

async function dpkg(...commandArguments: string[]): Promise<string> {
  const result = await runCommand("dpkg-deb", commandArguments);
  if (!result.succeeded) {
    throw new Error(`dpkg-deb ${commandArguments.join(" ")} failed: ${result.output}`);
  }
  return result.stdout;
}

function fetchFailure(name: string, aptIsMissing: boolean, output: string): string {
  if (aptIsMissing) {
    return `The Debian package ${name} is needed, and this machine has no apt-get. Use a Debian or Ubuntu machine, or one that can pull images.`;
  }
  return [
    `The Debian package ${name} cannot be fetched.`,
    ...output
      .trimEnd()
      .split("\n")
      .slice(-10)
      .map((line) => `  ${line}`),
    `Run \`apt-get update\` as root and see what it says, or fetch it by hand with \`apt-get download ${name}\`.`,
  ].join("\n");
}
