/**
 * The few calls of the Docker engine's HTTP interface that the plugin needs.
 *
 * Written on Node's own client: the usual package loads an SSH client and a second copy of gRPC, which takes longer than
 * everything else that the plugin does at its start.
 */
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { join } from "node:path";
import type { EngineAddress } from "./engine-address";

/** The engine answered, and said no. */
export class EngineError extends Error {
  public override readonly name = "EngineError";

  public constructor(
    public readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Call {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a tar archive. */
  readonly archive?: Buffer;
}

function explain(error: NodeJS.ErrnoException, url: string): Error {
  const causes: Record<string, string> = {
    ENOENT: "there is no such socket, so the engine is probably not running",
    ECONNREFUSED: "nothing listens there, so the engine is probably not running",
    EACCES: "this user may not open it; add the user to the group 'docker'",
    ENOTFOUND: "there is no host of that name",
  };
  const cause = causes[error.code ?? ""] ?? error.message;
  const remedy = "Start the engine, or set DOCKER_HOST or the stack setting docker:host to its address.";
  return new Error(`Cannot reach the Docker engine at ${url}: ${cause}. ${remedy}`);
}

function connection(address: EngineAddress): https.RequestOptions {
  const url = new URL(address.url);
  if (url.protocol === "unix:" || url.protocol === "npipe:") return { socketPath: decodeURIComponent(url.pathname) };
  if (!["tcp:", "http:", "https:"].includes(url.protocol)) {
    throw new Error(
      `The Docker engine's address ${address.url} cannot be used by this project's own plugin; ` +
        "give one that starts with unix://, npipe:// or tcp://.",
    );
  }
  const secure = url.protocol === "https:" || address.certificates !== undefined;
  const options: https.RequestOptions = { host: url.hostname, port: url.port || (secure ? 2376 : 2375) };
  if (!address.certificates) return { ...options, protocol: secure ? "https:" : "http:" };
  const read = (file: string): Buffer => readFileSync(join(address.certificates ?? "", file));
  return { ...options, protocol: "https:", ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

function target(path: string, query: Call["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message: string }).message;
  } catch {
    return body.trim();
  }
}

export class Engine {
  public constructor(private readonly address: EngineAddress) {}

  /** Makes a call and gives the whole answer. Fails with an EngineError when the engine refuses. */
  public raw(method: string, path: string, call: Call = {}): Promise<Buffer> {
    const options = connection(this.address);
    const content = call.archive ?? (call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body)));
    const headers: http.OutgoingHttpHeaders = { host: "docker", "content-length": content?.length ?? 0 };
    if (content) headers["content-type"] = call.archive ? "application/x-tar" : "application/json";
    return new Promise((resolve, reject) => {
      const send = options.protocol === "https:" ? https.request : http.request;
      const request = send({ ...options, method, path: target(path, call.query), headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks);
          const status = response.statusCode ?? 0;
          if (status < 400) resolve(body);
          else reject(new EngineError(status, messageOf(body.toString())));
        });
      });
      request.on("error", (error) => reject(explain(error, this.address.url)));
      request.end(content);
    });
  }

  /** Makes a call whose answer is JSON. */
  public async call<Answer>(method: string, path: string, call?: Call): Promise<Answer> {
    const body = await this.raw(method, path, call);
    return (body.length === 0 ? undefined : JSON.parse(body.toString())) as Answer;
  }

  /** Inspects something, or gives undefined when there is no such thing. */
  public async inspect<Answer>(path: string): Promise<Answer | undefined> {
    return this.call<Answer>("GET", path).catch(ignore(404));
  }
}

/** For `.catch`: turns the engine's refusal with one of these codes into undefined. */
export function ignore(...statuses: readonly number[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof EngineError && statuses.includes(error.status)) return undefined;
    throw error;
  };
}

/** Waits, in milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Repeats a removal for as long as the engine says that something still uses what is to be removed: what uses it is
 * often being removed at the same time. A thing already gone counts as removed.
 */
export async function removeWhenFree(remove: () => Promise<unknown>, inUse: RegExp): Promise<void> {
  const patience = 30_000;
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      await remove().catch(ignore(404));
      return;
    } catch (error) {
      const busy = error instanceof EngineError && inUse.test(error.message);
      if (!busy || Date.now() > deadline) throw error;
      await pause(250);
    }
  }
}
