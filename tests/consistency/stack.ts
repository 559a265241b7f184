import { readdirSync } from "node:fs";
import path from "node:path";

import { stackFiles, type StackFiles, type Surroundings } from "../../components/consistency";
import { workloadsOf } from "../../components/programs";
import { nativeFiles, nativeText } from "../../components/programs/native-file";
import { programsFor } from "../programs/support";
import type { Written } from "../support/settings";

const files = nativeFiles("prometheus/rules", ".yaml");

/** What stands in the repository, whatever a stack loads of it. */
export const surroundings: Surroundings = {
  runbooks: readdirSync(path.join(__dirname, "../../docs/runbooks")),
  otherAlerts: files.flatMap((name) =>
    [...nativeText(`prometheus/rules/${name}`).matchAll(/^ +- alert: (\w+)$/gm)].map(([, alert]) => alert as string),
  ),
};

/** The files of a stack, as rendered for the given configuration. */
export function stackOf(written: Written = {}): StackFiles {
  return stackFiles(workloadsOf(programsFor(written)));
}
