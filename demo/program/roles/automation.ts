import { Counter } from "prom-client";

import type { Route } from "../server";
import { call, query, work, type Tools } from "../tools";

const WORKFLOWS = { "record-sync": 5, notification: 3, report: 2 } as const;
const FILES = { csv: 6, pdf: 2, xlsx: 2 } as const;
const SAGAS = { "table-import": 6, "workspace-setup": 4 } as const;

const FAILING = 0.01;
const UNDONE = 0.03;

/** Workflows and files. */
export function automationServices(tools: Tools): Route[] {
  const { random, orders } = tools;
  const runs = outcomes(tools, "workflow_executions_total", "Workflow runs, by result.", "type", WORKFLOWS, "failed");
  const files = outcomes(tools, "files_processed_total", "Files that were processed.", "type", FILES, "failed");
  return [
    {
      method: "POST",
      path: "/workflows",
      handle: async (task) => {
        const type = random.pick(WORKFLOWS);
        await query(tools, task, `INSERT INTO runs (type) VALUES ('${type}')`);
        await work(tools, 0.08);
        const failed = random.chance(orders().workflowFailureShare[type] ?? FAILING);
        runs.inc({ type, status: failed ? "failed" : "success" });
        if (failed) task.log("error", `the workflow ${type} failed`, { type });
        else await call(tools, task, "POST", "saga-orchestrator", "/sagas");
        // A failed run is an answer, not an error of this service.
        return 202;
      },
    },
    {
      method: "POST",
      path: "/files",
      handle: async (task) => {
        const type = random.pick(FILES);
        await work(tools, 0.15);
        const failed = random.chance(orders().fileFailureShare[type] ?? FAILING);
        files.inc({ type, status: failed ? "failed" : "success" });
        if (failed) task.log("error", `a ${type} file can not be read`, { type });
        return 202;
      },
    },
  ];
}

/** Transactions over several services, undone as a whole when a step fails. */
export function sagaOrchestrator(tools: Tools): Route[] {
  const { random, orders } = tools;
  const transactions = outcomes(
    tools,
    "saga_transactions_total",
    "Transactions, by outcome.",
    "saga",
    SAGAS,
    "compensated",
  );
  return [
    {
      method: "POST",
      path: "/sagas",
      handle: async (task) => {
        const saga = random.pick(SAGAS);
        await query(tools, task, `INSERT INTO runs (type) VALUES ('${saga}')`);
        await work(tools, 0.05);
        const { failedSagaShare, compensationShare } = orders();
        const failed = random.chance(failedSagaShare[saga] ?? 0);
        const undone = random.chance(compensationShare[saga] ?? UNDONE);
        const status = failed ? "failed" : undone ? "compensated" : "success";
        transactions.inc({ saga, status });
        if (status !== "success") task.log("error", `the saga ${saga} was ${status}`, { saga, outcome: status });
        return 202;
      },
    },
  ];
}

function outcomes<Kind extends "type" | "saga">(
  { registry }: Tools,
  name: string,
  help: string,
  kind: Kind,
  weights: Readonly<Record<string, number>>,
  bad: string,
): Counter<Kind | "status"> {
  const counter = new Counter<Kind | "status">({ name, help, labelNames: [kind, "status"], registers: [registry] });
  for (const value of Object.keys(weights))
    for (const status of ["success", bad]) counter.inc({ [kind]: value, status } as Record<Kind | "status", string>, 0);
  return counter;
}
