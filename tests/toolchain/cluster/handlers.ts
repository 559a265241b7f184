/** The verbs of the kubernetes plugin's kinds without the engine, for tests that look closer. */
import { kubernetes } from "../../../toolchain/plugins/kubernetes";
import { KINDS, token } from "../../../toolchain/plugins/kubernetes/kinds";
import type { Handler, Request } from "../../../toolchain/plugins/resource-type";
import type { Values } from "../../../toolchain/plugins/values";

/** What was warned of since the file was loaded. */
export const warnings: string[] = [];

export const request: Request = {
  name: "thing",
  timeout: 30,
  cancelled: new AbortController().signal,
  warn: (message) => warnings.push(message),
  status: () => undefined,
};

/** @param settings The provider's, with the kubeconfig. */
export function kindHandler(kind: string, settings: Record<string, string>): Handler {
  const found = KINDS.find((candidate) => candidate.kind === kind);
  const all = kubernetes.handlers?.(settings);
  const result = found && all?.get(token(found));
  if (!result) throw new Error(`no kind ${kind}`);
  return result;
}

/** A resource as the engine would keep it. */
export interface Resource {
  readonly id: string;
  readonly inputs: Values;
  readonly state: Values;
}

/** Checks the inputs as the engine would first. */
export async function checked(kind: Handler, inputs: Values, olds: Values = {}): Promise<Values> {
  const { inputs: complete, failures } = await kind.check(olds, inputs, request);
  if (failures[0]) throw new Error(failures[0].reason);
  return complete;
}

/** Previews a creation, then creates. */
export async function create(kind: Handler, inputs: Values): Promise<Resource> {
  const complete = await checked(kind, inputs);
  await kind.create(complete, true, request);
  const { id, outputs } = await kind.create(complete, false, request);
  return { id, inputs: complete, state: outputs };
}

/** What a run with these inputs would change, each followed by `!` when it needs a new object. */
export async function difference(kind: Handler, { state, inputs: olds }: Resource, inputs: Values) {
  const news = await checked(kind, inputs, olds);
  const found = await kind.diff(state, olds, news, []);
  const list = found.changes.map(({ property, replace }) => property + (replace ? "!" : ""));
  return { list, deleteBeforeReplace: found.deleteBeforeReplace };
}
