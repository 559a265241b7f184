import { statSync } from "node:fs";
import path from "node:path";

import { formatBytes, parseBytes } from "../units";
import { DEFAULT_PORTS, DEFAULT_RESOURCES, JAVA_PROGRAMS, type ProgramName } from "./defaults";
import { platformChecks } from "./platform-checks";
import { missingFor, type Problem } from "./problems";
import { publishedPorts } from "./published-ports";
import type { SettingName, Values } from "./schema";

const DAY = 86_400;
const PROJECT = path.join(__dirname, "..", "..");

const EMAIL_KEYS = ["smtpHost", "alertFromEmail", "smtpUser", "smtpPassword"] as const;

/** Runs a check unless one of the keys that it reads was refused already. */
export type Unless = (keys: readonly SettingName[], check: (values: Values) => Problem[]) => Problem[];

/**
 * What no single key shows: two programs on one port, a heap over its limit, a channel without its secret.
 *
 * @param failed keys that are already reported; checks that need them are left out.
 */
export function crossChecks(values: Values, failed: ReadonlySet<string>): Problem[] {
  const unless: Unless = (keys, check) => (keys.some((key) => failed.has(key)) ? [] : check(values));
  return [
    ...unless(["ports", "logging", "frontDoor"], portsTwice),
    ...unless(["services"], servicesTwice),
    ...unless(["resources"], heapOverLimit),
    ...unless(["lokiRetention"], lokiRetentionInDays),
    ...unless(["prometheusRetention"], prometheusRetentionOverTwoHours),
    ...unless([...EMAIL_KEYS, "criticalEmail", "oncallEmail", "securityEmail"], emailIncomplete),
    ...unless(["smtpUser", "smtpPassword"], smtpLoginIncomplete),
    ...unless(["slackWebhookUrl", "slackChannel"], slackIncomplete),
    ...unless(["alertRulesFile"], ruleFileMissing),
    ...platformChecks(unless),
  ];
}

function portsTwice(values: Values): Problem[] {
  const ports: Record<string, number> = { ...DEFAULT_PORTS };
  for (const [name, port] of Object.entries(values.ports)) if (port !== undefined) ports[name] = port;
  if (values.frontDoor.domain !== undefined) return [];
  const published = publishedPorts({ ports, loki: values.logging !== "elk", elk: values.logging !== "loki" });
  const byPort = groupByPort(published);
  return [...byPort]
    .filter(([, names]) => names.length > 1)
    .map(([port, names]) => ({
      key: names.map((name) => `ports.${name}`).join(" and "),
      got: `${port} for each`,
      expected: "a port of its own for every program",
      fix: `Move one with: pulumi config set --path 'ports.${names.at(-1)}' <port>`,
    }));
}

function groupByPort(ports: readonly [string, number][]): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const [name, port] of ports) groups.set(port, [...(groups.get(port) ?? []), name]);
  return groups;
}

/** By their names, which are labels of samples; and by what is scraped, which would count twice. */
function servicesTwice({ services }: Values): Problem[] {
  return services.flatMap(({ name, address, metricsPath }, index) => {
    const named = services.findIndex((other) => other.name === name);
    const scraped = services.findIndex((other) => other.address === address && other.metricsPath === metricsPath);
    const expected = "every service once";
    const fix = "Remove one of the two, or change it in Pulumi.<stack>.yaml.";
    if (named < index) {
      return [
        { key: `services[${index}].name`, got: `"${name}", which services[${named}] has as well`, expected, fix },
      ];
    }
    if (OWN_PROGRAMS.has(name)) {
      const got = `"${name}", which is a program of the stack`;
      return [
        { key: `services[${index}].name`, got, expected: "a name that no program of the stack has", fix: RENAME },
      ];
    }
    if (scraped === index) return [];
    const got = `"${address}" with "${metricsPath}", which services[${scraped}] has as well`;
    return [{ key: `services[${index}].address`, got, expected, fix }];
  });
}

