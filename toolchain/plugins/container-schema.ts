/**
 * The properties of `docker:index/container:Container`.
 *
 * What is in place and what needs a new container follows the vendor's plugin. Where that one records a change in place
 * that the engine cannot make (`tmpfs`, `init`, `cpuPeriod`, `cpuQuota`), so does this one, and says so.
 */
import { parseDuration } from "./duration";
import { labelItem } from "./labels";
import { normalize, type Property, type Schema } from "./schema";
import { isObject, type Value, type Values } from "./values";

/** Recorded as updated, though only a new container would have it. */
export const RECORDED_ONLY: readonly string[] = ["tmpfs", "init", "cpuPeriod", "cpuQuota", "rm"];

/** Changed by the engine on the existing container. */
export const UPDATED_BY_ENGINE: readonly string[] = [
  "restart",
  "maxRetryCount",
  "cpuShares",
  "cpuSet",
  "memory",
  "memoryReservation",
  "memorySwap",
];

const text: Property = { kind: "string", forceNew: true };
const chosenText: Property = { ...text, computed: true };
const flag: Property = { kind: "boolean", forceNew: true };
const offFlag: Property = { ...flag, default: false };
const texts: Property = { kind: "set", forceNew: true };
const map: Property = { kind: "map", forceNew: true };
const vendorOnly: Property = { kind: "set", vendorOnly: true };

function atLeast(least: number): (value: Value) => string | undefined {
  return (value) => (Number(value) < least ? `must be ${least} or more, but it is ${String(value)}` : undefined);
}

function matching(pattern: RegExp, example: string): (value: Value) => string | undefined {
  return (value) =>
    pattern.test(String(value)) ? undefined : `must be ${example}, but it is ${JSON.stringify(value)}`;
}

/** For text that may be secret or long: the message does not repeat it. */
function isBase64(value: Value): string | undefined {
  const clean = String(value);
  return Buffer.from(clean, "base64").toString("base64") === clean ? undefined : "must be base64";
}

const set = (fields: Schema): Property => ({ kind: "set", forceNew: true, items: { kind: "object", fields } });

const count = (least: number): Property => ({ kind: "integer", validate: atLeast(least) });

const duration: Property = {
  kind: "string",
  default: "0s",
  validate: (value) =>
    parseDuration(String(value)) === undefined
      ? `must be a duration such as 500ms, 30s or 1m0s, but it is ${JSON.stringify(value)}`
      : undefined,
};

const portFields: Schema = {
  external: { kind: "integer", computed: true },
  internal: { kind: "integer", required: true },
  ip: { kind: "string", default: "0.0.0.0" },
  protocol: { kind: "string", default: "tcp" },
};

function portKey(port: Values): string {
  return `${String(port["internal"])}/${String(port["protocol"])}/${String(port["ip"])}`;
}

/** Ports compare regardless of order, and an external port that the engine chose is no change. */
function samePorts(before: Value, after: Value): boolean {
  const list = (value: Value): Values[] =>
    (normalize(value, { kind: "list", items: { kind: "object", fields: portFields } }) as Value[]).filter(isObject);
  const [olds, news] = [list(before), list(after)];
  if (olds.length !== news.length) return false;
  return olds.every((old) =>
    news.some((port) => portKey(port) === portKey(old) && (!port["external"] || port["external"] === old["external"])),
  );
}

/** The engine knows no empty user or folder: left out means the image's. */
function sameUnlessGiven(before: Value, after: Value): boolean {
  return !after || before === after;
}

const mountFields: Schema = {
  bindOptions: { kind: "object", fields: { propagation: { kind: "string" } } },
  readOnly: { kind: "boolean" },
  source: { kind: "string" },
  target: { kind: "string", required: true },
  tmpfsOptions: { kind: "object", fields: { mode: { kind: "integer" }, sizeBytes: { kind: "integer" } } },
  type: { kind: "string", required: true, validate: matching(/^(bind|volume|tmpfs)$/, "bind, volume or tmpfs") },
  volumeOptions: {
    kind: "object",
    fields: {
      driverName: { kind: "string" },
      driverOptions: { kind: "map" },
      labels: { kind: "set", items: labelItem },
      noCopy: { kind: "boolean" },
      subpath: { kind: "string" },
    },
  },
};

const uploadFields: Schema = {
  content: { kind: "string" },
  contentBase64: { kind: "string", validate: isBase64 },
  executable: { kind: "boolean", default: false },
  file: { kind: "string", required: true },
  group: { kind: "string", validate: matching(/^\d+$/, "a number (names need the vendor's plugin)") },
  owner: { kind: "string", validate: matching(/^\d+$/, "a number (names need the vendor's plugin)") },
  permissions: { kind: "string", validate: matching(/^0[0-7]{3}$/, "four octal digits such as 0644") },
  source: { kind: "string" },
  sourceHash: { kind: "string" },
};

const networkFields: Schema = {
  aliases: { kind: "set" },
  driverOpts: { kind: "set" },
  gwPriority: { kind: "integer" },
  ipv4Address: { kind: "string" },
  ipv6Address: { kind: "string" },
  linkLocalIps: { kind: "set" },
  macAddress: { kind: "string" },
  name: { kind: "string", required: true },
};

