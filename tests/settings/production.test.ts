import { describe, expect, it } from "vitest";

import { productionWarnings } from "../../components/settings/production";
import { stackFile } from "../support/stack-file";
import { settingsFor, type Written } from "../support/settings";

const warningsOf = (written: Written) => productionWarnings(settingsFor(written), "prod");
const keysOf = (written: Written) => warningsOf(written).map((text) => text.split(":")[0]);

const COMPLETE = {
  protectData: "true",
  frontDoor: { domain: "a.org" },
  "deadMansSwitchUrl!": "https://watch.a.org/1",
  "slackWebhookUrl!": "https://hooks.slack.com/services/T/B/x",
};
const PAGERDUTY = { "slackWebhookUrl!": "", "pagerdutyRoutingKey!": "0123456789abcdef0123456789abcdef" };
const MAIL = { smtpHost: "mail.a.org:587", alertFromEmail: "alerts@a.org", oncallEmail: "oncall@a.org" };
const THREE_NODES = { platform: "kubernetes", logging: "elk", replicas: { elasticsearch: 3 } };

describe("a stack whose data is protected", () => {
  it("is told everything that production lacks", () => {
    const keys = ["frontDoor.domain", "deadMansSwitchUrl", "alert channels", "elasticsearchSnapshots.storageClass"];
    expect(keysOf({ protectData: "true", ...THREE_NODES })).toEqual(keys);
  });

  it("is told no more once it has them", () => {
    expect(keysOf(COMPLETE)).toEqual([]);
  });

  it("has a front door where it is the committed one, whose secrets are yours to set", () => {
    const keys = ["deadMansSwitchUrl", "alert channels", "elasticsearchSnapshots.storageClass"];
    expect(keysOf(stackFile("prod"))).toEqual(keys);
  });

  it.each<[string, Written]>([
    ["pulumi config set --path frontDoor.domain <domain> --stack prod", { frontDoor: {} }],
    ["pulumi config set --secret deadMansSwitchUrl --stack prod", { "deadMansSwitchUrl!": "" }],
    ["pulumi config set --secret slackWebhookUrl --stack prod", { "slackWebhookUrl!": "" }],
    ["pulumi config set --secret slackWebhookUrl --stack prod", PAGERDUTY],
  ])("is told to type %s, which shows no secret", (command, lacks) => {
    const warnings = warningsOf({ ...COMPLETE, ...lacks });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.endsWith(`: ${command}`), warnings[0]).toBe(true);
  });
});

describe("the channels of a stack whose data is protected", () => {
  it.each<[string, Written, RegExp]>([
    ["no channel", { "slackWebhookUrl!": "" }, /^alert channels: none/],
    ["PagerDuty alone", PAGERDUTY, /^alert channels: PagerDuty alone, .* warnings reach nobody/],
  ])("are too few with %s", (_, channels, reason) => {
    expect(warningsOf({ ...COMPLETE, ...channels })).toEqual([expect.stringMatching(reason)]);
  });

  it("are enough where PagerDuty has mail beside it", () => {
    expect(keysOf({ ...COMPLETE, ...PAGERDUTY, ...MAIL })).toEqual([]);
  });
});

describe("Elasticsearch of a stack whose data is protected", () => {
  it("can not be backed up with several nodes and nowhere to write to", () => {
    const [warning = "", ...others] = warningsOf({ ...COMPLETE, ...THREE_NODES });
    expect(others).toEqual([]);
    expect(warning).toMatch(/^elasticsearchSnapshots\.storageClass: not set, so the 3 nodes/);
    expect(warning).toContain("pulumi config set --path elasticsearchSnapshots.storageClass <class> --stack prod");
    expect(warning).toContain("npx monitoring backup --without elasticsearch");
  });

  it.each<[string, Written]>([
    ["with a storage class for its snapshots", { ...THREE_NODES, elasticsearchSnapshots: { storageClass: "shared" } }],
    ["with one node", { logging: "elk" }],
  ])("can be backed up %s", (_, written) => expect(keysOf({ ...COMPLETE, ...written })).toEqual([]));
});

describe("a stack whose data may go", () => {
  it("is told nothing", () => expect(keysOf(THREE_NODES)).toEqual([]));
});
