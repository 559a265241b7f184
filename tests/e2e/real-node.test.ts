/** The development stack on a node that is real: pods that run, names that resolve, policies that hold. */
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { PROJECT_ROOT } from "../../operations/workspace";
import { whyNoRealNode } from "../../toolchain/cluster/real-cluster";
import type { ClusterView } from "./support/cluster-objects";
import { emptyQueries, panelsOf } from "./support/demo-panels";
import { eventually, getJson } from "./support/eventually";
import { NodeStack } from "./support/node-stack";
import type { NodeAccess } from "./support/real-node";
import { NAMESPACE, SERVICE, TRACE } from "./support/shop";
import type { TestStack } from "./support/test-stack";

const PROGRAMS = {
  "job/elasticsearch-setup": "complete",
  "job/kibana-setup": "complete",
  "deployment/elasticsearch-exporter": "1 of 1",
  "deployment/kibana": "1 of 1",
  "deployment/postgres-exporter": "1 of 1",
  "deployment/redis-exporter": "1 of 1",
  ...Object.fromEntries(
    ["alertmanager", "elasticsearch", "grafana", "jaeger", "loki", "otel-collector", "prometheus"].map((name) => [
      `statefulset/${name}`,
      "1 of 1",
    ]),
  ),
};
const AGENTS = Object.fromEntries(
  ["filebeat", "node-exporter", "promtail"].map((name) => [`daemonset/${name}`, "1 of 1"]),
);

const refusal = whyNoRealNode();
// The reason belongs into the output: a run in which no pod ran must not look like one in which all did.
if (refusal !== undefined) console.warn(refusal);

