/** A real node's pods, reached through the API server by the vendor's own client library. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { PassThrough } from "node:stream";

import { CoreV1Api, Exec, KubeConfig, PortForward, type V1Pod, type V1Status } from "@kubernetes/client-node";

import { images, type ImageName } from "../../../components/images";

/** The images of a development stack with both log stores, and of pods that stand for services. */
export function stackImages(): string[] {
  const names: ImageName[] = [
    ...(["prometheus", "alertmanager", "grafana", "jaeger", "otelCollector", "nodeExporter"] as const),
    ...(["redisExporter", "postgresExporter", "loki", "promtail", "busybox"] as const),
    ...(["elasticsearch", "elasticsearchExporter", "kibana", "filebeat"] as const),
  ];
  return names.map((name) => images[name].reference);
}

/** What a command in a container came to. */
export interface Ran {
  readonly code: number;
  readonly output: string;
}

export class NodeAccess {
  readonly #config = new KubeConfig();
  readonly #core: CoreV1Api;
  readonly #servers: Server[] = [];
  readonly #forwards = new Map<string, Promise<string>>();

  constructor(kubeconfig: string) {
    this.#config.loadFromFile(kubeconfig);
    this.#core = this.#config.makeApiClient(CoreV1Api);
  }

  /** Pods of a namespace, or of one program in it. */
  async pods(namespace: string, program?: string): Promise<V1Pod[]> {
    const labelSelector = program === undefined ? undefined : `app.kubernetes.io/name=${program}`;
    return (await this.#core.listNamespacedPod({ namespace, labelSelector })).items;
  }

  /** Address of a port of this machine that leads to one of a program's pods, the one at `index` by name. */
  forward(namespace: string, program: string, port: number, index = 0): Promise<string> {
    const key = [namespace, program, port, index].join();
    const address = this.#forwards.get(key) ?? this.#open(namespace, program, port, index);
    this.#forwards.set(key, address);
    return address;
  }

  /** Runs a command in a program's container. */
  async exec(namespace: string, program: string, command: readonly string[]): Promise<Ran> {
    const pod = await this.#podName(namespace, program);
    const output = new PassThrough();
    const chunks: Buffer[] = [];
    output.on("data", (chunk: Buffer) => chunks.push(chunk));
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(this.#config)
        .exec(namespace, pod, program, [...command], output, output, null, false, resolve)
        .catch(reject);
    });
    const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
    const code = status.status === "Success" ? 0 : Number(cause?.message ?? -1);
    return { code, output: Buffer.concat(chunks).toString("utf8") };
  }

  /** What a program has written since it started. */
  async log(namespace: string, program: string): Promise<string> {
    return this.#core.readNamespacedPodLog({ namespace, name: await this.#podName(namespace, program) });
  }

  /** The last lines of every container that is not ready, or was started before. */
  async unready(namespace: string): Promise<string> {
    const containers = (await this.pods(namespace)).flatMap(({ metadata, status }) =>
      (status?.containerStatuses ?? [])
        .filter(({ ready, restartCount, state }) => restartCount > 0 || (!ready && state?.terminated?.exitCode !== 0))
        .map((container) => ({ pod: metadata?.name ?? "", container })),
    );
    const texts = containers.map(async ({ pod, container: { name, restartCount } }) => {
      const question = { namespace, name: pod, container: name, tailLines: 20 };
      const lines = await this.#core.readNamespacedPodLog(question).catch((error: Error) => error.message);
      return `${pod}, started ${restartCount + 1} times:\n${lines}`;
    });
    return (await Promise.all(texts)).join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #open(namespace: string, program: string, port: number, index: number): Promise<string> {
    const forward = new PortForward(this.#config);
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      this.#podName(namespace, program, index)
        .then((pod) => forward.portForward(namespace, pod, [port], socket, null, socket))
        .catch(() => socket.destroy());
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #podName(namespace: string, program: string, index = 0): Promise<string> {
    const running = (await this.pods(namespace, program)).filter(
      ({ metadata, status }) => status?.phase === "Running" && metadata?.deletionTimestamp === undefined,
    );
    const name = running.map(({ metadata }) => metadata?.name ?? "").sort()[index];
    if (name === undefined) throw new Error(`no pod ${index} of ${program} runs in the namespace ${namespace}`);
    return name;
  }
}
