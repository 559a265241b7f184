import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

import { assemble } from "./assemble";
import { capacityWarnings } from "./capacity";
import { crossChecks } from "./cross-checks";
import { DEFAULT_RESOURCES } from "./defaults";
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
    });
    const warnings = [...capacityWarnings(settings), ...productionWarnings(settings)];
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
  const problems = unknownKeys(raw);
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

function parseKey(name: SettingName, raw: RawConfig, problems: Problem[]): unknown {
  const key = schema[name];
  const written = raw.values[name];
  const given = written === undefined || written === "" ? undefined : written;
  const secret = "secret" in key;
  if (given !== undefined && secret && !raw.secretKeys.has(name)) {
    const fix = `Set it with: pulumi config set --secret ${name}`;
    problems.push({ key: name, got: "plain text", expected: "an encrypted value", fix });
  }
  if (given === undefined && key.default === "") return undefined;
  let value: unknown = given ?? key.default;
  if (given !== undefined && (key.form === "object" || key.form === "array")) {
    try {
      value = JSON.parse(given);
    } catch {
      value = given;
    }
  }
  const result = key.schema.safeParse(key.form === "boolean" || key.form === "integer" ? String(value) : value);
  if (result.success) return result.data;
  problems.push(...result.error.issues.flatMap((issue) => fromIssue(name, value, issue, secret)));
  const fallback =
    key.default === ""
      ? undefined
      : key.schema.safeParse(typeof key.default === "object" ? key.default : String(key.default)).data;
  return fallback;
}

function fromIssue(name: SettingName, value: unknown, issue: z.core.$ZodIssue, secret: boolean): Problem[] {
  const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const found = issue.path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part],
    value,
  );
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(name, issue.path);
    return issue.keys.map((key) => ({
      key: `${name}${path}.${key}`,
      got: "a key that does not exist",
      expected: `one of: ${known.join(", ")}`,
      fix: suggestion(key, known),
    }));
  }
  // A record tells of a bad key inside the issue.
  const { message } = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
  const expected = message.startsWith("expected ") ? message.slice("expected ".length) : message;
  const wrong = issue.code === "invalid_key" ? issue.path.at(-1) : found;
  const got = secret ? "a value that is not shown, since it is a secret" : show(wrong);
  const command = path ? `--path '${name}${path}'` : name;
  return [
    {
      key: `${name}${path}`,
      got,
      expected,
      fix: `Change it with: pulumi config set ${secret ? "--secret " : ""}${command} ${secret ? "" : "<value>"}`.trimEnd(),
    },
  ];
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
