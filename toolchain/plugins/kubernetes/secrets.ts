/** Which parts of an object the engine must encrypt. */
import { hasSecret, isObject, isSecret, secret, type Value, type Values } from "../values";

/**
 * Marks in `plain` what is secret in `marked`, and all that a Secret holds. A list with a secret anywhere in it is
 * secret as a whole, since its order may change.
 */
export function markSecrets(plain: Values, marked: Values): Values {
  const result = markLike(plain, marked);
  if (plain["kind"] !== "Secret") return result;
  for (const key of ["data", "stringData"]) {
    if (result[key] !== undefined) result[key] = secret(result[key]);
  }
  return result;
}

function markLike(plain: Values, marked: Values): Values {
  return Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, markValue(value, marked[key])]));
}

function markValue(plain: Value, marked: Value): Value {
  if (isObject(plain) && isObject(marked) && !isSecret(marked)) return markLike(plain, marked);
  return hasSecret(marked) ? secret(plain) : plain;
}
