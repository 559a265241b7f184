import http from "node:http";
import https from "node:https";

// One module of the client library, and not the whole: its index loads every type of the API, for a second.
import { WebSocketHandler } from "@kubernetes/client-node/dist/web-socket-handler.js";

import { accessTo, ClusterError, unreachable, type Access } from "../../components/platform/kubernetes-connection";
import type { ClusterOutput } from "../../components/stack-outputs";
import { UsageError } from "../fail";
import { errorOf, forbidden, Refused } from "./kubernetes-refusals";

/** Milliseconds for an answer. */
const PATIENCE = 15_000;

/** A message that each frame's first byte assigns to a stream, as the API server speaks over a WebSocket. */
export interface Socket {
  send(data: Buffer, sent: (error?: Error) => void): void;
  close(): void;
  pause(): void;
  resume(): void;
  on(event: "close" | "error", listener: (reason: unknown) => void): void;
}

const NOT_JSON: unique symbol = Symbol("not JSON");

/** Talks to one cluster's API server as one user. */
export class ClusterApi {
  /** Whether something was changed: from then on a failure is no wrong use. */
  #changed = false;
  readonly #agent: http.Agent;

  private constructor(readonly access: Access) {
    const { Agent } = access.server.startsWith("https:") ? https : http;
    this.#agent = new Agent({ keepAlive: true });
  }

  /**
   * Opens the cluster that the stack is on, and asks it for its version.
   *
   * @throws UsageError when the kubeconfig has no such context, or no cluster answers to this user.
   */
  static async open({ kubeconfig, context }: Pick<ClusterOutput, "kubeconfig" | "context">): Promise<ClusterApi> {
    try {
      const access = await accessTo({
        ...(kubeconfig === null ? {} : { kubeconfig }),
        ...(context === null ? {} : { context }),
      });
      if (access === undefined) {
        throw new UsageError("the verbs need a kubeconfig that leads to the cluster without a proxy; set KUBECONFIG");
      }
      const api = new ClusterApi(access);
      await api.get("/version");
      return api;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const { key, got, expected, fix } = error.problem;
      throw new UsageError(`${key}: got ${got}; expected ${expected}. ${fix}`);
    }
  }

  /** @throws Refused when the server does not give it; UsageError when the user may not have it. */
  async get<T>(path: string): Promise<T> {
    return (await this.#send("GET", path)) as T;
  }

  /** The same, and nothing where there is none. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined;
      throw error;
    }
  }

  async list<T>(path: string): Promise<readonly T[]> {
    return (await this.get<{ readonly items: readonly T[] }>(path)).items;
  }

  async create<T>(path: string, object: unknown): Promise<T> {
    return (await this.#send("POST", path, object)) as T;
  }

  /** @param change as a JSON merge patch. */
  async patch<T>(path: string, change: unknown): Promise<T> {
    const query = `fieldManager=${FIELD_MANAGER}`;
    return (await this.#send("PATCH", `${path}?${query}`, change, "application/merge-patch+json")) as T;
  }

  /** Deletes what is there; what is not is no error. */
  async remove(path: string): Promise<void> {
    try {
      await this.#send("DELETE", path, { propagationPolicy: "Background" });
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    }
  }

  /** Asks whether something is allowed or exists; it changes nothing, though it is posted. */
  async review<T>(path: string, object: unknown): Promise<T> {
    return (await this.#exchange("POST", path, object)) as T;
  }

  /** An answer as it comes in. */
  async stream(path: string): Promise<http.IncomingMessage> {
    const response = await this.#request("GET", path);
    if ((response.statusCode ?? 0) < 300) return response;
    throw this.#classified(errorOf(response.statusCode ?? 0, await textOf(response)));
  }

  /**
   * A connection that the API server passes on to a pod.
   *
   * @param message gets what comes in, by stream.
   * @param what to say that the user may not do, if so.
   */
  async socket(path: string, what: string, message: (stream: number, data: Buffer) => void): Promise<Socket> {
    const { server, options } = this.access;
    const choice = { getCurrentCluster: () => ({ server }), applyToHTTPSOptions: (to: object) => assign(to, options) };
    const handler = new WebSocketHandler(choice as never);
    try {
      return (await handler.connect(path, null, (stream, data) => {
        message(stream, data);
        return true;
      })) as Socket;
    } catch (error) {
      const { message: reason = String(error) } = error as { message?: string };
      if (reason.includes("response: 403")) throw this.#classified(forbidden(what));
      throw new Error(`${what}: ${reason}`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: string, path: string, body?: unknown, type?: string): Promise<unknown> {
    const answer = await this.#exchange(method, path, body, type);
    if (method !== "GET") this.#changed = true;
    return answer;
  }

  async #exchange(method: string, path: string, body?: unknown, type?: string): Promise<unknown> {
    const response = await this.#request(method, path, body, type);
    const [status, text] = [response.statusCode ?? 0, await textOf(response)];
    if (status >= 400) throw this.#classified(errorOf(status, text));
    const answer = parsed(text);
    if (answer !== NOT_JSON) return answer;
    throw new UsageError(`${this.access.server} is no Kubernetes API server: it answered ${path} with something else`);
  }

  #request(method: string, path: string, body?: unknown, type = "application/json"): Promise<http.IncomingMessage> {
    const { server, options } = this.access;
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      ...options.headers,
      accept: "application/json",
      ...(content ? { "content-type": type, "content-length": content.length } : {}),
    };
    const { request } = server.startsWith("https:") ? https : http;
    return new Promise((resolve, reject) => {
      const sent = request(server + path, { ...options, agent: this.#agent, method, headers }, resolve);
      sent.setTimeout(PATIENCE, () => sent.destroy(Object.assign(new Error("no answer"), { code: "ABORT_ERR" })));
      sent.once("response", () => sent.setTimeout(0));
      sent.once("error", (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection at the moment of its reuse; nothing was processed.
        if (sent.reusedSocket && error.code === "ECONNRESET") {
          this.#request(method, path, body, type).then(resolve, reject);
          return;
        }
        const { got } = unreachable(server, error).problem;
        reject(this.#classified(new UsageError(`the cluster does not answer: ${got}`)));
      });
      sent.end(content);
    });
  }

  #classified(error: Error): Error {
    return this.#changed && error instanceof UsageError ? new Error(error.message) : error;
  }
}

/** The name under which the server keeps what the verbs changed in an object. */
export const FIELD_MANAGER = "monitoring-operator";

/** What a WebSocket is opened with: it carries no JSON, and is refused when it asks for some. */
function assign(to: object, { headers = {}, ...options }: https.RequestOptions): Promise<void> {
  const kept = Object.entries(headers).filter(([name]) => name !== "accept");
  Object.assign(to, options, { headers: Object.fromEntries(kept), handshakeTimeout: PATIENCE });
  return Promise.resolve();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return NOT_JSON;
  }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
