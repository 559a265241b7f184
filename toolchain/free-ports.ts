import { randomInt } from "node:crypto";
import { createServer, type AddressInfo, type Server } from "node:net";

/**
 * Ports of 127.0.0.1 that nothing listens on. They are below those that the kernel gives to outgoing connections (32768 and
 * up), one of which would take a port before its program does.
 */
export async function freePorts<const N extends readonly string[]>(...names: N): Promise<Record<N[number], number>> {
  // All are held before the first is given back: else the same one could come twice.
  const servers = await Promise.all(names.map(() => listenBelowEphemeral()));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<N[number], number>;
}

async function listenBelowEphemeral(tries = 50): Promise<Server> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(randomInt(20_000, 32_000), "127.0.0.1", resolve);
    });
    return server;
  } catch (error) {
    if (tries === 1) throw error;
    return listenBelowEphemeral(tries - 1);
  }
}
