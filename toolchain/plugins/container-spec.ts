/** A container's inputs as the body of the engine's create and update calls. */
import { parseDuration } from "./duration";
import { labelMap } from "./labels";
import { isObject, type Value, type Values } from "./values";

const MIB = 1024 * 1024;

function objects(value: Value): Values[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function megabytes(value: Value): number | undefined {
  return typeof value === "number" ? value * MIB : undefined;
}

/** Swap of -1 means without limit, and is no size. */
function swapBytes(value: Value): number | undefined {
  return typeof value === "number" && value > 0 ? value * MIB : (value as number | undefined);
}

function nanoCpus(value: Value): number | undefined {
  return typeof value === "string" && value !== "" ? Math.round(Number(value) * 1e9) : undefined;
}

function healthcheck(value: Value): unknown {
  if (!isObject(value)) return undefined;
  const nanoseconds = (key: string): number => parseDuration(String(value[key] ?? "0s")) ?? 0;
  return {
    Test: value["tests"],
    Interval: nanoseconds("interval"),
    Timeout: nanoseconds("timeout"),
    StartPeriod: nanoseconds("startPeriod"),
    StartInterval: nanoseconds("startInterval") || undefined,
    Retries: value["retries"] ?? 0,
  };
}

interface Ports {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, { HostIp: string; HostPort: string }[]>;
}

function ports(value: Value): Ports {
  const result: Ports = { exposed: {}, bindings: {} };
  for (const port of objects(value)) {
    const key = `${String(port["internal"])}/${String(port["protocol"] ?? "tcp")}`;
    result.exposed[key] = {};
    const binding = { HostIp: String(port["ip"] ?? "0.0.0.0"), HostPort: String(port["external"] ?? 0) };
    (result.bindings[key] ??= []).push(binding);
  }
  return result;
}

interface Volumes {
  readonly anonymous: Record<string, object>;
  readonly binds: string[];
  readonly from: string[];
}

function volumes(value: Value): Volumes {
  const result: Volumes = { anonymous: {}, binds: [], from: [] };
  for (const volume of objects(value)) {
    const [from, path] = [volume["fromContainer"], volume["containerPath"]];
    if (!from && !path) throw new Error("an entry of 'volumes' has neither 'containerPath' nor 'fromContainer'");
    if (from && path) throw new Error("an entry of 'volumes' has both 'containerPath' and 'fromContainer'");
    const source = volume["hostPath"] || volume["volumeName"];
    if (from) {
      result.from.push(String(from));
      continue;
    }
    result.anonymous[String(path)] = {};
    const mode = [volume["readOnly"] ? "ro" : "rw", volume["selinuxRelabel"]].filter(Boolean).join(",");
    if (source) result.binds.push(`${String(source)}:${String(path)}:${mode}`);
  }
  return result;
}

function volumeOptions(value: Value): unknown {
  if (!isObject(value)) return undefined;
  const driver = value["driverName"] || value["driverOptions"];
  return {
    NoCopy: value["noCopy"],
    Labels: labelMap(value["labels"]),
    DriverConfig: driver ? { Name: value["driverName"], Options: value["driverOptions"] } : undefined,
    Subpath: value["subpath"],
  };
}

function mount(value: Values): unknown {
  const [bind, tmpfs] = [value["bindOptions"], value["tmpfsOptions"]];
  return {
    Type: value["type"],
    Target: value["target"],
    Source: value["source"],
    ReadOnly: value["readOnly"],
    BindOptions: value["type"] === "bind" && isObject(bind) ? { Propagation: bind["propagation"] } : undefined,
    VolumeOptions: value["type"] === "volume" ? volumeOptions(value["volumeOptions"]) : undefined,
    TmpfsOptions:
      value["type"] === "tmpfs" && isObject(tmpfs) ? { SizeBytes: tmpfs["sizeBytes"], Mode: tmpfs["mode"] } : undefined,
  };
}

/** In the one form that Docker's own client sends, and so the vendor's plugin: `CAP_` and upper case, sorted, once. */
function capabilities(value: Value): string[] {
  const names = (Array.isArray(value) ? value : []).map((name) => String(name).trim().toUpperCase());
  const full = names.map((name) => (name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`));
  return [...new Set(full)].sort();
}

/** `systempaths=unconfined` is no option of the engine: it stands for two empty lists. */
function security(value: Value): Values {
  const options = Array.isArray(value) ? value : [];
  const open = options.includes("systempaths=unconfined");
  const rest = options.filter((option) => option !== "systempaths=unconfined");
  return { SecurityOpt: rest, MaskedPaths: open ? [] : undefined, ReadonlyPaths: open ? [] : undefined };
}

function limits(inputs: Values): Values {
  const nano = nanoCpus(inputs["cpus"]);
  return {
    Memory: megabytes(inputs["memory"]),
    MemoryReservation: megabytes(inputs["memoryReservation"]),
    MemorySwap: swapBytes(inputs["memorySwap"]),
    ShmSize: megabytes(inputs["shmSize"]),
    NanoCpus: nano,
    CpuPeriod: nano ? undefined : inputs["cpuPeriod"],
    CpuQuota: nano ? undefined : inputs["cpuQuota"],
    CpuShares: inputs["cpuShares"],
    CpusetCpus: inputs["cpuSet"],
    Ulimits: objects(inputs["ulimits"]).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
  };
}

function namespaces(inputs: Values): Values {
  return {
    NetworkMode: inputs["networkMode"],
    PidMode: inputs["pidMode"],
    IpcMode: inputs["ipcMode"],
    UsernsMode: inputs["usernsMode"],
    CgroupnsMode: inputs["cgroupnsMode"],
    CgroupParent: inputs["cgroupParent"],
    Sysctls: inputs["sysctls"],
  };
}

function devices(value: Value): unknown[] {
  return objects(value).map((device) => ({
    PathOnHost: device["hostPath"],
    PathInContainer: device["containerPath"] || device["hostPath"],
    CgroupPermissions: device["permissions"] || "rwm",
  }));
}

function hostConfig(inputs: Values, portBindings: Ports["bindings"], mounted: Volumes): unknown {
  const granted = isObject(inputs["capabilities"]) ? inputs["capabilities"] : {};
  return {
    ...limits(inputs),
    ...namespaces(inputs),
    ...security(inputs["securityOpts"]),
    AutoRemove: inputs["rm"],
    Binds: mounted.binds,
    CapAdd: capabilities(granted["adds"]),
    CapDrop: capabilities(granted["drops"]),
    DeviceCgroupRules: inputs["deviceCgroupRules"],
    Devices: devices(inputs["devices"]),
    Dns: inputs["dns"],
    DnsOptions: inputs["dnsOpts"],
    DnsSearch: inputs["dnsSearches"],
    ExtraHosts: objects(inputs["hosts"]).map(({ host, ip }) => `${String(host)}:${String(ip)}`),
    GroupAdd: inputs["groupAdds"],
    Init: inputs["init"] ?? false,
    LogConfig: { Type: inputs["logDriver"] ?? "", Config: inputs["logOpts"] },
    Mounts: objects(inputs["mounts"]).map(mount),
    PortBindings: portBindings,
    Privileged: inputs["privileged"],
    PublishAllPorts: inputs["publishAllPorts"],
    ReadonlyRootfs: inputs["readOnly"],
    RestartPolicy: { Name: inputs["restart"], MaximumRetryCount: inputs["maxRetryCount"] },
    Runtime: inputs["runtime"],
    StorageOpt: inputs["storageOpts"],
    Tmpfs: inputs["tmpfs"],
    VolumesFrom: mounted.from,
  };
}

/** The body of the engine's create call. Fails when an entry of `volumes` or `command` cannot be meant. */
export function createBody(inputs: Values): unknown {
  const command = inputs["command"];
  if (Array.isArray(command) && command.includes("")) throw new Error("an entry of 'command' is empty");
  const { exposed, bindings } = ports(inputs["ports"]);
  const mounted = volumes(inputs["volumes"]);
  return {
    Image: inputs["image"],
    Hostname: inputs["hostname"],
    Domainname: inputs["domainname"],
    Cmd: command,
    Entrypoint: inputs["entrypoints"],
    Env: inputs["envs"],
    ExposedPorts: exposed,
    Healthcheck: healthcheck(inputs["healthcheck"]),
    Labels: labelMap(inputs["labels"]),
    OpenStdin: inputs["stdinOpen"],
    StopSignal: inputs["stopSignal"],
    StopTimeout: inputs["stopTimeout"],
    Tty: inputs["tty"],
    User: inputs["user"],
    Volumes: mounted.anonymous,
    WorkingDir: inputs["workingDir"],
    HostConfig: hostConfig(inputs, bindings, mounted),
  };
}

/** The body of the engine's update call: what can be changed on the existing container. */
export function updateBody(inputs: Values): unknown {
  return {
    RestartPolicy: { Name: inputs["restart"] ?? "no", MaximumRetryCount: inputs["maxRetryCount"] ?? 0 },
    CpuShares: inputs["cpuShares"] ?? 0,
    CpusetCpus: inputs["cpuSet"] ?? "",
    Memory: megabytes(inputs["memory"]) ?? 0,
    MemoryReservation: megabytes(inputs["memoryReservation"]) ?? 0,
    MemorySwap: swapBytes(inputs["memorySwap"]),
  };
}

/** One network to join: its name, and the endpoint's settings in the engine's terms. */
export interface Endpoint {
  readonly network: string;
  readonly settings: unknown;
}

/** The networks of `networksAdvanced`. */
export function endpoints(value: Value): Endpoint[] {
  return objects(value).map((entry) => ({
    network: String(entry["name"]),
    settings: {
      Aliases: entry["aliases"],
      DriverOpts: Array.isArray(entry["driverOpts"])
        ? Object.fromEntries(entry["driverOpts"].map((option) => String(option).split(/=(.*)/s).slice(0, 2)))
        : undefined,
      GwPriority: entry["gwPriority"],
      IPAMConfig: {
        IPv4Address: entry["ipv4Address"],
        IPv6Address: entry["ipv6Address"],
        LinkLocalIPs: entry["linkLocalIps"],
      },
      MacAddress: entry["macAddress"],
    },
  }));
}
