import { images } from "../images";
import { INTERNET, type ConfigFile, type Workload } from "../platform/workload";
import type { Alerting, EmailChannel, Settings } from "../settings/settings";
import { browserUrl, replicaAddresses } from "./addresses";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const PORT = 9093;
const GOSSIP_PORT = 9094;
const DIRECTORY = "/etc/alertmanager";

/** How long silences and the notification log are kept. Alertmanager's own default. */
const RETENTION = "120h";

type Channel = Readonly<Record<string, unknown>>;

interface Receiver {
  name: string;
  email_configs?: Channel[];
  slack_configs?: Channel[];
  pagerduty_configs?: Channel[];
  webhook_configs?: Channel[];
}

interface AlertmanagerConfig {
  global: Record<string, unknown>;
  receivers: Receiver[];
}

/** Alertmanager with the channels that the settings give credentials for. Secrets are files that only it sees. */
export function alertmanager(settings: Settings, secrets: ProgramSecrets): Workload {
  const { alerting } = settings;
  const replicas = settings.replicas.alertmanager;
  return {
    name: "alertmanager",
    image: images.alertmanager,
    args: [
      `--config.file=${DIRECTORY}/alertmanager.yml`,
      "--storage.path=/alertmanager",
      `--data.retention=${RETENTION}`,
      `--web.external-url=${browserUrl(settings, "alertmanager")}`,
      ...clusterArgs(settings),
    ],
    env: goHeap(settings.resources.alertmanager),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "alertmanager.yml", content: toYaml(alertmanagerConfig(alerting)) },
        ...templates(settings),
        ...secretFiles(alerting),
        ...(replicas > 1 ? gossipTls(secrets) : []),
      ],
    },
    ports: [
      { name: "http", number: PORT, reach: { from: "operator", published: settings.ports.alertmanager } },
      ...(replicas > 1 ? [{ name: "gossip", number: GOSSIP_PORT, reach: { from: "peers" } } as const] : []),
    ],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "alertmanager", path: "/alertmanager", size: settings.storage.alertmanager }],
    resources: settings.resources.alertmanager,
    health: { path: "/-/ready", port: PORT, check: "wget", startupSeconds: 30 },
    placement: replicas > 1 ? { kind: "replicated", replicas, spread: settings.spread } : { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: [...(replicas > 1 ? ["alertmanager"] : []), ...(Object.keys(alerting).length > 0 ? [INTERNET] : [])],
  };
}

/** Copies tell each other what they have sent. With TLS on both sides that goes over TCP alone, and no stranger joins. */
function clusterArgs(settings: Settings): string[] {
  // One instance: no gossip port.
  if (settings.replicas.alertmanager === 1) return ["--cluster.listen-address="];
  return [
    `--cluster.tls-config=${DIRECTORY}/gossip-tls.yml`,
    `--cluster.listen-address=0.0.0.0:${GOSSIP_PORT}`,
    ...replicaAddresses(settings, "alertmanager", GOSSIP_PORT).map((peer) => `--cluster.peer=${peer}`),
  ];
}

function gossipTls(secrets: ProgramSecrets): ConfigFile[] {
  const { authority, certificate, key } = secrets.tlsIdentity("alertmanager", ["alertmanager"]);
  return [
    { path: "gossip-tls.yml", content: nativeText("alertmanager/gossip-tls.yml") },
    { path: "secrets/gossip-ca.crt", content: authority, secret: true },
    { path: "secrets/gossip.crt", content: certificate, secret: true },
    { path: "secrets/gossip.key", content: key, secret: true },
  ];
}

/** The notifications' templates. Alerts carry only the path of their dashboard, so one template holds Grafana's address. */
function templates(settings: Settings): ConfigFile[] {
  const url = browserUrl(settings, "grafana", true).replace(/\/$/, "");
  const grafana = `{{ define "pyairtable.grafana.url" }}${url}{{ end }}\n`;
  return nativeFiles("alertmanager/templates", ".tmpl").map((file) => ({
    path: `templates/${file}`,
    content: file === "addresses.tmpl" ? grafana : nativeText(`alertmanager/templates/${file}`),
  }));
}

