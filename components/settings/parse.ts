import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import type { z } from "zod/v3";

import { assemble } from "./assemble";
import { capacityWarnings } from "./capacity";
import { crossChecks } from "./cross-checks";
import { DEFAULT_RESOURCES } from "./defaults";
import { isAboutKey } from "./kinds";
import { productionWarnings } from "./production";
import { SettingsError, show, suggestion, type Problem } from "./problems";
import { schema, type SettingName, type Values } from "./schema";
import type { Settings } from "./settings";

/** Configuration as the engine hands it over: text by key, objects as JSON, and which keys are encrypted. */
export interface RawConfig {
  readonly project: string;
  readonly stack: string;
  /** Keys without their namespace. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: ReadonlySet<string>;
  /** Whole keys of other namespaces, one of which may be this one misspelt. */
  readonly otherKeys?: readonly string[];
}

/**
 * Reads and checks the configuration of the running Pulumi program. The only place that looks at it. What is likely to
 * go wrong, but only estimated, and what a production stack lacks, is logged as a warning.
 *
 * @throws pulumi.RunError with every problem at once.
 */
export function loadSettings(): Settings {
  const project = pulumi.getProject();
  const namespace = `${project}:`;
  const all = pulumi.runtime.allConfig();
  const keys = Object.keys(all).filter((key) => key.startsWith(namespace));
  const bare = (key: string) => key.slice(namespace.length);
  try {
    const settings = parseSettings({
      project,
      stack: pulumi.getStack(),
      values: Object.fromEntries(keys.map((key) => [bare(key), all[key] ?? ""])),
      secretKeys: new Set(keys.filter(isEncrypted).map(bare)),
      otherKeys: Object.keys(all).filter((key) => !key.startsWith(namespace)),
    });
    const warnings = [...capacityWarnings(settings), ...productionWarnings(settings, pulumi.getStack())];
    for (const warning of warnings) void pulumi.log.warn(warning);
    return settings;
  } catch (error) {
    if (error instanceof SettingsError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/** The SDK's own test behind `Config.get`'s warning; exported, though left out of its type declarations. */
const isEncrypted = (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret;

/**
 * Settings from raw configuration.
 *
 * @throws SettingsError with every problem at once.
 */
export function parseSettings(raw: RawConfig): Settings {
  const problems = [...misspeltNamespaces(raw), ...unknownKeys(raw)];
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(schema) as SettingName[]) values[key] = parseKey(key, raw, problems);
  const parsed = values as Values;
  problems.push(...crossChecks(parsed, new Set(problems.map(({ key }) => key.split(/[.[]/)[0] as string))));
  if (problems.length > 0) throw new SettingsError(problems);
  return freeze(assemble(parsed, raw));
}

function unknownKeys(raw: RawConfig): Problem[] {
  const known = Object.keys(schema);
  return Object.keys(raw.values)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      key,
      got: "a key that does not exist",
      expected: "a key that Pulumi.yaml describes",
      fix: `${suggestion(key, known)} Remove it with: pulumi config rm ${key}`,
    }));
}

/** Letters in which a namespace may differ from the project's and still be meant for it. */
const MISSPELT = 3;

/** The engine hands every namespace over, since providers have their own, so nobody would miss a misspelt one. */
function misspeltNamespaces({ project, otherKeys = [] }: RawConfig): Problem[] {
  return otherKeys
    .filter((key) => distance(key.split(":")[0] as string, project) <= MISSPELT)
    .map((key) => ({
      key,
      got: "a key of another namespace",
      expected: `the namespace ${project}`,
      fix: `Remove it with: pulumi config rm ${key}   and set it with: pulumi config set ${key.split(":")[1]} <value>`,
    }));
}

function parseKey(name: SettingName, raw: RawConfig, problems: Problem[]): unknown {
  const key = schema[name];
  const written = raw.values[name];
  const given = written === undefined || written === "" ? undefined : written;
  if (given === undefined && key.default === "") return undefined;
  const value = given === undefined ? key.default : decoded(given, key);
  const result = key.schema.safeParse(key.form === "boolean" && typeof value !== "object" ? String(value) : value);
  const found =
    given !== undefined && "secret" in key
      ? secretProblems(name, given, raw.secretKeys.has(name), result.error?.issues ?? [])
      : (result.error?.issues ?? []).flatMap((issue) => fromIssue(name, value, issue));
  problems.push(...found);
  if (result.success) return result.data;
  return key.default === ""
    ? undefined
    : key.schema.safeParse(key.form === "boolean" ? String(key.default) : key.default).data;
}

/** The engine hands objects and lists over as JSON. One in the place of text is a wrong type; a secret may look like it. */
function decoded(given: string, { form, secret = false }: { form: string; secret?: boolean }): unknown {
  const structured = form === "object" || form === "array";
  if (!structured && (secret || !/^[{[]/.test(given))) return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** What is wrong with a secret, in one problem: whoever puts it right sets it once. */
function secretProblems(
  name: SettingName,
  given: string,
  encrypted: boolean,
  issues: readonly z.ZodIssue[],
): Problem[] {
  const pem = given.includes("-----BEGIN ");
  const padded = !pem && /^\s|\s$|\p{Cc}/u.test(given);
  const expected = [
    ...(encrypted ? [] : ["an encrypted value"]),
    ...(padded ? ["a value on one line without spaces around it"] : []),
    ...(padded ? [] : issues.map(expectation)),
  ];
  if (expected.length === 0) return [];
  const hidden = "a value that is not shown, since it is a secret";
  return [
    {
      key: name,
      got: encrypted
        ? padded
          ? `${hidden}, with a space or a line break at an end or a control character`
          : hidden
        : "plain text",
      expected: expected.join(", and "),
      fix: `Set it with: pulumi config set --secret ${name}`,
    },
  ];
}

function fromIssue(name: SettingName, value: unknown, issue: z.ZodIssue): Problem[] {
  const key = `${name}${issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")}`;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(name, issue.path);
    return issue.keys.map((unknown) => ({
      key: `${key}.${unknown}`,
      got: "a key that does not exist",
      expected: `one of: ${known.join(", ")}`,
      fix: `${suggestion(unknown, known)} Remove it with: pulumi config rm --path '${key}.${unknown}'`,
    }));
  }
  const found = issue.path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part],
    value,
  );
  return [
    {
      key,
      got: show(isAboutKey(issue) ? issue.path.at(-1) : found),
      expected: expectation(issue),
      fix: fixFor(key, issue),
    },
  ];
}

function expectation({ message }: z.ZodIssue): string {
  return message.replace(/^expected /, "");
}

/** An object and a list are set by their members; text in their place is refused again. */
function fixFor(key: string, issue: z.ZodIssue): string {
  if (isAboutKey(issue)) return `Rename it. Remove it with: pulumi config rm --path '${key}'`;
  const kind = issue.code === "invalid_type" ? issue.expected : undefined;
  if (kind === "object") return `Set its members with: pulumi config set --path '${key}.<name>' <value>`;
  if (kind === "array") {
    const member = key === "services" ? "[0].name" : "[0]";
    return `Set its members with: pulumi config set --path '${key}${member}' <value>`;
  }
  return `Change it with: pulumi config set ${/[.[]/.test(key) ? `--path '${key}'` : key} <value>`;
}

function knownKeys(name: SettingName, path: readonly PropertyKey[]): string[] {
  if (name === "services") return ["name", "address", "metricsPath", "scheme", "owner"];
  if (name === "resources") return path.length === 0 ? Object.keys(DEFAULT_RESOURCES) : ["memory", "cpu", "heap"];
  return Object.keys((schema[name].schema as unknown as { shape?: object }).shape ?? {});
}

function freeze<T>(value: T): T {
  if (value === null || typeof value !== "object" || pulumi.Output.isInstance(value)) return value;
  for (const entry of Object.values(value)) freeze(entry);
  return Object.freeze(value);
}
