import * as pulumi from "@pulumi/pulumi";

import type { Credentials } from "./credentials";
import { agentsNamespace, isAgent, targetOf } from "./platform/kubernetes-names";
import type { Deployed, KeptData, Platform } from "./platform/platform";
import type { Workload } from "./platform/workload";
import { frontDoorUrl } from "./programs/addresses";
import { frontDoorAuthority, frontDoorHosts, OTLP_HOST } from "./programs/front-door";
import { channelSummary } from "./settings/alert-channels";
import { productionWarnings } from "./settings/production";
import type { FrontDoor, Settings } from "./settings/settings";
import { formatDuration } from "./units";

/** A program in the stack's outputs: what the operator's commands need to find it. */
export interface ProgramOutput {
  readonly name: string;
  readonly handle: string;
  readonly image: string;
  readonly healthSeenBy: Deployed["healthSeenBy"];
  /** Whether it keeps running, or runs to its end: once, or at set times. */
  readonly runs: "always" | "once" | "scheduled";
  /** Where people reach it: its host of the front door, or its published address; none for what nobody reaches. */
  readonly url: string | null;
  /** At which each copy answers over HTTP on the platform's own network; none for what does not. */
  readonly port: number | null;
  /** Bytes, of each copy. */
  readonly memoryLimit: number;
  /** The volumes that it keeps its data on. A folder of each machine is none. */
  readonly data: readonly KeptData[];
  /** How long its data is kept, for people; none where it keeps none, or no setting limits it. */
  readonly retention: string | null;
}

/** How to come in through the front door. */
export interface FrontDoorOutput {
  /** `host:port` at which it answers on this machine; none on a cluster. Its certificate is for the hosts of the urls. */
  readonly address: string | null;
  /** For the programs that have no login of their own. */
  readonly user: string;
  readonly password: pulumi.Output<string>;
  /**
   * Certificate (PEM) for clients to trust: of the authority that signed its own, or the one that was given with those between it
   * and its authority. None where an ingress shows its own.
   */
  readonly authority: pulumi.Output<string> | null;
}

/** Where on which cluster the stack is, without a secret: credentials are in the kubeconfig of whoever operates it. */
export interface ClusterOutput {
  /** As the configuration has it; none where it is found as `kubectl` finds it. */
  readonly kubeconfig: string | null;
  /** None for the kubeconfig's current one. */
  readonly context: string | null;
  /** The namespace of the programs, and the one of the agents if there are any. */
  readonly namespaces: readonly string[];
  /** Commands that bring a program to this machine, by program: of those that people use and that have no url. */
  readonly portForwards: Readonly<Record<string, string>>;
}

/** What `pulumi stack output` shows. */
export interface StackOutputs {
  readonly platform: Settings["platform"];
  /** First part of every name on the platform, and the value of the label that everything of the stack carries. */
  readonly name: string;
  readonly urls: Readonly<Record<string, string>>;
  /** Present on a cluster. */
  readonly cluster?: ClusterOutput;
  readonly programs: readonly ProgramOutput[];
  readonly grafanaAdminUser: string;
  readonly grafanaAdminPassword: pulumi.Output<string>;
  /** With which Grafana encrypts the secrets in its database: what reads that database elsewhere needs it. */
  readonly grafanaSecretKey: pulumi.Output<string>;
  /** The one way in, where the stack has it. */
  readonly frontDoor?: FrontDoorOutput;
  /** `host:port` of the PostgreSQL that holds what Grafana keeps, where it is outside the stack. */
  readonly grafanaDatabase?: string;
  /** With which Grafana logs in to its database; the user is to be created with it. */
  readonly grafanaDatabasePassword?: pulumi.Output<string>;
  /** `bucket at endpoint` of what Loki keeps outside the stack. */
  readonly lokiBucket?: string;
  /** Of Elasticsearch's user `elastic`, with which a person logs in to Kibana as well. */
  readonly elasticPassword?: pulumi.Output<string>;
  /** The network to attach services to, and the addresses they send telemetry to from there. */
  readonly services: {
    readonly network: pulumi.Output<string>;
    readonly otlpGrpc: string;
    readonly otlpHttp: string;
    /** Where OTLP comes in from outside that network, with the bearer token `otlpToken`. */
    readonly otlpOutside?: string;
  };
  /** The channels that tell people of alerts, and which severities reach nobody. */
  readonly alertChannels: readonly string[] | string;
  /** What the stack lacks for production, where it says that it is one. */
  readonly productionGaps: readonly string[];
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
  const urls = urlsOf(settings, workloads, deployed);
  const retention = retentions(settings);
  const otlp = settings.kubernetes ? `otel-collector.${settings.kubernetes.namespace}` : "otel-collector";
  return {
    platform: settings.platform,
    name: settings.name,
    urls,
    ...(settings.kubernetes ? { cluster: clusterOutput(settings, workloads, deployed, urls) } : {}),
    programs: deployed.map(({ name, handle, image, healthSeenBy, data }) => ({
      name,
      handle,
      image,
      healthSeenBy,
      runs: runs(byName.get(name)),
      url: urls[name] ?? null,
      port: httpPort(byName.get(name)),
      memoryLimit: byName.get(name)?.resources.memory ?? 0,
      data: byName.get(name)?.placement.kind === "every-node" && settings.kubernetes ? [] : (data ?? []),
      retention: retention[name] ?? null,
    })),
    grafanaAdminUser: settings.grafana.adminUser,
    grafanaAdminPassword: credentials.grafanaAdminPassword,
    grafanaSecretKey: credentials.grafanaSecretKey,
    ...(settings.frontDoor ? { frontDoor: frontDoorOutput(settings, settings.frontDoor, credentials) } : {}),
    ...(settings.grafana.database
      ? {
          grafanaDatabase: settings.grafana.database.address,
          grafanaDatabasePassword: credentials.grafanaDatabasePassword,
        }
      : {}),
    ...bucketOutput(settings),
    ...(settings.elk ? { elasticPassword: credentials.elasticPassword } : {}),
    services: {
      network: platform.servicesNetwork,
      otlpGrpc: `${otlp}:4317`,
      otlpHttp: `http://${otlp}:4318`,
      ...(settings.frontDoor?.otlpToken ? { otlpOutside: frontDoorUrl(settings, settings.frontDoor, OTLP_HOST) } : {}),
    },
    alertChannels: channelSummary(settings.alerting),
    productionGaps: productionWarnings(settings, pulumi.getStack()),
  };
}

