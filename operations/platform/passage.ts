import { randomBytes } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** An address on loopback that leads to one program, for as long as it is open. */
export interface Passage {
  readonly url: string;
  close(): void;
}

/** A request as it is passed on. */
export type PassedOn = Pick<http.RequestOptions, "path" | "method" | "headers">;

/**
 * Opens a passage. Its path begins with a random word, since every user of this machine reaches loopback.
 *
 * @param send begins a request to the program.
 * @param what answers in its place when it can not be reached: the first words of what to say.
 */
export function openPassage(
  send: (request: PassedOn) => http.ClientRequest | Promise<http.ClientRequest>,
  what: string,
): Promise<Passage> {
  const word = `/${randomBytes(24).toString("base64url")}`;
  const server = http.createServer((request, response) => {
    const path = request.url ?? "";
    if (!path.startsWith(`${word}/`)) return void response.writeHead(404).end();
    const { method, headers } = request;
    const fail = ({ message }: Error) => response.writeHead(502).end(`${what}: ${message}`);
    Promise.resolve(send({ path: path.slice(word.length), method, headers })).then((sent) => {
      sent.once("error", fail).once("response", (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.once("error", () => response.destroy()).pipe(response);
      });
      request.pipe(sent);
    }, fail);
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
