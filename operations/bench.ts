import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import Table from "cli-table3";
import { Command, Option } from "commander";
import type Docker from "dockerode";

import { ofStack } from "../components/platform/labels";
import { runCommand } from "../toolchain/command";
import { benchDevelopmentPreview, benchProductionPreview, seconds } from "./bench-previews";
import { fail } from "./fail";
import { useOwnHome } from "./own-home";
import { openPlatform, placeFrom } from "./platform";
import { settingsOf } from "./preflight";
import { imagesOf, prepareEngine, prepareTools, type Tools } from "./prepare";
import { StackRun } from "./pulumi-run";
import { report } from "./session";
import { PROJECT_ROOT } from "./workspace";

/** Ports that no stack in use has. */
const PORTS = {
  grafana: 23001,
  prometheus: 23090,
  jaeger: 23686,
  alertmanager: 23093,
  loki: 23100,
  kibana: 23601,
  "node-exporter": 23101,
  cadvisor: 23080,
};

/** What starts is busier than what rests. */
const REST_MS = 60_000;

function configuration(name: string): string {
  const ports = Object.entries(PORTS).map(([program, port]) => `    ${program}: ${port}`);
  return ["config:", `  pyairtable-monitoring:name: ${name}`, "  pyairtable-monitoring:ports:", ...ports, ""].join(
    "\n",
  );
}

interface Place {
  /** The stack's configuration. */
  readonly file: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** `npm start` twice, as a person runs it, and what the programs take once they have been at rest for a minute. */
async function benchStart(run: StackRun, docker: Docker, { file, name, signal }: Place): Promise<string[][]> {
  const start = async () => {
    const args = ["--import", "tsx", "operations/start.ts", "--stack", run.stack, "--config", file, "--json"];
    const { succeeded, output } = await runCommand(process.execPath, args, { cwd: PROJECT_ROOT });
    if (!succeeded) throw new Error(`npm start failed:\n${output}`);
  };
  const containers = async () => {
    const all = await docker.listContainers({ all: true, filters: ofStack(name) });
    return all
      .map(({ Id }) => Id)
      .sort()
      .join();
  };
  const first = await seconds(start);
  const before = await containers();
  const second = await seconds(start);
  const same = (await containers()) === before;
  const { programs } = await run.outputs();
  await sleep(REST_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  const memory = await Promise.all(
    programs.map(async ({ name, handle, memoryLimit }) => {
      const { memory_stats: stats } = await docker.getContainer(handle).stats({ stream: false });
      const used = stats.usage - (stats.stats?.total_inactive_file ?? stats.stats?.inactive_file ?? 0);
      const share = `${((used / memoryLimit) * 100).toFixed(0)} % of ${memoryLimit / 2 ** 20} MiB`;
      return [`  memory of ${name}`, `${(used / 2 ** 20).toFixed(0)} MiB`, share];
    }),
  );
  return [
    ["npm start until all healthy", `${first.toFixed(1)} s`, "images present; at most 60 s"],
    ["npm start again", `${second.toFixed(1)} s`, same ? "every container is the one it was" : "CONTAINERS CHANGED"],
    ...memory,
  ];
}

/** With the start of the command. */
async function benchVerify(): Promise<string[]> {
  const verify = (...more: string[]) =>
    runCommand(process.execPath, ["operations/monitoring.mjs", "verify", "--stack", "bench", ...more], {
      cwd: PROJECT_ROOT,
    });
  await verify("--wait", "15");
  let good = false;
  const took = await seconds(async () => {
    good = (await verify()).succeeded;
  });
  return ["verify on a healthy dev stack", `${took.toFixed(1)} s`, `${good ? "" : "it failed; "}at most 20 s`];
}

/** What `--only` takes, in the order in which it is measured. */
const PARTS = ["dev", "prod", "start", "unit"] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly only: readonly Part[];
  readonly json?: boolean;
}

async function bench({ only, json }: Options): Promise<void> {
  const interrupt = new AbortController();
  const abort = () => interrupt.abort(new Error("interrupted; what the benchmark had started is gone again"));
  process.once("SIGINT", abort).once("SIGTERM", abort);
  const folder = await mkdtemp(path.join(tmpdir(), "pyairtable-monitoring-bench-"));
  process.env.PYAIRTABLE_MONITORING_STATE = path.join(folder, "state");
  await useOwnHome(folder);
  const tools = await prepareTools(report, ["docker", "kubernetes", "random"]);
  try {
    const rows = await measure(tools, folder, only, interrupt.signal);
    if (json) return console.log(JSON.stringify(rows.map(asFigure), undefined, 2));
    const table = new Table({ head: ["what", "figure", "note"], style: { head: [], border: [] } });
    table.push(...rows);
    console.log(table.toString());
  } finally {
    tools.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const asFigure = ([what = "", figure = "", note = ""]: readonly string[]) => ({ what: what.trim(), figure, note });

/** Rows of what, figure and note. */
async function measure(tools: Tools, folder: string, only: readonly Part[], signal: AbortSignal): Promise<string[][]> {
  const [name, file] = ["pyairtable-bench", path.join(folder, "Pulumi.bench.yaml")];
  await writeFile(file, configuration(name));
  const parts: Readonly<Record<Part, () => Promise<string[][]>>> = {
    dev: async () => {
      await prepareEngine(report);
      return benchDevelopmentPreview(tools, folder, file);
    },
    prod: () => benchProductionPreview(tools, folder, report),
    start: () => benchStack(tools, file, name, signal),
    unit: benchUnitTests,
  };
  const rows: string[][] = [];
  for (const part of PARTS.filter((one) => only.includes(one))) {
    signal.throwIfAborted();
    report(part);
    rows.push(...(await parts[part]()));
  }
  signal.throwIfAborted();
  return rows;
}

/** A stack that comes up, rests, is verified and goes. */
async function benchStack(tools: Tools, file: string, name: string, signal: AbortSignal): Promise<string[][]> {
  const stack = await StackRun.open(tools.workspace, "bench", file);
  const settings = await settingsOf(stack);
  const { docker } = await prepareEngine(report, imagesOf(settings));
  const client = await openPlatform(placeFrom(settings));
  try {
    const rows = await benchStart(stack, docker, { file, name, signal });
    signal.throwIfAborted();
    return [...rows, await benchVerify()];
  } finally {
    // An interrupt ends the plugins too, without which the engine removes nothing; its state goes with the folder.
    if (!signal.aborted) await stack.capture(["destroy", "--yes", "--skip-preview"]);
    await client.removeAll();
    await client.close();
  }
}

async function benchUnitTests(): Promise<string[][]> {
  let good = false;
  const unit = await seconds(async () => {
    good = (await runCommand("npm", ["run", "--silent", "test:unit"], { cwd: PROJECT_ROOT })).succeeded;
  });
  return [["unit tests", `${unit.toFixed(1)} s`, `${good ? "" : "they failed; "}at most 60 s`]];
}

const command = new Command("npm run bench --")
  .description(
    "Measures the stack on this machine, on stacks of its own: previews beside their floors, start, memory at rest, verify and " +
      "unit tests. Compare ratios within one run. Takes about five minutes, and nothing else should run meanwhile.",
  )
  .addOption(new Option("--only <parts...>", "parts to measure").choices([...PARTS]).default([...PARTS]))
  .option("--json", "print the figures as JSON")
  .action(bench);

command
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parseAsync()
  .catch(fail);
