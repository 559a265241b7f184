import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";

import { Command, InvalidArgumentError } from "commander";
import Docker from "dockerode";
import { format, resolveConfig } from "prettier";

import { SCENARIOS, scenariosNamed } from "../demo/scenarios";
import { Notifications } from "../demo/soak/notifications";
import { problemsOf, soak, type SoakPlan } from "../demo/soak/soak";
import { soakReport } from "../demo/soak/soak-report";
import { SoakStack } from "../demo/soak/soak-stack";
import { SimulatedPlatform } from "../demo/stage/simulated-platform";
import { stageAt } from "../demo/stage/target";
import { fail } from "./fail";
import { PROJECT_ROOT } from "./workspace";

interface Options {
  readonly minutes: number;
  readonly scenarios: readonly string[];
  readonly oneByOne?: boolean;
  readonly json?: boolean;
}

/** Minutes on the healthy platform, in which nothing but the watchdog may fire. */
const HEALTHY_MINUTES = 30;

const PAGE = path.join(PROJECT_ROOT, "docs/soak.md");

async function run({ minutes, scenarios: names, oneByOne = false, json }: Options): Promise<boolean> {
  const report = (message: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${message}`);
  const plan = { healthyMinutes: minutes, scenarios: scenariosNamed(names), oneByOne };
  const docker = new Docker();
  const notifications = await Notifications.listen(docker);
  try {
    const stack = await SoakStack.up(docker, notifications.url, report);
    try {
      const stage = await stageAt(stack.target, docker, "1", report);
      const result = await Promise.race([soak(stage, stack.target, notifications, plan, report), interruption()]);
      const day = new Date().toISOString().slice(0, 10);
      const page = soakReport(result, { day, oneByOne, cores: cpus().length });
      if (isWhole(plan))
        await writeFile(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: "markdown" }));
      console.log(json ? JSON.stringify(result, undefined, 2) : page);
      return problemsOf(result).length === 0;
    } finally {
      report("removing the soak's stack");
      await SimulatedPlatform.removeFrom(docker, stack.target.settings.name);
      await stack.remove();
    }
  } finally {
    await notifications.close();
  }
}

/** Only the whole of it is a record: a quick look leaves the page as it is. */
function isWhole({ healthyMinutes, scenarios }: SoakPlan): boolean {
  return healthyMinutes >= HEALTHY_MINUTES && SCENARIOS.every((scenario) => scenarios.includes(scenario));
}

/** Fails at Ctrl-C, or when the process is asked to end, so that everything is removed before it does. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(new Error("interrupted: docs/soak.md is as it was")));
  });
}

function minutes(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError("Give a number of minutes.");
  return value;
}

const command = new Command("npm run soak --")
  .description(
    "Proves the alerts on a stack of its own: none on a healthy platform, and the right ones, once, in each scenario. " +
      "Takes about an hour and a half, since alerts look back that far. Writes docs/soak.md, but for a shorter or smaller one.",
  )
  .option("--minutes <number>", "minutes on the healthy platform first", minutes, HEALTHY_MINUTES)
  .option(
    "--scenarios <names...>",
    "scenarios to play",
    SCENARIOS.map(({ name }) => name),
  )
  .option("--one-by-one", "play each scenario after the one before it, which takes most of a day")
  .option("--json", "print the result as JSON")
  .action(async (options: Options) => {
    process.exitCode = (await run(options)) ? 0 : 1;
  });

command
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parseAsync()
  .catch(fail)
  // An interrupted soak still has its timers.
  .finally(() => process.exit());
