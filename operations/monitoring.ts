import { CommanderError } from "commander";

import { command } from "./command-line";
import { fail, UsageError } from "./fail";

// Whoever reads the output may have had enough, as in `npx monitoring logs | head`.
process.stdout.once("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

/** `npx monitoring <verb>`. Exit code 0: done and good; 1: not; 2: used wrongly, and nothing was changed. */
const program = command();
program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) fail(error);
  else if (error.exitCode === 0) process.exitCode = 0;
  // Without a verb Commander answers with the help, and an error that says nothing.
  else if (error.code === "commander.help")
    fail(new UsageError(`name a verb: ${program.commands.map((verb) => verb.name()).join(", ")}`));
  else fail(new UsageError(error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ")));
});