const runProperties: Schema = {
  attach: { kind: "boolean", default: false },
  containerReadRefreshTimeoutMilliseconds: { kind: "integer", default: 15000 },
  destroyGraceSeconds: { kind: "integer" },
  logs: { kind: "boolean", default: false },
  mustRun: { kind: "boolean", default: true },
  removeVolumes: { kind: "boolean", default: true },
  rm: { kind: "boolean", default: false },
  start: { kind: "boolean", default: true },
  wait: { kind: "boolean", default: false },
  waitTimeout: { kind: "integer", default: 60 },
};

const resourceProperties: Schema = {
  cpuPeriod: count(0),
  cpuQuota: count(0),
  cpuSet: { kind: "string", validate: matching(/^\d+([,-]\d+)*$/, "a list or range such as 0,2 or 0-1") },
  cpuShares: count(0),
  cpus: { ...text, validate: matching(/^\d+(\.\d{1,9})?$/, "a number such as 0.5") },
  maxRetryCount: { kind: "integer" },
  memory: count(0),
  memoryReservation: count(0),
  memorySwap: count(-1),
  restart: {
    kind: "string",
    default: "no",
    validate: matching(/^(no|on-failure|always|unless-stopped)$/, "no, on-failure, always or unless-stopped"),
  },
  shmSize: { ...count(0), forceNew: true, computed: true },
  storageOpts: map,
  tmpfs: { kind: "map" },
  ulimits: set({
    hard: { kind: "integer", required: true },
    name: { kind: "string", required: true },
    soft: { kind: "integer", required: true },
  }),
};

const vendorProperties: Schema = {
  deviceReadBps: vendorOnly,
  deviceReadIops: vendorOnly,
  deviceRequests: vendorOnly,
  deviceWriteBps: vendorOnly,
  deviceWriteIops: vendorOnly,
  gpus: { kind: "string", vendorOnly: true },
};

const outputProperties: Schema = {
  bridge: { kind: "string", output: true },
  containerLogs: { kind: "string", output: true },
  exitCode: { kind: "integer", output: true },
  networkDatas: { kind: "list", output: true, items: { kind: "object" } },
};

export const containerSchema: Schema = {
  ...runProperties,
  ...resourceProperties,
  ...vendorProperties,
  ...outputProperties,
  capabilities: { kind: "object", forceNew: true, fields: { adds: { kind: "set" }, drops: { kind: "set" } } },
  cgroupParent: text,
  cgroupnsMode: { ...text, validate: matching(/^(private|host)$/, "private or host") },
  command: { kind: "list", forceNew: true, computed: true },
  deviceCgroupRules: texts,
  devices: set({
    containerPath: { kind: "string" },
    hostPath: { kind: "string", required: true },
    permissions: { kind: "string" },
  }),
  dns: texts,
  dnsOpts: texts,
  dnsSearches: texts,
  domainname: text,
  entrypoints: { kind: "list", forceNew: true, computed: true },
  envs: { ...texts, computed: true },
  groupAdds: texts,
  healthcheck: {
    kind: "object",
    forceNew: true,
    computed: true,
    fields: {
      interval: duration,
      retries: { kind: "integer", default: 0, validate: atLeast(0) },
      startInterval: duration,
      startPeriod: duration,
      tests: { kind: "list" },
      timeout: duration,
    },
  },
  hostname: chosenText,
  hosts: set({ host: { kind: "string", required: true }, ip: { kind: "string", required: true } }),
  image: { ...text, required: true },
  init: { kind: "boolean", computed: true },
  ipcMode: chosenText,
  labels: { kind: "set", forceNew: true, computed: true, items: labelItem },
  logDriver: chosenText,
  logOpts: map,
  mounts: set(mountFields),
  name: { ...text, autoname: true },
  networkMode: { ...text, default: "bridge" },
  networksAdvanced: set(networkFields),
  pidMode: text,
  platform: chosenText,
  ports: { kind: "list", forceNew: true, items: { kind: "object", fields: portFields }, same: samePorts },
  privileged: flag,
  publishAllPorts: flag,
  readOnly: offFlag,
  runtime: chosenText,
  securityOpts: { ...texts, computed: true },
  stdinOpen: offFlag,
  stopSignal: chosenText,
  stopTimeout: { kind: "integer", forceNew: true, computed: true },
  sysctls: map,
  tty: offFlag,
  uploads: set(uploadFields),
  user: { ...text, same: sameUnlessGiven },
  usernsMode: text,
  volumes: set({
    containerPath: { kind: "string" },
    fromContainer: { kind: "string" },
    hostPath: { kind: "string", validate: matching(/^(\/|[a-zA-Z]:[\\/])/, "an absolute path") },
    readOnly: { kind: "boolean" },
    selinuxRelabel: { kind: "string", validate: matching(/^[zZ]$/, "z or Z") },
    volumeName: { kind: "string" },
  }),
  workingDir: { ...text, same: sameUnlessGiven },
};
