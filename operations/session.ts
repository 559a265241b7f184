import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { suggestion } from "../components/settings/problems";
import type { ProgramOutput, ResolvedOutputs } from "../components/stack-outputs";
import { UsageError } from "./fail";
import { openPlatform, placeFrom } from "./platform";
import type { PlatformClient } from "./platform/client";
import { platformsOf, providersOf } from "./configured";
import { prepareTools, prepareWorkspace } from "./prepare";
import { settingsOf } from "./preflight";
import { StackRun } from "./pulumi-run";
import { stacksAmong } from "./state-files";
import { statesOf, type Workspace } from "./workspace";

/** A stack that is there, opened for a verb. */
export interface Session {
  readonly run: StackRun;
  readonly outputs: ResolvedOutputs;
  readonly client: PlatformClient;
}

/** Where a verb says what it is at; its result goes elsewhere. */
export const report = (message: string) => console.error(message);

/**
 * Opens a running stack for a verb that only looks at it, and closes it afterwards.
 *
 * @throws UsageError when there is no such stack, or it has no programs.
 */
export async function withStack<T>(stack: string, use: (session: Session) => Promise<T>): Promise<T> {
  const workspace = await prepareWorkspace(report);
  const run = await openExisting(workspace, stack);
  const outputs = await run.outputs();
  const stopped = `the stack "${stack}" is stopped; bring it up with: npx monitoring deploy --stack ${stack}`;
  if (!outputs.programs) throw new UsageError(stopped);
  const client = await openPlatform(outputs);
  try {
    // With protected data the engine keeps the outputs of a stack whose programs are gone.
    const states = await Promise.all(outputs.programs.map((program) => client.state(program)));
    if (states.every(({ missing }) => missing)) throw new UsageError(stopped);
    return await use({ run, outputs, client });
  } finally {
    await client.close();
  }
}

/**
 * Opens a stack that is there, with all that a `pulumi` command needs to change it.
 *
 * @throws UsageError when there is no such stack.
 */
export async function withEngine<T>(stack: string, use: (run: StackRun) => Promise<T>): Promise<T> {
  const existing = await openExisting(await prepareWorkspace(report), stack);
  const tools = await prepareTools(report, providersOf(await platformsOf(existing)));
  try {
    return await use(await StackRun.open(tools.workspace, stack));
  } finally {
    tools.stop();
  }
}

/** A client for where a stack is, whether its programs are there or not. */
export async function openPlatformOf(run: StackRun): Promise<PlatformClient> {
  const outputs = await run.outputs();
  return openPlatform(outputs.name ? outputs : placeFrom(await settingsOf(run)));
}

async function openExisting(workspace: Workspace, stack: string): Promise<StackRun> {
  const known = await stacksOf(workspace);
  if (known.includes(stack)) return StackRun.open(workspace, stack);
  const others = known.length > 0 ? suggestion(stack, known) : "There is none yet.";
  throw new UsageError(
    `there is no stack "${stack}". ${others} Bring one up with: npx monitoring deploy --stack <name>`,
  );
}

/** Names of the stacks of this project that exist. */
export async function stacksOf(workspace: Workspace): Promise<string[]> {
  if (workspace.folder === undefined) return StackRun.names(workspace);
  const folder = statesOf(workspace.folder);
  if (!existsSync(folder)) return [];
  return stacksAmong(await readdir(folder));
}

/**
 * The program of that name.
 *
 * @throws UsageError that names the ones there are.
 */
export function programNamed({ programs }: ResolvedOutputs, name: string): ProgramOutput {
  const found = programs.find((program) => program.name === name);
  if (found) return found;
  const names = programs.map((program) => program.name);
  throw new UsageError(`the stack has no program "${name}". ${suggestion(name, names)}`);
}
