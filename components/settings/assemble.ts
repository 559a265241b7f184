import * as pulumi from "@pulumi/pulumi";

import { assembleKafka, assembleObjectStorage, phaseAges } from "./assemble-scale";
import {
  DEFAULT_PORTS,
  DEFAULT_REPLICAS,
  DEFAULT_RESOURCES,
  DEFAULT_STORAGE,
  JAVA_PROGRAMS,
  type ProgramName,
} from "./defaults";
import { defined, secrets } from "./optional";
import type { RawConfig } from "./parse";
import { schema, type Values } from "./schema";
import type { Alerting, KubernetesSettings, ProgramResources, Settings, TraceStorage } from "./settings";

/** The share of a memory limit that a heap takes when none is given: room for stacks, mapped files and buffers. */
const HEAP_SHARE = 0.8;
/** Java keeps half of what it uses outside its heap, and Elasticsearch leaves that half to the file cache. */
const JAVA_HEAP_SHARE = 0.5;
/**
 * What Elasticsearch takes beside its heap at the least: buffers (as much as half the heap), classes and code, stacks. With half of
 * 1 GiB as heap it was ended by its limit.
 */
const ELASTICSEARCH_OUTSIDE_HEAP = 600 * 2 ** 20;

/** Traces slower than this are kept when sampling is asked for and nothing else is said. */
const SLOW_SECONDS = 1;

/** The front door's port, above those that only root may open. */
const FRONT_DOOR_PORT = 8443;

/** Settings from values that were checked. */
export function assemble(values: Values, raw: RawConfig): Settings {
  const name = values.name ?? `pyairtable-${raw.stack}`;
  return {
    name,
    environment: values.environment ?? raw.stack,
    platform: values.platform,
    ...(values.platform === "kubernetes" ? { kubernetes: assembleKubernetes(values, name) } : {}),
    bindAddress: values.bindAddress,
    ...assembleFrontDoor(values),
    ...(values.servicesNetwork === undefined ? {} : { servicesNetwork: values.servicesNetwork }),
    scrapeIntervalSeconds: values.scrapeInterval,
    services: values.services,
    ports: { ...DEFAULT_PORTS, ...defined(values.ports) },
    resources: assembleResources(values),
    storage: { ...parsedDefaults("storage"), ...defined(values.storage) } as Settings["storage"],
    prometheusRetentionSeconds: values.prometheusRetention,
    replicas: { ...DEFAULT_REPLICAS, ...defined(values.replicas) },
    spread: values.spread,
    protectData: values.protectData,
    externalLabels: values.externalLabels,
    federateFrom: values.federateFrom,
    ...assembleRemoteWrite(values),
    ...assembleLogging(values),
    collectorGateway: values.collectorGateway,
    ...assembleKafka(values, name),
    ...assembleSampling(values),
    traces: assembleTraces(values),
    grafana: assembleGrafana(values),
    redis: { address: values.redisAddress, ...secrets({ password: values.redisPassword }) },
    postgres: {
      address: values.postgresAddress,
      database: values.postgresDatabase,
      user: values.postgresUser,
      sslMode: values.postgresSslMode,
      ...defined({ caCertificate: values.postgresCaCertificate }),
      ...secrets({ password: values.postgresPassword }),
    },
    alerting: assembleAlerting(values),
    ...defined({ alertRulesFile: values.alertRulesFile }),
    serviceMetrics: values.serviceMetrics,
  };
}

function assembleKubernetes(values: Values, name: string): KubernetesSettings {
  const { domain, className, tlsSecret, clusterIssuer } = values.ingress;
  return {
    namespace: values.namespace ?? name,
    servicesNamespace: values.servicesNamespace,
    clusterDomain: values.clusterDomain,
    apiPorts: [...new Set(values.kubernetesApiPorts)],
    ...defined({ kubeconfig: values.kubeconfig, context: values.kubernetesContext, storageClass: values.storageClass }),
    ...(domain === undefined
      ? {}
      : { ingress: { domain, tlsSecret: tlsSecret ?? `${name}-tls`, ...defined({ className, clusterIssuer }) } }),
  };
}

function assembleFrontDoor(values: Values): Pick<Settings, "frontDoor"> {
  const { domain, port = FRONT_DOOR_PORT, user = "operator" } = values.frontDoor;
  const { frontDoorCertificate: certificate, frontDoorKey: key } = values;
  if (domain === undefined) return {};
  return {
    frontDoor: {
      domain,
      port,
      user,
      ...secrets({ password: values.frontDoorPassword, otlpToken: values.otlpToken }),
      ...(certificate !== undefined && key !== undefined
        ? { identity: { certificate: pulumi.secret(certificate), key: pulumi.secret(key) } }
        : {}),
    },
  };
}

