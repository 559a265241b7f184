import Table from "cli-table3";

/** Rows under a head, as wide as their content. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size as people read it, with two or three digits: `34 MiB`, `1.2 GiB`. */
export function size(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1_024 && unit < UNITS.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] as string}`;
}

/** A part of a whole, in percent. */
export function share(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((part / whole) * 100)} %` : "";
}
