import { describe, expect, it } from "vitest";

import { checkUserRules, formatProblem } from "../../components/consistency";
import { nativeText } from "../../components/programs/native-file";
import { stackOf } from "./stack";

const FILE = "alerts/own.yaml";
const stack = stackOf();
const context = {
  ...stack,
  rules: stack.rules.filter(({ file }) => /\/(recording|critical)\.yaml$/.test(file)),
  serviceMetrics: ["import_queue_length", "import_duration_seconds"],
};

const check = (text: string, file = FILE) => checkUserRules([{ file, text }], context);
const problemsOf = (text: string) => check(text).map(formatProblem);

/** A file with one alert; lines are those of the alert's fields, from line 5 on. */
const withAlert = (...lines: string[]) =>
  [
    "groups:",
    "  - name: own",
    "    rules:",
    "      - alert: ImportQueueLong",
    ...lines.map((line) => `        ${line}`),
  ].join("\n");
const LABELS = ["labels:", "  severity: warning", "  category: business"];

const GOOD = `# Rules of our own.
groups:
  - name: own
    labels:
      category: business
    rules:
      - record: service:import_duration_seconds:p95_5m
        expr: histogram_quantile(0.95, sum by (service, le) (rate(import_duration_seconds_bucket[5m])))
      - alert: ImportQueueLong
        expr: |-
          max by (service, owner) (import_queue_length{job="services", queue="high"}) > 500
          and on (service, owner)
          service:http_requests:rate5m > 0.1
        for: 10m
        keep_firing_for: 5m
        labels: { severity: warning, owner: "{{ $labels.owner }}" }
        annotations:
          summary: "{{ $labels.service }} is behind with {{ $value }} imports"
      - alert: ImportsSlow
        expr: service:import_duration_seconds:p95_5m > 60
        labels: { severity: info }
`;

