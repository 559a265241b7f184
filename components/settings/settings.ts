import type { Output } from "@pulumi/pulumi";

import type { Resources, Spread } from "../platform/workload";
import type { OptionalPublishedName, ProgramName, PublishedName, ReplicatedProgram, StoringProgram } from "./defaults";

/** A monitored service. */
export interface Service {
  /** Value of the `service` label. */
  readonly name: string;
  /** `host:port` as Prometheus reaches it. */
  readonly address: string;
  readonly metricsPath: string;
  readonly scheme: "http" | "https";
  /** Team that owns it: the `owner` label. */
  readonly owner: string;
}

export interface EmailChannel {
  /** `host:port` of the SMTP server. */
  readonly smtpHost: string;
  readonly requireTls: boolean;
  readonly user?: string;
  readonly password?: Output<string>;
  readonly from: string;
  readonly critical?: string;
  readonly oncall?: string;
  readonly security?: string;
}

/** Where alerts go. A channel is present only when all it needs was given. */
export interface Alerting {
  readonly email?: EmailChannel;
  readonly slack?: { readonly webhookUrl: Output<string>; readonly channel?: string };
  readonly pagerduty?: { readonly routingKey: Output<string> };
  readonly webhook?: { readonly url: Output<string> };
  /** Gets the watchdog alert, and nothing else: when it stops coming, the alerting itself is broken. */
  readonly deadMansSwitch?: { readonly url: Output<string> };
}

/** How long Jaeger keeps traces: by age on disk or in the log store's Elasticsearch, or by count in memory. */
export type TraceStorage =
  | { readonly kind: "badger"; readonly retentionSeconds: number }
  | { readonly kind: "elasticsearch"; readonly retentionSeconds: number }
  | { readonly kind: "memory"; readonly maxTraces: number };

/** Limits of a program, with the part of its memory that its runtime's heap may fill. */
export interface ProgramResources extends Resources {
  /** Bytes: `GOMEMLIMIT` for Go programs. */
  readonly heap: number;
}

/** Where on which cluster the stack runs. */
export interface KubernetesSettings {
  /** Path of a kubeconfig file. Without it the provider looks where `kubectl` does. */
  readonly kubeconfig?: string;
  /** A context of that file. Without it, its current one. */
  readonly context?: string;
  readonly namespace: string;
  /** Where services, their Redis and their PostgreSQL are, when their address is a bare name. */
  readonly servicesNamespace: string;
  readonly clusterDomain: string;
  /** At which the API server itself listens: what a network policy sees once the address of its Service was translated. */
  readonly apiPorts: readonly number[];
  /** Without it, the cluster's default one. */
  readonly storageClass?: string;
  readonly ingress?: Ingress;
}

/** How people come in from outside the cluster. Each program has the host name `<program>.<domain>`. */
export interface Ingress {
  readonly domain: string;
  readonly className?: string;
  /** Secret with the certificate, in the stack's namespace. */
  readonly tlsSecret: string;
  /** cert-manager's issuer that fills the secret. */
  readonly clusterIssuer?: string;
}

/** The one way in for people, with TLS and a login. Each program has the host name `<program>.<domain>`. */
export interface FrontDoor {
  readonly domain: string;
  /** On the host. Where a cluster's ingress leads to the front door, people use the ingress's own. */
  readonly port: number;
  /** Of the programs that have no login of their own. */
  readonly user: string;
  readonly password?: Output<string>;
  /** PEM, as given; without it the stack's own authority makes one. */
  readonly identity?: { readonly certificate: Output<string>; readonly key: Output<string> };
  /** With which OTLP is let in from outside the trusted network. */
  readonly otlpToken?: Output<string>;
}

/** An external PostgreSQL for Grafana, so that it can have several copies. */
export interface GrafanaDatabase {
  /** `host:port`. */
  readonly address: string;
  readonly name: string;
  readonly user: string;
  readonly sslMode: "disable" | "require" | "verify-full";
  /** PEM of the authority that made the server's certificate; without it those that the image knows. */
  readonly caCertificate?: string;
  readonly password?: Output<string>;
}

/** Another time series database that gets every sample. */
export interface RemoteWrite {
  readonly url: string;
  readonly user?: string;
  readonly password?: Output<string>;
  /** Bearer token. */
  readonly token?: Output<string>;
}

