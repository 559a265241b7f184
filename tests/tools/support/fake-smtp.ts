import { createServer, type AddressInfo, type Socket } from "node:net";

import { onTestFinished } from "vitest";

export interface Mail {
  readonly to: readonly string[];
  /** Headers and parts, decoded from quoted-printable. */
  readonly text: string;
}

/** A mail server with neither TLS nor a login that takes everything and keeps it. It ends with the test. */
export async function fakeSmtp() {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)).on("error", () => {}));
    receive(socket, (mail) => mails.push(mail));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, mails };
}

function receive(socket: Socket, keep: (mail: Mail) => void): void {
  let to: string[] = [];
  let data: string[] | undefined;
  const answer = (line: string) => socket.write(`${line}\r\n`);
  const take = (line: string) => {
    if (data !== undefined && line !== ".") return data.push(line.replace(/^\./, ""));
    if (data !== undefined) {
      keep({ to, text: decoded(data.join("\n")) });
      [to, data] = [[], undefined];
      return answer("250 kept");
    }
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "RCPT") to.push(/<(.*)>/.exec(line)?.[1] ?? "");
    if (verb === "DATA") data = [];
    if (verb === "QUIT") return socket.end("221 bye\r\n");
    return answer(verb === "DATA" ? "354 go on" : "250 ok");
  };
  answer("220 test");
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\r\n");
    rest = lines.pop() as string;
    for (const line of lines) take(line);
  });
}

function decoded(text: string): string {
  return text
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
