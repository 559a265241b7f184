import { readFile } from "node:fs/promises";
import path from "node:path";

import { load } from "js-yaml";

import { dashboardFor, dashboardSourcesOf } from "../../components/programs/grafana-dashboards";
import type { Settings } from "../../components/settings/settings";
import { describe, type Check } from "../checks";
import { basicAuthorization, storedDashboards } from "../grafana/api";
import { checkDashboards, readDashboards, writeDashboards, type Dashboard } from "../grafana/dashboard-files";
import { settingsOf } from "../preflight";
import { programNamed, withEngine, withStack } from "../session";
import { table } from "../table";
import { PROJECT_ROOT } from "../workspace";

const CONFIGS = path.join(PROJECT_ROOT, "configs", "grafana");
const FOLDER = path.join(CONFIGS, "dashboards");

/** The resources that hold Grafana and its files, wherever they are in the stack. */
const GRAFANA = "**grafana**";

const ACTIONS = { list, apply, pull } as const;

export type DashboardAction = keyof typeof ACTIONS;

/**
 * Lists the dashboards with their addresses and checks their files, or moves them between files and Grafana.
 *
 * @returns whether the files are good, and went where they were to go.
 */
export async function dashboards(action: DashboardAction, stack: string, json: boolean): Promise<boolean> {
  return ACTIONS[action](stack, json);
}

async function list(stack: string, json: boolean): Promise<boolean> {
  return withStack(stack, async ({ run, outputs }) => {
    const settings = await settingsOf(run);
    const [checks, good] = await checkedFiles(settings);
    const found = (await readDashboards(FOLDER)).flatMap(({ file, text }, index) => {
      if (checks[index]?.verdict !== "ok") return [];
      const dashboard = dashboardFor(dashboardSourcesOf(settings), JSON.parse(text)) as Dashboard | undefined;
      return dashboard === undefined ? [] : [{ file, ...dashboard }];
    });
    const grafana = outputs.urls.grafana ?? "";
    const rows = found.map(({ file, uid, title }) => ({ title, url: `${grafana}/d/${uid}`, file }));
    if (json) console.log(JSON.stringify({ stack, ok: good, dashboards: rows, checks }, undefined, 2));
    else {
      console.log(
        table(
          ["dashboard", "address", "file"],
          rows.map(({ title, url, file }) => [title, url, file]),
        ),
      );
      if (!good) console.log(describe(checks, "The dashboards"));
    }
    return good;
  });
}

/** The files, held against the data sources that the stack has or that its dashboards are rewritten for. */
async function checkedFiles({ elk }: Settings): Promise<[Check[], boolean]> {
  const provisioned = path.join(CONFIGS, "provisioning", "datasources", "datasources.yaml");
  const { datasources } = load(await readFile(provisioned, "utf8")) as { datasources: { uid: string }[] };
  const uids = [...datasources.map(({ uid }) => uid), ...(elk ? ["elasticsearch"] : [])];
  const checks = checkDashboards(await readDashboards(FOLDER), new Set(uids));
  return [checks, checks.every(({ verdict }) => verdict === "ok")];
}

async function apply(stack: string): Promise<boolean> {
  return withEngine(stack, async (run) => {
    const [checks, good] = await checkedFiles(await settingsOf(run));
    if (!good) {
      console.log(describe(checks, "Nothing was applied; the dashboards"));
      return false;
    }
    const up = ["up", "--yes", "--skip-preview", "--suppress-outputs", "--target", GRAFANA];
    return (await run.show(up)) === 0;
  });
}

async function pull(stack: string, json: boolean): Promise<boolean> {
  const [pulled, settings] = await withStack(stack, async ({ run, client, outputs }) => {
    const grafana = programNamed(outputs, "grafana");
    if ((await client.state(grafana)).standIn)
      throw new Error(`a stand-in holds Grafana's place on this machine, and has no dashboards to pull`);
    const stored = await storedDashboards(await client.reach(grafana), basicAuthorization(outputs));
    const configured = await settingsOf(run);
    return [await writeDashboards(FOLDER, stored, dashboardSourcesOf(configured)), configured] as const;
  });
  const [checks, good] = await checkedFiles(settings);
  if (json) console.log(JSON.stringify({ stack, ok: good, pulled, checks }, undefined, 2));
  else {
    console.log(
      table(
        ["file", "change"],
        pulled.map(({ file, change }) => [file, change]),
      ),
    );
    console.log(good ? "Next: npm run format, and look at the difference." : describe(checks, "The dashboards"));
  }
  return good;
}
