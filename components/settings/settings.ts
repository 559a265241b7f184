import type { Output } from "@pulumi/pulumi";

import type { Resources } from "../platform/workload";
import type { OptionalPublishedName, ProgramName, PublishedName, StoringProgram } from "./defaults";

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
}

/** How long Jaeger keeps traces: by age on disk, or by count in memory. */
export type TraceStorage =
  | { readonly kind: "badger"; readonly retentionSeconds: number }
  | { readonly kind: "memory"; readonly maxTraces: number };

/** Limits of a program, with the part of its memory that its runtime's heap may fill. */
export interface ProgramResources extends Resources {
  /** Bytes: `GOMEMLIMIT` for Go programs. */
  readonly heap: number;
}

/** The whole configuration of a stack: checked, complete and frozen. */
export interface Settings {
  /** First part of every name on the platform. */
  readonly name: string;
  /** Value of the `environment` label on every sample and trace. */
  readonly environment: string;
  readonly platform: "docker";
  readonly bindAddress: string;
  /** An existing Docker network on which the services run; without it the stack makes one. */
  readonly servicesNetwork?: string;
  readonly scrapeIntervalSeconds: number;
  readonly services: readonly Service[];
  readonly ports: Readonly<Record<PublishedName, number>> & Readonly<Partial<Record<OptionalPublishedName, number>>>;
  readonly resources: Readonly<Record<ProgramName, ProgramResources>>;
  readonly storage: Readonly<Record<StoringProgram, number>>;
  readonly prometheusRetentionSeconds: number;
  readonly logging: { readonly kind: "loki"; readonly retentionSeconds: number };
  readonly traces: TraceStorage;
  readonly grafana: { readonly adminUser: string; readonly adminPassword?: Output<string> };
  readonly redis: { readonly address: string; readonly password?: Output<string> };
  readonly postgres: {
    readonly address: string;
    readonly database: string;
    readonly user: string;
    readonly password?: Output<string>;
  };
  readonly alerting: Alerting;
}
