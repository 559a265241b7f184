import { describe, expect, it } from "vitest";

import { browserUrl } from "../../components/programs/addresses";
import { settingsFor } from "../support/settings";

describe("the address of a published program in a browser", () => {
  it.each([
    ["127.0.0.1", "http://localhost:3001/"],
    ["127.0.0.2", "http://localhost:3001/"],
    ["0.0.0.0", "http://localhost:3001/"],
    ["::", "http://localhost:3001/"],
    ["::1", "http://localhost:3001/"],
    ["10.1.2.3", "http://10.1.2.3:3001/"],
    ["2001:db8::1", "http://[2001:db8::1]:3001/"],
  ])("bound to %s is %s", (bindAddress, url) => {
    expect(browserUrl(settingsFor({ bindAddress }), "grafana")).toBe(url);
  });

  it("is this machine's where kubectl forwards it", () => {
    const settings = settingsFor({ platform: "kubernetes", bindAddress: "10.1.2.3" });
    expect(browserUrl(settings, "grafana")).toBe("http://localhost:3001/");
  });
});
