/** A quantity that was written in a settings file, with the text as it was written. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

/** The least and the most of a quantity, as they are written. */
export interface Bounds {
  readonly least: string;
  readonly most: string;
}

const BYTES: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Seconds of each unit, in the order in which a duration is written. */
const SECONDS = { y: 31_536_000, w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
const DURATION = new RegExp(
  `^(?=\\d)${Object.keys(SECONDS)
    .map((unit) => `(?:(\\d+)${unit})?`)
    .join("")}$`,
);

const SIZES: Bounds = { least: "1Mi", most: "16Ti" };
const CORES = { least: 0.01, most: 1024 };
/** Go, in which most programs are written, counts no more than 292 years. */
const DURATIONS: Bounds = { least: "1s", most: "100y" };

/**
 * Bytes from a Kubernetes binary quantity such as `512Mi` or `4Gi`. Whole MiB: Docker counts in them.
 *
 * A bare number is refused: `512` means 512 bytes to Kubernetes and is never what was meant.
 */
export function parseBytes(text: string, { least, most }: Bounds = SIZES): Parsed<number> {
  const value = bytesIn(text);
  return value % 2 ** 20 === 0 && value >= bytesIn(least) && value <= bytesIn(most)
    ? { ok: true, value }
    : { ok: false, expected: `a size from ${least} to ${most} in whole Mi, written like 512Mi or 4Gi` };
}

/** Bytes of a Kubernetes binary quantity; NaN where it is none. */
export function bytesIn(text: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti)$/.exec(text) ?? [];
  return Number(amount) * (BYTES[unit] ?? NaN);
}

/** CPU cores from `0.5`, `2` or Kubernetes millicores such as `500m`. Neither platform counts in less than thousandths. */
export function parseCpu(text: string): Parsed<number> {
  const [, cores, thousandths] = /^(?:(\d+(?:\.\d{1,3})?)|(\d+)m)$/.exec(text) ?? [];
  const value = cores === undefined ? Number(thousandths) / 1000 : Number(cores);
  return value >= CORES.least && value <= CORES.most
    ? { ok: true, value }
    : {
        ok: false,
        expected: `a number of cores from ${CORES.least} to ${CORES.most} in thousandths, written like 0.5, 2 or 500m`,
      };
}

/** Seconds from a Prometheus duration such as `15d`, `48h` or `1h30m`. */
export function parseDuration(text: string, { least, most }: Bounds = DURATIONS): Parsed<number> {
  const value = secondsIn(text);
  return value >= secondsIn(least) && value <= secondsIn(most)
    ? { ok: true, value }
    : { ok: false, expected: `a duration from ${least} to ${most}, written like 30s, 48h or 15d` };
}

/** Seconds of a Prometheus duration; NaN where it is none. */
function secondsIn(text: string): number {
  const [, ...amounts] = DURATION.exec(text) ?? [];
  if (amounts.length === 0) return NaN;
  return Object.values(SECONDS).reduce((sum, seconds, index) => sum + Number(amounts[index] ?? 0) * seconds, 0);
}

/** The whole number that a text of digits stands for, such as a port. */
export function parseWhole(text: string, what: string, least: number, most: number): Parsed<number> {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most
    ? { ok: true, value }
    : { ok: false, expected: `${what} from ${least} to ${most}` };
}

/** Percent from `20` or `0.5`. */
export function parsePercent(text: string): Parsed<number> {
  const value = /^\d{1,3}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  return value <= 100 ? { ok: true, value } : { ok: false, expected: "a number of percent from 0 to 100" };
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
