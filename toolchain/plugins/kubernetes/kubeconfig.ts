/**
 * Which cluster to talk to and as whom: a kubeconfig, read the way kubectl reads it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { load } from "js-yaml";

/** What a provider may be given; each as text, as the engine hands it over. */
export interface ClusterChoice {
  /** Path of a kubeconfig file, or its content. Default, also for an empty text: the files of $KUBECONFIG, else `~/.kube/config`. */
  readonly kubeconfig?: string;
  /** Default: the file's current context. */
  readonly context?: string;
  /** Default: the context's cluster. */
  readonly cluster?: string;
}

/** Everything that a request needs. */
export interface ClusterConnection {
  readonly server: string;
  readonly namespace?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly token?: string;
  readonly basic?: string;
  readonly serverName?: string;
  readonly insecure: boolean;
}

interface Named {
  readonly name: string;
}

interface ClusterEntry extends Named {
  readonly cluster?: Record<string, unknown>;
}

interface UserEntry extends Named {
  readonly user?: Record<string, unknown>;
}

interface ContextEntry extends Named {
  readonly context?: { readonly cluster?: string; readonly user?: string; readonly namespace?: string };
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly clusters?: readonly ClusterEntry[] | null;
  readonly users?: readonly UserEntry[] | null;
  readonly contexts?: readonly ContextEntry[] | null;
}

interface Loaded {
  readonly config: Kubeconfig;
  /** What relative paths in the file start from. */
  readonly folder: string;
  /** How messages name the file. */
  readonly source: string;
}

/** Several files as one: the first that has a name gives what it stands for. */
interface Merged {
  readonly currentContext?: string;
  readonly contexts: readonly ContextEntry[];
  readonly clusters: readonly Placed<ClusterEntry>[];
  readonly users: readonly Placed<UserEntry>[];
  readonly source: string;
}

/** An entry with the folder of the file that it is from. */
type Placed<Entry> = Entry & { readonly folder: string };

function expandHome(text: string): string {
  return text === "~" || text.startsWith("~/") ? path.join(homedir(), text.slice(1)) : text;
}

function parse(content: string, source: string, folder: string): Loaded {
  let config: unknown;
  try {
    config = load(content);
  } catch {
    config = undefined;
  }
  // The text is not repeated: it may hold credentials.
  if (typeof config !== "object" || config === null) {
    throw new Error(`${source} does not hold a kubeconfig`);
  }
  return { config: config as Kubeconfig, folder, source };
}

function readFile(file: string): Loaded {
  return parse(readFileSync(file, "utf8"), file, path.dirname(path.resolve(file)));
}

