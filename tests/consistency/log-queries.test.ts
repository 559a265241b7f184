import { readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { LINE_LABELS, logQueryFindings, STREAM_LABELS } from "../../components/consistency/log-queries";
import { PROJECT_ROOT } from "../../operations/workspace";

type Job = { relabel_configs: { target_label: string }[]; pipeline_stages?: Record<string, object>[] };

const read = (file: string, folder = "promtail") =>
  load(readFileSync(path.join(PROJECT_ROOT, "configs", folder, file), "utf8"));

describe("the labels of logs", () => {
  it("are those that the shipper's configuration sets, on each platform", () => {
    const jobs = [
      ...(read("promtail.yaml") as { scrape_configs: Job[] }).scrape_configs,
      read("kubernetes.yaml") as Job,
    ];
    const stages = jobs.flatMap(({ pipeline_stages }) => pipeline_stages ?? []);
    const keys = (kind: string) => stages.flatMap((stage) => Object.keys(stage[kind] ?? {}));
    const set = jobs.flatMap(({ relabel_configs }) => relabel_configs.map(({ target_label }) => target_label));
    const streams = [...set.filter((label) => !label.startsWith("__")), ...keys("labels")];
    expect(streams.length).toBeGreaterThan(4);
    expect(STREAM_LABELS).toEqual(expect.arrayContaining(streams));
    // Those that Loki takes from the resources of the collector in Promtail's place.
    type Loki = {
      limits_config: { otlp_config: { resource_attributes: { attributes_config: [{ attributes: string[] }] } } };
    };
    const { otlp_config: otlp } = (read("loki.yaml", "loki") as Loki).limits_config;
    const [{ attributes }] = otlp.resource_attributes.attributes_config;
    expect([...attributes].sort()).toEqual([...new Set([...streams, "environment"])].sort());
    expect(LINE_LABELS).toEqual(expect.arrayContaining(keys("structured_metadata")));
  });
});

describe("a query for logs", () => {
  it.each([
    '{service_name=~"$service"} | detected_level=~"error|critical|fatal"',
    'sum by (service_name) (rate({service_name=~"$service"} |= "a | b" [$__auto]))',
    '{service="api-gateway", level!="debug"} | json | user="1"',
  ])("is taken: %s", (query) => expect(logQueryFindings(query)).toEqual([]));

  it.each([
    ['{servce="a"}', 'no log of this stack has the label "servce" on a stream', 'Did you mean "service"?'],
    ['{service="a"} | severity="error"', 'no log of this stack has the label "severity" on a line', "Its labels are:"],
    ['sum by (pods) (rate({service="a"}[5m]))', 'the label "pods" on a line', 'Did you mean "pod"?'],
    ['rate(|= "error" [5m])', "the query chooses no stream", "Begin it with"],
  ])("is refused: %s", (query, what, fix) => {
    const [finding, ...more] = logQueryFindings(query);
    expect(more).toEqual([]);
    expect(finding?.what).toContain(what);
    expect(finding?.fix).toContain(fix);
  });
});
