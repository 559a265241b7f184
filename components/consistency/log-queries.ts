import { didYouMean } from "./problem";
import type { Finding } from "./promql";

/** Labels by which Loki's streams are chosen: those that the shipper sets, and those that Loki takes from OTLP's resources. */
export const STREAM_LABELS = [
  ...["service", "level", "container", "environment", "namespace", "pod"],
  // Set by Loki: the first that is there of a stream's service, app, container and others, or the sender's service.name.
  ...["service_name", "service_namespace", "service_instance_id", "deployment_environment"],
];

/** What a line carries beside its stream's labels: Loki finds the level, shipper and OTLP give the trace. */
export const LINE_LABELS = ["detected_level", "trace_id", "span_id"];

/** A stage that makes labels of what stands in the line: from there on any may be there. */
const PARSER = /\|\s*(?:json|logfmt|pattern|regexp|unpack|label_format)\b/;

/** What a query in LogQL asks of labels that no line of this stack has: it would find nothing, and say so to nobody. */
export function logQueryFindings(query: string): Finding[] {
  const [selector = "", inside = ""] = /\{([^}]*)\}/.exec(query) ?? [];
  if (selector === "")
    return [{ at: 0, what: "the query chooses no stream", fix: 'Begin it with {service_name=~".+"}.' }];
  const stages = query.slice(query.indexOf(selector) + selector.length);
  const chosen = named(inside, /(\w+)\s*(?:=~|!~|!=|=)\s*["`]/g);
  if (PARSER.test(stages)) return unknown(chosen, STREAM_LABELS, "a stream");
  const filters = named(stages, /\|\s*(\w+)\s*(?:=~|!~|!=|==|=|>=?|<=?)/g);
  const grouped = named(query, /\b(?:by|without)\s*\(([^)]*)\)/g).flatMap((list) => list.match(/\w+/g) ?? []);
  return [
    ...unknown(chosen, STREAM_LABELS, "a stream"),
    ...unknown([...filters, ...grouped], [...STREAM_LABELS, ...LINE_LABELS], "a line"),
  ];
}

function named(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name as string);
}

function unknown(labels: readonly string[], known: readonly string[], of: string): Finding[] {
  return labels
    .filter((label) => !known.includes(label))
    .map((label) => ({
      at: 0,
      what: `no log of this stack has the label "${label}" on ${of}`,
      fix: didYouMean(label, known, `Its labels are: ${known.join(", ")}.`),
    }));
}
