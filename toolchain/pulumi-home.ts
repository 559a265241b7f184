import { homedir } from "node:os";
import path from "node:path";

/** Where the engine keeps plugins, logins and logs: `$PULUMI_HOME`, else `~/.pulumi`. */
export function pulumiHome(env: NodeJS.ProcessEnv = process.env): string {
  return env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
}
