import { beforeAll, describe, expect, it } from "vitest";

import type { StackOutputs } from "../components/stack-outputs";
import { recordResources, type Recorder } from "./support/mocks";
import { textOf } from "./support/outputs";
import { runProgram } from "./support/run-program";

/** The programs of a development stack. */
const PROGRAMS = [
  ...["alertmanager", "cadvisor", "grafana", "jaeger", "loki", "node-exporter"],
  ...["otel-collector", "postgres-exporter", "prometheus", "promtail", "redis-exporter"],
];

const FILES = ["alertmanager", "grafana", "prometheus"];

const EXPECTED = [
  "pyairtable:exporters:Exporters exporters",
  "pyairtable:logging:LokiLogging logging",
  "pyairtable:metrics:MetricsStack metrics",
  "pyairtable:platform:DockerPlatform docker",
  "pyairtable:security:Credentials credentials",
  "pyairtable:tracing:TracingStack tracing",
  "random:index/randomPassword:RandomPassword credentials-grafana-admin-password",
  "random:index/randomPassword:RandomPassword credentials-root",
  ...[
    "from-grafana-jaeger-otel-collector",
    "from-grafana-otel-collector-prometheus-promtail",
    "from-grafana-prometheus",
    "from-prometheus",
    "edge",
    "services",
  ].map((segment) => `docker:index/network:Network docker-${segment}`),
  ...[
    "metrics-alertmanager-alertmanager",
    "metrics-grafana-grafana",
    "metrics-prometheus-prometheus",
    "tracing-jaeger-jaeger",
    "tracing-otel-collector-otel-collector",
    "logging-loki-loki",
    "logging-promtail-promtail",
  ].map((name) => `docker:index/volume:Volume ${name}-data`),
  ...[
    ...FILES.flatMap((name) => [`metrics-${name}`, `metrics-${name}-files`]),
    ...["jaeger", "otel-collector"].flatMap((name) => [
      `tracing-${name}`,
      `tracing-${name}-files`,
      `tracing-${name}-${name}-prepare`,
    ]),
    ...["loki", "promtail"].flatMap((name) => [`logging-${name}`, `logging-${name}-files`]),
    ...["cadvisor", "node-exporter", "postgres-exporter", "redis-exporter"].map((name) => `exporters-${name}`),
  ].map((name) => `docker:index/container:Container ${name}`),
].sort();

/** Image resources are listed apart, by the reference that they pull. */
const IMAGES = [
  "busybox",
  "ghcr.io/google/cadvisor",
  "grafana/grafana",
  "grafana/loki",
  "grafana/promtail",
  "jaegertracing/jaeger",
  "oliver006/redis_exporter",
  "otel/opentelemetry-collector-contrib",
  "quay.io/prometheus/alertmanager",
  "quay.io/prometheus/node-exporter",
  "quay.io/prometheus/prometheus",
  "quay.io/prometheuscommunity/postgres-exporter",
];

const URLS: Readonly<Record<string, string>> = {
  alertmanager: "http://127.0.0.1:9093",
  cadvisor: "http://127.0.0.1:8080",
  grafana: "http://127.0.0.1:3001",
  jaeger: "http://127.0.0.1:16686",
  loki: "http://127.0.0.1:3100",
  "node-exporter": "http://127.0.0.1:9100",
  prometheus: "http://127.0.0.1:9090",
};

/** The only capabilities beyond none. */
const ADDED: Readonly<Record<string, { adds: string[] }>> = {
  "exporters-cadvisor": { adds: ["CAP_SYSLOG"] },
  "tracing-jaeger-jaeger-prepare": { adds: ["CAP_CHOWN"] },
  "tracing-otel-collector-otel-collector-prepare": { adds: ["CAP_CHOWN"] },
};

const MARK = "secretmark";

interface Published {
  readonly external: number;
  readonly ip: string;
}

/** Containers that run: a holder of files never does. */
const running = (recorder: Recorder) => recorder.ofKind("Container").filter(({ inputs }) => inputs.start !== false);

