import { cp, symlink } from "node:fs/promises";
import path from "node:path";

import { PROJECT_ROOT } from "../../operations/workspace";

/** What the verbs and the program consist of, without the configurations that the program renders. */
const PARTS = [
  "Pulumi.yaml",
  "index.ts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "components",
  "operations",
  "toolchain",
];

/**
 * Copies the project into a folder where a test may edit it; the installed packages are those of this checkout.
 *
 * @param more further parts, as paths in the project.
 */
export async function copyCheckout(folder: string, more: readonly string[] = []): Promise<void> {
  for (const part of [...PARTS, ...more])
    await cp(path.join(PROJECT_ROOT, part), path.join(folder, part), { recursive: true });
  await symlink(path.join(PROJECT_ROOT, "node_modules"), path.join(folder, "node_modules"));
}
