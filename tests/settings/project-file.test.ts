import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { schema } from "../../components/settings/schema";
import { parseSettings } from "../../components/settings/parse";
import { settingsFor } from "../support/settings";

const project = load(readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8")) as {
  name: string;
  config: Record<string, { description: string; default: unknown }>;
};

/** How a description begins, by the form of its key. */
const KINDS = {
  string: undefined,
  object: "Object",
  array: "List",
  boolean: "True or false",
  integer: "Whole number",
} as const;

describe("Pulumi.yaml", () => {
  const declared = Object.fromEntries(
    Object.entries(project.config).map(([key, value]) => [key.slice(project.name.length + 1), value]),
  );

  it("declares the keys that the settings read, and no others", () => {
    expect(Object.keys(declared).sort()).toEqual(Object.keys(schema).sort());
  });

  it.each(Object.keys(schema))("describes %s, and says first when it is not text", (key) => {
    const setting = schema[key as keyof typeof schema];
    const { description = "" } = declared[key] ?? {};
    expect(description.length).toBeGreaterThan(10);
    const [, kind] = /^(Secret|Object|List|True or false|Whole number)\. /.exec(description) ?? [];
    expect(kind).toBe("secret" in setting ? "Secret" : KINDS[setting.form]);
  });

  it("declares no type, which the engine would check first, one key at a time and without its value", () => {
    expect(new Set(Object.values(declared).flatMap(Object.keys))).toEqual(new Set(["description", "default"]));
  });

  it("holds the same defaults as the settings", () => {
    const values = Object.fromEntries(
      Object.entries(declared).map(([key, { default: value }]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
    const fromFile = parseSettings({ project: project.name, stack: "test", values, secretKeys: new Set() });
    expect(fromFile).toEqual(settingsFor());
  });
});