describe("the dev stack", () => {
  let recorder: Recorder;
  let outputs: StackOutputs;
  beforeAll(async () => {
    recorder = await recordResources("dev");
    outputs = await runProgram(recorder);
  });

  it("consists of exactly these resources", () => {
    const others = recorder.registrations.filter(({ type }) => !type.endsWith(":RemoteImage"));
    expect(others.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(EXPECTED);
  });

  it("pulls exactly these images", () => {
    const references = recorder.ofKind("RemoteImage").map(({ inputs }) => String(inputs.name));
    expect(references.map((reference) => reference.replace(/:[^:]*$/, "")).sort()).toEqual(IMAGES);
  });

  it("gives every resource a name of its own, and every object on the engine too", () => {
    const names = recorder.registrations.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const kind of ["Container", "Network", "Volume"]) {
      const objects = recorder.ofKind(kind).map(({ inputs }) => String(inputs.name));
      expect(objects.filter((name, index) => objects.indexOf(name) !== index)).toEqual([]);
      expect(objects.filter((name) => !name.startsWith("pyairtable-dev-"))).toEqual([]);
    }
  });

  it("limits every container, to what the platform's guide gives where it says so", () => {
    const containers = recorder.ofKind("Container");
    for (const { inputs } of containers) {
      expect(inputs.memory).toBeGreaterThan(0);
      expect(Number(inputs.cpus)).toBeGreaterThan(0);
    }
    const limits = (name: string) => {
      const { memory, cpus } = recorder.named(name).inputs;
      return [memory, cpus];
    };
    expect(limits("metrics-prometheus")).toEqual([512, "0.5"]);
    expect(limits("metrics-grafana")).toEqual([256, "0.3"]);
    expect(limits("logging-loki")).toEqual([512, "0.4"]);
  });

  it("locks every container down", () => {
    for (const { name, inputs } of recorder.ofKind("Container")) {
      expect([name, inputs.privileged]).toEqual([name, false]);
      const options = ["no-new-privileges:true", ...(name === "exporters-node-exporter" ? ["label=disable"] : [])];
      expect([name, inputs.securityOpts]).toEqual([name, options]);
    }
    for (const { name, inputs } of running(recorder)) {
      expect([name, inputs.readOnly]).toEqual([name, true]);
      expect([name, inputs.capabilities]).toEqual([name, { drops: ["ALL"], ...ADDED[name] }]);
    }
  });

  it("runs programs as root only where it is listed", () => {
    const root = running(recorder).filter(({ inputs }) => String(inputs.user).startsWith("0:"));
    expect(root.map(({ name }) => name)).toEqual([
      "exporters-cadvisor",
      "logging-promtail",
      "tracing-jaeger-jaeger-prepare",
      "tracing-otel-collector-otel-collector-prepare",
    ]);
  });

  it("publishes the guide's ports, on loopback", () => {
    const published = recorder.ofKind("Container").flatMap(({ inputs }) => (inputs.ports ?? []) as Published[]);
    expect(published.map(({ external }) => external).sort((a, b) => a - b)).toEqual([
      3001, 3100, 8080, 9090, 9093, 9100, 16_686,
    ]);
    expect(new Set(published.map(({ ip }) => ip))).toEqual(new Set(["127.0.0.1"]));
  });

  it("keeps its volumes when it goes", () => {
    const volumes = recorder.ofKind("Volume");
    expect(volumes.filter(({ options }) => !options.retainOnDelete)).toEqual([]);
    expect(volumes).toHaveLength(7);
  });

  it("shows what an operator and a service need", async () => {
    const { programs, grafanaAdminPassword, grafanaSecretKey, services, ...rest } = outputs;
    expect(rest).toEqual({
      platform: "docker",
      name: "pyairtable-dev",
      urls: URLS,
      grafanaAdminUser: "admin",
      alertChannels: "none: alerts are shown in Alertmanager and sent nowhere",
      productionGaps: [],
    });
    const { network, ...addresses } = services;
    expect(addresses).toEqual({ otlpGrpc: "otel-collector:4317", otlpHttp: "http://otel-collector:4318" });
    expect(await textOf(network)).toEqual({ value: "pyairtable-dev-services", secret: false });
    for (const secret of [grafanaAdminPassword, grafanaSecretKey])
      expect(await textOf(secret)).toMatchObject({ secret: true });
    expect(programs.map(({ name }) => name).sort()).toEqual(PROGRAMS);
    for (const { name, url } of programs) expect(url).toBe(URLS[name] ?? null);
    expect(programs.find(({ name }) => name === "otel-collector")).toEqual({
      name: "otel-collector",
      handle: "pyairtable-dev-otel-collector",
      image: recorder.named("docker-image-opentelemetry-collector-contrib").inputs.name,
      healthSeenBy: "scrape",
      runs: "always",
      url: null,
      port: null,
      memoryLimit: 256 * 2 ** 20,
      data: [expect.objectContaining({ name: "otel-collector" })],
      retention: null,
    });
  });
});

describe("the dev stack with a front door", () => {
  it("publishes that alone, says how to come in, and shows no secret", async () => {
    const recorder = await recordResources("dev");
    const secrets = { otlpToken: `${MARK}-token-of-otlp` };
    const outputs = await runProgram(recorder, secrets, { frontDoor: '{"domain":"localhost"}' });
    const published = recorder.ofKind("Container").flatMap(({ inputs }) => (inputs.ports ?? []) as Published[]);
    expect(published).toMatchObject([{ external: 8443, ip: "127.0.0.1" }]);
    const { urls, programs, frontDoor, services } = outputs;
    expect(urls).toEqual(Object.fromEntries(Object.keys(URLS).map((name) => [name, `https://${name}.localhost:8443`])));
    for (const { name, url } of programs) expect(url).toBe(urls[name] ?? null);
    expect(frontDoor).toMatchObject({ address: "127.0.0.1:8443", user: "operator" });
    expect(await textOf(frontDoor?.password)).toMatchObject({ secret: true });
    expect((await textOf(frontDoor?.authority ?? undefined)).value).toContain("BEGIN CERTIFICATE");
    expect(services.otlpOutside).toBe("https://otlp.localhost:8443");
    const holders = recorder.registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(MARK));
    expect(holders.map(({ name }) => name)).toEqual(["entrance-front-door-files"]);
    expect(recorder.registrations.filter((one) => JSON.stringify(one.shown).includes(MARK))).toEqual([]);
  });
});
