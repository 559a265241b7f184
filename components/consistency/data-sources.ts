import { didYouMean, type Problem } from "./problem";
import { lineOf, type TextFile } from "./text-file";

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly current?: { readonly value?: unknown };
}

/** Grafana's own sources, which nobody provisions. */
const BUILT_IN = ["-- Grafana --", "-- Mixed --", "-- Dashboard --", "grafana", "null"];

/** A panel's, query's or link's mention of a data source: in JSON, in JSON within a text, or in YAML. */
const MENTION =
  /(?:datasource(?:Uid)?|alertmanagerUid)\\?"?:\s*(?:\{[^{}]*?\\?"uid\\?":\s*\\?"([^"\\]+)|\\?"([^"\\]+)|([\w-]+))/g;

/** What a dashboard's or data source's text says of data sources that do not exist, itself or by a variable. */
export function dataSourceProblems({ file, text }: TextFile, uids: readonly string[]): Problem[] {
  const variables = file.endsWith(".json") ? dataSourceVariables(text) : undefined;
  const problem = (index: number, what: string, fix: string) => ({ file, line: lineOf(text, index), what, fix });
  const unknown = (uid: string, index: number) =>
    problem(index, `no data source has the uid "${uid}"`, didYouMean(uid, uids, `Uids are: ${uids.join(", ")}.`));
  const mentioned = [...text.matchAll(MENTION)].flatMap(({ 1: inObject, 2: quoted, 3: plain, index }) => {
    const uid = inObject ?? quoted ?? plain ?? "";
    if (uids.includes(uid) || BUILT_IN.includes(uid)) return [];
    if (!uid.startsWith("$")) return unknown(uid, index);
    const [name = ""] = /\w+/.exec(uid) ?? [];
    if (variables === undefined || variables.has(name)) return [];
    const others = [...variables.keys()];
    const fix = didYouMean(
      name,
      others,
      `Add it to the dashboard's variables, beside: ${others.join(", ") || "none"}.`,
    );
    return problem(index, `no variable for data sources is named "${name}"`, fix);
  });
  const chosen = [...(variables?.values() ?? [])].filter((uid) => !uids.includes(uid));
  return [...mentioned, ...chosen.map((uid) => unknown(uid, text.indexOf(`"${uid}"`)))];
}

/** The variables from which a dashboard takes its data sources, with the uid of the one that it opens with. */
function dataSourceVariables(text: string): Map<string, string> {
  const { templating } = JSON.parse(text) as { readonly templating?: { readonly list: readonly Variable[] } };
  return new Map(
    (templating?.list ?? [])
      .filter(({ type }) => type === "datasource")
      .map(({ name, current }) => [name, String(current?.value ?? "")]),
  );
}

/** The uids of a file of provisioned data sources. */
export function dataSourceUids(text: string): string[] {
  return [...text.matchAll(/^ *(?:- )?uid: *"?([\w-]+)"?$/gm)].map(([, uid]) => uid as string);
}
