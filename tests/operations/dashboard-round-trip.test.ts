import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { dashboardFor, type DashboardSources } from "../../components/programs/grafana-dashboards";
import { writeDashboards, type Dashboard } from "../../operations/grafana/dashboard-files";

const COMMITTED = path.join(__dirname, "../../configs/grafana/dashboards");

const ELK: DashboardSources = { loki: false, elasticsearch: true, kubelets: false };
const STORES: readonly (readonly [string, DashboardSources])[] = [
  ["Loki", { loki: true, elasticsearch: false, kubelets: false }],
  ["Elasticsearch", ELK],
  ["both", { loki: true, elasticsearch: true, kubelets: false }],
  ["both on a cluster", { loki: true, elasticsearch: true, kubelets: true }],
];

const ADDED = { id: 99, title: "Added", gridPos: { x: 0, y: 200, w: 6, h: 4 } };

interface Panel {
  id: number;
  title: string;
  targets?: { expr?: string; query?: string }[];
}

type Editable = Dashboard & { panels: Panel[] };

/** Keys as Grafana's API gives them: sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]));
}

/** A dashboard after a newer Grafana saved it. */
function savedByGrafana(dashboard: object): Editable {
  const text = JSON.stringify(sorted(dashboard)).replaceAll(/"pluginVersion":"[^"]+"/g, '"pluginVersion":"14.0.0"');
  return { ...(JSON.parse(text) as Editable), id: 12, version: 9, iteration: 1_790_000_000_000, schemaVersion: 43 };
}

function panelOf({ panels }: Editable, id: number): Panel {
  return panels.find((panel) => panel.id === id) as Panel;
}

describe("a dashboard that goes to Grafana and back", () => {
  let folder: string;
  let names: string[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "round-trip-"));
    await cp(COMMITTED, folder, { recursive: true });
    names = (await readdir(folder)).sort();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const texts = () => Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
  const parsed = async () => (await texts()).map((text) => JSON.parse(text) as Editable);
  const overview = async () => (await parsed())[names.indexOf("platform-overview.json")] as Editable;

  it.each(STORES)("leaves its file as it was beside %s where nothing was changed, however often", async (_, stores) => {
    const before = await texts();
    const given = (await parsed()).flatMap((file) => (dashboardFor(stores, file) as object | undefined) ?? []);
    const stored = given.map(savedByGrafana);
    for (let time = 0; time < 2; time += 1) {
      const pulled = await writeDashboards(folder, stored, stores);
      const there = names.filter((name) => stores.elasticsearch || name !== "log-store.json");
      expect(pulled).toEqual(there.map((file) => ({ file, change: "same" })));
    }
    expect(await texts()).toEqual(before);
  });

  it.each(STORES)("changes in its file beside %s what was changed, and nothing else", async (_, stores) => {
    const file = await overview();
    const stored = savedByGrafana(dashboardFor(stores, file) as object);
    panelOf(stored, 2).title = "Services there";
    stored.panels = [...stored.panels.filter(({ id }) => id !== 4), ADDED];
    const [pulled] = await writeDashboards(folder, [stored], stores);
    expect(pulled).toEqual({ file: "platform-overview.json", change: "changed" });

    const release = (text: string) =>
      text.replaceAll(/"pluginVersion":"[^"]+"/g, "").replace(/"schemaVersion":\d+/, "");
    panelOf(file, 2).title = "Services there";
    const panels = [...file.panels.filter(({ id }) => id !== 4), ADDED];
    // As text: the keys keep their order.
    expect(release(JSON.stringify(await overview()))).toBe(release(JSON.stringify({ ...file, panels })));
    expect(await writeDashboards(folder, [stored], stores)).toMatchObject([{ change: "same" }]);
  });

  it("keeps a link that somebody added, and not the one to the dashboard about Elasticsearch", async () => {
    const file = await overview();
    const stored = savedByGrafana(dashboardFor(ELK, file) as object) as Editable & { links: object[] };
    const before = file.links as object[];
    expect(stored.links).toHaveLength(before.length + 1);
    const added = { title: "Wiki", type: "link", url: "https://wiki.example.org" };
    stored.links.push(added);
    await writeDashboards(folder, [stored], ELK);
    expect((await overview()).links).toEqual([...before, added]);
  });

  it("keeps the panels about Loki, which a Grafana beside Elasticsearch does not have", async () => {
    const file = (await parsed())[names.indexOf("monitoring-stack.json")] as Editable;
    const stored = savedByGrafana(dashboardFor(ELK, file) as object);
    expect(stored.panels.length).toBeLessThan(file.panels.length);
    panelOf(stored, 2).title = "Programs there";
    await writeDashboards(folder, [stored], ELK);
    const after = (await parsed())[names.indexOf("monitoring-stack.json")] as Editable;
    expect(after.panels.map(({ id }) => id)).toEqual(file.panels.map(({ id }) => id));
  });

  it("is refused where a question to Elasticsearch was changed, before anything is written", async () => {
    const before = await texts();
    const files = await parsed();
    const stored = files.map((file) => savedByGrafana(dashboardFor(ELK, file) as object));
    for (const dashboard of stored) panelOf(dashboard, 2).title = "Changed";
    const changed = stored[names.indexOf("platform-overview.json")] as Editable;
    for (const target of panelOf(changed, 31).targets ?? []) target.query = "log.level:fatal";
    await expect(writeDashboards(folder, stored, ELK)).rejects.toThrow(
      /"Platform Overview" was changed where it asks Elasticsearch/,
    );
    expect(await texts()).toEqual(before);
  });
});
