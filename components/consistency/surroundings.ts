import { readdirSync } from "node:fs";
import { join } from "node:path";

import { nativeFiles, nativeText } from "../programs/native-file";

/** Where the pages of `docs/runbooks` are published. */
export const RUNBOOK_URL = "https://github.com/pyairtable/pyairtable-monitoring/blob/main/docs/runbooks/";

const RUNBOOKS = join(__dirname, "..", "..", "docs", "runbooks");

/** What the checks of a whole stack need beside its files. */
export interface Surroundings {
  /** File names in `docs/runbooks`. */
  readonly runbooks: readonly string[];
  /** Alerts of rule files that this stack does not load, which routes and inhibitions may name all the same. */
  readonly otherAlerts?: readonly string[];
  /** Metrics of the services beside those of their contract. */
  readonly serviceMetrics?: readonly string[];
}

/** What stands in the project's folder, whatever a stack loads of it. */
export function readSurroundings(): Surroundings {
  const texts = nativeFiles("prometheus/rules", ".yaml").map((name) => nativeText(`prometheus/rules/${name}`));
  return {
    runbooks: runbookNames(),
    otherAlerts: texts.flatMap((text) =>
      [...text.matchAll(/^ +- alert: (\w+)$/gm)].map(([, alert]) => alert as string),
    ),
  };
}

/** File names in `docs/runbooks`, sorted. */
export function runbookNames(): string[] {
  return readdirSync(RUNBOOKS).sort();
}
