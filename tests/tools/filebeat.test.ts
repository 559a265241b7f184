import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { dump, load } from "js-yaml";
import { describe, expect, it, vi } from "vitest";

import { freePorts } from "../../toolchain/free-ports";
import { start } from "./support/daemon";
import { elkCases, useRenderedElk, type ElkCase } from "./support/elk";
import type { Rendered } from "./support/rendered";
import { expectAccepted, expectRefused, useTool } from "./support/tool";

const CONFIG = "/etc/filebeat/filebeat.yml";
const DIRECTORY = "/etc/filebeat";
const TRACE = "5b8efff798038103d269b633813fc60c";
const SPAN = "00f067aa0ba902b7";

const filebeat = useTool("filebeat");
const rendered = useRenderedElk();

interface Config {
  readonly "filebeat.inputs": readonly { readonly paths: readonly string[] }[];
  readonly processors: readonly Readonly<Record<string, unknown>>[];
}

/** As a cluster would have it: with the name of the node, which comes from the environment there. */
const placed = (files: Rendered, text: string) => files.relocated(text, DIRECTORY).replaceAll("${NODE_NAME}", "node-1");
const relocated = (files: Rendered) => files.copy(CONFIG, (text) => placed(files, text));
const check = async (files: Rendered, file: string) =>
  filebeat(["test", "config", "--strict.perms=false", "-c", file, "--path.data", await files.directory("/data")]);

describe("filebeat.yml", () => {
  it.each(elkCases)("is valid %s", async (name) => {
    expectAccepted(await check(rendered(name), await relocated(rendered(name))));
  });
});

describe("filebeat refuses", () => {
  const broken = async (change: (text: string) => string) => {
    const files = rendered("without Logstash");
    return check(files, await files.copy(CONFIG, (text) => change(files.relocated(text, DIRECTORY))));
  };

  it("a processor that is not there", async () => {
    expectRefused(await broken((text) => text.replace("add_docker_metadata", "add_dokcer_metadata")), /add_dokcer/);
  });

  it("a script that is not there", async () => {
    expectRefused(await broken((text) => text.replace("docker.js", "dokcer.js")), /dokcer[.]js/);
  });

  it("two outputs", async () => {
    expectRefused(await broken((text) => `${text}output.console.enabled: true\n`), /more than one namespace/);
  });
});

/** Lines as programs write them, and what is to be found in the document. */
const LINES: readonly (readonly [line: string, document: Readonly<Record<string, unknown>>])[] = [
  [
    `{"level":"warning","trace_id":"${TRACE}","msg":"slow"}`,
    { "log.level": "warn", "trace.id": TRACE, message: "slow" },
  ],
  [`{"level":30,"msg":"pino","traceId":"${TRACE}"}`, { "log.level": "info", "trace.id": TRACE, message: "pino" }],
  [
    `{"severity":"ERROR","message":"m","trace.id":"${TRACE}","span_id":"${SPAN}"}`,
    { "log.level": "error", "span.id": SPAN },
  ],
  ['{"levelname":"CRITICAL","event":"structlog"}', { "log.level": "fatal", message: "structlog" }],
  ['{"log.level":"debug","message":"ecs","logger":"app.jobs"}', { "log.level": "debug", "log.logger": "app.jobs" }],
  ['{"message":"no level, but the word ERROR"}', { "log.level": "unknown" }],
  ['{"level":{"nested":true},"message":"odd"}', { "log.level": "unknown" }],
  ["{not json", { "log.level": "unknown", message: "{not json" }],
  [`level=err msg="logfmt" traceID=${TRACE}`, { "log.level": "error", "trace.id": TRACE }],
  ['ts=2026-01-02T03:04:05Z level=info caller=x msg="WARNING inside"', { "log.level": "info" }],
  ["WARNING: text", { "log.level": "warn" }],
  ["ERROR:root:python logging without a format", { "log.level": "error" }],
  [
    `2026-01-02 03:04:05,006 - app.jobs - ERROR - failed [trace_id=${TRACE} span_id=1]`,
    { "log.level": "error", "trace.id": TRACE },
  ],
  ["[2026-01-02 03:04:05 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)", { "log.level": "fatal" }],
  ["2026-01-02 03:04:05.006 UTC [1] LOG:  checkpoint starting", { "log.level": "info" }],
  ["Traceback (most recent call last):", { "log.level": "unknown", "trace.id": undefined }],
  ["level=hardcore of a game, not of a log", { "log.level": "unknown" }],
  [
    'INFO:     127.0.0.1:54321 - "GET /orders?token=secret HTTP/1.1" 503 Service Unavailable',
    { "log.level": "info", "http.request.method": "GET", "url.path": "/orders", "http.response.status_code": 503 },
  ],
  [
    '{"method":"POST","path":"/a","status":201,"duration_ms":1.5,"message":"done"}',
    { "http.request.method": "POST", "http.response.status_code": 201, "event.duration": 1_500_000 },
  ],
  [
    '{"duration_seconds":"2","message":"slow"}',
    { "event.duration": 2_000_000_000, "attributes.duration_seconds": "2" },
  ],
  [
    '{"exc_type":"ValueError","exc_info":"Traceback: bad","message":"failed","level":"error"}',
    { "error.type": "ValueError", "error.stack_trace": "Traceback: bad" },
  ],
];

