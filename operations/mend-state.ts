import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Report } from "../toolchain/cache";
import { copiesIn, copyOf, stacksAmong, stateIn } from "./state-files";

/** What the engine's storage library notes about a file, in a file beside it. */
const NOTES = ".attrs";

/**
 * Puts right what a run leaves behind that is killed, or loses its power, as the engine writes: a note beside a stack's state
 * that was cut off goes, since the engine does not read a state with such a note and does not need one; a state that was cut
 * off is replaced by the copy that the engine has made before it wrote. What a replaced state does not know of is found by
 * the next deploy.
 *
 * @param folder of the project's states: `.pulumi/stacks/<project>` of a backend in files. It need not be there.
 */
export async function mendStates(folder: string, report: Report): Promise<void> {
  const files = await readdir(folder).catch(() => []);
  for (const file of files.filter((name) => name.endsWith(NOTES))) {
    if (!(await isWhole(path.join(folder, file)))) await rm(path.join(folder, file), { force: true });
  }
  for (const stack of stacksAmong(files)) await mendState(folder, stack, report);
}

async function mendState(folder: string, stack: string, report: Report): Promise<void> {
  const state = stateIn(folder, stack);
  if (await isWhole(state)) return;
  const copy = copyOf(state);
  if (!(await isWhole(copy))) {
    report(
      `the state of the stack "${stack}" is damaged, and so is the copy beside it: ${state}. ` +
        `Older copies are in ${copiesIn(folder, stack)}; put the newest of them in its place`,
    );
    return;
  }
  report(
    `an earlier run was interrupted as it wrote the state of the stack "${stack}"; taking the copy from before that`,
  );
  const next = `${state}.mended`;
  await writeFile(next, await readFile(copy), { mode: 0o600 });
  await rename(next, state);
}

async function isWhole(file: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
