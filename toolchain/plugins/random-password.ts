/**
 * `random:index/randomPassword:RandomPassword`: made once, kept in the state, and made anew when any input changes.
 */
import { randomInt } from "node:crypto";
import bcrypt from "bcryptjs";
import type { Created, ResourceType } from "./resource-type";
import type { Property, Schema } from "./schema";
import type { Value, Values } from "./values";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** bcrypt looks at no more than this. Longer passwords are cut before hashing, as the vendor's plugin does. */
const BCRYPT_BYTES = 72;
const BCRYPT_COST = 10;

const flag: Property = { kind: "boolean", default: true, forceNew: true };
const minimum: Property = {
  kind: "integer",
  default: 0,
  forceNew: true,
  validate: (value) => (Number(value) < 0 ? "must be 0 or more" : undefined),
};

const schema: Schema = {
  bcryptHash: { kind: "string", output: true, secret: true },
  keepers: { kind: "map", forceNew: true },
  length: {
    kind: "integer",
    required: true,
    forceNew: true,
    validate: (value) => (Number(value) < 1 ? "must be 1 or more" : undefined),
  },
  lower: flag,
  minLower: minimum,
  minNumeric: minimum,
  minSpecial: minimum,
  minUpper: minimum,
  // The older name of `numeric`; each follows the other when only one is given.
  number: { kind: "boolean", computed: true, forceNew: true },
  numeric: { kind: "boolean", computed: true, forceNew: true },
  overrideSpecial: { kind: "string", forceNew: true },
  result: { kind: "string", output: true, secret: true },
  special: flag,
  upper: flag,
};

function pick(alphabet: string, count: number): string[] {
  return Array.from({ length: count }, () => alphabet.charAt(randomInt(alphabet.length)));
}

function shuffle(characters: string[]): string[] {
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other] as string, characters[last] as string];
  }
  return characters;
}

function makePassword(inputs: Values, numeric: boolean): string {
  const special = typeof inputs["overrideSpecial"] === "string" ? inputs["overrideSpecial"] : SPECIAL;
  const number = (value: Value): number => Number(value ?? 0);
  const classes = [
    { alphabet: LOWER, used: inputs["lower"] !== false, least: number(inputs["minLower"]) },
    { alphabet: UPPER, used: inputs["upper"] !== false, least: number(inputs["minUpper"]) },
    { alphabet: NUMERIC, used: numeric, least: number(inputs["minNumeric"]) },
    { alphabet: special, used: inputs["special"] !== false, least: number(inputs["minSpecial"]) },
  ];
  const length = number(inputs["length"]);
  const required = classes.reduce((sum, { least }) => sum + least, 0);
  if (required > length) {
    throw new Error(`'length' is ${length}, but the minimums add up to ${required}; raise 'length' or lower them`);
  }
  const all = classes.map(({ alphabet, used }) => (used ? alphabet : "")).join("");
  if (all === "" && required < length) {
    throw new Error("'lower', 'upper', 'numeric' and 'special' are all off; switch at least one on");
  }
  const characters = classes.flatMap(({ alphabet, least }) => pick(alphabet, least));
  return shuffle([...characters, ...pick(all, length - required)]).join("");
}

async function create(inputs: Values): Promise<Created> {
  const numeric = (inputs["numeric"] ?? inputs["number"] ?? true) === true;
  const result = makePassword(inputs, numeric);
  const bcryptHash = await bcrypt.hash(Buffer.from(result).subarray(0, BCRYPT_BYTES).toString(), BCRYPT_COST);
  const chosen = Object.fromEntries(Object.keys(schema).flatMap((key) => (key in inputs ? [[key, inputs[key]]] : [])));
  return { id: "none", outputs: { ...chosen, number: numeric, numeric, result, bcryptHash } };
}

export const randomPassword: ResourceType = {
  token: "random:index/randomPassword:RandomPassword",
  schema,
  stateVersion: 3,
  create,
  read: (id, state) => Promise.resolve({ id, outputs: state }),
  delete: () => Promise.resolve(),
};
