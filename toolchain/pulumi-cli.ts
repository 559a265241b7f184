import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
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

/** A machine without internet refuses at once or never answers; nobody wants to wait for the latter. */
const CONNECT_MS = 8_000;

export interface PulumiCli {
  readonly version: string;
  readonly source: "PATH" | "downloaded" | "built";
  /** Folders that a run of the engine needs in front of its PATH; none when it is there already. */
  readonly path: readonly string[];
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
  const present = await versionOf("pulumi", options.env);
  if (present !== undefined && semver.gte(present, OLDEST)) return { version: present, source: "PATH", path: [] };
  if (present !== undefined) report(`the pulumi on PATH is ${present}; this project needs ${OLDEST} or later`);
  const { version } = goRecipes["pulumi-cli"];
  const refusal = await reachable(options.releases ?? RELEASES);
  if (refusal === undefined) {
    const folder = await download(options.releases ?? RELEASES, version, report);
    return { version, source: "downloaded", path: [folder] };
  }
  report(`Pulumi can not be downloaded here (${refusal}); building it from Go modules`);
  const [engine, host] = [
    await ensureGoProgram("pulumi-cli", { report }),
    await ensureGoProgram("pulumi-language-nodejs", { report }),
  ];
  return {
    version,
    source: "built",
    path: [path.dirname(engine.pulumi), path.dirname(host["pulumi-language-nodejs"])],
  };
}

async function versionOf(command: string, env?: Readonly<Record<string, string>>): Promise<string | undefined> {
  const result = await runCommand(command, ["version"], env ? { env } : {});
  return result.succeeded ? (semver.valid(semver.clean(result.stdout)) ?? undefined) : undefined;
}

/** Why an address can not be reached; nothing when it answers, whatever it says. */
async function reachable(url: string): Promise<string | undefined> {
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