function secretFiles({ email, slack, pagerduty, webhook, deadMansSwitch }: Alerting): ConfigFile[] {
  const contents = {
    "smtp-password": email?.password,
    "slack-webhook-url": slack?.webhookUrl,
    "pagerduty-routing-key": pagerduty?.routingKey,
    "webhook-url": webhook?.url,
    "dead-mans-switch-url": deadMansSwitch?.url,
  };
  return Object.entries(contents).flatMap(([name, content]) =>
    content === undefined ? [] : [{ path: `secrets/${name}`, content, secret: true }],
  );
}

function alertmanagerConfig(alerting: Alerting): AlertmanagerConfig {
  const base = nativeYaml<AlertmanagerConfig>("alertmanager/alertmanager.yml");
  const { email } = alerting;
  return {
    ...base,
    global: { ...base.global, ...(email ? smtp(email) : {}) },
    receivers: base.receivers.map((receiver) => ({ ...receiver, ...channels(receiver.name, alerting) })),
  };
}

function smtp({ smtpHost, from, requireTls, user, password }: EmailChannel): Record<string, unknown> {
  return {
    smtp_smarthost: smtpHost,
    smtp_from: from,
    smtp_require_tls: requireTls,
    ...(user ? { smtp_auth_username: user } : {}),
    ...(password ? { smtp_auth_password_file: `${DIRECTORY}/secrets/smtp-password` } : {}),
  };
}

/**
 * The channels of one receiver. The watchdog goes only to the outside dead man's switch that waits for it, or to the webhook;
 * PagerDuty wakes a person, so it gets only what is critical or about security.
 */
function channels(receiver: string, alerting: Alerting): Omit<Receiver, "name"> {
  const webhook = alerting.webhook && {
    webhook_configs: [{ url_file: `${DIRECTORY}/secrets/webhook-url`, send_resolved: receiver !== "watchdog" }],
  };
  const deadMansSwitch = alerting.deadMansSwitch && {
    webhook_configs: [{ url_file: `${DIRECTORY}/secrets/dead-mans-switch-url`, send_resolved: false }],
  };
  if (receiver === "watchdog") return { ...webhook, ...deadMansSwitch };
  const to = alerting.email && addressOf(receiver, alerting.email);
  return {
    ...(to && {
      email_configs: [
        {
          to,
          send_resolved: true,
          headers: { Subject: '{{ template "pyairtable.email.subject" . }}' },
          html: '{{ template "pyairtable.email.html" . }}',
          text: '{{ template "pyairtable.email.text" . }}',
        },
      ],
    }),
    ...(alerting.slack && {
      slack_configs: [
        {
          api_url_file: `${DIRECTORY}/secrets/slack-webhook-url`,
          ...(alerting.slack.channel ? { channel: alerting.slack.channel } : {}),
          send_resolved: true,
          title: '{{ template "pyairtable.slack.title" . }}',
          text: '{{ template "pyairtable.slack.text" . }}',
        },
      ],
    }),
    ...(alerting.pagerduty &&
      ["critical", "security"].includes(receiver) && {
        pagerduty_configs: [
          {
            routing_key_file: `${DIRECTORY}/secrets/pagerduty-routing-key`,
            description: '{{ template "pyairtable.pagerduty.description" . }}',
          },
        ],
      }),
    ...webhook,
  };
}

/** A receiver without an address of its own falls back to the people on call, so that no alert is lost. */
function addressOf(receiver: string, { critical, oncall, security }: EmailChannel): string | undefined {
  if (receiver === "info") return undefined;
  const own = { critical, oncall, security }[receiver];
  return own ?? oncall ?? critical ?? security;
}
