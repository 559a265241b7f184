import { setTimeout as sleep } from "node:timers/promises";

import type { Report } from "../../cache";

const PAUSE_MS = 300;

/**
 * Does something again and again until it is stopped. What one round could not do, the next one does; why it could not
 * is said once for each reason. This process may end in the meantime.
 */
export class Rounds {
  private readonly stopped = new AbortController();
  private readonly loop: Promise<void>;
  private readonly said = new Set<string>();

  public constructor(
    private readonly round: () => Promise<void>,
    private readonly report: Report,
  ) {
    this.loop = this.run();
  }

  public async stop(): Promise<void> {
    this.stopped.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      await this.round().catch((error: unknown) => this.say(String(error)));
      await sleep(PAUSE_MS, undefined, { ref: false, signal }).catch(() => undefined);
    }
  }

  private say(message: string): void {
    if (this.said.has(message)) return;
    this.said.add(message);
    this.report(message);
  }
}
