import ora from "ora";

import { schema } from "../../components/settings/schema";
import { images, type ImageName } from "../../components/images";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import { waitForHealth, type ProgramHealth } from "../health";
import { openPlatform } from "../platform";
import { checkPorts, settingsOf } from "../preflight";
import { imagesOf, prepareEngine, prepareTools, refuseWithoutRights, type Engine } from "../prepare";
import { StackRun } from "../pulumi-run";
import { recover } from "../recover";
import { table } from "../table";

/** How long programs may take to become healthy after the engine has made them. */
const HEALTH_SECONDS = 120;

export interface DeployOptions {
  readonly stack: string;
  /** Configuration to use instead of `Pulumi.<stack>.yaml`. */
  readonly config?: string;
  readonly json?: boolean;
}

/** What a deploy says at its end. */
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

/**
 * Brings a stack up and waits until its programs are healthy.
 *
 * @param logging the log store to choose first; without it the configuration stays as it is.
 * @returns whether every program is healthy.
 */
export async function deploy(logging: string | undefined, { stack, config, json }: DeployOptions): Promise<boolean> {
  await refuseWithoutRights();
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
    if (logging !== undefined) await chooseLogging(run, logging, report);
    const settings = await settingsOf(run);
    const engine = await prepareEngine(report, imagesOf(settings));
    await recover(run, engine.docker, settings.name, report);
    await checkPorts(settings, engine.docker);
    spinner.stop();
    await bringUp(run, json ?? false);
    const outputs = await run.outputs();
    spinner.start("waiting until every program is healthy");
    const states = await healthy(outputs);
    spinner.stop();
    const result = summary(run, states, engine);
    console.log(json ? JSON.stringify(result, undefined, 2) : text(result, outputs));
    return result.healthy;
  } finally {
    spinner.stop();
    tools.stop();
  }
}

async function chooseLogging(run: StackRun, logging: string, report: (message: string) => void): Promise<void> {
  const { values } = await run.configuration();
  if ((values.logging ?? schema.logging.default) === logging) return;
  await run.capture(["config", "set", "logging", logging]);
  report(`logging is ${logging} from now on: pulumi config set logging ${logging}, in ${run.source}`);
}

async function bringUp(run: StackRun, quiet: boolean): Promise<void> {
  const up = ["up", "--yes", "--skip-preview", "--suppress-outputs"];
  if (quiet) await run.capture(up);
  else if ((await run.show(up)) !== 0)
    throw new Error("the update failed; what it says stands above. Volumes are as they were.");
}

async function healthy(outputs: ResolvedOutputs): Promise<ProgramHealth[]> {
  const client = await openPlatform(outputs);
  try {
    const prometheus = outputs.programs.find(({ name }) => name === "prometheus");
    const url = prometheus ? await client.reach(prometheus) : "";
    return await waitForHealth(client, outputs.programs, url, HEALTH_SECONDS);
  } finally {
    await client.close();
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
  const standIns = programs.filter(({ source }) => source === "stand-in").map(({ name }) => name);
  const ill = programs.filter(({ health }) => health !== "healthy");
  const { network, otlpGrpc, otlpHttp } = outputs.services;
  return [
    table(
      ["program", "address", "image", "source", "health"],
      programs.map(({ name, url, image, source, health }) => [name, url ?? "", image, source, health]),
    ),
    ...(standIns.length > 0
      ? [
          `${standIns.join(", ")}: a stand-in that only answers its health check, since the image can not be had on this machine.`,
        ]
      : []),
    ...ill.map(({ name, health, detail }) => `${name} is ${health}: ${detail ?? "no reason known"}`),
    `Services on the Docker network ${network} send OTLP to ${otlpGrpc} (gRPC) or ${otlpHttp}.`,
    `Alerts go to: ${[outputs.alertChannels].flat().join(", ")}`,
    `Grafana's user is ${outputs.grafanaAdminUser}; its password: npm run --silent pulumi -- stack output grafanaAdminPassword --show-secrets --stack ${stack}`,
    ...(outputs.frontDoor
      ? [
          `The front door's user is ${outputs.frontDoor.user}; its password: npm run --silent pulumi -- stack output frontDoor --show-secrets --stack ${stack}`,
        ]
      : []),
    healthy ? "Every program is healthy." : "Not every program is healthy.",
  ].join("\n");
}
