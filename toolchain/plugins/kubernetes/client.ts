/**
 * A small client for the Kubernetes API. The full client libraries take longer to load than a preview may.
 */
import http from "node:http";
import https from "node:https";
import type { ClusterConnection } from "./kubeconfig";

/** A Kubernetes object, whatever its kind. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  managedFields?: ManagedFields[];
  ownerReferences?: { uid: string; kind: string; name: string }[];
  [field: string]: unknown;
}

/** Which fields of an object one program wrote. */
export interface ManagedFields {
  manager: string;
  operation: string;
  subresource?: string;
  apiVersion?: string;
  fieldsType?: string;
  fieldsV1?: Record<string, unknown>;
  [field: string]: unknown;
}

interface Cause {
  readonly field?: string;
  readonly message?: string;
  readonly reason?: string;
}

/** The API server's refusal. */
export class ApiError extends Error {
  public override readonly name = "ApiError";

  public constructor(
    public readonly status: number,
    public readonly reason: string,
    message: string,
    public readonly causes: readonly Cause[] = [],
    public readonly details: { readonly kind?: string; readonly name?: string } = {},
  ) {
    super(message);
  }

  /** The namespace that a request was for does not exist. */
  public get isMissingNamespace(): boolean {
    return this.status === 404 && this.details.kind === "namespaces";
  }
}

/** No API server answered. */
export class Unreachable extends Error {
  public override readonly name = "Unreachable";
}

export interface Call {
  readonly query?: Record<string, string | number | boolean | undefined>;
  readonly body?: unknown;
  readonly contentType?: string;
}

const CONNECT_MS = 10_000;
const REQUEST_MS = 60_000;

function explain(error: NodeJS.ErrnoException, server: string): Unreachable {
  const causes: Record<string, string> = {
    ECONNREFUSED: "nothing listens there",
    ENOTFOUND: "the name is not known",
    ETIMEDOUT: "it does not answer",
    DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not signed by the kubeconfig's certificate authority",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the kubeconfig's certificate authority",
    SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the kubeconfig's certificate authority",
  };
  return new Unreachable(`${server}: ${causes[error.code ?? ""] ?? error.message}`);
}

function refusal(status: number, body: string): ApiError {
  try {
    const answer = JSON.parse(body) as {
      message?: string;
      reason?: string;
      details?: { causes?: Cause[]; kind?: string; name?: string };
    };
    const message = answer.message ?? body;
    return new ApiError(status, answer.reason ?? "", message, answer.details?.causes ?? [], answer.details);
  } catch {
    return new ApiError(status, "", body.trim() || `HTTP status ${status}`);
  }
}

export class KubernetesClient {
  private readonly agent: https.Agent | http.Agent;
  private readonly headers: Record<string, string>;

  public constructor(public readonly connection: ClusterConnection) {
    const { server, ca, cert, key, insecure, serverName, token, basic } = connection;
    this.agent = server.startsWith("https:")
      ? new https.Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized: !insecure, servername: serverName })
      : new http.Agent({ keepAlive: true });
    const authorization = token ? `Bearer ${token}` : basic ? `Basic ${basic}` : undefined;
    this.headers = { accept: "application/json", ...(authorization && { authorization }) };
  }

  /** Ends idle connections. */
  public close(): void {
    this.agent.destroy();
  }

  /**
   * Makes a call whose answer is JSON.
   *
   * @throws {ApiError} when the server refuses, {@link Unreachable} when there is none.
   */
  public async call<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    const body = await this.raw(method, path, call);
    return (body === "" ? undefined : JSON.parse(body)) as Answer;
  }

  /** Gets an object or list, or undefined when there is no such thing. */
  public async find<Answer>(path: string, query?: Call["query"]): Promise<Answer | undefined> {
    return this.call<Answer>("GET", path, { query }).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
  }

  /** Makes a call and gives the answer as text. */
  public raw(method: string, path: string, call: Call = {}): Promise<string> {
    const { server } = this.connection;
    const url = new URL(server + path);
    for (const [key, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const content = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const headers: http.OutgoingHttpHeaders = { ...this.headers };
    if (content) {
      headers["content-type"] = call.contentType ?? "application/json";
      headers["content-length"] = content.length;
    }
    const send = url.protocol === "https:" ? https.request : http.request;
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers, agent: this.agent, timeout: CONNECT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => reject(explain(error, server)));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          if (status < 400) resolve(text);
          else reject(refusal(status, text));
        });
      });
      request.on("socket", (socket) => {
        if (socket.connecting) socket.once("connect", () => request.setTimeout(REQUEST_MS));
        else request.setTimeout(REQUEST_MS);
      });
      request.on("timeout", () => request.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })));
      request.on("error", (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection at the moment of its reuse; nothing was processed.
        if (request.reusedSocket && error.code === "ECONNRESET") this.raw(method, path, call).then(resolve, reject);
        else reject(explain(error, server));
      });
      request.end(content);
    });
  }
}

/** Waits, in milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
