import Table from "cli-table3";
import { Command } from "commander";
import ora from "ora";

import { images, type ImageName } from "../components/images";
import type { ResolvedOutputs } from "../components/stack-outputs";
import { fail } from "./fail";
import { waitForHealth, type ProgramHealth } from "./health";
import { checkPorts, settingsOf } from "./preflight";
import { prepareEngine, prepareTools, type Engine } from "./prepare";
import { StackRun } from "./pulumi-run";
import { recover } from "./recover";

/** How long programs may take to become healthy after the engine has made them. */
const HEALTH_SECONDS = 120;

interface Options {
  readonly stack: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** What `npm start` says at its end. */
interface Summary {
  readonly stack: string;
  readonly backend: string;
  readonly healthy: boolean;
  readonly programs: readonly {
    readonly name: string;
    readonly url: string | null;
    readonly image: string;
    readonly source: string;
    readonly health: string;
    readonly detail?: string;
  }[];
}

async function start({ stack, config, json }: Options): Promise<boolean> {
  // With --json nothing but the result goes to standard output.
  const spinner = ora({ stream: process.stderr, isEnabled: json ? false : undefined });
  const report = (message: string) => {
    spinner.clear();
    console.error(message);
    spinner.text = message;
  };
  spinner.start("preparing the tools");
  const tools = await prepareTools(report);
  try {
    const run = await StackRun.open(tools.workspace, stack, config);
    const settings = await settingsOf(run);
    const engine = await prepareEngine(report);
    await recover(run, engine.docker, settings.name, report);
    await checkPorts(settings, engine.docker);
    spinner.stop();
    const up = ["up", "--yes", "--skip-preview", "--suppress-outputs"];
    if (json) await run.capture(up);
    else if ((await run.show(up)) !== 0)
      throw new Error("the update failed; what it says stands above. Volumes are as they were.");
    const outputs = await run.outputs();
    spinner.start("waiting until every program is healthy");
    const prometheus = outputs.urls.prometheus as string;
    const states = await waitForHealth(engine.docker, outputs.programs, prometheus, HEALTH_SECONDS);
    spinner.stop();
    const result = summary(run, states, engine);
    console.log(json ? JSON.stringify(result, undefined, 2) : text(result, outputs));
    return result.healthy;
  } finally {
    spinner.stop();
    tools.stop();
  }
}

function summary(run: StackRun, states: readonly ProgramHealth[], { origins }: Engine): Summary {
  return {
    stack: run.stack,
    backend: run.workspace.backend,
    healthy: states.every(({ health }) => health === "healthy"),
    programs: states.map(({ program, health, detail }) => ({
      name: program.name,
      url: program.url,
      image: program.image,
      source: sourceOf(program.image, origins),
      health,
      ...(detail ? { detail } : {}),
    })),
  };
}

function sourceOf(reference: string, origins: Engine["origins"]): string {
  const name = (Object.keys(images) as ImageName[]).find((candidate) => images[candidate].reference === reference);
  return (name && origins[name]?.source) ?? "present";
}

function text({ programs, healthy, stack }: Summary, outputs: ResolvedOutputs): string {
  const table = new Table({
    head: ["program", "address", "image", "source", "health"],
    style: { head: [], border: [] },
  });
  for (const { name, url, image, source, health } of programs) table.push([name, url ?? "", image, source, health]);
  const standIns = programs.filter(({ source }) => source === "stand-in").map(({ name }) => name);
  const ill = programs.filter(({ health }) => health !== "healthy");
  const { network, otlpGrpc, otlpHttp } = outputs.services;
  return [
    table.toString(),
    ...(standIns.length > 0
      ? [
          `${standIns.join(", ")}: a stand-in that only answers its health check, since the image can not be had on this machine.`,
        ]
      : []),
    ...ill.map(({ name, health, detail }) => `${name} is ${health}: ${detail ?? "no reason known"}`),
    `Services on the Docker network ${network} send OTLP to ${otlpGrpc} (gRPC) or ${otlpHttp}.`,
    `Alerts go to: ${[outputs.alertChannels].flat().join(", ")}`,
    `Grafana's user is ${outputs.grafanaAdminUser}; its password: npm run --silent pulumi -- stack output grafanaAdminPassword --show-secrets --stack ${stack}`,
    healthy ? "Every program is healthy." : "Not every program is healthy.",
  ].join("\n");
}

const command = new Command("npm start --")
  .description("Brings the monitoring stack up on Docker, with all that the machine still lacks for it.")
  .option("-s, --stack <name>", "stack to bring up", "dev")
  .option("-c, --config <file>", "configuration to use instead of Pulumi.<stack>.yaml")
  .option("--json", "print the result as JSON")
  .action(async (options: Options) => {
    process.exitCode = (await start(options)) ? 0 : 1;
  });

command.parseAsync().catch(fail);
