import type { Command } from "commander";

interface Options {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** The verb `promote`. What it needs is loaded when it is used. */
export function promoteVerb(program: Command): void {
  program
    .command("promote")
    .description(
      "show what an update of prod to the current commit would change, if dev was verified at it; change nothing",
    )
    .option("--from <stack>", "stack that was verified", "dev")
    .option("--to <stack>", "stack to look at", "prod")
    .option("--json", "print JSON")
    .action(async ({ from, to, json }: Options) => {
      const { promote } = await import("./stacks");
      process.exitCode = (await promote(from, to, json ?? false)) ? 0 : 1;
    });
}
