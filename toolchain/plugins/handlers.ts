/**
 * One resource type's verbs with checks, comparison and secrets around them, in plain values. The server turns these
 * into messages of the engine's protocol.
 */
import { difference, inputsFromRead, keepOrder, type Difference } from "./diff";
import { PartialFailure, type Created, type Found, type Handler, type ResourceType, type Warn } from "./resource-type";
import { checkInputs, sameValue, type Autonaming, type Checked } from "./schema";
import { conceal, reveal, UNKNOWN, type Values } from "./values";

/** The key under which the vendors' plugins keep the version of their state format. */
const META = "__meta";

/** Marks what a failed creation left behind, so that the next run replaces it. */
const UNFINISHED = "__unfinished";

function secretOutputs(type: ResourceType): string[] {
  return Object.keys(type.schema).filter((key) => type.schema[key]?.secret);
}

function finish(type: ResourceType, outputs: Values, reference: Values, secrets: ReadonlySet<string>): Values {
  const ordered = keepOrder(type.schema, outputs, reference);
  const meta = JSON.stringify({ schema_version: String(type.stateVersion) });
  return conceal({ ...ordered, [META]: meta }, [...secrets, ...secretOutputs(type)]);
}

export function check(type: ResourceType, name: string, olds: Values, news: Values, naming?: Autonaming): Checked {
  const wanted = reveal(news);
  const checked = checkInputs(type.schema, name, reveal(olds).values, wanted.values, naming);
  return { inputs: conceal(checked.inputs, wanted.secrets), failures: checked.failures };
}

export function diff(
  type: ResourceType,
  olds: Values,
  oldInputs: Values,
  news: Values,
  ignored: readonly string[] = [],
): Difference {
  const state = reveal(olds).values;
  const found = difference(
    type.schema,
    state,
    reveal(oldInputs).values,
    reveal(news).values,
    ignored,
    type.deleteBeforeReplace,
  );
  if (!state[UNFINISHED]) return found;
  const unfinished = { property: UNFINISHED, kind: "delete", replace: true, input: false } as const;
  return { changes: [...found.changes, unfinished], deleteBeforeReplace: true };
}

/** What a preview can promise: the inputs, and every value that only the engine knows as unknown. */
function planned(type: ResourceType, inputs: Values): Values {
  const outputs: Values = {};
  for (const [key, property] of Object.entries(type.schema)) {
    if (inputs[key] !== undefined) outputs[key] = inputs[key];
    else if (property.output || property.computed) outputs[key] = UNKNOWN;
  }
  return outputs;
}

export async function create(type: ResourceType, inputs: Values, preview: boolean): Promise<Created> {
  const { values, secrets } = reveal(inputs);
  if (preview) return { id: "", outputs: conceal(planned(type, values), [...secrets, ...secretOutputs(type)]) };
  try {
    const created = await type.create(values);
    return { id: created.id, outputs: finish(type, created.outputs, values, secrets) };
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    const left = { ...values, [UNFINISHED]: true };
    throw new PartialFailure(error.id, error.reason, conceal(left, secrets));
  }
}

export async function read(type: ResourceType, id: string, state: Values, inputs: Values): Promise<Found | undefined> {
  const [before, wanted] = [reveal(state), reveal(inputs)];
  const found = await type.read(id, before.values);
  if (!found) return undefined;
  const secrets = new Set([...before.secrets, ...wanted.secrets]);
  const outputs = keepOrder(type.schema, found.outputs, before.values);
  const finished = finish(type, outputs, wanted.values, secrets);
  // A refresh does not make an unfinished resource a good one.
  if (before.values[UNFINISHED]) finished[UNFINISHED] = true;
  const fresh = inputsFromRead(type.schema, wanted.values, outputs);
  return { id: found.id, outputs: finished, inputs: conceal(fresh, secrets) };
}

function plannedUpdate(type: ResourceType, olds: Values, news: Values): Values {
  const outputs = { ...olds };
  for (const [key, property] of Object.entries(type.schema)) {
    if (property.output || sameValue(property, olds[key], news[key])) continue;
    outputs[key] = news[key];
  }
  return outputs;
}

export async function update(
  type: ResourceType,
  id: string,
  olds: Values,
  news: Values,
  preview: boolean,
  warn: Warn,
): Promise<Values> {
  const [before, wanted] = [reveal(olds), reveal(news)];
  const secrets = new Set(wanted.secrets);
  if (preview || !type.update) {
    const plan = plannedUpdate(type, before.values, wanted.values);
    return conceal(plan, [...secrets, ...secretOutputs(type)]);
  }
  return finish(type, await type.update(id, before.values, wanted.values, warn), wanted.values, secrets);
}

export function remove(type: ResourceType, id: string, state: Values): Promise<void> {
  return type.delete(id, reveal(state).values);
}

/** The verbs above for one type, as the server calls them. */
export function handlerOf(type: ResourceType): Handler {
  return {
    check: (olds, news, request, naming) => check(type, request.name, olds, news, naming),
    diff: (olds, oldInputs, news, ignored) => diff(type, olds, oldInputs, news, ignored),
    create: (inputs, preview) => create(type, inputs, preview),
    read: (id, state, inputs) => read(type, id, state, inputs),
    update: (id, olds, news, preview, request) => update(type, id, olds, news, preview, request.warn),
    remove: (id, state) => remove(type, id, state),
  };
}
