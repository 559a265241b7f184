import { prepareTools } from "./prepare";
import { StackRun } from "./pulumi-run";

/**
 * `npm run pulumi -- <command>`: any Pulumi command with this project's engine, plugins, state and passphrase, for
 * machines and people that have none of their own.
 */
async function main(command: readonly string[]): Promise<number> {
  const at = command.findIndex((argument) => argument === "-s" || argument === "--stack");
  const stack = at < 0 ? "dev" : (command[at + 1] ?? "dev");
  const tools = await prepareTools((message) => console.error(message));
  try {
    return await (await StackRun.open(tools.workspace, stack)).show(command);
  } finally {
    tools.stop();
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
