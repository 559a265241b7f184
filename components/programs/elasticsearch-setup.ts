import { images } from "../images";
import type { ConfigFile, Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import {
  curlFiles,
  ELASTICSEARCH,
  ELASTICSEARCH_SETUP,
  elasticsearchAuthority,
  elasticsearchUrl,
  logsIndex,
  logsStream,
  logsWriter,
  otlpLogsStream,
  userPassword,
  type ElkStore,
} from "./elasticsearch-access";
import { nativeText } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const DIRECTORY = "/etc/elasticsearch-setup";
const HOUR = 3_600;

/** Every user that a stack of any configuration has. Those that this one has not are removed. */
const USERS = [
  "filebeat",
  "logstash",
  "otel",
  "grafana",
  "jaeger",
  "jaeger-cleaner",
  "backup",
  "exporter",
  "kibana-setup",
] as const;
type User = (typeof USERS)[number];

/** One request of the set-up, with its body. */
interface Step {
  readonly method: "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: ConfigFile;
}

interface Role {
  readonly indices: readonly { readonly names: readonly string[] }[];
}

/** Gives Elasticsearch its users, their roles, the template of the log indices and their lifecycle, and ends. */
export function elasticsearchSetup(settings: Settings, store: ElkStore, secrets: ProgramSecrets): Workload {
  const steps = [
    kibanaSystem(secrets),
    ...access(settings, store, secrets),
    put("_ilm/policy/pyairtable-logs", "lifecycle.json", lifecycle(store)),
    put("_index_template/pyairtable-logs", "index-template.json", indexTemplate(settings)),
  ];
  const authority = elasticsearchAuthority(settings, secrets);
  return {
    name: ELASTICSEARCH_SETUP,
    image: images.elasticsearch,
    args: ["bash", `${DIRECTORY}/setup.sh`, DIRECTORY, elasticsearchUrl()],
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "setup.sh", content: nativeText("elasticsearch/setup.sh") },
        { path: "steps", content: steps.map(line).join("") },
        ...steps.flatMap(({ body }) => body ?? []),
        ...curlFiles(DIRECTORY, "elastic", secrets.elasticPassword, authority),
      ],
    },
    ports: [],
    resources: { memory: 64 * 2 ** 20, cpu: 0.1 },
    health: { port: 0, check: "outside", startupSeconds: 180 },
    placement: { kind: "once" },
    runsAs: { uid: 1_000, gid: 0 },
    talksTo: [ELASTICSEARCH],
    after: [ELASTICSEARCH],
  };
}

function line({ method, path, body }: Step): string {
  return `${[method, path, ...(body ? [body.path] : [])].join(" ")}\n`;
}

function put(path: string, file: string, content: unknown): Step {
  return { method: "PUT", path, body: { path: `bodies/${file}`, content: JSON.stringify(content) } };
}

/** Kibana's own user is there from the start, without a password. */
function kibanaSystem(secrets: ProgramSecrets): Step {
  const content = userPassword(secrets, "kibana_system").apply((password) => JSON.stringify({ password }));
  const body = { path: "secrets/kibana_system.json", content, secret: true };
  return { method: "POST", path: "_security/user/kibana_system/_password", body };
}

/** The users with the least that each needs, and the removal of those that another configuration would have. */
function access(settings: Settings, store: ElkStore, secrets: ProgramSecrets): Step[] {
  const writes = [logsStream(settings)];
  const roles: Partial<Record<User, Role>> = {
    [logsWriter(store)]: role("writer", writes),
    otel: role("writer", [otlpLogsStream(settings)]),
    grafana: role("reader", [logsIndex(settings)]),
    backup: role("backup"),
    exporter: role("exporter", [logsIndex(settings)]),
    ...(settings.traces.kind === "elasticsearch"
      ? { jaeger: role("jaeger"), "jaeger-cleaner": role("jaeger-cleaner") }
      : {}),
  };
  return [
    ...USERS.flatMap((name) => {
      const own = roles[name];
      return own ? [put(`_security/role/${name}`, `role-${name}.json`, own), user(name, name, secrets)] : [];
    }),
    // A role of the server's own: everything in Kibana, and nothing in Elasticsearch.
    user("kibana-setup", "kibana_admin", secrets),
    ...USERS.filter((name) => roles[name] === undefined && name !== "kibana-setup").flatMap((name): Step[] => [
      { method: "DELETE", path: `_security/user/${name}` },
      { method: "DELETE", path: `_security/role/${name}` },
    ]),
  ];
}

function role(file: string, names?: readonly string[]): Role {
  const base = JSON.parse(nativeText(`elasticsearch/roles/${file}.json`)) as Role;
  return { ...base, indices: base.indices.map((rule) => ({ ...rule, ...(names ? { names } : {}) })) };
}

function user(name: User, roleName: string, secrets: ProgramSecrets): Step {
  const content = userPassword(secrets, name).apply((password) =>
    JSON.stringify({ password, roles: [roleName], full_name: "Made by pyairtable-monitoring" }),
  );
  return {
    method: "PUT",
    path: `_security/user/${name}`,
    body: { path: `secrets/user-${name}.json`, content, secret: true },
  };
}

interface Lifecycle {
  policy: { phases: Record<"hot" | "warm" | "cold" | "delete", { min_age: string; actions: object }> };
}

/** Ages count from the rollover of an index, one day at the latest after its first line. */
function lifecycle({ retentionSeconds, phases: ages }: ElkStore): Lifecycle {
  const base = JSON.parse(nativeText("elasticsearch/lifecycle.json")) as Lifecycle;
  const { hot, warm, cold, delete: deletion } = base.policy.phases;
  const after = (seconds: number) => `${Math.round(seconds / HOUR)}h`;
  const phases = {
    hot,
    warm: { ...warm, min_age: after(ages.warm) },
    cold: { ...cold, min_age: after(ages.cold) },
    delete: { ...deletion, min_age: after(retentionSeconds) },
  };
  return { policy: { ...base.policy, phases } };
}

interface IndexTemplate {
  index_patterns: readonly string[];
  template: { settings: Record<string, unknown> };
}

function indexTemplate(settings: Settings): IndexTemplate {
  const base = JSON.parse(nativeText("elasticsearch/index-template.json")) as IndexTemplate;
  // A copy on another node, where there is one.
  const copies = settings.replicas.elasticsearch > 1 ? 1 : 0;
  return {
    ...base,
    index_patterns: [logsStream(settings), otlpLogsStream(settings)],
    template: { ...base.template, settings: { ...base.template.settings, "index.number_of_replicas": copies } },
  };
}
