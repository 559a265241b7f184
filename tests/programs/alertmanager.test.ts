import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import {
  EVERYTHING,
  SECRET,
  SECRETS,
  factsOf,
  pathsOf,
  programsFor,
  secretFilesOf,
  textOfFile,
  yamlOf,
} from "./support";

interface Config {
  global: Record<string, unknown>;
  receivers: Record<string, unknown>[];
  route: Route;
}

interface Route {
  receiver: string;
  matchers: string[];
  routes?: Route[];
}

const alertmanagerFor = (written: Written = {}) => programsFor(written).metrics.alertmanager;
const configFor = (written: Written = {}) => yamlOf<Config>(alertmanagerFor(written), "alertmanager.yml");
const receiversOf = (written: Written): Record<string, Record<string, unknown>> =>
  Object.fromEntries(configFor(written).receivers.map(({ name, ...channels }) => [name, channels]));

const TEMPLATES = ["common", "email", "pagerduty", "slack"].map((name) => `templates/${name}.tmpl`);
const MAIL = { smtpHost: "mail.example.org:587", alertFromEmail: "alerts@example.org" };

const email = (to: string) => ({
  to,
  send_resolved: true,
  headers: { Subject: '{{ template "pyairtable.email.subject" . }}' },
  html: '{{ template "pyairtable.email.html" . }}',
  text: '{{ template "pyairtable.email.text" . }}',
});
const slack = (channel: object = {}) => ({
  api_url_file: "/etc/alertmanager/secrets/slack-webhook-url",
  ...channel,
  send_resolved: true,
  title: '{{ template "pyairtable.slack.title" . }}',
  text: '{{ template "pyairtable.slack.text" . }}',
});
const pagerduty = {
  routing_key_file: "/etc/alertmanager/secrets/pagerduty-routing-key",
  send_resolved: true,
  client: "pyairtable-test",
  description: '{{ template "pyairtable.pagerduty.description" . }}',
  severity: '{{ template "pyairtable.pagerduty.severity" . }}',
  class: "{{ .CommonLabels.alertname }}",
  component: '{{ template "pyairtable.pagerduty.component" . }}',
  group: "{{ .CommonLabels.category }}",
  links: [
    { href: "{{ .CommonAnnotations.runbook_url }}", text: "Runbook" },
    { href: "{{ .CommonAnnotations.dashboard }}", text: "Dashboard" },
  ],
};
const DEAD_MANS_SWITCH = { url_file: "/etc/alertmanager/secrets/dead-mans-switch-url", send_resolved: false };

const webhook = (resolved: boolean) => ({
  url_file: "/etc/alertmanager/secrets/webhook-url",
  send_resolved: resolved,
});

/** Every choice of the four channels. */
function combinations(): [string, Written][] {
  const channels: [string, Written][] = [
    ["email", { ...MAIL, oncallEmail: "o@example.org" }],
    ["Slack", { "slackWebhookUrl!": SECRETS["slackWebhookUrl!"] }],
    ["PagerDuty", { "pagerdutyRoutingKey!": SECRETS["pagerdutyRoutingKey!"] }],
    ["webhook", { "alertWebhookUrl!": SECRETS["alertWebhookUrl!"] }],
  ];
  return Array.from({ length: 2 ** channels.length }, (_, choice) => {
    const chosen = channels.filter((_channel, index) => choice & (1 << index));
    const written = Object.assign({}, ...chosen.map(([, part]) => part)) as Written;
    return [chosen.map(([name]) => name).join(" and ") || "nothing", written];
  });
}

