/**
 * The dashboards' questions to Loki, asked of Elasticsearch instead: for stacks whose only log store it is. The dashboards are
 * written for Loki; each form of query that they use has one counterpart here, and another form is refused by name.
 */

/** What is put in the place of Loki: the type of a data source, and the uid of the one that is provisioned. */
const ELASTICSEARCH = "elasticsearch";

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
const LOKI_METRIC = /\b(?:loki_|promtail_|shipper:)\w+/;

/** Columns of a dashboard. */
const COLUMNS = 24;

interface Panel {
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr?: string }[];
}

/** A data source, as panels and queries name it: its uid is mostly a variable of the dashboard. */
interface DataSource {
  readonly type?: string;
  readonly uid?: string;
}

interface Query {
  readonly refId: string;
  readonly datasource: DataSource;
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
    if (isOfLoki(value)) return { ...value, datasource: inItsPlace(value.datasource as DataSource) };
    if (value.type === "datasource" && value.query === "loki")
      return { ...value, query: ELASTICSEARCH, current: { text: "Elasticsearch", value: ELASTICSEARCH } };
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
  const { type, uid } = (value.datasource ?? {}) as DataSource;
  return type === "loki" || uid === "loki";
}

function inItsPlace({ uid }: DataSource): DataSource {
  return { type: ELASTICSEARCH, uid: uid?.startsWith("$") ? uid : ELASTICSEARCH };
}

/** Applies a change to every object, the inner ones first. */
function mapObjects(value: unknown, change: (value: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => mapObjects(entry, change));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, mapObjects(entry, change)]);
  return change(Object.fromEntries(entries) as Record<string, unknown>);
}

function logQuery({ refId, datasource, expr = "" }: Query): object {
  const query = { refId, datasource: inItsPlace(datasource), timeField: "@timestamp" };
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
 * A Loki selector in Lucene's words. Between slashes a variable is written as a regular expression: left to itself Grafana writes
 * what was chosen as `("a" OR "b")`, which matches nothing there.
 */
export function lucene(selector: string): string {
  const [, labels = "", filters] = SELECTOR.exec(selector) ?? unknown(selector);
  const matchers = [...labels.split(/,\s*/), ...(filters?.split(" | ") ?? [])];
  return matchers
    .map((matcher) => {
      const [, label = "", operator, value = ""] = MATCHER.exec(matcher) ?? unknown(selector);
      if (operator === "=") return `${field(label)}:"${value}"`;
      return value === ".+" ? `_exists_:${field(label)}` : `${field(label)}:/${asRegex(value)}/`;
    })
    .join(" AND ");
}

function asRegex(value: string): string {
  return value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => `\${${braced ?? bare}:regex}`);
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
    return value.datasource === "loki" ? { ...value, datasource: ELASTICSEARCH } : value;
  });
  const encoded = encodeURIComponent(JSON.stringify(changed)).replace(/%24%7B(.*?)%7D/g, "${$1}");
  return `${head}&panes=${encoded}`;
}
