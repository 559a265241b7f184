import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { dump } from "js-yaml";

/** What the check of a cluster asks for, where the stack's namespace is `watch`. */
export const NODES = "/api/v1/nodes?limit=500";
export const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
export const CLAIMS = "/api/v1/namespaces/watch/persistentvolumeclaims";

export const node = (memory: string, spec: object = {}) => ({ spec, status: { allocatable: { memory } } });

export function storageClass(name: string, isDefault = false) {
  const annotations = isDefault ? { "storageclass.kubernetes.io/is-default-class": "true" } : {};
  return { metadata: { name, annotations } };
}

/** A cluster's API as far as it is asked before a stack is made. */
export class ApiServer {
  /** Items of each list, by path; a number is a status. What is missing is not found. */
  answers: Record<string, readonly object[] | number> = {
    [NODES]: [node("8Gi"), node("8388608Ki"), node("8589934592")],
    [CLASSES]: [storageClass("slow"), storageClass("fast", true)],
    [CLAIMS]: [],
  };
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[] = [];

  private constructor(
    readonly folder: string,
    private readonly server: Server,
  ) {}

  static async start(): Promise<ApiServer> {
    const server = createServer();
    const api = new ApiServer(await mkdtemp(path.join(tmpdir(), "cluster-check-")), server);
    server.on("request", ({ url = "", headers: { authorization } }, response) => {
      api.asked.push({ path: url, authorization });
      const answer = api.answers[url] ?? 404;
      response.statusCode = typeof answer === "number" ? answer : 200;
      response.end(typeof answer === "number" ? "" : JSON.stringify({ items: answer }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Path of a kubeconfig that leads to this server, or to another address, as the user that is given. */
  async kubeconfig(user: object = { token: "a token" }, address?: string): Promise<string> {
    const file = path.join(this.folder, "config");
    const server = address ?? `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    const config = {
      "current-context": "here",
      clusters: [{ name: "one", cluster: { server } }],
      users: [{ name: "me", user }],
      contexts: [
        { name: "here", context: { cluster: "one", user: "me" } },
        { name: "broken", context: { cluster: "gone", user: "me" } },
      ],
    };
    await writeFile(file, dump(config));
    return file;
  }
}
