import { UsageError } from "../fail";
import { programNamed, withStack } from "../session";

interface LogsOptions {
  readonly stack: string;
  readonly follow?: boolean;
  /** How many of the last lines, as given. */
  readonly tail: string;
}

/** Prints a program's log; without a name, those of all programs, each line with its program's name in front. */
export async function logs(name: string | undefined, { stack, follow = false, tail }: LogsOptions): Promise<void> {
  if (!/^\d+$/.test(tail)) throw new UsageError(`--tail takes a number of lines, not "${tail}"`);
  const options = { follow, tail: Number(tail) };
  await withStack(stack, async ({ client, outputs }) => {
    if (name !== undefined) return client.logs(programNamed(outputs, name), options, (line) => console.log(line));
    const width = Math.max(...outputs.programs.map((program) => program.name.length));
    const print = (program: string) => (line: string) => console.log(`${program.padEnd(width)} | ${line}`);
    if (!follow) {
      for (const program of outputs.programs) await client.logs(program, options, print(program.name));
      return;
    }
    await Promise.all(outputs.programs.map((program) => client.logs(program, options, print(program.name))));
  });
}
