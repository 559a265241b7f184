import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { images } from "../components/images";

const ROOT = path.join(__dirname, "..");

/** Files below a folder that match, as paths from the root. */
function filesIn(folder: string, ending: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => path.posix.join(folder, name))
    .filter((name) => ending.test(name))
    .sort();
}

const textOf = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const linesOf = (file: string) => textOf(file).replace(/\n$/, "").split("\n").length;
const program = ["index.ts", ...filesIn("components", /\.ts$/)];

/** Names of the packages that a file imports, in whichever way. */
function importsOf(file: string): string[] {
  const found = textOf(file).matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*["']([^"']+)["']/g);
  return [...found].map(([, name]) => name as string);
}

describe("the program", () => {
  it("is found by these tests", () => {
    expect(program).toContain("components/platform/docker.ts");
    expect(importsOf("components/platform/docker.ts")).toContain("@pulumi/docker");
    expect(importsOf("components/platform/index.ts")).toContain("./docker");
  });

  it("has an entry of at most 60 lines", () => expect(linesOf("index.ts")).toBeLessThanOrEqual(60));

  it.each(program)("keeps %s under 300 lines", (file) => expect(linesOf(file)).toBeLessThanOrEqual(300));

  it("knows a platform's package only in components/platform", () => {
    const knowing = program.filter((file) =>
      importsOf(file).some((name) => /^@pulumi\/(docker|kubernetes)(\/|$)/.test(name)),
    );
    expect(knowing.filter((file) => !file.startsWith("components/platform/"))).toEqual([]);
  });

  it("loads an adapter only when it is chosen", () => {
    const eager = /^import\s+(?!type\b)[^;]*from\s+"\.{1,2}\/(?:platform\/)?(?:docker|kubernetes)"/m;
    expect(program.filter((file) => eager.test(textOf(file)))).toEqual([]);
    expect(eager.test('import { DockerPlatform } from "./docker";')).toBe(true);
  });

  it("reads no environment variable", () => {
    expect(program.filter((file) => /process\s*\.\s*env|process\s*\[/.test(textOf(file)))).toEqual([]);
  });

  it("reads configuration only in the settings", () => {
    const reading = program.filter((file) => /pulumi\.Config\b|allConfig\(/.test(textOf(file)));
    expect(reading).toEqual(["components/settings/parse.ts"]);
  });
});

describe("images", () => {
  const references = Object.values(images).map(({ reference }) => reference);

  it.each(references)("%s has an exact tag", (reference) => {
    expect(reference).toMatch(/^[a-z0-9][a-z0-9./_-]*:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/);
    expect(reference).not.toContain("latest");
  });

  it("are named in no other file of the program", () => {
    const elsewhere = program.filter((file) => file !== "components/images.ts");
    for (const reference of references) {
      expect(elsewhere.filter((file) => textOf(file).includes(reference.replace(/[^:]*$/, "")))).toEqual([]);
    }
  });
});

describe("configuration files", () => {
  const yaml = filesIn("configs", /\.ya?ml$/);
  const json = filesIn("configs", /\.json$/);

  it("are all found", () => {
    expect(yaml).toContain("configs/prometheus/prometheus.yml");
    expect(json).toContain("configs/grafana/dashboards/ai-cost.json");
  });

  it.each(yaml)("%s is YAML", (file) => expect(load(textOf(file))).toBeTypeOf("object"));
  it.each(json)("%s is JSON", (file) => expect(JSON.parse(textOf(file))).toBeTypeOf("object"));

  it("hold nothing that a program of ours would have to fill in", () => {
    const own = filesIn("configs", /\.(ya?ml|ini)$/);
    // A doubled dollar sign is Grafana's way to write one.
    expect(own.filter((file) => /(?<!\$)\$\{|<%/.test(textOf(file)))).toEqual([]);
  });
});
