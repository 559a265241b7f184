import { describe, expect, it, vi } from "vitest";

import { bodiesOf } from "../../operations/verify/signals";
import {
  placed,
  receiveOtlp,
  startCollector,
  useRenderedCollectors,
  valuesOf,
  type CollectorCase,
  type Config,
  type Running,
} from "./support/collector";
import { get, post } from "./support/daemon";
import { expectRefused, useTool } from "./support/tool";

const TRACES = 200;
const SPANS_OF_A_TRACE = 3;
const FAILED = 20;
const SLOW = 20;
const JUDGED = "otelcol_processor_tail_sampling_global_count_traces_sampled";
const PATIENT = { timeout: 60_000, interval: 200 };

const STACK: CollectorCase = "a gateway that samples, on Kubernetes";
const otelcol = useTool("otelcol");
const renderedCollectors = useRenderedCollectors([STACK]);
const rendered = () => renderedCollectors(STACK);

/** Spans by the gateway that sent them and their trace. */
class Seen {
  readonly #traces = new Map<string, Map<string, number>>();

  add(gateway: string, { resourceSpans }: Traces): void {
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    for (const { traceId } of spans) {
      const gateways = this.#traces.get(traceId) ?? new Map<string, number>();
      this.#traces.set(traceId, gateways.set(gateway, (gateways.get(gateway) ?? 0) + 1));
    }
  }

  /** For each trace, how many spans each gateway had. */
  get traces(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#traces;
  }

  get spans(): number {
    return [...this.#traces.values()].flatMap((gateways) => [...gateways.values()]).reduce((sum, n) => sum + n, 0);
  }
}

interface Traces {
  resourceSpans: { scopeSpans: { spans: { traceId: string }[] }[] }[];
}

interface Metrics {
  // Left out where nothing is to be told yet.
  resourceMetrics?: {
    scopeMetrics: { metrics: { name: string; sum?: { dataPoints: { asInt: string; attributes: Attribute[] }[] } }[] }[];
  }[];
}

interface Attribute {
  key: string;
  value: { stringValue?: string };
}

/** The newest value of each series of counted spans. */
class Calls {
  readonly #values = new Map<string, number>();

  add({ resourceMetrics = [] }: Metrics): void {
    const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    for (const { name, sum } of metrics) {
      if (name !== "traces.span.metrics.calls") continue;
      for (const { attributes, asInt } of sum?.dataPoints ?? []) {
        this.#values.set(attributes.map(({ key, value }) => `${key}=${value.stringValue}`).join(), Number(asInt));
      }
    }
  }

  of(label: string): number {
    return [...this.#values].filter(([series]) => series.includes(label)).reduce((sum, [, value]) => sum + value, 0);
  }
}

const hex = (value: number, length: number) => value.toString(16).padStart(length, "0");
// Spread over all bytes, because a share of the traces is chosen by their number.
const traceId = (index: number) => hex((index + 1) * 2_654_435_761, 16) + hex((index + 1) * 40_503, 16);
const failedIds = Array.from({ length: FAILED }, (_, index) => traceId(index));
const slowIds = Array.from({ length: SLOW }, (_, index) => traceId(FAILED + index));

/** One span of a trace in a request of its own. */
function request(trace: number, span: number): object {
  const begin = 1_750_000_000_000 + span;
  const slow = trace >= FAILED && trace < FAILED + SLOW;
  const end = begin + (slow && span === 0 ? 3_000 : 20);
  const status = trace < FAILED && span === 2 ? { code: 2 } : {};
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: `service-${span}` } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: traceId(trace),
                spanId: hex(trace * SPANS_OF_A_TRACE + span + 1, 16),
                name: "work",
                kind: 2,
                startTimeUnixNano: `${begin}000000`,
                endTimeUnixNano: `${end}000000`,
                status,
              },
            ],
          },
        ],
      },
    ],
  };
}

/** Has a gateway tell the sink what it got, what it kept and what it counted, and wait less. */
function toSink(sink: string, gateway: string): (config: Config) => void {
  const otlp = (path: string) => ({ endpoint: `${sink}/${path}/${gateway}`, encoding: "json", compression: "none" });
  return ({ processors, connectors, exporters, service: { pipelines } }) => {
    processors.tail_sampling = { ...processors.tail_sampling, decision_wait: "5s" };
    connectors.spanmetrics = { ...connectors.spanmetrics, metrics_flush_interval: "1s" };
    const replica = processors["transform/replica"] as { metric_statements: { statements: string[] }[] };
    for (const one of replica.metric_statements) {
      one.statements = one.statements.map((text) => text.replace("${env:REPLICA}", gateway));
    }
    delete exporters["otlp/jaeger"];
    exporters["otlphttp/kept"] = otlp("kept");
    exporters["otlphttp/got"] = otlp("got");
    exporters["otlphttp/prometheus"] = otlp("counted");
    pipelines["traces/sampled"]?.exporters.splice(0, 1, "otlphttp/kept");
    pipelines.traces?.exporters.push("otlphttp/got");
  };
}

