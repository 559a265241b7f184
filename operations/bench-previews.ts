import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { dump, load } from "js-yaml";

import { startCluster } from "../toolchain/cluster";
import { runCommand } from "../toolchain/command";
import { pluginEnvironment } from "../toolchain/plugins";
import type { Tools } from "./prepare";
import { StackRun } from "./pulumi-run";
import { PROJECT, PROJECT_ROOT, type Workspace } from "./workspace";

/** Runs of each preview; the machines are noisy, so the fastest counts. */
const RUNS = 5;

/** Modules whose loading is told apart, in the order in which the program loads them. */
const MODULES = ["@pulumi/pulumi", "@pulumi/random", "@pulumi/docker", "zod/v3", "js-yaml", "./index.ts"];

/** One resource of each provider that a stack uses, with the stack's own engine, plugins and loader. */
const FLOORS = {
  docker: `
import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";
new docker.Network("network", { name: "bench-floor" });
new random.RandomPassword("password", { length: 32 });
`,
  kubernetes: `
import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
const { KUBECONFIG: kubeconfig } = process.env;
const provider = new k8s.Provider("cluster", { kubeconfig });
new k8s.core.v1.ConfigMap("map", { data: { key: "value" } }, { provider });
new random.RandomPassword("password", { length: 32 });
`,
};

/** Measures an action in seconds. */
export async function seconds(action: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  await action();
  return Number(process.hrtime.bigint() - started) / 1e9;
}

/** The preview of a development stack on Docker beside that of one resource of each provider. */
export async function benchDevelopmentPreview(tools: Tools, folder: string, file: string): Promise<string[][]> {
  const workspace = await startedByTheEngine(tools);
  const floor = await openFloor(workspace, path.join(folder, "floor-docker"), "docker", file);
  const stack = await StackRun.open(workspace, "bench", file);
  return [
    ...comparison("dev", "at most 1.3", await measure({ floor, stack })),
    ...(await contents(stack)),
    ...(await loadTimes()).map(([module, ms]) => [
      `  loading ${module}`,
      `${ms.toFixed(0)} ms`,
      module === "./index.ts" ? "the program's own files" : "",
    ]),
  ];
}

/** The preview of the committed production stack on a cluster, and what a hundred times as many services add to it. */
export async function benchProductionPreview(
  tools: Tools,
  folder: string,
  report: (message: string) => void,
): Promise<string[][]> {
  const cluster = await startCluster({ report });
  try {
    const workspace = await startedByTheEngine(tools, { KUBECONFIG: cluster.kubeconfig });
    const [few, many] = [path.join(folder, "Pulumi.prod-8.yaml"), path.join(folder, "Pulumi.prod-800.yaml")];
    await writeProduction(few, { kubeconfig: cluster.kubeconfig });
    await writeProduction(many, { kubeconfig: cluster.kubeconfig, services: servicesOf(800), storage: LARGE });
    const floor = await openFloor(workspace, path.join(folder, "floor-kubernetes"), "kubernetes", few);
    const stack = await StackRun.open(workspace, "bench-prod", few);
    const large = await StackRun.open(workspace, "bench-prod-800", many);
    const times = await measure({ floor, stack, large });
    const ratio = Math.min(...(times.large as number[])) / Math.min(...(times.stack as number[]));
    return [
      ...comparison("prod", "at most 1.6", times),
      ["800 services / 8 services", ratio.toFixed(2), "at most 1.5"],
    ];
  } finally {
    await cluster.stop();
  }
}

/** Volumes that hold what 800 services write. */
const LARGE = { prometheus: "1Ti", elasticsearch: "2Ti" };

function servicesOf(count: number) {
  return Array.from({ length: count }, (_, index) => ({ name: `service-${index}`, address: `service-${index}:8000` }));
}

/** The committed production configuration with some keys changed. */
async function writeProduction(file: string, more: Readonly<Record<string, unknown>>): Promise<void> {
  const committed = load(await readFile(path.join(PROJECT_ROOT, "Pulumi.prod.yaml"), "utf8")) as { config: object };
  const changed = Object.fromEntries(Object.entries(more).map(([key, value]) => [`${PROJECT}:${key}`, value]));
  await writeFile(file, dump({ config: { ...committed.config, ...changed } }));
}

