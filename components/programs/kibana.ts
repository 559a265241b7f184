import * as pulumi from "@pulumi/pulumi";

import { images } from "../images";
import type { ConfigFile, Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { browserUrl } from "./addresses";
import { ELASTICSEARCH, ELASTICSEARCH_SETUP, elasticsearchAuthority, userPassword } from "./elasticsearch-access";
import { nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

export const KIBANA_PORT = 5601;
const DIRECTORY = "/etc/kibana";
const SECRETS = "secrets/kibana.yml";
const MIB = 2 ** 20;

/** What Kibana encrypts: what it keeps in Elasticsearch, sessions and reports. Every copy needs the same keys. */
const ENCRYPTED = ["xpack.encryptedSavedObjects", "xpack.security", "xpack.reporting"] as const;

/** Kibana: search in the lines that Elasticsearch has. */
export function kibana(settings: Settings, secrets: ProgramSecrets): Workload {
  const { resources, replicas, spread, ports } = settings;
  return {
    name: "kibana",
    image: images.kibana,
    args: ["/usr/local/bin/kibana-docker", `--config=${DIRECTORY}/kibana.yml`, `--config=${DIRECTORY}/${SECRETS}`],
    env: { NODE_OPTIONS: `--max-old-space-size=${Math.floor(resources.kibana.heap / MIB)}` },
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "kibana.yml", content: toYaml(config(settings)) },
        secretFile(secrets),
        { path: "secrets/ca.crt", content: elasticsearchAuthority(settings, secrets), secret: true },
      ],
    },
    ports: [{ name: "http", number: KIBANA_PORT, reach: { from: "operator", published: ports.kibana, login: true } }],
    scratch: [
      { path: "/tmp", size: 64 * MIB },
      { path: "/usr/share/kibana/data", size: 64 * MIB },
    ],
    resources: resources.kibana,
    health: {
      path: "/api/status",
      port: KIBANA_PORT,
      check: ["curl", "-fs", "-o", "/dev/null", `http://127.0.0.1:${KIBANA_PORT}/api/status`],
      startupSeconds: 300,
    },
    placement: replicas.kibana > 1 ? { kind: "replicated", replicas: replicas.kibana, spread } : { kind: "single" },
    runsAs: { uid: 1_000, gid: 0 },
    talksTo: [ELASTICSEARCH],
    after: [ELASTICSEARCH_SETUP],
  };
}

function config(settings: Settings): Record<string, unknown> {
  const url = browserUrl(settings, "kibana", true);
  return {
    ...nativeYaml<Record<string, unknown>>("kibana/kibana.yml"),
    // Kibana refuses the slash at its end.
    "server.publicBaseUrl": url.replace(/\/$/, ""),
    ...(url.startsWith("https:") ? { "xpack.security.secureCookies": true } : {}),
  };
}

function secretFile(secrets: ProgramSecrets): ConfigFile {
  const keys = ENCRYPTED.map((part) =>
    secrets.password(`kibana-${part}`).apply((key) => [`${part}.encryptionKey`, key]),
  );
  const password = userPassword(secrets, "kibana_system").apply((text) => ["elasticsearch.password", text]);
  const content = pulumi.all([password, ...keys]).apply((entries) => toYaml(Object.fromEntries(entries)));
  return { path: SECRETS, content, secret: true };
}
