import type { ProgramOutput } from "../../components/stack-outputs";
import { waitForHealth } from "../health";
import type { PlatformClient } from "../platform/client";

/** How long Prometheus waits for Alertmanager, which is ready within seconds. It starts then all the same. */
const PATIENCE_SECONDS = 60;

/**
 * Starts programs in their order; Prometheus once Alertmanager is ready: it gives up an alert that nobody takes, and sends it
 * again only minutes later.
 */
export async function startInTurn(client: PlatformClient, programs: readonly ProgramOutput[]): Promise<void> {
  const alertmanager = programs.find(({ name }) => name === "alertmanager");
  for (const program of programs) {
    // The platform itself tells of Alertmanager's health, so Prometheus need not be asked.
    if (program.name === "prometheus" && alertmanager)
      await waitForHealth(client, [alertmanager], "", PATIENCE_SECONDS);
    await client.start(program);
  }
}
