import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { format, resolveConfig } from "prettier";

import {
  DEFAULT_PORTS,
  DEFAULT_REPLICAS,
  DEFAULT_RESOURCES,
  DEFAULT_STORAGE,
  OPTIONAL_PORTS,
} from "../../components/settings/defaults";

const PROJECT_FILE = path.join(__dirname, "../../Pulumi.yaml");
export const TARGET = path.join(__dirname, "../configuration.md");

interface Declared {
  readonly description: string;
  readonly default: unknown;
}

/** Headings, each by the key of Pulumi.yaml that it stands before; the keys after it belong to it too. */
const HEADINGS: Readonly<Record<string, string>> = {
  platform: "The stack",
  kubeconfig: "Kubernetes",
  frontDoor: "Front door",
  replicas: "Copies, on Kubernetes",
  protectData: "Protection of data",
  externalLabels: "What is scraped",
  ports: "Ports, limits and volumes",
  prometheusRetention: "Retention and log stores",
  collectorGateway: "Traces",
  grafanaAdminUser: "Grafana",
  remoteWriteUrl: "Other Prometheus servers and stores",
  redisAddress: "Redis and PostgreSQL",
  smtpHost: "Alert channels",
  alertRulesFile: "Rules of your own",
};

/** Keys whose defaults have a table of their own. */
const BY_PROGRAM = new Set(["ports", "resources", "storage", "replicas"]);

const INTRODUCTION = `# Configuration

Made by \`npm run docs\` from \`Pulumi.yaml\` and \`components/settings/defaults.ts\`: change those, not this page.

\`\`\`sh
pulumi config set prometheusRetention 30d                        # a value
pulumi config set --path 'resources.prometheus.memory' 1Gi       # one member of an object
pulumi config set --secret slackWebhookUrl                       # a secret: asks for it, and stores it encrypted
\`\`\`

Values go into \`Pulumi.<stack>.yaml\`. A key that does not exist, a value that does not fit and a secret in plain text are refused
before anything is created, all at once and with what to do. An empty text means: not set. A list that you give replaces the
default one; a member of an object replaces the default of that member alone. Durations are written \`90s\`, \`12h\`, \`15d\`, sizes \`512Mi\`, \`2Gi\`.
`;

/** The verbs of the platform's old script; the variables stand in the descriptions of their keys. */
const VERBS = [
  [
    "`deploy loki`, `deploy elk`, `deploy both`",
    "`npx monitoring deploy loki`, `… elk`, `… both`; or `logging`, then `pulumi up`",
  ],
  ["`urls`", "`npx monitoring urls`"],
  ["`verify`", "`npx monitoring verify`"],
  ["`dashboards`", "`npx monitoring dashboards`, `… dashboards apply`, `… dashboards pull`"],
  ["`logs [service]`", "`npx monitoring logs [program]`"],
  ["`stop`", "`npx monitoring stop`"],
  ["`cleanup`", "`npx monitoring cleanup`"],
] as const;

/** The text of docs/configuration.md. */
export async function renderConfiguration(projectFile: string = PROJECT_FILE): Promise<string> {
  const declared = readDeclared(projectFile);
  const unknown = Object.keys(HEADINGS).filter((key) => !(key in declared));
  if (unknown.length > 0) {
    throw new Error(`Pulumi.yaml has no key ${unknown.join(", ")}: adapt HEADINGS in docs/generate/configuration.ts.`);
  }
  const text = [INTRODUCTION, ...keySections(declared), programSection(), formerSection(declared)].join("\n");
  const style = await resolveConfig(TARGET);
  return format(text, { ...style, parser: "markdown" });
}

function readDeclared(file: string): Record<string, Declared> {
  const { name, config } = load(readFileSync(file, "utf8")) as { name: string; config: Record<string, Declared> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.slice(name.length + 1), value]));
}

function keySections(declared: Record<string, Declared>): string[] {
  const sections: { heading: string; rows: string[][] }[] = [];
  for (const [key, value] of Object.entries(declared)) {
    const heading = HEADINGS[key];
    if (heading !== undefined) sections.push({ heading, rows: [] });
    sections.at(-1)?.rows.push(keyRow(key, value));
  }
  return sections.map(({ heading, rows }) => `## ${heading}\n\n${table(["key", "kind", "default", "meaning"], rows)}`);
}

/** How a description begins when its key is not text. */
const KIND = /^(Secret|Object|List|True or false|Whole number)\. /;

/** A description may begin with its kind and end with what holds where nothing is given; both have columns. */
function keyRow(key: string, { description, default: standard }: Declared): string[] {
  const [, kind = "Text"] = KIND.exec(description) ?? [];
  const open = description.replace(KIND, "");
  const [, meaning = open, otherwise] = /^(.*?)\s*Default: (.*)\.$/.exec(open) ?? [];
  return [`\`${key}\``, kind.toLowerCase(), defaultOf(key, standard, otherwise), meaning];
}

function defaultOf(key: string, standard: unknown, otherwise: string | undefined): string {
  if (BY_PROGRAM.has(key)) return "[by program](#defaults-by-program)";
  if (otherwise !== undefined) return otherwise;
  const empty = standard === "" || (typeof standard === "object" && Object.keys(standard as object).length === 0);
  return empty ? "none" : `\`${Array.isArray(standard) ? standard.join(", ") : String(standard)}\``;
}

/** Defaults of the keys whose members are programs. */
function programSection(): string {
  const programs = new Set([
    ...Object.keys(DEFAULT_RESOURCES),
    ...Object.keys(DEFAULT_PORTS),
    ...Object.keys(DEFAULT_STORAGE),
    ...OPTIONAL_PORTS,
  ]);
  const of = (values: Readonly<Record<string, unknown>>, program: string) => String(values[program] ?? "");
  const resources: Readonly<Record<string, { memory: string; cpu: string }>> = DEFAULT_RESOURCES;
  const rows = [...programs].map((program) => [
    `\`${program}\``,
    OPTIONAL_PORTS.some((name) => name === program) ? "not published" : of(DEFAULT_PORTS, program),
    resources[program]?.memory ?? "",
    resources[program]?.cpu ?? "",
    of(DEFAULT_STORAGE, program),
    of(DEFAULT_REPLICAS, program),
  ]);
  const head = ["program", "`ports`", "`resources` memory", "cpu", "`storage`", "`replicas`"];
  return `## Defaults by program\n\n${table(head, rows)}`;
}

function formerSection(declared: Record<string, Declared>): string {
  const variables = Object.entries(declared).flatMap(([key, { description }]) => {
    const [, variable] = /\(([A-Z]+(?:_[A-Z]+)+)\b[^)]*\)/.exec(description) ?? [];
    return variable === undefined
      ? []
      : [[`\`${variable}\``, `\`pulumi config set ${secretFlag(description)}${key}\``]];
  });
  return [
    "## From the platform's old script",
    table(["variable", "now"], variables),
    table(["verb", "now"], VERBS),
    "No setting comes from the environment any more: the same commit gives the same stack everywhere.",
  ].join("\n\n");
}

const secretFlag = (description: string) => (description.startsWith("Secret. ") ? "--secret " : "");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n") + "\n";
}

/** Without the backslash, `<name>` is an element of HTML that no page shows. */
const escaped = (cell: string) => cell.replaceAll("|", "\\|").replaceAll(/<(?=[a-z])/g, "\\<");

if (require.main === module) {
  void renderConfiguration().then((text) => writeFileSync(TARGET, text));
}
