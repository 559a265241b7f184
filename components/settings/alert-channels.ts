import type { Alerting } from "./settings";

const SEVERITIES = ["critical", "warning", "info"] as const;

export type Severity = (typeof SEVERITIES)[number];
export type AlertChannel = "email" | "slack" | "pagerduty" | "webhook";

/**
 * The channels that tell people of alerts of a severity. PagerDuty wakes them, so it gets only what is critical; email has
 * what is for information only where nothing quieter does. The dead man's switch is none: it hears the watchdog alone.
 */
export function channelsFor(severity: Severity, { email, slack, pagerduty, webhook }: Alerting): AlertChannel[] {
  const byMail = severity !== "info" || !(slack || webhook);
  return [
    ...(email && byMail ? ["email" as const] : []),
    ...(slack ? ["slack" as const] : []),
    ...(pagerduty && severity === "critical" ? ["pagerduty" as const] : []),
    ...(webhook ? ["webhook" as const] : []),
  ];
}

/** Severities that reach nobody. */
export function unheardSeverities(alerting: Alerting): Severity[] {
  return SEVERITIES.filter((severity) => channelsFor(severity, alerting).length === 0);
}

/** For people: the channels of a stack, and the severities for which none of them is. */
export function channelSummary(alerting: Alerting): string[] | string {
  const unheard = unheardSeverities(alerting);
  if (unheard.length === SEVERITIES.length) return "none: alerts are shown in Alertmanager and sent nowhere";
  const channels = channelsFor("critical", alerting);
  if (unheard.length === 0) return channels;
  return [
    ...channels,
    `nobody for ${unheard.join(" and ")} (set slackWebhookUrl, alertWebhookUrl or the keys of email)`,
  ];
}
