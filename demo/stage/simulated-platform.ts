import { setTimeout as sleep } from "node:timers/promises";

import type Docker from "dockerode";

import { DEFAULT_SERVICES } from "../../components/settings/defaults";
import type { Service, Settings } from "../../components/settings/settings";
import { ORDERS_KEY, type Orders } from "../orders";
import { toVariables, type Environment } from "../program/environment";
import { execIn, runIn } from "./exec";
import type { DemoImages } from "./images";

const LABEL = "com.pyairtable.demo";
const MEBIBYTE = 2 ** 20;

/** Enough for a service's own work; a leaking worker reaches it in seconds. */
const SERVICE_MEMORY = 192 * MEBIBYTE;
const DATABASE_MEMORY = 768 * MEBIBYTE;
const CACHE_MEMORY = 96 * MEBIBYTE;

const VISITORS = "visitors";
const READY_SECONDS = 60;

/** Where the platform is to run. */
export interface Stage {
  readonly docker: Docker;
  readonly images: DemoImages;
  readonly settings: Settings;
  /** The stack's services network. */
  readonly network: string;
  readonly otlpUrl: string;
  readonly seed: string;
}

/** The eight services with their visitors, Redis and PostgreSQL, as containers on a stack's services network. */
export class SimulatedPlatform {
  readonly #services: readonly Service[];

  private constructor(private readonly stage: Stage) {
    this.#services = simulated(stage.settings.services);
  }

  /** Starts all of it; what an earlier run left on the same stack goes first. */
  static async start(stage: Stage, orders: Orders): Promise<SimulatedPlatform> {
    const platform = new SimulatedPlatform(stage);
    await platform.remove();
    try {
      await Promise.all([platform.#startCache(), platform.#startDatabase()]);
      await platform.order(orders);
      const roles = [...platform.#services.map(({ name }) => name), VISITORS];
      await Promise.all(roles.map((role) => platform.#startRole(role)));
    } catch (error) {
      await platform.remove();
      throw error;
    }
    return platform;
  }

  /** Tells all services how to behave from now on. */
  async order(orders: Orders): Promise<void> {
    const { port } = parts(this.stage.settings.redis.address);
    const set = ["redis-cli", "-p", port, "SET", ORDERS_KEY, JSON.stringify(orders)];
    await runIn(this.stage.docker, this.#container("redis"), set);
  }

  async stopService(name: string): Promise<void> {
    await this.stage.docker.getContainer(this.#container(name)).stop({ t: 2 });
  }

  async startService(name: string): Promise<void> {
    await this.stage.docker.getContainer(this.#container(name)).start();
  }

  remove(): Promise<void> {
    return SimulatedPlatform.removeFrom(this.stage.docker, this.stage.settings.name);
  }

  /** Removes every container of the demo beside a stack, whoever started it. */
  static async removeFrom(docker: Docker, stack: string): Promise<void> {
    const filters = { label: [`${LABEL}=${stack}`] };
    const found = await docker.listContainers({ all: true, filters });
    await Promise.all(found.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  }

  #container(part: string): string {
    return `${this.stage.settings.name}-demo-${part}`;
  }

  async #startCache(): Promise<void> {
    const { docker, settings, images } = this.stage;
    const { host, port } = parts(settings.redis.address);
    const flags = ["--maxmemory", "48mb", "--maxmemory-policy", "allkeys-lru", "--save", "", "--protected-mode", "no"];
    await this.#run("redis", host, images.redis, {
      Cmd: ["redis-server", "--port", port, ...flags],
      HostConfig: { Memory: CACHE_MEMORY, Tmpfs: { "/data": "" } },
    });
    await ready("Redis", () => execIn(docker, this.#container("redis"), ["redis-cli", "-p", port, "PING"]));
  }

  async #startDatabase(): Promise<void> {
    const { docker, settings, images } = this.stage;
    const { address, database, user } = settings.postgres;
    const { host, port } = parts(address);
    const limits = ["max_connections=100", "superuser_reserved_connections=1", `port=${port}`];
    await this.#run("postgres", host, images.postgres, {
      Cmd: ["postgres", ...limits.flatMap((limit) => ["-c", limit])],
      Env: ["POSTGRES_HOST_AUTH_METHOD=trust", "PGDATA=/var/lib/postgresql/data/pgdata"],
      HostConfig: {
        Memory: DATABASE_MEMORY,
        ShmSize: 64 * MEBIBYTE,
        Tmpfs: { "/var/lib/postgresql/data": "mode=1777" },
      },
    });
    const psql = ["psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-v", "ON_ERROR_STOP=1"];
    const container = this.#container("postgres");
    await ready("PostgreSQL", () => execIn(docker, container, [...psql, "-c", "SELECT 1"]));
    if (database !== "postgres") await runIn(docker, container, [...psql, "-c", `CREATE DATABASE "${database}"`]);
    for (const statement of schema(user)) await runIn(docker, container, [...psql, "-d", database, "-c", statement]);
  }

  async #startRole(role: string): Promise<void> {
    const { images, settings, otlpUrl, seed } = this.stage;
    const service = this.#services.find(({ name }) => name === role);
    const environment: Environment = {
      role,
      port: Number(parts(service?.address ?? "visitors:80").port),
      metricsPath: service?.metricsPath ?? "/metrics",
      seed,
      otlpUrl,
      redisUrl: `redis://${settings.redis.address}`,
      postgresUrl: `postgres://demo@${settings.postgres.address}/${encodeURIComponent(settings.postgres.database)}`,
      peers: Object.fromEntries(this.#services.map(({ name, address }) => [name, address])),
    };
    await this.#run(role, service ? parts(service.address).host : VISITORS, images.service, {
      Env: toVariables(environment),
      HostConfig: {
        Memory: SERVICE_MEMORY,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 5 },
      },
    });
  }

  async #run(part: string, alias: string, image: string, options: Docker.ContainerCreateOptions): Promise<void> {
    const { docker, network, settings } = this.stage;
    const container = await docker.createContainer({
      name: this.#container(part),
      Image: image,
      Labels: { [LABEL]: settings.name, "com.docker.compose.service": part },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [alias] } } },
      ...options,
      // Without swap, a limit is a limit.
      HostConfig: { ...options.HostConfig, MemorySwap: options.HostConfig?.Memory, NetworkMode: network },
    });
    await container.start();
  }
}

