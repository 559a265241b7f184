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
 * every resource. Each frame goes through source maps. They are errors without a message; of all others only
 * the place of the SDK's own files is put right.
 */
function leaveStacksEmpty(): void {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, frames) => {
    if (error.message === "") return error.name;
    const stack: unknown =
      prepareStackTrace?.(error, frames) ?? [String(error), ...frames.map(String)].join("\n    at ");
    return typeof stack === "string" ? inItsPackage(stack) : stack;
  };
}

/**
 * By its source maps the SDK's files lie right in `node_modules/@pulumi`. Of a frame with a file in a scope's own folder Node.js (20.20
 * and others; nodejs/node#64011) makes text until no memory is left, when it prints an error in colours, as the SDK does with any
 * that ends the program. A refused setting took 40 seconds.
 */
function inItsPackage(stack: string): string {
  return stack.replaceAll(/(node_modules([\\/])@pulumi[\\/])(?=[^\\/\n]*$)/gm, "$1pulumi$2");
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
