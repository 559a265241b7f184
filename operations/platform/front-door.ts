import { randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";

import type { ResolvedOutputs } from "../../components/stack-outputs";

type FrontDoor = NonNullable<ResolvedOutputs["frontDoor"]>;

/** An address on loopback that leads through a stack's front door to one program, for as long as it is open. */
export interface Passage {
  readonly url: string;
  close(): void;
}

/**
 * Opens a passage: requests get TLS and the front door's login, unless they bring one. Its path begins with a random word, since
 * every user of this machine reaches loopback.
 *
 * @param url of the program, as the stack's outputs have it.
 */
export function openPassage(door: FrontDoor, url: string): Promise<Passage> {
  const word = `/${randomBytes(24).toString("base64url")}`;
  const server = http.createServer((request, response) => {
    const path = request.url ?? "";
    if (path.startsWith(`${word}/`)) pass(door, url, path.slice(word.length), request, response);
    else response.writeHead(404).end();
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      const close = () => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ url: `http://127.0.0.1:${port}${word}`, close });
    });
  });
}

function pass(
  { address, user, password, authority }: FrontDoor,
  url: string,
  path: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const { host, hostname: servername } = new URL(url);
  const to = new URL(`tcp://${address}`);
  const login = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const sent = https.request(
    {
      host: to.hostname.replace(/^\[|\]$/g, ""),
      port: to.port,
      servername,
      path,
      method: request.method,
      headers: { authorization: login, ...request.headers, host },
      ...(authority === null ? {} : { ca: authority }),
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  sent.on("error", ({ message }) => response.writeHead(502).end(`the front door does not answer: ${message}`));
  request.pipe(sent);
}
