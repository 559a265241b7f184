import { createServer } from "node:net";

import type Docker from "dockerode";

import { ofStack } from "../components/platform/labels";
import { FRONT_DOOR, publishedPorts } from "../components/settings/published-ports";
import type { Settings } from "../components/settings/settings";
import type { StackRun } from "./pulumi-run";
import { PROJECT } from "./workspace";

/**
 * The stack's settings, read before anything is created.
 *
 * @param changes values that are about to take the place of those in the configuration, by key.
 * @throws SettingsError with every problem of the configuration.
 */
export async function settingsOf(run: StackRun, changes: Readonly<Record<string, string>> = {}): Promise<Settings> {
  const { values, ...others } = await run.configuration();
  // It brings Pulumi's SDK along, which most verbs never need and which takes longer to load than all else.
  const { parseSettings } = await import("../components/settings/parse");
  return parseSettings({ project: PROJECT, stack: run.stack, ...others, values: { ...values, ...changes } });
}

/**
 * Refuses to start when something else holds a port that the stack publishes.
 *
 * @throws Error that names every such port and how to move it.
 */
export async function checkPorts(settings: Settings, docker: Docker): Promise<void> {
  const taken = await takenPorts(settings, docker);
  if (taken.length === 0) return;
  const lines = taken.map(
    ({ name, port, key }) =>
      `  ${port}, which ${name} is to publish. Move it with: pulumi config set --path '${key}' <port>`,
  );
  throw new Error(`another program on ${settings.bindAddress} holds:\n${lines.join("\n")}`);
}

/** A port that something else holds. */
export interface TakenPort {
  /** What is to be published there. */
  readonly name: string;
  readonly port: number;
  /** The setting that moves it. */
  readonly key: string;
}

/** Ports that the stack publishes and something else holds. */
export async function takenPorts(settings: Settings, docker: Docker): Promise<TakenPort[]> {
  const own = await docker.listContainers({ filters: ofStack(settings.name) });
  const held = new Set(own.flatMap(({ Ports }) => Ports.map(({ PublicPort }) => PublicPort)));
  const wanted = publishedPorts(settings).filter(([, port]) => !held.has(port));
  const found = await Promise.all(
    wanted.map(async ([name, port]) =>
      (await isFree(settings.bindAddress, port)) ? [] : [{ name, port, key: keyOf(name) }],
    ),
  );
  return found.flat();
}

const keyOf = (name: string) => (name === FRONT_DOOR ? "frontDoor.port" : `ports.${name}`);

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
