/** What a container of the simulated platform is told at its start. */
export interface Environment {
  /** A service's name, or `visitors`. */
  readonly role: string;
  readonly port: number;
  readonly metricsPath: string;
  /** Runs with the same seed decide alike. */
  readonly seed: string;
  /** Base address of the collector's OTLP over HTTP. */
  readonly otlpUrl: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  /** `host:port` of every service. */
  readonly peers: Readonly<Record<string, string>>;
}

const VARIABLE = "DEMO";

/** Puts the environment into the one variable that a container gets. */
export function toVariables(environment: Environment): string[] {
  return [`${VARIABLE}=${JSON.stringify(environment)}`];
}

/**
 * The environment that this process was given.
 *
 * @throws Error when it was started by hand.
 */
export function readEnvironment(): Environment {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error("this program runs in a container that `npm run demo` makes; use that");
  return JSON.parse(text) as Environment;
}
