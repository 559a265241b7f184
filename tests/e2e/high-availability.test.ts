/** The parts of the production stack that have several copies, as pods that run: what the copies do together. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { whyNoRealNode } from "../../toolchain/cluster/real-cluster";
import type { ClusterView } from "./support/cluster-objects";
import { eventually, getJson, postJson } from "./support/eventually";
import { NodeStack } from "./support/node-stack";
import type { NodeAccess } from "./support/real-node";
import { SERVICE, TRACE } from "./support/shop";
import type { TestStack } from "./support/test-stack";

const COPIES = { alertmanager: 3, elasticsearch: 3, prometheus: 2, "otel-gateway": 2 };

describe.skipIf(whyNoRealNode() !== undefined)("a stack with several copies of its programs, on a real node", () => {
  let all: NodeStack;
  let view: ClusterView;
  let node: NodeAccess;
  let stack: TestStack;

  beforeAll(async () => {
    all = await NodeStack.up(inject("workspace"), {
      logging: "elk",
      logstash: false,
      replicas: COPIES,
      collectorGateway: true,
      jaegerStorage: "elasticsearch",
    });
    ({ view, node, stack } = all);
  });

  afterAll(() => all?.remove());

  const each = async <T>(program: keyof typeof COPIES, port: number, path: string): Promise<T[]> => {
    const indices = Array.from({ length: COPIES[program] }, (_, index) => index);
    const urls = await Promise.all(indices.map((index) => node.forward(stack.name, program, port, index)));
    return Promise.all(urls.map((url) => getJson<T>(`${url}${path}`)));
  };
  type Health = { status: string; number_of_nodes: number; unassigned_shards: number };
  const whole = () =>
    eventually(
      "three nodes with a copy of each shard",
      async () => {
        const health = await all.elasticsearch<Health>("/_cluster/health");
        return health.status === "green" && health.number_of_nodes === 3 ? health : undefined;
      },
      240,
    );
  type Found = { hits: { hits: { _id: string; _source: { message: string } }[] } };
  const lines = (query: string) =>
    eventually(
      `lines with ${query}`,
      async () => {
        const { hits } = await all.elasticsearch<Found>(`/logs-*/_search?size=1&q=${encodeURIComponent(query)}`);
        return hits.hits[0];
      },
      120,
    );

  // The service also complains, while it does not find the collector yet.
  const LINE = `service.name:${SERVICE} AND message:hello`;

  it("has every copy ready", async () => {
    const readiness = await view.readiness(stack.name);
    for (const [name, count] of Object.entries(COPIES))
      expect([name, readiness[`statefulset/${name}`]]).toEqual([name, `${count} of ${count}`]);
    expect(Object.entries(readiness).filter(([, state]) => !/^(\d+) of \1$|^complete$/.test(state))).toEqual([]);
  });

  it("has the service's log line in Elasticsearch", async () => {
    expect((await lines(LINE))._source.message).toContain(`hello from ${stack.name}`);
  });

  it("keeps a log line on two nodes of Elasticsearch, and finds it when one of three is gone", async () => {
    const { _id } = await lines(LINE);
    expect(await whole()).toMatchObject({ unassigned_shards: 0 });
    const before = (await node.pods(stack.name, "elasticsearch")).map(({ metadata }) => metadata?.uid);
    const pod = `/api/v1/namespaces/${stack.name}/pods/elasticsearch-2`;
    await view.client.call("DELETE", pod, { query: { gracePeriodSeconds: "0" } });
    expect((await lines(`_id:"${_id}"`))._id).toBe(_id);
    await whole();
    const after = (await node.pods(stack.name, "elasticsearch")).map(({ metadata }) => metadata?.uid);
    expect(after.filter((uid) => !before.includes(uid))).toHaveLength(1);
  });

  it("has three Alertmanagers that know each other, and share silences and alerts of both Prometheus", async () => {
    type Status = { cluster: { status: string; peers: unknown[] } };
    for (const { cluster } of await each<Status>("alertmanager", 9093, "/api/v2/status"))
      expect([cluster.status, cluster.peers.length]).toEqual(["ready", 3]);
    await postJson(`${await node.forward(stack.name, "alertmanager", 9093, 0)}/api/v2/silences`, {
      matchers: [{ name: "service", value: "nothing", isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: "test",
      comment: "said to one of three",
    });
    type Silence = { comment: string };
    await eventually("the silence at all three", async () => {
      const known = await each<Silence[]>("alertmanager", 9093, "/api/v2/silences");
      return known.every((silences) => silences.some(({ comment }) => comment === "said to one of three")) || undefined;
    });
    type Alert = { labels: Record<string, string> };
    await eventually("one watchdog at each, though two Prometheus send it", async () => {
      const known = await each<Alert[]>("alertmanager", 9093, "/api/v2/alerts?filter=alertname=Watchdog");
      return known.every((alerts) => alerts.length === 1) || undefined;
    });
    const [alerts] = await each<Alert[]>("alertmanager", 9093, "/api/v2/alerts?filter=alertname=Watchdog");
    expect(alerts?.[0]?.labels).not.toHaveProperty("prometheus_replica");
  });

  it("has the service's metric in both Prometheus, told apart by their replica label elsewhere only", async () => {
    type Answer = { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
    const query = `/api/v1/query?query=${encodeURIComponent("http_requests_total")}`;
    for (const { data } of await each<Answer>("prometheus", 9090, query)) {
      expect(data.result.map(({ value }) => value[1])).toEqual(["42"]);
      expect(data.result[0]?.metric).not.toHaveProperty("prometheus_replica");
    }
  });

  it("brings a trace by the agent and one of two gateways into Elasticsearch, where Jaeger finds it", async () => {
    const jaeger = await node.forward(stack.name, "jaeger", 16686);
    type Traces = { data: { spans: { operationName: string }[] }[] };
    const trace = await eventually(
      "the trace in Jaeger",
      async () => (await getJson<Traces>(`${jaeger}/api/traces/${TRACE}`)).data[0],
      120,
    );
    expect(trace.spans[0]?.operationName).toBe("GET /cart");
    type Indices = { index: string; rep: string }[];
    const indices = await all.elasticsearch<Indices>("/_cat/indices/jaeger-span-*?format=json&h=index,rep");
    expect(indices.map(({ rep }) => Number(rep))).toEqual([1]);
  });

  it("deletes Jaeger's old days by its nightly job, under the job's own user", async () => {
    const old = "jaeger-span-2020-01-01";
    expect(await all.elasticsearch(`/${old}`, "-X", "PUT")).toMatchObject({ acknowledged: true });
    const jobs = `/apis/batch/v1/namespaces/${stack.name}`;
    type Nightly = { metadata: { name: string }; spec: { jobTemplate: { spec: object } } };
    const [nightly, ...more] = await view.list<Nightly>(`${jobs}/cronjobs`);
    expect(more).toEqual([]);
    const name = `${nightly?.metadata.name}-by-hand`;
    const body = { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: nightly?.spec.jobTemplate.spec };
    await view.client.call("POST", `${jobs}/jobs`, { body });
    await eventually("the job's end", async () => {
      const state = (await view.readiness(stack.name))[`job/${name}`];
      return state === "complete" || undefined;
    });
    expect(await all.elasticsearch(`/${old}`)).toMatchObject({ status: 404 });
    await view.client.call("DELETE", `${jobs}/jobs/${name}`, { query: { propagationPolicy: "Background" } });
  });

  it("shows no change in a preview after all that", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });
});
