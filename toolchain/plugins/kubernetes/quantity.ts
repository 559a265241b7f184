/**
 * Amounts as Kubernetes writes them. The API server stores `0.5` as `500m` and `1024Mi` as `1Gi`; without writing them
 * the same way, every preview would show them as changes.
 */

const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
const NANO = 1_000_000_000n;

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d+))?$/;

/** The amount in billionths, rounded up, as the server does. */
function nanos(digits: string, fraction: string, factor: bigint, divisor: bigint): bigint {
  const scale = 10n ** BigInt(fraction.length);
  const numerator = BigInt(digits + fraction || "0") * factor * NANO;
  const denominator = scale * divisor;
  return (numerator + denominator - 1n) / denominator;
}

function decimal(value: bigint): string {
  let index = 0;
  let rest = value;
  while (index < DECIMAL.length - 1 && rest % 1000n === 0n) {
    rest /= 1000n;
    index += 1;
  }
  return `${rest}${DECIMAL[index] ?? ""}`;
}

function binary(value: bigint): string {
  let index = 0;
  let rest = value / NANO;
  while (index < BINARY.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n;
    index += 1;
  }
  return `${rest}${BINARY[index] ?? ""}`;
}

function exponential(value: bigint): string {
  let exponent = -9;
  let rest = value;
  while (rest % 1000n === 0n) {
    rest /= 1000n;
    exponent += 3;
  }
  return exponent === 0 ? String(rest) : `${rest}e${exponent}`;
}

/** Writes an amount as the API server does. Text that is no amount comes back as it is, for the server to refuse. */
export function canonicalQuantity(text: string): string {
  const match = PATTERN.exec(text);
  const [, sign = "", digits = "", fraction = "", suffix = "", exponent] = match ?? [];
  if (!match || digits + fraction === "") return text;
  const binaryPower = (BINARY as readonly string[]).indexOf(suffix);
  const isBinary = suffix !== "" && binaryPower > 0;
  const power = exponent === undefined ? 3 * (DECIMAL as readonly string[]).indexOf(suffix) - 9 : Number(exponent);
  const factor = isBinary ? 1024n ** BigInt(binaryPower) : 10n ** BigInt(Math.max(power, 0));
  const divisor = isBinary ? 1n : 10n ** BigInt(Math.max(-power, 0));
  const value = nanos(digits, fraction, factor, divisor);
  if (value === 0n) return "0";
  const prefix = sign === "-" ? "-" : "";
  // Less than 1Ki, or not whole, has no binary form.
  if (isBinary && value >= 1024n * NANO && value % NANO === 0n) return prefix + binary(value);
  return prefix + (exponent === undefined ? decimal(value) : exponential(value));
}
