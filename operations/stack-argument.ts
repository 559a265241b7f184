/**
 * The stack that the arguments of a `pulumi` command name, in any of the ways that Pulumi reads: `-s X`, `-sX`, `-s=X`,
 * `--stack X` or `--stack=X`. The last one counts; what stands behind `--` is no flag.
 */
export function namedStack(command: readonly string[]): string | undefined {
  const end = command.indexOf("--");
  const flags = end < 0 ? command : command.slice(0, end);
  let stack: string | undefined;
  for (const [index, argument] of flags.entries()) {
    if (argument === "-s" || argument === "--stack") stack = flags[index + 1] ?? stack;
    else stack = /^(?:--stack=|-s=?)(.+)$/s.exec(argument)?.[1] ?? stack;
  }
  return stack;
}
