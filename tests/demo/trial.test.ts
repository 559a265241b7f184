import { describe, expect, it } from "vitest";

import type { Orders } from "../../demo/orders";
import type { Scenario } from "../../demo/scenarios";
import type { AlertLog, FiredAlert } from "../../demo/soak/alert-log";
import type { Notification, Notifications, NotifiedAlert } from "../../demo/soak/notifications";
import { Trial } from "../../demo/soak/trial";
import type { SimulatedPlatform } from "../../demo/stage/simulated-platform";

const MOMENT = 1 / 60 / 100;

const SCENARIO: Scenario = {
  name: "errors",
  about: "",
  orders: { rate: 3 },
  stops: ["frontend"],
  fires: [{ alert: "HighErrorRate", receiver: "critical", labels: { service: "api-gateway" } }],
  mayFire: [],
  detectMinutes: MOMENT,
  resolveMinutes: MOMENT,
};

const labels = { alertname: "HighErrorRate", service: "api-gateway" };

/** A platform, a Prometheus and a receiver that only note what they are told, and say what they are given. */
function world(told: readonly (readonly [receiver: string, status: NotifiedAlert["status"]])[], fires = true) {
  const acts: string[] = [];
  const platform = {
    order: ({ rate }: Orders) => Promise.resolve(void acts.push(`rate ${rate}`)),
    stopService: (name: string) => Promise.resolve(void acts.push(`stop ${name}`)),
    startService: (name: string) => Promise.resolve(void acts.push(`start ${name}`)),
  } as unknown as SimulatedPlatform;
  const later = Date.now() + 5_000;
  const fired: FiredAlert[] = fires ? [{ labels, since: later }] : [];
  const received: Notification[] = told.map(([receiver, status], index) => ({
    at: later + index * 1_000,
    receiver,
    alerts: [
      { status: "firing", labels: { alertname: "HighErrorRate", service: "frontend" } },
      { status, labels },
    ],
  }));
  const trial = new Trial(platform, { fired } as unknown as AlertLog, { received } as unknown as Notifications);
  return { trial, acts };
}

describe("a trial of a scenario", () => {
  it("passes when the right receiver hears once that it fires and that it is over", async () => {
    const { trial, acts } = world([
      ["critical", "firing"],
      ["critical", "resolved"],
    ]);
    const { alerts, problems } = await trial.play(SCENARIO, true);
    expect(problems).toEqual([]);
    expect(alerts).toMatchObject([{ heardBy: ["critical"], firedAfter: 5, heardAfter: 5, resolvedAfter: 6 }]);
    expect(acts).toEqual(["rate 3", "stop frontend", "rate 1", "start frontend"]);
  });

  it.each([
    { case: "does not fire", told: [], fires: false, problem: /HighErrorRate did not fire within/ },
    { case: "is heard by nobody", told: [], fires: true, problem: /no receiver heard of it/ },
    {
      case: "reaches another receiver",
      told: [
        ["oncall", "firing"],
        ["oncall", "resolved"],
      ] as const,
      fires: true,
      problem: /was to reach critical once and reached oncall/,
    },
    {
      case: "reaches it twice",
      told: [
        ["critical", "firing"],
        ["critical", "firing"],
        ["critical", "resolved"],
      ] as const,
      fires: true,
      problem: /reached critical, critical/,
    },
    {
      case: "is not resolved",
      told: [["critical", "firing"]] as const,
      fires: true,
      problem: /was not resolved within/,
    },
  ])("tells that an alert $case", async ({ told, fires, problem }) => {
    const { trial } = world(told, fires);
    const { problems } = await trial.play(SCENARIO, true);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it("does not ask for the end when nobody waits for it", async () => {
    const { trial } = world([["critical", "firing"]]);
    expect((await trial.play(SCENARIO, false)).problems).toEqual([]);
  });
});
