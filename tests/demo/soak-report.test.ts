import { describe, expect, it } from "vitest";

import type { SoakResult } from "../../demo/soak/soak";
import { soakReport } from "../../demo/soak/soak-report";

const GOOD: SoakResult = {
  healthyMinutes: 30,
  healthyAlerts: [],
  healthyNotifications: [],
  scenarios: [
    {
      name: "service-down",
      alerts: [
        {
          alert: "ServiceDown",
          receiver: "critical",
          heardBy: ["critical"],
          firedAfter: 140,
          heardAfter: 85,
          resolvedAfter: 290,
        },
      ],
      problems: [],
    },
  ],
  unexpected: [],
  gaps: [],
  ruleMilliseconds: { mean: 20, highest: 31 },
};
const WHERE = { day: "2026-03-04", oneByOne: false, cores: 2 };

describe("the page of a soak", () => {
  it("shows each alert with its times", () => {
    const page = soakReport(GOOD, WHERE);
    expect(page).toContain("Result: all as expected.");
    expect(page).toContain("| service-down | ServiceDown | 2.3 min | critical | 85 s | 4.8 min |");
    expect(page).toContain("20 ms on average, 31 ms at most");
    expect(page).not.toContain("Not as expected");
  });

  it("names everything that went wrong", () => {
    const page = soakReport(
      {
        ...GOOD,
        healthyAlerts: ["RedisDown"],
        healthyNotifications: ["RedisDown by critical"],
        gaps: ["Prometheus did not answer for 70 s"],
        ruleMilliseconds: { mean: 100, highest: 120 },
        unexpected: ["HostCpuHigh"],
        scenarios: [{ name: "idle-service", alerts: [], problems: ["UnusedService did not fire within 65 minutes"] }],
      },
      WHERE,
    );
    expect(page).toContain("Result: not all as expected.");
    expect(page).toContain("- healthy: RedisDown fired");
    expect(page).toContain("- idle-service: UnusedService did not fire within 65 minutes");
    expect(page).toContain("- healthy: somebody was told of RedisDown by critical");
    expect(page).toContain("- Prometheus did not answer for 70 s");
    expect(page).toContain("- all rules together took 100 ms on average");
    expect(page).toContain("- HostCpuHigh fired and belongs to no scenario");
  });
});
