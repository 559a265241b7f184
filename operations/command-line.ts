import { Argument, Command, Option } from "commander";

import { DEFAULT_RESOURCES, DEFAULT_STORAGE } from "../components/settings/defaults";
import { UsageError } from "./fail";
import { LOGGING } from "./logging-choices";
import { promoteVerb } from "./promote/command";
import type { BackupOptions } from "./verbs/backup";
import type { DashboardAction } from "./verbs/dashboards";

/** What the verb `dashboards` does. */
const ACTIONS: readonly DashboardAction[] = ["list", "apply", "pull"];

/** Programs that keep data; the volume for snapshots is Elasticsearch's. */
const STORING = Object.keys(DEFAULT_STORAGE).filter((name) => name !== "elasticsearch-snapshots");

/** A verb as a person gives it: which stack, and whether the answer is for a program. */
interface Common {
  readonly stack: string;
  readonly json?: boolean;
}

/** The verbs. What a verb needs is loaded when it is used. */
export function command(): Command {
  const program = new Command("monitoring")
    .description("Everyday operation of the monitoring stack.")
    .exitOverride()
    // What is wrong is told in one line by whoever runs this, without the whole help.
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .addHelpText("after", "\nExit codes: 0 done and good, 1 not, 2 used wrongly and nothing changed.");
  looking(program);
  changing(program);
  keeping(program);
  promoteVerb(program);
  program
    .command("completion")
    .description("print a script for a shell that completes the command monitoring")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completion } = await import("./verbs/completion");
      console.log(completion(shell, program));
    });
  helpVerb(program);
  for (const verb of program.commands) {
    verb.exitOverride().configureOutput({ outputError: () => {} });
  }
  return program;
}

/** Commander's own answers an unknown verb with the whole help. */
function helpVerb(program: Command): void {
  const names = program.commands.map((each) => each.name());
  program
    .command("help")
    .description("explain a verb")
    .addArgument(suggesting(new Argument("[verb]", "verb to explain"), names))
    .action((name: string | undefined) => {
      const asked = name === undefined ? program : program.commands.find((each) => each.name() === name);
      if (asked === undefined) throw new UsageError(`there is no verb "${name}"; take one of ${names.join(", ")}`);
      asked.help();
    });
}

/** An argument for which a shell offers words, and which takes others too: what is there is known later. */
function suggesting(argument: Argument, words: readonly string[]): Argument {
  return argument.choices(words).argParser((word: string) => word);
}

function verb(program: Command, usage: string, description: string): Command {
  return program.command(usage).description(description).option("-s, --stack <name>", "stack to act on", "dev");
}

const succeed = (good: boolean) => {
  process.exitCode = good ? 0 : 1;
};

function looking(program: Command): void {
  verb(program, "urls", "where the programs answer")
    .option("--json", "print JSON")
    .action(async ({ stack, json }: Common) => (await import("./verbs/urls")).urls(stack, json ?? false));
  verb(program, "status", "health, and memory and disk beside limits and retention")
    .option("--json", "print JSON")
    .action(async ({ stack, json }: Common) =>
      succeed(await (await import("./verbs/status")).status(stack, json ?? false)),
    );
  verb(program, "verify", "prove that the stack works: programs, targets, data sources, and a signal of each kind")
    .option("--json", "print JSON")
    .option("--strict", "count a warning as a failure")
    .option("--wait <minutes>", "try again what fails, for that long", "0")
    .action(async ({ stack, json = false, strict = false, wait }: Common & { strict?: boolean; wait: string }) =>
      succeed(await (await import("./verbs/verify")).verify(stack, { json, strict, wait })),
    );
  verb(program, "logs", "a program's log, or all of them")
    .addArgument(suggesting(new Argument("[program]", "program of the stack"), Object.keys(DEFAULT_RESOURCES)))
    .option("-f, --follow", "go on with what comes")
    .option("-n, --tail <lines>", "how many of the last lines", "100")
    .action(async (name: string | undefined, options: { stack: string; follow?: boolean; tail: string }) =>
      (await import("./verbs/logs")).logs(name, options),
    );
  program
    .command("doctor")
    .description("what this machine needs, and what to change")
    .option("-s, --stack <name>", "stack whose ports, limits and log store count", "dev")
    .option("--json", "print JSON")
    .action(async ({ stack, json }: Common) =>
      succeed(await (await import("./verbs/doctor")).doctor(stack, json ?? false)),
    );
}

function changing(program: Command): void {
  verb(program, "deploy", "bring the stack up, as npm start does")
    .addArgument(new Argument("[logging]", "log store to choose first").choices(LOGGING))
    .option("-c, --config <file>", "configuration to use instead of Pulumi.<stack>.yaml")
    .option("--json", "print JSON")
    .action(async (logging: string | undefined, options: Common & { config?: string }) =>
      succeed(await (await import("./verbs/deploy")).deploy(logging, options)),
    );
  verb(
    program,
    "dashboards",
    "list the dashboards and check their files; apply: put the files into Grafana; pull: write those edited in Grafana to files",
  )
    .addArgument(new Argument("[action]", "what to do with them").choices(ACTIONS).default(ACTIONS[0]))
    .option("--json", "print JSON")
    .action(async (action: DashboardAction, { stack, json }: Common) =>
      succeed(await (await import("./verbs/dashboards")).dashboards(action, stack, json ?? false)),
    );
  verb(program, "stop", "remove the programs and keep their data").action(async ({ stack }: Common) =>
    succeed(await (await import("./verbs/stop")).stop(stack)),
  );
  verb(program, "cleanup", "remove the programs, their data and the stack itself")
    .option("-y, --yes", "do not ask")
    .action(async ({ stack, yes }: Common & { yes?: boolean }) =>
      succeed(await (await import("./verbs/cleanup")).cleanup(stack, yes ?? false)),
    );
}

function keeping(program: Command): void {
  verb(program, "backup [folder]", "copy everything that the programs keep; each is stopped while it is copied")
    .addOption(
      new Option("--without <program...>", "leave out the data of a program; give the folder first").choices(STORING),
    )
    .option("--json", "print JSON")
    .action(async (folder: string | undefined, options: BackupOptions) =>
      (await import("./verbs/backup")).backup(folder, options),
    );
  verb(program, "restore <folder>", "put a backup in the place of what the programs keep")
    .option("--from-other-stack", "take the backup of another stack")
    .option("-y, --yes", "do not ask")
    .action(async (folder: string, options: { stack: string; fromOtherStack?: boolean; yes?: boolean }) =>
      succeed(await (await import("./verbs/restore")).restore(folder, options)),
    );
}
