import { request } from "node:https";

import { load } from "js-yaml";

import { docker, exec } from "./test-stack";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

interface Question {
  readonly method?: string;
  readonly login: Login;
  readonly body?: unknown;
}

export interface Hit {
  readonly _index: string;
  readonly _source: Readonly<Record<string, unknown>>;
}

/** A stack's Elasticsearch, asked from this machine at its address inside the stack's networks. */
export class Elasticsearch {
  private constructor(
    readonly address: string,
    readonly authority: string,
    /** The user that may do everything. */
    readonly elastic: Login,
  ) {}

  static async of(stack: string): Promise<Elasticsearch> {
    const container = `${stack}-elasticsearch`;
    return new Elasticsearch(await addressOf(container), await fileIn(container, "/etc/elasticsearch/secrets/ca.crt"), {
      user: "elastic",
      password: await fileIn(container, "/etc/elasticsearch/secrets/elastic-password"),
    });
  }

  ask(path: string, { method = "GET", login, body }: Question): Promise<Answer> {
    const options = {
      host: this.address,
      port: 9200,
      path,
      method,
      ca: this.authority,
      servername: "elasticsearch",
      auth: `${login.user}:${login.password}`,
      headers: { "content-type": "application/json" },
      timeout: 20_000,
    };
    return new Promise((resolve, reject) => {
      const question = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode as number, body: text === "" ? undefined : JSON.parse(text) });
        });
      });
      question.on("error", reject);
      question.on("timeout", () => question.destroy(new Error(`${path}: no answer in 20 s`)));
      question.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Documents that a query in Lucene's words finds, the latest first. */
  async search(index: string, query: string): Promise<readonly Hit[]> {
    const path = `/${index}/_search?sort=@timestamp:desc&size=100&q=${encodeURIComponent(query)}`;
    const { status, body } = await this.ask(path, { login: this.elastic });
    if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
    return (body as { hits: { hits: readonly Hit[] } }).hits.hits;
  }

  /** How many documents a query as Grafana sends it finds, or how many values of a field they have. */
  async count(index: string, query: string, field?: string): Promise<number> {
    const asked = {
      size: 0,
      query: { bool: { filter: [{ query_string: { analyze_wildcard: true, query } }] } },
      ...(field === undefined ? {} : { aggs: { values: { terms: { field, size: 20 } } } }),
    };
    const { status, body } = await this.ask(`/${index}/_search`, { method: "POST", login: this.elastic, body: asked });
    if (status !== 200) throw new Error(`${query} answered ${status}: ${JSON.stringify(body)}`);
    type Found = { hits: { total: { value: number } }; aggregations?: { values: { buckets: readonly unknown[] } } };
    const { hits, aggregations } = body as Found;
    return aggregations?.values.buckets.length ?? hits.total.value;
  }
}

/** The user that Filebeat writes as, by what its container was given. */
export async function filebeatLogin(stack: string): Promise<Login> {
  const text = await fileIn(`${stack}-filebeat`, "/etc/filebeat/secrets/output.yml");
  return {
    user: "filebeat",
    password: (load(text) as Record<string, string>)["output.elasticsearch.password"] as string,
  };
}

/** The user that the exporter asks as, by what its container was given. */
export async function exporterLogin(stack: string): Promise<Login> {
  const text = await fileIn(`${stack}-elasticsearch-exporter`, "/etc/elasticsearch-exporter/secrets/login");
  const { username, password } = new URL(text.trim().replace("--es.uri=", ""));
  return { user: username, password };
}

/** Where this machine reaches a container, inside one of its networks. */
export async function addressOf(container: string): Promise<string> {
  const { NetworkSettings } = await docker.getContainer(container).inspect();
  const [network] = Object.values(NetworkSettings.Networks);
  return network?.IPAddress as string;
}

async function fileIn(container: string, path: string): Promise<string> {
  const { code, output } = await exec(container, ["cat", path]);
  if (code !== 0) throw new Error(`${container} has no ${path}: ${output}`);
  return output.replaceAll("\r\n", "\n");
}
