import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";

import { pulumiHome } from "../toolchain/pulumi-home";

/**
 * Gives the engine a home of its own, for this process and those that it starts, so that runs which leave nothing behind
 * keep their logs, logins and selected stacks apart from the user's. The plugins that the user has installed are shared.
 *
 * @param folder where the home is made; whoever made it removes it.
 */
export async function useOwnHome(folder: string): Promise<void> {
  const users = path.join(pulumiHome(), "plugins");
  const own = path.join(folder, "pulumi-home");
  await Promise.all([mkdir(users, { recursive: true }), mkdir(own, { mode: 0o700 })]);
  await symlink(users, path.join(own, "plugins"), "dir");
  process.env.PULUMI_HOME = own;
}
