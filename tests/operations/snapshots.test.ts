import { describe, expect, it } from "vitest";

import type { ArchivedVolume } from "../../operations/backup/manifest";
import { checkRoomFor, type Step } from "../../operations/backup/plan";
import { SNAPSHOTS, Snapshots, snapshotVolume, WRITTEN } from "../../operations/backup/snapshots";
import { ElasticsearchApi } from "../../operations/elasticsearch/api";
import type { PlatformClient } from "../../operations/platform/client";
import { stoppedTogether } from "../../operations/verbs/backup";
import { programOf } from "./support/folder-client";

const elasticsearch = {
  ...programOf("elasticsearch"),
  data: ["elasticsearch", SNAPSHOTS].map((name) => ({ name, handle: `stack-${name}`, size: 2 ** 30 })),
};

/** Elasticsearch behind a container's curl, which writes the answer and then the status. */
function answering(answer: (request: string) => readonly [status: number, body: unknown]) {
  const commands: (readonly string[])[] = [];
  const exec: PlatformClient["exec"] = (_, command) => {
    commands.push(command);
    const request = `${command[command.indexOf("--request") + 1]} ${(command.at(-1) as string).replace(/^https:\/\/[^/]+\//, "")}`;
    const [status, body] = answer(request);
    return Promise.resolve({ succeeded: true, output: `${JSON.stringify(body)}\n${status}` });
  };
  const requests = () =>
    commands.map(
      (command) => `${command[command.indexOf("--request") + 1]} ${new URL(command.at(-1) as string).pathname}`,
    );
  return { client: { exec } as PlatformClient, commands, requests };
}

const snapshot = (state: string, failures: object[] = []) => [200, { snapshots: [{ state, failures }] }] as const;
const isRead = (request: string) => request.startsWith("GET _snapshot/");

describe("Elasticsearch, asked from inside its container", () => {
  it("knows the server, and is told who asks by a file", async () => {
    const { client, commands } = answering(() => [200, { count: 1 }]);
    const api = new ElasticsearchApi(client, elasticsearch, "reader");
    expect(await api.ask("POST", "_count", { body: { query: {} } })).toEqual({ count: 1 });
    expect(commands[0]).toEqual(
      expect.arrayContaining([
        "/etc/elasticsearch/secrets/reader.conf",
        '{"query":{}}',
        "https://localhost:9200/_count",
      ]),
    );
    expect(commands[0]).not.toContain("--insecure");
  });

  it("throws what it answers, and finds nothing where nothing is", async () => {
    const { client } = answering((request) => (request.endsWith("gone") ? [404, {}] : [403, { error: "not yours" }]));
    const api = new ElasticsearchApi(client, elasticsearch, "reader");
    await expect(api.ask("GET", "lines")).rejects.toThrow(/GET lines: 403: .*not yours/);
    expect(await api.find("gone")).toBeUndefined();
    await expect(api.remove("gone")).resolves.toBeUndefined();
    await expect(api.remove("lines")).rejects.toThrow("403");
  });

  it("says when nothing answers", async () => {
    const exec = () => Promise.resolve({ succeeded: false, output: "curl: (7) refused\n\n000" });
    const api = new ElasticsearchApi({ exec } as unknown as PlatformClient, elasticsearch, "reader");
    await expect(api.ask("GET", "x")).rejects.toThrow(/no answer: curl: \(7\) refused/);
  });
});

describe("a snapshot", () => {
  it("is of the lines and of Jaeger's indices, in place of an earlier one", async () => {
    const { client, commands, requests } = answering((request) => (isRead(request) ? snapshot("SUCCESS") : [200, {}]));
    await new Snapshots(client, elasticsearch).create(WRITTEN);
    expect(requests()).toEqual([
      "PUT /_snapshot/pyairtable-backup",
      "DELETE /_snapshot/pyairtable-backup/lines",
      "PUT /_snapshot/pyairtable-backup/lines",
      "GET /_snapshot/pyairtable-backup/lines",
    ]);
    const body = commands[2]?.find((argument) => argument.startsWith("{"));
    expect(JSON.parse(body as string)).toEqual({
      indices: ["logs-pyairtable*", "jaeger-*"],
      ignore_unavailable: true,
      include_global_state: false,
    });
  });

  it("that is not whole is removed again, and its reason told", async () => {
    const failure = { index: "logs", reason: "the disk is full" };
    const { client, requests } = answering((request) => (isRead(request) ? snapshot("PARTIAL", [failure]) : [200, {}]));
    await expect(new Snapshots(client, elasticsearch).create(WRITTEN)).rejects.toThrow(
      "Elasticsearch's snapshot is PARTIAL: logs: the disk is full",
    );
    expect(requests().at(-1)).toBe("DELETE /_snapshot/pyairtable-backup/lines");
  });

  it("ends when the backup is interrupted", async () => {
    const { client, requests } = answering((request) => (isRead(request) ? snapshot("IN_PROGRESS") : [200, {}]));
    const created = new Snapshots(client, elasticsearch).create(WRITTEN, AbortSignal.abort(new Error("interrupted")));
    await expect(created).rejects.toThrow("interrupted");
    expect(requests().at(-1)).toBe("DELETE /_snapshot/pyairtable-backup/lines");
  });

  it("of which a shard does not come back is no restore", async () => {
    const { client } = answering(() => [200, { snapshot: { shards: { total: 3, successful: 2 } } }]);
    await expect(new Snapshots(client, elasticsearch).restore(WRITTEN, {})).rejects.toThrow("restored 2 of 3 shards");
  });
});

describe("a backup of Elasticsearch", () => {
  it("needs a folder that all of its nodes write to", () => {
    expect(snapshotVolume(elasticsearch).handle).toBe("stack-elasticsearch-snapshots");
    const alone = { ...elasticsearch, data: elasticsearch.data.slice(0, 1) };
    expect(() => snapshotVolume(alone)).toThrow(/config set --path elasticsearchSnapshots\.storageClass/);
  });

  it("does not stop it", () => {
    expect(stoppedTogether([elasticsearch, programOf("filebeat")]).flat()).toEqual([programOf("filebeat")]);
  });

  it("takes room for the snapshot and for the indices that are made of it", () => {
    const archive = { data: SNAPSHOTS, unpacked: 100 } as ArchivedVolume;
    const step: Step = { archive, program: elasticsearch, volume: "v" };
    const use = { volume: "v", disk: "sda", used: 1, total: 1_000 };
    expect(() => checkRoomFor([step], [{ ...use, free: 199 }])).toThrow(/takes 200 B/);
    expect(() => checkRoomFor([step], [{ ...use, free: 200 }])).not.toThrow();
  });
});
