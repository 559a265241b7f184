import type * as pulumi from "@pulumi/pulumi";

import type { Credentials } from "./credentials";
import type { Deployed, KeptData, Platform } from "./platform/platform";
import type { Workload } from "./platform/workload";
import type { Settings } from "./settings/settings";
import { formatDuration } from "./units";

/** A program in the stack's outputs: what the operator's commands need to find it. */
export interface ProgramOutput {
  readonly name: string;
  readonly handle: string;
  readonly image: string;
  readonly healthSeenBy: Deployed["healthSeenBy"];
  /** Whether it keeps running, or runs to its end: once, or at set times. */
  readonly runs: "always" | "once" | "scheduled";
  /** Published address, if it has one. */
  readonly url: string | null;
  /** Bytes. */
  readonly memoryLimit: number;
  /** The volumes that it keeps its data on. */
  readonly data: readonly KeptData[];
  /** How long its data is kept, for people; none where it keeps none, or no setting limits it. */
  readonly retention: string | null;
}

/** What `pulumi stack output` shows. */
export interface StackOutputs {
  readonly platform: Settings["platform"];
  /** First part of every name on the platform, and the value of the label that everything of the stack carries. */
  readonly name: string;
  readonly urls: Readonly<Record<string, string>>;
  readonly programs: readonly ProgramOutput[];
  readonly grafanaAdminUser: string;
  readonly grafanaAdminPassword: pulumi.Output<string>;
  /** With which Grafana logs in to its database; the user is to be created with it. */
  readonly grafanaDatabasePassword?: pulumi.Output<string>;
  /** Of Elasticsearch's user `elastic`, with which a person logs in to Kibana as well. */
  readonly elasticPassword?: pulumi.Output<string>;
  /** The network to attach services to, and the addresses they send telemetry to from there. */
  readonly services: {
    readonly network: pulumi.Output<string>;
    readonly otlpGrpc: string;
    readonly otlpHttp: string;
  };
  readonly alertChannels: readonly string[] | string;
}

/** The same as the engine gives it back. */
export type ResolvedOutputs = pulumi.Unwrap<StackOutputs>;

interface Parts {
  readonly settings: Settings;
  readonly credentials: Credentials;
  readonly platform: Platform;
  readonly workloads: readonly Workload[];
  readonly components: readonly { readonly nodes: Readonly<Record<string, Deployed | undefined>> }[];
}

/** The outputs of the stack, gathered from its components. */
export function outputs({ settings, credentials, platform, workloads, components }: Parts): StackOutputs {
  const deployed = components.flatMap(({ nodes }) => Object.values(nodes)).filter((program) => program !== undefined);
  const byName = new Map(workloads.map((workload) => [workload.name, workload]));
  const published = deployed.flatMap((program) => {
    const url = Object.values(program.urls).find((candidate) => isOutside(settings, candidate));
    return url === undefined ? [] : [[program.name, url] as const];
  });
  const urls = Object.fromEntries(published);
  const channels = Object.keys(settings.alerting);
  const retention = retentions(settings);
  return {
    platform: settings.platform,
    name: settings.name,
    urls,
    programs: deployed.map(({ name, handle, image, healthSeenBy, data }) => ({
      name,
      handle,
      image,
      healthSeenBy,
      runs: runs(byName.get(name)),
      url: urls[name] ?? null,
      memoryLimit: byName.get(name)?.resources.memory ?? 0,
      data: data ?? [],
      retention: retention[name] ?? null,
    })),
    grafanaAdminUser: settings.grafana.adminUser,
    grafanaAdminPassword: credentials.grafanaAdminPassword,
    ...(settings.grafana.database ? { grafanaDatabasePassword: credentials.grafanaDatabasePassword } : {}),
    ...(settings.elk ? { elasticPassword: credentials.elasticPassword } : {}),
    services: {
      network: platform.servicesNetwork,
      otlpGrpc: "otel-collector:4317",
      otlpHttp: "http://otel-collector:4318",
    },
    alertChannels: channels.length > 0 ? channels : "none: alerts are shown in Alertmanager and sent nowhere",
  };
}

/** On Docker a port of this machine, on a cluster the ingress. */
function isOutside({ kubernetes, bindAddress }: Settings, url: string): boolean {
  return kubernetes ? url.startsWith("https://") : url.includes(bindAddress);
}

function runs(workload: Workload | undefined): ProgramOutput["runs"] {
  const kind = workload?.placement.kind;
  return kind === "once" || kind === "scheduled" ? kind : "always";
}

function retentions(settings: Settings): Readonly<Record<string, string>> {
  const { prometheusRetentionSeconds, loki, elk, traces } = settings;
  return {
    prometheus: formatDuration(prometheusRetentionSeconds),
    jaeger: traces.kind === "memory" ? `${traces.maxTraces} traces` : formatDuration(traces.retentionSeconds),
    ...(loki ? { loki: formatDuration(loki.retentionSeconds) } : {}),
    ...(elk ? { elasticsearch: formatDuration(elk.retentionSeconds) } : {}),
  };
}
