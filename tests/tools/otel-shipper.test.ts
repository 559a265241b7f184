import path from "node:path";

import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { settingsFor, type Written } from "../support/settings";
import { freePorts } from "../../toolchain/free-ports";
import { get, post, start } from "./support/daemon";
import { entriesOf, EXPECTED, keptLines, LINES } from "./support/log-lines";
import { startLoki } from "./support/loki";
import { Rendered } from "./support/rendered";
import { expectAccepted, expectRefused, useTool } from "./support/tool";

const NATIVE = path.join(__dirname, "../../configs/otel-collector/shipper.yaml");
const CONFIG = "/etc/otel-shipper/collector.yaml";
const DATA = "/var/lib/otelcol";
const CONTAINERS = "/var/lib/docker/containers";
const ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/** How Docker names a container and its labels in its lines, where its log options ask for it. */
const ATTRS = { tag: "shop-api-1", "com.docker.compose.service": "api-gateway" };

const otelcol = useTool("otelcol");
const loki = useTool("loki");

const shipping = (written: Written = {}) => settingsFor({ shipper: "otel-collector", environment: "test", ...written });
let docker: Rendered;
let changedOver: Rendered;
let cluster: Rendered;

beforeAll(async () => {
  docker = await Rendered.write(shipping());
  changedOver = await Rendered.write(shipping());
  cluster = await Rendered.write(shipping({ platform: "kubernetes" }));
});

afterAll(async () => {
  await docker?.remove();
  await changedOver?.remove();
  await cluster?.remove();
});

/** A line as the Docker engine writes it to its file. */
function written(log: string, at: number, more: object = {}): string {
  return `${JSON.stringify({ log, stream: "stdout", ...more, time: new Date(at).toISOString() })}\n`;
}

/** A line of a minute ago and later, a second after the one before. */
function inFile(log: string, index: number, more: object = {}): string {
  return written(log, Date.now() - 60_000 + index * 1_000, more);
}

async function writeLog(files: Rendered, id: string, lines: readonly string[]): Promise<void> {
  await files.put(`${CONTAINERS}/${id}/${id}-json.log`, lines.join(""));
}

/** Starts the shipper on what lies in the rendered folder, with Loki at another address. It ends with the test. */
async function startShipper(files: Rendered, address: string): Promise<void> {
  const ports = await freePorts("health", "metrics");
  const data = await files.directory(DATA);
  const config = await files.copy(CONFIG, (text) =>
    files
      .relocated(text, CONTAINERS)
      .replaceAll(DATA, data)
      .replace("http://loki:3100", address)
      .replace("0.0.0.0:13133", `127.0.0.1:${ports.health}`)
      .replace("host: 0.0.0.0", "host: 127.0.0.1")
      .replace("port: 8888", `port: ${ports.metrics}`),
  );
  await start(otelcol.path(), [`--config=${config}`], `http://127.0.0.1:${ports.health}/`);
}

async function linesOf(address: string, selector: string): Promise<string[]> {
  return (await entriesOf(address, selector)).map(({ line }) => line);
}

describe("shipper.yaml", () => {
  const validate = async (files: Rendered, config: string) => {
    const data = await files.directory(DATA);
    return otelcol(["validate", `--config=yaml:${config.replaceAll(DATA, data)}`], { env: { NODE_NAME: "node" } });
  };

  it("is valid as committed", async () => {
    const data = await docker.directory(DATA);
    const places = [`directory=${data}`, `compaction::directory=${data}`];
    expectAccepted(
      await otelcol([
        "validate",
        `--config=${NATIVE}`,
        ...places.map((place) => `--set=extensions::file_storage::${place}`),
      ]),
    );
  });

  it("is valid on Docker and on a cluster", async () => {
    expectAccepted(await validate(docker, await docker.read(CONFIG)));
    expectAccepted(await validate(cluster, await cluster.read(CONFIG)));
  });

  it("is refused with an operator that is not there, or an expression that can not be read", async () => {
    const text = await docker.read(CONFIG);
    type Filelog = { operators: Record<string, unknown>[] };
    const changed = (change: (filelog: Filelog) => void) => {
      const config = load(text) as { receivers: { filelog: Filelog } };
      change(config.receivers.filelog);
      return validate(docker, dump(config));
    };
    expectRefused(
      await changed(({ operators }) => Object.assign(operators[0] as object, { type: "kontainer" })),
      /unsupported type 'kontainer'/,
    );
    expectRefused(
      await changed(({ operators }) => Object.assign(operators[1] as object, { is_last_entry: "body endsWith" })),
      /unexpected token/,
    );
  });
});

describe("the collector as shipper, and Loki", () => {
  it("keep a line once that Promtail has brought before", async () => {
    const address = await startLoki(loki.path(), changedOver);
    const line = "level=error msg=twice";
    const time = Date.now() - 30_000;
    const labels = { container: ATTRS.tag, environment: "test", level: "error", service: "api-gateway" };
    const streams = [{ stream: labels, values: [[`${time}000000`, line]] }];
    // It takes no lines while its parts look for each other.
    await vi.waitFor(() => post(`${address}/loki/api/v1/push`, { streams }), { timeout: 60_000, interval: 500 });
    await writeLog(changedOver, ID, [
      written(`${line}\n`, time, { attrs: ATTRS }),
      written("level=error msg=new\n", time + 1_000, { attrs: ATTRS }),
    ]);
    await startShipper(changedOver, address);

    const selector = '{service="api-gateway"}';
    await vi.waitFor(
      async () => expect((await linesOf(address, selector)).sort()).toEqual(["level=error msg=new", line]),
      { timeout: 60_000, interval: 500 },
    );
    const query = new URLSearchParams({ query: `sum(count_over_time(${selector}[1h]))` });
    expect(await get(`${address}/loki/api/v1/query?${query}`)).toMatch(/"value":\[[\d.]+,"2"\]/);
  });

  it("keep every line as with Promtail, and know the container by its log options", async () => {
    const address = await startLoki(loki.path(), docker);
    await writeLog(
      docker,
      ID,
      LINES.map(([line], index) => inFile(`${line}\n`, index, { attrs: ATTRS })),
    );
    // Without log options, and longer than the engine writes in one piece.
    const other = ID.replace("0", "f");
    const long = ["a".repeat(16_384), "b".repeat(16_384), "c\n"];
    await writeLog(
      docker,
      other,
      long.map((part, index) => inFile(part, index)),
    );
    await startShipper(docker, address);

    const kept = await keptLines(address, '{container="shop-api-1"}');
    expect(kept.lines).toEqual(EXPECTED);
    // Panels choose by the level that Loki finds itself.
    for (const { level, detected_level: found } of kept.streams) expect(found).toBe(level);
    const stream = {
      container: "shop-api-1",
      environment: "test",
      service: "api-gateway",
      service_name: "api-gateway",
    };
    for (const labels of kept.streams) expect(labels).toMatchObject(stream);
    expect(kept.labels).toEqual(["container", "environment", "level", "service", "service_name"]);
    const short = other.slice(0, 12);
    expect(await linesOf(address, `{container="${short}", service="${short}"}`)).toEqual([long.join("").trimEnd()]);
  });
});
