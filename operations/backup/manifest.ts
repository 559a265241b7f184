import { createReadStream } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import { z } from "zod";

import { UsageError } from "../fail";
import { PROJECT } from "../workspace";

const FILE = "manifest.json";

/** Raised when a backup's layout changes in a way that an older restore would misread. */
const FORMAT = 1;

const volume = z.strictObject({
  program: z.string(),
  /** Name of the data among the program's. */
  data: z.string(),
  /** Release of the program that wrote it. */
  image: z.string(),
  /** The archive: a compressed tar, in the backup's folder. */
  file: z.string().regex(/^[-a-z0-9.]+$/),
  sha256: z.string().length(64),
  /** Bytes of the archive. */
  bytes: z.number(),
  /** Bytes of its content. */
  unpacked: z.number(),
  entries: z.number(),
});

const notIncluded = z.strictObject({
  /** A program, or a store beside the stack. */
  what: z.string(),
  /** Why it is not in the backup, or how it is saved instead. */
  reason: z.string(),
});

const digits = z.string().regex(/^[0-9a-f]{32}$/);
const grafanaKey = z.strictObject({ salt: digits, hash: digits });

const schema = z.strictObject({
  project: z.literal(PROJECT),
  format: z.literal(FORMAT),
  stack: z.string(),
  createdAt: z.string(),
  volumes: z.array(volume).min(1),
  notIncluded: z.array(notIncluded).default([]),
  grafanaKey: grafanaKey.optional(),
});

/** One archive of a backup. */
export type ArchivedVolume = z.output<typeof volume>;
/** Data of the stack that a backup does not hold. */
export type NotIncluded = z.output<typeof notIncluded>;
/** By what the key is known that Grafana's secrets in the backup are encrypted with. */
export type GrafanaKeyPrint = z.output<typeof grafanaKey>;
/** What a backup holds, and by what its files are known to be whole. */
export type Manifest = z.output<typeof schema>;

/** A manifest of this project and format. */
export function manifestOf(
  stack: string,
  volumes: readonly ArchivedVolume[],
  notIncluded: readonly NotIncluded[] = [],
  grafanaKey?: GrafanaKeyPrint,
): Manifest {
  const createdAt = new Date().toISOString();
  return {
    project: PROJECT,
    format: FORMAT,
    stack,
    createdAt,
    volumes: [...volumes],
    notIncluded: [...notIncluded],
    ...(grafanaKey ? { grafanaKey } : {}),
  };
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(path.join(folder, FILE), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
}

/**
 * Reads a backup's manifest.
 *
 * @throws UsageError when the folder is no backup of this project.
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, FILE);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EACCES") throw error;
    throw new UsageError(`${folder} is no backup: it has no ${FILE}`);
  });
  return parseManifest(text, file);
}

/** @throws UsageError that says where the manifest is not what it should be. */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is damaged: it is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0] as z.core.$ZodIssue;
  throw new UsageError(`${file} is not a manifest that this version reads: ${at.join(".") || "it"}: ${message}`);
}

/**
 * Reads every archive of a backup and compares it with the manifest.
 *
 * @throws UsageError that names the first file that is missing or not what was written.
 */
export async function checkArchives(folder: string, { volumes }: Manifest): Promise<void> {
  for (const { file, bytes, sha256 } of volumes) {
    const archive = path.join(folder, file);
    const found = await stat(archive).catch(() => undefined);
    if (found === undefined) throw new UsageError(`the backup is damaged: ${archive} is missing`);
    if (found.size !== bytes)
      throw new UsageError(`the backup is damaged: ${archive} has ${found.size} bytes instead of ${bytes}`);
    if ((await checksumOf(archive)) !== sha256)
      throw new UsageError(`the backup is damaged: the checksum of ${archive} is not the one in its manifest`);
  }
}

async function checksumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
