import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { load } from "js-yaml";

import { schema } from "../components/settings/schema";
import type { Settings } from "../components/settings/settings";
import { PROVIDERS_OF, type Provider } from "./prepare";
import type { StackRun } from "./pulumi-run";
import { PROJECT, PROJECT_ROOT } from "./workspace";

export type PlatformName = Settings["platform"];

/**
 * What a configuration file says in clear, by key: what is encrypted in it is left out. Nothing where there is no file. For what
 * comes before there is a stack to ask.
 *
 * @param configuration file to read instead of the project's `Pulumi.<stack>.yaml`.
 */
export async function writtenValues(
  stack: string,
  configuration = path.join(PROJECT_ROOT, `Pulumi.${stack}.yaml`),
): Promise<Record<string, string>> {
  if (!existsSync(configuration)) return {};
  const file = load(await readFile(configuration, "utf8")) as { config?: Readonly<Record<string, unknown>> } | null;
  const own = Object.entries(file?.config ?? {}).filter(([key]) => key.startsWith(`${PROJECT}:`));
  const clear = own.filter(([, value]) => !JSON.stringify(value).includes('"secure":'));
  return Object.fromEntries(
    clear.map(([key, value]) => [
      key.slice(PROJECT.length + 1),
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

export function platformIn(values: Readonly<Record<string, string>>): PlatformName {
  return (values.platform ?? schema.platform.default) === "kubernetes" ? "kubernetes" : "docker";
}

/** The platforms that a command on a stack may have to do with: the one it is on, and the one that it is to be on. */
export async function platformsOf(run: StackRun): Promise<PlatformName[]> {
  const { platform } = await run.outputs();
  const wanted = platformIn((await run.configuration()).values);
  return [...new Set([wanted, ...(platform ? [platform] : [])])];
}

export function providersOf(platforms: readonly PlatformName[]): Provider[] {
  return [...new Set(platforms.flatMap((platform): readonly Provider[] => PROVIDERS_OF[platform]))];
}
