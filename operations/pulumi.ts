import { fail } from "./fail";
import { prepareTools } from "./prepare";
import { StackRun } from "./pulumi-run";
import { releaseLock } from "./recover";
import { namedStack } from "./stack-argument";

/**
 * `npm run pulumi -- <command>`: any Pulumi command with this project's engine, plugins, state and passphrase, for
 * machines and people that have none of their own.
 */
async function main(command: readonly string[]): Promise<number> {
  const stack = namedStack(command) ?? "dev";
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
