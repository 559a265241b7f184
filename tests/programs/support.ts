import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";

import type { Port, Workload } from "../../components/platform/workload";
import { programsOf, type Programs } from "../../components/programs";
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

/** The programs of a configuration. */
export function programsFor(written: Written = {}): Programs {
  const settings = settingsFor(written);
  const grafanaAdminPassword = settings.grafana.adminPassword ?? pulumi.secret("generated");
  return programsOf(settings, { grafanaAdminPassword });
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