const OWN_PROGRAMS: ReadonlySet<string> = new Set(Object.keys(DEFAULT_RESOURCES));
const RENAME = "Rename the service in Pulumi.<stack>.yaml; the stack monitors its own programs by itself.";

function heapOverLimit({ resources }: Values): Problem[] {
  return Object.entries(resources).flatMap(([program, limits]) => {
    if (limits?.heap === undefined) return [];
    const standard = parseBytes(DEFAULT_RESOURCES[program as ProgramName].memory);
    const memory = limits.memory ?? (standard.ok ? standard.value : 0);
    const java = JAVA_PROGRAMS.some((name) => name === program);
    if (java ? limits.heap <= memory / 2 : limits.heap < memory) return [];
    return [
      {
        key: `resources.${program}.heap`,
        got: formatBytes(limits.heap),
        expected: `${java ? "at most half of" : "less than"} the program's memory limit of ${formatBytes(memory)}`,
        fix: `Lower the heap or raise resources.${program}.memory.`,
      },
    ];
  });
}

/** Loki's compactor deletes by whole days and refuses less than one. */
function lokiRetentionInDays({ lokiRetention }: Values): Problem[] {
  if (lokiRetention >= DAY) return [];
  return [
    {
      key: "lokiRetention",
      got: `${lokiRetention} seconds`,
      expected: "at least 24h, which is the period of Loki's index",
      fix: "Change it with: pulumi config set lokiRetention 24h",
    },
  ];
}

/** A block of Prometheus spans two hours; less can not be deleted. */
function prometheusRetentionOverTwoHours({ prometheusRetention }: Values): Problem[] {
  if (prometheusRetention >= 2 * 3_600) return [];
  return [
    {
      key: "prometheusRetention",
      got: `${prometheusRetention} seconds`,
      expected: "at least 2h, which is the span of one block",
      fix: "Change it with: pulumi config set prometheusRetention 15d",
    },
  ];
}

function emailIncomplete(values: Values): Problem[] {
  const { smtpHost, alertFromEmail } = values;
  const settings = EMAIL_KEYS.filter((key) => values[key] !== undefined);
  const addresses = (["criticalEmail", "oncallEmail", "securityEmail"] as const).filter(
    (key) => values[key] !== undefined,
  );
  const given = [...settings, ...addresses];
  if (given.length === 0) return [];
  const missing = [
    ...(smtpHost === undefined ? ["smtpHost"] : []),
    ...(alertFromEmail === undefined ? ["alertFromEmail"] : []),
    ...(addresses.length === 0 ? ["criticalEmail, oncallEmail or securityEmail"] : []),
  ];
  return missing.map((key) => missingFor("the email channel", given.join(" and "), key));
}

function smtpLoginIncomplete({ smtpUser, smtpPassword }: Values): Problem[] {
  if ((smtpUser === undefined) === (smtpPassword === undefined)) return [];
  return smtpUser === undefined
    ? [missingFor("the email channel", "smtpPassword", "smtpUser")]
    : [missingFor("the email channel", "smtpUser", "smtpPassword", "--secret ")];
}

function ruleFileMissing({ alertRulesFile: file }: Values): Problem[] {
  if (file === undefined) return [];
  const found = path.resolve(PROJECT, file);
  const outside = path.isAbsolute(file) || !found.startsWith(PROJECT + path.sep);
  const isFile = statSync(found, { throwIfNoEntry: false })?.isFile() ?? false;
  if (!outside && isFile) return [];
  const reason = outside ? "and that is outside the project" : "and there is no such file";
  return [
    {
      key: "alertRulesFile",
      got: `"${file}", ${reason}`,
      expected: "the path of a rule file in the project's folder, from that folder",
      fix: "Put the file there, or remove the key with: pulumi config rm alertRulesFile",
    },
  ];
}

function slackIncomplete({ slackWebhookUrl, slackChannel }: Values): Problem[] {
  if (slackChannel === undefined || slackWebhookUrl !== undefined) return [];
  return [missingFor("the Slack channel", "slackChannel", "slackWebhookUrl", "--secret ")];
}
