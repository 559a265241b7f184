import { setImmediate as turn } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import type { ClusterApi, Socket } from "../../operations/platform/kubernetes-api";
import { outcomeOf, runIn } from "../../operations/platform/kubernetes-exec";
import { connectTo, forward } from "../../operations/platform/kubernetes-forward";

/** One end of a connection to a pod; the test is the other. A real kubelet is in tests/e2e/verbs-real-node.test.ts. */
class Pod implements Socket {
  readonly sent: Buffer[] = [];
  paths: string[] = [];
  isPaused = false;
  isClosed = false;
  #message: (stream: number, data: Buffer) => void = () => {};
  readonly #listeners = new Map<string, (reason: unknown) => void>();

  /** Answers to what a client sends. */
  answer: (frame: Buffer) => void = () => {};

  get api(): ClusterApi {
    const socket = (path: string, _what: string, message: (stream: number, data: Buffer) => void) => {
      this.paths.push(path);
      this.#message = message;
      return Promise.resolve(this);
    };
    return { socket } as unknown as ClusterApi;
  }

  says(stream: number, data: string | Buffer): void {
    this.#message(stream, Buffer.from(data));
  }

  send(data: Buffer, sent: () => void): void {
    this.sent.push(data);
    sent();
    this.answer(data);
  }

  ends(): void {
    this.#listeners.get("close")?.(undefined);
  }

  on(event: string, listener: (reason: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  close(): void {
    this.isClosed = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

const TARGET = { namespace: "watch", pod: "loki-0", container: "loki" };
const PORT = { namespace: "watch", pod: "loki-0", port: 3_100 };
/** 3100 in the two bytes with which each stream begins. */
const NUMBER = Buffer.from([0x1c, 0x0c]);

describe("a command in a pod", () => {
  it("gives what it wrote, and succeeded only if the last frame says so", async () => {
    const pod = new Pod();
    const running = outcomeOf(pod.api, TARGET, ["sh", "-c", "echo a b"]);
    await turn();
    pod.says(1, "a b\n");
    pod.says(3, JSON.stringify({ status: "Success" }));
    pod.ends();
    expect(await running).toEqual({ succeeded: true, output: "a b\n" });
    expect(pod.paths[0]).toBe(
      "/api/v1/namespaces/watch/pods/loki-0/exec?container=loki&stdin=true&stdout=true&stderr=true&tty=false&command=sh&command=-c&command=echo+a+b",
    );
    expect(pod.isClosed).toBe(true);
  });

  it.each([
    [
      "it fails",
      { status: "Failure", message: "command terminated with exit code 2" },
      "no such file\n",
      "no such file\n",
    ],
    ["it says nothing", { status: "Failure", message: "exit code 1" }, "", "exit code 1"],
    ["it can not be begun", { status: "Failure", message: "sh: not found" }, "", "sh: not found"],
    ["the connection breaks off", undefined, "", "the connection to the pod broke off"],
  ])("says why, where %s", async (_, status, errors, output) => {
    const pod = new Pod();
    const running = outcomeOf(pod.api, TARGET, ["cat", "a"]);
    await turn();
    if (errors) pod.says(2, errors);
    if (status) pod.says(3, JSON.stringify(status));
    pod.ends();
    expect(await running).toEqual({ succeeded: false, output });
  });

  it("does not wait for ever", async () => {
    const pod = new Pod();
    expect(await outcomeOf(pod.api, TARGET, ["sleep", "1d"], 10)).toEqual({
      succeeded: false,
      output: "no end after 0.01 s",
    });
    expect(pod.isClosed).toBe(true);
  });

  it("tells a pod that writes faster than anyone reads to wait", async () => {
    const pod = new Pod();
    const { stdout, write } = await runIn(pod.api, TARGET, ["tar"]);
    pod.says(1, Buffer.alloc(2 ** 21));
    expect(pod.isPaused).toBe(true);
    stdout.resume();
    await turn();
    expect(pod.isPaused).toBe(false);
    await write(Buffer.from("x"));
    expect(pod.sent).toEqual([Buffer.from([0, 0x78])]);
  });
});

describe("a port of a pod", () => {
  it("is a connection without the port's number in front, however it is cut", async () => {
    const pod = new Pod();
    const connection = await connectTo(pod.api, PORT);
    const read: Buffer[] = [];
    connection.on("data", (chunk: Buffer) => read.push(chunk));
    pod.says(0, NUMBER.subarray(0, 1));
    pod.says(1, NUMBER);
    pod.says(0, Buffer.concat([NUMBER.subarray(1), Buffer.from("he")]));
    pod.says(0, "llo");
    pod.ends();
    await new Promise((resolve) => connection.once("end", resolve));
    expect(Buffer.concat(read).toString()).toBe("hello");
  });

  it("fails with what the pod says of it", async () => {
    const pod = new Pod();
    const connection = await connectTo(pod.api, PORT);
    const failed = new Promise((resolve) => connection.once("error", resolve));
    pod.says(1, Buffer.concat([NUMBER, Buffer.from("connection refused\n")]));
    expect(await failed).toEqual(new Error("connection refused"));
  });

  it("is reached at an address that nobody guesses, by a connection for each request", async () => {
    const pod = new Pod();
    pod.answer = () => {
      pod.says(0, NUMBER);
      pod.says(0, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
      pod.ends();
    };
    const passage = await forward(pod.api, () => Promise.resolve(PORT));
    try {
      expect(await (await fetch(`${passage.url}/ready?now=1`)).text()).toBe("ok");
      expect(await (await fetch(`${passage.url}/ready`)).text()).toBe("ok");
      expect(pod.paths).toEqual(Array(2).fill("/api/v1/namespaces/watch/pods/loki-0/portforward?ports=3100"));
      expect(pod.sent[0]?.toString()).toMatch(/^\0GET \/ready\?now=1 HTTP\/1\.1\r\n/);
      expect((await fetch(new URL("/ready", passage.url))).status).toBe(404);
    } finally {
      passage.close();
    }
  });

  it("answers with what is wrong where no copy is ready", async () => {
    const passage = await forward(new Pod().api, () => Promise.reject(new Error("no copy of loki is ready")));
    const answer = await fetch(`${passage.url}/ready`);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      "the program does not answer through the cluster: no copy of loki is ready",
    ]);
    passage.close();
  });
});
