import { createHash } from "node:crypto";
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { cacheRoot, ensureFolder, type Report } from "./cache";
import { runCommand } from "./command";
import { goRecipes, type GoBinary, type GoProgram, type GoRecipe } from "./go/recipes";

/** For which machine a program is built. Without it, for this one. */
export interface GoTarget {
  /** The operating system. Images need `linux` on every machine. */
  readonly os?: "linux";
}

type Environment = Readonly<Record<string, string>>;

const SOURCES = path.join(__dirname, "go");
const OVERLAY = "overlay";
const LINES_OF_OUTPUT = 25;

/**
 * Builds one program of `toolchain/go/recipes.ts`, or finds what an earlier run built from the same recipe,
 * sources and Go release. Go's checksum verification stays on: every module must match the committed go.sum.
 *
 * @returns the path of each of the program's binaries, static ones.
 * @throws when Go is missing or the build fails; the message holds the command and the end of its output.
 */
export async function ensureGoProgram<P extends GoProgram>(
  name: P,
  options: { report?: Report; target?: GoTarget } = {},
): Promise<Record<GoBinary<P>, string>> {
  const recipe: GoRecipe = goRecipes[name];
  const report = options.report ?? (() => {});
  const environment = buildEnvironment(options.target);
  const { stdout: compiler } = await runGo(name, ["env", "GOVERSION", "GOOS", "GOARCH"], SOURCES, environment);
  const key = digest(await goSourceKey(name), compiler);
  const folder = await ensureFolder(
    path.join(cacheRoot(), "go", `${name}-${recipe.version}-${key}`),
    async (output) => {
      report(`building ${name} ${recipe.version}; the first time takes from seconds to a few minutes`);
      const started = Date.now();
      await build(name, recipe, output, environment);
      report(`built ${name} ${recipe.version} in ${Math.round((Date.now() - started) / 1000)} s`);
    },
    // One lock for all programs: a Go build uses every core by itself, and two need twice the memory.
    { lock: "go-build", report },
  );
  const paths = Object.keys(recipe.binaries).map((binary) => [binary, path.join(folder, binary)]);
  return Object.fromEntries(paths) as Record<GoBinary<P>, string>;
}

/** Identifies what a program is built from: its recipe and every file of its folder. */
export async function goSourceKey(name: GoProgram): Promise<string> {
  const folder = sourceFolder(name);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const parts: string[] = [JSON.stringify(goRecipes[name])];
  for (const file of files) {
    parts.push(file, await readFile(path.join(folder, file), "utf8"));
  }
  return digest(...parts);
}

/** A short name for exactly these texts, in this order. */
export function digest(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) {
    hash.update(`${Buffer.byteLength(text)}:${text}`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** The arguments of `go build` for one binary of a recipe. */
export function buildArguments(recipe: GoRecipe, binary: string, output: string): string[] {
  const variables = Object.entries(recipe.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  return [
    "build",
    "-trimpath",
    "-buildvcs=false",
    `-tags=${(recipe.tags ?? []).join(",")}`,
    `-ldflags=${["-s", "-w", ...variables].join(" ")}`,
    "-o",
    path.join(output, binary),
    recipe.binaries[binary] ?? ".",
  ];
}

async function build(name: GoProgram, recipe: GoRecipe, output: string, environment: Environment): Promise<void> {
  const folder = `${output}.sources`;
  try {
    await cp(sourceFolder(name), folder, { recursive: true });
    if (recipe.overlaid) {
      await overlay(name, recipe.overlaid, folder, environment);
    }
    for (const binary of Object.keys(recipe.binaries)) {
      await runGo(name, buildArguments(recipe, binary, output), folder, environment);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// The module is copied from Go's module cache, where it lies only after its checksum was verified.
async function overlay(name: string, module: string, folder: string, environment: Environment): Promise<void> {
  const { stdout } = await runGo(name, ["mod", "download", "-json", module], folder, environment);
  const { Dir: original } = JSON.parse(stdout) as { Dir: string };
  const copy = path.join(folder, "overlaid");
  await cp(original, copy, { recursive: true });
  await makeWritable(copy);

  const files = await readdir(path.join(folder, OVERLAY), { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const source = path.join(file.parentPath, file.name);
    const target = path.join(copy, path.relative(path.join(folder, OVERLAY), source));
    await mkdir(path.dirname(target), { recursive: true });
    const content = await readFile(source);
    await writeFile(target, content);
    if (file.name.endsWith(".html")) {
      // The programs look for pages that were compressed when they were built.
      await writeFile(`${target}.gz`, gzipSync(content));
      await writeFile(`${target}.br`, brotliCompressSync(content));
    }
  }
  await runGo(name, ["mod", "edit", `-replace=${module}=./overlaid`], folder, environment);
}

function sourceFolder(name: GoProgram): string {
  const recipe: GoRecipe = goRecipes[name];
  return path.join(SOURCES, recipe.folder ?? name);
}

function buildEnvironment(target: GoTarget = {}): Environment {
  return {
    CGO_ENABLED: "0",
    // What a user's own flags and workspaces would change, the key of the build does not tell.
    GOFLAGS: "-mod=readonly",
    GOWORK: "off",
    ...(target.os && { GOOS: target.os }),
  };
}

// Go's module cache is read-only, and a copy of it is too.
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      await makeWritable(path.join(folder, entry.name));
    }
  }
}

async function runGo(
  name: string,
  commandArguments: readonly string[],
  cwd: string,
  env: Environment,
): Promise<{ stdout: string }> {
  const result = await runCommand("go", commandArguments, { cwd, env });
  if (!result.succeeded) {
    throw new Error(goFailure(name, `go ${commandArguments.join(" ")}`, result.missing, result.output));
  }
  return result;
}

/** The message of a failed Go command: what it was for, the command, the last lines that it wrote, what to do. */
export function goFailure(name: string, command: string, goIsMissing: boolean, output: string): string {
  if (goIsMissing) {
    return (
      `Building ${name} needs Go, and there is no \`go\` on the PATH. ` +
      `Install Go 1.26 or later, or let the images be pulled on a machine that reaches their registries.`
    );
  }
  const lines = output.trimEnd().split("\n").slice(-LINES_OF_OUTPUT);
  return [
    `Building ${name} failed.`,
    `  command: ${command}`,
    ...lines.map((line) => `  ${line}`),
    "If a module could not be downloaded, check that this machine reaches its Go module proxy (`go env GOPROXY`).",
  ].join("\n");
}
