import type { Problem } from "./problem";

/** What of a program tells how much memory it takes. */
export interface Memory {
  readonly name: string;
  /** Bytes that the program may use at the most. */
  readonly limit: number;
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

/** How Go, Java and Node are told the size of their heap, and what one of the number is in bytes. */
const HEAPS = [
  { pattern: /^GOMEMLIMIT=(\d+)MiB$/m, unit: 2 ** 20 },
  { pattern: /-Xmx(\d+)m\b/, unit: 2 ** 20 },
  { pattern: /-Xmx(\d+)g\b/, unit: 2 ** 30 },
  { pattern: /--max-old-space-size=(\d+)\b/, unit: 2 ** 20 },
];

/** Heaps that leave nothing of a program's memory limit to what lies outside the heap. */
export function heapProblems({ name, limit, env, files }: Memory): Problem[] {
  const texts = [...Object.entries(env).map(([key, value]) => `${key}=${value}`), ...files];
  return HEAPS.flatMap(({ pattern, unit }) =>
    texts.flatMap((text) => {
      const heap = Number(pattern.exec(text)?.[1] ?? 0) * unit;
      if (heap < limit) return [];
      const what = `its heap of ${heap / 2 ** 20}Mi leaves nothing of its memory limit of ${Math.floor(limit / 2 ** 20)}Mi`;
      const fix = `Lower resources.${name}.heap or raise resources.${name}.memory.`;
      return [{ file: `program ${name}`, what, fix }];
    }),
  );
}
