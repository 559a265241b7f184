import { describe, expect, it } from "vitest";

import { forElasticsearch, lucene } from "../../components/programs/grafana-elasticsearch";
import { nativeFiles, nativeText } from "../../components/programs/native-file";

const dashboards = nativeFiles("grafana/dashboards", ".json");

describe("a dashboard for Elasticsearch", () => {
  it.each(dashboards)("%s asks Loki for nothing any more", (file) => {
    const before = nativeText(`grafana/dashboards/${file}`);
    const after = JSON.stringify(forElasticsearch(JSON.parse(before)));
    expect(after).not.toMatch(/"uid":"loki"|%22loki%22|"type":"loki"/);
    expect(after.includes("elasticsearch")).toBe(before.includes("loki"));
  });

  it("keeps Grafana's variables readable in links, and everything else as it was", () => {
    const panes = encodeURIComponent(
      JSON.stringify({
        a: {
          datasource: "loki",
          queries: [{ refId: "A", datasource: { uid: "loki" }, expr: '{service="NAME"}' }],
          range: { from: "now-1h" },
        },
      }),
    ).replace("NAME", "${__field.labels.service}");
    const { url } = forElasticsearch({ title: "Logs", url: `/explore?orgId=1&panes=${panes}` }) as { url: string };
    expect(url).toContain("${__field.labels.service}");
    expect(JSON.parse(decodeURIComponent(url.split("&panes=")[1] as string))).toEqual({
      a: {
        datasource: "elasticsearch",
        queries: [
          {
            refId: "A",
            datasource: { type: "elasticsearch", uid: "elasticsearch" },
            timeField: "@timestamp",
            query: 'service.name:"${__field.labels.service}"',
            metrics: [{ id: "1", type: "logs", settings: { limit: "200" } }],
            bucketAggs: [],
          },
        ],
        range: { from: "now-1h" },
      },
    });
  });

  it.each([
    ['{service="api"}', 'service.name:"api"'],
    [
      '{service_name=~"$service"} | detected_level=~"error|fatal"',
      "service.name:/$service/ AND log.level:/error|fatal/",
    ],
    ['{service_name=~".+"} | trace_id="abc"', '_exists_:service.name AND trace.id:"abc"'],
  ])("turns %s into %s", (selector, query) => expect(lucene(selector)).toBe(query));

  it.each(['{service="api"} |= "text"', '{unheard="x"}', "rate(x[5m])"])("refuses %s by name", (selector) => {
    expect(() => lucene(selector)).toThrow(/no counterpart in Elasticsearch/);
  });
});
