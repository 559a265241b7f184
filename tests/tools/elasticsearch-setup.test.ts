import { describe, expect, it } from "vitest";

import { runCommand, type CommandResult } from "../../toolchain/command";
import { useRenderedElk } from "./support/elk";
import { fakeServer, type Asked, type Reply } from "./support/fake-server";
import { expectAccepted, expectRefused } from "./support/tool";

const DIRECTORY = "/etc/elasticsearch-setup";
const OK: Reply = { status: 200, body: '{"status":"green"}' };

const rendered = useRenderedElk(["with Logstash"]);

/** Runs the script of the stack against a server, and shows which arguments its curl was given. */
async function setUp(url: string): Promise<CommandResult> {
  const files = rendered("with Logstash");
  const env = { SETUP_ATTEMPTS: "3", SETUP_PAUSE: "0.1", SETUP_LOGINS: "2" };
  return runCommand("bash", ["-x", files.at(`${DIRECTORY}/setup.sh`), await directory(), url], { env });
}

/** Its files, with curl's options for a server without TLS. */
async function directory(): Promise<string> {
  const files = rendered("with Logstash");
  const options = await files.read(`${DIRECTORY}/secrets/curl.conf`);
  await files.put(`${DIRECTORY}/secrets/curl.conf`, options.replace(/^cacert.*\n/m, ""));
  return files.at(DIRECTORY);
}

const steps = async () => (await rendered("with Logstash").read(`${DIRECTORY}/steps`)).trimEnd().split("\n");
const summary = ({ method, path }: Asked) => `${method} ${path.replace(/^\//, "")}`;

describe("setup.sh of Elasticsearch", () => {
  it("does every step once, in order, with its body, and the same the second time", async () => {
    const { url, asked } = await fakeServer(() => OK);
    expectAccepted(await setUp(url));
    const expected = (await steps()).map((line) => line.split(" ").slice(0, 2).join(" "));
    const [health, ...rest] = asked.map(summary);
    expect(health).toContain("GET _cluster/health");
    expect(rest).toEqual(expected);
    const template = asked.find(({ path }) => path === "/_index_template/pyairtable-logs");
    expect(template?.body).toBe(await rendered("with Logstash").read(`${DIRECTORY}/bodies/index-template.json`));
    const first = asked.splice(0);
    expectAccepted(await setUp(url));
    expect(asked).toEqual(first);
  });

  it("logs in as elastic, and puts no password on a command line or into its log", async () => {
    const { url, asked } = await fakeServer(() => OK);
    const { output } = await setUp(url);
    const login = Buffer.from("elastic:secretmark-elastic").toString("base64");
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Basic ${login}`]));
    // The shell wrote every command that it ran.
    expect(output).toContain("--request PUT");
    expect(output).not.toContain("secretmark");
  });

  it("waits for a server that is busy", async () => {
    const { url, asked } = await fakeServer((_, index) => (index < 2 ? { status: 503 } : OK));
    expectAccepted(await setUp(url));
    expect(asked).toHaveLength((await steps()).length + 3);
  });

  it("does not mind that what it deletes is gone", async () => {
    const { url } = await fakeServer(({ method }) => (method === "DELETE" ? { status: 404 } : OK));
    expectAccepted(await setUp(url));
  });

  it("stops at a step that is refused, and says which and why", async () => {
    const { url, asked } = await fakeServer(({ path }) =>
      path.startsWith("/_ilm") ? { status: 400, body: '{"error":"no such action"}' } : OK,
    );
    expectRefused(
      await setUp(url),
      /setup failed: PUT _ilm\/policy\/pyairtable-logs, 400: \{"error":"no such action"\}/,
    );
    expect(asked.map(summary)).not.toContain("PUT _index_template/pyairtable-logs");
  });

  it("tries a login again, which is refused while the index of the users has not started", async () => {
    const { url, asked } = await fakeServer((_, index) => (index === 0 || index === 2 ? { status: 401 } : OK));
    expectAccepted(await setUp(url));
    expect(asked).toHaveLength((await steps()).length + 3);
  });

  it("says what to do about a password that somebody changed", async () => {
    const { url, asked } = await fakeServer(() => ({ status: 401 }));
    const changed = await setUp(url);
    expect(asked).toHaveLength(2);
    expectRefused(changed, /the password of elastic is refused[^]*pulumi config set --secret elasticPassword/);
  });

  it("waits for indices to start, and says of one that does not why", async () => {
    const { url } = await fakeServer(({ path }, index) =>
      path.startsWith("/_cluster/health") && index < 2 ? { status: 408, body: '{"status":"red"}' } : OK,
    );
    expectAccepted(await setUp(url));
    const red = await fakeServer(({ path }) =>
      path.startsWith("/_cluster/health")
        ? { status: 408, body: '{"status":"red"}' }
        : { status: 200, body: '{"index":".security-7","explanation":"the disk is full"}' },
    );
    expectRefused(await setUp(red.url), /the cluster is red, and stays so[^]*[.]security-7[^]*the disk is full/);
    expect(red.asked.at(-1)?.path).toContain("/_cluster/allocation/explain");
  });

  it("gives up on a server that never answers", async () => {
    const { url, asked } = await fakeServer(() => ({ status: 503, body: "starting" }));
    expectRefused(await setUp(url), /gave no answer in 3 attempts; the last was 503: starting/);
    expect(asked).toHaveLength(3);
  });
});
