import http from "node:http";
import { Duplex } from "node:stream";

import type { ClusterApi, Socket } from "./kubernetes-api";
import { podsIn } from "./kubernetes-objects";
import { openPassage, type Passage } from "./passage";

/** A port of a pod. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** Streams of the port-forward protocol. Each begins with the port's number in two bytes. */
const [DATA, ERROR] = [0, 1];
const NUMBER_BYTES = 2;

/**
 * Opens a passage to one of a program's pods. Each request has a connection of its own, to whatever pod is ready then.
 *
 * @param choose finds the pod.
 */
export function forward(api: ClusterApi, choose: () => Promise<PodPort>): Promise<Passage> {
  return openPassage(async ({ path, method, headers }) => {
    const connection = await connectTo(api, await choose());
    const once = { ...(headers as http.OutgoingHttpHeaders), connection: "close" };
    const options = { path, method, headers: once, createConnection: () => connection };
    return http.request(options as http.RequestOptions);
  }, "the program does not answer through the cluster");
}

/**
 * A connection to a pod's port, past every network policy: it begins inside the pod.
 *
 * @throws Error when the API server does not let it through, or no node answers.
 */
export async function connectTo(api: ClusterApi, { namespace, pod, port }: PodPort): Promise<Duplex> {
  const connection = new PodConnection();
  const path = `${podsIn(namespace, pod)}/portforward?ports=${port}`;
  const what = `forwarding ports of pods in the namespace ${namespace}`;
  connection.attach(await api.socket(path, what, (stream, data) => connection.receive(stream, data)));
  return connection;
}

class PodConnection extends Duplex {
  #socket: Socket | undefined;
  readonly #numbers = new Map<number, number>();

  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => this.destroy(error as Error));
    // The protocol knows no half of a connection: where one side ends, both do.
    socket.on("close", () => this.push(null));
  }

  receive(stream: number, data: Buffer): void {
    const content = this.#withoutNumber(stream, data);
    if (content.length === 0 || this.destroyed) return;
    if (stream === ERROR) this.destroy(new Error(content.toString("utf8").trim()));
    else if (stream === DATA && !this.push(content)) this.#socket?.pause();
  }

  #withoutNumber(stream: number, data: Buffer): Buffer {
    const missing = NUMBER_BYTES - (this.#numbers.get(stream) ?? 0);
    this.#numbers.set(stream, NUMBER_BYTES - Math.max(0, missing - data.length));
    return data.subarray(Math.min(missing, data.length));
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket?.send(Buffer.concat([Buffer.from([DATA as number]), chunk]), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.close();
    done(error);
  }
}