describe("alertmanager", () => {
  it("is placed as its image and its callers need it, and reaches no one without a channel", () => {
    const alertmanager = alertmanagerFor({ ports: { alertmanager: 9999 } });
    expect(alertmanager.image).toBe(images.alertmanager);
    expect(factsOf(alertmanager)).toEqual({
      name: "alertmanager",
      user: "65534:65534",
      ports: ["http 9093 from operator, published at 9999"],
      metrics: "9093/metrics",
      data: ["/alertmanager 1Gi"],
      scratch: [],
      health: { path: "/-/ready", port: 9093, check: "wget", startupSeconds: 30 },
      placement: "single",
      talksTo: [],
    });
    expect(alertmanager.args).toEqual([
      "--config.file=/etc/alertmanager/alertmanager.yml",
      "--storage.path=/alertmanager",
      "--data.retention=120h",
      "--web.external-url=http://localhost:9999/",
      "--cluster.listen-address=",
    ]);
  });

  it.each([
    ["email", { ...MAIL, criticalEmail: "a@example.org" }],
    ["Slack", { "slackWebhookUrl!": SECRETS["slackWebhookUrl!"] }],
    ["PagerDuty", { "pagerdutyRoutingKey!": SECRETS["pagerdutyRoutingKey!"] }],
    ["a webhook", { "alertWebhookUrl!": SECRETS["alertWebhookUrl!"] }],
  ])("reaches the internet for %s", (_, written) => {
    expect(alertmanagerFor(written).talksTo).toEqual(["internet"]);
  });

  it("ships its templates, and no secret that was not given", () => {
    expect(alertmanagerFor().files?.directory).toBe("/etc/alertmanager");
    expect(pathsOf(alertmanagerFor())).toEqual(["alertmanager.yml", ...TEMPLATES]);
    expect(textOfFile(alertmanagerFor(), "templates/slack.tmpl")).toContain('define "pyairtable.slack.title"');
  });

  it("keeps every secret in a file of its own that is encrypted, and out of its configuration", async () => {
    const alertmanager = alertmanagerFor(EVERYTHING);
    expect(await secretFilesOf(alertmanager)).toEqual({
      "secrets/smtp-password": SECRETS["smtpPassword!"],
      "secrets/slack-webhook-url": SECRETS["slackWebhookUrl!"],
      "secrets/pagerduty-routing-key": SECRETS["pagerdutyRoutingKey!"],
      "secrets/webhook-url": SECRETS["alertWebhookUrl!"],
      "secrets/dead-mans-switch-url": SECRETS["deadMansSwitchUrl!"],
    });
    expect(textOfFile(alertmanager, "alertmanager.yml")).not.toContain(SECRET);
  });
});

