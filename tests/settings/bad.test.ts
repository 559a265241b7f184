import { describe, expect, it } from "vitest";

import { programCertificate } from "../../components/certificates";
import { problemsOf, type Written } from "../support/settings";

const CLUSTER = { platform: "kubernetes" } as const;
const DOOR = { frontDoor: { domain: "watch.example.org" } } as const;
const OWN = programCertificate("one root", "front-door", ["grafana.watch.example.org"]);
const OTHER = programCertificate("another root", "front-door", ["grafana.elsewhere.example.org"]);

const cases: [what: string, written: Written, key: string, message: RegExp][] = [
  ["an unknown key", { prometheusRetenton: "15d" }, "prometheusRetenton", /Did you mean "prometheusRetention"\?/],
  ["an unknown key far from any", { frobnicate: "1" }, "frobnicate", /Known: alertFromEmail, /],
  ["an unknown program", { ports: { graffana: 3000 } }, "ports.graffana", /Did you mean "grafana"\?/],
  ["an unknown limit", { resources: { loki: { ram: "1Gi" } } }, "resources.loki.ram", /one of: memory, cpu, heap/],
  [
    "an unknown service field",
    { services: [{ name: "a", address: "a:1", adress: "b:1" }] },
    "services[0].adress",
    /"address"/,
  ],
  ["a negative retention", { prometheusRetention: "-1d" }, "prometheusRetention", /got "-1d"; expected a duration/],
  ["a retention below one block", { prometheusRetention: "1h" }, "prometheusRetention", /at least 2h/],
  ["a Loki retention below a day", { lokiRetention: "12h" }, "lokiRetention", /at least 24h/],
  ["memory without a unit", { resources: { grafana: { memory: "512" } } }, "resources.grafana.memory", /512Mi/],
  [
    "memory without a unit, as a number",
    { resources: { grafana: { memory: 512 } } },
    "resources.grafana.memory",
    /got 512/,
  ],
  [
    "a heap over the limit",
    { resources: { jaeger: { heap: "1Gi" } } },
    "resources.jaeger.heap",
    /less than the program's memory limit of 512Mi/,
  ],
  ["two programs on one port", { ports: { grafana: 9090 } }, "ports.grafana and ports.prometheus", /9090 for each/],
  ["a port out of range", { ports: { loki: 70_000 } }, "ports.loki", /from 1 to 65535/],
  ["a port that is no number", { ports: { loki: "http" } }, "ports.loki", /expected a port from 1 to/],
  [
    "a service listed twice",
    {
      services: [
        { name: "a", address: "a:1" },
        { name: "a", address: "b:1" },
      ],
    },
    "services[1].name",
    /services\[0\] has as well/,
  ],
  [
    "a service scraped under two names",
    {
      services: [
        { name: "a", address: "a:1" },
        { name: "b", address: "a:1" },
      ],
    },
    "services[1].address",
    /"a:1" with "\/metrics", which services\[0\] has/,
  ],
  [
    "a service named like a program of the stack",
    { services: [{ name: "grafana", address: "a:1" }] },
    "services[0].name",
    /a program of the stack/,
  ],
  ["no service at all", { services: [] }, "services", /at least one service/],
  ["an address without a port", { services: [{ name: "a", address: "a" }] }, "services[0].address", /host:port/],
  ["a malformed webhook URL", { "slackWebhookUrl!": "hooks.slack.com/x" }, "slackWebhookUrl", /https:\/\//],
  [
    "a plain-text webhook URL",
    { slackWebhookUrl: "https://hooks.slack.com/x" },
    "slackWebhookUrl",
    /config set --secret/,
  ],
  [
    "a channel without its secret",
    { slackChannel: "#alerts" },
    "slackWebhookUrl",
    /slackChannel chooses the Slack channel/,
  ],
  [
    "mail without a sender",
    { smtpHost: "m:25", oncallEmail: "a@b.org" },
    "alertFromEmail",
    /chooses the email channel/,
  ],
  [
    "mail without a recipient",
    { smtpHost: "m:25", alertFromEmail: "a@b.org" },
    "criticalEmail, oncallEmail or securityEmail",
    /config set criticalEmail/,
  ],
  ["a mail user without a password", { smtpUser: "u" }, "smtpPassword", /--secret smtpPassword/],
  [
    "a mail login without a channel",
    { smtpUser: "u", "smtpPassword!": "p" },
    "smtpHost",
    /smtpUser and smtpPassword chooses the email channel/,
  ],
  ["a malformed address list", { criticalEmail: "a@b.org; c@d.org" }, "criticalEmail", /commas between/],
  ["a short password", { "grafanaAdminPassword!": "admin" }, "grafanaAdminPassword", /at least 12 characters/],
  ["Grafana's public key", { "grafanaSecretKey!": "SW2YcwTIb9zpOOhoPsMm" }, "grafanaSecretKey", /a key of your own/],
  ["a front door without a domain", { frontDoor: { port: 443 } }, "frontDoor.domain", /chooses a front door/],
  ["a token without a front door", { "otlpToken!": "abcdefghijklmnop" }, "frontDoor.domain", /otlpToken chooses/],
  ["an unknown key of the front door", { frontDoor: { host: "a" } }, "frontDoor.host", /one of: domain, port, user/],
  ["a user with a colon", { frontDoor: { domain: "a.org", user: "a:b" } }, "frontDoor.user", /a user name/],
  ["a short password of the front door", { ...DOOR, "frontDoorPassword!": "short" }, "frontDoorPassword", /12 char/],
  [
    "a password longer than its hash takes",
    { ...DOOR, "frontDoorPassword!": "é".repeat(37) },
    "frontDoorPassword",
    /at most 72 bytes/,
  ],
  ["a plain-text token", { ...DOOR, otlpToken: "abcdefghijklmnop" }, "otlpToken", /config set --secret/],
  ["a short token", { ...DOOR, "otlpToken!": "abc" }, "otlpToken", /at least 16 letters/],
  ["a token with a quote", { ...DOOR, "otlpToken!": 'abcdefghijklmnop"' }, "otlpToken", /at least 16 letters/],
  ["a port of OTLP beside the front door", { ...DOOR, ports: { "otlp-http": 4318 } }, "ports.otlp-http", /otlpToken/],
  [
    "a front door elsewhere than its ingress",
    { ...CLUSTER, ...DOOR, ingress: { domain: "other.example.org" } },
    "frontDoor.domain",
    /config set --path frontDoor.domain other.example.org/,
  ],
  ["text for a certificate", { ...DOOR, "frontDoorCertificate!": "cert.pem" }, "frontDoorCertificate", /as PEM/],
  ["a certificate alone", { ...DOOR, "frontDoorCertificate!": OWN.certificate }, "frontDoorKey", /--secret/],
  ["a key alone", { ...DOOR, "frontDoorKey!": OWN.key }, "frontDoorCertificate", /--secret/],
  [
    "the key of another certificate",
    { ...DOOR, "frontDoorCertificate!": OWN.certificate, "frontDoorKey!": OTHER.key },
    "frontDoorKey",
    /the key of frontDoorCertificate/,
  ],
  [
    "a certificate for another domain",
    { ...DOOR, "frontDoorCertificate!": OTHER.certificate, "frontDoorKey!": OTHER.key },
    "frontDoorCertificate",
    /for \*\.watch\.example\.org/,
  ],
  [
    "a certificate for another name, where no wildcard would do",
    { frontDoor: { domain: "localhost" }, "frontDoorCertificate!": OWN.certificate, "frontDoorKey!": OWN.key },
    "frontDoorCertificate",
    /for each of them, such as grafana\.localhost/,
  ],
  [
    "a certificate that can not be read",
    {
      ...DOOR,
      "frontDoorCertificate!": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "frontDoorKey!": OWN.key,
    },
    "frontDoorCertificate",
    /that can be read/,
  ],
  [
    "a certificate that nobody sees behind an ingress",
    {
      ...CLUSTER,
      ...DOOR,
      ingress: { domain: "watch.example.org" },
      "frontDoorCertificate!": OWN.certificate,
      "frontDoorKey!": OWN.key,
    },
    "frontDoorCertificate",
    /ingress.tlsSecret/,
  ],
  ["an unknown log store", { logging: "splunk" }, "logging", /one of: /],
  ["a host name to bind to", { bindAddress: "localhost" }, "bindAddress", /IP address/],
  ["text for a list", { services: "api-gateway" }, "services", /list of services/],
  ["several copies on one engine", { replicas: { prometheus: 2 } }, "replicas.prometheus", /platform kubernetes/],
  ["a gateway on one engine", { collectorGateway: true }, "collectorGateway", /with platform docker/],
  ["an ingress on one engine", { ingress: { domain: "a.example.org" } }, "ingress.domain", /ports on this machine/],
  ["copies of what has one", { replicas: { loki: 2 } }, "replicas.loki", /one of: prometheus, alertmanager, /],
  [
    "copies of Jaeger that share no store",
    { ...CLUSTER, replicas: { jaeger: 2 } },
    "replicas.jaeger",
    /2, with jaegerStorage badger; expected 1, .*on its volume.*or, .*jaegerStorage elasticsearch/,
  ],
  [
    "copies of Jaeger with traces in memory",
    { ...CLUSTER, jaegerStorage: "memory", replicas: { jaeger: 2 } },
    "replicas.jaeger",
    /in its memory/,
  ],
  ["copies of Jaeger on one engine", { replicas: { jaeger: 2 } }, "replicas.jaeger", /platform kubernetes/],
  ["no copies", { ...CLUSTER, replicas: { grafana: 0 } }, "replicas.grafana", /copies from 1 to/],
  [
    "an Elasticsearch cluster of two",
    { ...CLUSTER, logging: "elk", replicas: { elasticsearch: 2 } },
    "replicas.elasticsearch",
    /neither is a majority/,
  ],
  [
    "copies of Grafana on files of their own",
    { ...CLUSTER, replicas: { grafana: 2 } },
    "grafanaDatabase.address",
    /2 copies of Grafana can not share a file/,
  ],
  [
    "an authority for a database that is not checked",
    { grafanaDatabase: { address: "db:5432", sslMode: "require", caCertificate: OWN.certificate } },
    "grafanaDatabase.sslMode",
    /require, with a caCertificate; expected verify-full/,
  ],
  [
    "an authority for a PostgreSQL that is not checked",
    { postgresCaCertificate: OWN.certificate },
    "postgresSslMode",
    /disable, with postgresCaCertificate; expected verify-full or verify-ca/,
  ],
  ["a database without an address", { grafanaDatabase: { user: "g" } }, "grafanaDatabase.address", /host:port|chooses/],
  [
    "half the heap of a Java program and more",
    { logging: "elk", resources: { elasticsearch: { memory: "1Gi", heap: "600Mi" } } },
    "resources.elasticsearch.heap",
    /at most half of the program's memory limit of 1Gi/,
  ],
  [
    "traces in a store that is not there",
    { ...CLUSTER, jaegerStorage: "elasticsearch" },
    "jaegerStorage",
    /where the stack has no Elasticsearch/,
  ],
  [
    "traces in Elasticsearch where nothing cleans up",
    { logging: "elk", jaegerStorage: "elasticsearch" },
    "jaegerStorage",
    /nightly job/,
  ],
  [
    "less than a day in Elasticsearch",
    { logging: "elk", elasticsearchRetention: "6h" },
    "elasticsearchRetention",
    /at least 1d/,
  ],
  [
    "a short Elasticsearch password",
    { logging: "elk", "elasticPassword!": "elastic" },
    "elasticPassword",
    /12 characters/,
  ],
  [
    "an ingress without a domain",
    { ...CLUSTER, ingress: { className: "nginx" } },
    "ingress.domain",
    /chooses an ingress/,
  ],
  [
    "a remote write user alone",
    { remoteWriteUser: "u", remoteWriteUrl: "https://a" },
    "remoteWritePassword",
    /--secret/,
  ],
  ["a remote write token without an address", { "remoteWriteToken!": "t" }, "remoteWriteUrl", /chooses remote write/],
  [
    "a remote write token beside a user",
    { remoteWriteUrl: "https://a", remoteWriteUser: "u", "remoteWritePassword!": "p", "remoteWriteToken!": "t" },
    "remoteWriteToken",
    /or a user with a password/,
  ],
  ["a share of traces over all", { traceSampling: { percentage: 150 } }, "traceSampling.percentage", /from 0 to 100/],
  ["slow traces alone", { traceSampling: { slowerThan: "1s" } }, "traceSampling.percentage", /chooses trace sampling/],
  ["a label that is no label", { externalLabels: { "my-cluster": "a" } }, "externalLabels.my-cluster", /label name/],
  [
    "a label that Prometheus sets",
    { externalLabels: { stack: "a" } },
    "externalLabels.stack",
    /other than environment/,
  ],
  [
    "the label of a replica",
    { externalLabels: { prometheus_replica: "a" } },
    "externalLabels.prometheus_replica",
    /config rm --path 'externalLabels.prometheus_replica'/,
  ],
  ["a label that is dropped", { externalLabels: { __a: "b" } }, "externalLabels.__a", /and __\*/],
  ["a rule file outside", { alertRulesFile: "../rules.yaml" }, "alertRulesFile", /outside the project/],
  ["a rule file by its whole path", { alertRulesFile: "/etc/rules.yaml" }, "alertRulesFile", /from that folder/],
  ["a rule file that is not there", { alertRulesFile: "nowhere.yaml" }, "alertRulesFile", /no such file/],
  ["a rule file of another kind", { alertRulesFile: "rules.json" }, "alertRulesFile", /ends in .yaml/],
  ["text for a yes or no", { smtpRequireTls: "perhaps" }, "smtpRequireTls", /true or false/],
];

describe("bad settings", () => {
  it.each(cases)("%s is refused by its key", (_, written, key, message) => {
    const problem = problemsOf(written).find((candidate) => candidate.key === key);
    expect(problem, JSON.stringify(problemsOf(written))).toBeDefined();
    const { got, expected, fix } = problem as NonNullable<typeof problem>;
    expect(`${key}: got ${got}; expected ${expected}. ${fix}`).toMatch(message);
  });

  it("are reported all at once", () => {
    const problems = problemsOf({
      lokiRetention: "soon",
      ports: { grafana: 9090, loki: 0 },
      unheardOf: "x",
      "slackWebhookUrl!": "no",
    });
    expect(problems.map(({ key }) => key).sort()).toEqual([
      "lokiRetention",
      "ports.loki",
      "slackWebhookUrl",
      "unheardOf",
    ]);
  });

  it("never show a secret", () => {
    const text = JSON.stringify(problemsOf({ "slackWebhookUrl!": "hunter2-hunter2", grafanaAdminPassword: "hunter2" }));
    expect(text).not.toContain("hunter2");
  });
});
