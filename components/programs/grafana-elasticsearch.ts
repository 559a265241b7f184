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

interface Query {
  readonly refId: string;
  readonly datasource?: { readonly uid?: string };
  readonly expr?: string;
}

/**
 * A dashboard with every query, panel and link that means Loki turned to Elasticsearch.
 *
 * @throws Error that names a query for which there is no counterpart.
 */
export function forElasticsearch(dashboard: unknown): unknown {
  return mapObjects(dashboard, (value) => {
    if (isOfLoki(value) && typeof value.expr === "string") return logQuery(value as unknown as Query);
    if (isOfLoki(value)) return { ...value, datasource: ELASTICSEARCH };
    if (typeof value.url === "string" && value.url.startsWith("/explore?"))
      return { ...value, url: exploreUrl(value.url) };
    return value;
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
