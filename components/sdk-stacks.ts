/**
 * Leaves the stacks that the SDK keeps for itself empty, for as long as this process runs.
 *
 * The SDK formats a stack for every output property of every resource, to name promises that never end, and a whole one for
 * every resource. Each frame goes through source maps, together a tenth of a preview. They are errors without a message; all
 * others are formatted as before.
 */
export function leaveSdkStacksEmpty(): void {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, frames) => {
    if (error.message === "") return error.name;
    return prepareStackTrace?.(error, frames) ?? [String(error), ...frames.map(String)].join("\n    at ");
  };
}
