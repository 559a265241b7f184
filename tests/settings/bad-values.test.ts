import { describe, expect, it } from "vitest";

import { programCertificate } from "../../components/certificates";
import { parseSettings } from "../../components/settings/parse";
import { SettingsError } from "../../components/settings/problems";
import { schema } from "../../components/settings/schema";
import { problemsOf, type Written } from "../support/settings";

/** Members for which a value is tried, by their key; the others are tried as they are. */
const MEMBERS: Readonly<Record<string, (value: unknown) => Written>> = {
  "services[0]": (value) => ({ services: [value] }),
  "services[0].name": (value) => ({ services: [{ name: value, address: "a:1" }] }),
  "services[0].address": (value) => ({ services: [{ name: "a", address: value }] }),
  "federateFrom[0]": (value) => ({ federateFrom: [value] }),
  "kubernetesApiPorts[0]": (value) => ({ kubernetesApiPorts: [value] }),
  "serviceMetrics[0]": (value) => ({ serviceMetrics: [value] }),
  "ports.grafana": (value) => ({ ports: { grafana: value } }),
  "replicas.prometheus": (value) => ({ platform: "kubernetes", replicas: { prometheus: value } }),
  "resources.grafana": (value) => ({ resources: { grafana: value } }),
  "resources.grafana.memory": (value) => ({ resources: { grafana: { memory: value } } }),
  "resources.grafana.heap": (value) => ({ resources: { grafana: { heap: value } } }),
  "resources.grafana.cpu": (value) => ({ resources: { grafana: { cpu: value } } }),
  "storage.prometheus": (value) => ({ storage: { prometheus: value } }),
  "storage.grafana": (value) => ({ storage: { grafana: value } }),
  "traceSampling.percentage": (value) => ({ traceSampling: { percentage: value } }),
  "grafanaDatabase.sslMode": (value) => ({ grafanaDatabase: { address: "a:1", sslMode: value } }),
  "grafanaDatabase.caCertificate": (value) => ({ grafanaDatabase: { address: "a:1", caCertificate: value } }),
  "externalLabels.cluster": (value) => ({ externalLabels: { cluster: value } }),
};

const BAD_URLS = [
  ...["https:hooks.slack.com/x", "https:/hooks.slack.com/x", "https:///x", "https:\\\\a\\b", "hooks.slack.com/x"],
  ...["https://a.org/a b", "https://-/x", "https://.../x", "https://a..b/x", "https://a.org/%zz", "https://a.org:0/x"],
  ...[
    "https://a.org:65536/x",
    "https://a.org:/x",
    "https://[::1/x",
    "https://[:::1]/x",
    "https://a.org/\\x",
    "ftp://a",
  ],
];
const BAD_MAIL = [
  'a"b@b.org',
  "a@b..org",
  "a@.b.org",
  "<x>@b.org",
  "a@b",
  "a@-b.org",
  ".a@b.org",
  "A <a@b.org>",
  "a@b.org ",
];
const BAD_PORTS = [true, [3000], "1e3", "0x1F90", " 3000 ", 3000.5, -1, 0, 65_536, "", null, {}];

const OWN = programCertificate("a root", "postgres", ["postgres"]);
const BAD_AUTHORITIES = [
  "/etc/ssl/ca.pem",
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  OWN.certificate.slice(0, -40),
  `${OWN.certificate}${OWN.key}`,
];

/** Values that are refused by their key. */
const refused: readonly (readonly [key: string, values: readonly unknown[]])[] = [
  ["ports", ["x", 5, ["a"], "null"]],
  ["services", ["api-gateway", 5, {}]],
  ["services[0]", [null, "a", 5, []]],
  ["services[0].name", [null, 5, "", "A"]],
  ["services[0].address", ["a", "a..b:1", "-a:1", "a:0", "a:65536", "http://a:1", "a:1 ", null]],
  ["federateFrom", ["a:1", {}]],
  ["federateFrom[0]", [null, 5, "a"]],
  ["kubernetesApiPorts", [6443, "443,6443", [], {}]],
  ["kubernetesApiPorts[0]", BAD_PORTS],
  ["serviceMetrics[0]", [null, "a-b", {}]],
  ["ports.grafana", BAD_PORTS],
  ["replicas.prometheus", [true, "", null, "1e1", 0, 1.5, "2 "]],
  ["replicas", ["2", [2]]],
  ["resources", ["512Mi"]],
  ["resources.grafana", ["512Mi", 512, null, []]],
  ["resources.grafana.memory", ["1Ki", "15Mi", "17Ti", "100.5Mi", "512", 512, null, true, {}, "512MB"]],
  ["resources.grafana.heap", ["1Ki", "7Mi", "", null]],
  ["resources.grafana.cpu", [0.000_000_1, "0.33333333333", 0, 1025, "0.0005", true, null, "half"]],
  ["storage.prometheus", ["1023Mi", "17Ti", "1Ki"]],
  ["storage.grafana", ["99Mi"]],
  ["traceSampling", ["20", []]],
  ["traceSampling.percentage", ["", null, true, 101, -1, "20%", [20]]],
  ["externalLabels", ["eu", []]],
  ["externalLabels.cluster", [5, null, ""]],
  ["jaegerMaxTraces", ["many", "1e3", "true", 0, "[1]"]],
  ["scrapeInterval", ["0s", "76s", "5m", "15", "300y"]],
  ["jaegerRetention", ["59s", "101y"]],
  ["prometheusRetention", ["101y", "300y", "1d1d"]],
  ["logstash", ["[true]", "2", "perhaps"]],
  ["shipper", ["alloy", "filebeat", "true"]],
  ["servicesNetwork", ["host", "bridge", "none", "a b", "-a", "{}"]],
  ["grafanaDatabase.sslMode", ["prefer", null]],
  ["grafanaDatabase.caCertificate", [...BAD_AUTHORITIES, "", null, 5]],
  ["postgresSslMode", ["prefer", "true"]],
  ["postgresCaCertificate", BAD_AUTHORITIES],
  ["kafka.authority", BAD_AUTHORITIES],
  ["lokiObjectStorage.authority", BAD_AUTHORITIES],
  ["postgresDatabase", [" postgres", "a\nb"]],
  ["smtpHost", ["mail.org", "mail.org:smtp", "mail..org:25"]],
  ["criticalEmail", [...BAD_MAIL, "a@b.org,", "a@b.org;c@d.org"]],
  ["alertFromEmail", [...BAD_MAIL, "a@b.org, c@d.org"]],
  ["remoteWriteUrl", [...BAD_URLS, "https://a:b@c.org", "https://a@c.org"]],
  ["slackWebhookUrl!", [...BAD_URLS, "http://a.org", "https://a:b@c.org", " https://a.org", "https://a.org\n"]],
  ["alertWebhookUrl!", [...BAD_URLS, "https://a.org/x\n", "\thttps://a.org"]],
  ["deadMansSwitchUrl!", [...BAD_URLS, "https://a.org/a\nb"]],
  ["grafanaAdminPassword!", ["correct horse\n", " correct horse", "correct\u0000horse!", "short"]],
  ["grafanaAdminPassword", ["correct horse battery", "short"]],
  ["redisPassword!", ["a ", "a\nb"]],
  ["alertRulesFile", ["/etc/rules.yaml", "../rules.yaml", "configs", "a/../../x.yml"]],
];

