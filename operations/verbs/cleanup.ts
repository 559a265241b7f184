import { rm } from "node:fs/promises";
import path from "node:path";

import { confirm } from "../ask";
import { protectedResources } from "../deployment-state";
import { changesBegin, UsageError } from "../fail";
import type { VolumeUse } from "../platform/client";
import type { StackRun } from "../pulumi-run";
import { releaseLock } from "../recover";
import { openPlatformOf, report, withEngine } from "../session";
import { copiesIn, copyOf, stateIn } from "../state-files";
import { size, table } from "../table";
import { statesOf } from "../workspace";

/**
 * Removes a stack with its data and its state, after asking.
 *
 * @param yes do not ask.
 * @returns whether it went through.
 */
export async function cleanup(stack: string, yes: boolean): Promise<boolean> {
  return withEngine(stack, async (run) => {
    await refuseProtected(run);
    const client = await openPlatformOf(run);
    try {
      const volumes = await client.volumes();
      console.log(loss(stack, volumes, await client.use(volumes)));
      if (!yes) await confirm("All of this will be lost.", stack);
      await releaseLock(run, report);
      changesBegin();
      // The settings have let go of it, and the engine learns so with an update or here.
      if ((await protectedResources(run)).length > 0) await run.capture(["state", "unprotect", "--all", "--yes"]);
      if ((await run.show(["destroy", "--yes", "--skip-preview"])) !== 0) return false;
      await client.removeAll();
      await removeState(run);
      console.log(`The stack "${stack}" is gone, with ${volumes.length} volumes.`);
      return true;
    } finally {
      await client.close();
    }
  });
}

/**
 * Data that the settings protect is not removed by this verb, whatever the answer.
 *
 * @throws UsageError that says which setting to change.
 */
async function refuseProtected(run: StackRun): Promise<void> {
  const { values } = await run.configuration();
  if (values.protectData !== "true") return;
  const fix = `pulumi config set protectData false --stack ${run.stack}`;
  throw new UsageError(`the stack's data is protected, so nothing was removed; to let go of it: ${fix}`);
}

function loss(stack: string, volumes: readonly string[], seen: readonly VolumeUse[]): string {
  const used = new Map(seen.map((use) => [use.volume, use.used]));
  const total = seen.reduce((sum, use) => sum + use.used, 0);
  const rows = volumes.map((volume) => {
    const bytes = used.get(volume);
    return [`volume ${volume}`, bytes === undefined ? "unknown" : size(bytes)];
  });
  return [
    table(["will be lost", "size"], rows),
    `Also: the programs of the stack "${stack}", its state, and with that its generated passwords.`,
    `${size(total)} of data in all${seen.length < volumes.length ? ", and what is in those of unknown size" : ""}. ` +
      `A copy is made by: npx monitoring backup --stack ${stack}`,
  ].join("\n");
}

/** The file that people wrote stays; what this project and the engine keep about the stack elsewhere goes, old secrets included. */
async function removeState(run: StackRun): Promise<void> {
  await run.capture(["stack", "rm", "--yes", "--preserve-config"]);
  const { folder } = run.workspace;
  if (folder === undefined) return;
  const states = statesOf(folder);
  const kept = [
    path.join(folder, "stacks", run.stack),
    copyOf(stateIn(states, run.stack)),
    copiesIn(states, run.stack),
  ];
  for (const place of kept) await rm(place, { recursive: true, force: true });
}
