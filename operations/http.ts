/** A program that answers locally does so within this time, or something is wrong with it. */
const TIMEOUT_MS = 5_000;

/**
 * What an address answers with, as JSON.
 *
 * @throws Error with the address and the answer's beginning for anything but 2xx; with the reason when nothing answers.
 */
export async function getJson<T>(url: string, init: RequestInit = {}): Promise<T> {
  const text = await send(url, init);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`${url} did not answer with JSON: ${text.slice(0, 200)}`);
  }
}

/** Sends JSON; throws as `getJson` does. */
export async function postJson(url: string, body: unknown, init: RequestInit = {}): Promise<void> {
  const headers = { ...init.headers, "content-type": "application/json" };
  await send(url, { ...init, method: "POST", headers, body: JSON.stringify(body) });
}

async function send(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init }).catch((error: Error) => {
    const cause = error.cause as { code?: string } | undefined;
    throw new Error(`${url} does not answer (${cause?.code ?? error.message})`);
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.trim().slice(0, 300)}`);
  return text;
}
