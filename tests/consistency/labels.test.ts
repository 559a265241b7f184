import { describe, expect, it } from "vitest";

import { inferLabels, type Labels } from "../../components/consistency/labels";
import { parseQuery, selectorsOf } from "../../components/consistency/promql";

const SERIES: Readonly<Record<string, Labels>> = {
  a: new Set(["job", "service", "le"]),
  b: new Set(["job", "service", "version"]),
  anything: "any",
};

function infer(query: string) {
  const parsed = parseQuery(query);
  if ("error" in parsed) throw new Error(`${query}: ${parsed.error.what}`);
  const { labels, findings } = inferLabels(parsed.tree, query, (metric) => SERIES[metric ?? ""]);
  return {
    labels: labels === "any" ? labels : [...labels].sort().join(" "),
    findings: findings.map(({ what }) => what),
  };
}

describe("the labels of a query's result", () => {
  it.each([
    ["a", "job le service"],
    ['-(a{job="x"} offset 5m)', "job le service"],
    ["rate(a[5m])", "job le service"],
    ["avg_over_time(rate(a[5m])[1h:1m])", "job le service"],
    ["sum(a)", ""],
    ["sum by (service) (a)", "service"],
    ["sum(a) by (service)", "service"],
    ["sum without (le) (a)", "job service"],
    ["topk(3, a)", "job le service"],
    ['count_values by (job) ("value", a)', "job value"],
    ["histogram_quantile(0.95, sum by (service, le) (rate(a[5m])))", "service"],
    ['label_replace(a, "new", "$1", "job", "(.*)")', "job le new service"],
    ["a > 5", "job le service"],
    ["5 * a", "job le service"],
    ["a / on (service) b", "service"],
    ["a / ignoring (le, version) b", "job service"],
    ["a * on (service) group_left (version) b", "job le service version"],
    ["a * on (service) group_right (le) b", "job le service version"],
    ["a and on (service) b", "job le service"],
    ["sum by (job) (a) or b", "job service version"],
    ["a unless b", "job le service"],
    ["vector(1)", ""],
    ["time()", ""],
    ["absent(a)", "any"],
    ["anything * 2", "any"],
  ])("%s", (query, labels) => expect(infer(query)).toEqual({ labels, findings: [] }));
});

describe("labels that nothing has", () => {
  it.each([
    ["sum by (version) (a)", 'sum() groups by label "version", which no series there has'],
    ["a / on (version) b", 'the match is on label "version", which no series there has'],
  ])("%s", (query, finding) => expect(infer(query).findings).toEqual([finding]));
});

describe("selectors", () => {
  it("are found with their names and matchers, wherever they stand", () => {
    const query = `rate(a{job="x", le!~"1|2"}[5m]) / {"b.c", service='y'} + {__name__="d"} + {__name__=~"e.+"}`;
    const parsed = parseQuery(query);
    const selectors = "tree" in parsed ? selectorsOf(parsed.tree, query) : [];
    const texts = selectors.map(({ name, matchers }) => [
      name,
      ...matchers.map(({ label, operator, value }) => `${label} ${operator} ${value}`),
    ]);
    expect(texts).toEqual([
      ["a", "job = x", "le !~ 1|2"],
      ["b.c", "__name__ = b.c", "service = y"],
      ["d", "__name__ = d"],
      [undefined, "__name__ =~ e.+"],
    ]);
  });

  it.each([
    ["sum(rate(a[5m])", 14, /at its end/],
    ["a ==", 3, /at its end/],
    ["foo(a)", 3, /"foo" is no function/],
    ["", 0, /empty/],
    ["a 5", 2, /at "5"/],
  ])("of %j are not read: the syntax is wrong at %i", (query, at, what) => {
    const parsed = parseQuery(query);
    expect(parsed).toEqual({ error: expect.objectContaining({ at, what: expect.stringMatching(what) as string }) });
  });
});
