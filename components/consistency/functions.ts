/** What a part of a query gives. */
export type Kind = "scalar" | "string" | "vector" | "range";

/** What a function takes and gives. */
export interface Signature {
  readonly takes: readonly Kind[];
  /** How many of the last arguments may be left out. */
  readonly optional: number;
  /** The last argument may be repeated. */
  readonly repeats: boolean;
  readonly gives: Kind;
}

/** As in `promql/parser/functions.go` of Prometheus; `?` marks what may be left out, `*` what may be left out or repeated. */
const BY_ARGUMENTS: Readonly<Record<string, string>> = {
  vector:
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad scalar sgn sin sinh sort sort_desc sqrt tan tanh timestamp",
  "vector?": "day_of_month day_of_week day_of_year days_in_month hour minute month year",
  range:
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time",
  scalar: "vector",
  "": "pi time",
  "vector scalar": "clamp_max clamp_min",
  "vector scalar?": "round",
  "vector scalar scalar": "clamp",
  "scalar vector": "histogram_quantile",
  "scalar scalar vector": "histogram_fraction",
  "range scalar": "predict_linear",
  "scalar range": "quantile_over_time",
  "vector string string string string": "label_replace",
  "vector string string string*": "label_join",
};

/** Functions and aggregations that Prometheus refuses unless it is started with a feature that this stack leaves off. */
export const EXPERIMENTAL: readonly string[] =
  "double_exponential_smoothing end histogram_quantiles info integral limit_ratio limitk mad_over_time max_of min_of range sort_by_label sort_by_label_desc start start_timestamp step ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time".split(
    " ",
  );

/** Functions by name. */
export const FUNCTIONS: ReadonlyMap<string, Signature> = new Map(
  Object.entries(BY_ARGUMENTS).flatMap(([list, names]) =>
    names.split(" ").map((name): [string, Signature] => [name, signature(name, list)]),
  ),
);

/** What an aggregation takes before the vector; the others take nothing. */
export const AGGREGATION_PARAMETERS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["topk", "scalar"],
  ["bottomk", "scalar"],
  ["quantile", "scalar"],
  ["limitk", "scalar"],
  ["limit_ratio", "scalar"],
  ["count_values", "string"],
]);

function signature(name: string, list: string): Signature {
  const takes = list === "" ? [] : (list.replace(/[?*]/, "").split(" ") as Kind[]);
  const gives = ["pi", "time", "scalar"].includes(name) ? "scalar" : "vector";
  return { takes, optional: /[?*]/.test(list) ? 1 : 0, repeats: list.endsWith("*"), gives };
}
