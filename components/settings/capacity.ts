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
/** Spans that one service ends in a day: a little more than one a second. */
export const SPANS_PER_SERVICE_AND_DAY = 100_000;
/**
 * Bytes of a span in Jaeger's index: some 16 documents, itself and one for each attribute, of 62 bytes each (33 billion took 2 TB
 * in jaegertracing/jaeger#1475).
 */
export const BYTES_PER_SPAN = 1_024;
/** Share of a volume that may be filled: Elasticsearch stops allocating at 85 %, compaction needs room elsewhere. */
const FILL = 0.8;

/** What one of the stores would hold by the end of its retention. */
export interface Estimate {
  readonly key: string;
  readonly program: StoringProgram;
  readonly retentionSeconds: number;
  readonly bytes: number;
  /**
   * What else is on the volume.
   * @default nothing
   */
  readonly beside?: { readonly what: string; readonly bytes: number };
  /** What happens when the volume is too small. */
  readonly otherwise: string;
}

/**
 * Retentions that the volumes can not hold, as sentences that say what to change. Estimates from the number of services, so
 * they warn and do not refuse; docs/scaling.md has the arithmetic.
 */
export function capacityWarnings(settings: Settings): string[] {
  return estimates(settings).flatMap((estimate) => {
    const { key, program, retentionSeconds, bytes, beside = { what: "", bytes: 0 }, otherwise } = estimate;
    const room = settings.storage[program] * FILL;
    if (bytes + beside.bytes <= room) return [];
    const days = Math.floor((retentionSeconds * (room - beside.bytes)) / bytes / DAY);
    const size = formatBytes(Math.ceil((bytes + beside.bytes) / FILL / 2 ** 30) * 2 ** 30);
    return [
      `${key}: ${formatDuration(retentionSeconds)} of ${settings.services.length} services${beside.what} take about ${size}, and ` +
        `the volume has ${formatBytes(settings.storage[program])}: ${otherwise}. Set storage.${program} to ${size}` +
        // No less than a day can be asked for.
        (days < 1 ? "." : `, or ${key} to ${days}d.`),
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

/** Lines, and traces where Jaeger keeps them there too. What takes more of the volume is what to change. */
function elasticsearch(settings: Settings): Estimate[] {
  const { elk, services, replicas, traces } = settings;
  if (elk === undefined) return [];
  const nodes = replicas.elasticsearch;
  const copies = nodes > 1 ? 2 : 1;
  const common = { program: "elasticsearch", otherwise: "Elasticsearch will turn read-only once it is full" } as const;
  const lines = {
    ...common,
    key: "elasticsearchRetention",
    retentionSeconds: elk.retentionSeconds,
    bytes: (logBytes(services.length, elk.retentionSeconds) * ELASTICSEARCH_SHARE * copies) / nodes,
  };
  if (traces.kind !== "elasticsearch") return [lines];
  const { retentionSeconds } = traces;
  const bytes = (spanBytes(settings, retentionSeconds) * copies) / nodes;
  const spans = { ...common, key: "jaegerRetention", retentionSeconds, bytes };
  const [more, less] = lines.bytes >= bytes ? [lines, spans] : [spans, lines];
  const what = `, beside ${formatDuration(less.retentionSeconds)} of their ${less === spans ? "traces" : "lines"},`;
  return [{ ...more, beside: { what, bytes: less.bytes } }];
}

/** Of what sampling leaves. Failed and slow traces are kept beside the share, and are few. */
function spanBytes({ services, traceSampling }: Settings, seconds: number): number {
  const kept = (traceSampling?.percentage ?? 100) / 100;
  return services.length * SPANS_PER_SERVICE_AND_DAY * kept * BYTES_PER_SPAN * (seconds / DAY);
}

function logBytes(services: number, seconds: number): number {
  return services * LOG_BYTES_PER_SERVICE_AND_DAY * (seconds / DAY);
}
