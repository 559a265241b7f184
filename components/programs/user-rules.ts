import { readFileSync } from "node:fs";
import path from "node:path";

import type { Settings } from "../settings/settings";

const PROJECT = path.join(__dirname, "..", "..");

/** A rule file of the users' own. */
export interface UserRules {
  /** As the settings name it. */
  readonly file: string;
  /** Where Prometheus finds it, below its directory. */
  readonly path: string;
  readonly text: string;
}

/** The rule file that the settings name, if they name one; that it is there was checked with them. */
export function userRules({ alertRulesFile: file }: Settings): UserRules | undefined {
  if (file === undefined) return undefined;
  const name = path.basename(file).replace(/\.ya?ml$/, "");
  return { file, path: `rules/user-${name}.yaml`, text: readFileSync(path.resolve(PROJECT, file), "utf8") };
}