/** Lines with what must not be kept, and the message that is kept instead. */
const SECRETS: readonly (readonly [line: string, message: string])[] = [
  ["sent Authorization: Bearer abc.def-ghi to upstream", "sent Authorization: Bearer [redacted] to upstream"],
  ["login password=hunter2secret&next=/", "login password=[redacted]&next=/"],
  [`used pat0123456789ABCD.${"0f".repeat(32)} twice`, "used [redacted] twice"],
  ["mail to jane.doe@example.org sent", "mail to [redacted]@example.org sent"],
  ['{"message":"call","headers":{"Authorization":"Basic aHVudGVyMnNlY3JldA=="},"apiKey":12345678}', "call"],
  ['{"message":"by hunter2secret@example.org"}', "by [redacted]@example.org"],
];
const KEPT_OUT = /hunter2secret|abc\.def|0f0f0f|jane\.doe|aHVudGVy|12345678/;

/** What the platform would tell of a container or a pod, in place of asking it. */
const PLACES: Partial<Record<ElkCase, { file: string; known: object; found: object }>> = {
  "without Logstash": {
    file: "/containers/0123abcd/0123abcd-json.log",
    known: {
      target: "container",
      fields: { name: "shop_1", labels: { com_docker_compose_service: "shop", com_pyairtable_service: "checkout" } },
    },
    found: { "service.name": "checkout", "container.name": "shop_1", "container.labels": undefined },
  },
  "on Kubernetes": {
    file: "/pods/shop_web-7d4b9_0f3c/server/0.log",
    known: {
      target: "kubernetes",
      fields: { labels: { "app_kubernetes_io/name": "web", team: "x" }, node: { name: "node-1" }, namespace: "wrong" },
    },
    found: {
      "service.name": "web",
      "kubernetes.namespace": "shop",
      "kubernetes.pod.name": "web-7d4b9",
      "kubernetes.container.name": "server",
      "kubernetes.node.name": "node-1",
      "kubernetes.labels": undefined,
    },
  },
};

describe.each(Object.entries(PLACES))("filebeat %s", (name, { file, known, found }) => {
  it("makes of each line a document that says where it is from and what it tells", async () => {
    const files = rendered(name as ElkCase);
    const lines = [...LINES, ...SECRETS].map(([line]) => line);
    const entry = (log: string) =>
      JSON.stringify({ log: `${log}\n`, stream: "stderr", time: "2026-01-02T03:04:05.6Z" });
    const log = await files.put(file, `${lines.map(entry).join("\n")}\n`);
    const documents = await shipped(files, log, known, lines.length);

    expect(documents).toHaveLength(lines.length);
    for (const document of documents) {
      expect(flat(document)).toMatchObject({
        environment: "test",
        stream: "stderr",
        "@timestamp": "2026-01-02T03:04:05.600Z",
      });
      for (const [field, value] of Object.entries(found)) expect(flat(document)[field], field).toEqual(value);
      expect(document).not.toHaveProperty("agent");
    }
    LINES.forEach(([line, expected], index) => {
      const document = flat(documents[index] as object);
      for (const [field, value] of Object.entries(expected))
        expect(document[field], `${field} of ${line}`).toEqual(value);
    });
    SECRETS.forEach(([line, message], index) => {
      const document = documents[LINES.length + index] as object;
      expect(flat(document).message, line).toBe(message);
      expect(JSON.stringify(document)).not.toMatch(KEPT_OUT);
    });
  });
});

/** What Filebeat writes of a log, in its order, with a file in place of the stack's output. */
async function shipped(files: Rendered, log: string, known: object, count: number): Promise<readonly object[]> {
  const base = load(placed(files, await files.read(CONFIG))) as Config;
  const kept = Object.entries(base).filter(([key]) => !/^(output|http|path|processors|filebeat[.]inputs)/.test(key));
  const { http } = await freePorts("http");
  const config = {
    ...Object.fromEntries(kept),
    "filebeat.inputs": base["filebeat.inputs"].map((input) => ({ ...input, paths: [log] })),
    // The first asks the platform.
    processors: [{ add_fields: known }, ...base.processors.slice(1)],
    "path.data": await files.directory("/data"),
    "http.enabled": true,
    "http.port": http,
    "output.file": { path: await files.directory("/shipped"), filename: "lines" },
  };
  const file = await files.put("/etc/filebeat/to-a-file.yml", dump(config));
  await start(filebeat.path(), ["--strict.perms=false", "-c", file], `http://127.0.0.1:${http}/`);
  return vi.waitFor(
    async () => {
      const [output = ""] = await Promise.all(
        (await filesIn(files.at("/shipped"))).map((written) => readFile(written, "utf8")),
      );
      const documents = output.trimEnd().split("\n");
      if (documents.length < count) throw new Error(`${documents.length} of ${count} lines`);
      return documents.map((text) => JSON.parse(text) as object);
    },
    { timeout: 60_000, interval: 200 },
  );
}

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((name) => path.join(folder, name));
}

/** Fields of a document by their full names, and each object by its own. */
function flat(value: object, prefix = ""): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => [
      [`${prefix}${name}`, field as unknown],
      ...(field !== null && typeof field === "object" && !Array.isArray(field)
        ? Object.entries(flat(field as object, `${prefix}${name}.`))
        : []),
    ]),
  );
}
