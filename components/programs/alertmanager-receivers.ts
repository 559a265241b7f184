import { channelsFor, type AlertChannel, type Severity } from "../settings/alert-channels";
import type { EmailChannel, Settings } from "../settings/settings";

/** Where Alertmanager finds its files. */
export const ALERTMANAGER_DIRECTORY = "/etc/alertmanager";

type Channel = Readonly<Record<string, unknown>>;

export interface Receiver {
  name: string;
  email_configs?: Channel[];
  slack_configs?: Channel[];
  pagerduty_configs?: Channel[];
  webhook_configs?: Channel[];
}

/** The most severe of what the routes lead to a receiver. */
const SEVERITY: Readonly<Record<string, Severity>> = {
  critical: "critical",
  "security-critical": "critical",
  security: "warning",
  oncall: "warning",
  info: "info",
};

const secret = (name: string) => `${ALERTMANAGER_DIRECTORY}/secrets/${name}`;
const template = (name: string) => `{{ template "pyairtable.${name}" . }}`;

/** The channels of one receiver of alertmanager.yml. */
export function channelsOf(receiver: string, settings: Settings): Omit<Receiver, "name"> {
  const { name, alerting } = settings;
  if (receiver === "watchdog") return watchdog(settings);
  const channels: Readonly<Record<AlertChannel, () => Omit<Receiver, "name">>> = {
    email: () => ({ email_configs: [email(addressOf(receiver, alerting.email))] }),
    slack: () => ({ slack_configs: [slack(alerting.slack?.channel)] }),
    pagerduty: () => ({ pagerduty_configs: [pagerduty(name)] }),
    webhook: () => ({ webhook_configs: [{ url_file: secret("webhook-url"), send_resolved: true }] }),
  };
  const used = channelsFor(SEVERITY[receiver] ?? "info", alerting);
  return Object.assign({}, ...used.map((channel) => channels[channel]())) as Omit<Receiver, "name">;
}

/** The watchdog goes only to the outside dead man's switch that waits for it, or to the webhook. It never ends well. */
function watchdog({ alerting }: Settings): Omit<Receiver, "name"> {
  const file = alerting.deadMansSwitch ? "dead-mans-switch-url" : alerting.webhook ? "webhook-url" : undefined;
  return file ? { webhook_configs: [{ url_file: secret(file), send_resolved: false }] } : {};
}

function email(to: string | undefined): Channel {
  return {
    to,
    send_resolved: true,
    headers: { Subject: template("email.subject") },
    html: template("email.html"),
    text: template("email.text"),
  };
}

function slack(channel: string | undefined): Channel {
  return {
    api_url_file: secret("slack-webhook-url"),
    ...(channel ? { channel } : {}),
    send_resolved: true,
    title: template("slack.title"),
    text: template("slack.text"),
  };
}

/** @param client what PagerDuty calls the sender, which tells stacks apart. */
function pagerduty(client: string): Channel {
  return {
    routing_key_file: secret("pagerduty-routing-key"),
    send_resolved: true,
    client,
    description: template("pagerduty.description"),
    severity: template("pagerduty.severity"),
    class: "{{ .CommonLabels.alertname }}",
    component: template("pagerduty.component"),
    group: "{{ .CommonLabels.category }}",
    links: [
      { href: "{{ .CommonAnnotations.runbook_url }}", text: "Runbook" },
      { href: "{{ .CommonAnnotations.dashboard }}", text: "Dashboard" },
    ],
  };
}

/** A receiver without an address of its own falls back to the people on call, so that no alert is lost. */
function addressOf(receiver: string, addresses: EmailChannel | undefined): string | undefined {
  const { critical, oncall, security } = addresses ?? {};
  const own = { critical, security, "security-critical": security ?? critical }[receiver];
  return own ?? oncall ?? critical ?? security;
}
