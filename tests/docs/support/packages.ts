import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { cacheRoot, ensureFolder } from "../../../toolchain/cache";
import { runCommand } from "../../../toolchain/command";

const INSTALL_MS = 900_000;

/** The Python of an environment that holds what a requirements.txt pins. Installed once for each such text. */
export async function pythonWith(requirements: string): Promise<string> {
  const folder = await installed("python", requirements, async (target) => {
    await writeFile(path.join(target, "requirements.txt"), requirements);
    await run("python3", ["-m", "venv", "."], target);
    await run("bin/python", ["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"], target);
  });
  return path.join(folder, "bin/python");
}

/** A folder with `node_modules` as a package.json asks for. Installed once for each such text. */
export function nodeModulesOf(packageJson: string): Promise<string> {
  return installed("node", packageJson, async (target) => {
    await writeFile(path.join(target, "package.json"), packageJson);
    await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], target);
  });
}

function installed(kind: string, what: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const key = createHash("sha256").update(what).digest("hex").slice(0, 16);
  return ensureFolder(path.join(cacheRoot(), "guides", `${kind}-${key}`), fill, { lock: `guide-${kind}-${key}` });
}

async function run(program: string, commandArguments: readonly string[], cwd: string): Promise<void> {
  const command = program.includes("/") ? path.join(cwd, program) : program;
  const { succeeded, output } = await runCommand(command, commandArguments, { cwd, timeout: INSTALL_MS });
  if (!succeeded) throw new Error(`${program} ${commandArguments.join(" ")} failed:\n${output}`);
}
