import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";

import type { Port, Workload } from "../../components/platform/workload";
import { programsOf, type Programs } from "../../components/programs";
import type { ProgramSecrets } from "../../components/programs/secrets";
import type { Settings } from "../../components/settings/settings";
import { settingsFor, type Written } from "../support/settings";

/** Texts that may stand only where a secret belongs; `SECRET` finds any of them. */
export const SECRETS = {
  "grafanaAdminPassword!": "secretmark-grafana",
  "redisPassword!": "secretmark-redis",
  "postgresPassword!": "secretmark-postgres",
  "smtpPassword!": "secretmark-smtp",
  "slackWebhookUrl!": "https://hooks.slack.com/services/secretmark-slack",
  "pagerdutyRoutingKey!": "secretmarkpagerduty0123456789abc",
  "alertWebhookUrl!": "https://receiver.example.org/secretmark-webhook",
  "deadMansSwitchUrl!": "https://switch.example.org/secretmark-switch",
} as const;
export const SECRET = "secretmark";

/** Settings with every optional part: each channel, each password, the optional ports. */
export const EVERYTHING: Written = {
  ...SECRETS,
  smtpHost: "mail.example.org:587",
  smtpUser: "alerts",
  alertFromEmail: "alerts@example.org",
  criticalEmail: "critical@example.org",
  oncallEmail: "oncall@example.org",
  securityEmail: "security@example.org",
  slackChannel: "#alerts",
  ports: { "otlp-grpc": 4317, "otlp-http": 4318 },
};

/** Secrets that tell by their text what they are for. */
export function secretsFor({ grafana, elk, frontDoor }: Settings): ProgramSecrets {
  const generated = (purpose: string) => pulumi.secret(`${SECRET}-${purpose}`);
  return {
    grafanaAdminPassword: grafana.adminPassword ?? generated("grafana"),
    grafanaSecretKey: grafana.secretKey ?? generated("grafana-secret-key"),
    grafanaDatabasePassword: grafana.database?.password ?? generated("grafana-database"),
    elasticPassword: elk?.elasticPassword ?? generated("elastic"),
    frontDoorPassword: frontDoor?.password ?? generated("front-door"),
    password: generated,
    passwordHash: (purpose) => generated(`hash-${purpose}`),
    tlsIdentity: (program, hosts) => ({
      authority: generated("authority"),
      certificate: generated(`certificate of ${program} for ${hosts.join(", ")}`),
      key: generated(`key of ${program}`),
    }),
  };
}

/** The programs of a configuration. */
export function programsFor(written: Written = {}): Programs {
  const settings = settingsFor(written);
  return programsOf(settings, secretsFor(settings));
}

/** Loki and its shipper, of a configuration that has them. */
export function lokiProgramsFor(written: Written = {}): NonNullable<Programs["loki"]> {
  const { loki } = programsFor(written);
  if (loki === undefined) throw new Error("these settings have no Loki");
  return loki;
}

/** What a reader of a program wants to know, without its configuration. */
export function factsOf({ name, runsAs, ports, metrics, data, scratch, health, placement, talksTo }: Workload) {
  return {
    name,
    user: `${runsAs.uid}:${runsAs.gid}`,
    ports: ports.map(portText),
    metrics: metrics && `${metrics.port}${metrics.path}`,
    data: (data ?? []).map(({ path, size }) => `${path} ${size / 2 ** 30}Gi`),
    scratch: (scratch ?? []).map(({ path, size }) => `${path} ${size / 2 ** 20}Mi`),
    health,
    placement: placement.kind,
    talksTo: [...talksTo].sort(),
  };
}

function portText({ name, number, reach }: Port): string {
  const published = "published" in reach && reach.published !== undefined ? `, published at ${reach.published}` : "";
  return `${name} ${number} from ${reach.from}${published}`;
}

/** Paths of a program's files, in order. */
export function pathsOf({ files }: Workload): string[] {
  return (files?.entries ?? []).map(({ path }) => path);
}

/** A file of a program that is no secret. */
export function textOfFile(workload: Workload, path: string): string {
  const entry = workload.files?.entries.find((candidate) => candidate.path === path);
  if (typeof entry?.content !== "string") throw new Error(`${workload.name} has no plain file ${path}`);
  return entry.content;
}

/** A configuration file as the program will read it. */
export function yamlOf<T>(workload: Workload, path: string): T {
  return load(textOfFile(workload, path)) as T;
}

/** Files that are secret, with their texts; fails for one whose content is not an output marked secret. */
export async function secretFilesOf({ files }: Workload): Promise<Record<string, string>> {
  const entries = (files?.entries ?? []).filter(({ secret }) => secret);
  const texts = entries.map(async ({ path, content }) => {
    const output = pulumi.output(content);
    if (!(await pulumi.isSecret(output))) throw new Error(`${path} is not secret`);
    return [path, await new Promise<string>((resolve) => void output.apply(resolve))] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}
