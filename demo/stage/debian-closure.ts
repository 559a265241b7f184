import { runCommand } from "../../toolchain/command";
import type { Report } from "../../toolchain/cache";
import { ensureDebianPackage } from "../../toolchain/debian";

/** Compilers and interpreters that a program loads only for what nothing here does. */
const LEFT_OUT = /^lib(llvm|perl)/;

/** Unpacks Debian packages with all libraries that they need, and gives the folders to lay over each other. */
export async function unpackWithLibraries(packages: readonly string[], report: Report): Promise<string[]> {
  const names = new Set(packages);
  let next = [...packages];
  while (next.length > 0) {
    const libraries = (await dependenciesOf(next)).filter((name) => /^z?lib/.test(name) && !LEFT_OUT.test(name));
    next = [...new Set(libraries)].filter((name) => !names.has(name));
    next.forEach((name) => names.add(name));
  }
  const roots: string[] = [];
  for (const name of names) roots.push((await ensureDebianPackage(name, report)).root);
  return roots;
}

/** The package that a metapackage of the release at hand stands for. */
export async function packageBehind(metapackage: string): Promise<string> {
  const [first] = (await dependenciesOf([metapackage])).filter((name) => name.startsWith(`${metapackage}-`));
  if (first === undefined) throw new Error(`apt knows no package behind ${metapackage}; run apt-get update as root`);
  return first;
}

async function dependenciesOf(packages: readonly string[]): Promise<string[]> {
  const kinds = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`);
  const { succeeded, stdout, output } = await runCommand("apt-cache", ["depends", ...kinds, ...packages]);
  if (!succeeded) throw new Error(`apt-cache can not tell what ${packages.join(", ")} depend on:\n${output.trim()}`);
  return [...stdout.matchAll(/^ [ |](?:Pre)?Depends: ([^<\s]+)$/gm)].map(([, name]) => name as string);
}
