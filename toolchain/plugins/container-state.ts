/** What the engine says of a container, as the outputs of the resource. */
import { containerSchema } from "./container-schema";
import { formatDuration } from "./duration";
import { labelPairs } from "./labels";
import type { Value, Values } from "./values";

const MIB = 1024 * 1024;

interface Endpoint {
  IPAddress: string;
  IPPrefixLen: number;
  Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  IPv6Gateway: string;
  MacAddress: string;
}

interface Mount {
  Type: string;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: { Propagation?: string };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
    Subpath?: string;
  };
}

interface Healthcheck {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

type PortMap = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** The parts of the engine's answer that are read. */
export interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  Platform: string;
  State: { Running: boolean; ExitCode: number; Status: string; Error: string; Health?: { Status: string } };
  Config: Record<string, Value> & { Image: string; Healthcheck?: Healthcheck };
  HostConfig: Record<string, Value> & {
    CapAdd: string[] | null;
    CapDrop: string[] | null;
    ExtraHosts: string[] | null;
    Ulimits: { Name: string; Soft: number; Hard: number }[] | null;
    Devices: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[] | null;
    RestartPolicy: { Name: string; MaximumRetryCount: number };
    LogConfig: { Type: string; Config: Record<string, string> | null };
    Memory: number;
    MemoryReservation: number;
    MemorySwap: number;
    NanoCpus: number;
    ShmSize: number;
  };
  Mounts: { Type: string; Name?: string; Destination: string }[];
  NetworkSettings: { Bridge: string; Ports: PortMap | null; Networks: Record<string, Endpoint> | null };
}

/** HostConfig has the mounts as they were asked for; the type of its members leaves them out. */
function askedMounts(container: Inspected): Mount[] {
  return ((container.HostConfig as unknown as { Mounts?: Mount[] | null }).Mounts ?? []).slice();
}

function ports(map: PortMap | null): Value[] {
  const keys = Object.keys(map ?? {}).sort((a, b) => parseInt(a, 10) - parseInt(b, 10));
  return keys.flatMap((key) => {
    const [internal, protocol] = key.split("/");
    const bindings = map?.[key] ?? [];
    const everywhere = bindings.some(({ HostIp }) => HostIp === "0.0.0.0");
    // A port on all IPv4 addresses comes back a second time for IPv6.
    const asked = bindings.filter(({ HostIp }) => !(everywhere && HostIp === "::"));
    return asked.map(({ HostIp, HostPort }) => ({
      internal: Number(internal),
      external: Number(HostPort),
      ip: HostIp,
      protocol: protocol ?? "tcp",
    }));
  });
}

function networkDatas(networks: Record<string, Endpoint> | null): Value[] {
  const names = Object.keys(networks ?? {}).sort();
  return names.map((networkName) => {
    const endpoint = networks?.[networkName];
    return {
      networkName,
      ipAddress: endpoint?.IPAddress ?? "",
      ipPrefixLength: endpoint?.IPPrefixLen ?? 0,
      gateway: endpoint?.Gateway ?? "",
      globalIpv6Address: endpoint?.GlobalIPv6Address ?? "",
      globalIpv6PrefixLength: endpoint?.GlobalIPv6PrefixLen ?? 0,
      ipv6Gateway: endpoint?.IPv6Gateway ?? "",
      macAddress: endpoint?.MacAddress ?? "",
    };
  });
}

function mount(value: Mount): Value {
  const { BindOptions: bind, TmpfsOptions: tmpfs, VolumeOptions: volume } = value;
  return {
    target: value.Target,
    source: value.Source ?? "",
    type: value.Type,
    readOnly: value.ReadOnly ?? false,
    ...(bind && { bindOptions: { propagation: bind.Propagation ?? "" } }),
    ...(tmpfs && { tmpfsOptions: { sizeBytes: tmpfs.SizeBytes ?? 0, mode: tmpfs.Mode ?? 0 } }),
    ...(volume && {
      volumeOptions: {
        noCopy: volume.NoCopy ?? false,
        labels: labelPairs(volume.Labels),
        driverName: volume.DriverConfig?.Name ?? "",
        driverOptions: volume.DriverConfig?.Options ?? {},
        subpath: volume.Subpath ?? "",
      },
    }),
  };
}

function healthcheck(value: Healthcheck | undefined): Value {
  if (!value) return undefined;
  return {
    tests: value.Test ?? [],
    interval: formatDuration(value.Interval ?? 0),
    timeout: formatDuration(value.Timeout ?? 0),
    startPeriod: formatDuration(value.StartPeriod ?? 0),
    startInterval: formatDuration(value.StartInterval ?? 0),
    retries: value.Retries ?? 0,
  };
}

