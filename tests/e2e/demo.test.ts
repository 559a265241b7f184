import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { dashboardFor } from "../../components/programs/grafana-dashboards";
import { scenariosNamed, type Scenario } from "../../demo/scenarios";
import { AlertLog } from "../../demo/soak/alert-log";
import { Notifications } from "../../demo/soak/notifications";
import { ruleSeconds, startPlatform, toldSince } from "../../demo/soak/soak";
import { Trial } from "../../demo/soak/trial";
import type { SimulatedPlatform } from "../../demo/stage/simulated-platform";
import { stageAt, type Target } from "../../demo/stage/target";
import { waitForHealth } from "../../operations/health";
import { settingsOf } from "../../operations/preflight";
import { PROJECT_ROOT } from "../../operations/workspace";
import { emptyQueries, panelsOf, type Panel, type Stores } from "./support/demo-panels";
import { eventually, getJson } from "./support/eventually";
import { docker, TestStack } from "./support/test-stack";

const SCRAPE_SECONDS = 5;
const HEALTHY_MINUTES = 3;
const SERVICES = [
  "airtable-gateway",
  "api-gateway",
  "automation-services",
  "frontend",
  "llm-orchestrator",
  "mcp-server",
  "platform-services",
  "saga-orchestrator",
];
/** The first alert of each comes within three minutes or so. The soak waits for all. */
const QUICK = ["service-down", "brute-force-logins", "memory-leak"];

/** The short form of `npm run soak`, on one stack: the tests follow each other in this order. */
describe("a stack beside the simulated platform", () => {
  let notifications: Notifications;
  let stack: TestStack;
  let target: Target;
  let platform: SimulatedPlatform;
  let log: AlertLog;
  let stores: Stores;
  let started: number;
  let settled: number;
  const secondsLeft = () => Math.max(1, started / 1_000 + HEALTHY_MINUTES * 60 - Date.now() / 1_000);
  const query = async (expression: string) => {
    type Answer = { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
    const url = `${stores.prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`;
    return (await getJson<Answer>(url)).data.result;
  };

  beforeAll(async () => {
    notifications = await Notifications.listen(docker);
    const settings = { scrapeInterval: `${SCRAPE_SECONDS}s` };
    stack = await TestStack.create(inject("workspace"), settings, { alertWebhookUrl: notifications.url });
    const outputs = await stack.up();
    target = { settings: await settingsOf(stack.run), outputs };
    const { prometheus, loki } = outputs.urls as { prometheus: string; loki: string };
    stores = { prometheus, loki, scrapeSeconds: SCRAPE_SECONDS };
    await waitForHealth(docker, outputs.programs, prometheus, 90);
    // Its image is built at the first run.
    const stage = await stageAt(target, docker, "1", console.error);
    started = Date.now();
    platform = await startPlatform(stage, target);
    log = await AlertLog.begin(stack.name, prometheus);
    settled = Date.now();
  });

  afterAll(async () => {
    log?.end();
    await platform?.remove();
    await stack?.remove();
    await notifications?.close();
  });

  it("scrapes all eight services, their cache and their database", async () => {
    const up = await eventually("all services up", async () => {
      const found = await query('up{job="services"} == 1');
      return found.length === SERVICES.length ? found : undefined;
    });
    expect(up.map(({ metric }) => metric.service).sort()).toEqual(SERVICES);
    await eventually("Redis and PostgreSQL", async () => (await query("redis_up == 1 and on () pg_up == 1"))[0]);
  });

  it("follows a visit through several services", async () => {
    type Trace = { processes: Record<string, { serviceName: string }> };
    const url = `${target.outputs.urls.jaeger}/api/traces?service=airtable-gateway&limit=20&lookback=10m`;
    const through = await eventually("a trace through several services", async () => {
      const { data } = await getJson<{ data: Trace[] }>(url);
      return data
        .map(({ processes }) => new Set(Object.values(processes).map(({ serviceName }) => serviceName)))
        .find((names) => ["visitors", "api-gateway", "airtable-gateway"].every((name) => names.has(name)));
    });
    expect(through).toContain("api-gateway");
  });

  it("has data in every panel of every dashboard within three minutes", async () => {
    const folder = path.join(PROJECT_ROOT, "configs/grafana/dashboards");
    const panels = panelsOf(folder, stores, (file) =>
      dashboardFor({ loki: true, elasticsearch: false, kubelets: false }, file),
    );
    const walk = async (what: string, some: readonly Panel[]) => {
      let waiting = some;
      let empty: string[] = [];
      const ask = async () => {
        const found = await Promise.all(waiting.map((panel) => emptyQueries(panel, stores)));
        waiting = waiting.filter((_, index) => (found[index] as string[]).length > 0);
        empty = found.flat();
        return waiting.length === 0 ? true : undefined;
      };
      await eventually("data in every panel", ask, secondsLeft()).catch(() => {});
      console.log(`${some.length - waiting.length} of ${some.length} ${what}`);
      return empty;
    };
    const opened = panels.filter(({ chosen }) => chosen === undefined);
    expect(await walk("panels", opened)).toEqual([]);
    expect(opened.length).toBeGreaterThan(100);
    const chosen = panels.filter((panel) => panel.chosen !== undefined);
    expect(await walk("panels with one value chosen", chosen)).toEqual([]);
    expect(chosen.length).toBeGreaterThan(50);
  });

  it("fires nothing but the watchdog while all is well", async () => {
    await sleep(Math.max(0, settled + HEALTHY_MINUTES * 60_000 - Date.now()));
    expect(log.unexpected([])).toEqual([]);
    expect(log.gaps).toEqual([]);
    expect(toldSince(notifications, settled, stack.name, [])).toEqual([]);
    expect(notifications.received.map(({ receiver }) => receiver)).toContain("watchdog");
  });

  it("says how long all rules together take", async () => {
    const seconds = await ruleSeconds(stores.prometheus);
    console.log(`all rules: ${Math.round(1_000 * seconds)} ms`);
    expect(seconds).toBeGreaterThan(0);
  });

  it("tells the right receiver once of what goes wrong, and when a service is back", async () => {
    const trial = new Trial(platform, log, notifications);
    const scenarios = scenariosNamed(QUICK);
    const play = (scenario: Scenario) => {
      const quick = { ...scenario, fires: scenario.fires.slice(0, 1) };
      // The windows of the others take a quarter of an hour to forget.
      return trial.play(quick, scenario.name === "service-down");
    };
    const results = await Promise.all(scenarios.map(play));
    for (const { name, alerts } of results)
      for (const { alert, heardAfter, resolvedAfter } of alerts)
        console.log(`${name}: ${alert} heard after ${heardAfter} s, resolved after ${resolvedAfter} s`);
    expect(results.flatMap(({ problems }) => problems)).toEqual([]);
    expect(log.unexpected(scenarios.flatMap(({ fires, mayFire }) => [...fires, ...mayFire]))).toEqual([]);
    expect(log.gaps).toEqual([]);
  }, 1_500_000);
});
