import { setTimeout as sleep } from "node:timers/promises";

import { VERIFICATION_SERVICE as SERVICE } from "../../components/programs/verification";
import { failed, ok, warning, type Check } from "../checks";
import { ElasticsearchApi } from "../elasticsearch/api";
import { getJson } from "../http";
import type { Outcome, Post } from "../platform/client";
import { programNamed, type Session } from "../session";

/** How long a signal may be on its way. On a healthy stack it takes a second or two. */
const WAIT_MS = 10_000;
/** Elasticsearch shows a line up to five seconds after it was written, and it is written in batches. */
const ELASTICSEARCH_WAIT_MS = 25_000;
/** A stack that samples judges a trace ten seconds after its first span, and then sends it on in a batch. */
const TRACE_WAIT_MS = 25_000;
const POLL_MS = 250;

const METRIC = "monitoring_verify";

/** What is sent and looked for: one of each kind, recognisable by an id that was never used before. */
export interface Probe {
  /** 32 hexadecimal digits: the trace's id, and in the line's text. */
  readonly id: string;
  /** The sample's value. */
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A signal's way through the stack. */
export interface Way {
  readonly signal: "metric" | "trace" | "log";
  /** The program that keeps it. */
  readonly store: string;
  /** Whether the store has it. */
  readonly find: (session: Session, probe: Probe) => Promise<boolean>;
  /**
   * How long it may take.
   * @default 10 s
   */
  readonly wait?: number;
}

const WAYS: readonly Way[] = [
  {
    signal: "metric",
    store: "prometheus",
    find: async (session, { value }) => {
      const address = await addressOf(session, "prometheus");
      type Answer = { readonly data: { readonly result: readonly unknown[] } };
      const query = encodeURIComponent(`${METRIC} == ${value}`);
      return (await getJson<Answer>(`${address}/api/v1/query?query=${query}`)).data.result.length > 0;
    },
  },
  {
    signal: "trace",
    store: "jaeger",
    wait: TRACE_WAIT_MS,
    find: async (session, { id }) => {
      const address = await addressOf(session, "jaeger");
      const response = await fetch(`${address}/api/traces/${id}`, { signal: AbortSignal.timeout(5_000) });
      return response.ok;
    },
  },
  {
    signal: "log",
    store: "loki",
    find: async (session, { id }) => {
      const address = await addressOf(session, "loki");
      type Answer = { readonly data: { readonly result: readonly unknown[] } };
      const query = encodeURIComponent(`{service_name="${SERVICE}"} |= "${id}"`);
      return (
        (await getJson<Answer>(`${address}/loki/api/v1/query_range?query=${query}&since=5m`)).data.result.length > 0
      );
    },
  },
  {
    signal: "log",
    store: "elasticsearch",
    wait: ELASTICSEARCH_WAIT_MS,
    find: async ({ client, outputs }, { id }) => {
      const reader = new ElasticsearchApi(client, programNamed(outputs, "elasticsearch"), "reader");
      const query = encodeURIComponent(`service.name:"${SERVICE}" AND message:"${id}"`);
      const { count } = await reader.ask<{ count: number }>("GET", `logs-pyairtable*/_count?q=${query}`);
      return count > 0;
    },
  },
];

const addressOf = ({ client, outputs }: Session, program: string) => client.reach(programNamed(outputs, program));

/** Sends a metric, a trace and a log line as a service would, and finds each in the store that keeps it. */
export async function signals(session: Session, probe: Probe): Promise<Check[]> {
  const { client, outputs } = session;
  const bodies = bodiesOf(probe);
  const posts: Post[] = [
    { url: `${outputs.services.otlpHttp}/v1/metrics`, body: bodies.metric },
    { url: `${outputs.services.otlpHttp}/v1/traces`, body: bodies.trace },
    { url: `${outputs.services.otlpHttp}/v1/logs`, body: bodies.log },
  ];
  const [metric, trace, log] = await client.postAsService(posts);
  const answers: Record<Way["signal"], Outcome | undefined> = { metric, trace, log };
  const names = new Set(outputs.programs.map(({ name }) => name));
  const ways = WAYS.filter(({ store }) => names.has(store));
  const found = await Promise.all(ways.map((way) => follow(session, way, probe, answers[way.signal])));
  const untold = (["metric", "trace", "log"] as const).filter((signal) => !ways.some((way) => way.signal === signal));
  return [...found, ...untold.map((signal) => warning(signal, "stack", "its store is not one that is looked into"))];
}

async function follow(session: Session, way: Way, probe: Probe, sent: Outcome | undefined): Promise<Check> {
  const { client, outputs } = session;
  const { signal, store, wait = WAIT_MS } = way;
  if ((await client.state(programNamed(outputs, store))).standIn)
    return warning(signal, store, "a stand-in holds its place, and keeps nothing");
  if (!sent?.succeeded) {
    return failed(signal, "otel-collector", `${outputs.services.otlpHttp} did not take it: ${sent?.output ?? ""}`);
  }
  const end = Date.now() + wait;
  let reason = "";
  for (;;) {
    try {
      if (await way.find(session, probe)) return ok(signal, store, "sent through otel-collector and found again");
    } catch (error) {
      reason = `; ${(error as Error).message}`;
    }
    if (Date.now() > end)
      return failed(
        signal,
        store,
        `otel-collector took it, but ${store} does not have it after ${wait / 1_000} s${reason}`,
      );
    await sleep(POLL_MS);
  }
}

/** The three as OTLP in JSON. */
export function bodiesOf({ id, value, at }: Probe): Record<Way["signal"], unknown> {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: SERVICE } }] };
  const nanos = `${at}000000`;
  const span = {
    traceId: id,
    spanId: id.slice(0, 16),
    name: "verify",
    kind: 1,
    startTimeUnixNano: nanos,
    endTimeUnixNano: `${at + 1}000000`,
  };
  const point = { timeUnixNano: nanos, asDouble: value };
  const record = { timeUnixNano: nanos, severityText: "INFO", body: { stringValue: `verification ${id}` } };
  return {
    metric: {
      resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: METRIC, gauge: { dataPoints: [point] } }] }] }],
    },
    trace: { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] },
    log: { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] },
  };
}
