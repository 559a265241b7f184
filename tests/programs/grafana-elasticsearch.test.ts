import { describe, expect, it } from "vitest";

import { forElasticsearch, lucene } from "../../components/programs/grafana-elasticsearch";
import { nativeFiles, nativeText } from "../../components/programs/native-file";

const dashboards = nativeFiles("grafana/dashboards", ".json");

describe("a dashboard for Elasticsearch", () => {
  it.each(dashboards)("%s asks Loki for nothing any more", (file) => {
    const before = nativeText(`grafana/dashboards/${file}`);
    const after = JSON.stringify(forElasticsearch(JSON.parse(before)));
    const asks = /"uid": ?"loki"|%22loki%22|"type": ?"loki"/;
    expect(after).not.toMatch(asks);
    expect(after).not.toMatch(/\b(loki|promtail)_/);
    expect(after.includes("elasticsearch")).toBe(asks.test(before));
  });

  it("has no gap where a panel about Loki was", () => {
    const panel = (id: number, x: number, w: number, expr: string) => ({
      id,
      gridPos: { x, y: 3, w, h: 8 },
      targets: [{ expr }],
    });
    const wide = { id: 1, gridPos: { x: 0, y: 0, w: 12, h: 3 }, targets: [{ expr: "up" }] };
    const panels = [
      wide,
      panel(2, 0, 12, "up"),
      panel(3, 12, 6, "sum(rate(loki_lines_total[5m]))"),
      panel(4, 18, 6, "up"),
    ];
    expect(forElasticsearch({ panels })).toEqual({ panels: [wide, panel(2, 0, 16, "up"), panel(4, 16, 8, "up")] });
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
