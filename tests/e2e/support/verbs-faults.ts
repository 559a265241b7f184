import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { postJson } from "./eventually";
import { docker } from "./test-stack";

/** Writes mistakes into a checkout's files, which a deploy takes to the programs. */
export async function writeMistakes(checkout: string): Promise<void> {
  const edit = async (file: string, from: string | RegExp, to: string) => {
    const at = path.join(checkout, "configs", file);
    const before = await readFile(at, "utf8");
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} has nothing that matches ${String(from)}`);
    await writeFile(at, after);
  };
  const rule = { record: "test:broken", expr: "vector(1) + on() group_left() (up or vector(1))" };
  const groups = [{ name: "test", interval: "2s", rules: [rule] }];
  await edit("prometheus/rules/custom.yaml", /^groups: \[\]$/m, `groups: ${JSON.stringify(groups)}`);
  await edit("grafana/provisioning/datasources/datasources.yaml", "http://loki:3100", "http://prometheus:9090");
}

/** How many batches the collector's queue to an exporter takes. */
const QUEUE = 1_000;
const AT_ONCE = 50;

/**
 * Sends a collector more traces, one by one, than its queue takes while Jaeger is out of reach.
 *
 * @param otlp the collector's address for OTLP over HTTP.
 */
export async function fillQueue(otlp: string): Promise<void> {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "test" } }] };
  const span = (index: number) => ({
    traceId: index.toString(16).padStart(32, "0"),
    spanId: index.toString(16).padStart(16, "0"),
    name: "queued",
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}000000`,
  });
  const send = (index: number) =>
    postJson(`${otlp}/v1/traces`, { resourceSpans: [{ resource, scopeSpans: [{ spans: [span(index)] }] }] });
  for (let sent = 1; sent <= QUEUE * 1.1; sent += AT_ONCE) {
    // Once the queue is full, the collector refuses.
    await Promise.allSettled(Array.from({ length: AT_ONCE }, (_, more) => send(sent + more)));
  }
}

/** Two rounds, so that Prometheus sees the count of refused lines grow. */
export async function offerOldLines(loki: string): Promise<void> {
  const old = `${Date.now() - 30 * 86_400_000}000000`;
  const streams = [{ stream: { service_name: "test" }, values: [[old, "too old"]] }];
  for (let round = 0; round < 2; round += 1) {
    const refused = await postJson(`${loki}/loki/api/v1/push`, { streams }).then(
      () => false,
      () => true,
    );
    if (!refused) throw new Error("Loki took a line of last month");
    await sleep(2_500);
  }
}

/** Takes a container off the networks where another one reaches it; at the edge it stays published. */
export async function separate(container: string, other: string): Promise<void> {
  const networksOf = async (name: string) =>
    Object.keys((await docker.getContainer(name).inspect()).NetworkSettings.Networks);
  const others = new Set(await networksOf(other));
  for (const network of await networksOf(container)) {
    if (others.has(network) && !network.endsWith("-edge"))
      await docker.getNetwork(network).disconnect({ Container: container });
  }
}
