import type { Output } from "@pulumi/pulumi";

import { images } from "../images";
import { replicaNames, type ConfigFile, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { ELASTICSEARCH, ELASTICSEARCH_SETUP, logsStream, userPassword } from "./elasticsearch-access";
import { nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

export const LOGSTASH_PORT = 5044;
const API_PORT = 9600;
const DIRECTORY = "/etc/logstash";
const DATA = "/usr/share/logstash/data";
const OUTPUT = "pipeline/90-output.conf";
const MIB = 2 ** 20;

/** Shares of the volume that the lines under way and the refused ones may fill. */
const QUEUE_SHARE = 0.6;
const DEAD_LETTER_SHARE = 0.2;

/** Logstash: keeps lines on its disk until Elasticsearch has taken them. */
export function logstash(settings: Settings, secrets: ProgramSecrets): Workload {
  const { resources, storage, spread } = settings;
  const replicas = settings.replicas.logstash;
  const heap = `${Math.floor(resources.logstash.heap / MIB)}m`;
  return {
    name: "logstash",
    image: images.logstash,
    args: [`--path.settings=${DIRECTORY}`],
    // Java unpacks libraries into its temporary directory and loads them from there, which `/tmp` does not allow.
    env: { LS_JAVA_OPTS: `-Xms${heap} -Xmx${heap} -Djava.io.tmpdir=${DATA}` },
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "logstash.yml", content: toYaml(config(settings)) },
        ...["log4j2.properties", "pipeline/10-input.conf", "pipeline/50-filter.conf"].map((path) => ({
          path,
          content: nativeText(`logstash/${path}`),
        })),
        {
          path: OUTPUT,
          content: userPassword(secrets, "logstash").apply((password) => output(settings, password)),
          secret: true,
        },
        ...identityFiles(settings, secrets),
      ],
    },
    ports: [
      { name: "beats", number: LOGSTASH_PORT, reach: { from: "peers" } },
      { name: "api", number: API_PORT, reach: { from: "peers" } },
    ],
    data: [{ name: "logstash", path: DATA, size: storage.logstash }],
    scratch: [{ path: "/tmp", size: 64 * MIB }],
    resources: resources.logstash,
    health: {
      path: "/_node/pipelines",
      port: API_PORT,
      check: ["curl", "-fs", "-o", "/dev/null", `http://127.0.0.1:${API_PORT}/_node/pipelines`],
      startupSeconds: 240,
    },
    placement: replicas > 1 ? { kind: "replicated", replicas, spread } : { kind: "single" },
    runsAs: { uid: 1_000, gid: 0 },
    talksTo: [ELASTICSEARCH],
    after: [ELASTICSEARCH_SETUP],
  };
}

function config({ storage }: Settings): Record<string, unknown> {
  const share = (part: number) => `${Math.floor((storage.logstash * part) / MIB)}mb`;
  return {
    ...nativeYaml<Record<string, unknown>>("logstash/logstash.yml"),
    "queue.max_bytes": share(QUEUE_SHARE),
    "dead_letter_queue.max_bytes": share(DEAD_LETTER_SHARE),
  };
}

/** Logstash reads secrets from its keystore, the environment or a pipeline; only the last can be a file as it comes. */
function output(settings: Settings, password: string): string {
  return nativeText(`logstash/${OUTPUT}`)
    .replace(/password => ".*"/, () => `password => "${password}"`)
    .replace(/index => ".*"/, () => `index => "${logsStream(settings)}"`);
}

/**
 * Host names of the copies, as Filebeat reaches them. On a cluster that one is in another namespace, where a copy's name needs
 * its own namespace behind it; the program's has a counterpart there.
 */
export function logstashHosts({ replicas, kubernetes }: Settings): string[] {
  const names = replicaNames("logstash", replicas.logstash);
  return kubernetes && names.length > 1 ? names.map((name) => `${name}.${kubernetes.namespace}`) : names;
}

function identityFiles(settings: Settings, secrets: ProgramSecrets): ConfigFile[] {
  const hosts = [...new Set(["logstash", ...logstashHosts(settings)])];
  const { authority, certificate, key } = secrets.tlsIdentity("logstash", hosts);
  const contents: Record<string, Output<string>> = {
    "ca.crt": authority,
    "logstash.crt": certificate,
    "logstash.key": key,
  };
  return Object.entries(contents).map(([name, content]) => ({ path: `secrets/${name}`, content, secret: true }));
}
