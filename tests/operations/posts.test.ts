import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { postOutcomes, postScript } from "../../operations/platform/posts";
import { runCommand } from "../../toolchain/command";

/** The script is run by this machine's shell, and a function takes the place of busybox's wget. */
const WGET = `wget() { node -e '
const [url, body] = [process.argv.at(-1), process.argv.at(-2)];
fetch(url, { method: "POST", body }).then(
  (answer) => { if (!answer.ok) { console.error("wget: server returned error: HTTP/1.1 " + answer.status); process.exit(1); } },
  () => { console.error("wget: can not connect to remote host"); process.exit(1); },
);' -- "$@"; }
timeout() { shift; "$@"; }`;

describe("posts as a service", () => {
  let server: Server;
  const received: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => received.push(chunk.toString()));
      request.once("end", () => response.writeHead(request.url === "/refuses" ? 400 : 200).end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it("say of each what came of it, and try again only what found nobody", async () => {
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const posts = [
      { url: `${at}/takes`, body: { text: "it's" } },
      { url: `${at}/refuses`, body: { text: "no" } },
      { url: "http://127.0.0.1:1/nobody", body: {} },
    ];
    const { stdout } = await runCommand("sh", ["-c", `${WGET}\n${postScript(posts, 2)}`]);
    expect(postOutcomes(posts, stdout)).toEqual([
      { succeeded: true, output: "ok" },
      { succeeded: false, output: "wget: server returned error: HTTP/1.1 400" },
      { succeeded: false, output: "wget: can not connect to remote host" },
    ]);
    expect(received).toEqual(['{"text":"it\'s"}', '{"text":"no"}']);
  });
});
