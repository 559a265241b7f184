import semver from "semver";

import type { Settings } from "../../components/settings/settings";
import { failed, ok, warning, type Check } from "../checks";
import type { TakenPort } from "../preflight";
import { size } from "../table";

/** What a Docker engine says of itself, as far as a stack depends on it. */
export interface EngineFacts {
  readonly ServerVersion: string;
  readonly Driver: string;
  readonly CgroupVersion?: string;
  readonly MemoryLimit: boolean;
  readonly CpuCfsQuota: boolean;
  readonly MemTotal: number;
  readonly OperatingSystem: string;
}

/** What is only seen on the machine that the engine runs on. */
export interface MachineFacts {
  readonly maxMapCount: number;
  /** Bytes below the engine's data. */
  readonly diskFree: number;
}

const GIB = 2 ** 30;

/** The oldest engine that the tests ran on. */
const OLDEST_ENGINE = "20.10.0";
/** The limits of a stack with Loki add up to about this. */
const LEAST_MEMORY = 3 * GIB;
/** The images take up to this, and the stores need room to begin with. */
const LEAST_DISK = 10 * GIB;
/** Elasticsearch asks for this many where it maps its files. The stack's reads them instead (node.store.allow_mmap). */
const MAPS_OF_ELASTICSEARCH = 262_144;

export function nodeCheck(version: string, wanted: string): Check {
  if (semver.satisfies(version, wanted)) return ok("node", "this machine", `Node ${version}`);
  return failed("node", "this machine", `Node ${version} is not ${wanted}`, `install Node ${wanted}`);
}

export function engineChecks(facts: EngineFacts): Check[] {
  const { ServerVersion: version, Driver: driver, CgroupVersion: cgroup = "1" } = facts;
  const number = semver.coerce(version)?.version ?? "0.0.0";
  const limits = facts.MemoryLimit && facts.CpuCfsQuota;
  return [
    semver.gte(number, OLDEST_ENGINE)
      ? ok("engine", "Docker", `${version} on ${facts.OperatingSystem}`)
      : failed("engine", "Docker", `${version} is too old`, `install Docker ${OLDEST_ENGINE} or later`),
    ["overlay2", "overlayfs", "btrfs", "zfs"].includes(driver)
      ? ok("storage driver", "Docker", driver)
      : warning(
          "storage driver",
          "Docker",
          `${driver} copies whole files`,
          "set storage-driver to overlay2 in /etc/docker/daemon.json",
        ),
    cgroup === "2"
      ? ok("cgroup", "Docker", "version 2")
      : warning(
          "cgroup",
          "Docker",
          `version ${cgroup}, which newer engines give up`,
          "start the kernel with systemd.unified_cgroup_hierarchy=1",
        ),
    limits
      ? ok("limits", "Docker", "memory and CPU limits are enforced")
      : failed(
          "limits",
          "Docker",
          "memory or CPU limits are not enforced",
          "start the kernel with cgroup_enable=memory",
        ),
  ];
}

/** Bytes that the programs of a stack on Docker may take together. Set-up jobs are not counted, since they end. */
export function memoryLimits({ resources, loki, elk, collectorGateway, frontDoor }: Settings): number {
  const absent = new Set<string>([
    ...(loki ? [] : ["loki"]),
    ...(loki?.shipper === "promtail" ? [] : ["promtail"]),
    ...(loki?.shipper === "otel-collector" ? [] : ["otel-shipper"]),
    ...(elk ? [] : ["elasticsearch", "elasticsearch-exporter", "logstash", "kibana", "filebeat"]),
    ...(collectorGateway ? [] : ["otel-gateway"]),
    ...(frontDoor ? [] : ["front-door"]),
  ]);
  const present = Object.entries(resources).filter(([name]) => !absent.has(name));
  return present.reduce((sum, [, { memory }]) => sum + memory, 0);
}

/** @param limits bytes that the programs of the stack may take together; nothing where its settings are not known. */
export function memoryCheck(total: number, limits: number | undefined): Check {
  const needed = limits ?? LEAST_MEMORY;
  const of = limits === undefined ? "a stack with Loki takes up to" : "the programs may take";
  const detail = `${size(total)}; ${of} ${size(needed)}`;
  if (total >= needed) return ok("memory", "Docker", detail);
  return failed(
    "memory",
    "Docker",
    detail,
    "give the engine more memory, or lower limits: pulumi config set --path 'resources.<program>.memory'",
  );
}

/** @param elastic whether the stack is to run Elasticsearch. */
export function machineChecks({ maxMapCount, diskFree }: MachineFacts, elastic: boolean): Check[] {
  const maps = `vm.max_map_count is ${maxMapCount}`;
  const few = elastic && maxMapCount < MAPS_OF_ELASTICSEARCH;
  const disk = `${size(diskFree)} left where the engine keeps its data`;
  return [
    ok("kernel", "the engine's machine", few ? `${maps}, enough for an Elasticsearch that maps no files` : maps),
    diskFree >= LEAST_DISK
      ? ok("disk", "the engine's machine", disk)
      : failed(
          "disk",
          "the engine's machine",
          `${disk}; ${size(LEAST_DISK)} are needed`,
          "free some, or move the engine's data-root",
        ),
  ];
}

/** @param wanted how many ports the stack publishes. */
export function portsCheck(taken: readonly TakenPort[], wanted: number): Check {
  if (taken.length === 0) return ok("ports", "this machine", `${wanted} ports are free, or the stack's own`);
  const named = taken.map(({ name, port }) => `${port} (${name})`).join(", ");
  const moves = taken.map(({ key }) => `pulumi config set --path '${key}' <port>`).join("; ");
  return failed("ports", "this machine", `another program holds ${named}`, `move what is to be there: ${moves}`);
}

/** @param own providers whose vendor's plugin is not installed. */
export function pluginsCheck(own: readonly string[]): Check {
  if (own.length === 0) return ok("plugins", "Pulumi", "the vendors' are installed");
  return ok(
    "plugins",
    "Pulumi",
    `${own.join(", ")}: the vendor's is downloaded at the next deploy, or the project's own is used`,
  );
}

export function pulumiCheck(found: string | undefined): Check {
  if (found !== undefined) return ok("pulumi", "this machine", found);
  return warning(
    "pulumi",
    "this machine",
    "no engine yet: the next deploy downloads it, or builds it where downloads are refused",
    "to build, install Go first; it takes minutes, once",
  );
}
