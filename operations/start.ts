import { Command } from "commander";

import { fail } from "./fail";
import { deploy, type DeployOptions } from "./verbs/deploy";

const command = new Command("npm start --")
  .description(
    "Brings the monitoring stack up where its configuration says, with all that this machine still lacks for it.",
  )
  .option("-s, --stack <name>", "stack to bring up", "dev")
  .option("-c, --config <file>", "configuration to use instead of Pulumi.<stack>.yaml")
  .option("--json", "print the result as JSON")
  .action(async (options: DeployOptions) => {
    process.exitCode = (await deploy(undefined, options)) ? 0 : 1;
  });

command.parseAsync().catch(fail);
