import { fail } from "./fail";
import { prepareTools } from "./prepare";
import { StackRun } from "./pulumi-run";
import { releaseLock } from "./recover";

/**
 * `npm run pulumi -- <command>`: any Pulumi command with this project's engine, plugins, state and passphrase, for
 * machines and people that have none of their own.
 */
async function main(command: readonly string[]): Promise<number> {
  const at = command.findIndex((argument) => argument === "-s" || argument === "--stack");
  const stack = at < 0 ? "dev" : (command[at + 1] ?? "dev");
  const report = (message: string) => console.error(message);
  const tools = await prepareTools(report, ["docker", "kubernetes", "random"]);
  try {
    const run = await StackRun.open(tools.workspace, stack);
    await releaseLock(run, report);
    return await run.show(command);
  } finally {
    tools.stop();
  }
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
}, fail);
