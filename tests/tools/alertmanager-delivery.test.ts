import { describe, expect, it, vi } from "vitest";

import { delivery } from "./support/delivery";
import { useTool } from "./support/tool";

const alertmanager = useTool("alertmanager");

const FRONTEND = { service: "frontend" };
const to = (what: string, ...channels: readonly string[]) => channels.map((channel) => `${what} to ${channel}`);
const CRITICAL = ["critical@example.com", "slack", "pagerduty", "webhook"];
const WARNING = ["oncall@example.com", "slack", "webhook"];
const SECURITY = ["security@example.com", "slack", "webhook"];

describe("the stack's Alertmanager", () => {
  it("tells what is critical to everyone once, and once that it is over, each time with links", async () => {
    const { fire, resolve, told, expectTold } = await delivery(alertmanager.path());
    await fire(["ServiceDown"], FRONTEND);
    const firing = to("FIRING ServiceDown frontend", ...CRITICAL);
    await expectTold(firing);
    await resolve("ServiceDown", FRONTEND);
    await expectTold([...firing, ...to("RESOLVED ServiceDown frontend", ...CRITICAL)]);
    for (const { text, body } of told()) {
      expect(body, text).toContain("docs/runbooks/service-down.md");
      expect(body, text).toContain("http://localhost:3001/d/pyairtable-platform-overview");
    }
    const incidents = told().flatMap(({ text, body }) =>
      text.endsWith("to pagerduty") ? [JSON.parse(body) as { event_action: string; dedup_key: string }] : [],
    );
    expect(incidents.map(({ event_action: action }) => action)).toEqual(["trigger", "resolve"]);
    // By this PagerDuty knows which incident is over.
    expect(new Set(incidents.map(({ dedup_key: key }) => key)).size).toBe(1);
  });

  it("keeps the symptoms of a service that is down to itself until it is up", async () => {
    const { fire, resolve, expectTold } = await delivery(alertmanager.path());
    await fire(["ServiceDown", "SlowResponses"], FRONTEND);
    await fire(["SlowResponses"], { service: "mcp-server" });
    const first = [
      ...to("FIRING ServiceDown frontend", ...CRITICAL),
      ...to("FIRING SlowResponses mcp-server", ...WARNING),
    ];
    await expectTold(first);
    await resolve("ServiceDown", FRONTEND);
    await expectTold([
      ...first,
      ...to("RESOLVED ServiceDown frontend", ...CRITICAL),
      ...to("FIRING SlowResponses frontend", ...WARNING),
    ]);
  });

  it("tells of attacks to security, though the service is down, and wakes somebody for the critical alone", async () => {
    const { fire, expectTold } = await delivery(alertmanager.path());
    await fire(["ServiceDown", "DeniedRequestsHigh", "AuthenticationBruteForce"], FRONTEND);
    await expectTold([
      ...to("FIRING ServiceDown frontend", ...CRITICAL),
      ...to("FIRING DeniedRequestsHigh frontend", ...SECURITY),
      ...to("FIRING AuthenticationBruteForce frontend", ...SECURITY, "pagerduty"),
    ]);
  });

  it("says in one notification what one alert has to say of one service", async () => {
    const { fire, told, expectTold } = await delivery(alertmanager.path());
    const instances = ["frontend-1:3000", "frontend-2:3000"].map((instance) => ({ ...FRONTEND, instance }));
    await fire(["SlowResponses"], ...instances);
    await expectTold(to("FIRING SlowResponses frontend", ...WARNING));
    for (const { text, body } of told().filter(({ text }) => !text.endsWith("webhook"))) {
      expect(body, text).toContain("[FIRING 2] WARNING SlowResponses frontend (test)");
    }
  });

  it("sends no mail about what is for information", async () => {
    const { fire, expectTold } = await delivery(alertmanager.path());
    await fire(["UnusedService"], FRONTEND);
    await expectTold(to("FIRING UnusedService frontend", "slack", "webhook"));
  });

  it("tells the dead man's switch again and again that it works, and nobody else", async () => {
    const { fire, told } = await delivery(alertmanager.path());
    await fire(["Watchdog"], {});
    await vi.waitFor(() => expect(told().length).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
    expect(new Set(told().map(({ text }) => text))).toEqual(new Set(["FIRING Watchdog to dead man's switch"]));
  });
});
