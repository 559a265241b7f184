import path from "node:path";

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take minutes, the longest first: begun last, each would keep the run waiting for itself alone. */
const SLOW = [
  "demo",
  "verbs-real-node",
  "verbs-kubernetes",
  "elk-backup",
  "cluster",
  "high-availability",
  "verbs",
  "elk",
  "real-node",
  "guides",
  "verbs-faults",
  "stack",
];

/** Runs what takes longest first. The runner learns that only from an earlier run, which a fresh checkout does not have. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

/** Files of earlier groups, which are no end-to-end tests, keep their place before them. */
function rank({ moduleId, project }: TestSpecification): number {
  if (project.name !== "e2e") return -1;
  const at = SLOW.indexOf(path.basename(moduleId, ".test.ts"));
  return at < 0 || !moduleId.includes("/e2e/") ? SLOW.length : at;
}