describe("a user's rule file that is good", () => {
  it("has no problems", () => expect(problemsOf(GOOD)).toEqual([]));
  it("may be empty of groups", () => expect(problemsOf("groups: []\n")).toEqual([]));

  it("may be empty but for comments", () => expect(problemsOf("# Rules.\n\n  # None yet.\ngroups:\n")).toEqual([]));

  it("is the example in the file for users' rules, once its comments are taken away", () => {
    const file = "configs/prometheus/rules/custom.yaml";
    const [example] = /^# groups:\n(?:#.*\n)+/m.exec(nativeText("prometheus/rules/custom.yaml")) ?? [""];
    expect(check(example.replace(/^# /gm, ""), file).map(formatProblem)).toEqual([]);
    expect(check(example.replace(/^# /gm, "").replace("_length", "_lenght"), file)).toHaveLength(
      example === "" ? 0 : 1,
    );
  });
});

describe("two files of a user's", () => {
  it("may read each other's series, and share no name", () => {
    const other = { file: "configs/prometheus/rules/custom.yaml", text: withAlert("expr: up == 0", ...LABELS) };
    const alone = checkUserRules(
      [other, { file: FILE, text: GOOD.replace("ImportQueueLong", "ImportQueueFull") }],
      context,
    );
    expect(alone).toEqual([]);
    expect(checkUserRules([other, { file: FILE, text: GOOD }], context).map(formatProblem)).toEqual([
      expect.stringMatching(/^alerts\/own\.yaml:9: an alert is named ImportQueueLong already.*custom\.yaml:4/),
    ]);
  });
});

describe("a user's rule about a series of another Prometheus", () => {
  const series = "federated:service:import_duration_seconds:p95_5m";
  const text = withAlert(`expr: sum by (cluster) (${series}) > 60`, ...LABELS);

  it("is good where series are taken over, under the name that they get", () => {
    const { jobs } = stackOf({ federateFrom: ["eu-1.example.org:9090"] });
    expect(checkUserRules([{ file: FILE, text }], { ...context, jobs })).toEqual([]);
  });

  it("is refused where none are", () => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(`metric "${series}" is exported by nothing`)]);
  });
});

describe("a user's rule file is refused for", () => {
  it.each([
    {
      fault: "YAML that is not valid",
      text: "groups:\n  - name: own\n    rules:\n      - alert: 'A\n",
      problem: /^alerts\/own\.yaml:\d: this is no valid YAML: Missing closing 'quote/,
    },
    {
      fault: "a list in place of groups",
      text: "- a\n",
      problem: /^alerts\/own\.yaml:1: a rule file must be a mapping/,
    },
    { fault: "no groups", text: "{}\n", problem: /^alerts\/own\.yaml:1: the file has no groups/ },
    {
      fault: "a key that Prometheus does not know",
      text: withAlert("exp: up == 0", "expr: up == 0", ...LABELS),
      problem: /^alerts\/own\.yaml:5: a rule cannot have the key "exp"\. Did you mean "expr"\?$/,
    },
    {
      fault: "a rule that records and alerts",
      text: withAlert("record: a", "expr: up == 0", ...LABELS),
      problem: /:4: a rule needs a name as `alert` or as `record`, not both/,
    },
    { fault: "no expression", text: withAlert(...LABELS), problem: /:4: ImportQueueLong has no expression/ },
    {
      fault: "a duration that is none",
      text: withAlert("expr: up == 0", "for: 10 minutes", ...LABELS),
      problem: /:6: "10 minutes" is no duration\. Write for as in 5m/,
    },
    {
      fault: "a query that is no PromQL, on its line in a block",
      text: withAlert("expr: |-", "  up == 0", "  and", "  sum(up", ...LABELS),
      problem: /:8: the query breaks off at its end: this is no valid PromQL\. Look there for a missing bracket/,
    },
    {
      fault: "a function that does not exist",
      text: withAlert("expr: ratee(import_queue_length[5m]) > 0", ...LABELS),
      problem: /:5: "ratee" is no function of PromQL/,
    },
    {
      fault: "a rate of something without a range",
      text: withAlert("expr: rate(import_queue_length) > 0", ...LABELS),
      problem: /:5: rate\(\) needs a range of time\. Give it one: rate\(\.\.\.\[5m\]\)\./,
    },
    {
      fault: "a range where a value is needed",
      text: withAlert("expr: import_queue_length[5m] > 500", ...LABELS),
      problem: /:5: ">" cannot take a range, such as "import_queue_length\[5m\]"/,
    },
    {
      fault: "a metric that nothing exports, with the nearest name",
      text: withAlert("expr: http_request_total > 5", ...LABELS),
      problem:
        /:5: metric "http_request_total" is exported by nothing in this stack\. Did you mean "http_requests_total"\?$/,
    },
    {
      fault: "a metric that nothing resembles, with the way to declare it",
      text: withAlert("expr: exports_waiting > 5", ...LABELS),
      problem: /:5: metric "exports_waiting" is exported by nothing.*pulumi config set --path "serviceMetrics\[0\]"/,
    },
    {
      fault: "a label that no series has",
      text: withAlert('expr: http_requests_total{code="500"} > 5', ...LABELS),
      problem: /:5: no series of "http_requests_total" has the label "code"\. Its labels are: .*status/,
    },
    {
      fault: "a name that an alert of ours has",
      text: withAlert("expr: up == 0", ...LABELS).replace("ImportQueueLong", "ServiceDown"),
      problem:
        /:4: an alert is named ServiceDown already\. Choose another name; the first stands in configs\/.*critical\.yaml:\d+/,
    },
    {
      fault: "a name that stands in it twice",
      text: `${withAlert("expr: up == 0", ...LABELS)}\n${withAlert("expr: up == 1", ...LABELS)
        .split("\n")
        .slice(3)
        .join("\n")}\n`,
      problem: /:9: an alert is named ImportQueueLong already\. .* in alerts\/own\.yaml:4\.$/,
    },
    {
      fault: "a series that is recorded already",
      text: "groups:\n  - name: own\n    rules:\n      - record: platform:active_users:sum\n        expr: sum(active_users)\n",
      problem: /:4: the series "platform:active_users:sum" is recorded already/,
    },
    {
      fault: "a group's name that stands in it twice",
      text: "groups:\n  - name: own\n    rules: []\n  - name: own\n    rules: []\n",
      problem: /:4: a second group is named "own"\. .* in line 2\.$/,
    },
    {
      fault: "no severity",
      text: withAlert("expr: up == 0", "labels:", "  category: business"),
      problem: /:4: ImportQueueLong has no label "severity"\. Routing needs one of: critical, warning, info\.$/,
    },
    {
      fault: "a category that does not exist",
      text: withAlert("expr: up == 0", "labels:", "  severity: info", "  category: imports"),
      problem: /:4: ImportQueueLong has "imports" as its label "category"\. Routing needs one of: critical, /,
    },
    {
      fault: "a template that shows a label which is not there",
      text: withAlert("expr: sum(up) == 0", ...LABELS, "annotations:", '  summary: "{{ $labels.service }} is down"'),
      problem: /:10: ImportQueueLong: "summary" shows the label "service"/,
    },
    {
      fault: "a template that is not closed",
      text: withAlert("expr: up == 0", ...LABELS, "annotations:", '  summary: "{{ $value is too high"'),
      problem: /:10: ImportQueueLong: "summary" has a \{\{ without its \}\}/,
    },
    {
      fault: "a label whose value is a list",
      text: withAlert("expr: up == 0", ...LABELS, "  team: [a, b]"),
      problem: /:9: "team" must be text\. Write its value on the same line/,
    },
  ])("$fault", ({ text, problem }) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  it("everything at once, in the order of the lines", () => {
    const text = withAlert("expr: http_request_total > 5", "fro: 5m", "labels:", "  severity: urgent");
    expect(problemsOf(text).map((problem) => problem.replace(/\..*/s, ""))).toHaveLength(4);
    expect(check(text).map(({ line }) => line)).toEqual([4, 4, 5, 6]);
  });
});

describe("a user's expression is refused for", () => {
  it.each([
    [
      "an argument too many",
      "rate(import_queue_length[5m], 3)",
      /:5: rate\(\) takes 1 argument, not 2\. .* rate\(range\)/,
    ],
    ["an argument too few", "histogram_quantile(0.9)", /:5: histogram_quantile\(\) takes 2 arguments, not 1/],
    ["a text for a number", 'histogram_quantile("a", up)', /cannot take a string, such as ""a""\. Give it a number\./],
    [
      "a series for a number",
      "clamp_max(up, up)",
      /clamp_max\(\) cannot take a vector, such as "up"\. Give it a number, or scalar/,
    ],
    [
      "a function that is switched off",
      "sort_by_label(up, 'job')",
      /sort_by_label\(\) is experimental, and off in this stack/,
    ],
    [
      "two numbers compared",
      "time() > 5",
      /"time\(\) > 5" compares two numbers, .*\. Write "> bool", or compare a series/,
    ],
    ["bool without a comparison", "up + bool up", /"\+" cannot have "bool"/],
    ["and of numbers", "up and 1", /"and" cannot take a scalar, such as "1"\. Give it a selector\./],
    ["a match with a number", "up / on (job) 2", /"on \(job\)" matches series, and one side is a number/],
    ["a grouped and", "up and on (job) group_left up", /"and", "or" and "unless" cannot group/],
    [
      "a range of a function",
      "rate(sum(up)[5m]) > 0",
      /only a metric has a range: .*\. Make it a subquery, such as sum\(up\)\[5m:1m\]/,
    ],
    ["an empty range", "rate(import_queue_length[0s]) > 0", /the range of .* is empty/],
    [
      "an offset of a function",
      "sum(up) offset 5m > 0",
      /an offset cannot stand behind "sum\(up\)"\. Put it behind the metric/,
    ],
    ["a regular expression", 'up{job=~"("} == 0', /"\(", which "job" is matched with, is no regular expression/],
    ["look-around", 'up{job!~"(?!a).+"} == 0', /not known to RE2, which has no look-around/],
    ["a regular expression of names", '{__name__=~"("} > 0', /:5: "\(", which "__name__" is matched with/],
    ["an unknown escape", 'up{job=~"\\d+"} == 0', /unknown escape \\d\. Write \\\\d for a backslash/],
    [
      "a selector of everything",
      '{job=~".*"} > 0',
      /the selector matches every series.*\. Name a metric, or use a matcher/,
    ],
    ["two names", 'up{__name__="down"} == 0', /"up" has a second name, "down"/],
  ])("%s", (_, expr, problem) => {
    const problems = problemsOf(withAlert(`expr: '${expr.replaceAll("'", "''")}'`, ...LABELS));
    expect(problems).toContainEqual(expect.stringMatching(problem));
    for (const line of problems) expect(line).toMatch(/^alerts\/own\.yaml:5: /);
  });
});

describe("a user's template is refused for", () => {
  it.each([
    ["{{ $value | humanizze }}", /calls "humanizze", which is no function of templates\. Did you mean "humanize"\?/],
    ["{{ if $value }}high", /has \{\{ if \}\} without its \{\{ end \}\}\. Add/],
    ["{{ end }}", /has \{\{ end \}\} with nothing to end/],
    ["{{ else }}", /has \{\{ else \}\} without \{\{ if \}\}/],
    ["{{ $valeu }}", /has the unknown variable "\$valeu"\. Did you mean "\$value"\?/],
    ["{{ with $x := 1 }}{{ end }}{{ $x }}", /has the unknown variable "\$x"/],
    ["{{ ($value }}", /has a bracket that is not closed/],
    ["{{ | humanize }}", /has a value missing/],
    ["{{ $value % 2 }}", /has "%" where a template cannot have it/],
    ["{{ }}", /has an empty/],
  ])("%s", (template, problem) => {
    const text = withAlert("expr: up == 0", ...LABELS, "annotations:", `  summary: '${template}'`);
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
    expect(problemsOf(text)[0]).toMatch(/^alerts\/own\.yaml:10: ImportQueueLong: "summary" /);
  });
});

describe("what Prometheus takes is not refused", () => {
  it.each([
    '{__name__=~"(?i)UP"} == 0',
    'up{job=~"(?P<name>serv)ices|\\\\pL+|[[:alpha:]]+"} == 0',
    "-up offset 5m > 0",
    "up + up offset 5m > 0",
    "SUM(up) AND vector(time() > bool 5) > 0",
    "round(up) > 0 and day_of_week() > 0",
    "max_over_time(rate(import_queue_length[5m])[1h:] offset 1d) > 0",
  ])("%s", (expr) => expect(problemsOf(withAlert(`expr: '${expr}'`, ...LABELS))).toEqual([]));

  it.each([
    '{{ with query "up" | first }}{{ .Value | printf "%.2f" }}{{ end }}',
    "{{- if gt $value 3.0 -}} high {{ else if lt $value 1.0 }} low {{ else }} fair {{ end }}",
    '{{ range $i, $s := query "up" }}{{ $i }} {{ $s.Labels.job }}{{ break }}{{ end }}{{/* "}} */}}',
    '{{ if eq $labels.job "}}" }}{{ reReplaceAll "(.*)" `$1` (label "job" .) }}{{ end }}',
  ])("%s", (template) => {
    const text = withAlert("expr: up == 0", ...LABELS, "annotations:", `  summary: '${template}'`);
    expect(problemsOf(text)).toEqual([]);
  });
});
