import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { kindFindings } from "../../components/consistency/kinds";
import { matcherFindings } from "../../components/consistency/matchers";
import { parseQuery, selectorsOf } from "../../components/consistency/promql";
import { templateFault } from "../../components/consistency/template";
import { toYaml } from "../../components/programs/native-file";
import { useTool } from "./support/tool";

const EXPRESSIONS = {
  good: [
    "rate(a[5m])",
    "sum by (b) (rate(a[5m] offset 1h)) > bool 0",
    "-a offset 5m",
    "a + b offset 5m",
    "a offset 5m @ 100",
    "max_over_time(rate(a[5m])[1h:])",
    "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))",
    "quantile_over_time(0.9, a[1h])",
    'label_join(a, "b", "-", "c", "d")',
    'label_replace(a, "b", "$1", "c", "(.*)")',
    "round(a)",
    "round(a, 5)",
    "hour()",
    "TOPK(3, a) AND b",
    'count_values("v", a)',
    "1 > bool 2",
    "vector(time())",
    "a / on (b) group_left (c) d",
    "a / on () 1",
    'a{b=~"(?i)x|(?P<n>y)|\\\\pL|[[:alpha:]]"}',
    '{b!~"", c="d"}',
    '{"a", b="c"}',
    "a{b='\\x41\\u00e9'}",
    "a{b=`\\d+`}",
    "scalar(a) + pi()",
  ],
  bad: [
    "rate(a[5m], 3)",
    "rate(a)",
    "abs(a[5m])",
    "topk(a)",
    "sum(a, b)",
    'histogram_quantile("a", b)',
    "time(1)",
    "round(a, 1, 2)",
    "vector(a)",
    "count_values(1, a)",
    "sort_by_label(a, 'b')",
    "limitk(2, a)",
    "integral(a[5m])",
    "a[0s]",
    "rate(sum(a)[5m])",
    "a + b[5m]",
    "sum(a) offset 5m",
    "a offset 5m offset 6m",
    "(a + b) @ 100",
    "1 > 2",
    "a + bool b",
    "1 and a",
    "a and on (b) group_left c",
    "a / on (b) 1",
    "a / on (b) group_left (b) c",
    "a + fill(0) b",
    '-"x"',
    '{b=~".*"}',
    "{}",
    '{b!="c"}',
    'a{b=~"("}',
    'a{b=~"(?=x)"}',
    'a{b=~"\\\\y"}',
    'a{b="\\d"}',
    'a{__name__="b"}',
    'a{"b"}',
    "no_function(a)",
  ],
};

const TEMPLATES = {
  good: [
    "{{ $value | humanize }}",
    "{{ $value | }}",
    '{{- with $x := query "up" | first -}} {{ $x.Value }} {{- end }}',
    "{{ if gt $value 3.0 }}a{{ else if lt $value 1.0 }}b{{ else }}c{{ end }}",
    '{{ range $i, $s := query "up" }}{{ $i }}{{ continue }}{{ end }}',
    '{{ define "x" }}{{ . }}{{ end }}{{ template "x" .Labels }}',
    '{{/* }} */}}{{ printf "%s }}" ($labels.job | toUpper) }}',
    "{{ $x := 1 }}{{ $x = 2 }}{{ $externalLabels.stack }}",
  ],
  bad: [
    "{{ $value | humanizze }}",
    "{{ if $value }}a",
    "{{ if }}a{{ end }}",
    "{{ end }}",
    "{{ else }}",
    "{{ $valeu }}",
    "{{ with $x := 1 }}{{ end }}{{ $x }}",
    "{{ $value % 2 }}",
    "{{ ($value }}",
    "{{ $value) }}",
    "{{ $value | 3 }}",
    "{{ }}",
    "{{ break }}",
    "{{ 3x }}",
    "{{ $value",
    "{{ template x }}",
    '{{ range $a, $b, $c := query "up" }}{{ end }}',
  ],
};

const promtool = useTool("promtool");

/** What of one-alert files promtool takes: it names the refused files, however many it is given. */
async function taken(rules: readonly object[]): Promise<boolean[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "user-rules-"));
  try {
    const files = rules.map((_, index) => path.join(folder, `${index}.yaml`));
    await Promise.all(
      rules.map((rule, index) =>
        writeFile(files[index] as string, toYaml({ groups: [{ name: "a", rules: [{ alert: "A", ...rule }] }] })),
      ),
    );
    const { output } = await promtool(["check", "rules", ...files]);
    return files.map((file) => !output.includes(`${file}: `));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function weTake(expr: string): boolean {
  const parsed = parseQuery(expr);
  if ("error" in parsed) return false;
  const matchers = selectorsOf(parsed.tree, expr).flatMap(matcherFindings);
  return [...kindFindings(parsed.tree, expr), ...matchers].length === 0;
}

const verdicts = (texts: readonly string[], verdict: readonly boolean[]) =>
  Object.fromEntries(texts.map((text, index) => [text, verdict[index]]));
const expected = ({ good, bad }: typeof EXPRESSIONS) =>
  Object.fromEntries([...good.map((text) => [text, true]), ...bad.map((text) => [text, false])]);

describe("promtool and the check at preview agree", () => {
  it("on expressions", async () => {
    const texts = [...EXPRESSIONS.good, ...EXPRESSIONS.bad];
    expect(verdicts(texts, texts.map(weTake))).toEqual(expected(EXPRESSIONS));
    expect(verdicts(texts, await taken(texts.map((expr) => ({ expr }))))).toEqual(expected(EXPRESSIONS));
  });

  it("on templates", async () => {
    const texts = [...TEMPLATES.good, ...TEMPLATES.bad];
    const ours = texts.map((text) => templateFault(text) === undefined);
    const theirs = await taken(texts.map((summary) => ({ expr: "up", annotations: { summary } })));
    expect(verdicts(texts, ours)).toEqual(expected(TEMPLATES));
    expect(verdicts(texts, theirs)).toEqual(expected(TEMPLATES));
  });
});
