import { load } from "js-yaml";

import { didYouMean, type Problem } from "./problem";
import type { TextFile } from "./text-file";

interface Route {
  readonly receiver?: string;
  readonly routes?: readonly Route[];
}

interface Config {
  readonly route: Route;
  readonly receivers: readonly { readonly name: string }[];
  readonly inhibit_rules?: readonly { readonly source_matchers?: string[]; readonly target_matchers?: string[] }[];
}

/** Routes to receivers that do not exist, and receivers to which no route leads. */
export function receiverProblems({ file, text }: TextFile): Problem[] {
  const { route, receivers } = load(text, { filename: file }) as Config;
  const names = receivers.map(({ name }) => name);
  const used = receiversOf(route);
  const lost = [...new Set(used)].filter((name) => !names.includes(name));
  const idle = names.filter((name) => !used.includes(name));
  return [
    ...lost.map((name) => ({
      file,
      line: lineWith(text, `receiver: ${name}`),
      what: `a route leads to the receiver "${name}", which does not exist`,
      fix: didYouMean(name, names, `Receivers are: ${names.join(", ")}.`),
    })),
    ...idle.map((name) => ({
      file,
      line: lineWith(text, `name: ${name}`),
      what: `no route leads to the receiver "${name}"`,
      fix: "Add a route to it or remove it.",
    })),
  ];
}

function receiversOf({ receiver, routes = [] }: Route): string[] {
  return [...(receiver === undefined ? [] : [receiver]), ...routes.flatMap(receiversOf)];
}

/** Inhibitions and routes that name an alert which no rule has. */
export function alertNameProblems({ file, text }: TextFile, alerts: readonly string[]): Problem[] {
  const mentions = text.matchAll(/alertname *(=~|=) *(?:"([^"]*)"|([\w|.*]+))/g);
  return [...mentions].flatMap(({ 1: operator, 2: quoted, 3: plain, index }) => {
    const value = quoted ?? plain ?? "";
    const names = operator === "=" ? [value] : value.split("|");
    return names
      .filter((name) => !alerts.some((alert) => new RegExp(`^(?:${name})$`).test(alert)))
      .map((name) => ({
        file,
        line: text.slice(0, index).split("\n").length,
        what: `no alert is named "${name}"`,
        fix: didYouMean(name, alerts, "Correct the name or remove the matcher."),
      }));
  });
}

function lineWith(text: string, part: string): number | undefined {
  const index = text.split("\n").findIndex((line) => line.endsWith(part));
  return index < 0 ? undefined : index + 1;
}
