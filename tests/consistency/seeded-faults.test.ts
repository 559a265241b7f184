import { describe, expect, it } from "vitest";

import { checkConsistency, checkStructure, formatProblem, type StackFiles } from "../../components/consistency";
import { stackOf, surroundings } from "./stack";

const sound = stackOf();

type Group = "rules" | "dashboards" | "dataSources" | "alertmanager";

/** The stack with one change to one of its files, which must find something to change. */
function changed(group: Group, file: string, from: string | RegExp, to: string): StackFiles {
  const files = sound[group].map((entry) => {
    if (!entry.file.endsWith(file)) return entry;
    const text = entry.text.replace(from, to);
    if (text === entry.text) throw new Error(`${file} holds nothing like ${from}: adapt the test to it.`);
    return { ...entry, text };
  });
  return { ...sound, [group]: files };
}

/** What a fault adds to the problems, of which a sound stack has none. */
const problemsOf = (stack: StackFiles) => checkConsistency(stack, surroundings).map(formatProblem);

describe("a sound stack", () => {
  it("has no problem", () => expect(problemsOf(sound)).toEqual([]));
});

describe("the check finds", () => {
  it.each([
    {
      fault: "a metric of an alert that is misspelt",
      stack: () => changed("rules", "/critical.yaml", "expr: pg_up ==", "expr: pg_upp =="),
      problem: /critical\.yaml:\d+: metric "pg_upp" is exported by nothing in this stack\. Did you mean "pg_up"\?/,
    },
    {
      fault: "a label that the series do not have",
      stack: () => changed("rules", "/recording.yaml", 'result="failure"', 'outcome="failure"'),
      problem: /recording\.yaml:\d+: no series of "auth_attempts_total" has the label "outcome"/,
    },
    {
      fault: "a job that nothing is scraped as",
      stack: () => changed("rules", "/recording.yaml", '(up{job="services"})', '(up{job="service"})'),
      problem: /recording\.yaml:\d+: nothing in this stack is scraped as job "service"\. Did you mean "services"\?/,
    },
    {
      fault: "a grouping by a label that is not there",
      stack: () => changed("rules", "/recording.yaml", "sum by (model) (rate(", "sum by (modell) (rate("),
      problem: /recording\.yaml:\d+: sum\(\) groups by label "modell", which no series there has/,
    },
    {
      fault: "an alert that shows a label which its result does not have",
      stack: () =>
        changed("rules", "/security.yaml", '"Many logins fail"', '"Many logins fail at {{ $labels.service }}"'),
      problem: /AuthenticationFailuresHigh: "summary" shows the label "service"/,
    },
    {
      fault: "a panel that chooses logs by a label which no stream has",
      stack: () => changed("dashboards", "/platform-overview.json", "(rate({service_name=~", "(rate({servicename=~"),
      problem: /platform-overview\.json:\d+: no log .+ label "servicename" on a stream\. Did you mean "service_name"\?/,
    },
    {
      fault: "a panel that counts logs by a label which no line has",
      stack: () =>
        changed(
          "dashboards",
          "/platform-overview.json",
          "sum by (service_name) (rate({service_name=~",
          "sum by (svc) (rate({service_name=~",
        ),
      problem: /platform-overview\.json:\d+: no log of this stack has the label "svc" on a line/,
    },
    {
      fault: "a query that is no PromQL",
      stack: () => changed("rules", "/critical.yaml", "expr: pg_up == 0", "expr: pg_up == == 0"),
      problem: /critical\.yaml:\d+: the query breaks off at "== 0"/,
    },
    {
      fault: "a recorded series that nothing reads",
      stack: () =>
        changed("rules", "/recording.yaml", "record: platform:active_users:sum", "record: platform:users:sum"),
      problem: /recording\.yaml:\d+: nothing reads the recorded series "platform:users:sum"/,
    },
    {
      fault: "an alert whose name another one has",
      stack: () => changed("rules", "/critical.yaml", "alert: RedisDown", "alert: PostgresDown"),
      problem: /critical\.yaml:\d+: a second alert is named PostgresDown/,
    },
    {
      fault: "an alert without a severity",
      stack: () => changed("rules", "/security.yaml", /\n +severity: \w+/, ""),
      problem: /security\.yaml:\d+: AuthenticationFailuresHigh has no label "severity"/,
    },
    {
      fault: "an alert without an owner",
      stack: () => changed("rules", "/security.yaml", /\n +owner: \w+/, ""),
      problem: /AuthenticationFailuresHigh has no owner/,
    },
    {
      fault: "a description without the value",
      stack: () => changed("rules", "/security.yaml", "{{ $value | humanizePercentage }}", "Many"),
      problem: /AuthenticationFailuresHigh does not say its value/,
    },
    {
      fault: "a runbook that does not exist",
      stack: () => changed("rules", "/critical.yaml", "runbooks/redis-down.md", "runbooks/redis-gone.md"),
      problem: /RedisDown has no runbook: ".*redis-gone\.md"/,
    },
    {
      fault: "a dashboard that does not exist",
      stack: () => changed("rules", "/critical.yaml", "/d/pyairtable-platform-overview", "/d/platform"),
      problem: /ServiceDown leads to no dashboard: "\/d\/platform"/,
    },
    {
      fault: "a panel's metric that is misspelt",
      stack: () => changed("dashboards", "/ai-cost.json", "model:ai_requests:rate5m{", "model:ai_request:rate5m{"),
      problem: /ai-cost\.json:\d+: metric "model:ai_request:rate5m" is exported by nothing/,
    },
    {
      fault: "a panel's data source that does not exist",
      stack: () => changed("dashboards", "/ai-cost.json", '"value":"prometheus"', '"value":"prometheuss"'),
      problem: /ai-cost\.json:\d+: no data source has the uid "prometheuss"\. Did you mean "prometheus"\?/,
    },
    {
      fault: "a panel's data source that is no variable of the dashboard",
      stack: () => changed("dashboards", "/ai-cost.json", '"uid":"${datasource}"', '"uid":"${datasourse}"'),
      problem: /ai-cost\.json:\d+: no variable for data sources is named "datasourse"\. Did you mean "datasource"\?/,
    },
    {
      fault: "a data source that leads to one that does not exist",
      stack: () => changed("dataSources", "/datasources.yaml", "datasourceUid: jaeger", "datasourceUid: tempo"),
      problem: /datasources\.yaml:\d+: no data source has the uid "tempo"/,
    },
    {
      fault: "a route to a receiver that does not exist",
      stack: () => changed("alertmanager", "/alertmanager.yml", "receiver: oncall", "receiver: on-call"),
      problem: /alertmanager\.yml:\d+: a route leads to the receiver "on-call".*Did you mean "oncall"\?/,
    },
    {
      fault: "a receiver to which no route leads",
      stack: () => changed("alertmanager", "/alertmanager.yml", "receiver: oncall", "receiver: critical"),
      problem: /alertmanager\.yml:\d+: no route leads to the receiver "oncall"/,
    },
    {
      fault: "an inhibition by an alert that does not exist",
      stack: () => changed("alertmanager", "/alertmanager.yml", "alertname = ServiceDown", "alertname = ServiceIsDown"),
      problem: /alertmanager\.yml:\d+: no alert is named "ServiceIsDown"/,
    },
    {
      fault: "a program that is not scraped any more",
      stack: () => ({ ...sound, jobs: sound.jobs.filter(({ job_name }) => job_name !== "redis-exporter") }),
      problem: /critical\.yaml:\d+: metric "redis_up" is exported by nothing in this stack/,
    },
    {
      fault: "a heap over its limit",
      stack: () => ({ ...sound, memory: [{ name: "loki", limit: 2 ** 28, env: { GOMEMLIMIT: "300MiB" }, files: [] }] }),
      problem: /program loki: its heap of 300Mi leaves nothing of its memory limit of 256Mi/,
    },
  ])("$fault", ({ stack, problem }) => {
    expect(problemsOf(stack())).toContainEqual(expect.stringMatching(problem));
  });
});

describe("what is checked at every preview", () => {
  it("finds nothing in a sound stack", () => expect(checkStructure(sound)).toEqual([]));

  it.each([
    changed("alertmanager", "/alertmanager.yml", "receiver: oncall", "receiver: on-call"),
    changed("dashboards", "/ai-cost.json", '"value":"prometheus"', '"value":"prometheuss"'),
    { ...sound, memory: [{ name: "elasticsearch", limit: 2 ** 29, env: {}, files: ["-Xms512m\n-Xmx512m\n"] }] },
  ])("finds a seeded fault", (stack) => expect(checkStructure(stack).length).toBeGreaterThan(0));
});
