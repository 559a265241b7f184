import { describe, expect, it } from "vitest";

import { forElasticsearch, lucene } from "../../components/programs/grafana-elasticsearch";
import { nativeFiles, nativeText } from "../../components/programs/native-file";

const dashboards = nativeFiles("grafana/dashboards", ".json");

describe("a dashboard for Elasticsearch", () => {
  it.each(dashboards)("%s asks Loki for nothing any more", (file) => {
    const before = nativeText(`grafana/dashboards/${file}`);
    const after = JSON.stringify(forElasticsearch(JSON.parse(before)));
    const asks = /"(?:uid|type|value|query)": ?"loki"|%22loki%22/;
    expect(after).not.toMatch(asks);
    expect(after).not.toMatch(/\b(loki|promtail)_/);
    expect(/"(?:uid|type|value|query)":"elasticsearch"/.test(after)).toBe(asks.test(before));
  });

  it("asks the variable of its logs, which is Elasticsearch now", () => {
    const logs = { type: "datasource", name: "logs", query: "loki", current: { text: "Loki", value: "loki" } };
    const metrics = { type: "datasource", name: "datasource", query: "prometheus", current: { value: "prometheus" } };
    const datasource = { type: "loki", uid: "${logs}" };
    const before = {
      templating: { list: [metrics, logs] },
      panels: [
        {
          gridPos: { x: 0, y: 0, w: 1, h: 1 },
          datasource,
          targets: [{ refId: "A", datasource, expr: '{service="a"}' }],
        },
      ],
    };
    const { templating, panels } = forElasticsearch(before) as typeof before;
    expect(templating.list).toEqual([
      metrics,
      { ...logs, query: "elasticsearch", current: { text: "Elasticsearch", value: "elasticsearch" } },
    ]);
    const changed = { type: "elasticsearch", uid: "${logs}" };
    expect(panels[0]).toMatchObject({
      datasource: changed,
      targets: [{ datasource: changed, query: 'service.name:"a"' }],
    });
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
      "service.name:/${service:regex}/ AND log.level:/error|fatal/",
    ],
    ['{service=~"prod-${service}", level="$level"}', 'service.name:/prod-${service:regex}/ AND log.level:"$level"'],
    ['{service_name=~".+"} | trace_id="abc"', '_exists_:service.name AND trace.id:"abc"'],
  ])("turns %s into %s", (selector, query) => expect(lucene(selector)).toBe(query));

  it.each(['{service="api"} |= "text"', '{unheard="x"}', "rate(x[5m])"])("refuses %s by name", (selector) => {
    expect(() => lucene(selector)).toThrow(/no counterpart in Elasticsearch/);
  });
});
