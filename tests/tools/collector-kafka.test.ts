import { describe, expect, it, vi } from "vitest";

import { bodiesOf } from "../../operations/verify/signals";
import { receiveOtlp, startCollector, useRenderedCollectors, type CollectorCase } from "./support/collector";
import { freePorts } from "../../toolchain/free-ports";
import { get, post } from "./support/daemon";
import { useTool } from "./support/tool";

const STACK: CollectorCase = "Kafka on Docker";

const otelcol = useTool("otelcol");
const rendered = useRenderedCollectors([STACK]);

describe("a collector whose Kafka is away", () => {
  it("starts, takes what it is sent, and keeps it", async () => {
    const { kafka } = await freePorts("kafka");
    const stored: string[] = [];
    const sink = await receiveOtlp((path) => stored.push(path));
    const { http, metrics } = await startCollector(otelcol.path(), rendered(STACK), "otel-collector", (config) => {
      const away = { brokers: [`127.0.0.1:${kafka}`], tls: undefined, auth: undefined };
      Object.assign(config.receivers.kafka as object, away);
      Object.assign(config.exporters.kafka as object, away);
      config.exporters["otlphttp/loki"] = { endpoint: sink, encoding: "json", compression: "none" };
      config.exporters["otlp/jaeger"] = { ...config.exporters["otlp/jaeger"], endpoint: "127.0.0.1:1" };
    });
    const { trace, log } = bodiesOf({ id: "a".repeat(32), value: 1, at: Date.now() });
    await post(`${http}/v1/traces`, trace);
    await post(`${http}/v1/logs`, log);
    await vi.waitFor(
      async () => {
        const text = await get(metrics);
        expect(text).toMatch(/otelcol_receiver_accepted_spans\{[^}]*receiver="otlp"[^}]*\} [1-9]/);
        expect(text).toMatch(/otelcol_receiver_accepted_log_records\{[^}]*receiver="otlp"[^}]*\} [1-9]/);
      },
      { timeout: 20_000, interval: 200 },
    );
    // Nothing goes to the stores past Kafka.
    expect(stored).toEqual([]);
  });
});
