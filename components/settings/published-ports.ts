/** What decides which ports a stack publishes. */
interface Publishing {
  readonly ports: Readonly<Record<string, number>>;
  readonly loki?: unknown;
  readonly elk?: unknown;
  readonly frontDoor?: { readonly port: number };
}

export const FRONT_DOOR = "the front door";

/** Ports that a stack with these settings publishes, by the name of the program. */
export function publishedPorts({ ports, loki, elk, frontDoor }: Publishing): [string, number][] {
  if (frontDoor) return [[FRONT_DOOR, frontDoor.port]];
  const absent = new Set([...(loki ? [] : ["loki"]), ...(elk ? [] : ["kibana"])]);
  return Object.entries(ports).filter(([name]) => !absent.has(name));
}