function find(choice: ClusterChoice, env: NodeJS.ProcessEnv): Loaded[] {
  if (choice.kubeconfig) {
    const file = expandHome(choice.kubeconfig);
    const isContent = /[\n{]/.test(file);
    if (!isContent && !existsSync(file)) throw new Error(`the kubeconfig ${file} does not exist`);
    return [isContent ? parse(file, "the setting 'kubeconfig'", process.cwd()) : readFile(file)];
  }
  const candidates = env["KUBECONFIG"]
    ? env["KUBECONFIG"].split(path.delimiter).filter(Boolean)
    : [path.join(homedir(), ".kube", "config")];
  const files = candidates.map(expandHome).filter((candidate) => existsSync(candidate));
  if (files.length === 0) {
    throw new Error(
      `there is no kubeconfig: ${candidates.join(", ")} does not exist; set KUBECONFIG or the provider's 'kubeconfig'`,
    );
  }
  return files.map(readFile);
}

function merge(files: readonly Loaded[]): Merged {
  return {
    currentContext: files.map(({ config }) => config["current-context"]).find(Boolean),
    contexts: files.flatMap(({ config }) => config.contexts ?? []),
    clusters: files.flatMap(({ config, folder }) => (config.clusters ?? []).map((entry) => ({ ...entry, folder }))),
    users: files.flatMap(({ config, folder }) => (config.users ?? []).map((entry) => ({ ...entry, folder }))),
    source: files.map(({ source }) => source).join(", "),
  };
}

function pick<T extends Named>(entries: readonly T[], name: string, kind: string, source: string): T {
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  const names = entries.map((entry) => entry.name).join(", ") || "none";
  throw new Error(`${source} has no ${kind} '${name}'; there are: ${names}`);
}

function text(entry: Record<string, unknown>, key: string): string | undefined {
  const value = entry[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A certificate or key, which stands in the file itself or in one beside it. */
function material(entry: Record<string, unknown>, key: string, folder: string): Buffer | undefined {
  const inline = text(entry, `${key}-data`);
  if (inline) return Buffer.from(inline, "base64");
  const file = text(entry, key);
  return file ? readFileSync(path.resolve(folder, file)) : undefined;
}

interface ExecCredential {
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
  };
}

/** Runs the command that a kubeconfig names for credentials, as cloud vendors' do. */
function runForCredentials(exec: Record<string, unknown>): NonNullable<ExecCredential["status"]> {
  const command = text(exec, "command") ?? "";
  const extra = (exec["env"] ?? []) as { name: string; value: string }[];
  const env = Object.fromEntries(extra.map(({ name, value }) => [name, value]));
  const info = { apiVersion: exec["apiVersion"], kind: "ExecCredential", spec: { interactive: false } };
  try {
    const output = execFileSync(command, (exec["args"] ?? []) as string[], {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
    return (JSON.parse(output) as ExecCredential).status ?? {};
  } catch (error) {
    throw new Error(`the kubeconfig's command '${command}' gave no credentials: ${(error as Error).message}`);
  }
}

type Credentials = Pick<ClusterConnection, "cert" | "key" | "token" | "basic">;

function credentials(user: Record<string, unknown>, folder: string): Credentials {
  if (user["auth-provider"]) {
    throw new Error("the kubeconfig's user has an 'auth-provider', which Kubernetes removed; use 'exec' instead");
  }
  if (user["exec"]) {
    const given = runForCredentials(user["exec"] as Record<string, unknown>);
    return {
      token: given.token,
      cert: given.clientCertificateData ? Buffer.from(given.clientCertificateData) : undefined,
      key: given.clientKeyData ? Buffer.from(given.clientKeyData) : undefined,
    };
  }
  const tokenFile = text(user, "tokenFile");
  const name = text(user, "username");
  return {
    cert: material(user, "client-certificate", folder),
    key: material(user, "client-key", folder),
    token: text(user, "token") ?? (tokenFile && readFileSync(path.resolve(folder, tokenFile), "utf8").trim()),
    basic: name && Buffer.from(`${name}:${text(user, "password") ?? ""}`).toString("base64"),
  };
}

/**
 * Finds the cluster and the credentials.
 *
 * @throws when the kubeconfig is missing or names something that is not in it; credentials are never in the message.
 */
export function clusterConnection(choice: ClusterChoice, env: NodeJS.ProcessEnv = process.env): ClusterConnection {
  const { currentContext, contexts, clusters, users, source } = merge(find(choice, env));
  const contextName = choice.context || currentContext;
  if (!contextName) throw new Error(`${source} has no current context; set the provider's 'context'`);
  const context = pick(contexts, contextName, "context", source).context ?? {};
  const { cluster = {}, folder } = pick(clusters, choice.cluster || (context.cluster ?? ""), "cluster", source);
  if (cluster["proxy-url"])
    throw new Error(`${source} asks for a proxy ('proxy-url'), which needs the vendor's plugin`);
  const server = text(cluster, "server");
  if (!server) throw new Error(`${source} names no server for the context '${contextName}'`);
  const user = context.user ? pick(users, context.user, "user", source) : undefined;
  return {
    server: server.replace(/\/+$/, ""),
    namespace: context.namespace || undefined,
    ca: material(cluster, "certificate-authority", folder),
    serverName: text(cluster, "tls-server-name"),
    insecure: cluster["insecure-skip-tls-verify"] === true,
    ...(user ? credentials(user.user ?? {}, user.folder) : {}),
  };
}