function bucketOutput({ loki }: Settings): Pick<StackOutputs, "lokiBucket"> {
  if (loki?.objectStorage === undefined) return {};
  return { lokiBucket: `${loki.objectStorage.bucket} at ${loki.objectStorage.endpoint}` };
}

function urlsOf(
  settings: Settings,
  workloads: readonly Workload[],
  deployed: readonly Deployed[],
): Readonly<Record<string, string>> {
  const { frontDoor } = settings;
  if (frontDoor) {
    const hosts = frontDoorHosts(workloads).filter((host) => deployed.some(({ name }) => name === host));
    return Object.fromEntries(hosts.map((host) => [host, frontDoorUrl(settings, frontDoor, host)]));
  }
  const published = deployed.flatMap(({ name, urls }) => {
    const url = Object.values(urls).find((candidate) => isOutside(settings, candidate));
    return url === undefined ? [] : [[name, url] as const];
  });
  return Object.fromEntries(published);
}

function frontDoorOutput(settings: Settings, door: FrontDoor, credentials: Credentials): FrontDoorOutput {
  const host = settings.bindAddress.includes(":") ? `[${settings.bindAddress}]` : settings.bindAddress;
  return {
    address: settings.kubernetes ? null : `${host}:${door.port}`,
    user: door.user,
    password: credentials.frontDoorPassword,
    authority: frontDoorAuthority(settings, door, credentials),
  };
}

/** The port for people, or else the one that is named after the protocol. */
function httpPort(workload: Workload | undefined): number | null {
  const ports = workload?.ports ?? [];
  const port = ports.find(({ reach }) => reach.from === "operator") ?? ports.find(({ name }) => name === "http");
  return port?.number ?? null;
}

function clusterOutput(
  settings: Settings,
  workloads: readonly Workload[],
  deployed: readonly Deployed[],
  urls: Readonly<Record<string, string>>,
): ClusterOutput {
  const target = targetOf(settings);
  const { kubeconfig, context, namespace } = target.cluster;
  const kubectl = [
    "kubectl",
    ...(kubeconfig ? [`--kubeconfig ${kubeconfig}`] : []),
    ...(context ? [`--context ${context}`] : []),
  ].join(" ");
  const forwards = deployed.flatMap(({ name, handle }) => {
    const workload = workloads.find((candidate) => candidate.name === name);
    const port = workload?.ports.find(({ reach }) => reach.from === "operator");
    if (port?.reach.from !== "operator" || urls[name] !== undefined) return [];
    const from = handle.slice(0, handle.indexOf("/"));
    return [[name, `${kubectl} -n ${from} port-forward service/${name} ${port.reach.published}:${port.number}`]];
  });
  return {
    kubeconfig: kubeconfig ?? null,
    context: context ?? null,
    namespaces: [namespace, ...(workloads.some(isAgent) ? [agentsNamespace(target)] : [])],
    portForwards: Object.fromEntries(forwards) as Record<string, string>,
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
