import type { Settings } from "../settings/settings";
import { withoutDefaults } from "./grafana-defaults";
import { forElasticsearch } from "./grafana-elasticsearch";

/** What a stack has that dashboards ask only where it is. */
export interface DashboardSources {
  readonly loki: boolean;
  readonly elasticsearch: boolean;
  /** Those of a cluster's nodes. */
  readonly kubelets: boolean;
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

export function dashboardSourcesOf({
  loki,
  elk,
  kubernetes,
}: Pick<Settings, "loki" | "elk" | "kubernetes">): DashboardSources {
  return { loki: loki !== undefined, elasticsearch: elk !== undefined, kubelets: kubernetes !== undefined };
}

interface Panel {
  readonly type: string;
  readonly targets?: readonly { readonly expr?: string }[];
}

interface Dashboard {
  readonly uid?: string;
  readonly links?: readonly unknown[];
  readonly panels?: readonly Panel[];
}

/**
 * What a stack's Grafana is given of a dashboard's file; `undefined` when the dashboard is about a store that the stack does not
 * have. Files are written for Loki, and the one about Elasticsearch is linked to only where it is. Panels about kubelets are left
 * out where there are none, and so is what panels do anyway.
 *
 * @throws Error that names a query to Loki for which Elasticsearch has no counterpart.
 */
export function dashboardFor({ loki, elasticsearch, kubelets }: DashboardSources, file: unknown): unknown {
  const dashboard = (loki ? file : forElasticsearch(file)) as Dashboard;
  const isLogStore = dashboard.uid === LOG_STORE;
  if (isLogStore && !elasticsearch) return undefined;
  const leads = elasticsearch && !isLogStore && dashboard.links;
  const linked = leads ? { ...dashboard, links: [...leads, LINK] } : dashboard;
  if (!linked.panels) return linked;
  const panels = kubelets ? linked.panels : withoutKubelets(linked.panels);
  return { ...linked, panels: panels.map(withoutDefaults) };
}

/** The panels that ask no kubelet, without the rows that are empty then. */
function withoutKubelets(panels: readonly Panel[]): Panel[] {
  const kept = panels.filter(({ targets = [] }) => !targets.some(({ expr = "" }) => /\bkubelet_/.test(expr)));
  if (kept.length === panels.length) return kept;
  return kept.filter(({ type }, index) => type !== "row" || (kept[index + 1]?.type ?? "row") !== "row");
}
