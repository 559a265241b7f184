import { rm } from "node:fs/promises";
import path from "node:path";

import { confirm } from "../ask";
import { openPlatform } from "../platform";
import type { PlatformClient, VolumeUse } from "../platform/client";
import { settingsOf } from "../preflight";
import type { StackRun } from "../pulumi-run";
import { releaseLock } from "../recover";
import { report, withEngine } from "../session";
import { size, table } from "../table";

/**
 * Removes a stack with its data and its state, after asking.
 *
 * @param yes do not ask.
 * @returns whether it went through.
 */
export async function cleanup(stack: string, yes: boolean): Promise<boolean> {
  return withEngine(stack, async (run) => {
    const client = await clientOf(run);
    try {
      const volumes = await client.use(await client.volumes());
      console.log(loss(stack, volumes));
      if (!yes) await confirm("All of this will be lost.", stack);
      await releaseLock(run, report);
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

/** A stopped stack has no outputs; then its settings tell where it would run. */
async function clientOf(run: StackRun): Promise<PlatformClient> {
  const outputs = await run.outputs();
  if (outputs.name) return openPlatform(outputs);
  const { platform, name } = await settingsOf(run);
  return openPlatform({ platform, name, services: { network: "none", otlpGrpc: "", otlpHttp: "" } });
}

function loss(stack: string, volumes: readonly VolumeUse[]): string {
  const total = volumes.reduce((sum, { used }) => sum + used, 0);
  return [
    table(
      ["will be lost", "size"],
      volumes.map(({ volume, used }) => [`volume ${volume}`, size(used)]),
    ),
    `Also: the programs of the stack "${stack}", its state, and with that its generated passwords.`,
    `${size(total)} of data in all. A copy is made by: npx monitoring backup --stack ${stack}`,
  ].join("\n");
}

/** The file that people wrote stays; what this project keeps about the stack elsewhere goes. */
async function removeState(run: StackRun): Promise<void> {
  await run.capture(["stack", "rm", "--yes", "--preserve-config"]);
  const { folder } = run.workspace;
  if (folder !== undefined) await rm(path.join(folder, "stacks", run.stack), { recursive: true, force: true });
}