function assembleLogging(values: Values): Pick<Settings, "loki" | "elk"> {
  const { storageClass } = values.elasticsearchSnapshots;
  return {
    ...(values.logging === "elk"
      ? {}
      : {
          loki: {
            retentionSeconds: values.lokiRetention,
            shipper: values.shipper,
            ...assembleObjectStorage(values),
          },
        }),
    ...(values.logging === "loki"
      ? {}
      : {
          elk: {
            retentionSeconds: values.elasticsearchRetention,
            phases: phaseAges(values.elasticsearchRetention, values.elasticsearchPhases),
            logstash: values.logstash,
            ...(storageClass === undefined ? {} : { snapshots: { storageClass } }),
            ...secrets({ elasticPassword: values.elasticPassword }),
          },
        }),
  };
}

function assembleSampling({ traceSampling: { percentage, slowerThan } }: Values): Pick<Settings, "traceSampling"> {
  if (percentage === undefined) return {};
  return { traceSampling: { percentage, slowerThanSeconds: slowerThan ?? SLOW_SECONDS } };
}

function assembleTraces({ jaegerStorage, jaegerRetention, jaegerMaxTraces }: Values): TraceStorage {
  return jaegerStorage === "memory"
    ? { kind: "memory", maxTraces: jaegerMaxTraces }
    : { kind: jaegerStorage, retentionSeconds: jaegerRetention };
}

function assembleGrafana(values: Values): Settings["grafana"] {
  const {
    address,
    name = "grafana",
    user = "grafana",
    sslMode = "verify-full",
    caCertificate,
  } = values.grafanaDatabase;
  return {
    adminUser: values.grafanaAdminUser,
    ...secrets({ adminPassword: values.grafanaAdminPassword, secretKey: values.grafanaSecretKey }),
    ...(address === undefined
      ? {}
      : {
          database: {
            address,
            name,
            user,
            sslMode,
            ...defined({ caCertificate }),
            ...secrets({ password: values.grafanaDatabasePassword }),
          },
        }),
  };
}

function assembleRemoteWrite(values: Values): Pick<Settings, "remoteWrite"> {
  const { remoteWriteUrl: url, remoteWriteUser: user } = values;
  if (url === undefined) return {};
  const secret = secrets({ password: values.remoteWritePassword, token: values.remoteWriteToken });
  return { remoteWrite: { url, ...defined({ user }), ...secret } };
}

function assembleAlerting(values: Values): Alerting {
  const {
    smtpHost,
    alertFromEmail: from,
    slackWebhookUrl,
    slackChannel,
    pagerdutyRoutingKey,
    alertWebhookUrl,
    deadMansSwitchUrl,
  } = values;
  const addresses = { critical: values.criticalEmail, oncall: values.oncallEmail, security: values.securityEmail };
  return {
    ...(smtpHost !== undefined && from !== undefined
      ? {
          email: {
            smtpHost,
            requireTls: values.smtpRequireTls,
            from,
            ...defined({ user: values.smtpUser, ...addresses }),
            ...secrets({ password: values.smtpPassword }),
          },
        }
      : {}),
    ...(slackWebhookUrl !== undefined
      ? { slack: { webhookUrl: pulumi.secret(slackWebhookUrl), ...defined({ channel: slackChannel }) } }
      : {}),
    ...(pagerdutyRoutingKey !== undefined ? { pagerduty: { routingKey: pulumi.secret(pagerdutyRoutingKey) } } : {}),
    ...(alertWebhookUrl !== undefined ? { webhook: { url: pulumi.secret(alertWebhookUrl) } } : {}),
    ...(deadMansSwitchUrl !== undefined ? { deadMansSwitch: { url: pulumi.secret(deadMansSwitchUrl) } } : {}),
  };
}

function assembleResources(values: Values): Settings["resources"] {
  const defaults = parsedDefaults("resources") as Values["resources"];
  const entries = Object.keys(DEFAULT_RESOURCES).map((program) => {
    const limits = { ...defaults[program as ProgramName], ...defined(values.resources[program as ProgramName] ?? {}) };
    const { memory, cpu } = limits as { memory: number; cpu: number };
    const heap = limits.heap ?? defaultHeap(program as ProgramName, memory);
    return [program, { memory, cpu, heap } satisfies ProgramResources];
  });
  return Object.fromEntries(entries) as Settings["resources"];
}

/** Of a small Elasticsearch less than its share, so that the rest fits. */
function defaultHeap(program: ProgramName, memory: number): number {
  const share = Math.floor(memory * heapShare(program));
  if (program !== "elasticsearch") return share;
  return Math.max(Math.floor(memory / 4), Math.min(share, memory - ELASTICSEARCH_OUTSIDE_HEAP));
}

function heapShare(program: ProgramName): number {
  return JAVA_PROGRAMS.some((name) => name === program) ? JAVA_HEAP_SHARE : HEAP_SHARE;
}

/** The built-in table of a key, read by the same parser as the user's. */
function parsedDefaults(name: "resources" | "storage"): object {
  return schema[name].schema.parse(name === "resources" ? DEFAULT_RESOURCES : DEFAULT_STORAGE);
}
