/** A wrong use of a command: nothing was begun. The message is one line that says what to do instead. */
export class UsageError extends Error {}

/** No right to a file, a folder or the engine's socket. */
const DENIED = new Set(["EACCES", "EPERM"]);

let begun = false;

/** From here on the stack may have changed, so that no failure counts as a wrong use that changed nothing. */
export function changesBegin(): void {
  begun = true;
}

/** Ends a command that could not do its work: one message, and exit code 2 for wrong use, 1 for a failure. */
export function fail(error: unknown): void {
  const denied = error instanceof Error && DENIED.has((error as NodeJS.ErrnoException).code ?? "");
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = !begun && (error instanceof UsageError || denied) ? 2 : 1;
}
