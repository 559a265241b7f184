import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { homedir } from "node:os";
import path from "node:path";
import { env } from "node:process";

// Parts of the client library, and not the whole: its index and its `KubeConfig` load every type of the API, for a second.
import {
  newClusters,
  newContexts,
  newUsers,
  type Cluster,
  type Context,
  type User,
} from "@kubernetes/client-node/dist/config_types.js";
import { load } from "js-yaml";

import type { KubernetesSettings } from "../settings/settings";
import type { Problem } from "../settings/problems";

/** A kubeconfig or a cluster that is of no use, with what to do about it. */
export class ClusterError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.got);
    this.name = "ClusterError";
  }
}

/** Where a cluster answers, and what every request to it needs: certificates and the user's credentials. */
export interface Access {
  readonly server: string;
  readonly options: https.RequestOptions;
}

/** Asks one cluster as one user. */
export interface Connection {
  /**
   * The answer to a GET of this path; undefined where the user may not ask.
   *
   * @throws ClusterError when there is no answer, or the cluster does not know the user.
   */
  get<Answer>(path: string): Promise<Answer | undefined>;
}

/** Milliseconds for an answer. */
const PATIENCE = 5_000;

/** Which cluster, as whom. */
type Choice = Pick<KubernetesSettings, "kubeconfig" | "context">;

/** A connection to the cluster that the settings choose; undefined and an error as for `accessTo`. */
export async function connect(settings: Choice): Promise<Connection | undefined> {
  const access = await accessTo(settings);
  return access && { get: (target) => get(access.server, target, access.options) };
}

/**
 * The way to the cluster that the settings choose, found as `kubectl` finds it. Undefined where there is none that can be
 * used here, and the provider may still have one: inside a cluster, or behind a proxy.
 *
 * @throws ClusterError when the kubeconfig is missing or does not hold what the settings name.
 */
export async function accessTo(settings: Choice): Promise<Access | undefined> {
  const files = kubeconfigFiles(settings);
  if (files === undefined) return undefined;
  const { cluster, user } = choose(files, settings.context);
  if (cluster.proxyUrl) return undefined;
  return { server: cluster.server.replace(/\/+$/, ""), options: await requestOptions(cluster, user) };
}

/** Where `kubectl` looks is no setting of the stack, so this is the one place that asks the environment. */
function kubeconfigFiles({ kubeconfig }: Choice): string[] | undefined {
  const candidates = (
    kubeconfig ? [kubeconfig] : (env.KUBECONFIG ?? path.join("~", ".kube", "config")).split(path.delimiter)
  )
    .filter(Boolean)
    .map((file) => file.replace(/^~(?=$|\/)/, homedir()));
  const files = candidates.filter((file) => existsSync(file));
  if (files.length > 0) return files;
  if (!kubeconfig && env.KUBERNETES_SERVICE_HOST !== undefined) return undefined;
  throw new ClusterError({
    key: "kubeconfig",
    got: `${candidates.join(", ")}, which does not exist`,
    expected: "the path of a kubeconfig file",
    fix: "Set it with: pulumi config set kubeconfig <path>   or set KUBECONFIG",
  });
}

interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: readonly Context[];
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
}

function choose(files: readonly string[], wanted: string | undefined): { cluster: Cluster; user: User | undefined } {
  const configs = files.map(readKubeconfig);
  const source = files.join(", ");
  const contexts = configs.flatMap((config) => config.contexts);
  const name = wanted ?? configs.find(({ currentContext }) => currentContext)?.currentContext;
  const context = contexts.find((candidate) => candidate.name === name);
  const cluster = configs.flatMap(({ clusters }) => clusters).find((candidate) => candidate.name === context?.cluster);
  const user = configs.flatMap(({ users }) => users).find((candidate) => candidate.name === context?.user);
  if (context && cluster) return { cluster, user };
  throw new ClusterError({
    key: "kubernetesContext",
    got: context
      ? `${context.name}, whose cluster "${context.cluster}" ${source} does not have`
      : `${name ?? "nothing"}, which ${source} does not have`,
    expected: `one of: ${contexts.map((candidate) => candidate.name).join(", ") || "none is there"}`,
    fix: "Choose one with: pulumi config set kubernetesContext <name>",
  });
}

function readKubeconfig(file: string): Kubeconfig {
  try {
    const config = load(readFileSync(file, "utf8")) as Record<string, unknown>;
    const users = (config.users ?? []) as { user?: { tokenFile?: string } }[];
    const absolute = (name: string | undefined) => (name ? path.resolve(path.dirname(file), name) : undefined);
    return {
      currentContext: (config["current-context"] as string | undefined) || undefined,
      contexts: newContexts(config.contexts),
      clusters: newClusters(config.clusters).map((one) => ({ ...one, caFile: absolute(one.caFile) })),
      // The library reads `token-file`, which kubectl does not know, and not `tokenFile`.
      users: newUsers(config.users).map((one, index) => ({
        ...one,
        certFile: absolute(one.certFile),
        keyFile: absolute(one.keyFile),
        token: one.token ?? contentOf(absolute(users[index]?.user?.tokenFile))?.toString().trim(),
      })),
    };
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    throw new ClusterError({
      key: "kubeconfig",
      got: `${file}, which can not be read (${firstLine(error)})`,
      expected: "a kubeconfig file",
      fix: "Mend it, or choose another with: pulumi config set kubeconfig <path>",
    });
  }
}

