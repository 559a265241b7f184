import type { Settings } from "../settings/settings";
import { forElasticsearch } from "./grafana-elasticsearch";

/** Which log stores a stack has. */
export interface LogStores {
  readonly loki: boolean;
  readonly elasticsearch: boolean;
}

/** The dashboard about Elasticsearch, which is there only beside it. */
const LOG_STORE = "pyairtable-log-store";

/** How the other dashboards lead to it, in the words of their own links. */
const LINK = {
  asDropdown: false,
  icon: "dashboard",
  includeVars: false,
  keepTime: true,
  tags: [],
  targetBlank: false,
  title: "Log Store",
  tooltip: "",
  type: "link",
  url: `/d/${LOG_STORE}`,
};

export function logStoresOf({ loki, elk }: Pick<Settings, "loki" | "elk">): LogStores {
  return { loki: loki !== undefined, elasticsearch: elk !== undefined };
}

/**
 * What a stack's Grafana is given of a dashboard's file; `undefined` when the dashboard is about a store that the stack does not
 * have. Files are written for Loki, and the one about Elasticsearch is linked to only where it is.
 *
 * @throws Error that names a query to Loki for which Elasticsearch has no counterpart.
 */
export function dashboardFor({ loki, elasticsearch }: LogStores, file: unknown): unknown {
  const dashboard = (loki ? file : forElasticsearch(file)) as { uid?: string; links?: unknown[] };
  if (dashboard.uid === LOG_STORE) return elasticsearch ? dashboard : undefined;
  return elasticsearch && dashboard.links ? { ...dashboard, links: [...dashboard.links, LINK] } : dashboard;
}
