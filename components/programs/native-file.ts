import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { dump, load } from "js-yaml";

const CONFIGS = join(__dirname, "..", "..", "configs");

/** Text of a file below `configs/`, wherever the program was started. */
export function nativeText(path: string): string {
  return readFileSync(join(CONFIGS, path), "utf8");
}

/**
 * A YAML file below `configs/`, as the object it holds.
 *
 * @throws Error that names the file when it is not valid YAML.
 */
export function nativeYaml<T>(path: string): T {
  return load(nativeText(path), { filename: `configs/${path}` }) as T;
}

/** Names of the files with the given ending in a folder below `configs/`, sorted. */
export function nativeFiles(folder: string, ending: string): string[] {
  return readdirSync(join(CONFIGS, folder))
    .filter((name) => name.endsWith(ending))
    .sort();
}

/** YAML with keys in the order given and without line folding, so that equal settings give equal text. */
export function toYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true, quotingType: '"' });
}
