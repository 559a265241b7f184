import { describe, expect, it } from "vitest";

import type { Check } from "../../operations/checks";
import { describe as render } from "../../operations/checks";
import { deliveryCheck } from "../../operations/verify/alerting";
import { dataSourceCheck } from "../../operations/verify/data-sources";
import { diskChecks } from "../../operations/verify/disk";
import { clusterCheck } from "../../operations/verify/log-store";
import { ruleChecks, targetChecks, type Rule } from "../../operations/verify/metrics";
import { bodiesOf } from "../../operations/verify/signals";

const short = ({ check, subject, verdict }: Check) => `${check} ${subject} ${verdict}`;
const GIB = 2 ** 30;

describe("targets", () => {
  const target = (job: string, health: "up" | "down" | "unknown", lastError = "") => ({
    labels: { job, service: job },
    scrapeUrl: `http://${job}/metrics`,
    health,
    lastError,
  });

  it("name every program that is not reached, with the reason", () => {
    const [first, second] = targetChecks([target("loki", "down", "refused"), target("jaeger", "unknown")], []);
    expect(first).toMatchObject({
      subject: "loki",
      verdict: "failed",
      detail: expect.stringContaining("refused") as string,
    });
    expect(second).toMatchObject({
      subject: "jaeger",
      verdict: "failed",
      detail: expect.stringContaining("not tried yet") as string,
    });
  });

  it("only warn of a monitored service that is down", () => {
    const checks = targetChecks([target("loki", "up")], [target("frontend", "down"), target("api-gateway", "up")]);
    expect(checks.map(short)).toEqual(["target prometheus ok", "target services warning"]);
    expect(checks[1]?.detail).toBe("1 of 2 services are not reached: frontend");
  });
});

describe("rules", () => {
  const alert = (category: string, state: "pending" | "firing") => ({
    state,
    labels: { category },
    annotations: {
      summary: "Lines are lost",
      description: "5 lines.",
      runbook_url: "https://example.org/docs/lost.md",
    },
  });

  it("fail by one that can not be evaluated, and by any word about the monitoring itself", () => {
    const rules: Rule[] = [
      { name: "broken", health: "err", lastError: "many-to-many" },
      { name: "Lost", health: "ok", alerts: [alert("stack", "pending")] },
      { name: "Watchdog", health: "ok", alerts: [alert("stack", "firing")] },
    ];
    const checks = ruleChecks(rules);
    expect(checks.map(short)).toEqual(["rules broken failed", "own alerts Lost failed"]);
    expect(checks[1]).toMatchObject({ detail: "Lines are lost: 5 lines.", fix: "see docs/runbooks/lost.md" });
  });

  it("warn of what fires about the services, and say nothing of what may still pass", () => {
    const rules: Rule[] = [
      { name: "ServiceDown", health: "ok", alerts: [alert("critical", "firing"), alert("critical", "firing")] },
      { name: "Slow", health: "ok", alerts: [alert("performance", "pending")] },
    ];
    expect(ruleChecks(rules).map(short)).toEqual([
      "rules prometheus ok",
      "own alerts stack ok",
      "alerts services warning",
    ]);
    expect(ruleChecks(rules)[2]?.detail).toBe("2 fire: ServiceDown");
  });
});

describe("the watchdog", () => {
  const now = Date.parse("2026-01-01T00:10:00Z");
  const started = Date.parse("2026-01-01T00:01:00Z");
  const at = (updatedAt: string) => [{ labels: {}, updatedAt, receivers: [] }];

  it.each([
    [[], "failed", "since it started no Watchdog has come"],
    [at("2026-01-01T00:00:30Z"), "failed", "since it started no Watchdog has come"],
    [at("2026-01-01T00:07:00Z"), "failed", "last came 180 s ago"],
    [at("2026-01-01T00:09:00Z"), "ok", "alertmanager:9093"],
  ])("in Alertmanager shows that alerts get there (%#)", (found, verdict, detail) => {
    const check = deliveryCheck(found, ["alertmanager:9093"], { now, started });
    expect(check).toMatchObject({ verdict, detail: expect.stringContaining(detail) as string });
  });

  it("is missed with a reason where Prometheus knows no Alertmanager", () => {
    expect(deliveryCheck([], [], { now, started }).detail).toContain("knows no Alertmanager");
  });
});