/** The eight services, at the addresses that the stack has for them. */
function simulated(configured: readonly Service[]): Service[] {
  return DEFAULT_SERVICES.map((service) => configured.find(({ name }) => name === service.name) ?? service);
}

function parts(address: string): { host: string; port: string } {
  const [host = "", port = ""] = address.split(":");
  return { host, port };
}

/** Tables of the services, and the accounts that they and the exporter come with. */
function schema(exporter: string): string[] {
  return [
    "CREATE ROLE demo LOGIN",
    ...(exporter === "postgres" ? [] : [`CREATE ROLE "${exporter}" LOGIN IN ROLE pg_monitor`]),
    "CREATE TABLE accounts (name text PRIMARY KEY, seen timestamptz)",
    "INSERT INTO accounts (name) VALUES ('visitor'), ('left'), ('right')",
    "CREATE TABLE runs (type text, at timestamptz DEFAULT now())",
    "GRANT SELECT, INSERT, UPDATE ON accounts, runs TO demo",
  ];
}

async function ready(what: string, attempt: () => Promise<{ code: number; output: string }>): Promise<void> {
  const end = Date.now() + READY_SECONDS * 1_000;
  for (;;) {
    const { code, output } = await attempt().catch((error: Error) => ({ code: -1, output: error.message }));
    if (code === 0) return;
    if (Date.now() > end) throw new Error(`${what} is not ready after ${READY_SECONDS} s: ${output.trim()}`);
    await sleep(500);
  }
}
