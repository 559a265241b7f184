import { setTimeout as sleep } from "node:timers/promises";

import type Docker from "dockerode";

import type { ProgramOutput } from "../components/stack-outputs";
import { getJson } from "./http";
import type { PlatformClient } from "./platform/client";
import { DockerClient } from "./platform/docker";

/** How a program is. `starting` turns into one of the others. */
export type Health = "healthy" | "starting" | "unhealthy" | "stopped";

export interface ProgramHealth {
  readonly program: ProgramOutput;
  readonly health: Health;
  /** Why it is not healthy. */
  readonly detail?: string;
  /** Whether something else holds the program's place. */
  readonly standIn: boolean;
}

const POLL_MS = 1_000;

/**
 * Waits until every program is healthy, or the time is over.
 *
 * @param prometheusUrl where Prometheus answers: it tells of programs whose image has no shell for a check of its own.
 */
export async function waitForHealth(
  platform: Docker | PlatformClient,
  programs: readonly ProgramOutput[],
  prometheusUrl: string,
  seconds: number,
): Promise<ProgramHealth[]> {
  const client = "modem" in platform ? new DockerClient(platform, "", "none") : platform;
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const states = await Promise.all(programs.map((program) => healthOf(client, program, prometheusUrl)));
    if (states.every(({ health }) => health === "healthy") || Date.now() > end) return states;
    await sleep(POLL_MS);
  }
}

/** How a program is now. */
export async function healthOf(
  client: PlatformClient,
  program: ProgramOutput,
  prometheusUrl: string,
): Promise<ProgramHealth> {
  const { running, exitCode, health = "starting", standIn, detail } = await client.state(program);
  const why = detail ? { detail } : {};
  // What runs to its end is as it should be once it has got there.
  if (program.runs !== "always" && exitCode === 0) return { program, health: "healthy", standIn };
  if (program.runs !== "always" && running)
    return { program, health: "starting", standIn, detail: "has not ended yet" };
  if (!running) return { program, health: "stopped", standIn, ...why };
  if (program.healthSeenBy === "platform") return { program, health, standIn, ...why };
  return { program, standIn, ...(await scraped(program, prometheusUrl)) };
}

/** A target of Prometheus, as its API lists it. */
export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
}

/** What Prometheus scrapes. */
export async function targetsOf(prometheusUrl: string): Promise<readonly Target[]> {
  type Answer = { readonly data: { readonly activeTargets: readonly Target[] } };
  return (await getJson<Answer>(`${prometheusUrl}/api/v1/targets?state=active`)).data.activeTargets;
}

async function scraped(program: ProgramOutput, prometheusUrl: string): Promise<{ health: Health; detail?: string }> {
  try {
    const target = (await targetsOf(prometheusUrl)).find(({ labels }) => labels.job === program.name);
    if (target?.health === "up") return { health: "healthy" };
    return { health: "starting", detail: target?.lastError || "Prometheus has not reached it yet" };
  } catch {
    return { health: "starting", detail: "Prometheus, which tells of its health, does not answer" };
  }
}
