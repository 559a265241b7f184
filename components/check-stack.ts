import * as pulumi from "@pulumi/pulumi";

import { checkStructure, checkUserRules, ConsistencyError, stackFiles } from "./consistency";
import type { Workload } from "./platform/workload";
import { userRules } from "./programs/user-rules";
import type { Settings } from "./settings/settings";

/**
 * Checks, before anything is created, that what a stack's files say of each other is true, and the users' own rules. What the
 * committed files say is proven by the tests.
 *
 * @throws pulumi.RunError with every problem at once: file, line and fix.
 */
export function checkStack(settings: Settings, workloads: readonly Workload[]): void {
  const files = stackFiles(workloads);
  const own = userRules(settings);
  const problems = checkStructure(files);
  if (own) {
    const { serviceMetrics } = settings;
    const rules = files.rules.filter(({ file }) => !file.endsWith(own.path));
    problems.push(...checkUserRules(own.text, own.file, { ...files, rules, serviceMetrics }));
  }
  if (problems.length > 0) throw new pulumi.RunError(new ConsistencyError(problems).message);
}
