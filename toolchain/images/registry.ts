import type Docker from "dockerode";

/** What the engine can get from a registry. */
export type Reach = { readonly reachable: true } | { readonly reachable: false; readonly reason: string };

const PROBE_MS = 5_000;
const DEFAULT_REGISTRY = "docker.io";
// What a registry says when it was reached and does not give the image. Everything else is taken for a registry that
// cannot be reached: name resolution, refused connections, time limits, blocking proxies.
const REFUSAL = /unauthorized|denied|manifest unknown|not found|toomanyrequests|no basic auth credentials/i;

/** The registry of an image reference: `quay.io` of `quay.io/a/b:1`, `docker.io` of `a/b:1`. */
export function registryOf(reference: string): string {
  const first = reference.split("/")[0] ?? "";
  const isHost = reference.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return isHost ? first : DEFAULT_REGISTRY;
}

/** Whether a message of the engine says that the registry answered and refused, rather than that it is out of reach. */
export function isRefusal(message: string): boolean {
  return REFUSAL.test(message);
}

/**
 * Asks the engine whether it reaches the registry of `reference`, within a few seconds. The engine is asked because
 * it may stand on another machine, or use a mirror or a proxy that this process knows nothing of.
 */
export async function probeRegistry(docker: Docker, reference: string): Promise<Reach> {
  try {
    await inspectDistribution(docker, reference);
    return { reachable: true };
  } catch (error) {
    const { name, message } = error as Error;
    if (isRefusal(message)) {
      return { reachable: true };
    }
    const reason = /Abort|Timeout/.test(name) ? `no answer within ${PROBE_MS / 1000} s` : engineMessage(message);
    return { reachable: false, reason };
  }
}

/** Pulls an image. */
export async function pull(docker: Docker, reference: string): Promise<void> {
  const stream = await docker.pull(reference);
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
  });
}

/** The engine's own sentence, without the HTTP status that the client puts before it. */
export function engineMessage(message: string): string {
  return message.replace(/^\(HTTP code \d+\)[^-]*- /, "").trim();
}

function inspectDistribution(docker: Docker, reference: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = {
      path: `/distribution/${reference}/json`,
      method: "GET",
      abortSignal: AbortSignal.timeout(PROBE_MS),
      statusCodes: { 200: true },
    };
    docker.modem.dial(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}
