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

interface Probe {
  readonly path: string;
  readonly answers: RegExp;
  /** Whether it answers only to whom it knows: being asked for a login shows that it is there. */
  readonly login?: true;
}

/** What only a program of that type answers, by data source type. */
const PROBES: Readonly<Record<string, Probe>> = {
  prometheus: { path: "/api/v1/status/buildinfo", answers: /"status":"success"/ },
  loki: { path: "/loki/api/v1/labels", answers: /"status":"success"/ },
  jaeger: { path: "/api/services", answers: /"data":/ },
  alertmanager: { path: "/api/v2/status", answers: /"versionInfo"/ },
  elasticsearch: { path: "/", answers: /"cluster_name"/, login: true },
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
      const probe = PROBES[source.type];
      // What asks for a login is asked by Grafana itself, which has it.
      if (probe?.login && known?.has(source.uid)) return throughGrafana(session, source, probe);
      const url = `${source.url}${probe?.path ?? "/"}`;
      const fetched = ["timeout", "4", "wget", "-q", "--no-check-certificate", "-O", "-", url];
      const { succeeded, output } = await client.exec(grafana, fetched);
      return dataSourceCheck(source, succeeded, output, known);
    }),
  );
}

/** Whether Grafana comes through to a data source with what it has to log in. */
async function throughGrafana({ client, outputs }: Session, source: DataSource, { path }: Probe): Promise<Check> {
  const url = await client.reach(programNamed(outputs, "grafana"));
  const headers = basicAuthorization(outputs);
  const answer = await fetch(`${url}/api/datasources/proxy/uid/${source.uid}${path}`, {
    headers,
    signal: AbortSignal.timeout(5_000),
  });
  const text = await answer.text();
  return dataSourceCheck(source, answer.ok, answer.ok ? text : `HTTP ${answer.status}: ${text}`, undefined);
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
  // The wget of a stand-in's image does not come through to every TLS server; one that ends its attempt is there.
  const asksForLogin = /HTTP\/1\.[01] 40[13]|TLS error from peer/.test(output);
  if (probe?.login && asksForLogin) return ok("data source", uid, `Grafana reaches ${url}, which asks for its login`);
  if (probe && /HTTP\/1\.[01] 4\d\d/.test(output)) return failed("data source", uid, `${url} is no ${type}`, fix);
  // An address that asks for a login is there.
  if (!succeeded && !asksForLogin)
    return failed("data source", uid, `Grafana does not reach ${url}: ${output.trim() || "no answer"}`, fix);
  if (probe && !probe.answers.test(output)) return failed("data source", uid, `${url} is no ${type}`, fix);
  return ok("data source", uid, `Grafana reaches ${url}`);
}
