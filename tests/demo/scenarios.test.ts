import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { SCENARIOS, scenariosNamed } from "../../demo/scenarios";

interface Rule {
  readonly alert?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Route {
  readonly receiver: string;
  readonly matchers?: readonly string[];
  readonly routes?: readonly Route[];
}

const CONFIGS = path.join(__dirname, "../../configs");
const read = <T>(file: string) => load(readFileSync(path.join(CONFIGS, file), "utf8")) as T;

const rules = readdirSync(path.join(CONFIGS, "prometheus/rules"))
  .flatMap((file) => read<{ groups: { rules: Rule[] }[] }>(`prometheus/rules/${file}`).groups)
  .flatMap((group) => group.rules)
  .filter(({ alert }) => alert !== undefined);

/** The receiver of the first and innermost route whose matchers (all of the form `label = value`) fit. */
function receiverOf(
  labels: Readonly<Record<string, string>>,
  { receiver, routes = [] } = read<{ route: Route }>("alertmanager/alertmanager.yml").route,
): string {
  const fitting = routes.find(({ matchers }) =>
    (matchers ?? []).every((matcher) => {
      const [label = "", value] = matcher.split(" = ");
      return labels[label] === value;
    }),
  );
  return fitting ? receiverOf(labels, fitting) : receiver;
}

describe("scenarios", () => {
  it.each(SCENARIOS.flatMap(({ name, fires }) => fires.map((expected) => ({ scenario: name, ...expected }))))(
    "$scenario raises $alert, which is routed to $receiver",
    ({ alert, receiver }) => {
      const rule = rules.find((candidate) => candidate.alert === alert);
      expect(rule).toBeDefined();
      expect(receiverOf({ alertname: alert, ...rule?.labels })).toBe(receiver);
    },
  );

  it("name only alerts that there are", () => {
    const known = rules.map(({ alert }) => alert);
    for (const { mayFire } of SCENARIOS)
      expect(known).toEqual(expect.arrayContaining(mayFire.map(({ alert }) => alert)));
  });

  it("are found by name, and healthy is none", () => {
    expect(scenariosNamed(["healthy", "service-down"]).map(({ name }) => name)).toEqual(["service-down"]);
    expect(() => scenariosNamed(["servicedown"])).toThrow(
      /no scenario "servicedown". Take some of: healthy, service-down/,
    );
  });
});
