import { images } from "../images";
import { INTERNET, type ConfigFile, type Workload } from "../platform/workload";
import type { Alerting, EmailChannel, Settings } from "../settings/settings";
import { browserUrl, replicaAddresses } from "./addresses";
import { ALERTMANAGER_DIRECTORY, channelsOf, type Receiver } from "./alertmanager-receivers";
import { goHeap } from "./limits";
import { nativeFiles, nativeText, nativeYaml, toYaml } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const PORT = 9093;
const GOSSIP_PORT = 9094;

/** How long silences and the notification log are kept. Alertmanager's own default. */
const RETENTION = "120h";

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
      `--config.file=${ALERTMANAGER_DIRECTORY}/alertmanager.yml`,
      "--storage.path=/alertmanager",
      `--data.retention=${RETENTION}`,
      `--web.external-url=${browserUrl(settings, "alertmanager")}`,
      ...clusterArgs(settings),
    ],
    env: goHeap(settings.resources.alertmanager),
    files: {
      directory: ALERTMANAGER_DIRECTORY,
      entries: [
        { path: "alertmanager.yml", content: toYaml(alertmanagerConfig(settings)) },
        ...templates(),
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
    `--cluster.tls-config=${ALERTMANAGER_DIRECTORY}/gossip-tls.yml`,
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

function templates(): ConfigFile[] {
  return nativeFiles("alertmanager/templates", ".tmpl").map((file) => ({
    path: `templates/${file}`,
    content: nativeText(`alertmanager/templates/${file}`),
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

function alertmanagerConfig(settings: Settings): AlertmanagerConfig {
  const base = nativeYaml<AlertmanagerConfig>("alertmanager/alertmanager.yml");
  const { email } = settings.alerting;
  return {
    ...base,
    global: { ...base.global, ...(email ? smtp(email) : {}) },
    receivers: base.receivers.map((receiver) => ({ ...receiver, ...channelsOf(receiver.name, settings) })),
  };
}

function smtp({ smtpHost, from, requireTls, user, password }: EmailChannel): Record<string, unknown> {
  return {
    smtp_smarthost: smtpHost,
    smtp_from: from,
    smtp_require_tls: requireTls,
    ...(user ? { smtp_auth_username: user } : {}),
    ...(password ? { smtp_auth_password_file: `${ALERTMANAGER_DIRECTORY}/secrets/smtp-password` } : {}),
  };
}