describe("data sources", () => {
  const loki = { uid: "loki", type: "loki", url: "http://loki:3100" };
  const good = '{"status":"success","data":[]}';

  it.each([
    ["that answer as their type does", true, good, undefined, "ok"],
    ["that answer as something else", true, "<html>", undefined, "failed"],
    ["that know no such path", false, "wget: server returned error: HTTP/1.1 404 Not Found", undefined, "failed"],
    ["that are not there", false, "wget: bad address", undefined, "failed"],
    ["that Grafana does not know", true, good, new Set(["prometheus"]), "failed"],
    ["that Grafana knows", true, good, new Set(["loki"]), "ok"],
  ])("%s", (_, succeeded, output, known, verdict) => {
    expect(dataSourceCheck(loki, succeeded, output, known).verdict).toBe(verdict);
  });

  it("say what is wrong with an address", () => {
    const check = dataSourceCheck(loki, false, "wget: server returned error: HTTP/1.1 404 Not Found", undefined);
    expect(check.detail).toBe("http://loki:3100 is no loki");
  });

  it.each(["elasticsearch", "of no known type"])("of %s are there when they ask for a login", (type) => {
    const source = { uid: "es", type, url: "https://elasticsearch:9200" };
    expect(dataSourceCheck(source, false, "HTTP/1.1 401 Unauthorized", undefined).verdict).toBe("ok");
    expect(dataSourceCheck(source, false, "wget: TLS error from peer (alert code 80)", undefined).verdict).toBe("ok");
    expect(dataSourceCheck(source, false, "wget: can't connect", undefined).verdict).toBe("failed");
  });

  it("that Grafana logs in to answer as their type does", () => {
    const source = { uid: "es", type: "elasticsearch", url: "https://elasticsearch:9200" };
    const check = (succeeded: boolean, text: string) => dataSourceCheck(source, succeeded, text, undefined).verdict;
    expect(check(true, '{"cluster_name":"pyairtable"}')).toBe("ok");
    expect(check(true, "<html>")).toBe("failed");
    expect(check(false, "HTTP 401: unable to authenticate")).toBe("failed");
  });
});

describe("Elasticsearch's indices", () => {
  const cluster = { number_of_nodes: 1, active_shards: 9, unassigned_shards: 2 };

  it.each([
    ["green", "ok", "9 shards on 1 node"],
    ["yellow", "warning", "2 copies of shards have no place"],
    ["red", "failed", "2 shards have no place, and lines are missing"],
  ] as const)("of a cluster that is %s", (status, verdict, detail) => {
    expect(clusterCheck({ ...cluster, status })).toMatchObject({ verdict, detail });
  });
});

describe("disks", () => {
  const on = (disk: string, free: number) => ({
    volume: `v-${disk}`,
    disk,
    used: 1,
    free: free * GIB,
    total: 100 * GIB,
  });

  it("are one check each, and fail when nearly full", () => {
    const checks = diskChecks([on("sda", 4), on("sda", 4), on("sdb", 8), on("sdc", 50)]);
    expect(checks.map(short)).toEqual(["disk 2 volumes failed", "disk v-sdb warning", "disk v-sdc ok"]);
    expect(checks[0]?.detail).toBe("nearly full: 4.0 GiB of 100 GiB left");
  });
});

describe("synthetic signals", () => {
  it("carry what they are found by", () => {
    const { metric, trace, log } = bodiesOf({
      id: "0123456789abcdef0123456789abcdef",
      value: 42,
      at: 1_700_000_000_000,
    });
    expect(JSON.stringify(metric)).toContain('"asDouble":42');
    expect(JSON.stringify(trace)).toContain('"spanId":"0123456789abcdef"');
    expect(JSON.stringify(log)).toContain("verification 0123456789abcdef0123456789abcdef");
  });
});

describe("the table of checks", () => {
  it("wraps what is long, and ends with what to change and a count", () => {
    const long: Check = { check: "rules", subject: "r", verdict: "failed", detail: "word ".repeat(60), fix: "do this" };
    const lines = render([long], "The stack").split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(130);
    expect(lines.slice(-2)).toEqual(["r: do this", "The stack: 0 ok, 0 warnings, 1 failed."]);
  });
});
