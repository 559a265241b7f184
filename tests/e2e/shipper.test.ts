import { setTimeout as sleep } from "node:timers/promises";

import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { waitForHealth } from "../../operations/health";
import { eventually, getJson } from "./support/eventually";
import { docker, leftoversOf, runService, TestStack } from "./support/test-stack";

/** How long Loki is away: longer than the shipper collects lines before it sends them. */
const AWAY_MS = 15_000;

/** One stack whose lines the collector ships; the tests follow each other in this order. */
describe("a stack with the collector as shipper", () => {
  let stack: TestStack;
  let outputs: ResolvedOutputs;
  let service: Docker.Container | undefined;

  const url = (program: string) => outputs.urls[program] as string;
  type Stream = { stream: Record<string, string>; values: [string, string][] };
  const streamsOf = async (selector: string) => {
    const query = new URLSearchParams({ query: selector, since: "1h", limit: "5000" });
    return (await getJson<{ data: { result: Stream[] } }>(`${url("loki")}/loki/api/v1/query_range?${query}`)).data
      .result;
  };
  // A shipper brings the lines of all containers of the machine, those of other tests too.
  const ofTheService = () => `container="${stack.name}-api-gateway"`;
  const labelsOf = (selector: string) =>
    eventually(`lines of ${selector}`, async () => (await streamsOf(selector))[0]?.stream);
  const expectHealthy = async () => {
    const states = await waitForHealth(docker, outputs.programs, url("prometheus"), 90);
    expect(states.filter(({ health }) => health !== "healthy")).toEqual([]);
  };

  beforeAll(async () => {
    stack = await TestStack.create(inject("workspace"), {
      shipper: "otel-collector",
      services: [{ name: "api-gateway", address: "api-gateway:8000" }],
    });
    outputs = await stack.up();
    service = await runService({
      name: `${stack.name}-api-gateway`,
      network: outputs.services.network,
      alias: "api-gateway",
      script: 'number=0; while :; do number=$((number + 1)); echo "level=error number=$number"; sleep 0.2; done',
      // As docs/logging.md asks for.
      logOptions: { tag: "{{.Name}}", labels: "com.docker.compose.service" },
    });
  });

  afterAll(async () => {
    await service?.remove({ force: true });
    await stack?.remove();
  });

  it("has every program healthy, and none but cAdvisor at the engine's socket", async () => {
    await expectHealthy();
    const running = await stack.containers();
    expect(running).not.toHaveProperty("promtail");
    const atSocket: string[] = [];
    for (const [program, id] of Object.entries(running)) {
      const { HostConfig: host } = await docker.getContainer(id).inspect();
      if (/"\/var\/run(\/docker\.sock)?[":]/.test(JSON.stringify([host.Binds, host.Mounts]))) atSocket.push(program);
    }
    expect(atSocket).toEqual(["cadvisor"]);
  });

  it("finds lines by the labels that Promtail gives, those of services and its own", async () => {
    expect(await labelsOf(`{service="api-gateway", level="error", ${ofTheService()}}`)).toMatchObject({
      container: `${stack.name}-api-gateway`,
      environment: stack.name,
      service_name: "api-gateway",
    });
    expect(await labelsOf(`{container="${stack.name}-loki"}`)).toMatchObject({ service: "loki" });
  });

  it("counts what it ships", async () => {
    const query = encodeURIComponent("shipper:lines:rate5m > 0");
    await eventually("the rate of lines", async () => {
      const asked = `${url("prometheus")}/api/v1/query?query=${query}`;
      return (await getJson<{ data: { result: unknown[] } }>(asked)).data.result[0];
    });
  });

  it("loses no line while Loki is away, also when it is itself started anew", async () => {
    const numbers = async () => {
      const streams = await streamsOf(`{service="api-gateway", ${ofTheService()}}`);
      const found = streams.flatMap(({ values }) => values.map(([, line]) => Number(/number=(\d+)/.exec(line)?.[1])));
      return found.sort((a, b) => a - b);
    };
    const loki = docker.getContainer(`${stack.name}-loki`);
    await loki.stop();
    const before = Date.now();
    await sleep(AWAY_MS / 2);
    await docker.getContainer(`${stack.name}-otel-shipper`).restart();
    await sleep(AWAY_MS / 2);
    await loki.start();
    const after = Date.now();
    const last = await eventually(
      "lines that were written after Loki was back",
      async () => {
        const streams = await streamsOf(`{service="api-gateway", ${ofTheService()}}`).catch(() => []);
        const latest = streams.flatMap(({ values }) => values).sort(([a], [b]) => Number(b) - Number(a))[0];
        return latest && Number(latest[0]) / 1e6 > after ? Number(/number=(\d+)/.exec(latest[1])?.[1]) : undefined;
      },
      120,
    );
    // Lines come by several requests, of which a later one may be there first.
    await eventually("every line until then", async () => {
      const found = (await numbers()).filter((number) => number <= last);
      return found.length === last && found.every((number, index) => number === index + 1) ? true : undefined;
    });
    expect(after - before).toBeGreaterThan(AWAY_MS);
  });

  it("changes over to Promtail, and keeps the place in the files", async () => {
    outputs = await stack.configuredWith({ shipper: "promtail" }, async (run) => {
      await run.capture(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
      return run.outputs();
    });
    await expectHealthy();
    expect(await stack.containers()).not.toHaveProperty("otel-shipper");
    expect((await leftoversOf(stack.name)).volumes).toContain(`${stack.name}-otel-shipper`);
    expect(await labelsOf(`{container="${stack.name}-promtail"}`)).toMatchObject({ service: "promtail" });
  });
});