async function startAll() {
  const [got, kept, calls] = [new Seen(), new Seen(), new Calls()];
  const sink = await receiveOtlp((path, body) => {
    const [, kind, gateway = ""] = path.split("/");
    if (kind === "counted") calls.add(body as Metrics);
    else (kind === "got" ? got : kept).add(gateway, body as Traces);
  });
  const gateways: Running[] = [];
  for (const name of ["otel-gateway-0", "otel-gateway-1"]) {
    gateways.push(await startCollector(otelcol.path(), rendered(), "otel-gateway", toSink(sink, name)));
  }
  const agent = await startCollector(otelcol.path(), rendered(), "otel-collector", ({ exporters }) => {
    (exporters.loadbalancing as { resolver: object }).resolver = {
      static: { hostnames: gateways.map(({ grpc }) => grpc) },
    };
  });
  /** How many traces the gateways have judged, by the verdict: `true` for those that they keep. */
  const judged = async (verdict: boolean) => {
    const texts = await Promise.all(gateways.map(({ metrics }) => get(metrics)));
    return texts
      .flatMap((text) => valuesOf(text, JUDGED, `sampled="${verdict}"`))
      .reduce((sum, value) => sum + value, 0);
  };
  return { agent, got, kept, calls, judged };
}

describe("an agent before two gateways", () => {
  it("sends each trace to one of them, which counts every span and keeps failed and slow traces", async () => {
    const { agent, got, kept, calls, judged } = await startAll();
    for (let span = 0; span < SPANS_OF_A_TRACE; span++) {
      // All at once: a trace is judged so long after its first span, and a slow machine's last span would come too late.
      const sent = Array.from({ length: TRACES }, (_, trace) => post(`${agent.http}/v1/traces`, request(trace, span)));
      await Promise.all(sent);
    }

    await vi.waitFor(() => expect(got.spans).toBe(TRACES * SPANS_OF_A_TRACE), PATIENT);
    expect(got.traces.size).toBe(TRACES);
    const whole = [...got.traces.values()].map((gateways) => [...gateways]);
    expect(whole.filter((gateways) => gateways.length !== 1 || gateways[0]?.[1] !== SPANS_OF_A_TRACE)).toEqual([]);
    const shares = ["otel-gateway-0", "otel-gateway-1"].map(
      (gateway) => whole.filter(([first]) => first?.[0] === gateway).length,
    );
    expect(Math.min(...shares)).toBeGreaterThan(TRACES / 4);

    await vi.waitFor(async () => expect((await judged(true)) + (await judged(false))).toBe(TRACES), PATIENT);
    const toKeep = await judged(true);
    await vi.waitFor(() => expect(kept.spans).toBe(toKeep * SPANS_OF_A_TRACE), PATIENT);
    expect(kept.traces.size).toBe(toKeep);
    expect([...kept.traces.keys()]).toEqual(expect.arrayContaining([...failedIds, ...slowIds]));
    const others = toKeep - FAILED - SLOW;
    expect(others).toBeGreaterThan(0);
    expect(others).toBeLessThan((TRACES - FAILED - SLOW) / 2);

    await vi.waitFor(() => expect(calls.of("span.name=work")).toBe(TRACES * SPANS_OF_A_TRACE), PATIENT);
    for (const [index, share] of shares.entries()) {
      expect(calls.of(`collector_replica=otel-gateway-${index}`)).toBe(share * SPANS_OF_A_TRACE);
    }
  });
});

describe("a gateway that keeps next to no ordinary trace", () => {
  it("keeps what verify sends", async () => {
    const kept = new Seen();
    const sink = await receiveOtlp((path, body) => {
      if (path.startsWith("/kept/")) kept.add("gateway", body as Traces);
    });
    const { http, metrics } = await startCollector(otelcol.path(), rendered(), "otel-gateway", (config) => {
      toSink(sink, "gateway")(config);
      const { policies } = config.processors.tail_sampling as { policies: { probabilistic?: object }[] };
      for (const policy of policies) {
        if (policy.probabilistic) policy.probabilistic = { sampling_percentage: 1e-6 };
      }
    });
    const at = 1_750_000_000_000;
    const proofs = Array.from({ length: 5 }, (_, index) => traceId(TRACES + index));
    for (const [index, id] of proofs.entries()) {
      await post(`${http}/v1/traces`, request(FAILED + SLOW + index, 0));
      await post(`${http}/v1/traces`, bodiesOf({ id, value: index, at }).trace);
    }

    await vi.waitFor(async () => {
      const judged = valuesOf(await get(metrics), JUDGED, "sampled=").reduce((sum, value) => sum + value, 0);
      expect(judged).toBe(2 * proofs.length);
    }, PATIENT);
    await vi.waitFor(() => expect([...kept.traces.keys()].sort()).toEqual([...proofs].sort()), PATIENT);
  });
});

describe("loadbalancing refuses", () => {
  const broken = async (change: (text: string) => string) => {
    const text = await placed(rendered(), "otel-collector");
    const changed = change(text);
    expect(changed).not.toBe(text);
    return otelcol(["validate", `--config=yaml:${changed}`]);
  };

  it.concurrent.each<[what: string, change: (text: string) => string, reason: RegExp]>([
    ["an unknown key", (text) => text.replace("routing_key", "routing_keys"), /invalid keys: routing_keys/],
    ["an unknown key of the protocol", (text) => text.replace("insecure:", "insecur:"), /invalid keys: insecur/],
    ["a way to route that it does not have", (text) => text.replace("traceID", "traceid"), /unsupported routing_key/],
    [
      "no backends",
      (text) => text.replace(/hostnames:\n( +- otel-gateway-.*\n)+/, "hostnames: []\n"),
      /hostnames must list/,
    ],
    ["no resolver", (text) => text.replace(/resolver:\n +static:\n.*\n( +- .*\n)+/, "resolver: {}\n"), /no resolvers/],
  ])("%s", async (_, change, reason) => {
    expectRefused(await broken(change), reason);
  });
});
