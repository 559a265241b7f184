/**
 * Leaves out what the SDK records and sends for its own developers, for as long as this process runs. Together it was a fifth of a
 * preview.
 */
export function leaveOutSdkDiagnostics(): void {
  leaveStacksEmpty();
  leaveOutDebugLines();
}

/**
 * The SDK formats a stack for every output property of every resource, to name promises that never end, and a whole one for
 * every resource. Each frame goes through source maps. They are errors without a message; all others are formatted as before.
 */
function leaveStacksEmpty(): void {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, frames) => {
    if (error.message === "") return error.name;
    return prepareStackTrace?.(error, frames) ?? [String(error), ...frames.map(String)].join("\n    at ");
  };
}

/**
 * The SDK tells the engine of every call in debug lines, one after the other, each answer with all files in it; the engine shows
 * them with `--debug` alone.
 */
function leaveOutDebugLines(): void {
  // The SDK's modules take the function from here at each call; an import would be a copy that can not be changed.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const log = require("@pulumi/pulumi/log") as { debug: () => Promise<void> };
  log.debug = () => Promise.resolve();
}
