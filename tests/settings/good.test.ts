import { describe, expect, it } from "vitest";

import { settingsFor } from "../support/settings";
import { textOf } from "../support/outputs";

describe("settings without any configuration", () => {
  const settings = settingsFor();

  it("are named after the stack", () => {
    expect(settings.name).toBe("pyairtable-test");
    expect(settings.environment).toBe("test");
  });

  it("monitor the eight services of PyAirtable", () => {
    expect(settings.services.map(({ name }) => name)).toEqual([
      "api-gateway",
      "llm-orchestrator",
      "mcp-server",
      "airtable-gateway",
      "platform-services",
      "automation-services",
      "saga-orchestrator",
      "frontend",
    ]);
    expect(settings.services.find(({ name }) => name === "frontend")?.metricsPath).toBe("/api/metrics");
  });

  it("publish the guide's ports on loopback", () => {
    expect(settings.bindAddress).toBe("127.0.0.1");
    expect(settings.ports).toEqual({
      grafana: 3001,
      prometheus: 9090,
      jaeger: 16_686,
      alertmanager: 9093,
      loki: 3100,
      "node-exporter": 9100,
      cadvisor: 8080,
    });
  });

  it("keep samples 15 days, logs 14 days and traces 2 days", () => {
    expect(settings.prometheusRetentionSeconds).toBe(15 * 86_400);
    expect(settings.logging).toEqual({ kind: "loki", retentionSeconds: 14 * 86_400 });
    expect(settings.traces).toEqual({ kind: "badger", retentionSeconds: 2 * 86_400 });
  });

  it.each([
    ["prometheus", 512, 0.5],
    ["grafana", 256, 0.3],
    ["loki", 512, 0.4],
  ] as const)("limit %s to %d MiB and %d cores", (program, mebibytes, cpu) => {
    expect(settings.resources[program]).toMatchObject({ memory: mebibytes * 2 ** 20, cpu });
  });

  it("leave every heap room below its limit", () => {
    for (const { memory, heap } of Object.values(settings.resources)) expect(heap).toBe(Math.floor(memory * 0.8));
  });

  it("send alerts nowhere", () => expect(settings.alerting).toEqual({}));

  it("can not be changed", () => {
    expect(() => ((settings.ports as { grafana: number }).grafana = 1)).toThrow(TypeError);
    expect(() => ((settings.resources.loki as { cpu: number }).cpu = 1)).toThrow(TypeError);
  });
});

describe("configured settings", () => {
  it("change one program's limits and keep the others'", () => {
    const { resources } = settingsFor({ resources: { prometheus: { memory: "2Gi", heap: "1Gi" }, loki: { cpu: 1 } } });
    expect(resources.prometheus).toEqual({ memory: 2 ** 31, cpu: 0.5, heap: 2 ** 30 });
    expect(resources.loki).toMatchObject({ memory: 2 ** 29, cpu: 1 });
    expect(resources.grafana).toMatchObject({ memory: 2 ** 28, cpu: 0.3 });
  });

  it("move a port and publish OTLP when asked to", () => {
    const { ports } = settingsFor({ ports: { grafana: 3002, "otlp-http": 4318 } });
    expect(ports).toMatchObject({ grafana: 3002, prometheus: 9090, "otlp-http": 4318 });
  });

  it("replace the list of services, with defaults for what a service leaves out", () => {
    expect(settingsFor({ services: [{ name: "billing", address: "billing:80" }] }).services).toEqual([
      { name: "billing", address: "billing:80", metricsPath: "/metrics", scheme: "http", owner: "platform" },
    ]);
  });

  it("read scalars that YAML made numbers or booleans", () => {
    const settings = settingsFor({ jaegerStorage: "memory", jaegerMaxTraces: 1000, smtpRequireTls: false });
    expect(settings.traces).toEqual({ kind: "memory", maxTraces: 1000 });
  });

  it("wire each channel that has all it needs, with its secret kept secret", async () => {
    const { alerting } = settingsFor({
      smtpHost: "mail:587",
      alertFromEmail: "alerts@example.org",
      criticalEmail: "a@example.org, b@example.org",
      "slackWebhookUrl!": "https://hooks.slack.com/services/x",
      slackChannel: "#alerts",
      "pagerdutyRoutingKey!": "0123456789abcdef0123456789abcdef",
      "alertWebhookUrl!": "http://receiver:8080/alerts",
    });
    expect(Object.keys(alerting).sort()).toEqual(["email", "pagerduty", "slack", "webhook"]);
    const url = alerting.slack?.webhookUrl;
    expect(await textOf(url)).toEqual({ value: "https://hooks.slack.com/services/x", secret: true });
  });
});
