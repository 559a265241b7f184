import { unheardSeverities } from "./alert-channels";
import type { Alerting, Settings } from "./settings";

/**
 * What a stack for production lacks, as sentences that say what to change. `protectData` says that it is one. They warn and do
 * not refuse, so that a production stack can be tried before its domain and its secrets are there; `npx monitoring verify` fails
 * on the same.
 *
 * @param stack Pulumi's name of it, for the commands. Those for secrets ask for the value, which no shell then remembers.
 */
export function productionWarnings(settings: Settings, stack: string): string[] {
  if (!settings.protectData) return [];
  return [
    ...(settings.frontDoor
      ? []
      : [
          "frontDoor.domain: not set, so programs without a login of their own are guarded by the network alone. Give people one way in, " +
            `with TLS and a login: pulumi config set --path frontDoor.domain <domain> --stack ${stack}`,
        ]),
    ...(settings.alerting.deadMansSwitch
      ? []
      : [
          "deadMansSwitchUrl: not set, so nobody notices when alerting itself stops. Let a service outside watch the Watchdog alert: " +
            `pulumi config set --secret deadMansSwitchUrl --stack ${stack}`,
        ]),
    ...channelWarnings(settings.alerting, stack),
    ...backupWarnings(settings, stack),
  ];
}

/** Somebody must hear of what is critical, and of warnings. What is for information can wait until somebody looks. */
function channelWarnings(alerting: Alerting, stack: string): string[] {
  const unheard = unheardSeverities(alerting);
  const command = `pulumi config set --secret slackWebhookUrl --stack ${stack}`;
  if (unheard.includes("critical"))
    return [`alert channels: none, so alerts are shown in Alertmanager and sent nowhere. Set one, as in: ${command}`];
  if (unheard.includes("warning"))
    return [
      "alert channels: PagerDuty alone, which gets only what is critical, so warnings reach nobody. Set one more, as in: " +
        command,
    ];
  return [];
}

function backupWarnings({ elk, replicas }: Settings, stack: string): string[] {
  if (elk === undefined || elk.snapshots || replicas.elasticsearch === 1) return [];
  return [
    `elasticsearchSnapshots.storageClass: not set, so the ${replicas.elasticsearch} nodes of Elasticsearch can not be backed up. ` +
      "Name a class whose volumes several machines write to (ReadWriteMany): " +
      `pulumi config set --path elasticsearchSnapshots.storageClass <class> --stack ${stack}. ` +
      "Until then the other programs are saved by: npx monitoring backup --without elasticsearch",
  ];
}
