import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { waitForHealth } from "../../operations/health";
import { AlertReceiver } from "./support/alert-receiver";
import { eventually, getJson } from "./support/eventually";
import { sendTraceAndLine, SENT } from "./support/otlp";
import { docker, exec, leftoversOf, removeLeftovers, runService, TestStack } from "./support/test-stack";

const PASSWORD = "a-given-password-for-grafana";

interface QueryResult {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

/** One stack, brought up once; the tests follow each other in this order. */
describe("a development stack on the real engine", () => {
  let receiver: AlertReceiver;
  let stack: TestStack;
  let outputs: ResolvedOutputs;
  let service: Docker.Container | undefined;

  const url = (program: string) => outputs.urls[program] as string;
  const query = async (expression: string, time?: number) => {
    const at = time === undefined ? "" : `&time=${time}`;
    const { data } = await getJson<QueryResult>(
      `${url("prometheus")}/api/v1/query?query=${encodeURIComponent(expression)}${at}`,
    );
    return data.result;
  };

  beforeAll(async () => {
    receiver = await AlertReceiver.listen();
    stack = await TestStack.create(
      inject("workspace"),
      { services: [{ name: "api-gateway", address: "api-gateway:8000" }] },
      { grafanaAdminPassword: PASSWORD, alertWebhookUrl: receiver.url },
    );
    outputs = await stack.up();
  });

  afterAll(async () => {
    await service?.remove({ force: true });
    await stack?.remove();
    await receiver?.close();
  });

  it("has every program healthy", async () => {
    const states = await waitForHealth(docker, outputs.programs, url("prometheus"), 90);
    expect(states.filter(({ health }) => health !== "healthy")).toEqual([]);
    expect(states).toHaveLength(11);
  });

  it.each([
    ["grafana", "/api/health"],
    ["prometheus", "/-/ready"],
    ["alertmanager", "/-/ready"],
    ["jaeger", "/"],
    ["loki", "/ready"],
    ["node-exporter", "/metrics"],
    ["cadvisor", "/metrics"],
  ])("answers for %s on loopback", async (program, at) => {
    expect(url(program)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(url(program) + at)).status).toBe(200);
  });

  it("shows no change in a preview right after", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });

  it("locks every running container down", async () => {
    for (const [name, id] of Object.entries(await stack.containers())) {
      const { HostConfig, Config } = await docker.getContainer(id).inspect();
      const facts = {
        readOnly: HostConfig.ReadonlyRootfs,
        drops: HostConfig.CapDrop,
        privileged: HostConfig.Privileged,
        newPrivileges: !HostConfig.SecurityOpt?.includes("no-new-privileges:true"),
        limited: (HostConfig.Memory ?? 0) > 0 && (HostConfig.NanoCpus ?? 0) > 0,
        root: Config.User.startsWith("0:"),
      };
      const agent = ["promtail", "cadvisor"].includes(name);
      expect(facts, name).toEqual({
        readOnly: true,
        drops: ["ALL"],
        privileged: false,
        newPrivileges: false,
        limited: true,
        root: agent,
      });
      for (const bindings of Object.values(HostConfig.PortBindings as Record<string, { HostIp: string }[]>)) {
        for (const { HostIp } of bindings) expect(HostIp, name).toBe("127.0.0.1");
      }
    }
  });

  it("keeps secrets out of the state and of what the engine tells about containers", async () => {
    const state = await stack.run.capture(["stack", "export"]);
    const { containers } = await stack.leftovers();
    const inspected = await Promise.all(containers.map((name) => docker.getContainer(name as string).inspect()));
    for (const secret of [PASSWORD, receiver.url]) {
      expect(state.includes(secret)).toBe(false);
      expect(JSON.stringify(inspected).includes(secret)).toBe(false);
    }
    expect(outputs.grafanaAdminPassword).toBe(PASSWORD);
    const file = await exec(`${stack.name}-grafana`, ["cat", "/etc/grafana/secrets/admin-password"]);
    expect(file).toEqual({ code: 0, output: PASSWORD });
  });

