import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import { pack, type Header, type Pack } from "tar-stream";

import type { Report } from "../cache";
import { runCommand } from "../command";
import { ensureDebianPackage } from "../debian";
import { ensureGoProgram } from "../go-build";
import { ensureMavenArchive, ensureMavenJars } from "../maven";
import type { ArchiveContent, Entry } from "./layout";

/** The Debian package that each shared part of an image comes from. */
export const sharedPackages = {
  busybox: "busybox-static",
  certificates: "ca-certificates",
  timeZones: "tzdata",
} as const;

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const ZONES = "usr/share/zoneinfo";
const DOCUMENTATION = /^usr\/(share|include|lib\/debug)(\/|$)/;
// The same bytes at every build, whenever it runs.
const fixed = { uid: 0, gid: 0, mtime: new Date(0) };

/** Writes an image's files into a tar archive, and builds or fetches those that are not there yet. */
export async function writeArchive(entries: readonly Entry[], target: string, report: Report): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createWriteStream(target));
  // A failure while filling is thrown below; the pipeline's own error would only repeat it.
  written.catch(() => {});
  // What an entry names itself is not taken from a package or a distribution too.
  const named = new Set(
    entries.flatMap((entry) =>
      entry.kind !== "archive" && entry.kind !== "jars" && "path" in entry ? [entry.path] : [],
    ),
  );
  try {
    for (const entry of entries) {
      await add(archive, entry, named, report);
    }
    archive.finalize();
  } catch (error) {
    archive.destroy(error as Error);
    throw error;
  }
  await written;
}

async function add(archive: Pack, entry: Entry, named: Set<string>, report: Report): Promise<void> {
  switch (entry.kind) {
    case "directory": {
      const { path: name, mode, uid, gid } = entry;
      return addHeader(archive, { name, mode, uid, gid, type: "directory" });
    }
    case "file": {
      const { path: name, mode, uid, gid, content } = entry;
      return addHeader(archive, { name, mode, uid, gid }, content);
    }
    case "program": {
      const binaries: Record<string, string> = await ensureGoProgram(entry.program, {
        report,
        target: { os: "linux" },
      });
      const binary = binaries[entry.binary];
      if (binary === undefined) {
        throw new Error(`The recipe of ${entry.program} in toolchain/go/recipes.ts builds no binary ${entry.binary}.`);
      }
      return addFile(archive, entry.path, binary, 0o755);
    }
    case "link":
      return addHeader(archive, { name: entry.path, type: "symlink", linkname: entry.target });
    case "archive": {
      const root = await ensureMavenArchive(entry.name, report);
      // Zip files carry no modes that every unpacker keeps.
      const mode = (file: string) => (file.startsWith("bin/") ? 0o755 : 0o644);
      return addTree(archive, root, entry.path, named, { mode, edits: entry.edits });
    }
    case "jars":
      return addTree(archive, await ensureMavenJars(entry.program, report), entry.path, named, { mode: () => 0o644 });
    case "package": {
      const { root } = await ensureDebianPackage(entry.name, report);
      return addTree(archive, root, "/", named, { leftOut: DOCUMENTATION });
    }
    case "busybox":
      return addBusybox(archive, report);
    case "certificates":
      return addCertificates(archive, report);
    case "timeZones":
      return addTimeZones(archive, report);
  }
}

async function addBusybox(archive: Pack, report: Report): Promise<void> {
  const { root } = await ensureDebianPackage(sharedPackages.busybox, report);
  const busybox = path.join(root, "bin/busybox");
  await addFile(archive, "/bin/busybox", busybox, 0o755);
  const list = await runCommand(busybox, ["--list"]);
  if (!list.succeeded) {
    throw new Error(`${busybox} does not run on this machine: ${list.output}`);
  }
  for (const applet of list.stdout.split("\n").filter((name) => name !== "busybox")) {
    await addHeader(archive, { name: `/bin/${applet}`, type: "symlink", linkname: "busybox" });
  }
  // Scripts name this one by its full path.
  await addHeader(archive, { name: "/usr/bin/env", type: "symlink", linkname: "../../bin/busybox" });
}

async function addCertificates(archive: Pack, report: Report): Promise<void> {
  const { root } = await ensureDebianPackage(sharedPackages.certificates, report);
  const folder = path.join(root, "usr/share/ca-certificates/mozilla");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".crt")).sort();
  const certificates = await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
  await addHeader(archive, { name: CERTIFICATES, mode: 0o644 }, certificates.join(""));
}

async function addTimeZones(archive: Pack, report: Report): Promise<void> {
  const { root } = await ensureDebianPackage(sharedPackages.timeZones, report);
  const folder = path.join(root, ZONES);
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const zones = found
    .map((entry) => ({ entry, source: path.join(entry.parentPath, entry.name) }))
    // `right` and `posix` repeat every zone with another treatment of leap seconds.
    .filter(({ source }) => !/^(right|posix)(\/|$)/.test(path.relative(folder, source)))
    .sort((left, right) => left.source.localeCompare(right.source));
  for (const { entry, source } of zones) {
    const name = `/${ZONES}/${path.relative(folder, source)}`;
    if (entry.isSymbolicLink()) {
      await addHeader(archive, { name, type: "symlink", linkname: await readlink(source) });
    } else if (entry.isFile()) {
      await addFile(archive, name, source, 0o644);
    }
  }
}

interface TreeOptions {
  /** Gives a file's mode by its path in the tree. Without it, the file's own, less what changes the user. */
  readonly mode?: (file: string) => number;
  readonly edits?: ArchiveContent["edits"];
  /** Paths of the tree that stay out. */
  readonly leftOut?: RegExp;
}

// Packages share folders, and each is written once: `named` holds every path that is there already.
async function addTree(
  archive: Pack,
  root: string,
  target: string,
  named: Set<string>,
  { mode, edits = {}, leftOut }: TreeOptions,
): Promise<void> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const files = found.map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))).sort();
  for (const file of files.filter((candidate) => !leftOut?.test(candidate))) {
    const name = path.posix.join(target, file);
    if (named.has(name)) {
      continue;
    }
    named.add(name);
    const source = path.join(root, file);
    const stats = await lstat(source);
    if (stats.isSymbolicLink()) {
      await addHeader(archive, { name, type: "symlink", linkname: await readlink(source) });
    } else if (stats.isDirectory()) {
      await addHeader(archive, { name, type: "directory", mode: 0o755 });
    } else {
      const bits = mode?.(file) ?? stats.mode & 0o755;
      const edit = edits[file];
      await (edit
        ? addHeader(archive, { name, mode: bits }, edited(file, await readFile(source, "utf8"), edit))
        : addFile(archive, name, source, bits));
    }
  }
}

function edited(file: string, content: string, [text, replacement]: readonly [string, string]): string {
  if (!content.includes(text)) {
    throw new Error(`${file} of the distribution does not hold ${text}, which its image recipe wants to change.`);
  }
  return content.replace(text, replacement);
}

function addHeader(archive: Pack, header: Partial<Header> & { name: string }, content = ""): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    archive.entry({ ...fixed, ...header, name: header.name.slice(1) }, content, done);
  });
}

async function addFile(archive: Pack, name: string, source: string, mode: number): Promise<void> {
  const { size } = await stat(source);
  await pipeline(createReadStream(source), archive.entry({ ...fixed, name: name.slice(1), mode, size }));
}
