/**
 * What Grafana's editor writes into a dashboard's file though it is what a panel does anyway. Left out of what a stack gives its
 * Grafana, it is a fifth less to compare in each preview; the files keep it, as the editor writes it again at each save.
 */

type Defaults = Readonly<Record<string, unknown>>;

/** By a panel's type: the defaults that Grafana 13 registers for its options, and for a series' field. */
const OF_TYPE: Readonly<Record<string, { readonly options: Defaults; readonly field: Defaults }>> = {
  timeseries: {
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
      tooltip: { hideZeros: false },
    },
    field: {
      color: { mode: "palette-classic" },
      mappings: [],
      custom: {
        axisBorderShow: false,
        axisCenteredZero: false,
        axisColorMode: "text",
        axisLabel: "",
        axisPlacement: "auto",
        drawStyle: "line",
        gradientMode: "none",
        lineInterpolation: "linear",
        lineWidth: 1,
        pointSize: 5,
        scaleDistribution: { type: "linear" },
        spanNulls: false,
        stacking: { group: "A", mode: "none" },
        thresholdsStyle: { mode: "off" },
      },
    },
  },
  stat: {
    options: {
      colorMode: "value",
      graphMode: "area",
      justifyMode: "auto",
      orientation: "auto",
      percentChangeColorMode: "standard",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      showPercentChange: false,
      textMode: "auto",
      wideLayout: true,
    },
    field: { mappings: [] },
  },
};

/** A field's own properties, and those of its panel below `custom`: each has its default as a whole. */
const FIELD_DEPTH = 2;

interface Panel {
  readonly type: string;
  readonly options?: object;
  readonly fieldConfig?: { readonly defaults?: object };
}

/** A panel without the fields that say what it does anyway. */
export function withoutDefaults<P extends Panel>(panel: P): P {
  const known = OF_TYPE[panel.type];
  if (known === undefined) return panel;
  const { options, fieldConfig } = panel;
  return {
    ...panel,
    ...(options ? { options: without(options, known.options, Infinity) } : {}),
    ...(fieldConfig?.defaults
      ? { fieldConfig: { ...fieldConfig, defaults: without(fieldConfig.defaults, known.field, FIELD_DEPTH) } }
      : {}),
  };
}

/** @param depth how far Grafana fills in what is missing in an object; one that lies deeper is left out as a whole or not at all. */
function without(value: object, defaults: Defaults, depth: number): object {
  const entries = Object.entries(value).flatMap(([key, own]): [string, unknown][] => {
    const usual = defaults[key];
    if (depth > 1 && isObject(own) && isObject(usual)) {
      const left = without(own, usual, depth - 1);
      return Object.keys(left).length > 0 ? [[key, left]] : [];
    }
    return JSON.stringify(own) === JSON.stringify(usual) ? [] : [[key, own]];
  });
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is Defaults {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
