import { fail } from "./fail";
import { recorded } from "./deployment-state";
import { prepareWorkspace } from "./prepare";
import { deployed, unfit, type StackAccess } from "./promote/deployment";
import { StackRun } from "./pulumi-run";

/** What a stack can be compared with. */
export interface Base {
  /** The commit of its last update; empty where it is not known. */
  readonly commit: string;
  /** Why a difference from that commit need not be drift; empty where it is. */
  readonly unfinished: string;
}

/**
 * The commit that a stack runs, and whether all of the stack runs it: after an update that failed, was cut off or was of a part,
 * what differs from the commit is what is left to do.
 */
export async function baseOf(stack: StackAccess): Promise<Base> {
  const last = await deployed(stack);
  const { isInterrupted } = await recorded(stack);
  const unfinished = isInterrupted
    ? "an update was cut off, and how its last operations ended is not known"
    : unfit(last);
  return { commit: last?.commit ?? "", unfinished: unfinished ?? "" };
}

/** `tsx operations/drift.ts <stack>`: prints both as `name=value`, for a workflow's outputs. */
async function main([stack = "dev"]: readonly string[]): Promise<void> {
  const workspace = await prepareWorkspace((message) => console.error(message));
  const base = await baseOf(await StackRun.open(workspace, stack));
  for (const [name, value] of Object.entries(base)) console.log(`${name}=${value}`);
}

if (require.main === module) main(process.argv.slice(2)).catch(fail);
