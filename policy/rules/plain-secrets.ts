import { containersOf } from "../container";
import { CONFIG_MAP, fields, list, type Resource, type Violations } from "../resource";

/** Names of variables whose value is a secret; with a suffix such as `_FILE` it is a path. */
const SECRET_NAME = /(PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY|PRIVATE_?KEY|CREDENTIALS?|DSN)$/i;

/** A shorter text could be part of anything. */
const SHORTEST = 6;

/**
 * No secret where anyone may read it: in a variable, a command, a label, an annotation or a ConfigMap. A secret goes into a
 * file of its own, marked `secret`.
 *
 * @param known values that are secrets, as far as they are known.
 */
export function plainSecrets(resource: Resource, known: readonly string[]): Violations {
  const secrets = known.filter((secret) => secret.length >= SHORTEST);
  return [...byName(resource), ...byValue(resource, secrets)];
}

function byName(resource: Resource): string[] {
  return containersOf(resource).flatMap(({ name, env }) =>
    env
      .filter((variable) => SECRET_NAME.test(variable.name) && variable.value !== "")
      .map((variable) => `${name} has a secret in its variable ${variable.name}: ${INSTEAD}`),
  );
}

function byValue(resource: Resource, secrets: readonly string[]): string[] {
  return placesOf(resource)
    .filter(({ text }) => secrets.some((secret) => text.includes(secret)))
    .map(({ place }) => `${resource.name} shows a secret in ${place}: ${INSTEAD}`);
}

const INSTEAD = "put it into a file of the program that is marked secret";

interface Place {
  readonly place: string;
  readonly text: string;
}

function placesOf(resource: Resource): Place[] {
  const { type, inputs } = resource;
  const metadata = fields(inputs.metadata);
  const entries = (place: string, held: unknown) =>
    Object.entries(fields(held)).map(([key, value]) => ({ place: `${place} ${key}`, text: String(value) }));
  return [
    ...containersOf(resource).flatMap(({ env, command }) => [
      ...env.map(({ name, value }) => ({ place: `the variable ${name}`, text: value })),
      ...command.map((text) => ({ place: "its command", text })),
    ]),
    ...list(inputs.labels).map(({ label, value }) => ({ place: `the label ${String(label)}`, text: String(value) })),
    ...entries("the label", metadata.labels),
    ...entries("the annotation", metadata.annotations),
    ...(type === CONFIG_MAP ? [...entries("the key", inputs.data), ...entries("the key", inputs.binaryData)] : []),
  ];
}
