import { describe, expect, it } from "vitest";

import { withoutDefaults } from "../../components/programs/grafana-defaults";

describe("what a panel does anyway", () => {
  it("is left out of series over time, and what differs stays whole", () => {
    const panel = {
      type: "timeseries",
      title: "Requests",
      options: { legend: { calcs: ["mean"], displayMode: "list", placement: "right" }, tooltip: { hideZeros: false } },
      fieldConfig: {
        defaults: {
          color: { mode: "palette-classic" },
          custom: { drawStyle: "bars", lineWidth: 1, stacking: { group: "A", mode: "normal" } },
          mappings: [],
          unit: "s",
        },
        overrides: [],
      },
    };
    expect(withoutDefaults(panel)).toEqual({
      type: "timeseries",
      title: "Requests",
      options: { legend: { calcs: ["mean"], placement: "right" } },
      fieldConfig: {
        defaults: { custom: { drawStyle: "bars", stacking: { group: "A", mode: "normal" } }, unit: "s" },
        overrides: [],
      },
    });
  });

  it("is left out of single numbers", () => {
    const reduceOptions = { calcs: ["sum"], fields: "", values: false };
    const panel = { type: "stat", options: { graphMode: "none", textMode: "auto", reduceOptions } };
    expect(withoutDefaults(panel)).toEqual({
      type: "stat",
      options: { graphMode: "none", reduceOptions: { calcs: ["sum"] } },
    });
  });

  it("stays in panels whose defaults are not known, and in rows", () => {
    const table = { type: "table", options: { showHeader: true }, fieldConfig: { defaults: { mappings: [] } } };
    expect(withoutDefaults(table)).toEqual(table);
    expect(withoutDefaults({ type: "row" })).toEqual({ type: "row" });
  });
});
