import { createServer, type Server } from "node:http";

import { docker } from "./test-stack";

interface Notification {
  readonly status: string;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** A webhook on the host's side of the engine's default bridge, where containers reach it and nobody else does. */
export class AlertReceiver {
  readonly #server: Server;

  private constructor(
    server: Server,
    readonly url: string,
    readonly received: readonly Notification[],
  ) {
    this.#server = server;
  }

  static async listen(): Promise<AlertReceiver> {
    const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Subnet: string }[] } };
    // The engine takes the first address of the range for itself.
    const host = (bridge.IPAM.Config[0]?.Subnet as string).replace(/\.0\/\d+$/, ".1");
    const received: Notification[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        received.push(JSON.parse(Buffer.concat(chunks).toString("utf8")) as Notification);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    return new AlertReceiver(server, `http://${host}:${port}/alerts`, received);
  }

  /** The first alert of that name that came, if any did. */
  alert(name: string): Notification["alerts"][number] | undefined {
    return this.received.flatMap(({ alerts }) => alerts).find(({ labels }) => labels.alertname === name);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
