import { afterAll, beforeAll, expect } from "vitest";

import { runCommand, type CommandOptions, type CommandResult } from "../../../toolchain/command";
import { ensureTool, type Tool } from "../../../toolchain/tools";
import { CASES, caseNames, type CaseName } from "./cases";
import { Rendered } from "./rendered";

/** Long for a check of a file, and short enough that a program that waits for something is noticed. */
const CHECK_MS = 60_000;

/** Runs a program that is there once the tests begin. */
export type Run = (commandArguments: readonly string[], options?: CommandOptions) => Promise<CommandResult>;

/** Sees to it before the tests of this file that a program is there, building it if need be. */
export function useTool(name: Tool): Run & { readonly path: () => string } {
  let binary = "";
  beforeAll(async () => {
    binary = await ensureTool(name);
  });
  const run: Run = (commandArguments, options) =>
    runCommand(binary, commandArguments, { timeout: CHECK_MS, ...options });
  return Object.assign(run, { path: () => binary });
}

/** Renders the given cases before the tests of this file and removes the files after them. */
export function useRendered(names: readonly CaseName[] = caseNames): (name: CaseName) => Rendered {
  const rendered = new Map<CaseName, Rendered>();
  beforeAll(async () => {
    for (const name of names) rendered.set(name, await Rendered.write(CASES[name]));
  });
  afterAll(async () => {
    for (const files of rendered.values()) await files.remove();
  });
  return (name) => {
    const found = rendered.get(name);
    if (found === undefined) throw new Error(`Pass "${name}" to useRendered.`);
    return found;
  };
}

/** What the program wrote is shown where it refuses what it should take. */
export function expectAccepted(result: CommandResult): void {
  expect(result.succeeded, result.output).toBe(true);
}

/** A refusal counts only with its reason: a program that cannot start refuses everything. */
export function expectRefused(result: CommandResult, reason: RegExp): void {
  expect(result.succeeded, result.output).toBe(false);
  expect(result.output).toMatch(reason);
}
