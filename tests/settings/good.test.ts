import { describe, expect, it } from "vitest";

import { authorityCertificate, programCertificate } from "../../components/certificates";
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
      kibana: 5601,
      "node-exporter": 9100,
      cadvisor: 8080,
    });
  });

  it("keep samples 15 days, logs 14 days and traces 2 days", () => {
    expect(settings.prometheusRetentionSeconds).toBe(15 * 86_400);
    expect(settings.loki).toEqual({ retentionSeconds: 14 * 86_400, shipper: "promtail" });
    expect(settings.elk).toBeUndefined();
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
    for (const [program, { memory, heap }] of Object.entries(settings.resources)) {
      const share = ["elasticsearch", "logstash"].includes(program) ? 0.5 : 0.8;
      const outside = program === "elasticsearch" ? 600 * 2 ** 20 : 0;
      expect(heap).toBe(Math.floor(Math.min(memory * share, memory - outside)));
    }
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

  it("take a port of a program that this stack does not have", () => {
    expect(settingsFor({ ports: { grafana: 5601 } }).ports.grafana).toBe(5601);
    expect(settingsFor({ logging: "elk", ports: { grafana: 3100 } }).ports.grafana).toBe(3100);
    expect(settingsFor({ frontDoor: { domain: "a.org" }, ports: { grafana: 9090 } }).ports.grafana).toBe(9090);
  });

  it("read numbers that are written as text", () => {
    const settings = settingsFor({
      ports: { grafana: "3002" },
      traceSampling: { percentage: "0.5" },
      resources: { loki: { cpu: "0.125", memory: "1.5Gi", heap: "1Gi" } },
      scrapeInterval: "75s",
    });
    expect(settings.ports.grafana).toBe(3002);
    expect(settings.traceSampling?.percentage).toBe(0.5);
    expect(settings.resources.loki).toEqual({ cpu: 0.125, memory: 1536 * 2 ** 20, heap: 2 ** 30 });
    expect(settings.scrapeIntervalSeconds).toBe(75);
  });

  it.each([
    "https://a.org",
    "http://alerts_receiver:8080/a?b=c&d=%20#e",
    "http://user:p%40ss@10.0.0.1:9/x",
    "http://[::1]:9093/x",
  ])("take the webhook %s", async (url) => {
    const { alerting } = settingsFor({ "alertWebhookUrl!": url });
    expect((await textOf(alerting.webhook?.url)).value).toBe(url);
  });

  it("take mail addresses with dots and signs, several with commas between", () => {
    const { email } = settingsFor({
      smtpHost: "mail.example.org:587",
      alertFromEmail: "alerts+prod@mail.example.org",
      criticalEmail: "a.b@example.org,o'neil@sub-domain.example.org",
    }).alerting;
    expect(email?.critical).toBe("a.b@example.org,o'neil@sub-domain.example.org");
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

describe("settings of a cluster", () => {
  it("name its namespaces after the stack, and ask for nothing that a cluster need not have", () => {
    expect(settingsFor({ platform: "kubernetes" }).kubernetes).toEqual({
      namespace: "pyairtable-test",
      servicesNamespace: "pyairtable",
      clusterDomain: "cluster.local",
      apiPorts: [443, 6443],
    });
  });

  it("have the ports of an API server that listens elsewhere, each once", () => {
    const written = { platform: "kubernetes", kubernetesApiPorts: [16443, "443", 16443] };
    expect(settingsFor(written).kubernetes?.apiPorts).toEqual([16443, 443]);
  });

  it("say which cluster, and how people come in", () => {
    const { kubernetes } = settingsFor({
      platform: "kubernetes",
      kubeconfig: "/somewhere/config",
      kubernetesContext: "eu-1",
      namespace: "monitoring",
      storageClass: "fast",
      ingress: { domain: "watch.example.org", className: "nginx", clusterIssuer: "letsencrypt" },
    });
    expect(kubernetes).toMatchObject({
      kubeconfig: "/somewhere/config",
      context: "eu-1",
      namespace: "monitoring",
      storageClass: "fast",
      ingress: {
        domain: "watch.example.org",
        className: "nginx",
        clusterIssuer: "letsencrypt",
        tlsSecret: "pyairtable-test-tls",
      },
    });
  });

  it("are left out on Docker", () => expect(settingsFor()).not.toHaveProperty("kubernetes"));
});

describe("settings of the front door", () => {
  it("are left out unless there is a domain", () => expect(settingsFor()).not.toHaveProperty("frontDoor"));

  it("take a port and a user that need no rights, and generate the rest", () => {
    const { frontDoor } = settingsFor({ frontDoor: { domain: "localhost" } });
    expect(frontDoor).toEqual({ domain: "localhost", port: 8443, user: "operator" });
  });

  it("keep what is given, and secret what is one", async () => {
    const root = "root of a test";
    const { certificate, key } = programCertificate(root, "front-door", ["grafana.watch.example.org"]);
    const { frontDoor } = settingsFor({
      frontDoor: { domain: "watch.example.org", port: 443, user: "ops@example.org" },
      "frontDoorPassword!": "correct horse battery",
      "frontDoorCertificate!": certificate + authorityCertificate(root),
      "frontDoorKey!": key,
      "otlpToken!": "abcdefghijklmnop-._~+/=",
    });
    expect(frontDoor).toMatchObject({ domain: "watch.example.org", port: 443, user: "ops@example.org" });
    expect(await textOf(frontDoor?.password)).toEqual({ value: "correct horse battery", secret: true });
    expect(await textOf(frontDoor?.otlpToken)).toEqual({ value: "abcdefghijklmnop-._~+/=", secret: true });
    expect(await textOf(frontDoor?.identity?.key)).toEqual({ value: key, secret: true });
  });

  it("share their domain with the ingress that leads to it", () => {
    const { frontDoor, kubernetes } = settingsFor({
      platform: "kubernetes",
      ingress: { domain: "watch.example.org" },
      frontDoor: { domain: "watch.example.org" },
    });
    expect(frontDoor?.domain).toBe(kubernetes?.ingress?.domain);
  });
});

describe("settings of the log stores", () => {
  it.each([
    ["loki", true, false],
    ["elk", false, true],
    ["both", true, true],
  ])("%s has Loki: %s, Elasticsearch: %s", (logging, loki, elk) => {
    const settings = settingsFor({ logging });
    expect(settings.loki !== undefined).toBe(loki);
    expect(settings.elk !== undefined).toBe(elk);
  });

  it("keep lines in Elasticsearch 30 days, through Logstash", () => {
    expect(settingsFor({ logging: "elk" }).elk).toEqual({
      retentionSeconds: 30 * 86_400,
      phases: { warm: 3 * 86_400, cold: 12 * 86_400 },
      logstash: true,
    });
  });

  it("limit Elasticsearch to the guide's 1 GiB and 0.7 cores, with 600 MiB beside its heap", () => {
    expect(settingsFor({ logging: "elk" }).resources.elasticsearch).toEqual({
      memory: 2 ** 30,
      cpu: 0.7,
      heap: 424 * 2 ** 20,
    });
  });
});
