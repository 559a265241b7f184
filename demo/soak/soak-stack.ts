import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import Docker from "dockerode";
import { dump } from "js-yaml";

import { ofStack } from "../../components/platform/labels";
import { DEFAULT_PORTS } from "../../components/settings/defaults";
import { waitForHealth } from "../../operations/health";
import { settingsOf } from "../../operations/preflight";
import { prepareEngine, prepareTools, type Tools } from "../../operations/prepare";
import { StackRun } from "../../operations/pulumi-run";
import type { Report } from "../../toolchain/cache";
import type { Target } from "../stage/target";

const HEALTH_SECONDS = 180;

/** A stack for one run of the soak: name, ports and state of its own, and only a webhook to tell. */
export class SoakStack {
  private constructor(
    readonly target: Target,
    private readonly run: StackRun,
    private readonly tools: Tools,
    private readonly folder: string,
    private readonly docker: Docker,
  ) {}

  /** @param webhookUrl where its Alertmanager sends everything. */
  static async up(docker: Docker, webhookUrl: string, report: Report): Promise<SoakStack> {
    const name = `soak-${randomBytes(3).toString("hex")}`;
    const folder = await mkdtemp(path.join(tmpdir(), `pyairtable-monitoring-${name}-`));
    // Files, whatever backend the user works with: nothing of this stack is to outlive the run.
    process.env.PYAIRTABLE_MONITORING_STATE = folder;
    const tools = await prepareTools(report);
    await prepareEngine(report);
    const file = path.join(folder, `Pulumi.${name}.yaml`);
    await writeFile(file, dump({ config: await configuration(name) }));
    const run = await StackRun.open(tools.workspace, name, file);
    await run.capture(["config", "set", "--secret", "alertWebhookUrl", webhookUrl]);
    report(`bringing up the stack ${name}`);
    const settings = await settingsOf(run);
    await run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
    const outputs = await run.outputs();
    const stack = new SoakStack({ settings, outputs }, run, tools, folder, docker);
    const states = await waitForHealth(docker, outputs.programs, outputs.urls.prometheus as string, HEALTH_SECONDS);
    const ill = states.filter(({ health }) => health !== "healthy");
    if (ill.length === 0) return stack;
    await stack.remove();
    const reasons = ill.map(
      ({ program, health, detail }) => `${program.name} is ${health}: ${detail ?? "no reason known"}`,
    );
    throw new Error(`the soak's own stack did not become healthy\n${reasons.join("\n")}`);
  }

  /** Removes the stack with its data. */
  async remove(): Promise<void> {
    await this.run.capture(["destroy", "--yes", "--skip-preview"]);
    const { Volumes } = await this.docker.listVolumes({ filters: ofStack(this.target.settings.name) });
    for (const { Name } of Volumes ?? []) await this.docker.getVolume(Name).remove();
    this.tools.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function configuration(name: string): Promise<Record<string, unknown>> {
  const names = Object.keys(DEFAULT_PORTS);
  const ports = await freePorts(names.length);
  return {
    "pyairtable-monitoring:name": name,
    "pyairtable-monitoring:ports": Object.fromEntries(names.map((program, index) => [program, ports[index]])),
  };
}

/** Ports on loopback that nobody has now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