  it("lets a program reach only those it talks to", async () => {
    const from = (program: string, address: string) =>
      exec(`${stack.name}-${program}`, ["wget", "-q", "-O", "/dev/null", address]);
    expect((await from("prometheus", "http://alertmanager:9093/-/ready")).code).toBe(0);
    expect((await from("prometheus", "http://loki:3100/ready")).code).toBe(0);
    expect((await from("node-exporter", "http://loki:3100/ready")).output).toMatch(/bad address|can't/);
    expect((await from("postgres-exporter", "http://jaeger:16686/")).output).toMatch(/bad address|can't/);
  });

  it("scrapes a service's metrics and ships its log, by its name", async () => {
    service = await runService({
      name: `${stack.name}-service`,
      network: outputs.services.network,
      alias: "api-gateway",
      script: [
        'mkdir -p /www && echo \'http_requests_total{method="GET",endpoint="/",status="200"} 42\' > /www/metrics',
        "httpd -p 8000 -h /www",
        `while true; do echo '{"level":"warning","message":"hello from ${stack.name}","trace_id":"0af7651916cd43dd8448eb211c80319c"}'; echo 'ERROR no answer'; sleep 1; done`,
      ].join("; "),
    });
    const sample = await eventually(
      "the service's metric in Prometheus",
      async () => (await query("http_requests_total"))[0],
    );
    expect(sample.metric).toMatchObject({ service: "api-gateway", owner: "platform", job: "services", status: "200" });
    expect(sample.value[1]).toBe("42");

    const selector = encodeURIComponent(
      `{service="api-gateway", level="warn"} |= "${stack.name}" | trace_id="0af7651916cd43dd8448eb211c80319c"`,
    );
    type Streams = { data: { result: { stream: Record<string, string> }[] } };
    const stream = await eventually(
      "the service's line in Loki",
      async () =>
        (await getJson<Streams>(`${url("loki")}/loki/api/v1/query_range?query=${selector}&since=5m`)).data.result[0],
    );
    expect(stream.stream).toMatchObject({ container: `${stack.name}-service`, environment: stack.name });
  });

  it("stores a trace, makes span metrics of it and keeps a log line sent with it", async () => {
    const { traceId, spanName, line, service: sender } = SENT;
    await sendTraceAndLine(url("otel-collector"));

    type Traces = { data: { spans: { operationName: string }[] }[] };
    const trace = await eventually(
      "the trace in Jaeger",
      async () => (await getJson<Traces>(`${url("jaeger")}/api/traces/${traceId}`)).data[0],
    );
    expect(trace.spans.map(({ operationName }) => operationName)).toEqual([spanName]);

    const metric = await eventually(
      "span metrics in Prometheus",
      async () => (await query(`traces_span_metrics_calls_total{service_name="${sender}"}`))[0],
    );
    expect(metric.metric).toMatchObject({ span_name: spanName, span_kind: "SPAN_KIND_SERVER" });
    await eventually(
      "the span's duration",
      async () => (await query(`traces_span_metrics_duration_milliseconds_bucket{service_name="${sender}"}`))[0],
    );

    type Streams = { data: { result: { values: [string, string][] }[] } };
    const selector = encodeURIComponent(`{service_name="${sender}"} | trace_id="${traceId}"`);
    const found = await eventually(
      "the line sent as OTLP in Loki",
      async () =>
        (await getJson<Streams>(`${url("loki")}/loki/api/v1/query_range?query=${selector}&since=5m`)).data.result[0]
          ?.values[0],
    );
    expect(found[1]).toBe(line);

    // What the dashboards' error panels ask for: lines that were shipped and lines that were sent.
    type Vector = { data: { result: { metric: { service_name: string } }[] } };
    const errors = encodeURIComponent(
      'sum by (service_name) (count_over_time({service_name=~".+"} | detected_level=~"error|critical|fatal" [5m]))',
    );
    const services = await eventually("errors of both services in one panel", async () => {
      const { data } = await getJson<Vector>(`${url("loki")}/loki/api/v1/query?query=${errors}`);
      const names = data.result.map(({ metric }) => metric.service_name);
      return ["api-gateway", sender].every((name) => names.includes(name)) ? names : undefined;
    });
    expect(services).toContain(sender);
  });

  it("measures the machine and its containers", async () => {
    const expressions = [
      "node_memory_MemAvailable_bytes",
      'container_network_receive_bytes_total{id="/"}',
      `container_memory_working_set_bytes{name="${stack.name}-loki"}`,
    ];
    for (const expression of expressions) {
      const sample = await eventually(expression, async () => (await query(expression))[0], 30);
      expect(Number(sample.value[1])).toBeGreaterThan(0);
    }
  });

  it("replaces only Prometheus when a rule file changes, keeps its samples, and sends the new rule's alert", async () => {
    const before = await stack.containers();
    const then = Date.now() / 1_000;
    const samples = await query("count(up)", then);
    expect(samples[0]?.value[1]).toBe("12");
    const file = path.join(stack.folder, "configs/prometheus/rules/custom.yaml");
    const rules = await readFile(file, "utf8");
    const rule = {
      alert: "TestOfTheWebhook",
      expr: "vector(1)",
      labels: { severity: "critical", category: "critical", owner: "platform", service: "test" },
    };
    await writeFile(
      file,
      rules.replace(/^groups: \[\]$/m, `groups: ${JSON.stringify([{ name: "test", interval: "2s", rules: [rule] }])}`),
    );

    outputs = await stack.up();
    const after = await stack.containers();
    const replaced = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(replaced).toEqual(["prometheus"]);
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());

    expect((await eventually("Prometheus after its replacement", () => query("count(up)", then)))[0]?.value[1]).toBe(
      "12",
    );
    const alert = await eventually(
      "the alert at the webhook",
      () => Promise.resolve(receiver.alert("TestOfTheWebhook")),
      90,
    );
    expect(alert).toMatchObject({ status: "firing", labels: { severity: "critical", environment: stack.name } });
    expect(receiver.alert("Watchdog")).toBeDefined();
  });

  it("refuses a rule file that Prometheus would not take, and keeps the rules that it has", async () => {
    type Rules = { data: { groups: { name: string; file: string; rules: { name: string; query: string }[] }[] } };
    const rules = async () => {
      const { data } = await getJson<Rules>(`${url("prometheus")}/api/v1/rules`);
      return data.groups.map(({ name, file, rules }) => ({
        name,
        file,
        rules: rules.map(({ name, query }) => [name, query]),
      }));
    };
    const before = { containers: await stack.containers(), rules: await rules() };
    expect(before.rules.flatMap((group) => group.rules)).toContainEqual(["TestOfTheWebhook", "vector(1)"]);
    const file = path.join(stack.folder, "configs/prometheus/rules/custom.yaml");
    const good = await readFile(file, "utf8");
    await writeFile(file, good.replace("vector(1)", "rate(up[5m], 3) > 0"));
    await expect(stack.run.capture(["up", "--yes", "--skip-preview"])).rejects.toThrow(
      /custom\.yaml:\d+: rate\(\) takes 1 argument, not 2\. Write it as rate\(range\)/,
    );
    await writeFile(file, good);
    expect({ containers: await stack.containers(), rules: await rules() }).toEqual(before);
  });

  it("brings back a container that was removed, with its data", async () => {
    const { prometheus } = await stack.containers();
    await docker.getContainer(prometheus as string).remove({ force: true });
    await stack.run.capture(["refresh", "--yes", "--skip-preview"]);
    outputs = await stack.up();
    const states = await waitForHealth(docker, outputs.programs, url("prometheus"), 60);
    expect(states.filter(({ health }) => health !== "healthy")).toEqual([]);
    expect((await query("count(count_over_time(up[10m]))"))[0]?.value[1]).toBe("12");
  });

  it("refuses bad settings before it creates or changes anything", async () => {
    const before = await stack.containers();
    const file = stack.run.configFile as string;
    const good = await readFile(file, "utf8");
    await appendFile(file, "  pyairtable-monitoring:lokiRetention: -1d\n  pyairtable-monitoring:grafanaPort: 3000\n");
    await expect(stack.run.capture(["up", "--yes", "--skip-preview"])).rejects.toThrow(
      /2 problems(.|\n)*grafanaPort(.|\n)*lokiRetention: got "-1d"/,
    );
    await writeFile(file, good);
    expect(await stack.containers()).toEqual(before);
  });

  it("shows wrong types and unknown keys at once in a plain preview, each with its value and what to do", async () => {
    const file = stack.run.configFile as string;
    const good = await readFile(file, "utf8");
    const bad = { federateFrom: "other:9090", jaegerMaxTraces: "many", resources: "1Gi", lokiRetenton: "3d" };
    const lines = Object.entries(bad).map(([key, value]) => `  pyairtable-monitoring:${key}: ${value}\n`);
    await appendFile(file, lines.join(""));
    const refused = await stack.run.capture(["preview"]).catch((error: unknown) => String(error));
    await writeFile(file, good);
    expect(refused).toContain("the configuration has 4 problems");
    expect(refused).toMatch(/federateFrom: got "other:9090"; expected a list .*config set --path 'federateFrom\[0\]' /);
    expect(refused).toMatch(/jaegerMaxTraces: got "many"; expected a whole number .*config set jaegerMaxTraces /);
    expect(refused).toMatch(/resources: got "1Gi"; expected an object .*config set --path 'resources\.<name>' /);
    expect(refused).toMatch(/lokiRetenton: got a key that does not exist.*Did you mean "lokiRetention"\?/);
  });

  it("leaves nothing but its volumes when it goes", async () => {
    await service?.remove({ force: true });
    service = undefined;
    await stack.run.capture(["destroy", "--yes", "--skip-preview"]);
    const programs = ["alertmanager", "grafana", "jaeger", "loki", "otel-collector", "prometheus", "promtail"];
    expect(await leftoversOf(stack.name)).toEqual({
      containers: [],
      networks: [],
      volumes: programs.map((name) => `${stack.name}-${name}`),
    });
    await removeLeftovers(stack.name);
  });
});
