import ora from "ora";

import { schema } from "../../components/settings/schema";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import { platformIn, platformsOf, providersOf, writtenValues } from "../configured";
import { changesBegin } from "../fail";
import { prepareGround, type Ground } from "../ground";
import { waitForHealth, type ProgramHealth } from "../health";
import { openPlatform } from "../platform";
import { settingsOf } from "../preflight";
import { prepareTools, prepareWorkspace, refuseWithoutRights } from "../prepare";
import { StackRun } from "../pulumi-run";
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
  if (platformIn(await writtenValues(stack, config)) === "docker") await refuseWithoutRights();
  // With --json nothing but the result goes to standard output.
  const spinner = ora({ stream: process.stderr, isEnabled: json ? false : undefined });
  const report = (message: string) => {
    spinner.clear();
    console.error(message);
    spinner.text = message;
  };
  spinner.start("preparing the tools");
  let stop = () => {};
  try {
    const known = await StackRun.open(await prepareWorkspace(report), stack, config);
    const tools = await prepareTools(report, providersOf(await platformsOf(known)));
    stop = tools.stop;
    const run = await StackRun.open(tools.workspace, stack, config);
    const settings = await settingsOf(run, logging === undefined ? {} : { logging });
    const ground = await prepareGround(run, settings, report);
    changesBegin();
    // Only now: a choice that is refused must not be left in the file.
    if (logging !== undefined) await keepLogging(run, logging, report);
    spinner.stop();
    await bringUp(run, json ?? false);
    const outputs = await run.outputs();
    spinner.start("waiting until every program is healthy");
    const states = await healthy(outputs);
    spinner.stop();
    const result = summary(run, states, ground);
    console.log(json ? JSON.stringify(result, undefined, 2) : text(result, outputs));
    return result.healthy;
  } finally {
    spinner.stop();
    stop();
  }
}

async function keepLogging(run: StackRun, logging: string, report: (message: string) => void): Promise<void> {
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

function summary(run: StackRun, states: readonly ProgramHealth[], ground: Ground): Summary {
  return {
    stack: run.stack,
    backend: run.workspace.backend,
    healthy: states.every(({ health }) => health === "healthy"),
    programs: states.map(({ program, health, detail }) => ({
      name: program.name,
      url: program.url,
      image: program.image,
      source: ground.sourceOf(program.image),
      health,
      ...(detail ? { detail } : {}),
    })),
  };
}

function text({ programs, healthy, stack }: Summary, outputs: ResolvedOutputs): string {
  const standIns = programs.filter(({ source }) => source === "stand-in").map(({ name }) => name);
  const ill = programs.filter(({ health }) => health !== "healthy");
  const { network, otlpGrpc, otlpHttp } = outputs.services;
  const forwards = outputs.cluster?.portForwards ?? {};
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
    ...Object.entries(forwards).map(([name, forward]) => `${name}: ${forward}`),
    `Services ${outputs.cluster ? "in the namespace" : "on the Docker network"} ${network} send OTLP to ${otlpGrpc} (gRPC) or ${otlpHttp}.`,
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
