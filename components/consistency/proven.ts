import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { nativeFiles, nativeText } from "../programs/native-file";
import proven from "./proven.json";
import { runbookNames } from "./surroundings";

const METRICS = join(__dirname, "metrics");

/** SHA-256 of every file that the checks of a whole stack read, the users' own rules left out. */
export function contentHash(): string {
  const hash = createHash("sha256");
  const add = (name: string, text: string) => hash.update(`${name} ${text.length}\n${text}`);
  for (const file of filesBelowConfigs()) add(file, nativeText(file));
  for (const file of readdirSync(METRICS).sort()) add(file, readFileSync(join(METRICS, file), "utf8"));
  add("runbooks", runbookNames().join("\n"));
  return hash.digest("hex");
}

/**
 * Whether the files are those of which the tests have proven that they fit together, in every combination of programs.
 * `npm run docs` proves them and writes the hash down.
 */
export function isProven(): boolean {
  return contentHash() === proven.sha256;
}

function filesBelowConfigs(): string[] {
  const below = (folder: string, ending: string) => nativeFiles(folder, ending).map((name) => `${folder}/${name}`);
  return [
    "ai-prices.json",
    "alertmanager/alertmanager.yml",
    "prometheus/prometheus.yml",
    ...below("prometheus/rules", ".yaml").filter((file) => !file.endsWith("/custom.yaml")),
    ...below("grafana/dashboards", ".json"),
    ...below("grafana/provisioning/datasources", ".yaml"),
  ];
}
