import * as pulumi from "@pulumi/pulumi";

import {
  checkConsistency,
  checkStructure,
  checkUserRules,
  ConsistencyError,
  isProven,
  readSurroundings,
  stackFiles,
  type StackFiles,
} from "./consistency";
import type { Workload } from "./platform/workload";
import { userRules } from "./programs/user-rules";
import type { Settings } from "./settings/settings";

/**
 * Checks, before anything is created, that what a stack's files say of each other is true, and the users' own rules. Of files
 * that are as the tests have proven them, only what the settings decide is checked.
 *
 * @throws pulumi.RunError with every problem at once: file, line and fix.
 */
export function checkStack(settings: Settings, workloads: readonly Workload[]): void {
  const { serviceMetrics } = settings;
  const files = namedByUser(stackFiles(workloads), settings);
  const problems = isProven()
    ? checkStructure(files)
    : checkConsistency(files, { ...readSurroundings(), serviceMetrics });
  problems.push(...checkUserRules(files.userRules, { ...files, serviceMetrics }));
  if (problems.length > 0) throw new pulumi.RunError(new ConsistencyError(problems).message);
}

/** The file that the settings name goes by that name, not by the one that Prometheus gets it under. */
function namedByUser(files: StackFiles, settings: Settings): StackFiles {
  const own = userRules(settings);
  if (own === undefined) return files;
  const named = files.userRules.map((one) => (one.file.endsWith(own.path) ? { ...one, file: own.file } : one));
  return { ...files, userRules: named };
}
