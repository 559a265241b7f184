import * as pulumi from "@pulumi/pulumi";

import { ConsistencyError, type Problem } from "./consistency/problem";
import { isProven } from "./consistency/proven";
import { holdsRules } from "./consistency/rule-selection";
import { stackFiles, type StackFiles } from "./consistency/stack-files";
import { checkStructure } from "./consistency/structure";
import type { Workload } from "./platform/workload";
import { userRules } from "./programs/user-rules";
import type { Settings } from "./settings/settings";

/**
 * Checks, before anything is created, that what a stack's files say of each other is true, and the users' own rules. Of files
 * that are as the tests have proven them, only what the settings decide is checked.
 *
 * @throws pulumi.RunError with every problem at once: file, line and fix.
 */
export async function checkStack(settings: Settings, workloads: readonly Workload[]): Promise<void> {
  const files = namedByUser(stackFiles(workloads), settings);
  const proven = isProven();
  const problems = proven ? checkStructure(files) : [];
  if (!proven || files.userRules.some(holdsRules)) problems.push(...(await checkRules(files, settings, proven)));
  if (problems.length > 0) throw new pulumi.RunError(new ConsistencyError(problems).message);
}

/** What reads queries is loaded only here: most previews need none of it. */
async function checkRules(files: StackFiles, { serviceMetrics }: Settings, proven: boolean): Promise<Problem[]> {
  const { checkConsistency, checkUserRules, readSurroundings } = await import("./consistency");
  return [
    ...(proven ? [] : checkConsistency(files, { ...readSurroundings(), serviceMetrics })),
    ...checkUserRules(files.userRules, { ...files, serviceMetrics }),
  ];
}

/** The file that the settings name goes by that name, not by the one that Prometheus gets it under. */
function namedByUser(files: StackFiles, settings: Settings): StackFiles {
  const own = userRules(settings);
  if (own === undefined) return files;
  const named = files.userRules.map((one) => (one.file.endsWith(own.path) ? { ...one, file: own.file } : one));
  return { ...files, userRules: named };
}
