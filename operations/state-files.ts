import path from "node:path";

/** Names of the stacks whose states are among these files. Beside a state are the engine's copy of it and, of some runs, notes. */
export function stacksAmong(files: readonly string[]): string[] {
  return files.flatMap((file) => (/^[^.]+\.json$/.test(file) ? [file.slice(0, -".json".length)] : []));
}

/** The file of a stack's state, in a folder of states. */
export function stateIn(states: string, stack: string): string {
  return path.join(states, `${stack}.json`);
}

/** The copy beside a state, which the engine makes before it writes the next. */
export function copyOf(state: string): string {
  return `${state}.bak`;
}

/**
 * The folder with a copy of a stack's state after each update.
 *
 * @param states the folder of states: `.pulumi/stacks/<project>`, of a backend in files.
 */
export function copiesIn(states: string, stack: string): string {
  return path.join(states, "..", "..", "backups", path.basename(states), stack);
}
