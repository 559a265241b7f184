import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import Table from "cli-table3";
import Docker from "dockerode";

import { ofStack } from "../components/platform/labels";
import { runCommand } from "../toolchain/command";
import { benchDevelopmentPreview, benchProductionPreview, seconds } from "./bench-previews";
import { fail } from "./fail";
import { waitForHealth } from "./health";
import { prepareEngine, prepareTools } from "./prepare";
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

function configuration(name: string): string {
  const ports = Object.entries(PORTS).map(([program, port]) => `    ${program}: ${port}`);
  return ["config:", `  pyairtable-monitoring:name: ${name}`, "  pyairtable-monitoring:ports:", ...ports, ""].join(
    "\n",
  );
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
  const report = (message: string) => console.error(message);
  const tools = await prepareTools(report, ["docker", "kubernetes", "random"]);
  const { docker } = await prepareEngine(report);
  try {
    const [name, file] = ["pyairtable-bench", path.join(folder, "Pulumi.bench.yaml")];
    await writeFile(file, configuration(name));
    const table = new Table({ head: ["what", "figure", "note"], style: { head: [], border: [] } });
    report("previews of dev");
    table.push(...(await benchDevelopmentPreview(tools, folder, file)));
    report("previews of prod");
    table.push(...(await benchProductionPreview(tools, folder, report)));
    report("up");
    const stack = await StackRun.open(tools.workspace, "bench", file);
    try {
      table.push(...(await benchStart(stack, docker)));
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
