/** Ends a command that could not do its work: one message, and exit code 1. */
export function fail(error: unknown): void {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