describe("alertmanager.yml", () => {
  it("without a channel has the receivers of the routes, all empty", () => {
    const config = configFor();
    const names = ["info", "watchdog", "security", "security-critical", "critical", "oncall"];
    expect(config.receivers.map(({ name }) => name)).toEqual(names);
    expect(receiversOf({})).toEqual(Object.fromEntries(names.map((name) => [name, {}])));
    expect(config.global).toEqual({ resolve_timeout: "5m" });
  });

  it("routes by category first, then by severity", () => {
    const { route } = configFor(EVERYTHING);
    expect(route.receiver).toBe("info");
    const told = (routes: Route[] = []): unknown[] =>
      routes.map(({ receiver, matchers, routes: inner }) => [receiver, ...matchers, ...told(inner)]);
    expect(told(route.routes)).toEqual([
      ["watchdog", "alertname = Watchdog"],
      ["security", "category = security", ["security-critical", "severity = critical"]],
      ["critical", "severity = critical"],
      ["oncall", "severity = warning"],
    ]);
  });

  it("with every channel uses each where it belongs", () => {
    const all = (to: string) => ({ email_configs: [email(to)], slack_configs: [slack({ channel: "#alerts" })] });
    expect(receiversOf(EVERYTHING)).toEqual({
      info: { slack_configs: [slack({ channel: "#alerts" })], webhook_configs: [webhook(true)] },
      watchdog: { webhook_configs: [DEAD_MANS_SWITCH] },
      security: { ...all("security@example.org"), webhook_configs: [webhook(true)] },
      "security-critical": {
        ...all("security@example.org"),
        pagerduty_configs: [pagerduty],
        webhook_configs: [webhook(true)],
      },
      critical: {
        ...all("critical@example.org"),
        pagerduty_configs: [pagerduty],
        webhook_configs: [webhook(true)],
      },
      oncall: { ...all("oncall@example.org"), webhook_configs: [webhook(true)] },
    });
  });

  it.each([
    ["critical", { criticalEmail: "c@example.org" }, "c@", "c@", "c@", "c@"],
    ["on-call", { oncallEmail: "o@example.org" }, "o@", "o@", "o@", "o@"],
    ["security", { securityEmail: "s@example.org" }, "s@", "s@", "s@", "s@"],
    ["critical and on-call", { criticalEmail: "c@example.org", oncallEmail: "o@example.org" }, "o@", "c@", "c@", "o@"],
    [
      "critical and security",
      { criticalEmail: "c@example.org", securityEmail: "s@example.org" },
      ...["s@", "s@", "c@", "c@"],
    ],
    [
      "on-call and security",
      { oncallEmail: "o@example.org", securityEmail: "s@example.org" },
      ...["s@", "s@", "o@", "o@"],
    ],
  ] as [string, Written, string, string, string, string][])(
    "mails everyone when only the %s address is given",
    (_, addresses, security, securityCritical, critical, oncall) => {
      const mailed = (to: string) => ({ email_configs: [email(`${to}example.org`)] });
      expect(receiversOf({ ...MAIL, ...addresses })).toEqual({
        info: mailed(oncall),
        watchdog: {},
        security: mailed(security),
        "security-critical": mailed(securityCritical),
        critical: mailed(critical),
        oncall: mailed(oncall),
      });
    },
  );

  it("with Slack alone posts all but the watchdog, to the webhook's own channel", () => {
    const posts = { slack_configs: [slack()] };
    expect(receiversOf({ "slackWebhookUrl!": SECRETS["slackWebhookUrl!"] })).toEqual({
      info: posts,
      watchdog: {},
      security: posts,
      "security-critical": posts,
      critical: posts,
      oncall: posts,
    });
  });

  it("with PagerDuty alone wakes people for what is critical, and for nothing else", () => {
    const wakes = { pagerduty_configs: [pagerduty] };
    expect(receiversOf({ "pagerdutyRoutingKey!": SECRETS["pagerdutyRoutingKey!"] })).toEqual({
      info: {},
      watchdog: {},
      security: {},
      "security-critical": wakes,
      critical: wakes,
      oncall: {},
    });
  });

  it("with a dead man's switch alone sends it the watchdog, and nothing else anywhere", () => {
    const own = { watchdog: { webhook_configs: [DEAD_MANS_SWITCH] } };
    expect(receiversOf({ "deadMansSwitchUrl!": SECRETS["deadMansSwitchUrl!"] })).toEqual({
      ...receiversOf({}),
      ...own,
    });
  });

  it("with a webhook alone sends it everything, and of the watchdog never that it ended", () => {
    const sends = { webhook_configs: [webhook(true)] };
    expect(receiversOf({ "alertWebhookUrl!": SECRETS["alertWebhookUrl!"] })).toEqual({
      info: sends,
      watchdog: { webhook_configs: [webhook(false)] },
      security: sends,
      "security-critical": sends,
      critical: sends,
      oncall: sends,
    });
  });

  it.each<[string, Written]>(combinations())(
    "with %s gives each receiver these channels and no others",
    (_, written) => {
      const has = (key: string) => Object.keys(written).some((name) => name.startsWith(key));
      const mail = has("smtpHost") ? ["email_configs"] : [];
      const chat = has("slack") ? ["slack_configs"] : [];
      const page = has("pagerduty") ? ["pagerduty_configs"] : [];
      const hook = has("alertWebhook") ? ["webhook_configs"] : [];
      const receivers = Object.entries(receiversOf(written));
      expect(Object.fromEntries(receivers.map(([name, channels]) => [name, Object.keys(channels)]))).toEqual({
        info: [...(chat.length + hook.length > 0 ? [] : mail), ...chat, ...hook],
        watchdog: hook,
        security: [...mail, ...chat, ...hook],
        "security-critical": [...mail, ...chat, ...page, ...hook],
        critical: [...mail, ...chat, ...page, ...hook],
        oncall: [...mail, ...chat, ...hook],
      });
    },
  );

  it.each<[string, Written, object]>([
    [
      "with a login",
      { smtpUser: "alerts", "smtpPassword!": "password" },
      {
        smtp_require_tls: true,
        smtp_auth_username: "alerts",
        smtp_auth_password_file: "/etc/alertmanager/secrets/smtp-password",
      },
    ],
    ["without a login", {}, { smtp_require_tls: true }],
    ["without TLS", { smtpRequireTls: false }, { smtp_require_tls: false }],
  ])("reaches the mail server %s", (_, written, expected) => {
    expect(configFor({ ...MAIL, criticalEmail: "c@example.org", ...written }).global).toEqual({
      resolve_timeout: "5m",
      smtp_smarthost: "mail.example.org:587",
      smtp_from: "alerts@example.org",
      ...expected,
    });
  });
});
