/** A quantity that was written in a settings file, with the text as it was written. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

const BYTES: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/**
 * Bytes from a Kubernetes binary quantity such as `512Mi` or `4Gi`.
 *
 * A bare number is refused: `512` means 512 bytes to Kubernetes and is never what was meant.
 */
export function parseBytes(text: string): Parsed<number> {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti)$/.exec(text);
  const value = match ? Number(match[1]) * (BYTES[match[2] as string] as number) : 0;
  return value > 0
    ? { ok: true, value: Math.round(value) }
    : { ok: false, expected: "a size with a unit, such as 512Mi or 4Gi" };
}

/** CPU cores from `0.5`, `2` or Kubernetes millicores such as `500m`. */
export function parseCpu(text: string): Parsed<number> {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  const value = match ? Number(match[1]) / (match[2] ? 1000 : 1) : 0;
  return value > 0 ? { ok: true, value } : { ok: false, expected: "a number of cores, such as 0.5, 2 or 500m" };
}

/** Seconds from a Prometheus duration such as `15d`, `48h` or `1h30m`. */
export function parseDuration(text: string): Parsed<number> {
  if (!/^(\d+[smhdwy])+$/.test(text)) return { ok: false, expected: "a duration, such as 15d, 48h or 30s" };
  let value = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhdwy])/g)) {
    value += Number(amount) * (SECONDS[unit as string] as number);
  }
  return value > 0 ? { ok: true, value } : { ok: false, expected: "a duration above zero, such as 15d" };
}

/** A duration in the largest unit of hours, minutes or seconds that keeps it whole: `336h`, `30m`, `15s`. */
export function formatDuration(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  if (seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}

/** A size in the largest binary unit that keeps it whole: `512Mi`, `4Gi`. */
export function formatBytes(bytes: number): string {
  for (const unit of ["Ti", "Gi", "Mi", "Ki"]) {
    const size = BYTES[unit] as number;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}`;
}
