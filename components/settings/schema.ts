import type { z } from "zod/v3";

import { parseCpu, parsePercent, type Bounds } from "../units";
import {
  DEFAULT_API_PORTS,
  DEFAULT_PORTS,
  DEFAULT_REPLICAS,
  DEFAULT_RESOURCES,
  DEFAULT_SERVICES,
  DEFAULT_STORAGE,
  OPTIONAL_PORTS,
  type StoringProgram,
} from "./defaults";
import {
  address,
  anything,
  authorities,
  boolean,
  bytes,
  domain,
  duration,
  each,
  email,
  emails,
  ip,
  labelled,
  list,
  name,
  object,
  oneOf,
  password,
  port,
  quantity,
  text,
  url,
  wholeNumber,
} from "./kinds";
import { elasticsearchPhases, kafka, lokiObjectStorage } from "./scale-schema";

const TOKEN = /^[A-Za-z0-9._~+/-]{16,}=*$/;
/** bcrypt reads no more bytes than these of a password. */
const BCRYPT_BYTES = 72;
const hashedPassword = password.refine(
  (value) => Buffer.byteLength(value) <= BCRYPT_BYTES,
  `expected at most ${BCRYPT_BYTES} bytes`,
);
/** Stands in every Grafana's own configuration, for anyone to read. */
const PUBLIC_SECRET_KEY = "SW2YcwTIb9zpOOhoPsMm";
const grafanaSecretKey = password.refine(
  (value) => value !== PUBLIC_SECRET_KEY,
  "expected a key of your own, not the one that Grafana comes with",
);
/** A network that the services share; Docker's own three have no names for their members. */
const NETWORK = /^(?!(host|bridge|none)$)[A-Za-z0-9][-_.A-Za-z0-9]*$/;

/** Prometheus sets these itself, and drops names that begin with two underscores. */
const OWN_LABELS = ["environment", "stack", "prometheus_replica"];
const LABEL = new RegExp(`^(?!__|(${OWN_LABELS.join("|")})$)[a-zA-Z_][a-zA-Z0-9_]*$`);

/** Rules look back five minutes, and a rate takes four samples: fewer, and one lost scrape would end an alert. */
const SCRAPES: Bounds = { least: "1s", most: "75s" };

/** A store that has less than its own files of a day stops at once. */
const LEAST_STORAGE: Partial<Record<StoringProgram, string>> = {
  prometheus: "1Gi",
  loki: "1Gi",
  elasticsearch: "1Gi",
  "elasticsearch-snapshots": "1Gi",
};

const service = object({
  name,
  address: address("api-gateway:8000"),
  metricsPath: text(/^\/\S*$/, "a path that starts with /").default("/metrics"),
  scheme: oneOf("http", "https").default("http"),
  owner: name.default("platform"),
});

const keysOf = <T extends object>(value: T) => Object.keys(value) as (keyof T & string)[];

/** How a value is written in the stack's file. */
type Form = "string" | "integer" | "boolean" | "object" | "array";

