import { setTimeout as sleep } from "node:timers/promises";

import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import Docker from "dockerode";

import { fail } from "../operations/fail";
import { historyPages } from "./history";
import { ordersWith } from "./orders";
import { SCENARIOS, scenariosNamed, type Scenario } from "./scenarios";
import { SimulatedPlatform } from "./stage/simulated-platform";
import { findStack, stageAt } from "./stage/target";
import { writeHistory } from "./stage/write-history";

/** The longest time that a timer takes: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

interface Options {
  readonly stack: string;
  readonly scenario: readonly string[];
  readonly minutes?: number;
  readonly rate: number;
  readonly seed: string;
  readonly history?: boolean;
  readonly list?: boolean;
}

async function demo(options: Options): Promise<void> {
  if (options.list) return console.log(list());
  const scenarios = scenariosNamed(options.scenario);
  const report = (message: string) => console.error(message);
  const docker = new Docker();
  const target = await findStack(options.stack);
  const stage = await stageAt(target, docker, options.seed, report);
  const ended = interruption();
  if (options.history) {
    const prometheus = target.outputs.programs.find(({ name }) => name === "prometheus");
    report("writing eight days of history into Prometheus");
    const pages = await historyPages(target.settings.services, options.seed, Date.now());
    await writeHistory(docker, prometheus?.handle ?? "", pages);
  }
  report("starting the simulated platform");
  const orders = ordersWith({ rate: options.rate }, ...scenarios.map((scenario) => scenario.orders));
  const platform = await SimulatedPlatform.start(stage, orders);
  try {
    for (const service of scenarios.flatMap(({ stops }) => stops)) await platform.stopService(service);
    console.log(announcement(scenarios, target.outputs.urls, options));
    const time = options.minutes ? options.minutes * 60_000 : LONGEST_MS;
    // An interruption is an end like any other.
    await sleep(time, undefined, { signal: ended }).catch(() => {});
  } finally {
    report("removing the simulated platform");
    await platform.remove();
  }
}

/** Aborted at Ctrl-C, or when the process is asked to end. The second time, the process ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

function list(): string {
  const table = new Table({
    head: ["scenario", "what happens", "alerts that fire", "within"],
    style: { head: [], border: [] },
  });
  table.push(["healthy", "a good day: few errors, no trouble", "none but Watchdog", ""]);
  for (const { name, about, fires, detectMinutes } of SCENARIOS)
    table.push([name, about, fires.map(({ alert }) => alert).join("\n"), `${detectMinutes} min`]);
  return table.toString();
}

function announcement(
  scenarios: readonly Scenario[],
  urls: Readonly<Record<string, string>>,
  { rate, seed, minutes }: Options,
): string {
  const what = scenarios.length > 0 ? scenarios.map(({ name }) => name).join(", ") : "healthy";
  const alerts = scenarios.flatMap(({ fires, detectMinutes }) =>
    fires.map(({ alert, receiver }) => `  ${alert}, to the receiver ${receiver}, within ${detectMinutes} minutes`),
  );
  return [
    `The simulated platform runs: ${what} (rate ${rate}, seed ${seed}).`,
    ...Object.entries(urls).map(([name, url]) => `  ${name}: ${url}`),
    ...(alerts.length > 0 ? ["These alerts will fire:", ...alerts] : ["No alert will fire but Watchdog."]),
    minutes ? `It ends after ${minutes} minutes, or with Ctrl-C.` : "Ctrl-C ends it.",
  ].join("\n");
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("Give a number above 0.");
  return value;
}

const command = new Command("npm run demo --")
  .description(
    "Runs a simulated PyAirtable platform beside a stack that is up: eight services, Redis, PostgreSQL, visitors.",
  )
  .option("-s, --stack <name>", "the stack", "dev")
  .option("--scenario <names...>", "what goes wrong; several may be given, see --list", ["healthy"])
  .option("--minutes <number>", "end after so many minutes; without it, at Ctrl-C", positive)
  .option("--rate <factor>", "how busy the platform is; 1 is six visits a second", positive, 1)
  .option("--seed <text>", "runs with the same seed decide alike", "1")
  .option("--history", "also give Prometheus eight days of the past, which stay there until its retention ends them")
  .option("--list", "show the scenarios and the alerts that each raises")
  .action(demo);

command
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parseAsync()
  .catch(fail);
