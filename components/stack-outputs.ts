import type * as pulumi from "@pulumi/pulumi";

import type { Credentials } from "./credentials";
import type { Deployed, Platform } from "./platform/platform";
import type { Settings } from "./settings/settings";

/** A program in the stack's outputs: what the operator's commands need to find it. */
export interface ProgramOutput {
  readonly name: string;
  readonly handle: string;
  readonly image: string;
  readonly healthSeenBy: Deployed["healthSeenBy"];
  /** Published address, if it has one. */
  readonly url: string | null;
  /** Bytes. */
  readonly memoryLimit: number;
}

/** What `pulumi stack output` shows. */
export interface StackOutputs {
  readonly urls: Readonly<Record<string, string>>;
  readonly programs: readonly ProgramOutput[];
  readonly grafanaAdminUser: string;
  readonly grafanaAdminPassword: pulumi.Output<string>;
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
  readonly components: readonly { readonly nodes: Readonly<Record<string, Deployed>> }[];
}

/** The outputs of the stack, gathered from its components. */
export function outputs({ settings, credentials, platform, components }: Parts): StackOutputs {
  const deployed = components.flatMap(({ nodes }) => Object.values(nodes));
  const published = deployed.flatMap((program) => {
    const url = Object.values(program.urls).find((candidate) => candidate.includes(settings.bindAddress));
    return url === undefined ? [] : [[program.name, url] as const];
  });
  const urls = Object.fromEntries(published);
  const channels = Object.keys(settings.alerting);
  return {
    urls,
    programs: deployed.map(({ name, handle, image, healthSeenBy }) => ({
      name,
      handle,
      image,
      healthSeenBy,
      url: urls[name] ?? null,
      memoryLimit: settings.resources[name as keyof Settings["resources"]].memory,
    })),
    grafanaAdminUser: settings.grafana.adminUser,
    grafanaAdminPassword: credentials.grafanaAdminPassword,
    services: {
      network: platform.servicesNetwork,
      otlpGrpc: "otel-collector:4317",
      otlpHttp: "http://otel-collector:4318",
    },
    alertChannels: channels.length > 0 ? channels : "none: alerts are shown in Alertmanager and sent nowhere",
  };
}
