import type { Output } from "@pulumi/pulumi";

import { replicaNames, type ConfigFile } from "../platform/workload";
import type { Settings } from "../settings/settings";
import type { ProgramSecrets, TlsIdentity } from "./secrets";

export const ELASTICSEARCH = "elasticsearch";
export const ELASTICSEARCH_PORT = 9200;
/** Name of the program that gives Elasticsearch its users; whoever logs in as one of them starts after it. */
export const ELASTICSEARCH_SETUP = "elasticsearch-setup";

/** Name of the volume that snapshots are written to, among Elasticsearch's data. */
export const ELASTICSEARCH_SNAPSHOTS = "elasticsearch-snapshots";

/** The log store, when the stack has it. */
export type ElkStore = NonNullable<Settings["elk"]>;

/** Where the stack's programs reach Elasticsearch. Any node answers. */
export function elasticsearchUrl(): string {
  return `https://${ELASTICSEARCH}:${ELASTICSEARCH_PORT}`;
}

/** The data stream of the lines that Filebeat ships. */
export function logsStream({ environment }: Settings): string {
  return `logs-pyairtable-${environment}`;
}

/** The data stream of the lines that services send as OTLP. */
export function otlpLogsStream({ environment }: Settings): string {
  return `logs-pyairtable.otlp-${environment}`;
}

/** Pattern of both. */
export function logsIndex({ environment }: Settings): string {
  return `logs-pyairtable*-${environment}`;
}

/** The user that writes the lines: the last program on their way. */
export function logsWriter({ logstash }: ElkStore): "logstash" | "filebeat" {
  return logstash ? "logstash" : "filebeat";
}

/** Password of one of the users that the set-up makes. */
export function userPassword(secrets: ProgramSecrets, user: string): Output<string> {
  return secrets.password(`elasticsearch-${user}`);
}

/** What Elasticsearch shows its clients and its nodes each other: one certificate with every node's name. */
export function elasticsearchIdentity({ replicas }: Settings, secrets: ProgramSecrets): TlsIdentity {
  const nodes = replicaNames(ELASTICSEARCH, replicas.elasticsearch);
  return secrets.tlsIdentity(ELASTICSEARCH, [...new Set([ELASTICSEARCH, ...nodes])]);
}

/** Certificate of the authority by which clients know Elasticsearch. */
export function elasticsearchAuthority(settings: Settings, secrets: ProgramSecrets): Output<string> {
  return elasticsearchIdentity(settings, secrets).authority;
}

/** The files with which curl logs in as a user: `curl --config <directory>/secrets/curl.conf`. */
export function curlFiles(
  directory: string,
  user: string,
  password: Output<string>,
  authority?: Output<string>,
): ConfigFile[] {
  return [
    {
      path: "secrets/curl.conf",
      content: curlOptions(user, password, authority && `${directory}/secrets/ca.crt`),
      secret: true,
    },
    ...(authority ? [{ path: "secrets/ca.crt", content: authority, secret: true }] : []),
  ];
}

/**
 * What curl reads from a file to log in as a user, so that no password stands on a command line.
 *
 * @param authority path of the certificate by which it knows the server; without it the server speaks plain HTTP.
 */
export function curlOptions(user: string, password: Output<string>, authority: string | undefined): Output<string> {
  return password.apply((text) =>
    [`user = ${quoted(`${user}:${text}`)}`, ...(authority ? [`cacert = ${quoted(authority)}`] : []), ""].join("\n"),
  );
}

/** A text as curl reads it from a file of options. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
