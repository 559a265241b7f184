import path from "node:path";

import { describe, expect, it, vi } from "vitest";

import { caseNames } from "./support/cases";
import { get } from "./support/daemon";
import { startLoki } from "./support/loki";
import { expectAccepted, expectRefused, useRendered, useTool } from "./support/tool";
import { runCommand } from "../../toolchain/command";

const NATIVE = path.join(__dirname, "../../configs/promtail/promtail.yaml");
const CONFIG = "/etc/promtail/promtail.yaml";
const TRACE = "5b8efff798038103d269b633813fc60c";

const promtail = useTool("promtail");
const loki = useTool("loki");
const rendered = useRendered();
const check = (file: string) => promtail(["-check-syntax", `-config.file=${file}`]);

describe("promtail.yaml", () => {
  it.concurrent("is valid as committed", async () => {
    expectAccepted(await check(NATIVE));
  });

  it.concurrent.each(caseNames)("is valid for %s", async (name) => {
    expectAccepted(await check(rendered(name).at(CONFIG)));
  });
});

describe("promtail refuses", () => {
  it.concurrent("an unknown key", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) => text.replace("positions:", "position:"));
    expectRefused(await check(file), /field position not found/);
  });

  it.concurrent("a stage that is not there", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) => text.replace("- regex:", "- regexp:"));
    const result = await promtail(["-stdin", "-dry-run", "-server.disable", `-config.file=${file}`]);
    expectRefused(result, /regexp/);
  });
});

/** Lines as programs write them, with the level and the trace that they should be found by. */
const LINES: readonly (readonly [line: string, level: string, trace?: string])[] = [
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

interface Found {
  readonly data: {
    readonly result: readonly {
      readonly stream: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [time: string, line: string])[];
    }[];
  };
}

describe("Promtail and Loki", () => {
  it("keep every line with its level as a label and its trace beside it", async () => {
    const files = rendered("the defaults");
    const address = await startLoki(loki.path(), files);
    const config = await files.copy(CONFIG, (text) => text.replace("http://loki:3100", address));
    const lines = await files.put("/data/lines.txt", `${LINES.map(([line]) => line).join("\n")}\n`);
    // From standard input Promtail uses the pipeline of the first scrape configuration, which is the only one.
    const shell = ["-c", 'exec "$0" -stdin -server.disable "-config.file=$1" < "$2"', promtail.path(), config, lines];
    expectAccepted(await runCommand("sh", shell, { timeout: 60_000 }));

    const query = new URLSearchParams({ query: '{environment="test"}', limit: "1000" });
    const found = await vi.waitFor(
      async () => {
        const { data } = JSON.parse(await get(`${address}/loki/api/v1/query_range?${query}`)) as Found;
        const entries = data.result.flatMap(({ stream, values }) => values.map(([, line]) => ({ line, stream })));
        expect(entries).toHaveLength(LINES.length);
        return entries;
      },
      { timeout: 60_000, interval: 200 },
    );
    const kept = new Map(found.map(({ line, stream }) => [line, [line, stream.level, stream.trace_id]]));
    expect(LINES.map(([line]) => kept.get(line))).toEqual(LINES.map(([line, level, trace]) => [line, level, trace]));

    // A trace's id in a label would make a stream of every request.
    const labels = JSON.parse(await get(`${address}/loki/api/v1/labels`)) as { data: string[] };
    expect(labels.data.sort()).toEqual(["environment", "level", "service_name"]);
  });
});