/** A bucket, at a store that speaks S3's language, that Loki keeps its chunks and index in from a day on. */
export interface LokiObjectStorage {
  /** `https://host` or `https://host:port`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Whether the bucket stands in the path instead of the host name, as stores of one's own want it. */
  readonly forcePathStyle: boolean;
  /** PEM of the authority by which the store is known, where it is none of the public ones. */
  readonly authority?: string;
  /** Without it Loki takes the credentials that its place gives it, such as a role of the cloud. */
  readonly key?: { readonly id: string; readonly secret: Output<string> };
  /** The day, in UTC, from which lines go there: `2026-01-31`. Those of before stay on the volume. */
  readonly from: string;
}

/** Kafka between the collectors that take traces and logs in and those that store them. */
export interface Kafka {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Topics are `<topicPrefix>.traces` and `<topicPrefix>.logs`. */
  readonly topicPrefix: string;
  readonly tls: boolean;
  /** PEM of the authority by which the brokers are known, where it is none of the public ones. */
  readonly authority?: string;
  readonly login?: {
    readonly user: string;
    readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
    readonly password: Output<string>;
  };
}

/** Which traces are kept, once all their spans are there: those with errors, slow ones, and a share of the rest. */
export interface TraceSampling {
  /** Percent of the traces that are neither slow nor failed. */
  readonly percentage: number;
  readonly slowerThanSeconds: number;
}

/** The whole configuration of a stack: checked, complete and frozen. */
export interface Settings {
  /** First part of every name on the platform. */
  readonly name: string;
  /** Value of the `environment` label on every sample and trace. */
  readonly environment: string;
  readonly platform: "docker" | "kubernetes";
  /** Present when the platform is Kubernetes. */
  readonly kubernetes?: KubernetesSettings;
  readonly bindAddress: string;
  /** Present when people come in through the front door, and through nothing else. */
  readonly frontDoor?: FrontDoor;
  /** An existing Docker network on which the services run; without it the stack makes one. */
  readonly servicesNetwork?: string;
  readonly scrapeIntervalSeconds: number;
  readonly services: readonly Service[];
  readonly ports: Readonly<Record<PublishedName, number>> & Readonly<Partial<Record<OptionalPublishedName, number>>>;
  readonly resources: Readonly<Record<ProgramName, ProgramResources>>;
  readonly storage: Readonly<Record<StoringProgram, number>>;
  readonly prometheusRetentionSeconds: number;
  readonly replicas: Readonly<Record<ReplicatedProgram, number>>;
  readonly spread: Spread;
  /** Refuse to delete what holds data until it is unprotected by name. */
  readonly protectData: boolean;
  /** Labels that every sample carries when it leaves Prometheus, beside `environment` and `stack`. */
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly remoteWrite?: RemoteWrite;
  /** `host:port` of other Prometheus servers whose recorded series are taken over. */
  readonly federateFrom: readonly string[];
  /** Present when Loki is a log store of this stack. */
  readonly loki?: {
    readonly retentionSeconds: number;
    /** What brings it the lines of containers. */
    readonly shipper: "promtail" | "otel-collector";
    readonly objectStorage?: LokiObjectStorage;
  };
  /** Present when Elasticsearch is. */
  readonly elk?: {
    readonly retentionSeconds: number;
    /** Ages in seconds at which an index of lines enters its warm and its cold phase. */
    readonly phases: { readonly warm: number; readonly cold: number };
    /** Whether lines go through Logstash; without it Filebeat writes to Elasticsearch itself. */
    readonly logstash: boolean;
    /** A storage class whose volumes several machines write to, for the snapshots of several nodes. */
    readonly snapshots?: { readonly storageClass: string };
    readonly elasticPassword?: Output<string>;
  };
  /** Collectors on every node that hand over to a gateway, instead of one collector. */
  readonly collectorGateway: boolean;
  /** Present when traces and logs go through Kafka on their way to the stores. */
  readonly kafka?: Kafka;
  readonly traceSampling?: TraceSampling;
  readonly traces: TraceStorage;
  readonly grafana: {
    readonly adminUser: string;
    readonly adminPassword?: Output<string>;
    /** With which the secrets in its database are encrypted. */
    readonly secretKey?: Output<string>;
    readonly database?: GrafanaDatabase;
  };
  readonly redis: { readonly address: string; readonly password?: Output<string> };
  readonly postgres: {
    readonly address: string;
    readonly database: string;
    readonly user: string;
    readonly password?: Output<string>;
    readonly sslMode: "disable" | "require" | "verify-ca" | "verify-full";
    /** As Grafana's. */
    readonly caCertificate?: string;
  };
  readonly alerting: Alerting;
  /** A rule file of the users' own, below the project's folder. */
  readonly alertRulesFile?: string;
  /** Metrics of the services that rules may use beside the platform's contract. */
  readonly serviceMetrics: readonly string[];
}
