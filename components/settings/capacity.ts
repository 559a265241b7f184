import { formatBytes, formatDuration } from "../units";
import type { StoringProgram } from "./defaults";
import type { Settings } from "./settings";

const DAY = 86_400;
const MIB = 2 ** 20;

/** Series of one service with the platform's metrics, and of the stack itself with one machine. */
const SERIES_PER_SERVICE = 1_000;
const SERIES_OF_THE_STACK = 6_000;
/** Bytes of a sample on disk, the upper end of what Prometheus's storage documentation gives. */
const BYTES_PER_SAMPLE = 2;
/** Log text that one service writes in a day. */
const LOG_BYTES_PER_SERVICE_AND_DAY = 50 * MIB;
/** What is left of it in Loki's compressed chunks, and in an index of Elasticsearch with best compression. */
const LOKI_SHARE = 0.2;
const ELASTICSEARCH_SHARE = 1;
/** Share of a volume that may be filled: Elasticsearch stops allocating at 85 %, compaction needs room elsewhere. */
const FILL = 0.8;

/** What one of the stores would hold by the end of its retention. */
export interface Estimate {
  readonly key: string;
  readonly program: StoringProgram;
  readonly retentionSeconds: number;
  readonly bytes: number;
  /** What happens when the volume is too small. */
  readonly otherwise: string;
}

/**
 * Retentions that the volumes can not hold, as sentences that say what to change. Estimates from the number of services, so
 * they warn and do not refuse; docs/scaling.md has the arithmetic.
 */
export function capacityWarnings(settings: Settings): string[] {
  return estimates(settings).flatMap((estimate) => {
    const { key, program, retentionSeconds, bytes, otherwise } = estimate;
    const room = settings.storage[program] * FILL;
    if (bytes <= room) return [];
    const days = Math.max(1, Math.floor((retentionSeconds * room) / bytes / DAY));
    const size = formatBytes(Math.ceil(bytes / FILL / 2 ** 30) * 2 ** 30);
    return [
      `${key}: ${formatDuration(retentionSeconds)} of ${settings.services.length} services take about ${size}, and the volume ` +
        `has ${formatBytes(settings.storage[program])}: ${otherwise}. Set storage.${program} to ${size}, or ${key} to ${days}d.`,
    ];
  });
}

/** What the stores of a stack would hold, by the assumptions above. */
export function estimates(settings: Settings): Estimate[] {
  return [prometheus(settings), ...loki(settings), ...elasticsearch(settings)];
}

function prometheus({ services, scrapeIntervalSeconds, prometheusRetentionSeconds }: Settings): Estimate {
  const samplesPerSecond = (services.length * SERIES_PER_SERVICE + SERIES_OF_THE_STACK) / scrapeIntervalSeconds;
  return {
    key: "prometheusRetention",
    program: "prometheus",
    retentionSeconds: prometheusRetentionSeconds,
    bytes: samplesPerSecond * BYTES_PER_SAMPLE * prometheusRetentionSeconds,
    otherwise: "the oldest samples will go sooner",
  };
}

function loki({ loki: store, services }: Settings): Estimate[] {
  // A bucket has no size.
  if (store === undefined || store.objectStorage !== undefined) return [];
  return [
    {
      key: "lokiRetention",
      program: "loki",
      retentionSeconds: store.retentionSeconds,
      bytes: logBytes(services.length, store.retentionSeconds) * LOKI_SHARE,
      otherwise: "Loki will refuse lines once it is full",
    },
  ];
}

function elasticsearch({ elk, services, replicas }: Settings): Estimate[] {
  if (elk === undefined) return [];
  const nodes = replicas.elasticsearch;
  const copies = nodes > 1 ? 2 : 1;
  return [
    {
      key: "elasticsearchRetention",
      program: "elasticsearch",
      retentionSeconds: elk.retentionSeconds,
      bytes: (logBytes(services.length, elk.retentionSeconds) * ELASTICSEARCH_SHARE * copies) / nodes,
      otherwise: "Elasticsearch will turn read-only once it is full",
    },
  ];
}

function logBytes(services: number, seconds: number): number {
  return services * LOG_BYTES_PER_SERVICE_AND_DAY * (seconds / DAY);
}
