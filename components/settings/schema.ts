import { z } from "zod";

import { parseBytes, parseCpu, parseDuration, type Parsed } from "../units";
import {
  DEFAULT_PORTS,
  DEFAULT_REPLICAS,
  DEFAULT_RESOURCES,
  DEFAULT_SERVICES,
  DEFAULT_STORAGE,
  OPTIONAL_PORTS,
} from "./defaults";

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: "expected text or a number" });

/** Text that one of the unit parsers understands. */
function quantity(parse: (text: string) => Parsed<number>) {
  return scalar.transform((value, context) => {
    const parsed = parse(String(value));
    if (parsed.ok) return parsed.value;
    context.issues.push({ code: "custom", message: `expected ${parsed.expected}`, input: value });
    return z.NEVER;
  });
}

function text(pattern: RegExp, expected: string) {
  return z.string({ error: `expected ${expected}` }).regex(pattern, { error: `expected ${expected}` });
}

function oneOf<const T extends string>(...values: readonly T[]) {
  return z.enum(values, { error: `expected one of: ${values.join(", ")}` });
}

function url(protocols: readonly string[]) {
  const expected = `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `expected ${expected}`,
  });
}

const DNS_LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const HOST_PORT = /^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?:([1-9]\d{0,4})$/;
const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const EMAIL = /^[^\s@,]+@[^\s@,]+\.[^\s@,]+(\s*,\s*[^\s@,]+@[^\s@,]+\.[^\s@,]+)*$/;

const anything = text(/^\S.*$/s, "some text");
const name = text(DNS_LABEL, "a lower-case name of letters, digits and hyphens, at most 63 long");
const address = text(HOST_PORT, "host:port, such as api-gateway:8000").refine(
  (value) => Number(value.split(":")[1]) <= 65_535,
  { error: "expected a port of at most 65535" },
);
const email = text(EMAIL, "an email address, or several with commas between");
const port = z.coerce
  .number({ error: "expected a port number" })
  .int({ error: "expected a whole port number" })
  .min(1, { error: "expected a port from 1 to 65535" })
  .max(65_535, { error: "expected a port from 1 to 65535" });
const bytes = quantity(parseBytes);
const duration = quantity(parseDuration);
const boolean = z.stringbool({ error: "expected true or false" });
const password = z.string().min(12, { error: "expected at least 12 characters" });
const TOKEN = /^[A-Za-z0-9._~+/-]{16,}=*$/;
/** bcrypt reads no more bytes than these of a password. */
const BCRYPT_BYTES = 72;
const hashedPassword = password.refine((value) => Buffer.byteLength(value) <= BCRYPT_BYTES, {
  error: `expected at most ${BCRYPT_BYTES} bytes`,
});
const domain = text(DOMAIN, "a domain such as monitoring.example.com");
const wholeNumber = (atLeast: number, what: string) =>
  z.coerce
    .number({ error: `expected ${what}` })
    .int({ error: "expected a whole number" })
    .min(atLeast, { error: `expected at least ${atLeast}` });

const service = z.strictObject({
  name,
  address,
  metricsPath: text(/^\/\S*$/, "a path that starts with /").default("/metrics"),
  scheme: oneOf("http", "https").default("http"),
  owner: name.default("platform"),
});

/** An object with the given keys, each optional and of one kind. */
function each<K extends string, S extends z.ZodType>(keys: readonly K[], schema: S) {
  const shape = Object.fromEntries(keys.map((key) => [key, schema.optional()])) as Record<K, z.ZodOptional<S>>;
  return z.strictObject(shape);
}

const keysOf = <T extends object>(value: T) => Object.keys(value) as (keyof T & string)[];

/** How a value is written in the stack's file. */
type Form = "string" | "integer" | "boolean" | "object" | "array";

interface Key<S extends z.ZodType = z.ZodType> {
  readonly form: Form;
  readonly schema: S;
  /** As written in Pulumi.yaml. An empty text means: not set. */
  readonly default: unknown;
  readonly secret?: true;
}

/**
 * Every configuration key. Pulumi.yaml carries the same keys with their descriptions; a test holds the two together.
 */
export const schema = {
  platform: { form: "string", schema: oneOf("docker", "kubernetes"), default: "docker" },
  logging: { form: "string", schema: oneOf("loki", "elk", "both"), default: "loki" },
  name: { form: "string", schema: name, default: "" },
  environment: { form: "string", schema: name, default: "" },
  bindAddress: {
    form: "string",
    schema: z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address" }),
    default: "127.0.0.1",
  },
  servicesNetwork: { form: "string", schema: anything, default: "" },
  kubeconfig: { form: "string", schema: anything, default: "" },
  kubernetesContext: { form: "string", schema: anything, default: "" },
  namespace: { form: "string", schema: name, default: "" },
  servicesNamespace: { form: "string", schema: name, default: "pyairtable" },
  clusterDomain: { form: "string", schema: text(DOMAIN, "a domain such as cluster.local"), default: "cluster.local" },
  storageClass: { form: "string", schema: anything, default: "" },
  ingress: {
    form: "object",
    schema: z.strictObject({
      domain: domain.optional(),
      className: name.optional(),
      tlsSecret: name.optional(),
      clusterIssuer: anything.optional(),
    }),
    default: {},
  },
  frontDoor: {
    form: "object",
    schema: z.strictObject({
      domain: domain.optional(),
      port: port.optional(),
      user: text(/^[A-Za-z0-9._@-]+$/, "a user name of letters, digits and . _ @ -").optional(),
    }),
    default: {},
  },
  frontDoorPassword: { form: "string", schema: hashedPassword, default: "", secret: true },
  frontDoorCertificate: {
    form: "string",
    schema: text(/-----BEGIN CERTIFICATE-----/, "a certificate as PEM, with those between it and its authority"),
    default: "",
    secret: true,
  },
  frontDoorKey: {
    form: "string",
    schema: text(/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/, "a private key as PEM"),
    default: "",
    secret: true,
  },
  otlpToken: {
    form: "string",
    schema: text(TOKEN, "at least 16 letters, digits and - . _ ~ + /"),
    default: "",
    secret: true,
  },
  replicas: {
    form: "object",
    schema: each(keysOf(DEFAULT_REPLICAS), wholeNumber(1, "a number of copies")),
    default: {},
  },
  spread: { form: "string", schema: oneOf("preferred", "required"), default: "preferred" },
  protectData: { form: "boolean", schema: boolean, default: false },
  externalLabels: {
    form: "object",
    schema: z.record(text(LABEL, "a label name of letters, digits and _"), anything),
    default: {},
  },
  scrapeInterval: { form: "string", schema: duration, default: "15s" },
  services: {
    form: "array",
    schema: z
      .array(service, { error: "expected a list of services" })
      .min(1, { error: "expected at least one service" }),
    default: DEFAULT_SERVICES,
  },
  ports: { form: "object", schema: each([...keysOf(DEFAULT_PORTS), ...OPTIONAL_PORTS], port), default: {} },
  resources: {
    form: "object",
    schema: each(
      keysOf(DEFAULT_RESOURCES),
      z.strictObject({ memory: bytes.optional(), cpu: quantity(parseCpu).optional(), heap: bytes.optional() }),
    ),
    default: {},
  },
  storage: { form: "object", schema: each(keysOf(DEFAULT_STORAGE), bytes), default: {} },
  prometheusRetention: { form: "string", schema: duration, default: "15d" },
  lokiRetention: { form: "string", schema: duration, default: "14d" },
  elasticsearchRetention: { form: "string", schema: duration, default: "30d" },
  elasticsearchSnapshots: {
    form: "object",
    schema: z.strictObject({ storageClass: anything.optional() }),
    default: {},
  },
  elasticPassword: { form: "string", schema: password, default: "", secret: true },
  logstash: { form: "boolean", schema: boolean, default: true },
  collectorGateway: { form: "boolean", schema: boolean, default: false },
  traceSampling: {
    form: "object",
    schema: z.strictObject({
      percentage: z.coerce
        .number({ error: "expected a number of percent" })
        .min(0, { error: "expected at least 0" })
        .max(100, { error: "expected at most 100" })
        .optional(),
      slowerThan: duration.optional(),
    }),
    default: {},
  },
  jaegerStorage: { form: "string", schema: oneOf("badger", "memory", "elasticsearch"), default: "badger" },
  jaegerRetention: { form: "string", schema: duration, default: "2d" },
  jaegerMaxTraces: {
    form: "integer",
    schema: wholeNumber(1, "a number of traces"),
    default: 50_000,
  },
  grafanaAdminUser: { form: "string", schema: anything, default: "admin" },
  grafanaAdminPassword: { form: "string", schema: password, default: "", secret: true },
  grafanaDatabase: {
    form: "object",
    schema: z.strictObject({
      address: address.optional(),
      name: anything.optional(),
      user: anything.optional(),
      sslMode: oneOf("disable", "require", "verify-full").optional(),
    }),
    default: {},
  },
  grafanaDatabasePassword: { form: "string", schema: anything, default: "", secret: true },
  remoteWriteUrl: { form: "string", schema: url(["http:", "https:"]), default: "" },
  remoteWriteUser: { form: "string", schema: anything, default: "" },
  remoteWritePassword: { form: "string", schema: anything, default: "", secret: true },
  remoteWriteToken: { form: "string", schema: anything, default: "", secret: true },
  federateFrom: { form: "array", schema: z.array(address, { error: "expected a list of host:port" }), default: [] },
  redisAddress: { form: "string", schema: address, default: "redis:6379" },
  redisPassword: { form: "string", schema: anything, default: "", secret: true },
  postgresAddress: { form: "string", schema: address, default: "postgres:5432" },
  postgresDatabase: { form: "string", schema: anything, default: "postgres" },
  postgresUser: { form: "string", schema: anything, default: "postgres_exporter" },
  postgresPassword: { form: "string", schema: anything, default: "", secret: true },
  smtpHost: { form: "string", schema: address, default: "" },
  smtpRequireTls: { form: "boolean", schema: boolean, default: true },
  smtpUser: { form: "string", schema: anything, default: "" },
  smtpPassword: { form: "string", schema: anything, default: "", secret: true },
  alertFromEmail: { form: "string", schema: text(/^[^\s@,]+@[^\s@,]+$/, "one email address"), default: "" },
  criticalEmail: { form: "string", schema: email, default: "" },
  oncallEmail: { form: "string", schema: email, default: "" },
  securityEmail: { form: "string", schema: email, default: "" },
  slackWebhookUrl: { form: "string", schema: url(["https:"]), default: "", secret: true },
  slackChannel: { form: "string", schema: text(/^[#@]\S+$/, "a channel such as #alerts"), default: "" },
  pagerdutyRoutingKey: {
    form: "string",
    schema: text(/^[A-Za-z0-9]{32}$/, "the 32 characters of an Events API v2 routing key"),
    default: "",
    secret: true,
  },
  alertWebhookUrl: { form: "string", schema: url(["http:", "https:"]), default: "", secret: true },
  deadMansSwitchUrl: { form: "string", schema: url(["http:", "https:"]), default: "", secret: true },
  alertRulesFile: { form: "string", schema: text(/\.ya?ml$/, "a path that ends in .yaml"), default: "" },
  serviceMetrics: {
    form: "array",
    schema: z.array(text(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "a metric's name"), { error: "expected a list of names" }),
    default: [],
  },
} as const satisfies Record<string, Key>;

export type SettingName = keyof typeof schema;
/** What each key holds once it has been read; `undefined` where an empty default says "not set". */
export type Values = {
  readonly [K in SettingName]:
    z.output<(typeof schema)[K]["schema"]> | ((typeof schema)[K]["default"] extends "" ? undefined : never);
};
