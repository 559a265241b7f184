import type { ElkPrograms } from "../../components/programs/elk";
import type { Workload } from "../../components/platform/workload";
import type { Written } from "../support/settings";
import { programsFor, textOfFile } from "./support";

/** The ELK programs of a configuration that has them. */
export function elkProgramsFor(written: Written = {}): ElkPrograms {
  const { elk } = programsFor({ logging: "elk", ...written });
  if (elk === undefined) throw new Error("these settings have no Elasticsearch");
  return elk;
}

/** A plain file of a program that holds JSON. */
export function jsonOf<T>(workload: Workload, path: string): T {
  return JSON.parse(textOfFile(workload, path)) as T;
}
