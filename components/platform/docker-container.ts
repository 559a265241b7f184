import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { Settings } from "../settings/settings";
import { SERVICE_LABEL, stackLabels } from "./labels";
import { SERVICES, type ConfigFiles, type DataVolume, type Privilege, type Resources, type Workload } from "./workload";

const MIB = 2 ** 20;

/** What the container that sets a volume's owner may use; it runs for a blink. */
const HELPER_LIMITS: Resources = { memory: 32 * MIB, cpu: 0.1 };

/** Denied to every container; what an agent needs is added by name. */
const LOCKED_DOWN = { securityOpts: ["no-new-privileges:true"], privileged: false };

/**
 * Seconds to end in, as many as `docker stop` gives. Without a number the provider kills at once, which a store's data does
 * not like; with many a shipper would retry for as long after its store has gone.
 */
const STOP_GRACE = 10;

/** So that no program fills the disk with its own log. */
const LOG_LIMITS = { "max-file": "3", "max-size": "10m" };

/** The collector that ships lines asks no engine: what a container is called has to stand in its lines. */
function logging({ loki }: Settings): Required<Pick<docker.ContainerArgs, "logDriver" | "logOpts">> {
  const named = loki?.shipper === "otel-collector" ? { labels: SERVICE_LABEL, tag: "{{.Name}}" } : undefined;
  return { logDriver: "json-file", logOpts: { ...LOG_LIMITS, ...named } };
}

/**
 * Limits in Docker's words. Swap is left alone: an engine without swap accounting answers -1 whatever was asked for,
 * which would show as a change in every preview.
 */
function limits({ memory, cpu }: Resources) {
  // The engine takes nothing below; the provider takes 0, as no limit at all.
  if (memory < 6 * MIB) throw new Error(`a container's memory limit is ${memory} bytes; expected at least 6 MiB`);
  return { memory: Math.round(memory / MIB), memorySwap: -1, cpus: String(cpu) };
}

export interface NetworkMembership {
  readonly id: pulumi.Input<string>;
  /** Whether peers reach the program by its name there. */
  readonly named: boolean;
}

interface ContainerParts {
  readonly settings: Settings;
  readonly workload: Workload;
  readonly image: pulumi.Input<string>;
  readonly networks: readonly NetworkMembership[];
  readonly volumes: readonly { readonly path: string; readonly name: pulumi.Input<string> }[];
  /** Id of the container that holds the configuration files. */
  readonly filesFrom: pulumi.Output<string> | undefined;
}

/** The container that runs the program. */
export function containerArgs({
  settings,
  workload,
  image,
  networks,
  volumes,
  filesFrom,
}: ContainerParts): docker.ContainerArgs {
  const privileges = workload.privileges ?? [];
  const scratch = workload.scratch ?? [];
  return {
    name: `${settings.name}-${workload.name}`,
    image,
    user: `${workload.runsAs.uid}:${workload.runsAs.gid}`,
    ...life(workload),
    destroyGraceSeconds: STOP_GRACE,
    readOnly: true,
    ...LOCKED_DOWN,
    ...logging(settings),
    ...limits(workload.resources),
    capabilities: { drops: ["ALL"], ...added(privileges) },
    labels: stackLabels(settings.name, workload.name),
    ...attachments(workload, networks),
    volumes: [
      ...volumes.map(({ path, name }) => ({ containerPath: path, volumeName: name })),
      ...hostPaths(privileges),
      ...(filesFrom ? [{ fromContainer: pulumi.interpolate`${filesFrom}:ro` }] : []),
    ],
    ...(workload.args ? { command: [...workload.args] } : {}),
    ...(workload.env
      ? {
          envs: Object.entries(workload.env)
            .map(([key, value]) => `${key}=${value}`)
            .sort(),
        }
      : {}),
    ...(scratch.length > 0
      ? {
          tmpfs: Object.fromEntries(
            scratch.map(({ path, size }) => [path, `rw,noexec,nosuid,nodev,mode=1777,size=${size}`]),
          ),
        }
      : {}),
    ...publishedPorts(settings, workload),
    ...hostProcesses(privileges),
    ...devices(privileges),
    // Services that run on the host itself, outside a container, are reached under Docker Desktop's name for it.
    ...(workload.talksTo.includes(SERVICES) ? { hosts: [{ host: "host.docker.internal", ip: "host-gateway" }] } : {}),
    ...healthcheck(workload),
  };
}

