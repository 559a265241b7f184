import type { ResolvedOutputs } from "../../components/stack-outputs";
import { getJson } from "../http";
import type { Dashboard } from "./dashboard-files";

/** The header with which the administrator asks Grafana's API. */
export function basicAuthorization({
  grafanaAdminUser,
  grafanaAdminPassword,
}: Pick<ResolvedOutputs, "grafanaAdminUser" | "grafanaAdminPassword">): { authorization: string } {
  const login = Buffer.from(`${grafanaAdminUser}:${grafanaAdminPassword}`).toString("base64");
  return { authorization: `Basic ${login}` };
}

/** More dashboards than a stack has; one page of Grafana's search holds no more. */
const MOST = 5_000;

/**
 * Every dashboard as Grafana keeps it.
 *
 * @throws Error when Grafana does not answer, or refuses the login.
 */
export async function storedDashboards(url: string, headers: Readonly<Record<string, string>>): Promise<Dashboard[]> {
  const found = await getJson<readonly { readonly uid: string }[]>(`${url}/api/search?type=dash-db&limit=${MOST}`, {
    headers,
  });
  const dashboards: Dashboard[] = [];
  for (const { uid } of found) {
    const address = `${url}/api/dashboards/uid/${encodeURIComponent(uid)}`;
    const { dashboard } = await getJson<{ readonly dashboard: Dashboard }>(address, { headers });
    dashboards.push(dashboard);
  }
  return dashboards;
}
