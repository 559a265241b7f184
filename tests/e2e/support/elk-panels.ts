import path from "node:path";

import { dashboardFor } from "../../../components/programs/grafana-dashboards";
import { PROJECT_ROOT } from "../../../operations/workspace";
import { emptyQueries, panelsOf, type Stores } from "./demo-panels";
import type { Elasticsearch } from "./elk";

/**
 * Asks the dashboards' questions about logs of a stack's Elasticsearch, for all services and for one.
 *
 * @returns how many panels show lines.
 * @throws Error that says which show none.
 */
export async function askLogPanels(elasticsearch: Elasticsearch, stack: string, prometheus: string): Promise<number> {
  const stores: Stores = {
    prometheus,
    loki: "http://127.0.0.1:9",
    scrapeSeconds: 15,
    elasticsearch: (query, field) => elasticsearch.count(`logs-pyairtable*-${stack}`, query, field),
  };
  const folder = path.join(PROJECT_ROOT, "configs/grafana/dashboards");
  const panels = panelsOf(folder, stores, (file) =>
    dashboardFor({ loki: false, elasticsearch: true, kubelets: false }, file),
  ).filter(({ targets }) => targets.some(({ store }) => store === "elasticsearch"));
  const empty = await Promise.all(panels.map((panel) => emptyQueries(panel, stores)));
  if (empty.flat().length > 0) throw new Error(empty.flat().join("\n"));
  return panels.length;
}
