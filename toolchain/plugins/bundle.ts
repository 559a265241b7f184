/**
 * One plain JavaScript file with all plugins in it. A plugin started from the TypeScript sources takes three to four
 * times as long, at every preview.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheRoot, ensureFolder } from "../cache";

const SOURCES = __dirname;
const FILE = "plugins.cjs";

/** The executables by which the engine finds plugins on the PATH. */
const COMMANDS = {
  docker: "pulumi-resource-docker",
  random: "pulumi-resource-random",
  kubernetes: "pulumi-resource-kubernetes",
} as const;

/** A plugin of this project's own. */
export type PluginName = keyof typeof COMMANDS;

async function sourcesHash(): Promise<string> {
  const files = (await readdir(SOURCES, { recursive: true })).filter((file) => file.endsWith(".ts")).sort();
  const hash = createHash("sha256").update(process.execPath);
  for (const file of [...files, "../../components/sdk-structs.ts", "../../package-lock.json"]) {
    hash.update(file).update(await readFile(path.join(SOURCES, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function fill(folder: string, finalFolder: string): Promise<void> {
  const { build } = await import("esbuild");
  await build({
    entryPoints: [path.join(SOURCES, "entry.ts")],
    outfile: path.join(folder, FILE),
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    logLevel: "silent",
  });
  for (const [name, command] of Object.entries(COMMANDS)) {
    const line = `exec ${quote(process.execPath)} ${quote(path.join(finalFolder, FILE))} ${name} "$@"`;
    await writeFile(path.join(folder, command), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}

/** A built bundle: the file for Node, and the folder that also holds the executables for the PATH. */
export interface Bundle {
  readonly folder: string;
  readonly file: string;
}

/** Builds the bundle, or finds the one built from the same sources. About 0.3 s the first time. */
export async function bundle(): Promise<Bundle> {
  const folder = path.join(cacheRoot(), "plugins", await sourcesHash());
  await ensureFolder(folder, (temporary) => fill(temporary, folder), { lock: "plugins" });
  return { folder, file: path.join(folder, FILE) };
}
