import type Docker from "dockerode";
import { pack } from "tar-stream";

import { runIn } from "./exec";

const DIRECTORY = "/prometheus";
const FILE = "demo-history.txt";

/**
 * Puts samples of the past into a running Prometheus, which takes them over within a minute. They stay until its
 * retention ends them.
 *
 * @param prometheus name of its container.
 * @param pages OpenMetrics with a time at each sample. Each page is read once for every two hours that it spans.
 */
export async function writeHistory(docker: Docker, prometheus: string, pages: readonly string[]): Promise<void> {
  for (const page of pages) await writePage(docker, prometheus, page);
}

async function writePage(docker: Docker, prometheus: string, text: string): Promise<void> {
  const archive = pack();
  archive.entry({ name: FILE, mode: 0o644 }, text);
  archive.finalize();
  await docker.getContainer(prometheus).putArchive(archive as unknown as NodeJS.ReadableStream, { path: DIRECTORY });
  // The container's own /tmp can not be written to.
  const write = `TMPDIR=. promtool tsdb create-blocks-from openmetrics --quiet ${FILE} . && rm -f ${FILE}`;
  await runIn(docker, prometheus, ["sh", "-c", `cd ${DIRECTORY} && ${write}`]);
}