async function openFloor(
  workspace: Workspace,
  folder: string,
  platform: keyof typeof FLOORS,
  file: string,
): Promise<StackRun> {
  await writeFloor(folder, FLOORS[platform]);
  return StackRun.open(workspace, `floor-${platform}`, file, folder);
}

/** Seconds of each run's previews, taken in turn. */
async function measure(runs: Readonly<Record<string, StackRun>>): Promise<Readonly<Record<string, number[]>>> {
  const times: Record<string, number[]> = {};
  const preview = (run: StackRun) => () => run.capture(["preview"]);
  // The first run of each fills the loader's cache.
  for (const run of Object.values(runs)) await preview(run)();
  for (let turn = 0; turn < RUNS; turn += 1) {
    for (const [name, run] of Object.entries(runs)) {
      (times[name] ??= []).push(await seconds(preview(run)));
    }
  }
  return times;
}

function comparison(name: string, goal: string, times: Readonly<Record<string, number[]>>): string[][] {
  const { floor = [], stack = [] } = times;
  const list = (values: number[]) => values.map((time) => time.toFixed(2)).join(", ");
  const [least, whole] = [Math.min(...floor), Math.min(...stack)];
  return [
    [`preview of ${name}'s floor`, `${least.toFixed(2)} s`, `one resource of each provider; ${list(floor)}`],
    [`preview of ${name}`, `${whole.toFixed(2)} s`, list(stack)],
    [`${name} / floor`, (whole / least).toFixed(2), goal],
  ];
}

/** How much there is to register: every resource takes its time, and so does every byte of configuration. */
async function contents(run: StackRun): Promise<string[][]> {
  type Plan = { steps: { newState?: { inputs?: object } }[] };
  const { steps } = JSON.parse(await run.capture(["preview", "--json"])) as Plan;
  const bytes = steps.reduce((sum, { newState }) => sum + JSON.stringify(newState?.inputs ?? {}).length, 0);
  return [
    ["  resources", String(steps.length), ""],
    ["  their inputs", `${(bytes / 1_024).toFixed(0)} KiB`, "files included"],
  ];
}

/** Milliseconds that a fresh process takes to load each module after the one before it. */
async function loadTimes(): Promise<[string, number][]> {
  const script = `const t = {}; for (const m of ${JSON.stringify(MODULES)}) { const s = performance.now(); require(m); t[m] = performance.now() - s; } console.log(JSON.stringify(t));`;
  const { stdout } = await runCommand(process.execPath, ["--import", "tsx", "-e", script], { cwd: PROJECT_ROOT });
  return Object.entries(JSON.parse(stdout) as Record<string, number>);
}

/** A project beside the checkout that has only the floor's resources. */
async function writeFloor(folder: string, program: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const options = "options: { typescript: false, nodeargs: --import tsx }";
  await writeFile(
    path.join(folder, "Pulumi.yaml"),
    `name: pyairtable-monitoring\nruntime: { name: nodejs, ${options} }\nmain: index.ts\n`,
  );
  await writeFile(path.join(folder, "index.ts"), program);
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ name: "floor", main: "index.ts" }));
  await symlink(path.join(PROJECT_ROOT, "tsconfig.json"), path.join(folder, "tsconfig.json"));
  await symlink(path.join(PROJECT_ROOT, "node_modules"), path.join(folder, "node_modules"));
}

/** A workspace in which the engine starts the plugins anew for each run, as it does with those of the vendors. */
async function startedByTheEngine({ workspace }: Tools, more: Record<string, string> = {}): Promise<Workspace> {
  const { PULUMI_DEBUG_PROVIDERS: own, ...env } = workspace.env;
  if (own === undefined) return { ...workspace, env: { ...env, ...more } };
  const { PATH, ...plugins } = await pluginEnvironment({ PATH: env.PATH });
  return { ...workspace, env: { ...env, ...plugins, ...more, PATH: PATH as string } as Workspace["env"] };
}
