import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { z } from "zod/v3";

import { schema } from "../../components/settings/schema";
import { command } from "../../operations/command-line";
import { scripts } from "../../package.json";
import { runCommand } from "../../toolchain/command";
import { shellBlocks } from "./support/guide";

const ROOT = path.join(__dirname, "../..");
const GENERAL = ["README.md", "CONTRIBUTING.md", "policy/README.md"];

/** What npm does without a script of that name. */
const OF_NPM = new Set(["ci", "install"]);

const guides = readdirSync(path.join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

/** Every page, with its continued lines in one. */
const pages = [...GENERAL, ...guides].map((name) => {
  const text = readFileSync(path.join(ROOT, name), "utf8").replaceAll(/\\\n\s*/g, "");
  return { name, text };
});
const verbs = new Map<string, Command>(command().commands.map((verb) => [verb.name(), verb]));

/** What ends a command: the code that it stands in, the line, another command, a comment. */
const COMMAND = (beginning: string) => new RegExp(`(?<![\\w/-])${beginning}([^\`\\n|;&#]*)`, "g");

function found(beginning: string): { page: string; rest: string }[] {
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(COMMAND(beginning))].map(([, rest = ""]) => ({ page: name, rest: rest.trim() })),
  );
}

/** What is wrong with the call of a verb. */
function wrongVerb(rest: string): string | undefined {
  const [name = ""] = rest.split(" ");
  if (!/^[a-z]/.test(name)) return undefined;
  const verb = verbs.get(name.replace(/[^a-z].*$/, ""));
  if (verb === undefined) return `there is no verb ${name}`;
  const known = [...verb.options.flatMap(({ long }) => long ?? []), ...command().options.map(({ long }) => long)];
  const unknown = [...rest.matchAll(/(?<= )--[a-z][a-z-]*/g)].find(([option]) => !known.includes(option));
  return unknown && `${name} has no option ${unknown[0]}`;
}

/** What is wrong with a command that sets or removes a key. */
function wrongKey(rest: string): string | undefined {
  const words = [...rest.matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) => word.replace(/^(['"])(.*)\1$/, "$2"));
  const [action = "", ...others] = words;
  const key = others.find((word, index) => !word.startsWith("-") && others[index - 1] !== "--stack") ?? "";
  if (!/^[a-z]/i.test(key)) return undefined;
  const [first = "", ...members] = key.split(/[.[]/);
  const setting = schema[first as keyof typeof schema] as (typeof schema)[keyof typeof schema] | undefined;
  if (setting === undefined) return `there is no key ${first}`;
  if (members.length > 0 !== others.includes("--path")) return `${key} and --path do not go together`;
  if (action === "set" && "secret" in setting !== others.includes("--secret"))
    return `${first} and --secret do not fit`;
  return wrongMember(setting.schema, members);
}

function wrongMember(type: z.ZodTypeAny, members: readonly string[]): string | undefined {
  const [member, ...others] = members;
  if (member === undefined || member.startsWith("<")) return undefined;
  if (type instanceof z.ZodOptional) return wrongMember(type.unwrap() as z.ZodTypeAny, members);
  if (type instanceof z.ZodDefault) return wrongMember(type.removeDefault() as z.ZodTypeAny, members);
  if (type instanceof z.ZodArray) return wrongMember(type.element as z.ZodTypeAny, others);
  if (!(type instanceof z.ZodObject)) return undefined;
  const shape = type.shape as Readonly<Record<string, z.ZodTypeAny>>;
  return member in shape ? wrongMember(shape[member] as z.ZodTypeAny, others) : `there is no member ${member}`;
}

describe("the commands in README and docs", () => {
  it("are found", () => {
    expect(found("npx monitoring ").length).toBeGreaterThan(40);
    expect(found("pulumi config (?=set|rm)").length).toBeGreaterThan(40);
    expect(found("npm run ").length).toBeGreaterThan(20);
  });

  it("are verbs that exist, with options that they take", () => {
    const wrong = found("npx monitoring ").flatMap(({ page, rest }) => {
      const what = wrongVerb(rest);
      return what === undefined ? [] : [`${page}: npx monitoring ${rest}: ${what}`];
    });
    expect(wrong).toEqual([]);
  });

  it("are scripts of npm that exist", () => {
    const calls = [...found("npm run "), ...found("(?<=`)npm (?!run )"), ...found("(?<=\\n)npm (?!run )")];
    const wrong = calls.filter(({ rest }) => {
      const name = /^(?:--silent )?([a-z][\w:-]*)/.exec(rest)?.[1];
      return name !== undefined && !OF_NPM.has(name) && !(name in scripts);
    });
    expect(wrong).toEqual([]);
  });

  it("set and remove keys that exist, secrets as secrets, and members by their path", () => {
    const wrong = found("pulumi config (?=set|rm)").flatMap(({ page, rest }) => {
      const what = wrongKey(rest);
      return what === undefined ? [] : [`${page}: pulumi config ${rest}: ${what}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ["deploi loki", /no verb deploi/],
    ["backup /srv --wthout loki", /no option --wthout/],
  ])("would be found wrong: npx monitoring %s", (rest, what) => expect(wrongVerb(rest)).toMatch(what));

  it.each([
    ["set lokiRetenton 3d", /no key lokiRetenton/],
    ["set ports.grafana 1", /--path/],
    ["set --path ports.graffana 1", /no member graffana/],
    ["set --path 'resources.loki.ram' 1Gi", /no member ram/],
    ["set --path 'services[0].nme' a", /no member nme/],
    ["set slackWebhookUrl https://a", /--secret/],
  ])("would be found wrong: pulumi config %s", (rest, what) => expect(wrongKey(rest)).toMatch(what));
});

describe("the blocks for a shell", () => {
  const blocks = pages.flatMap(({ name, text }) =>
    shellBlocks(text).map((code, index) => [`${name}, block ${index + 1}`, code] as const),
  );

  it.concurrent.each(blocks)("%s is one that a shell reads", async (_, code) => {
    // What stands in angle brackets is for the reader to put in.
    const filled = code.replaceAll(/<[a-z][\w :,.-]*>/gi, "word");
    const result = await runCommand("bash", ["-n", "-c", filled]);
    expect(result.succeeded, result.output).toBe(true);
  });
});
