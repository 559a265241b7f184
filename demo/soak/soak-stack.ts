import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type Docker from "dockerode";
import { dump } from "js-yaml";

import { ofStack } from "../../components/platform/labels";
import { DEFAULT_PORTS } from "../../components/settings/defaults";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import { waitForHealth } from "../../operations/health";
import { settingsOf } from "../../operations/preflight";
import { imagesOf, prepareEngine, prepareTools, type Tools } from "../../operations/prepare";
import { StackRun } from "../../operations/pulumi-run";
import type { Report } from "../../toolchain/cache";
import { freePorts } from "../../toolchain/free-ports";
import type { Target } from "../stage/target";

const HEALTH_SECONDS = 180;

/** A stack for one run of the soak: name, ports and state of its own, and only a webhook to tell. */
export class SoakStack {
  private constructor(
    readonly target: Target,
    /** Removes the stack with its data. */
    readonly remove: () => Promise<void>,
  ) {}

  /** @param webhookUrl where its Alertmanager sends everything. */
  static async up(docker: Docker, webhookUrl: string, report: Report): Promise<SoakStack> {
    const name = `soak-${randomBytes(3).toString("hex")}`;
    const folder = await mkdtemp(path.join(tmpdir(), `pyairtable-monitoring-${name}-`));
    // Files, whatever backend the user works with: nothing of this stack is to outlive the run.
    process.env.PYAIRTABLE_MONITORING_STATE = folder;
    const tools = await prepareTools(report);
    const file = path.join(folder, `Pulumi.${name}.yaml`);
    await writeFile(file, dump({ config: await configuration(name) }));
    const run = await StackRun.open(tools.workspace, name, file);
    await run.capture(["config", "set", "--secret", "alertWebhookUrl", webhookUrl]);
    const settings = await settingsOf(run);
    await prepareEngine(report, imagesOf(settings));
    const remove = () => removeStack(docker, name, run, tools, folder);
    try {
      report(`bringing up the stack ${name}`);
      await run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
      const outputs = await run.outputs();
      await refuseIllness(docker, outputs);
      return new SoakStack({ settings, outputs }, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }
}

/** @throws Error that names every program that does not become healthy. */
async function refuseIllness(docker: Docker, { programs, urls }: ResolvedOutputs): Promise<void> {
  const states = await waitForHealth(docker, programs, urls.prometheus as string, HEALTH_SECONDS);
  const ill = states.filter(({ health }) => health !== "healthy");
  const reasons = ill.map(
    ({ program, health, detail }) => `${program.name} is ${health}: ${detail ?? "no reason known"}`,
  );
  if (ill.length > 0) throw new Error(`the soak's own stack did not become healthy\n${reasons.join("\n")}`);
}

async function removeStack(docker: Docker, name: string, run: StackRun, tools: Tools, folder: string): Promise<void> {
  await run.capture(["destroy", "--yes", "--skip-preview"]);
  const { Volumes } = await docker.listVolumes({ filters: ofStack(name) });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
  tools.stop();
  await rm(folder, { recursive: true, force: true });
}

async function configuration(name: string): Promise<Record<string, unknown>> {
  return {
    "pyairtable-monitoring:name": name,
    "pyairtable-monitoring:ports": await freePorts(...Object.keys(DEFAULT_PORTS)),
  };
}
