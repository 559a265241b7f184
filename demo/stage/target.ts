import type Docker from "dockerode";

import type { Settings } from "../../components/settings/settings";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import { UsageError } from "../../operations/fail";
import { settingsOf } from "../../operations/preflight";
import { withStack } from "../../operations/session";
import type { Report } from "../../toolchain/cache";
import { ensureDemoImages } from "./images";
import type { Stage } from "./simulated-platform";

/** A running stack: its settings, and what the engine knows of it. */
export interface Target {
  readonly settings: Settings;
  readonly outputs: ResolvedOutputs;
}

/**
 * Finds a stack that runs on Docker.
 *
 * @throws Error that says how to bring it up.
 */
export async function findStack(stack: string): Promise<Target> {
  return withStack(stack, async ({ run, outputs }) => {
    const settings = await settingsOf(run);
    if (settings.platform !== "docker")
      throw new UsageError(`the demo runs beside a stack on Docker, and ${stack} is for ${settings.platform}`);
    return { settings, outputs };
  });
}

/** Where the simulated platform runs beside a stack. */
export async function stageAt(target: Target, docker: Docker, seed: string, report: Report): Promise<Stage> {
  const { network, otlpHttp } = target.outputs.services;
  const images = await ensureDemoImages(docker, report);
  return { docker, images, settings: target.settings, network, otlpUrl: otlpHttp, seed };
}
