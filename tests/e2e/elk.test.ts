import { readFile } from "node:fs/promises";
import path from "node:path";

import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { waitForHealth } from "../../operations/health";
import { PROJECT_ROOT } from "../../operations/workspace";
import { Elasticsearch, exporterLogin, filebeatLogin, type Login } from "./support/elk";
import { askLogPanels } from "./support/elk-panels";
import { eventually, getJson, postJson } from "./support/eventually";
import { attempts, emptyLogStorePanels, missingContainers, missingMetrics, valuesBy } from "./support/log-store";
import { cleanIndices } from "./support/jaeger-cleaner";
import { docker, leftoversOf, runService, TestStack } from "./support/test-stack";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const FIRST_LINE = "written while Loki was alone";

/** One stack that changes its log store; the tests follow each other in this order. */
describe("a development stack that goes from Loki over both to Elasticsearch", () => {
  let stack: TestStack;
  let outputs: ResolvedOutputs;
  let service: Docker.Container | undefined;
  let elasticsearch: Elasticsearch;

  const stream = () => `logs-pyairtable-${stack.name}`;
  const switchTo = async (logging: string) => {
    await stack.run.capture(["config", "set", "logging", logging]);
    outputs = await stack.up();
  };
  const unhealthy = async () => {
    const states = await waitForHealth(docker, outputs.programs, outputs.urls.prometheus as string, 120);
    return states.filter(({ health }) => health !== "healthy");
  };
  const linesInLoki = async (text: string) => {
    type Streams = { data: { result: { values: [string, string][] }[] } };
    const query = encodeURIComponent(`{service="api-gateway"} |= "${text}"`);
    const { data } = await getJson<Streams>(`${outputs.urls.loki}/loki/api/v1/query_range?query=${query}&since=30m`);
    return data.result.flatMap(({ values }) => values.map(([, line]) => line));
  };
  const found = (what: string, query: string, index = stream()) =>
    eventually(what, async () => (await elasticsearch.search(index, query))[0], 90);

  const texts = (values: Record<string, string>) =>
    Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

  beforeAll(async () => {
    stack = await TestStack.create(inject("workspace"), { logging: "loki", logstash: false });
    outputs = await stack.up();
    const lines = [
      `{"level":"warning","message":"paid by someone@example.org","trace_id":"${TRACE}","duration_ms":1500}`,
      '127.0.0.1 - "GET /orders?token=1 HTTP/1.1" 503 Service Unavailable',
      '{"level":"error","message":"no card was charged"}',
    ].map((line) => `echo '${line}'`);
    service = await runService({
      name: `${stack.name}-service`,
      network: outputs.services.network,
      alias: "api-gateway",
      script: `echo '${FIRST_LINE}'; while true; do ${lines.join("; ")}; sleep 2; done`,
    });
  });

  afterAll(async () => {
    await service?.remove({ force: true });
    await stack?.remove();
  });

  it("ships to Loki at first", async () => {
    await eventually("the first line in Loki", async () => (await linesInLoki(FIRST_LINE))[0]);
  });

  it("has both stores after the switch, and what Loki had", async () => {
    await switchTo("both");
    elasticsearch = await Elasticsearch.of(stack.name);
    expect(await linesInLoki(FIRST_LINE)).toHaveLength(1);
  });

  it("has every program healthy, and those that run once ended well", async () => {
    expect(await unhealthy()).toEqual([]);
  });

  it("shows no change in a preview right after", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });

  it("finds a container's lines by search, by service, level and trace", async () => {
    const line = await found("the service's line", `trace.id:${TRACE} AND log.level:warn AND service.name:api-gateway`);
    expect(line._index).toMatch(new RegExp(`^[.]ds-${stream()}-`));
    expect(line._source).toMatchObject({
      message: "paid by [redacted]@example.org",
      environment: stack.name,
      stream: "stdout",
      event: { duration: 1_500_000_000 },
      container: { name: `${stack.name}-service` },
      attributes: { duration_ms: 1500 },
    });
    // Filebeat begins with what the engine still has of each log.
    await found("the line from before the switch", `message:"${FIRST_LINE}"`);
    const request = await found("the service's request", "http.response.status_code:503");
    expect(request._source).toMatchObject({ url: { path: "/orders" }, http: { request: { method: "GET" } } });
    expect(await elasticsearch.search(stream(), "attributes.duration_ms:1500")).not.toHaveLength(0);
  });

  it("shows lines in the dashboards' panels of logs, of all services and of one", async () => {
    const ask = () => askLogPanels(elasticsearch, stack.name, outputs.urls.prometheus as string);
    expect(await eventually("lines in every panel", ask)).toBe(4);
  });

  it("measures Elasticsearch for every alert and panel, and counts the containers of the programs around it", async () => {
    const prometheus = outputs.urls.prometheus as string;
    const up = () => valuesBy("job", prometheus, 'up{job="elasticsearch-exporter"} == 1');
    expect(await eventually("the exporter's target", async () => (await up())["elasticsearch-exporter"])).toBe("1");
    expect(await missingMetrics(stack.name)).toEqual([]);
    expect(await emptyLogStorePanels(prometheus)).toEqual([]);
    const missing = await missingContainers(stack.name, prometheus);
    expect(missing).toEqual({ elasticsearch: "0", kibana: "0", filebeat: "0" });
  });

  it("lets the exporter see how the lines are kept, and neither read nor write one", async () => {
    const login = await exporterLogin(stack.name);
    const allowed = { health: 200, settings: 200 };
    const refused = { search: 403, count: 403, add: 403, remove: 403, users: 403, change: 403 };
    expect(await attempts(elasticsearch, login, stream())).toEqual({ ...allowed, ...refused });
    const { body } = await elasticsearch.ask("/_all/_stats", { login });
    const indices = Object.keys((body as { indices: object }).indices);
    expect(indices.filter((index) => !/^[.]ds-logs-pyairtable/.test(index))).toEqual([]);
    expect(indices).not.toEqual([]);
  });

  it("stores lines in the mapping and with the settings of the template", async () => {
    const template = JSON.parse(
      await readFile(path.join(PROJECT_ROOT, "configs/elasticsearch/index-template.json"), "utf8"),
    ) as { template: { mappings: { properties: object } } };
    const { body } = await elasticsearch.ask(`/${stream()}`, { login: elasticsearch.elastic });
    type Index = {
      mappings: { dynamic: string; properties: object };
      settings: { index: Record<string, unknown> };
      data_stream: string;
    };
    const [index] = Object.values(body as Record<string, Index>);
    expect(index?.data_stream).toBe(stream());
    expect(index?.mappings.dynamic).toBe("false");
    expect(index?.mappings.properties).toEqual(template.template.mappings.properties);
    expect(index?.settings.index).toMatchObject({
      codec: "best_compression",
      number_of_shards: "1",
      number_of_replicas: "0",
      lifecycle: { name: "pyairtable-logs" },
    });
  });

  it("waits for no copy of anything, since there is one node", async () => {
    const ask = async () => (await elasticsearch.ask("/_cluster/health", { login: elasticsearch.elastic })).body;
    expect(await ask()).toMatchObject({ status: "green", unassigned_shards: 0 });
  });

  it("keeps the lifecycle that the retention asks for", async () => {
    type Policies = Record<string, { policy: { phases: Record<string, { min_age: string }> } }>;
    const { body } = await elasticsearch.ask("/_ilm/policy/pyairtable-logs", { login: elasticsearch.elastic });
    const { phases } = (body as Policies)["pyairtable-logs"]?.policy ?? { phases: {} };
    expect(phases).toMatchObject({
      hot: { min_age: "0ms" },
      warm: { min_age: "72h" },
      cold: { min_age: "288h" },
      delete: { min_age: "720h" },
    });
  });

  it("lets the writer add to its own stream, and do nothing else", async () => {
    const login = await filebeatLogin(stack.name);
    const document = { "@timestamp": new Date().toISOString(), message: "by hand" };
    const status = async (method: string, at: string, body?: unknown) =>
      (await elasticsearch.ask(at, { method, login, ...(body === undefined ? {} : { body }) })).status;
    expect({
      add: await status("POST", `/${stream()}/_doc`, document),
      elsewhere: await status("POST", "/other/_doc", document),
      otherStream: await status("POST", `/logs-pyairtable.otlp-${stack.name}/_doc`, document),
      change: await status("POST", `/${stream()}/_update/1`, { doc: document }),
      read: await status("GET", `/${stream()}/_search`),
      remove: await status("DELETE", `/${stream()}`),
      users: await status("GET", "/_security/user"),
      settings: await status("PUT", "/_cluster/settings", { persistent: { "cluster.max_shards_per_node": 2 } }),
    }).toEqual({
      add: 201,
      elsewhere: 403,
      otherStream: 403,
      change: 403,
      read: 403,
      remove: 403,
      users: 403,
      settings: 403,
    });
  });

  it("refuses a wrong password, plain text and a client that does not know its authority", async () => {
    const wrong = await elasticsearch.ask("/", { login: { user: "elastic", password: "not the password" } });
    expect(wrong.status).toBe(401);
    await expect(fetch(`http://${elasticsearch.address}:9200/`)).rejects.toThrow("fetch failed");
    const code = await fetch(`https://${elasticsearch.address}:9200/`).then(
      () => "accepted",
      (error: Error) => (error.cause as { code: string }).code,
    );
    expect(code).toMatch(/UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/);
  });

  it("keeps a line that a service sends as OTLP, in both stores", async () => {
    const record = {
      timeUnixNano: `${Date.now()}000000`,
      severityText: "ERROR",
      severityNumber: 17,
      body: { stringValue: "cart is empty" },
      traceId: TRACE,
      spanId: "00f067aa0ba902b7",
      attributes: texts({ "exception.type": "EmptyCart", "exception.stacktrace": "Traceback" }),
    };
    const resource = {
      attributes: texts({
        "service.name": "checkout",
        "service.version": "1.2.3",
        "service.instance.id": "checkout-1",
        "deployment.environment.name": "shop",
      }),
    };
    const logs = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
    await postJson(`${outputs.urls["otel-collector"]}/v1/logs`, logs);
    const line = await found(
      "the line sent as OTLP",
      `service.name:checkout AND trace.id:${TRACE}`,
      `logs-pyairtable.otlp-${stack.name}`,
    );
    expect(line._source).toMatchObject({ message: "cart is empty", error: { stacktrace: "Traceback" } });
    // Each field is found by its own value, and the level and the environment as Filebeat's lines have them.
    const fields = {
      "service.version": "1.2.3",
      "service.node.name": "checkout-1",
      "service.environment": "shop",
      environment: "shop",
      "log.level": "error",
      "event.severity": "17",
      "error.type": "EmptyCart",
    };
    for (const [field, value] of Object.entries(fields)) {
      const hits = await elasticsearch.search(`logs-pyairtable.otlp-${stack.name}`, `${field}:"${value}"`);
      expect([field, hits.length]).toEqual([field, 1]);
    }
  });

  it("keeps secrets out of the state and of what the engine tells about containers", async () => {
    const { password } = await filebeatLogin(stack.name);
    const state = await stack.run.capture(["stack", "export"]);
    const { containers } = await stack.leftovers();
    const inspected = await Promise.all(containers.map((name) => docker.getContainer(name as string).inspect()));
    const exporter = await exporterLogin(stack.name);
    for (const secret of [password, exporter.password, elasticsearch.elastic.password]) {
      expect(state.includes(secret)).toBe(false);
      expect(JSON.stringify(inspected).includes(secret)).toBe(false);
    }
  });

  it("lets Jaeger's nightly job delete old days of Jaeger's indices, and nothing else", async () => {
    const today = new Date().toISOString().slice(0, 10);
    const indices = ["jaeger-span-2020-01-01", "jaeger-service-2020-01-01", `jaeger-span-${today}`, "other-2020-01-01"];
    const { code, output, left } = await cleanIndices(elasticsearch, stack.name, indices);
    expect(output).toMatch(/deleted 2 indices of days before/);
    expect(code).toBe(0);
    expect(left).toEqual(indices.slice(2));
  });

  it("sets everything up a second time without a change", async () => {
    const setup = docker.getContainer(`${stack.name}-elasticsearch-setup`);
    await setup.start();
    const { StatusCode } = (await setup.wait()) as { StatusCode: number };
    expect(StatusCode).toBe(0);
    const login = await filebeatLogin(stack.name);
    const body = { "@timestamp": new Date().toISOString(), message: "after the second set-up" };
    expect((await elasticsearch.ask(`/${stream()}/_doc`, { method: "POST", login, body })).status).toBe(201);
  });

  it("keeps Elasticsearch's lines and Loki's volume when Loki goes", async () => {
    const before = await found("a line from before", `trace.id:${TRACE}`);
    await switchTo("elk");
    elasticsearch = await Elasticsearch.of(stack.name);
    const time = before._source["@timestamp"] as string;
    // A node that has started is ready before its indices are.
    await found("the line from before", `trace.id:${TRACE} AND @timestamp:"${time}"`);
    const { containers, volumes } = await leftoversOf(stack.name);
    expect(containers.filter((name) => /-(loki|promtail)/.test(name as string))).toEqual([]);
    expect(volumes).toContain(`${stack.name}-loki`);
    await found("a line from after", `trace.id:${TRACE} AND @timestamp:[${new Date().toISOString()} TO *]`);
  });

  it("fails an update whose set-up is refused, and goes on when that was mended", async () => {
    const changed = { ...elasticsearch.elastic, password: "changed by somebody" };
    const setPassword = async (login: Login, password: string) =>
      (await elasticsearch.ask("/_security/user/elastic/_password", { method: "POST", login, body: { password } }))
        .status;
    expect(await setPassword(elasticsearch.elastic, changed.password)).toBe(200);
    await stack.run.capture(["config", "set", "elasticsearchRetention", "20d"]);
    const failure = await stack.up().then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failure).toContain(`${stack.name}-elasticsearch-setup ended with exit code 1`);
    expect(await setPassword(changed, elasticsearch.elastic.password)).toBe(200);
    const [, urn] = /pulumi up --replace '([^']+)'/.exec(failure) as unknown as [string, string];
    await stack.run.capture(["up", "--yes", "--skip-preview", "--replace", urn]);
    expect(await unhealthy()).toEqual([]);
  });

  it("finds in Loki what Loki had, when it comes back, and keeps Elasticsearch's volume", async () => {
    await switchTo("loki");
    await eventually("the first line in Loki again", async () => (await linesInLoki(FIRST_LINE))[0]);
    const { containers, volumes } = await leftoversOf(stack.name);
    expect(containers.filter((name) => /-(elasticsearch|kibana|filebeat)/.test(name as string))).toEqual([]);
    expect(volumes).toContain(`${stack.name}-elasticsearch`);
  });
});
