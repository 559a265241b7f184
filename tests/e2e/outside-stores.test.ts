/** A stack with Kafka, a bucket for Loki's lines and a database to watch, all of them real, with TLS and a login. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { waitForHealth } from "../../operations/health";
import { DockerClient } from "../../operations/platform/docker";
import { eventually, getJson } from "./support/eventually";
import { sendTraceAndLine, SENT } from "./support/otlp";
import { BUCKET, OutsideStores } from "./support/outside-stores";
import { docker, TestStack, uniqueName } from "./support/test-stack";

const DAY = 86_400_000;
const KAFKA = { user: "otel", password: "a-password-for-kafka" };
const OBJECTS = { user: "loki", password: "a-secret-key-for-loki" };
const POSTGRES = { user: "watcher", password: "a-password-for-postgres" };

describe("a stack with Kafka, a bucket and a database of one's own", () => {
  let stores: OutsideStores;
  let stack: TestStack;
  let outputs: ResolvedOutputs;

  const url = (program: string) => outputs.urls[program] as string;
  type Traces = { data: { spans: { operationName: string }[] }[] };
  const trace = (id: string) =>
    eventually(
      `the trace ${id} in Jaeger`,
      async () => (await getJson<Traces>(`${url("jaeger")}/api/traces/${id}`)).data[0],
      120,
    );
  type Lines = { data: { result: { values: [string, string][] }[] } };
  const lines = (seconds = 60) =>
    eventually(
      "the line in Loki",
      async () => {
        const query = encodeURIComponent(`{service_name="${SENT.service}"}`);
        const { data } = await getJson<Lines>(`${url("loki")}/loki/api/v1/query_range?query=${query}&since=1h`);
        return data.result[0]?.values.map(([, text]) => text);
      },
      seconds,
    );

  beforeAll(async () => {
    stores = await OutsideStores.start(uniqueName(), { kafka: KAFKA, objects: OBJECTS, postgres: POSTGRES });
    const { authority, network } = stores;
    stack = await TestStack.create(
      inject("workspace"),
      {
        servicesNetwork: network,
        kafka: { brokers: ["kafka:9092"], user: KAFKA.user, authority },
        lokiObjectStorage: {
          endpoint: "https://objects:9000",
          bucket: BUCKET,
          region: "us-east-1",
          accessKeyId: OBJECTS.user,
          forcePathStyle: true,
          from: new Date(Date.now() - DAY).toISOString().slice(0, 10),
          authority,
        },
        postgresUser: POSTGRES.user,
        postgresSslMode: "verify-full",
        postgresCaCertificate: authority,
      },
      {
        kafkaPassword: KAFKA.password,
        lokiObjectStorageSecretKey: OBJECTS.password,
        postgresPassword: POSTGRES.password,
      },
    );
    outputs = await stack.up();
  });

  afterAll(async () => {
    await stack?.remove();
    await stores?.remove();
  });

  it("has every program healthy", async () => {
    const states = await waitForHealth(docker, outputs.programs, url("prometheus"), 120);
    expect(states.filter(({ health }) => health !== "healthy")).toEqual([]);
  });

  it("brings a trace and a line through Kafka to Jaeger and Loki", async () => {
    await sendTraceAndLine(url("otel-collector"));
    expect((await trace(SENT.traceId)).spans.map(({ operationName }) => operationName)).toEqual([SENT.spanName]);
    expect(await lines()).toEqual([expect.stringContaining(SENT.line)]);
    const read = ["current_offset", "offset_lag", "records"].map((metric) => `otelcol_kafka_receiver_${metric}`);
    const names = await eventually("the series that the alerts about Kafka read", async () => {
      const query = encodeURIComponent(
        `count by (__name__) ({__name__=~"${read.join("|")}", topic="${stack.name}.traces"})`,
      );
      type Answer = { data: { result: { metric: { __name__: string } }[] } };
      const { data } = await getJson<Answer>(`${url("prometheus")}/api/v1/query?query=${query}`);
      return data.result.length === read.length ? data.result.map(({ metric }) => metric.__name__) : undefined;
    });
    expect(names.sort()).toEqual(read);
    const behind = encodeURIComponent('ALERTS{alertname=~"Kafka.*"}');
    expect(await getJson(`${url("prometheus")}/api/v1/query?query=${behind}`)).toMatchObject({ data: { result: [] } });
  });

  it("watches a database that takes nobody without TLS and a password", async () => {
    type Answer = { data: { result: { value: [number, string] }[] } };
    const up = () => getJson<Answer>(`${url("prometheus")}/api/v1/query?query=pg_up`);
    await eventually("pg_up", async () => (await up()).data.result[0]?.value[1] === "1" || undefined);
  });

  it("keeps what services send while Kafka is away", async () => {
    const kafka = stores.container("kafka");
    await kafka.stop({ t: 20 });
    const id = "5bf92f3577b34da6a3ce929d0e0e4737";
    await sendTraceAndLine(url("otel-collector"), id);
    await kafka.start();
    expect((await trace(id)).spans).toHaveLength(1);
  });

  it("finds lines in the bucket when Loki's volume is lost", async () => {
    const name = `${stack.name}-loki`;
    const before = await lines();
    await fetch(`${url("loki")}/flush`, { method: "POST" });
    // Loki's one tenant has this name; what else it keeps there comes without a line.
    const chunk = new RegExp(`/${BUCKET}/fake/`);
    await eventually(
      "chunks in the bucket",
      async () => (await stores.objects()).some((file) => chunk.test(file)) || undefined,
    );
    await docker.getContainer(name).stop({ t: 60 });
    const { Mounts } = await docker.getContainer(name).inspect();
    const volume = Mounts.find(({ Destination }) => Destination === "/loki")?.Name;
    await new DockerClient(docker, stack.name, "none").inVolume(volume ?? "", "rm -rf ./*");
    await docker.getContainer(name).start();
    expect(await lines(120)).toEqual(before);
  });

  it("shows no change in a preview after all that", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });
});