const table = refused.flatMap(([key, values]) => values.map((value) => [key, value] as const));
const writtenFor = (key: string, value: unknown) => MEMBERS[key]?.(value) ?? { [key]: value };

describe("a value", () => {
  it.each(table)("of %s that is %j is refused by its key, once, and in the project's words", (written, value) => {
    const problems = problemsOf(writtenFor(written, value));
    const keys = problems.map(({ key }) => key);
    expect(keys).toContain(written.replace("!", ""));
    expect(new Set(keys).size, keys.join()).toBe(keys.length);
    for (const { expected, fix } of problems) {
      expect(expected).not.toMatch(/Invalid (input|option|string)|received|expected/);
      expect(fix).not.toBe("");
    }
  });

  it.each(Object.keys(schema))("of %s that is an object in a list is refused in the project's words", (key) => {
    const problems = problemsOf({ [key]: [{ a: 1 }] });
    expect(problems.some((problem) => problem.key.startsWith(key))).toBe(true);
    expect(JSON.stringify(problems)).not.toContain("Invalid");
  });
});

describe("what to do", () => {
  const fixOf = (written: Written, key: string) => problemsOf(written).find((problem) => problem.key === key)?.fix;

  it.each([
    [{ ports: "x" }, "ports", "pulumi config set --path 'ports.<name>' <value>"],
    [{ resources: { grafana: "512Mi" } }, "resources.grafana", "config set --path 'resources.grafana.<name>' <value>"],
    [{ externalLabels: "eu" }, "externalLabels", "config set --path 'externalLabels.<name>' <value>"],
    [{ services: "x" }, "services", "config set --path 'services[0].name' <value>"],
    [{ federateFrom: "x" }, "federateFrom", "config set --path 'federateFrom[0]' <value>"],
    [{ ports: { grafana: 0 } }, "ports.grafana", "config set --path 'ports.grafana' <value>"],
    [{ ports: { graffana: 1 } }, "ports.graffana", "config rm --path 'ports.graffana'"],
    [{ jaegerMaxTraces: "x" }, "jaegerMaxTraces", "config set jaegerMaxTraces <value>"],
  ])("about %j is a command that fits", (written, key, fix) => expect(fixOf(written, key)).toContain(fix));

  it("comes with an example of the key's own", () => {
    expect(problemsOf({ smtpHost: "mail.org" })).toMatchObject([
      { key: "smtpHost", expected: "host:port, such as mail.example.com:587" },
    ]);
  });
});

describe("a secret", () => {
  it("that ends with a line break is told so, and not shown", () => {
    const [problem] = problemsOf({ "redisPassword!": "hunter2\n" });
    expect(problem?.got).toMatch(/not shown.*line break/);
    expect(JSON.stringify(problem)).not.toContain("hunter2");
  });

  it("inside an address is not shown", () => {
    const text = JSON.stringify(problemsOf({ remoteWriteUrl: "https://user:hunter2@a.org/write" }));
    expect(text).toContain("https://user:***@a.org/write");
    expect(text).not.toContain("hunter2");
    expect(text).toContain("remoteWriteUser");
  });
});

describe("a key of another namespace", () => {
  const keysWith = (...otherKeys: string[]) => {
    try {
      parseSettings({ project: "pyairtable-monitoring", stack: "test", values: {}, secretKeys: new Set(), otherKeys });
      return [];
    } catch (error) {
      return (error as SettingsError).problems.map(({ key, fix }) => `${key}: ${fix}`);
    }
  };

  it("that is nearly the project's is refused, with the right one", () => {
    expect(keysWith("pyairtable-monitorng:logging")).toEqual([
      expect.stringMatching(
        /^pyairtable-monitorng:logging: .*config rm pyairtable-monitorng:logging .*config set logging/,
      ),
    ]);
  });

  it("belongs to a provider or to Pulumi", () => {
    expect(keysWith("kubernetes:context", "docker:host", "pulumi:tags", "pyairtable:logging")).toEqual([]);
  });
});
