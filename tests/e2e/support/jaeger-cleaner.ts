import { readFile } from "node:fs/promises";
import path from "node:path";

import { PROJECT_ROOT } from "../../../operations/workspace";
import type { Elasticsearch } from "./elk";
import { exec } from "./test-stack";

const LOGIN = { user: "jaeger-cleaner", password: "of this test alone" };

/** What the cleaner did, and which of the indices are still there. */
export interface Cleaned {
  readonly code: number;
  readonly output: string;
  readonly left: readonly string[];
}

/**
 * Makes indices, and runs the script of Jaeger's nightly job over them in Elasticsearch's container, under the job's own role. It
 * keeps two days.
 */
export async function cleanIndices(
  elasticsearch: Elasticsearch,
  stack: string,
  indices: readonly string[],
): Promise<Cleaned> {
  const put = async (at: string, body?: unknown) => {
    const { status } = await elasticsearch.ask(at, { method: "PUT", login: elasticsearch.elastic, body });
    if (status !== 200) throw new Error(`PUT ${at} answered ${status}`);
  };
  const read = (file: string) => readFile(path.join(PROJECT_ROOT, "configs", file), "utf8");
  await put("/_security/role/jaeger-cleaner", JSON.parse(await read("elasticsearch/roles/jaeger-cleaner.json")));
  await put(`/_security/user/${LOGIN.user}`, { password: LOGIN.password, roles: ["jaeger-cleaner"] });
  for (const index of indices) await put(`/${index}`);

  const options = `user = "${LOGIN.user}:${LOGIN.password}"\ncacert = "/etc/elasticsearch/secrets/ca.crt"\n`;
  const container = `${stack}-elasticsearch`;
  await exec(container, ["bash", "-c", `cat > /tmp/jaeger.conf <<'END'\n${options}END`]);
  const args = ["clean-indices.sh", "2", "https://localhost:9200", "/tmp/jaeger.conf"];
  const ran = await exec(container, ["bash", "-c", await read("jaeger/clean-indices.sh"), ...args]);

  const statuses = await Promise.all(
    indices.map(async (index) => (await elasticsearch.ask(`/${index}`, { login: elasticsearch.elastic })).status),
  );
  return { ...ran, left: indices.filter((_, at) => statuses[at] === 200) };
}
