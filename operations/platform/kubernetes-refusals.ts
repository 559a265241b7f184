import { UsageError } from "../fail";

/** The API server's answer to what it does not do. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Status {
  readonly message?: string;
}

/** What an answer that is no success means for people: one line. */
export function errorOf(status: number, body: string): Error {
  const said = messageIn(body);
  if (status === 401) {
    return new UsageError("the cluster does not know the user; log in again, or choose another kubernetesContext");
  }
  if (status !== 403) return new Refused(status, `the cluster refused (${status}): ${said}`);
  // Admission refuses with the same status as authorization, and says why.
  const missing = / is forbidden: (User .*)$/s.exec(said)?.[1];
  return missing === undefined ? new Refused(status, `the cluster refused: ${said}`) : forbidden(missing);
}

/** @param what names who may not do what. */
export function forbidden(what: string): UsageError {
  return new UsageError(`no permission: ${what}. What an operator needs is in docs/operations.md`);
}

function messageIn(body: string): string {
  try {
    return oneLine((JSON.parse(body) as Status).message ?? body);
  } catch {
    return oneLine(body);
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 500);
}
