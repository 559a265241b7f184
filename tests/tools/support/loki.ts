import { freePorts } from "../../../toolchain/free-ports";
import { start } from "./daemon";
import type { Rendered } from "./rendered";

/**
 * Starts Loki on the rendered configuration and gives its address. It ends with the test.
 *
 * It takes lines a second later and answers queries ten seconds later, when its parts have found each other.
 *
 * @param change of the configuration that a test needs.
 */
export async function startLoki(
  binary: string,
  files: Rendered,
  change: (text: string) => string = (text) => text,
): Promise<string> {
  const config = await files.copy("/etc/loki/loki.yaml", (text) => change(files.relocated(text, "/loki")));
  const { http, grpc } = await freePorts("http", "grpc");
  const address = `http://127.0.0.1:${http}`;
  const listen = [
    "-server.http-listen-address=127.0.0.1",
    `-server.http-listen-port=${http}`,
    `-server.grpc-listen-port=${grpc}`,
  ];
  await start(binary, [`-config.file=${config}`, ...listen], `${address}/metrics`);
  return address;
}
