import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { schema } from "../../components/settings/schema";
import { parseSettings } from "../../components/settings/parse";
import { settingsFor } from "../support/settings";

const project = load(readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8")) as {
  name: string;
  config: Record<string, { description: string; type: string; default: unknown }>;
};

describe("Pulumi.yaml", () => {
  const declared = Object.fromEntries(
    Object.entries(project.config).map(([key, value]) => [key.slice(project.name.length + 1), value]),
  );

  it("declares the keys that the settings read, and no others", () => {
    expect(Object.keys(declared).sort()).toEqual(Object.keys(schema).sort());
  });

  it.each(Object.keys(schema))("describes %s, with the type and default that the settings use", (key) => {
    const setting = schema[key as keyof typeof schema];
    expect(declared[key]?.description.length).toBeGreaterThan(10);
    expect(declared[key]?.description.startsWith("Secret. ")).toBe("secret" in setting);
    expect(declared[key]?.type).toBe(setting.form);
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