/** A program that runs to its end is waited for, and is not started again by the engine. */
function life({ placement }: Workload) {
  return placement.kind === "once" ? { restart: "no", attach: true, mustRun: false } : { restart: "unless-stopped" };
}

/**
 * A container that never runs: it holds the configuration files in a volume of its own, which the program mounts
 * read-only. Files can not be put into the program's container, since the engine refuses to write to a read-only root
 * file system. A changed file replaces this container and with it the program's.
 */
export function filesArgs(
  settings: Settings,
  { name, resources }: Workload,
  files: ConfigFiles,
  image: pulumi.Input<string>,
): docker.ContainerArgs {
  return {
    name: `${settings.name}-${name}-files`,
    image,
    start: false,
    mustRun: false,
    networkMode: "none",
    ...LOCKED_DOWN,
    ...limits(resources),
    labels: stackLabels(settings.name, `${name}-files`),
    volumes: [{ containerPath: files.directory }],
    uploads: files.entries.map(({ path, content, secret }) => ({
      file: `${files.directory}/${path}`,
      content: secret ? pulumi.secret(content) : content,
    })),
  };
}

/** A container that gives a new volume to the program's user and ends; an image owns only the directories it ships. */
export function prepareArgs(
  settings: Settings,
  { name, runsAs }: Workload,
  data: DataVolume,
  volume: pulumi.Input<string>,
  image: pulumi.Input<string>,
): docker.ContainerArgs {
  return {
    name: `${settings.name}-${data.name}-prepare`,
    image,
    command: ["chown", `${runsAs.uid}:${runsAs.gid}`, "/data"],
    user: "0:0",
    attach: true,
    mustRun: false,
    restart: "no",
    readOnly: true,
    networkMode: "none",
    ...LOCKED_DOWN,
    ...limits(HELPER_LIMITS),
    capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
    labels: stackLabels(settings.name, `${name}-prepare`),
    volumes: [{ containerPath: "/data", volumeName: volume }],
  };
}

/** Without a network of its own a container would be put on the engine's default one, with everything else there. */
function attachments({ name }: Workload, networks: readonly NetworkMembership[]) {
  if (networks.length === 0) return { networkMode: "none" };
  return { networksAdvanced: networks.map(({ id, named }) => ({ name: id, ...(named ? { aliases: [name] } : {}) })) };
}

function added(privileges: readonly Privilege[]) {
  const adds = privileges.flatMap((privilege) => (privilege.kind === "capability" ? [`CAP_${privilege.name}`] : []));
  return adds.length > 0 ? { adds } : {};
}

/** The engine adds `label=disable` by itself to a container that sees the host's processes; said here, it is no change. */
function hostProcesses(privileges: readonly Privilege[]) {
  if (!privileges.some(({ kind }) => kind === "host-processes")) return {};
  return { pidMode: "host", securityOpts: [...LOCKED_DOWN.securityOpts, "label=disable"] };
}

function hostPaths(privileges: readonly Privilege[]) {
  return privileges.flatMap((privilege) =>
    privilege.kind === "host-path"
      ? [{ hostPath: privilege.hostPath, containerPath: privilege.path, readOnly: true }]
      : [],
  );
}

function devices(privileges: readonly Privilege[]) {
  const list = privileges.flatMap((privilege) =>
    privilege.kind === "device" ? [{ hostPath: privilege.path, containerPath: privilege.path, permissions: "r" }] : [],
  );
  return list.length > 0 ? { devices: list } : {};
}

function publishedPorts(settings: Settings, { ports }: Workload) {
  const published = ports.flatMap(({ number, reach }) =>
    "published" in reach && reach.published !== undefined
      ? [{ internal: number, external: reach.published, ip: settings.bindAddress, protocol: "tcp" }]
      : [],
  );
  return published.length > 0 ? { ports: published.sort((a, b) => a.internal - b.internal) } : {};
}

/** Often enough to notice, rarely enough that a dozen checks do not load a small machine. */
const CHECK_EVERY = "15s";

function healthcheck({ health, placement }: Workload) {
  if (health.check === "outside" || placement.kind === "once") return {};
  const command =
    health.check === "wget"
      ? ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${health.port}${health.path}`]
      : health.check;
  return {
    healthcheck: {
      tests: ["CMD", ...command],
      interval: CHECK_EVERY,
      timeout: "5s",
      startPeriod: goDuration(health.startupSeconds),
      retries: 3,
    },
    wait: true,
    waitTimeout: health.startupSeconds + 60,
  };
}

/** As Go prints a duration, which is how the engine gives it back: `1m30s`, `2m0s`, `45s`. */
function goDuration(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
