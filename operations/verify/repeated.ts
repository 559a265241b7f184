import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 5_000;

interface Repetition<T> {
  readonly isGood: (result: T) => boolean;
  /** Milliseconds after which no attempt is begun any more; 0 for one alone. */
  readonly ms: number;
  /** Told of each result that is not good and not the last. */
  readonly again: (result: T) => void;
  /** Waits that many milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Repeats an attempt until it is good, or the time is over. The last one counts. */
export async function repeated<T>(
  attempt: () => Promise<T>,
  { isGood, ms, again, pause = sleep }: Repetition<T>,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const result = await attempt();
    if (isGood(result) || Date.now() + PAUSE_MS > end) return result;
    again(result);
    await pause(PAUSE_MS);
  }
}