describe.skipIf(refusal !== undefined)(`a development stack on a real node${refusal ? `: ${refusal}` : ""}`, () => {
  let all: NodeStack;
  let view: ClusterView;
  let node: NodeAccess;
  let stack: TestStack;
  let prometheus: string;
  let loki: string;

  const agents = () => `${stack.name}-agents`;
  const query = async (expression: string, time?: number) => {
    type Answer = { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
    const at = time === undefined ? "" : `&time=${time}`;
    const url = `${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}${at}`;
    return (await getJson<Answer>(url)).data.result;
  };

  beforeAll(async () => {
    all = await NodeStack.up(inject("workspace"), { logging: "both", logstash: false });
    ({ view, node, stack } = all);
    prometheus = await node.forward(stack.name, "prometheus", 9090);
    loki = await node.forward(stack.name, "loki", 3100);
  });

  afterAll(() => all?.remove());

  it("has every program ready, with no container that was started twice", async () => {
    expect(await view.readiness(stack.name)).toEqual(PROGRAMS);
    expect(await view.readiness(agents())).toEqual(AGENTS);
    const pods = [...(await node.pods(stack.name)), ...(await node.pods(agents()))];
    const starts = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
    const expected = Object.keys({ ...PROGRAMS, ...AGENTS }).map((kindAndName) => `${path.basename(kindAndName)} 0`);
    expect(starts.map(({ name, restartCount }) => `${name} ${restartCount}`).sort()).toEqual(expected.sort());
  });

  it("shows no change in a preview right after", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });

  it("scrapes every program, the service, and the node's kubelet as Prometheus's own account", async () => {
    const jobs = await eventually("all targets up", async () => {
      const samples = await query("up");
      const up = samples.filter(({ value }) => value[1] === "1");
      return up.length === samples.length && up.length >= 14 ? up.map(({ metric }) => metric["job"]) : undefined;
    });
    expect(jobs.sort()).toEqual(
      [
        ...["alertmanager", "cadvisor", "elasticsearch-exporter", "grafana", "jaeger", "kubelet", "loki"],
        ...[
          "node-exporter",
          "otel-collector",
          "postgres-exporter",
          "prometheus",
          "promtail",
          "redis-exporter",
          "services",
        ],
      ].sort(),
    );
  });

  it("measures the node and the containers of its pods", async () => {
    const expressions = [
      "node_memory_MemAvailable_bytes",
      `container_memory_working_set_bytes{namespace="${stack.name}", pod="loki-0", container="loki"}`,
      // How programs without metrics are counted, as they are on Docker.
      `container_last_seen{service="elasticsearch", name="elasticsearch-0/elasticsearch"}`,
      `kubelet_volume_stats_used_bytes{namespace="${stack.name}", persistentvolumeclaim=~"prometheus.*"}`,
    ];
    for (const expression of expressions) {
      const sample = await eventually(expression, async () => (await query(expression))[0]);
      expect(Number(sample.value[1])).toBeGreaterThan(0);
    }
  });

  it("has data in the panels about the cluster's volumes", async () => {
    const stores = { prometheus, loki, scrapeSeconds: 15 };
    const panels = panelsOf(path.join(PROJECT_ROOT, "configs/grafana/dashboards"), stores).filter(({ targets }) =>
      targets.some(({ expr = "" }) => expr.includes("kubelet_")),
    );
    expect(panels).toHaveLength(2);
    await eventually("data in both", async () => {
      const empty = (await Promise.all(panels.map((panel) => emptyQueries(panel, stores)))).flat();
      return empty.length === 0 || undefined;
    });
  });

  it("has the service's metric and log line, by its name", async () => {
    const sample = await eventually("its metric", async () => (await query("http_requests_total"))[0]);
    expect(sample.metric).toMatchObject({ service: SERVICE, owner: "platform", job: "services", status: "200" });
    const selector = encodeURIComponent(`{service="${SERVICE}", level="warn"} |= "hello" | trace_id="${TRACE}"`);
    type Streams = { data: { result: { stream: Record<string, string> }[] } };
    const line = await eventually(
      "its line in Loki",
      async () =>
        (await getJson<Streams>(`${loki}/loki/api/v1/query_range?query=${selector}&since=10m`)).data.result[0],
    );
    expect(line.stream).toMatchObject({
      namespace: NAMESPACE,
      pod: SERVICE,
      container: "main",
      environment: stack.name,
    });
    expect(line.stream).not.toHaveProperty("filename");
  });

  it("has the line in Elasticsearch as well, with the node that it is from", async () => {
    // The service's own tools write lines too, which have no level, while the collector is not there yet.
    const words = `kubernetes.namespace:${NAMESPACE} AND _exists_:kubernetes.node.name AND message:hello`;
    const search = `/logs-*/_search?size=1&q=${encodeURIComponent(words)}`;
    type Found = { hits: { hits: { _source: object }[] } };
    const document = await eventually(
      "its line in Elasticsearch",
      async () => (await all.elasticsearch<Found>(search)).hits.hits[0]?._source,
    );
    expect(document).toMatchObject({
      environment: stack.name,
      host: { name: "node-1" },
      kubernetes: {
        namespace: NAMESPACE,
        pod: { name: SERVICE },
        container: { name: "main" },
        node: { name: "node-1" },
      },
      service: { name: SERVICE },
      log: { level: "warn" },
    });
  });

  it("stores the trace that the service sends by the collector's name, and makes span metrics of it", async () => {
    const jaeger = await node.forward(stack.name, "jaeger", 16686);
    type Traces = { data: { spans: { operationName: string }[] }[] };
    const trace = await eventually(
      "the trace in Jaeger",
      async () => (await getJson<Traces>(`${jaeger}/api/traces/${TRACE}`)).data[0],
    );
    expect(trace.spans[0]?.operationName).toBe("GET /cart");
    const metric = await eventually(
      "span metrics in Prometheus",
      async () => (await query('traces_span_metrics_calls_total{service_name="checkout"}'))[0],
    );
    expect(metric.metric).toMatchObject({ span_name: "GET /cart" });
  });

  it("lets a program reach only those it talks to", async () => {
    const from = (program: string, namespace: string, address: string) =>
      node.exec(namespace, program, ["wget", "-q", "-O", "/dev/null", `http://${address}`]);
    expect((await from("prometheus", stack.name, "alertmanager:9093/-/ready")).code).toBe(0);
    expect((await from("prometheus", stack.name, "loki:3100/ready")).code).toBe(0);
    expect((await from("node-exporter", agents(), `loki.${stack.name}:3100/ready`)).code).not.toBe(0);
    expect((await from("alertmanager", stack.name, "prometheus:9090/-/ready")).code).not.toBe(0);
    expect((await from("alertmanager", stack.name, "jaeger:16686/")).code).not.toBe(0);
  });

  it("can be looked into through the API server: logs and commands", async () => {
    expect(await node.log(stack.name, "prometheus")).toContain("Server is ready to receive web requests");
    const { code, output } = await node.exec(stack.name, "prometheus", ["id", "-u"]);
    expect({ code, user: output.trim() }).toEqual({ code: 0, user: "65534" });
    expect((await node.exec(stack.name, "prometheus", ["touch", "/etc/new"])).code).not.toBe(0);
  });

  it("starts a container again in its pod, where the last one's files are still there", async () => {
    const container = async () => {
      const [pod] = await node.pods(stack.name, "elasticsearch");
      return pod?.status?.containerStatuses?.[0];
    };
    await node.exec(stack.name, "elasticsearch", ["sh", "-c", "kill 1"]).catch(() => undefined);
    const state = await eventually(
      "Elasticsearch after its end",
      async () => {
        const status = await container();
        return status !== undefined && status.restartCount > 0 && status.ready ? status : undefined;
      },
      180,
    );
    expect(state.restartCount).toBe(1);
  });

  it("replaces only Prometheus when a rule file changes, and keeps its samples", async () => {
    const names = async () =>
      new Map((await node.pods(stack.name)).map(({ metadata }) => [metadata?.name, metadata?.uid]));
    const then = Date.now() / 1_000;
    const samples = await query("count(up)", then);
    const before = await names();
    const file = path.join(stack.folder, "configs/prometheus/rules/custom.yaml");
    await writeFile(file, `${await readFile(file, "utf8")}\n# changed\n`);
    await stack.run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
    const after = await names();
    expect([...after.keys()].filter((name) => after.get(name) !== before.get(name))).toEqual(["prometheus-0"]);
    const kept = await eventually("samples from before", async () => (await query("count(up)", then))[0]);
    expect(kept.value[1]).toBe(samples[0]?.value[1]);
  });

  it("ships lines through the collector in Promtail's place, with the same labels", async () => {
    await stack.configuredWith({ shipper: "otel-collector" }, (run) =>
      run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]),
    );
    expect(await view.readiness(agents())).toMatchObject({ "daemonset/otel-shipper": "1 of 1" });
    expect(await view.readiness(agents())).not.toHaveProperty("daemonset/promtail");
    // Promtail is gone by now.
    const start = `${Date.now()}000000`;
    const query = `{service="${SERVICE}", level="warn"} |= "hello" | trace_id="${TRACE}"`;
    type Streams = { data: { result: { stream: Record<string, string> }[] } };
    const line = await eventually("a new line in Loki", async () => {
      const url = `${loki}/loki/api/v1/query_range?${new URLSearchParams({ query, start })}`;
      return (await getJson<Streams>(url)).data.result[0];
    });
    const { namespace, pod, container, environment, service_name } = line.stream;
    expect({ namespace, pod, container, environment, service_name }).toEqual({
      namespace: NAMESPACE,
      pod: SERVICE,
      container: "main",
      environment: stack.name,
      service_name: SERVICE,
    });
  });

  it("leaves nothing but its claims when it goes, and their folders go with them", async () => {
    const claims = async () =>
      (await view.list(`/api/v1/namespaces/${stack.name}/persistentvolumeclaims`)).map(({ metadata }) => metadata.name);
    const kept = await claims();
    await stack.run.capture(["destroy", "--yes", "--skip-preview"]);
    expect(await claims()).toEqual(kept);
    expect(await node.pods(stack.name)).toEqual([]);
    expect(await node.pods(agents())).toEqual([]);
    type Volume = { spec: { local: { path: string } } };
    const volumes = await view.list<Volume>("/api/v1/persistentvolumes");
    expect(volumes).toHaveLength(kept.length);
    for (const namespace of [stack.name, agents()]) {
      await view.client.call("DELETE", `/api/v1/namespaces/${namespace}`);
    }
    await eventually("no volume any more", async () =>
      (await view.list("/api/v1/persistentvolumes")).length === 0 ? true : undefined,
    );
    for (const { spec } of volumes) await expect(stat(spec.local.path)).rejects.toThrow(/ENOENT/);
  });
});
