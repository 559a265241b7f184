/**
 * The dashboards' questions to Loki, asked of Elasticsearch instead: for stacks whose only log store it is. The dashboards are
 * written for Loki; each form of query that they use has one counterpart here, and another form is refused by name.
 */

/** A data source, as panels and queries name it. */
const ELASTICSEARCH = { type: "elasticsearch", uid: "elasticsearch" };

/** Loki's labels by the fields that hold the same in Elasticsearch. */
const FIELDS: Readonly<Record<string, string>> = {
  service: "service.name",
  service_name: "service.name",
  container: "container.name",
  level: "log.level",
  detected_level: "log.level",
  trace_id: "trace.id",
};

const RATE = /^sum by \((\w+)\) \(rate\((.+) \[\$__auto\]\)\)$/;
const SELECTOR = /^\{(.+)\}(?: \| (.+))?$/;
const MATCHER = /^(\w+)(=~|=)"(.*)"$/;

/** Metrics of programs that a stack without Loki does not have. */
const LOKI_METRIC = /\b(?:loki|promtail)_\w+/;

/** Columns of a dashboard. */
const COLUMNS = 24;

interface Panel {
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr?: string }[];
}

interface Query {
  readonly refId: string;
  readonly datasource?: { readonly uid?: string };
  readonly expr?: string;
}

/**
 * A dashboard with every query, panel and link that means Loki turned to Elasticsearch, and without the panels about Loki and
 * its shipper.
 *
 * @throws Error that names a query for which there is no counterpart.
 */
export function forElasticsearch(dashboard: unknown): unknown {
  return mapObjects(dashboard, (value) => {
    if (isOfLoki(value) && typeof value.expr === "string") return logQuery(value as unknown as Query);
    if (isOfLoki(value)) return { ...value, datasource: ELASTICSEARCH };
    if (Array.isArray(value.panels)) return { ...value, panels: withoutLoki(value.panels as Panel[]) };
    if (typeof value.url === "string" && value.url.startsWith("/explore?"))
      return { ...value, url: exploreUrl(value.url) };
    return value;
  });
}

/** The panels that ask about other things; those beside one that goes share its width. */
function withoutLoki(panels: readonly Panel[]): Panel[] {
  const kept = panels.filter(({ targets = [] }) => !targets.some(({ expr = "" }) => LOKI_METRIC.test(expr)));
  const gaps = new Set(panels.filter((panel) => !kept.includes(panel)).map(({ gridPos }) => gridPos.y));
  return kept.map((panel) => {
    const { gridPos } = panel;
    if (!gaps.has(gridPos.y)) return panel;
    const line = kept.filter((other) => other.gridPos.y === gridPos.y).map((other) => other.gridPos);
    const widths = (some: readonly Panel["gridPos"][]) => some.reduce((sum, { w }) => sum + w, 0);
    const share = (columns: number) => Math.round((columns * COLUMNS) / widths(line));
    const x = share(widths(line.filter((other) => other.x < gridPos.x)));
    return { ...panel, gridPos: { ...gridPos, x, w: share(gridPos.w) } };
  });
}

function isOfLoki(value: Record<string, unknown>): boolean {
  return (value.datasource as { uid?: string } | undefined)?.uid === "loki";
}

/** Applies a change to every object, the inner ones first. */
function mapObjects(value: unknown, change: (value: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => mapObjects(entry, change));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, mapObjects(entry, change)]);
  return change(Object.fromEntries(entries) as Record<string, unknown>);
}

function logQuery({ refId, expr = "" }: Query): object {
  const query = { refId, datasource: ELASTICSEARCH, timeField: "@timestamp" };
  const rate = RATE.exec(expr);
  if (!rate) {
    const metrics = [{ id: "1", type: "logs", settings: { limit: "200" } }];
    return { ...query, query: lucene(expr), metrics, bucketAggs: [] };
  }
  return {
    ...query,
    query: lucene(rate[2] as string),
    metrics: [{ id: "1", type: "count" }],
    bucketAggs: [
      {
        id: "2",
        type: "terms",
        field: field(rate[1] as string),
        settings: { size: "20", order: "desc", orderBy: "_count" },
      },
      { id: "3", type: "date_histogram", field: "@timestamp", settings: { interval: "auto", min_doc_count: "0" } },
    ],
  };
}

/**
 * A Loki selector in Lucene's words. Values keep Grafana's variables, which a regular expression between slashes takes as they
 * come, `.*` for all of them included.
 */
export function lucene(selector: string): string {
  const [, labels = "", filters] = SELECTOR.exec(selector) ?? unknown(selector);
  const matchers = [...labels.split(/,\s*/), ...(filters?.split(" | ") ?? [])];
  return matchers
    .map((matcher) => {
      const [, label = "", operator, value = ""] = MATCHER.exec(matcher) ?? unknown(selector);
      if (operator === "=") return `${field(label)}:"${value}"`;
      return value === ".+" ? `_exists_:${field(label)}` : `${field(label)}:/${value}/`;
    })
    .join(" AND ");
}

function field(label: string): string {
  return FIELDS[label] ?? unknown(label);
}

function unknown(query: string): never {
  throw new Error(`dashboards: no counterpart in Elasticsearch for the Loki query ${query}`);
}

/** Explore's address holds its queries as JSON. Grafana replaces `${…}` before it decodes, so that stays as it is. */
function exploreUrl(url: string): string {
  const [head = "", panes = ""] = url.split("&panes=");
  const changed = mapObjects(JSON.parse(decodeURIComponent(panes)), (value) => {
    if (isOfLoki(value)) return logQuery(value as unknown as Query);
    return value.datasource === "loki" ? { ...value, datasource: "elasticsearch" } : value;
  });
  const encoded = encodeURIComponent(JSON.stringify(changed)).replace(/%24%7B(.*?)%7D/g, "${$1}");
  return `${head}&panes=${encoded}`;
}
