import { describe, expect, it } from "vitest";

import { channelSummary } from "../../components/settings/alert-channels";
import { settingsFor, type Written } from "../support/settings";

const EMAIL = { smtpHost: "mail.a.org:587", alertFromEmail: "a@a.org", oncallEmail: "o@a.org" };
const SLACK = { "slackWebhookUrl!": "https://hooks.slack.com/services/T/B/x" };
const PAGERDUTY = { "pagerdutyRoutingKey!": "0123456789abcdef0123456789abcdef" };
const WEBHOOK = { "alertWebhookUrl!": "https://a.org/hook" };
const DEAD_MANS_SWITCH = { "deadMansSwitchUrl!": "https://watch.a.org/1" };

const NONE = "none: alerts are shown in Alertmanager and sent nowhere";
const CRITICAL_ONLY = "nobody for warning and info (set slackWebhookUrl, alertWebhookUrl or the keys of email)";

describe("what a stack says of its alert channels", () => {
  it.each<[string, Written, readonly string[] | string]>([
    ["none", {}, NONE],
    ["a dead man's switch, which tells nobody of alerts", DEAD_MANS_SWITCH, NONE],
    ["email", EMAIL, ["email"]],
    ["Slack", { ...SLACK, ...DEAD_MANS_SWITCH }, ["slack"]],
    ["a webhook", WEBHOOK, ["webhook"]],
    ["PagerDuty, which wakes people for what is critical", PAGERDUTY, ["pagerduty", CRITICAL_ONLY]],
    ["PagerDuty and email", { ...PAGERDUTY, ...EMAIL }, ["email", "pagerduty"]],
  ])("with %s", (_, written, summary) => {
    expect(channelSummary(settingsFor(written).alerting)).toEqual(summary);
  });
});
