import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";

import semver from "semver";

import { cacheRoot, ensureFolder, type Report } from "./cache";
import { runCommand } from "./command";
import { ensureGoProgram } from "./go-build";
import { goRecipes } from "./go/recipes";

/** Older engines do not know objects in the configuration that a project declares. */
const OLDEST = "3.220.0";

/** Where Pulumi's own releases are. */
const RELEASES = "https://get.pulumi.com/releases/sdk";

/**
 * The runtime options of Pulumi.yaml, as flags. The host that can be built takes them so; the engine sends them in a
 * message that is younger than it.
 */
const HOST_FLAGS = "-typescript=false '-nodeargs=--import tsx'";

/** A machine without internet refuses at once or never answers; nobody wants to wait for the latter. */
const CONNECT_MS = 8_000;

export interface PulumiCli {
  readonly version: string;
  readonly source: "PATH" | "downloaded" | "built";
  /** Folder that a run of the engine needs in front of its PATH; none when it is there already. */
  readonly folder: string | undefined;
  /** Whether Pulumi's own downloads can be reached from here. */
  readonly online: boolean;
}

/**
 * Pulumi's engine with its host for Node programs: the one on PATH if it is recent enough, else Pulumi's own download,
 * else built from Go modules.
 *
 * @param options.releases where to download from.
 * @throws when none of the three works; the message says what was tried.
 */
export async function ensurePulumi(
  options: { report?: Report; releases?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<PulumiCli> {
  const report = options.report ?? (() => {});
  const releases = options.releases ?? RELEASES;
  const refusal = await refusalOf(releases);
  const online = refusal === undefined;
  const present = await versionOf("pulumi", options.env);
  if (present !== undefined && semver.gte(present, OLDEST))
    return { version: present, source: "PATH", folder: undefined, online };
  if (present !== undefined) report(`the pulumi on PATH is ${present}; this project needs ${OLDEST} or later`);
  const { version } = goRecipes["pulumi-cli"];
  if (online) return { version, source: "downloaded", folder: await download(releases, version, report), online };
  return { version, source: "built", folder: await build(refusal, report), online };
}

/** Both programs in one folder: the engine looks for its host for Node beside itself first. */
async function build(refusal: string, report: Report): Promise<string> {
  const notice = `Pulumi can not be downloaded here (${refusal}); using one that is built from Go modules`;
  const engine = await ensureGoProgram("pulumi-cli", { report: (message) => report(`${notice}: ${message}`) });
  const host = await ensureGoProgram("pulumi-language-nodejs", { report });
  const real = host["pulumi-language-nodejs"];
  const key = createHash("sha256").update([engine.pulumi, real, HOST_FLAGS].join("\n")).digest("hex").slice(0, 16);
  const gather = async (folder: string) => {
    await copyFile(engine.pulumi, path.join(folder, "pulumi"), constants.COPYFILE_FICLONE);
    const script = `#!/bin/sh\nexec "${real}" ${HOST_FLAGS} "$@"\n`;
    await writeFile(path.join(folder, "pulumi-language-nodejs"), script, { mode: 0o755 });
  };
  return ensureFolder(path.join(cacheRoot(), "pulumi", `built-${key}`), gather, { lock: "pulumi-gather", report });
}

async function versionOf(command: string, env?: Readonly<Record<string, string>>): Promise<string | undefined> {
  const result = await runCommand(command, ["version"], env ? { env } : {});
  return result.succeeded ? (semver.valid(semver.clean(result.stdout)) ?? undefined) : undefined;
}

/** Why an address can not be reached; nothing when it answers, whatever it says. */
async function refusalOf(url: string): Promise<string | undefined> {
  try {
    await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(CONNECT_MS) });
    return undefined;
  } catch (error) {
    const cause = (error as Error).cause as { code?: string } | undefined;
    return cause?.code ?? (error as Error).name;
  }
}

async function download(releases: string, version: string, report: Report): Promise<string> {
  const { platform, arch } = process;
  if (platform === "win32") throw new Error("install Pulumi first: https://www.pulumi.com/docs/install/");
  const archive = `pulumi-v${version}-${platform}-${arch === "x64" ? "x64" : "arm64"}.tar.gz`;
  const folder = await ensureFolder(
    path.join(cacheRoot(), "pulumi", `${version}-${platform}-${arch}`),
    async (target) => {
      report(`downloading ${archive}`);
      const [content, sums] = [
        await fetched(`${releases}/${archive}`),
        await fetched(`${releases}/pulumi-${version}-checksums.txt`),
      ];
      const actual = createHash("sha256").update(content).digest("hex");
      if (!sums.toString("utf8").includes(`${actual}  ${archive}`)) {
        throw new Error(`the checksum of ${archive} is not the published one; it was not installed. Try again.`);
      }
      await writeFile(path.join(target, archive), content);
      const unpacked = await runCommand("tar", ["-xzf", archive], { cwd: target });
      if (!unpacked.succeeded) throw new Error(`${archive} could not be unpacked: ${unpacked.output}`);
    },
    { lock: "pulumi-download", report },
  );
  return path.join(folder, "pulumi");
}

async function fetched(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
