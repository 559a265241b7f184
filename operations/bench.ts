import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import Table from "cli-table3";
import Docker from "dockerode";

import { ofStack } from "../components/platform/labels";
import { runCommand } from "../toolchain/command";
import { pluginEnvironment } from "../toolchain/plugins";
import { fail } from "./fail";
import { waitForHealth } from "./health";
import { prepareEngine, prepareTools, type Tools } from "./prepare";
import { StackRun } from "./pulumi-run";
import { PROJECT_ROOT, type Workspace } from "./workspace";

/** Runs of each preview; the machines are noisy, so the fastest counts. */
const RUNS = 5;

/** Modules whose loading is told apart, in the order in which the program loads them. */
const MODULES = ["@pulumi/pulumi", "@pulumi/random", "@pulumi/docker", "zod", "js-yaml", "./index.ts"];

/** One resource of each provider that the stack uses, with the stack's own engine, plugins and loader. */
const FLOOR = `
import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";
new docker.Network("network", { name: "bench-floor" });
new random.RandomPassword("password", { length: 32 });
`;

/** Ports that no stack in use has. */
const PORTS = {
  grafana: 23001,
  prometheus: 23090,
  jaeger: 23686,
  alertmanager: 23093,
  loki: 23100,
  "node-exporter": 23101,
  cadvisor: 23080,
};

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  await action();
  return Number(process.hrtime.bigint() - started) / 1e9;
}

/** Milliseconds that a fresh process takes to load each module after the one before it. */
async function loadTimes(): Promise<[string, number][]> {
  const script = `const t = {}; for (const m of ${JSON.stringify(MODULES)}) { const s = performance.now(); require(m); t[m] = performance.now() - s; } console.log(JSON.stringify(t));`;
  const { stdout } = await runCommand(process.execPath, ["--import", "tsx", "-e", script], { cwd: PROJECT_ROOT });
  return Object.entries(JSON.parse(stdout) as Record<string, number>);
}

/** A project beside the checkout that has only the floor's resources. */
async function writeFloor(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const options = "options: { typescript: false, nodeargs: --import tsx }";
  await writeFile(
    path.join(folder, "Pulumi.yaml"),
    `name: pyairtable-monitoring\nruntime: { name: nodejs, ${options} }\nmain: index.ts\n`,
  );
  await writeFile(path.join(folder, "index.ts"), FLOOR);
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ name: "floor", main: "index.ts" }));
  await symlink(path.join(PROJECT_ROOT, "tsconfig.json"), path.join(folder, "tsconfig.json"));
  await symlink(path.join(PROJECT_ROOT, "node_modules"), path.join(folder, "node_modules"));
}

function configuration(name: string): string {
  const ports = Object.entries(PORTS).map(([program, port]) => `    ${program}: ${port}`);
  return ["config:", `  pyairtable-monitoring:name: ${name}`, "  pyairtable-monitoring:ports:", ...ports, ""].join(
    "\n",
  );
}

async function benchPreviews(stack: StackRun, floor: StackRun): Promise<string[][]> {
  const preview = (run: StackRun) => () => run.capture(["preview"]);
  // The first run of each fills the loader's cache.
  await preview(floor)();
  await preview(stack)();
  const times = { floor: [] as number[], stack: [] as number[] };
  for (let run = 0; run < RUNS; run += 1) {
    times.floor.push(await seconds(preview(floor)));
    times.stack.push(await seconds(preview(stack)));
  }
  const [least, whole] = [Math.min(...times.floor), Math.min(...times.stack)];
  return [
    [
      "preview of the floor",
      `${least.toFixed(2)} s`,
      `one resource of each provider; ${times.floor.map((time) => time.toFixed(2)).join(", ")}`,
    ],
    ["preview of the stack", `${whole.toFixed(2)} s`, times.stack.map((time) => time.toFixed(2)).join(", ")],
    ["stack / floor", (whole / least).toFixed(2), "at most 1.3"],
    ...(await loadTimes()).map(([module, ms]) => [
      `  loading ${module}`,
      `${ms.toFixed(0)} ms`,
      module === "./index.ts" ? "the program's own files" : "",
    ]),
  ];
}

async function benchStart(run: StackRun, docker: Docker): Promise<string[][]> {
  const up = async () => {
    await run.capture(["up", "--yes", "--skip-preview"]);
    const outputs = await run.outputs();
    return waitForHealth(docker, outputs.programs, outputs.urls.prometheus as string, 120);
  };
  const first = await seconds(up);
  const second = await seconds(up);
  const { programs } = await run.outputs();
  const memory = await Promise.all(
    programs.map(async ({ name, handle, memoryLimit }) => {
      const { memory_stats: stats } = await docker.getContainer(handle).stats({ stream: false });
      const used = stats.usage - (stats.stats?.total_inactive_file ?? stats.stats?.inactive_file ?? 0);
      const share = `${((used / memoryLimit) * 100).toFixed(0)} % of ${memoryLimit / 2 ** 20} MiB`;
      return [`  memory of ${name}`, `${(used / 2 ** 20).toFixed(0)} MiB`, share];
    }),
  );
  return [
    ["up until all healthy", `${first.toFixed(1)} s`, "images present; at most 60 s"],
    ["the same again", `${second.toFixed(1)} s`, "changes nothing"],
    ...memory,
  ];
}

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyairtable-monitoring-bench-"));
  process.env.PYAIRTABLE_MONITORING_STATE = path.join(folder, "state");
  const report = (message: string) => console.error(message);
  const tools = await prepareTools(report);
  const { docker } = await prepareEngine(report);
  try {
    await writeFloor(path.join(folder, "floor"));
    const [name, file] = ["pyairtable-bench", path.join(folder, "Pulumi.bench.yaml")];
    await writeFile(file, configuration(name));
    const workspace = await startedByTheEngine(tools);
    const floor = await StackRun.open(workspace, "floor", file, path.join(folder, "floor"));
    const preview = await StackRun.open(workspace, "bench", file);
    const stack = await StackRun.open(tools.workspace, "bench", file);
    report("previews");
    const table = new Table({ head: ["what", "figure", "note"], style: { head: [], border: [] } });
    table.push(...(await benchPreviews(preview, floor)));
    report("up");
    try {
      table.push(...(await benchStart(stack, docker)));
    } finally {
      await stack.capture(["destroy", "--yes", "--skip-preview"]);
      await removeVolumes(docker, name);
    }
    report("unit tests");
    const unit = await seconds(() => runCommand("npm", ["run", "--silent", "test:unit"], { cwd: PROJECT_ROOT }));
    table.push(["unit tests", `${unit.toFixed(1)} s`, "at most 60 s"]);
    console.log(table.toString());
  } finally {
    tools.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A workspace in which the engine starts the plugins anew for each run, as it does with those of the vendors. */
async function startedByTheEngine({ workspace }: Tools): Promise<Workspace> {
  if (workspace.env.PULUMI_DEBUG_PROVIDERS === undefined) return workspace;
  const env = Object.fromEntries(Object.entries(workspace.env).filter(([key]) => key !== "PULUMI_DEBUG_PROVIDERS"));
  const { PATH, ...more } = await pluginEnvironment({ PATH: env.PATH });
  return { ...workspace, env: { ...env, ...more, PATH: PATH as string } as Workspace["env"] };
}

async function removeVolumes(docker: Docker, name: string): Promise<void> {
  const { Volumes } = await docker.listVolumes({ filters: ofStack(name) });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
}

main().catch(fail);
