import type { Finding, Matcher, Selector } from "./promql";
import { compileRegex } from "./regex";

/** What Prometheus refuses of a selector's matchers, whatever the stack exports. */
export function matcherFindings({ matchers, outside, at }: Selector): Finding[] {
  const broken = matchers.flatMap(regexFinding);
  if (broken.length > 0) return broken;
  if (outside === undefined) {
    if (matchers.some((matcher) => !matchesEmpty(matcher))) return [];
    const what = "the selector matches every series, with or without its labels";
    return [{ at, what, fix: 'Name a metric, or use a matcher that needs a value, such as job="services".' }];
  }
  const second = matchers.find(({ label }) => label === "__name__");
  if (second === undefined) return [];
  const fix = "Keep the name before the braces and remove the one within.";
  return [{ at: second.at, what: `"${outside}" has a second name, "${second.value}"`, fix }];
}

function regexFinding({ label, operator, value, at }: Matcher): Finding[] {
  const compiled = operator.endsWith("~") ? compileRegex(value) : undefined;
  if (compiled === undefined || !("error" in compiled)) return [];
  const what = `"${value}", which "${label}" is matched with, is no regular expression: ${compiled.error}`;
  return [{ at, what, fix: "Correct it; a character that is meant as such needs two backslashes before it." }];
}

function matchesEmpty({ operator, value }: Matcher): boolean {
  if (operator === "=" || operator === "!=") return (value === "") === (operator === "=");
  const compiled = compileRegex(value);
  return "regex" in compiled && compiled.regex.test("") === (operator === "=~");
}
