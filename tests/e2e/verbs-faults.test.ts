import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { eventually, postJson } from "./support/eventually";
import { docker } from "./support/test-stack";
import { Checkout, failures, Webhook, type Verified } from "./support/verbs";
import { fillQueue, offerOldLines, separate, writeMistakes } from "./support/verbs-faults";

/** Faults of every kind in one stack; the tests follow each other in this order. */
describe("npx monitoring verify, on a stack with faults", () => {
  let webhook: Webhook;
  let checkout: Checkout;
  let urls: Record<string, string>;

  const container = (program: string) => docker.getContainer(`${checkout.stack}-${program}`);

  beforeAll(async () => {
    webhook = await Webhook.listen();
    checkout = await Checkout.create(inject("workspace").folder as string);
    const set = await checkout.pulumi("config", "set", "--secret", "alertWebhookUrl", webhook.url);
    expect(set.code, set.stderr).toBe(0);
    await writeMistakes(checkout.folder);
    const { code, stderr } = await checkout.run("deploy", "--json");
    expect(code, stderr).toBe(0);
    urls = await checkout.urls();
    const collector = await container("otel-collector").inspect();
    const otlp = `http://127.0.0.1:${collector.NetworkSettings.Ports["4318/tcp"]?.[0]?.HostPort as string}`;

    webhook.status = 400;
    await container("redis-exporter").stop();
    await separate(`${checkout.stack}-node-exporter`, `${checkout.stack}-prometheus`);
    await separate(`${checkout.stack}-jaeger`, `${checkout.stack}-otel-collector`);
    await fillQueue(otlp);
    await offerOldLines(urls.loki as string);
    const labels = { alertname: "Test", severity: "critical", service: "test" };
    await postJson(`${urls.alertmanager as string}/api/v2/alerts`, [{ labels }]);
  });

  afterAll(async () => {
    await checkout?.run("cleanup", "--yes");
    await checkout?.remove();
    await webhook?.close();
  });

  it("ends with exit code 1, and names each of them", async () => {
    const expected: [string, RegExp][] = [
      ["a stopped program", /^readiness \| redis-exporter \| stopped/],
      ["a dead target", /^target \| node-exporter \| Prometheus does not reach/],
      ["a wrong data source", /^data source \| loki \| http:\/\/prometheus:9090 is no loki/],
      ["a rule that fails", /^rules \| test:broken \| can not be evaluated/],
      ["a broken route", /^own alerts \| AlertmanagerNotificationsFailing \| .*webhook/],
      ["lines that Loki refuses", /^own alerts \| LokiDiscardingLines \| /],
      ["a full queue", /^own alerts \| CollectorQueueNearlyFull \| .*otlp\/jaeger/],
      ["traces that are not stored", /^trace \| (jaeger|otel-collector) \| /],
    ];
    const said = await eventually(
      "every fault named",
      async () => {
        const lines = failures(await checkout.verify());
        const missing = expected.filter(([, named]) => !lines.some((line) => named.test(line)));
        if (missing.length > 0)
          throw new Error(`not named: ${missing.map(([fault]) => fault).join(", ")}; said:\n${lines.join("\n")}`);
        return lines;
      },
      90,
    );
    expect(said.length).toBeGreaterThanOrEqual(expected.length);
    expect((await checkout.run("verify")).code).toBe(1);
  });

  it("names a store of lines that the collector does not reach", async () => {
    await separate(`${checkout.stack}-loki`, `${checkout.stack}-otel-collector`);
    const lines = failures(await checkout.verify());
    expect(lines).toContainEqual(
      expect.stringMatching(/^log \| loki \| otel-collector took it, but loki does not have/),
    );
  });

  it("names an Alertmanager that Prometheus does not reach, though it answers", async () => {
    await separate(`${checkout.stack}-alertmanager`, `${checkout.stack}-prometheus`);
    await container("prometheus").restart();
    const lines = failures(await checkout.verify());
    expect(lines).toContainEqual(expect.stringMatching(/^alert delivery \| prometheus \| .*no Watchdog has come/));
    expect(lines).not.toContainEqual(expect.stringMatching(/^alert \| alertmanager/));
  });

  it("names a program that answers nobody, wherever it is missed", async () => {
    await container("alertmanager").stop();
    const { code, stdout } = await checkout.run("verify", "--json");
    const lines = failures(JSON.parse(stdout) as Verified);
    expect(code).toBe(1);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^readiness \| alertmanager \| stopped/),
        expect.stringMatching(/^alert \| alertmanager \| .*does not answer/),
        expect.stringMatching(/^data source \| alertmanager \| Grafana does not reach/),
      ]),
    );
  });
});
