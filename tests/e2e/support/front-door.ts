import http from "node:http";
import https from "node:https";

import { Client, credentials, Metadata, type status } from "@grpc/grpc-js";

import type { ResolvedOutputs } from "../../../components/stack-outputs";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Instead of the stack's own authority. */
  readonly ca?: string;
}

/** Asks a host of a stack's front door, whose certificate must be of the stack's authority and for that host. */
export function ask({ frontDoor }: ResolvedOutputs, url: string, { body, ca, ...asked }: Asked = {}): Promise<Answer> {
  const { hostname, host, pathname, search } = new URL(url);
  return send(https, body, {
    ...asked,
    ...connection(frontDoor?.address),
    servername: hostname,
    headers: { host, ...asked.headers },
    path: pathname + search,
    ca: ca ?? frontDoor?.authority ?? undefined,
  });
}

/** The same without TLS. */
export function askPlainly({ frontDoor }: ResolvedOutputs, url: string): Promise<Answer> {
  return send(http, undefined, { ...connection(frontDoor?.address), headers: { host: new URL(url).host } });
}

/** The header of a person who logs in. */
export function login(user: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

/** The status that an empty export of traces gets over gRPC. */
export function exportByGrpc(
  { frontDoor }: ResolvedOutputs,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<status> {
  const { hostname, host } = new URL(url);
  const authority = Buffer.from(frontDoor?.authority ?? "");
  const client = new Client(frontDoor?.address ?? "", credentials.createSsl(authority), {
    "grpc.ssl_target_name_override": hostname,
    "grpc.default_authority": host,
  });
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const bytes = (content: Buffer) => content;
  return new Promise<status>((resolve) => {
    const deadline = Date.now() + 10_000;
    const sent = client.makeUnaryRequest(EXPORT, bytes, bytes, Buffer.alloc(0), metadata, { deadline }, () => {});
    sent.on("status", ({ code }) => resolve(code));
  }).finally(() => client.close());
}

function connection(address: string | null | undefined): { host: string; port: string; agent: false } {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname, port, agent: false };
}

function send(
  { request }: Pick<typeof https, "request">,
  body: string | undefined,
  options: https.RequestOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error("no answer within 10 s")));
    sent.end(body);
  });
}
