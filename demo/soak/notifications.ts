import { createServer, type Server } from "node:http";

import type Docker from "dockerode";

/** One alert in a notification. */
export interface NotifiedAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
}

/** What Alertmanager told a receiver. */
export interface Notification {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly receiver: string;
  readonly alerts: readonly NotifiedAlert[];
}

/** A webhook that keeps what Alertmanager sends, on the host's side of the engine's default bridge. */
export class Notifications {
  readonly received: Notification[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async listen(docker: Docker): Promise<Notifications> {
    const host = await bridgeAddress(docker);
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    const notifications = new Notifications(server, `http://${host}:${port}/alerts`);
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Omit<Notification, "at">;
        notifications.received.push({ at: Date.now(), receiver: body.receiver, alerts: body.alerts });
        response.end();
      });
    });
    return notifications;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The host's own address on the default bridge: where every container reaches it, and nothing outside does. */
async function bridgeAddress(docker: Docker): Promise<string> {
  type Bridge = { IPAM: { Config: { Subnet: string; Gateway?: string }[] } };
  const [config] = ((await docker.getNetwork("bridge").inspect()) as Bridge).IPAM.Config;
  if (config === undefined) throw new Error("the Docker engine has no default bridge; start it without --bridge=none");
  // The engine takes the first address of the range for itself.
  return config.Gateway ?? config.Subnet.replace(/\.0\/\d+$/, ".1");
}
