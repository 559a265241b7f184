import { vi } from "vitest";

import { get } from "./daemon";

const TRACE = "5b8efff798038103d269b633813fc60c";

/** Lines as programs write them, with the level and the trace that they should be found by. */
export const LINES: readonly (readonly [line: string, level: string, trace?: string])[] = [
  [`{"level":"warning","trace_id":"${TRACE}","msg":"slow"}`, "warn", TRACE],
  [`{"level":30,"msg":"pino","traceId":"${TRACE}"}`, "info", TRACE],
  [`{"severity":"ERROR","message":"structlog","trace.id":"${TRACE}"}`, "error", TRACE],
  ['{"levelname":"CRITICAL","message":"python-json-logger"}', "fatal"],
  ['{"log.level":"debug","message":"ecs"}', "debug"],
  ['{"message":"no level, but the word ERROR"}', "unknown"],
  ['{"level":{"nested":true},"message":"odd"}', "unknown"],
  [`level=err msg="logfmt" traceID=${TRACE}`, "error", TRACE],
  ['ts=2026-01-02T03:04:05Z level=info caller=x msg="WARNING inside"', "info"],
  ["time=2026-01-02T03:04:05.006Z level=WARN source=main.go:85 msg=slog", "warn"],
  ["WARNING: text", "warn"],
  ["ERROR:root:python logging without a format", "error"],
  ['INFO:     127.0.0.1:54321 - "GET /health HTTP/1.1" 200 OK', "info"],
  [`2026-01-02 03:04:05,006 - app.jobs - ERROR - failed [trace_id=${TRACE} span_id=1]`, "error", TRACE],
  ["2026-01-02 03:04:05,006 WARNING app.jobs slow", "warn"],
  ["[2026-01-02 03:04:05 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)", "fatal"],
  ["2026-01-02 03:04:05.006 UTC [1] LOG:  checkpoint starting", "info"],
  ["2026-01-02 03:04:05.006 UTC [1] FATAL:  no such role", "fatal"],
  ["2026-01-02T03:04:05.006Z\twarn\tui/assets.go:27\tno assets", "warn"],
  ["Error: connect ECONNREFUSED 10.0.0.7:6379", "error"],
  ["Traceback (most recent call last):", "unknown"],
  ["Users saw an ERROR page", "unknown"],
  ["level=hardcore of a game, not of a log", "unknown"],
  ["trace_id=0 when nothing is traced", "unknown"],
];

/** What a line is found by once a shipper has brought it. */
export const EXPECTED = LINES.map(([line, level, trace]) => [line, level, trace]);

interface Found {
  readonly data: {
    readonly result: readonly {
      readonly stream: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [time: string, line: string])[];
    }[];
  };
}

/** The lines that Loki gives for a selector, of the last hour, each with the labels of its stream. */
export async function entriesOf(loki: string, selector: string) {
  const query = new URLSearchParams({ query: selector, limit: "1000", since: "1h" });
  const { data } = JSON.parse(await get(`${loki}/loki/api/v1/query_range?${query}`)) as Found;
  return data.result.flatMap(({ stream, values }) => values.map(([, line]) => ({ line, stream })));
}

/**
 * The lines that Loki keeps, in the order of {@link LINES}, each with its level and its trace, and the labels of all its streams.
 *
 * @throws when a minute has not brought as many as there are.
 */
export async function keptLines(loki: string, selector: string) {
  const entries = await vi.waitFor(
    async () => {
      const found = await entriesOf(loki, selector);
      if (found.length !== LINES.length) throw new Error(`${found.length} of ${LINES.length} lines are there`);
      return found;
    },
    { timeout: 60_000, interval: 200 },
  );
  const kept = new Map(entries.map(({ line, stream }) => [line, [line, stream.level, stream.trace_id]]));
  const labels = JSON.parse(await get(`${loki}/loki/api/v1/labels`)) as { data: string[] };
  return {
    lines: LINES.map(([line]) => kept.get(line)),
    streams: entries.map(({ stream }) => stream),
    labels: labels.data.sort(),
  };
}
