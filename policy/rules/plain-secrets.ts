import { containersOf } from "../container";
import { CONFIG_MAP, fields, list, type Resource, type Violations } from "../resource";
import { mayBeSecret, saysSecret, secretsIn, secretsInCommand } from "../secret-text";

/** A shorter text could be part of anything. */
const SHORTEST = 6;

/**
 * No secret where anyone may read it: in a variable, a command, a label, an annotation or a ConfigMap. A secret goes into a
 * file of its own, marked `secret`.
 *
 * @param known values that are secrets, as far as they are known.
 */
export function plainSecrets(resource: Resource, known: readonly string[]): Violations {
  return [...byName(resource), ...shownSecrets(resource, known)];
}

/** Secrets by the names that they have: what is behind the names is not known here, and never shown. */
function byName(resource: Resource): string[] {
  return [...namedInContainers(resource), ...namedInConfigMap(resource)].map((found) => `${found}: ${INSTEAD}`);
}

function namedInContainers(resource: Resource): string[] {
  return containersOf(resource).flatMap(({ name, env, command }) => [
    ...env
      .filter((variable) =>
        saysSecret(variable.name) ? mayBeSecret(variable.value) : secretsIn(variable.value).length > 0,
      )
      .map((variable) => `${name} has a secret in its variable ${variable.name}`),
    ...secretsInCommand(command).map((what) => `${name} has a secret in its command (${what})`),
  ]);
}

function namedInConfigMap({ type, name, inputs }: Resource): string[] {
  if (type !== CONFIG_MAP) return [];
  return Object.entries(fields(inputs.data)).flatMap(([key, value]) => [
    ...(saysSecret(key) && mayBeSecret(String(value)) ? [`${name} has a secret in its key ${key}`] : []),
    ...[...new Set(secretsIn(String(value)))].map((what) => `${name} has a secret in its key ${key} (${what})`),
  ]);
}

/** The part of it that goes by the secrets themselves. */
export function shownSecrets(resource: Resource, known: readonly string[]): Violations {
  const secrets = known.filter((secret) => secret.length >= SHORTEST);
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
