import { releaseLock } from "../recover";
import { report, withEngine } from "../session";

/**
 * Removes a stack's programs. Their data stays, and the next deploy finds it.
 *
 * @returns whether it went through.
 */
export async function stop(stack: string): Promise<boolean> {
  return withEngine(stack, async (run) => {
    await releaseLock(run, report);
    const code = await run.show(["destroy", "--yes", "--skip-preview"]);
    if (code === 0) console.log(`The data is kept; bring it up again with: npx monitoring deploy --stack ${stack}`);
    return code === 0;
  });
}
