import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import { cacheRoot, ensureFolder, type Report } from "./cache";
import { runCommand, type CommandResult } from "./command";
import { ensureDebianPackage } from "./debian";

/** A zip file of the Maven repository. */
export interface MavenArchive {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** Of the zip file, in hexadecimal. The repository publishes no checksum of its own for every file. */
  readonly sha256: string;
}

/** The distributions that are had as Maven artifacts. */
export const mavenArchives = {
  // The server with only the modules that its vendor's integration tests need. Its `lib/elasticsearch-8.19.9.jar` is
  // byte by byte the separate artifact `org.elasticsearch:elasticsearch`, which has a checksum.
  elasticsearch: {
    group: "org.elasticsearch.distribution.integ-test-zip",
    artifact: "elasticsearch",
    version: "8.19.9",
    sha256: "6a0603db2b0406776dcf15df248294941f310e9183ca18a219bc8c6d57546ff0",
  },
} as const satisfies Record<string, MavenArchive>;

export type MavenArchiveName = keyof typeof mavenArchives;

/** Programs that are had as jars; each has a folder in `toolchain/java/`, whose `pom.xml` names them. */
export type MavenProgram = "kafka";

// Named by its version: what Maven takes without one changes with the machine.
const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
const REPOSITORY = "repository";

/**
 * Fetches a zip file with the machine's Maven, and unpacks it into the cache.
 *
 * @returns the folder that the archive holds at its top.
 * @throws when there is no Maven and none can be installed, when the file cannot be fetched, or when it is not the
 * pinned one.
 */
export async function ensureMavenArchive(name: MavenArchiveName, report: Report = () => {}): Promise<string> {
  const archive: MavenArchive = mavenArchives[name];
  const { artifact, version, sha256 } = archive;
  const folder = await ensureFolder(
    path.join(cacheRoot(), "maven", `${artifact}-${version}-${sha256.slice(0, 16)}`),
    async (output) => {
      report(`fetching ${artifact} ${version} from the Maven repository`);
      await unpack(archive, output, report);
    },
    { lock: "maven", report },
  );
  const [top] = await readdir(folder);
  return path.join(folder, top ?? "");
}

/**
 * Fetches a program's jars, and those that they need, into one folder of the cache.
 *
 * @throws when there is no Maven and none can be installed, or when a jar cannot be fetched or differs from its published checksum.
 */
export async function ensureMavenJars(name: MavenProgram, report: Report = () => {}): Promise<string> {
  return ensureFolder(
    path.join(cacheRoot(), "maven", `${name}-${await mavenProgramKey(name)}`),
    async (output) => {
      report(`fetching the jars of ${name} from the Maven repository`);
      const repository = path.join(output, REPOSITORY);
      const jars = ["-DincludeScope=runtime", `-DoutputDirectory=${output}`];
      const options = ["-B", "-q", "--strict-checksums", `-Dmaven.repo.local=${repository}`, "-f", pomOf(name)];
      const fetched = await maven([...options, `${PLUGIN}:copy-dependencies`, ...jars], report);
      if (!fetched.succeeded) throw new Error(fetchFailure(`The jars of ${name}`, fetched.output));
      await rm(repository, { recursive: true });
    },
    { lock: "maven", report },
  );
}

/** Identifies the jars of a program. */
export async function mavenProgramKey(name: MavenProgram): Promise<string> {
  return (await sha256Of(pomOf(name))).slice(0, 16);
}

function pomOf(name: MavenProgram): string {
  return path.join(__dirname, "java", name, "pom.xml");
}

async function unpack(archive: MavenArchive, output: string, report: Report): Promise<void> {
  const { group, artifact, version, sha256 } = archive;
  const repository = path.join(output, REPOSITORY);
  const coordinates = `${group}:${artifact}:${version}:zip`;
  const fetched = await maven(
    [
      "-B",
      "-q",
      `-Dmaven.repo.local=${repository}`,
      `${PLUGIN}:get`,
      `-Dartifact=${coordinates}`,
      "-Dtransitive=false",
    ],
    report,
  );
  if (!fetched.succeeded) {
    throw new Error(fetchFailure(coordinates, fetched.output));
  }
  const file = path.join(repository, ...group.split("."), artifact, version, `${artifact}-${version}.zip`);
  const found = await sha256Of(file);
  if (found !== sha256) {
    throw new Error(
      `${coordinates} came with the SHA-256 ${found}, and ${sha256} is pinned in toolchain/maven.ts. ` +
        "Find out why before the pin is changed.",
    );
  }
  const { root } = await ensureDebianPackage("busybox-static", report);
  const unzipped = await runCommand(path.join(root, "bin/busybox"), ["unzip", "-q", file, "-d", output]);
  if (!unzipped.succeeded) {
    throw new Error(`${file} could not be unpacked: ${unzipped.output}`);
  }
  await rm(repository, { recursive: true });
}

async function maven(commandArguments: readonly string[], report: Report): Promise<CommandResult> {
  const first = await runCommand("mvn", commandArguments);
  if (!first.missing) {
    return first;
  }
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(
      "Elasticsearch and Kafka are fetched with Maven, and there is no `mvn` on the PATH. " +
        "Install it (on Debian and Ubuntu: apt-get install maven), or let the images be pulled on a machine that reaches their registries.",
    );
  }
  report("installing Maven from the distribution");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", "maven"];
  if (!(await runCommand("apt-get", install, { env })).succeeded) {
    await runCommand("apt-get", ["update"], { env });
    const second = await runCommand("apt-get", install, { env });
    if (!second.succeeded) {
      throw new Error(`apt-get could not install maven:\n${end(second.output)}`);
    }
  }
  return runCommand("mvn", commandArguments);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** The message of a failed fetch: what was asked for, the end of what Maven said, what to do. */
export function fetchFailure(what: string, output: string): string {
  return [
    `${what} cannot be fetched from the Maven repository.`,
    end(output),
    "Check that this machine reaches it: a mirror or a proxy is set in ~/.m2/settings.xml.",
  ].join("\n");
}

function end(output: string): string {
  const lines = output.trimEnd().split("\n").slice(-5);
  return lines.map((line) => `  ${line}`).join("\n");
}
