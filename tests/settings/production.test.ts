import { describe, expect, it } from "vitest";

import { productionWarnings } from "../../components/settings/production";
import { stackFile } from "../support/stack-file";
import { settingsFor, type Written } from "../support/settings";

const keysOf = (written: Written) => productionWarnings(settingsFor(written)).map((text) => text.split(":")[0]);

describe("a stack whose data is protected", () => {
  it("is told everything that production lacks", () => {
    expect(keysOf({ protectData: "true" })).toEqual(["frontDoor.domain", "deadMansSwitchUrl", "alert channels"]);
  });

  it("is told no more once it has them", () => {
    const written = {
      protectData: "true",
      frontDoor: { domain: "a.org" },
      "deadMansSwitchUrl!": "https://watch.a.org/1",
      "slackWebhookUrl!": "https://hooks.slack.com/services/T/B/x",
    };
    expect(keysOf(written)).toEqual([]);
  });

  it("has a front door where it is the committed one, whose secrets are yours to set", () => {
    expect(keysOf(stackFile("prod"))).toEqual(["deadMansSwitchUrl", "alert channels"]);
  });
});

describe("a stack whose data may go", () => {
  it("is told nothing", () => expect(keysOf({})).toEqual([]));
});
