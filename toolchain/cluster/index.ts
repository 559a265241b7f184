/**
 * A Kubernetes cluster for tests: the real API server, controllers and scheduler as processes of this machine, and
 * simulated nodes on which pods become ready without a container. Nothing is pulled and nothing needs root.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Report } from "../cache";
import { ensureDebianPackage } from "../debian";
import { KubernetesClient, pause, type KubeObject } from "../plugins/kubernetes/client";
import { clusterConnection } from "../plugins/kubernetes/kubeconfig";
import { ensureTool } from "../tools";
import { Authority, type Certificate } from "./certificates";
import { CONTEXT, writeKubeconfig } from "./kubeconfig";
import { firstObjects } from "./objects";
import { freePorts, Processes } from "./processes";

export interface ClusterOptions {
  /** How many nodes; each has 8 cores and 32 GiB, and they are spread over three zones. Default: 3. */
  readonly nodes?: number;
  readonly report?: Report;
}

export interface Cluster {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Ends the cluster's processes and removes its folder. Both also happen when this process ends without it. */
  stop(): Promise<void>;
}

interface Programs {
  readonly etcd: string;
  readonly apiserver: string;
  readonly controllers: string;
  readonly scheduler: string;
  readonly kwok: string;
}

const READY_MS = 60_000;
const POLL_MS = 50;
const SERVICE_ADDRESSES = "10.96.0.0/16";
const POD_ADDRESSES = "10.244.0.0/16";

/**
 * Starts a cluster on free ports of the loopback address. The programs are built or fetched first where they are not
 * in the cache yet, which takes minutes; a start takes seconds.
 *
 * @throws when a program can be neither found nor built, or when the cluster is not ready after a minute; the message
 * holds the end of the log of the process that failed.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes = 3, report = () => {} } = options;
  const programs = await ensurePrograms(report);
  const folder = await mkdtemp(path.join(tmpdir(), "test-cluster-"));
  const processes = new Processes(folder);
  try {
    const kubeconfig = await startProcesses(programs, folder, processes);
    await fill(kubeconfig, nodes, processes);
    return { kubeconfig, context: CONTEXT, stop: () => processes.stop() };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}

async function ensurePrograms(report: Report): Promise<Programs> {
  const { root } = await ensureDebianPackage("etcd-server", report);
  return {
    etcd: path.join(root, "usr", "bin", "etcd"),
    apiserver: await ensureTool("kube-apiserver", report),
    controllers: await ensureTool("kube-controller-manager", report),
    scheduler: await ensureTool("kube-scheduler", report),
    kwok: await ensureTool("kwok", report),
  };
}

async function startProcesses(programs: Programs, folder: string, processes: Processes): Promise<string> {
  const [clientPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  const etcd = `http://127.0.0.1:${clientPort}`;
  const server = `https://127.0.0.1:${apiPort}`;
  processes.start(programs.etcd, etcdArguments(folder, etcd, `http://127.0.0.1:${peerPort}`));

  const authority = new Authority(folder);
  await authority.create();
  const names = "IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc";
  const [serving, accounts, admin, controllers, scheduler] = await Promise.all([
    authority.sign("apiserver", "/CN=kube-apiserver", names),
    authority.keyPair("service-accounts"),
    authority.sign("admin", "/O=system:masters/CN=admin"),
    authority.sign("controllers", "/CN=system:kube-controller-manager"),
    authority.sign("scheduler", "/CN=system:kube-scheduler"),
  ]);
  processes.start(programs.apiserver, apiserverArguments(etcd, apiPort, authority.cert, serving, accounts));

  const write = (name: string, user: Certificate): Promise<string> =>
    writeKubeconfig(path.join(folder, `${name}.kubeconfig`), server, authority.cert, user);
  const [adminConfig, controllersConfig, schedulerConfig] = await Promise.all([
    write("admin", admin),
    write("controllers", controllers),
    write("scheduler", scheduler),
  ]);
  await waitForServer(adminConfig, processes);
  processes.start(programs.controllers, controllerArguments(controllersConfig, accounts.key, authority.cert));
  processes.start(programs.scheduler, [...clientArguments(schedulerConfig), "--leader-elect=false", "--secure-port=0"]);
  processes.start(programs.kwok, kwokArguments(adminConfig));
  return adminConfig;
}

function etcdArguments(folder: string, client: string, peer: string): string[] {
  return [
    `--data-dir=${path.join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

function apiserverArguments(
  etcd: string,
  port: number,
  authority: string,
  serving: Certificate,
  accounts: { readonly key: string; readonly publicKey: string },
): string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    // The server's own endpoints may not be on the loopback address, and no pod looks for them.
    "--endpoint-reconciler-type=none",
    `--tls-cert-file=${serving.cert}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${authority}`,
    // Lists by watching need a later etcd than Debian's; each program that asks for one in vain waits ever longer.
    "--feature-gates=WatchList=false",
    "--authorization-mode=RBAC",
    "--allow-privileged=true",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${accounts.publicKey}`,
    `--service-account-signing-key-file=${accounts.key}`,
    `--service-cluster-ip-range=${SERVICE_ADDRESSES}`,
  ];
}

function clientArguments(kubeconfig: string): string[] {
  return [`--kubeconfig=${kubeconfig}`, "--kube-api-qps=500", "--kube-api-burst=1000"];
}

function controllerArguments(kubeconfig: string, accountsKey: string, authority: string): string[] {
  return [
    ...clientArguments(kubeconfig),
    "--leader-elect=false",
    "--secure-port=0",
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${accountsKey}`,
    `--root-ca-file=${authority}`,
  ];
}

function kwokArguments(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${path.join(__dirname, "stages.yaml")}`,
    "--manage-all-nodes",
    `--cidr=${POD_ADDRESSES}`,
    "--node-ip=192.0.2.10",
    "--node-lease-duration-seconds=40",
  ];
}

async function waitForServer(kubeconfig: string, processes: Processes): Promise<void> {
  const client = new KubernetesClient(clusterConnection({ kubeconfig }));
  await until("the API server does not answer", processes, () => client.raw("GET", "/readyz").then(() => true));
  client.close();
}

async function fill(kubeconfig: string, nodes: number, processes: Processes): Promise<void> {
  const client = new KubernetesClient(clusterConnection({ kubeconfig }));
  await Promise.all(firstObjects(nodes).map(([to, body]) => client.call("POST", to, { body })));
  await until("the nodes are not ready", processes, async () => {
    const list = await client.call<{ items: KubeObject[] }>("GET", "/api/v1/nodes");
    return list.items.every(isReadyNode);
  });
  // Pods of the default namespace are refused until it is there.
  await until("the service account 'default' is not there", processes, async () => {
    return (await client.find("/api/v1/namespaces/default/serviceaccounts/default")) !== undefined;
  });
  client.close();
}

function isReadyNode(node: KubeObject): boolean {
  const { conditions = [] } = node["status"] as { conditions?: { type: string; status: string }[] };
  const { taints = [] } = (node["spec"] ?? {}) as { taints?: unknown[] };
  return taints.length === 0 && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

async function until(complaint: string, processes: Processes, reached: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    if (await reached().catch(() => false)) return;
    await processes.check();
    if (Date.now() > deadline) throw new Error(`${complaint} after ${READY_MS / 1000} s; the test cluster was stopped`);
    await pause(POLL_MS);
  }
}
