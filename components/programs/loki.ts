import { images } from "../images";
import type { ConfigFile, Workload } from "../platform/workload";
import type { LokiObjectStorage, Settings } from "../settings/settings";
import { formatDuration } from "../units";
import { outsidePeers, serviceUrl } from "./addresses";
import { goHeap } from "./limits";
import { nativeYaml, toYaml } from "./native-file";

const PORT = 3100;
/** Seconds: the oldest line that Loki takes. */
export const OLDEST_LINE = 7 * 86_400;
const DIRECTORY = "/etc/loki";
const KEY_FILE = "secrets/object-storage";
const AUTHORITY_FILE = "object-storage-ca.crt";

interface Period {
  readonly from: string;
  readonly object_store: string;
}

interface LokiConfig {
  limits_config: { retention_period: string; reject_old_samples_max_age: string };
  schema_config: { configs: readonly Period[] };
  compactor: object;
  storage_config?: object;
}

/** Loki in one process. */
export function loki(settings: Settings, { retentionSeconds, objectStorage }: NonNullable<Settings["loki"]>): Workload {
  const base = nativeYaml<LokiConfig>("loki/loki.yaml");
  const config: LokiConfig = {
    ...base,
    ...(objectStorage ? inBucket(settings, base, objectStorage) : {}),
    limits_config: {
      ...base.limits_config,
      retention_period: formatDuration(retentionSeconds),
      // A line older than what is kept would be taken in only to be deleted.
      reject_old_samples_max_age: formatDuration(Math.min(retentionSeconds, OLDEST_LINE)),
    },
  };
  return {
    name: "loki",
    image: images.loki,
    args: [`-config.file=${DIRECTORY}/loki.yaml`],
    env: {
      ...goHeap(settings.resources.loki),
      ...(objectStorage?.key ? { AWS_SHARED_CREDENTIALS_FILE: `${DIRECTORY}/${KEY_FILE}` } : {}),
    },
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "loki.yaml", content: toYaml(config) },
        ...(objectStorage ? objectStorageFiles(objectStorage) : []),
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.loki } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "loki", path: "/loki", size: settings.storage.loki }],
    scratch: [{ path: "/tmp", size: 64 * 2 ** 20 }],
    resources: settings.resources.loki,
    health: { path: "/ready", port: PORT, check: ["/usr/bin/loki", "-health"], startupSeconds: 90 },
    placement: { kind: "single" },
    runsAs: { uid: 10_001, gid: 10_001 },
    talksTo: objectStorage ? outsidePeers([new URL(objectStorage.endpoint).host]) : [],
  };
}

/**
 * A second period, since what a period holds stays where it was written: the lines of before are found on the volume until their
 * retention ends.
 */
function inBucket(settings: Settings, base: LokiConfig, storage: LokiObjectStorage): Partial<LokiConfig> {
  const { configs } = base.schema_config;
  return {
    schema_config: { configs: [...configs, { ...(configs.at(-1) as Period), from: storage.from, object_store: "s3" }] },
    compactor: { ...base.compactor, delete_request_store: "s3" },
    storage_config: {
      aws: {
        endpoint: serviceUrl(settings, storage.endpoint),
        bucketnames: storage.bucket,
        region: storage.region,
        s3forcepathstyle: storage.forcePathStyle,
        ...(storage.endpoint.startsWith("http:") ? { insecure: true } : {}),
        ...(storage.authority === undefined ? {} : { http_config: { ca_file: `${DIRECTORY}/${AUTHORITY_FILE}` } }),
      },
    },
  };
}

/** The key in the form in which clients of S3 read it from a file: Loki's own configuration would hold it in plain text. */
function objectStorageFiles({ key, authority }: LokiObjectStorage): ConfigFile[] {
  return [
    ...(key
      ? [
          {
            path: KEY_FILE,
            content: key.secret.apply((secret) =>
              ["[default]", `aws_access_key_id = ${key.id}`, `aws_secret_access_key = ${secret}`, ""].join("\n"),
            ),
            secret: true,
          },
        ]
      : []),
    ...(authority === undefined ? [] : [{ path: AUTHORITY_FILE, content: authority }]),
  ];
}