function megabytes(bytes: number): number {
  return bytes > 0 ? Math.floor(bytes / MIB) : bytes;
}

function host(entry: string): Value {
  const colon = entry.indexOf(":");
  return { host: entry.slice(0, colon), ip: entry.slice(colon + 1) };
}

function limits(container: Inspected): Values {
  const settings = container.HostConfig;
  return {
    cpuSet: settings["CpusetCpus"],
    cpuShares: settings["CpuShares"],
    ...(settings.NanoCpus > 0 && { cpus: String(settings.NanoCpus / 1e9) }),
    maxRetryCount: settings.RestartPolicy.MaximumRetryCount,
    memory: megabytes(settings.Memory),
    memoryReservation: megabytes(settings.MemoryReservation),
    memorySwap: megabytes(settings.MemorySwap),
    restart: settings.RestartPolicy.Name,
    shmSize: megabytes(settings.ShmSize),
    storageOpts: settings["StorageOpt"] ?? {},
    tmpfs: settings["Tmpfs"] ?? {},
    ulimits: (settings.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
  };
}

function hostOutputs(container: Inspected): Values {
  const settings = container.HostConfig;
  const [adds, drops] = [settings.CapAdd ?? [], settings.CapDrop ?? []];
  return {
    ...(adds.length + drops.length > 0 && { capabilities: { adds, drops } }),
    dns: settings["Dns"] ?? [],
    dnsOpts: settings["DnsOptions"] ?? [],
    dnsSearches: settings["DnsSearch"] ?? [],
    groupAdds: settings["GroupAdd"] ?? [],
    hosts: (settings.ExtraHosts ?? []).map(host),
    init: settings["Init"] ?? false,
    ipcMode: settings["IpcMode"],
    logDriver: settings.LogConfig.Type,
    mounts: askedMounts(container).map(mount),
    networkMode: settings["NetworkMode"],
    pidMode: settings["PidMode"],
    privileged: settings["Privileged"],
    publishAllPorts: settings["PublishAllPorts"],
    readOnly: settings["ReadonlyRootfs"],
    rm: settings["AutoRemove"],
    runtime: settings["Runtime"],
    securityOpts: settings["SecurityOpt"] ?? [],
    sysctls: settings["Sysctls"] ?? {},
    usernsMode: settings["UsernsMode"],
  };
}

function configOutputs(container: Inspected): Values {
  const config = container.Config;
  return {
    command: config["Cmd"] ?? [],
    domainname: config["Domainname"],
    entrypoints: config["Entrypoint"] ?? [],
    healthcheck: healthcheck(config.Healthcheck),
    hostname: config["Hostname"],
    stdinOpen: config["OpenStdin"],
    stopSignal: config["StopSignal"] ?? "",
    stopTimeout: config["StopTimeout"] ?? 0,
    tty: config["Tty"],
    user: config["User"],
    workingDir: config["WorkingDir"],
  };
}

/**
 * The outputs of a container.
 *
 * What the engine does not tell, or tells mixed with what the image brought along (`envs`, `labels`, `volumes`,
 * `uploads`, the networks asked for), is taken from `before`: the state, or the inputs of a creation.
 */
export function containerOutputs(container: Inspected, before: Values): Values {
  const kept = Object.keys(containerSchema).filter((key) => before[key] !== undefined);
  const outputs: Values = {
    envs: [],
    labels: [],
    ...Object.fromEntries(kept.map((key) => [key, before[key]])),
    ...limits(container),
    ...hostOutputs(container),
    ...configOutputs(container),
    bridge: container.NetworkSettings.Bridge,
    image: String(before["image"] ?? "sha256:").startsWith("sha256:") ? container.Image : container.Config.Image,
    name: container.Name.replace(/^\//, ""),
    networkDatas: networkDatas(container.NetworkSettings.Networks),
    platform: container.Platform,
  };
  const wantsRunning = before["mustRun"] !== false;
  if (before["logOpts"] !== undefined) outputs["logOpts"] = container.HostConfig.LogConfig.Config ?? {};
  // A stopped container has no ports, which is no change where it is allowed to stop.
  if (container.State.Running || wantsRunning) outputs["ports"] = ports(container.NetworkSettings.Ports);
  if (container.State.Running) delete outputs["exitCode"];
  else outputs["exitCode"] = container.State.ExitCode;
  // So the next run sees that it has to be started.
  if (!container.State.Running && wantsRunning) outputs["mustRun"] = false;
  return outputs;
}
