import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { basicAuthorization, storedDashboards } from "../../operations/grafana/api";
import { checkDashboards, writeDashboards } from "../../operations/grafana/dashboard-files";

const LOKI = { loki: true, elasticsearch: false, kubelets: false };
const SOURCES = new Set(["prometheus", "loki"]);
const sourceVariable = (value: string) => ({ type: "datasource", name: "source", current: { value } });
const file = (name: string, dashboard: unknown) => ({ file: name, text: JSON.stringify(dashboard) });

describe("dashboard files", () => {
  it("are good with a title, a uid of their own and provisioned data sources", () => {
    const panels = [
      { datasource: { type: "loki", uid: "loki" } },
      { datasource: { uid: "${source}" } },
      { datasource: "-- Mixed --" },
    ];
    const templating = { list: [sourceVariable("prometheus")] };
    const [check] = checkDashboards([file("a.json", { uid: "a", title: "A", panels, templating })], SOURCES);
    expect(check).toMatchObject({ verdict: "ok", detail: "A" });
  });

  it.each([
    ["no JSON", { file: "a.json", text: "{" }, /is no JSON/],
    ["no uid", file("a.json", { title: "A" }), /has no uid/],
    ["no title", file("a.json", { uid: "a" }), /has no title/],
    [
      "an unknown source deep inside",
      file("a.json", { uid: "a", title: "A", rows: [{ panels: [{ datasource: { uid: "tempo" } }] }] }),
      /uses tempo/,
    ],
    [
      "a variable that opens with an unknown source",
      file("a.json", { uid: "a", title: "A", templating: { list: [sourceVariable("tempo")] } }),
      /uses tempo/,
    ],
    [
      "a variable that it does not have",
      file("a.json", { uid: "a", title: "A", panels: [{ datasource: { uid: "${source}" } }] }),
      /uses \$\{source\}/,
    ],
  ])("are refused with %s", (_, bad, message) => {
    const [check] = checkDashboards([bad], SOURCES);
    expect(check).toMatchObject({ verdict: "failed", detail: expect.stringMatching(message) as string });
  });

  it("are refused when two have one uid", () => {
    const twice = [file("a.json", { uid: "x", title: "A" }), file("b.json", { uid: "x", title: "B" })];
    expect(checkDashboards(twice, SOURCES)[1]).toMatchObject({
      verdict: "failed",
      detail: "has the uid x, as a.json has",
    });
  });
});

/** Answers as Grafana's HTTP API does, for these dashboards. */
describe("pulling dashboards from Grafana", () => {
  const stored: Record<string, object> = {
    known: { id: 3, version: 7, uid: "known", title: "Edited title" },
    same: { id: 4, version: 1, uid: "same", title: "Same" },
    "N/ew": { id: 5, version: 1, uid: "N/ew", title: "My Latency, p95" },
  };
  const headers = basicAuthorization({ grafanaAdminUser: "admin", grafanaAdminPassword: "a:b" });
  let server: Server;
  let url: string;
  let folder: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = (status: number, body: unknown) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      const { pathname, searchParams } = new URL(request.url as string, "http://grafana");
      const uid = decodeURIComponent(pathname.replace("/api/dashboards/uid/", ""));
      if (request.headers.authorization !== `Basic ${Buffer.from("admin:a:b").toString("base64")}`)
        return answer(401, { message: "Invalid username or password" });
      if (pathname === "/api/search" && searchParams.get("type") === "dash-db")
        return answer(
          200,
          Object.keys(stored).map((known) => ({ uid: known, type: "dash-db" })),
        );
      const dashboard = stored[uid];
      return dashboard
        ? answer(200, { meta: { provisioned: uid !== "N/ew" }, dashboard })
        : answer(404, { message: "Dashboard not found" });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "dashboards-"));
    await writeFile(path.join(folder, "first.json"), JSON.stringify({ uid: "known", title: "Title" }));
    await writeFile(path.join(folder, "second.json"), JSON.stringify({ uid: "same", title: "Same", version: 9 }));
    await writeFile(path.join(folder, "my-latency-p95.json"), JSON.stringify({ uid: "other", title: "Other" }));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("writes what changed to the files that hold it, and what is new to new ones", async () => {
    const pulled = await writeDashboards(folder, await storedDashboards(url, headers), LOKI);
    expect(pulled).toEqual([
      { file: "first.json", change: "changed" },
      { file: "second.json", change: "same" },
      { file: "my-latency-p95-n-ew.json", change: "new" },
    ]);
    const read = async (name: string) => JSON.parse(await readFile(path.join(folder, name), "utf8")) as object;
    expect(await read("first.json")).toEqual({ uid: "known", title: "Edited title" });
    expect(await read("my-latency-p95-n-ew.json")).toEqual({ id: null, uid: "N/ew", title: "My Latency, p95" });
    expect(await read("my-latency-p95.json")).toEqual({ uid: "other", title: "Other" });
    expect(await readdir(folder)).toHaveLength(4);
  });

  it("says so when Grafana refuses the login", async () => {
    await expect(storedDashboards(url, { authorization: "Basic x" })).rejects.toThrow(
      /answered 401: .*Invalid username/,
    );
  });
});