/** Content that stands in the kubeconfig itself, or in a file that it names. */
function contentOf(file: string | undefined, base64?: string | null): Buffer | undefined {
  if (base64) return Buffer.from(base64, "base64");
  if (file === undefined) return undefined;
  if (existsSync(file)) return readFileSync(file);
  throw new ClusterError({
    key: "kubeconfig",
    got: `a file that names ${file}, which does not exist`,
    expected: "a kubeconfig whose certificates and tokens are there",
    fix: "Mend it, or choose another with: pulumi config set kubeconfig <path>",
  });
}

async function requestOptions(cluster: Cluster, user: User | undefined): Promise<https.RequestOptions> {
  const options: https.RequestOptions & { headers: http.OutgoingHttpHeaders } = {
    headers: { accept: "application/json" },
    ca: contentOf(cluster.caFile, cluster.caData),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    rejectUnauthorized: !cluster.skipTLSVerify,
  };
  if (user === undefined) return options;
  options.cert = contentOf(user.certFile, user.certData);
  options.key = contentOf(user.keyFile, user.keyData);
  if (user.impersonateUser) options.headers["Impersonate-User"] = user.impersonateUser;
  if (user.username) options.auth = `${user.username}:${user.password ?? ""}`;
  if (user.token) options.headers.Authorization = `Bearer ${user.token}`;
  if (user.exec || user.authProvider) await askForCredentials(user, options);
  return options;
}

/** Credentials that a command or an identity provider gives out. */
async function askForCredentials(user: User, options: https.RequestOptions): Promise<void> {
  try {
    if (user.exec) {
      const { ExecAuth } = await import("@kubernetes/client-node/dist/exec_auth.js");
      await new ExecAuth().applyAuthentication({ ...user, exec: withInfo(user.exec as Exec) }, options);
    } else {
      const { OpenIDConnectAuth } = await import("@kubernetes/client-node/dist/oidc_auth.js");
      const provider = new OpenIDConnectAuth();
      if (provider.isAuthProvider(user)) await provider.applyAuthentication(user, options);
    }
  } catch (error) {
    throw new ClusterError({
      key: "kubernetesContext",
      got: `user "${user.name}", whose way to log in failed: ${firstLine(error)}`,
      expected: "a user that can log in",
      fix: "Log in as the cluster's vendor describes, and try: kubectl get nodes",
    });
  }
}

interface Exec {
  readonly apiVersion: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** What kubectl tells a command for credentials about itself, and the library does not. */
function withInfo(exec: Exec): Exec {
  const info = { apiVersion: exec.apiVersion, kind: "ExecCredential", spec: { interactive: false } };
  return { ...exec, env: [...(exec.env ?? []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }] };
}

async function get<Answer>(server: string, target: string, options: https.RequestOptions): Promise<Answer | undefined> {
  const { status, body } = await exchange(server + target, options).catch((error: NodeJS.ErrnoException) => {
    throw unreachable(server, error);
  });
  if (status === 403) return undefined;
  if (status !== 200) throw refused(server, status);
  try {
    return JSON.parse(body) as Answer;
  } catch {
    throw refused(server, status);
  }
}

function exchange(url: string, options: https.RequestOptions): Promise<{ status: number; body: string }> {
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    request(url, { ...options, signal: AbortSignal.timeout(PATIENCE) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    })
      .on("error", reject)
      .end();
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ABORT_ERR: `no answer within ${PATIENCE / 1000} s`,
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the name is not known",
  ERR_INVALID_URL: "that is no address; it begins with https://",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not signed by the kubeconfig's authority",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the kubeconfig's authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the kubeconfig's authority",
};

/** What to say of a cluster that gave no answer. */
export function unreachable(server: string, error: NodeJS.ErrnoException): ClusterError {
  return new ClusterError({
    key: "kubernetesContext",
    got: `${server}, which can not be reached: ${REASONS[error.code ?? ""] ?? firstLine(error)}`,
    expected: "a cluster that answers",
    fix: "Start it or connect to its network, or choose another with: pulumi config set kubernetesContext <name>",
  });
}

function refused(server: string, status: number): ClusterError {
  const unknown = status === 401;
  return new ClusterError({
    key: "kubernetesContext",
    got: `${server}, which ${unknown ? "does not know the user" : `answers with HTTP status ${status}`}`,
    expected: unknown ? "a user with valid credentials" : "a Kubernetes API server",
    fix: `${unknown ? "Log in again, or choose" : "Choose"} another with: pulumi config set kubernetesContext <name>`,
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split("\n")[0] ?? "";
}
