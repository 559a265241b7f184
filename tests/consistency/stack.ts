import { readSurroundings, stackFiles, type StackFiles } from "../../components/consistency";
import { workloadsOf } from "../../components/programs";
import { programsFor } from "../programs/support";
import type { Written } from "../support/settings";

/** What stands in the repository, whatever a stack loads of it. */
export const surroundings = readSurroundings();

/** The files of a stack, as rendered for the given configuration. */
export function stackOf(written: Written = {}): StackFiles {
  return stackFiles(workloadsOf(programsFor(written)));
}
