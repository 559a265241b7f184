import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import Table from "cli-table3";
import Docker from "dockerode";

import { ofStack } from "../components/platform/labels";
import { runCommand } from "../toolchain/command";
import { benchDevelopmentPreview, benchProductionPreview, seconds } from "./bench-previews";
import { fail } from "./fail";
import { useOwnHome } from "./own-home";
import { settingsOf } from "./preflight";
import { imagesOf, prepareEngine, prepareTools } from "./prepare";
import { StackRun } from "./pulumi-run";
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

/** `npm start` twice, as a person runs it, and what the programs take once they have been at rest for a minute. */
async function benchStart(run: StackRun, docker: Docker, file: string, name: string): Promise<string[][]> {
  const start = async () => {
    const args = ["operations/start.ts", "--stack", run.stack, "--config", file, "--json"];
    const { succeeded, output } = await runCommand("node_modules/.bin/tsx", args, { cwd: PROJECT_ROOT });
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
  await sleep(REST_MS);
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

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyairtable-monitoring-bench-"));
  process.env.PYAIRTABLE_MONITORING_STATE = path.join(folder, "state");
  await useOwnHome(folder);
  const report = (message: string) => console.error(message);
  const tools = await prepareTools(report, ["docker", "kubernetes", "random"]);
  try {
    const [name, file] = ["pyairtable-bench", path.join(folder, "Pulumi.bench.yaml")];
    await writeFile(file, configuration(name));
    const stack = await StackRun.open(tools.workspace, "bench", file);
    const { docker } = await prepareEngine(report, imagesOf(await settingsOf(stack)));
    const table = new Table({ head: ["what", "figure", "note"], style: { head: [], border: [] } });
    report("previews of dev");
    table.push(...(await benchDevelopmentPreview(tools, folder, file)));
    report("previews of prod");
    table.push(...(await benchProductionPreview(tools, folder, report)));
    report("up");
    try {
      table.push(...(await benchStart(stack, docker, file, name)));
      report("verify");
      table.push(await benchVerify());
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

async function removeVolumes(docker: Docker, name: string): Promise<void> {
  const { Volumes } = await docker.listVolumes({ filters: ofStack(name) });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
}

main().catch(fail);
