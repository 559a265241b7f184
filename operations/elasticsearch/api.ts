import type { ProgramOutput } from "../../components/stack-outputs";
import type { PlatformClient } from "../platform/client";

/** Where the files with which curl logs in are in Elasticsearch's container, by what the user may do. */
const LOGINS = "/etc/elasticsearch/secrets";

/** An answer that is no success. */
export class ElasticsearchError extends Error {
  constructor(
    /** HTTP status; 0 when nothing answered. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Question {
  readonly body?: unknown;
  /**
   * How long the answer may take.
   * @default 30
   */
  readonly seconds?: number;
}

/**
 * A stack's Elasticsearch. It is published nowhere, so it is asked from inside its own container: over TLS, by the stack's
 * authority, as a user who may do nothing else, whose password no command line shows.
 */
export class ElasticsearchApi {
  /** @param user `reader` sees lines and the cluster's health, `backup` makes and restores snapshots of indices. */
  constructor(
    private readonly client: PlatformClient,
    private readonly program: ProgramOutput,
    private readonly user: "reader" | "backup",
  ) {}

  /**
   * @param path with its query, without a slash before it.
   * @throws ElasticsearchError for anything but 2xx.
   */
  async ask<T>(method: "GET" | "PUT" | "POST" | "DELETE", path: string, question: Question = {}): Promise<T> {
    const { body, seconds = 30 } = question;
    const { output } = await this.client.exec(this.program, [
      ...["curl", "--config", `${LOGINS}/${this.user}.conf`, "--silent", "--show-error", "--globoff"],
      ...["--max-time", String(seconds), "--request", method, "--write-out", "\n%{http_code}"],
      ...(body === undefined ? [] : ["--header", "Content-Type: application/json", "--data-raw", JSON.stringify(body)]),
      `https://localhost:9200/${path}`,
    ]);
    const [, text = "", code = "0"] = /^([^]*)\n(\d{3})\s*([^]*)$/.exec(output) ?? [];
    const status = Number(code);
    if (status < 200 || status > 299) {
      const answer = (status === 0 ? output : text).trim();
      throw new ElasticsearchError(status, `Elasticsearch, ${method} ${path}: ${status || "no answer"}: ${answer}`);
    }
    return JSON.parse(text) as T;
  }

  /** The same, and nothing for what is not there. */
  async find<T>(path: string): Promise<T | undefined> {
    return this.ask<T>("GET", path).catch((error: unknown) => {
      if (error instanceof ElasticsearchError && error.status === 404) return undefined;
      throw error;
    });
  }

  /** Deletes what may be gone already. */
  async remove(path: string): Promise<void> {
    await this.ask("DELETE", path).catch((error: unknown) => {
      if (!(error instanceof ElasticsearchError && error.status === 404)) throw error;
    });
  }
}
