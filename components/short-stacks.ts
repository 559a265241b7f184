/**
 * Runs the program with stack traces of one frame.
 *
 * The SDK records a stack for every output property of every resource, to name promises that never end, and maps each
 * through source maps: about two thousand stacks here, and a fifth of a preview. An error that is thrown meanwhile still
 * tells where.
 */
export async function withShortStacks<T>(program: () => Promise<T>): Promise<T> {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = 1;
  delete (Error as Partial<ErrorConstructor>).prepareStackTrace;
  try {
    return await program();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}
