import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

interface RuleTestFile {
  rule_files: string[];
  group_eval_order: string[];
  tests: { name: string; alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
}

const ROOT = path.join(__dirname, "../..");
const RULES = path.join(ROOT, "configs/prometheus/rules");
const RUNBOOKS = path.join(ROOT, "docs/runbooks");
const DASHBOARDS = path.join(ROOT, "configs/grafana/dashboards");
const RUNBOOK_URL = "https://github.com/pyairtable/pyairtable-monitoring/blob/main/docs/runbooks/";
const CATEGORIES = ["business", "cost", "critical", "performance", "security", "stack"];

const files = Object.fromEntries(
  readdirSync(RULES).map((file) => [
    path.basename(file, ".yaml"),
    load(readFileSync(path.join(RULES, file), "utf8")) as RuleFile,
  ]),
);
/** Files of alerts, with the category that each is about. */
const ALERT_FILES = Object.keys(files)
  .filter((name) => !["recording", "objectives", "custom"].includes(name))
  .map((name) => ({ name, category: name.replace(/-.*/, "") }));
const rulesOf = (name: string): Rule[] => (files[name]?.groups ?? []).flatMap((group) => group.rules);
const alerts = ALERT_FILES.flatMap(({ name: file, category }) =>
  rulesOf(file)
    .filter((rule) => rule.alert !== undefined)
    .map((rule) => ({ category, rule, name: rule.alert! })),
);
const kebab = (name: string): string => name.replace(/(?<!^)(?=[A-Z])/g, "-").toLowerCase();

describe("rule files", () => {
  it("are the recorded series, the objectives, the categories and the user's own", () => {
    const programs = [
      "stack-elasticsearch",
      "stack-kafka",
      "stack-kubelet",
      "stack-loki",
      "stack-otel-shipper",
      "stack-promtail",
    ];
    expect(Object.keys(files).sort()).toEqual([...CATEGORIES, ...programs, "custom", "objectives", "recording"].sort());
  });

  it("name groups once", () => {
    const names = Object.values(files).flatMap((file) => file.groups.map((group) => group.name));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(CATEGORIES)("hold at least four alerts about %s", (category) => {
    expect(alerts.filter((alert) => alert.category === category).length).toBeGreaterThanOrEqual(4);
  });
});

describe("alerts", () => {
  it("have unique names", () => {
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });

  it.each(alerts)("$name carries what routing and readers need", ({ category, rule, name }) => {
    expect(["critical", "warning", "info"]).toContain(rule.labels?.severity);
    expect(rule.labels?.category).toBe(category);
    expect(rule.labels?.owner).toBeTruthy();
    expect(rule.annotations?.summary).toBeTruthy();
    expect(rule.annotations?.description).toContain("$value");
    expect(rule.annotations?.runbook_url).toBe(`${RUNBOOK_URL}${kebab(name)}.md`);
    expect(rule.annotations?.dashboard).toMatch(/^\/d\/pyairtable-[a-z-]+$/);
  });

  it.each(alerts)("$name leads to a dashboard that exists", ({ rule }) => {
    const uids = readdirSync(DASHBOARDS).map(
      (file) => (JSON.parse(readFileSync(path.join(DASHBOARDS, file), "utf8")) as { uid: string }).uid,
    );
    expect(uids).toContain(rule.annotations?.dashboard?.replace("/d/", ""));
  });

  it.each(alerts)("$name does not fire because something is not scraped", ({ rule }) => {
    expect(rule.expr).not.toMatch(/\babsent(_over_time)?\b/);
  });
});

describe("runbooks", () => {
  it.each(alerts)("$name has a page of its own", ({ name }) => {
    const page = path.join(RUNBOOKS, `${kebab(name)}.md`);
    expect(existsSync(page), `write ${page}`).toBe(true);
    const text = readFileSync(page, "utf8");
    expect(text.startsWith(`# ${name}\n`)).toBe(true);
    for (const part of ["**Meaning.**", "**Impact.**", "**Where to look**", "**What to do**"])
      expect(text).toContain(part);
  });

  it("have no page without an alert", () => {
    const known = new Set([...alerts.map(({ name }) => `${kebab(name)}.md`), "README.md"]);
    expect(readdirSync(RUNBOOKS).filter((file) => !known.has(file))).toEqual([]);
  });

  it("name only alerts that exist", () => {
    const names = new Set(alerts.map(({ name }) => name));
    const index = readFileSync(path.join(RUNBOOKS, "README.md"), "utf8");
    const listed = [...index.matchAll(/^\| \[(\w+)\]\(([a-z-]+)\.md\)/gm)].map(([, name, page]) => [name, page]);
    expect(listed).toEqual(expect.arrayContaining([...names].map((name) => [name, kebab(name)])));
    expect(listed).toHaveLength(names.size);
  });
});

describe("recorded series", () => {
  const recorded = [
    ...new Set(
      Object.keys(files)
        .flatMap(rulesOf)
        .flatMap(({ record }) => record ?? []),
    ),
  ];
  const readers = [
    ...Object.keys(files).flatMap((name) => rulesOf(name).map((rule) => rule.expr)),
    ...readdirSync(DASHBOARDS).map((file) => readFileSync(path.join(DASHBOARDS, file), "utf8")),
  ];

  it.each(recorded)("%s is named level:metric:operation", (name) => {
    expect(name).toMatch(/^[a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+$/);
  });

  it.each(recorded)("%s is read by an alert, a panel or another rule", (name) => {
    const mention = new RegExp(`(?<![\\w:])${name}(?![\\w:])`);
    expect(readers.some((text) => mention.test(text))).toBe(true);
  });

  it("exist wherever an alert or a panel reads one", () => {
    const read = new Set(
      readers.flatMap((text) => text.match(/(?<![\w:])[a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+(?![\w:])/g) ?? []),
    );
    const expected = ["job:expected_targets:count", "service:expected:info", "service:expected_containers:count"];
    const everywhere = [...recorded, ...expected, "elasticsearch:expected_retention:seconds"];
    expect([...read].filter((name) => !everywhere.includes(name))).toEqual([]);
  });
});

describe("rule tests", () => {
  const FOLDER = path.join(ROOT, "tests/rules");
  const tested = readdirSync(FOLDER).map((file) => ({
    file,
    test: load(readFileSync(path.join(FOLDER, file), "utf8")) as RuleTestFile,
  }));
  const casesOf = (name: string) =>
    tested
      .flatMap(({ test }) => test.tests)
      .flatMap((test) => (test.alert_rule_test ?? []).filter((check) => check.alertname === name));

  it.each(tested)("in $file load rules of ours, all their groups in a fixed order", ({ test }) => {
    const loaded = test.rule_files.map((rule) => path.relative(RULES, path.join(FOLDER, rule)));
    for (const rule of loaded) expect(Object.keys(files).map((name) => `${name}.yaml`)).toContain(rule);
    expect(test.group_eval_order).toEqual(
      loaded.flatMap((rule) => (files[path.basename(rule, ".yaml")]?.groups ?? []).map((group) => group.name)),
    );
  });

  it.each(alerts)("$name has a case in which it fires", ({ name }) => {
    expect(casesOf(name).some((check) => check.exp_alerts.length > 0)).toBe(true);
  });

  it.each(alerts.filter(({ rule }) => rule.expr !== "vector(1)"))(
    "$name has a case in which it stays silent",
    ({ name }) => {
      expect(casesOf(name).some((check) => check.exp_alerts.length === 0)).toBe(true);
    },
  );
});
