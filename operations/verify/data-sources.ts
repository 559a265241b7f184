import { load } from "js-yaml";

import { failed, ok, type Check } from "../checks";
import { getJson } from "../http";
import { programNamed, type Session } from "../session";
import { basicAuthorization } from "../grafana/api";

/** A data source, as Grafana is provisioned with it. */
export interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
}

/** Where the file is in Grafana's container. */
const FILE = "/etc/grafana/provisioning/datasources/datasources.yaml";

/** What only a program of that type answers, by data source type. */
const PROBES: Readonly<Record<string, { readonly path: string; readonly answers: RegExp }>> = {
  prometheus: { path: "/api/v1/status/buildinfo", answers: /"status":"success"/ },
  loki: { path: "/loki/api/v1/labels", answers: /"status":"success"/ },
  jaeger: { path: "/api/services", answers: /"data":/ },
  alertmanager: { path: "/api/v2/status", answers: /"versionInfo"/ },
};

/** Whether each data source of the running Grafana leads to a program of its type, as Grafana itself reaches it. */
export async function dataSources(session: Session): Promise<Check[]> {
  const { client, outputs } = session;
  const grafana = programNamed(outputs, "grafana");
  const file = await client.exec(grafana, ["cat", FILE]);
  if (!file.succeeded) throw new Error(`${FILE} can not be read in Grafana: ${file.output.trim()}`);
  const { datasources } = load(file.output) as { datasources: DataSource[] };
  const { standIn } = await client.state(grafana);
  const known = standIn ? undefined : await knownToGrafana(session);
  return Promise.all(
    datasources.map(async (source) => {
      const url = `${source.url}${PROBES[source.type]?.path ?? "/"}`;
      const { succeeded, output } = await client.exec(grafana, ["timeout", "4", "wget", "-q", "-O", "-", url]);
      return dataSourceCheck(source, succeeded, output, known);
    }),
  );
}

async function knownToGrafana({ client, outputs }: Session): Promise<ReadonlySet<string>> {
  const url = await client.reach(programNamed(outputs, "grafana"));
  const headers = basicAuthorization(outputs);
  const listed = await getJson<readonly { readonly uid: string }[]>(`${url}/api/datasources`, { headers });
  return new Set(listed.map(({ uid }) => uid));
}

/**
 * @param output what the address answered, or why it did not.
 * @param known uids that Grafana's API lists; nothing where a stand-in has no API.
 */
export function dataSourceCheck(
  { uid, type, url }: DataSource,
  succeeded: boolean,
  output: string,
  known: ReadonlySet<string> | undefined,
): Check {
  const fix =
    "look at configs/grafana/provisioning/datasources/datasources.yaml, then: npx monitoring dashboards apply";
  const probe = PROBES[type];
  if (known !== undefined && !known.has(uid))
    return failed("data source", uid, "is in the provisioned file, and Grafana does not know it", fix);
  if (probe && /HTTP\/1\.[01] 4\d\d/.test(output)) return failed("data source", uid, `${url} is no ${type}`, fix);
  // An address that asks for a login is there.
  if (!succeeded && !/HTTP\/1\.[01] 40[13]/.test(output))
    return failed("data source", uid, `Grafana does not reach ${url}: ${output.trim() || "no answer"}`, fix);
  if (probe && !probe.answers.test(output)) return failed("data source", uid, `${url} is no ${type}`, fix);
  return ok("data source", uid, `Grafana reaches ${url}`);
}
