import { failed, ok, warning, type Check } from "../checks";
import { ElasticsearchApi } from "../elasticsearch/api";
import { programNamed, type Session } from "../session";

const CHECK = "indices";
const STORE = "elasticsearch";

/** What Elasticsearch says of its cluster. */
export interface ClusterHealth {
  readonly status: "green" | "yellow" | "red";
  readonly number_of_nodes: number;
  readonly active_shards: number;
  readonly unassigned_shards: number;
}

/** Whether every index of Elasticsearch has a place: a node that is ready does not say so. */
export async function logStore({ client, outputs }: Session): Promise<Check[]> {
  if (!outputs.programs.some(({ name }) => name === STORE)) return [];
  const program = programNamed(outputs, STORE);
  if ((await client.state(program)).standIn) return [];
  const reader = new ElasticsearchApi(client, program, "reader");
  const health = await reader.ask<ClusterHealth>("GET", "_cluster/health");
  return [clusterCheck(health)];
}

export function clusterCheck({
  status,
  number_of_nodes: nodes,
  active_shards: active,
  unassigned_shards: lost,
}: ClusterHealth): Check {
  const fix = "ask it for the reason in Kibana, Dev Tools: GET _cluster/allocation/explain";
  if (status === "red") return failed(CHECK, STORE, `${lost} shards have no place, and lines are missing`, fix);
  if (status === "yellow") return warning(CHECK, STORE, `${lost} copies of shards have no place`, fix);
  return ok(CHECK, STORE, `${active} shards on ${nodes} ${nodes === 1 ? "node" : "nodes"}`);
}
