import type { Settings } from "./settings";

/**
 * What a stack for production lacks, as sentences that say what to change. `protectData` says that it is one. They warn and do
 * not refuse, so that a production stack can be tried before its domain and its secrets are there; `npx monitoring verify` fails
 * on the same.
 */
export function productionWarnings({ protectData, frontDoor, alerting }: Settings): string[] {
  if (!protectData) return [];
  const { deadMansSwitch, ...channels } = alerting;
  return [
    ...(frontDoor
      ? []
      : [
          "frontDoor.domain: not set, so programs without a login of their own are guarded by the network alone. Give people one way in, " +
            "with TLS and a login: pulumi config set --path frontDoor.domain <domain>",
        ]),
    ...(deadMansSwitch
      ? []
      : [
          "deadMansSwitchUrl: not set, so nobody notices when alerting itself stops. Let a service outside watch the Watchdog alert: " +
            "pulumi config set --secret deadMansSwitchUrl <url>",
        ]),
    ...(Object.keys(channels).length > 0
      ? []
      : [
          "alert channels: none, so alerts are shown in Alertmanager and sent nowhere. Set one, as in: " +
            "pulumi config set --secret slackWebhookUrl <url>",
        ]),
  ];
}
