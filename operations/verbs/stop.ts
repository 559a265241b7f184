import { protectedResources } from "../deployment-state";
import { changesBegin } from "../fail";
import type { StackRun } from "../pulumi-run";
import { releaseLock } from "../recover";
import { openPlatformOf, report, withEngine } from "../session";

/**
 * Removes a stack's programs. Their data stays, and the next deploy finds it.
 *
 * @returns whether it went through.
 */
export async function stop(stack: string): Promise<boolean> {
  return withEngine(stack, async (run) => {
    await lookFirst(run);
    await releaseLock(run, report);
    changesBegin();
    const held = await protectedResources(run);
    const without = held.length > 0 ? ["--exclude-protected"] : [];
    const code = await run.show(["destroy", "--yes", "--skip-preview", ...without]);
    if (code === 0) console.log(`The data is kept; bring it up again with: npx monitoring deploy --stack ${stack}`);
    return code === 0;
  });
}

/** What can not be reached or may not be looked at is found out before anything is removed. */
async function lookFirst(run: StackRun): Promise<void> {
  const client = await openPlatformOf(run);
  await client.volumes().finally(() => client.close());
}