interface Key<S extends z.ZodTypeAny = z.ZodTypeAny> {
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
    schema: ip,
    default: "127.0.0.1",
  },
  servicesNetwork: {
    form: "string",
    schema: text(NETWORK, "the name of a network of your own, which host, bridge and none are not"),
    default: "",
  },
  kubeconfig: { form: "string", schema: anything, default: "" },
  kubernetesContext: { form: "string", schema: anything, default: "" },
  namespace: { form: "string", schema: name, default: "" },
  servicesNamespace: { form: "string", schema: name, default: "pyairtable" },
  clusterDomain: { form: "string", schema: domain("cluster.local"), default: "cluster.local" },
  kubernetesApiPorts: {
    form: "array",
    schema: list(port, "ports").min(1, "expected at least one port"),
    default: DEFAULT_API_PORTS,
  },
  storageClass: { form: "string", schema: anything, default: "" },
  ingress: {
    form: "object",
    schema: object({
      domain: domain("monitoring.example.com").optional(),
      className: name.optional(),
      tlsSecret: name.optional(),
      clusterIssuer: anything.optional(),
    }),
    default: {},
  },
  frontDoor: {
    form: "object",
    schema: object({
      domain: domain("monitoring.example.com").optional(),
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
    schema: each(keysOf(DEFAULT_REPLICAS), wholeNumber("a number of copies", 1, 100)),
    default: {},
  },
  spread: { form: "string", schema: oneOf("preferred", "required"), default: "preferred" },
  protectData: { form: "boolean", schema: boolean, default: false },
  externalLabels: {
    form: "object",
    schema: labelled(
      LABEL,
      `a label name of letters, digits and _, other than ${OWN_LABELS.join(", ")} and __*`,
      anything,
      "labels",
    ),
    default: {},
  },
  scrapeInterval: { form: "string", schema: duration(SCRAPES), default: "15s" },
  services: {
    form: "array",
    schema: list(service, "services").min(1, "expected at least one service"),
    default: DEFAULT_SERVICES,
  },
  ports: { form: "object", schema: each([...keysOf(DEFAULT_PORTS), ...OPTIONAL_PORTS], port), default: {} },
  resources: {
    form: "object",
    schema: each(
      keysOf(DEFAULT_RESOURCES),
      object({
        memory: bytes({ least: "16Mi", most: "16Ti" }).optional(),
        cpu: quantity(parseCpu).optional(),
        heap: bytes({ least: "8Mi", most: "16Ti" }).optional(),
      }),
    ),
    default: {},
  },
  storage: {
    form: "object",
    schema: each(keysOf(DEFAULT_STORAGE), (key) => bytes({ least: LEAST_STORAGE[key] ?? "100Mi", most: "16Ti" })),
    default: {},
  },
  prometheusRetention: { form: "string", schema: duration(), default: "15d" },
  lokiRetention: { form: "string", schema: duration(), default: "14d" },
  shipper: { form: "string", schema: oneOf("promtail", "otel-collector"), default: "promtail" },
  lokiObjectStorage: { form: "object", schema: lokiObjectStorage, default: {} },
  lokiObjectStorageSecretKey: { form: "string", schema: anything, default: "", secret: true },
  elasticsearchRetention: { form: "string", schema: duration(), default: "30d" },
  elasticsearchPhases: { form: "object", schema: elasticsearchPhases, default: {} },
  elasticsearchSnapshots: {
    form: "object",
    schema: object({ storageClass: anything.optional() }),
    default: {},
  },
  elasticPassword: { form: "string", schema: password, default: "", secret: true },
  logstash: { form: "boolean", schema: boolean, default: true },
  collectorGateway: { form: "boolean", schema: boolean, default: false },
  kafka: { form: "object", schema: kafka, default: {} },
  kafkaPassword: { form: "string", schema: anything, default: "", secret: true },
  traceSampling: {
    form: "object",
    schema: object({
      percentage: quantity(parsePercent).optional(),
      slowerThan: duration().optional(),
    }),
    default: {},
  },
  jaegerStorage: { form: "string", schema: oneOf("badger", "memory", "elasticsearch"), default: "badger" },
  jaegerRetention: { form: "string", schema: duration({ least: "1m", most: "100y" }), default: "2d" },
  jaegerMaxTraces: {
    form: "integer",
    schema: wholeNumber("a whole number of traces", 1, 100_000_000),
    default: 50_000,
  },
  grafanaAdminUser: { form: "string", schema: anything, default: "admin" },
  grafanaAdminPassword: { form: "string", schema: password, default: "", secret: true },
  grafanaSecretKey: { form: "string", schema: grafanaSecretKey, default: "", secret: true },
  grafanaDatabase: {
    form: "object",
    schema: object({
      address: address("postgres:5432").optional(),
      name: anything.optional(),
      user: anything.optional(),
      sslMode: oneOf("disable", "require", "verify-full").optional(),
      caCertificate: authorities.optional(),
    }),
    default: {},
  },
  grafanaDatabasePassword: { form: "string", schema: anything, default: "", secret: true },
  remoteWriteUrl: {
    form: "string",
    schema: url(["http", "https"], ", which remoteWriteUser and remoteWritePassword are for"),
    default: "",
  },
  remoteWriteUser: { form: "string", schema: anything, default: "" },
  remoteWritePassword: { form: "string", schema: anything, default: "", secret: true },
  remoteWriteToken: { form: "string", schema: anything, default: "", secret: true },
  federateFrom: { form: "array", schema: list(address("prometheus.example.com:9090"), "host:port"), default: [] },
  redisAddress: { form: "string", schema: address("redis:6379"), default: "redis:6379" },
  redisPassword: { form: "string", schema: anything, default: "", secret: true },
  postgresAddress: { form: "string", schema: address("postgres:5432"), default: "postgres:5432" },
  postgresDatabase: { form: "string", schema: anything, default: "postgres" },
  postgresUser: { form: "string", schema: anything, default: "postgres_exporter" },
  postgresPassword: { form: "string", schema: anything, default: "", secret: true },
  postgresSslMode: {
    form: "string",
    schema: oneOf("disable", "require", "verify-ca", "verify-full"),
    default: "disable",
  },
  postgresCaCertificate: { form: "string", schema: authorities, default: "" },
  smtpHost: { form: "string", schema: address("mail.example.com:587"), default: "" },
  smtpRequireTls: { form: "boolean", schema: boolean, default: true },
  smtpUser: { form: "string", schema: anything, default: "" },
  smtpPassword: { form: "string", schema: anything, default: "", secret: true },
  alertFromEmail: { form: "string", schema: email, default: "" },
  criticalEmail: { form: "string", schema: emails, default: "" },
  oncallEmail: { form: "string", schema: emails, default: "" },
  securityEmail: { form: "string", schema: emails, default: "" },
  slackWebhookUrl: { form: "string", schema: url(["https"], ""), default: "", secret: true },
  slackChannel: { form: "string", schema: text(/^[#@]\S+$/, "a channel such as #alerts"), default: "" },
  pagerdutyRoutingKey: {
    form: "string",
    schema: text(/^[A-Za-z0-9]{32}$/, "the 32 characters of an Events API v2 routing key"),
    default: "",
    secret: true,
  },
  alertWebhookUrl: { form: "string", schema: url(["http", "https"]), default: "", secret: true },
  deadMansSwitchUrl: { form: "string", schema: url(["http", "https"]), default: "", secret: true },
  alertRulesFile: { form: "string", schema: text(/\.ya?ml$/, "a path that ends in .yaml"), default: "" },
  serviceMetrics: {
    form: "array",
    schema: list(text(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "a metric's name"), "names"),
    default: [],
  },
} as const satisfies Record<string, Key>;

export type SettingName = keyof typeof schema;
/** What each key holds once it has been read; `undefined` where an empty default says "not set". */
export type Values = {
  readonly [K in SettingName]:
    z.output<(typeof schema)[K]["schema"]> | ((typeof schema)[K]["default"] extends "" ? undefined : never);
};
