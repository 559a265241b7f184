import { setTimeout as sleep } from "node:timers/promises";

import type Docker from "dockerode";

import type { ProgramOutput } from "../components/stack-outputs";

/** How a program is. `starting` turns into one of the others. */
export type Health = "healthy" | "starting" | "unhealthy" | "stopped";

export interface ProgramHealth {
  readonly program: ProgramOutput;
  readonly health: Health;
  /** Why it is not healthy. */
  readonly detail?: string;
}

const POLL_MS = 1_000;

/**
 * Waits until every program is healthy, or the time is over.
 *
 * @param prometheusUrl where Prometheus answers: it tells of programs whose image has no shell for a check of its own.
 */
export async function waitForHealth(
  docker: Docker,
  programs: readonly ProgramOutput[],
  prometheusUrl: string,
  seconds: number,
): Promise<ProgramHealth[]> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const states = await Promise.all(programs.map((program) => healthOf(docker, program, prometheusUrl)));
    if (states.every(({ health }) => health === "healthy") || Date.now() > end) return states;
    await sleep(POLL_MS);
  }
}

async function healthOf(docker: Docker, program: ProgramOutput, prometheusUrl: string): Promise<ProgramHealth> {
  const state = await containerState(docker, program.handle);
  if (state === undefined) return { program, health: "stopped", detail: `there is no container ${program.handle}` };
  if (!state.Running)
    return { program, health: "stopped", detail: `ended with exit code ${state.ExitCode} ${state.Error}`.trim() };
  if (program.healthSeenBy === "platform") {
    const health =
      state.Health?.Status === "healthy" || state.Health?.Status === "unhealthy" ? state.Health.Status : "starting";
    const last = state.Health?.Log.at(-1)?.Output.trim();
    return { program, health, ...(health !== "healthy" && last ? { detail: last } : {}) };
  }
  return scraped(program, prometheusUrl);
}

interface Container {
  readonly Running: boolean;
  readonly ExitCode: number;
  readonly Error: string;
  readonly Health?: { readonly Status: string; readonly Log: readonly { readonly Output: string }[] };
}

async function containerState(docker: Docker, name: string): Promise<Container | undefined> {
  try {
    return (await docker.getContainer(name).inspect()).State as unknown as Container;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

interface Targets {
  readonly data: {
    readonly activeTargets: readonly {
      readonly labels: { readonly job: string };
      readonly health: string;
      readonly lastError: string;
    }[];
  };
}

async function scraped(program: ProgramOutput, prometheusUrl: string): Promise<ProgramHealth> {
  try {
    const response = await fetch(`${prometheusUrl}/api/v1/targets?state=active`, {
      signal: AbortSignal.timeout(5_000),
    });
    const { data } = (await response.json()) as Targets;
    const target = data.activeTargets.find(({ labels }) => labels.job === program.name);
    if (target?.health === "up") return { program, health: "healthy" };
    return { program, health: "starting", detail: target?.lastError || "Prometheus has not reached it yet" };
  } catch {
    return { program, health: "starting", detail: "Prometheus, which tells of its health, does not answer" };
  }
}
