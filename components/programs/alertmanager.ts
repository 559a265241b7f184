import { images } from "../images";
import { INTERNET, type ConfigFile, type Workload } from "../platform/workload";
import type { Alerting, EmailChannel, Settings } from "../settings/settings";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";

const PORT = 9093;
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
export function alertmanager(settings: Settings): Workload {
  const { alerting } = settings;
  const secrets = secretFiles(alerting);
  return {
    name: "alertmanager",
    image: images.alertmanager,
    args: [
      `--config.file=${DIRECTORY}/alertmanager.yml`,
      "--storage.path=/alertmanager",
      `--data.retention=${RETENTION}`,
      `--web.external-url=http://localhost:${settings.ports.alertmanager}/`,
      // One instance: no gossip port.
      "--cluster.listen-address=",
    ],
    env: goHeap(settings.resources.alertmanager),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "alertmanager.yml", content: toYaml(alertmanagerConfig(alerting)) },
        ...templates(settings),
        ...secrets,
      ],
    },
    ports: [{ name: "http", number: PORT, reach: { from: "operator", published: settings.ports.alertmanager } }],
    metrics: { port: PORT, path: "/metrics" },
    data: [{ name: "alertmanager", path: "/alertmanager", size: settings.storage.alertmanager }],
    resources: settings.resources.alertmanager,
    health: { path: "/-/ready", port: PORT, check: "wget", startupSeconds: 30 },
    placement: { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    talksTo: Object.keys(alerting).length > 0 ? [INTERNET] : [],
  };
}

/** The notifications' templates. Alerts carry only the path of their dashboard, so one template holds Grafana's address. */
function templates({ ports }: Settings): ConfigFile[] {
  const grafana = `{{ define "pyairtable.grafana.url" }}http://localhost:${ports.grafana}{{ end }}\n`;
  return nativeFiles("alertmanager/templates", ".tmpl").map((file) => ({
    path: `templates/${file}`,
    content: file === "addresses.tmpl" ? grafana : nativeText(`alertmanager/templates/${file}`),
  }));
}

function secretFiles({ email, slack, pagerduty, webhook }: Alerting): ConfigFile[] {
  const contents = {
    "smtp-password": email?.password,
    "slack-webhook-url": slack?.webhookUrl,
    "pagerduty-routing-key": pagerduty?.routingKey,
    "webhook-url": webhook?.url,
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
 * The channels of one receiver. The watchdog goes only to the webhook, where an outside dead man's switch waits for it;
 * PagerDuty wakes a person, so it gets only what is critical or about security.
 */
function channels(receiver: string, alerting: Alerting): Omit<Receiver, "name"> {
  const webhook = alerting.webhook && {
    webhook_configs: [{ url_file: `${DIRECTORY}/secrets/webhook-url`, send_resolved: receiver !== "watchdog" }],
  };
  if (receiver === "watchdog") return { ...webhook };
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
