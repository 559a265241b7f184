import { readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";

import type { Written } from "./settings";

const PREFIX = "pyairtable-monitoring:";

/** The configuration in a committed stack file, by key. */
export function stackFile(stack: "dev" | "prod"): Written {
  const file = path.join(__dirname, `../../Pulumi.${stack}.yaml`);
  const { config } = load(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.slice(PREFIX.length), value]));
}
