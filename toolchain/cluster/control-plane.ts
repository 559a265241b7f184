import path from "node:path";

import type { Report } from "../cache";
import { ensureDebianPackage } from "../debian";
import { freePorts } from "../free-ports";
import { KubernetesClient, pause } from "../plugins/kubernetes/client";
import { clusterConnection } from "../plugins/kubernetes/kubeconfig";
import { ensureTool } from "../tools";
import { Authority, type Certificate } from "./certificates";
import { writeKubeconfig } from "./kubeconfig";
import type { Processes } from "./processes";

/** The programs of a control plane, by path. */
export interface ControlPrograms {
  readonly etcd: string;
  readonly apiserver: string;
  readonly controllers: string;
  readonly scheduler: string;
}

/** Where the API server is, and what it offers to nodes that are real. */
export interface ControlPlace {
  readonly address: string;
  readonly port: number;
  /** Whether pods look for the API server and it looks for kubelets. */
  readonly realNodes: boolean;
}

export interface ControlPlane {
  readonly server: string;
  /** Kubeconfig of a user who may do everything. */
  readonly kubeconfig: string;
  readonly authority: Authority;
  /** Writes the kubeconfig of another user, whom openssl would write as `subject`. */
  user(name: string, subject: string): Promise<string>;
}

const READY_MS = 60_000;
const POLL_MS = 50;
const SERVICE_ADDRESSES = "10.96.0.0/16";
/** The API server's own address among the services. */
const SERVER_SERVICE = "10.96.0.1";

export async function ensureControlPrograms(report: Report): Promise<ControlPrograms> {
  const { root } = await ensureDebianPackage("etcd-server", report);
  return {
    etcd: path.join(root, "usr", "bin", "etcd"),
    apiserver: await ensureTool("kube-apiserver", report),
    controllers: await ensureTool("kube-controller-manager", report),
    scheduler: await ensureTool("kube-scheduler", report),
  };
}

/** Starts the API server, the controllers and the scheduler, and waits until the first answers. */
export async function startControlPlane(
  programs: ControlPrograms,
  folder: string,
  processes: Processes,
  place?: ControlPlace,
): Promise<ControlPlane> {
  const free = await freePorts("client", "peer", "api");
  const { address, port, realNodes } = place ?? { address: "127.0.0.1", port: free.api, realNodes: false };
  const etcd = `http://127.0.0.1:${free.client}`;
  const server = `https://${address}:${port}`;
  processes.start(programs.etcd, etcdArguments(folder, etcd, `http://127.0.0.1:${free.peer}`));

  const authority = new Authority(folder);
  await authority.create();
  const names = `IP:${address},IP:${SERVER_SERVICE},DNS:localhost,DNS:kubernetes.default.svc`;
  const [serving, accounts, admin, controllers, scheduler] = await Promise.all([
    authority.sign("apiserver", "/CN=kube-apiserver", names),
    authority.keyPair("service-accounts"),
    authority.sign("admin", "/O=system:masters/CN=admin"),
    authority.sign("controllers", "/CN=system:kube-controller-manager"),
    authority.sign("scheduler", "/CN=system:kube-scheduler"),
  ]);
  processes.start(programs.apiserver, [
    ...apiserverArguments(etcd, authority.cert, serving, accounts),
    `--secure-port=${port}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    ...(realNodes ? realNodeArguments(authority.cert, admin) : simulatedNodeArguments()),
  ]);

  const write = (name: string, user: Certificate): Promise<string> =>
    writeKubeconfig(path.join(folder, `${name}.kubeconfig`), server, authority.cert, user);
  const [kubeconfig, controllersConfig, schedulerConfig] = await Promise.all([
    write("admin", admin),
    write("controllers", controllers),
    write("scheduler", scheduler),
  ]);
  await waitForServer(kubeconfig, processes);
  processes.start(programs.controllers, controllerArguments(controllersConfig, accounts.key, authority.cert));
  processes.start(programs.scheduler, [...clientArguments(schedulerConfig), "--leader-elect=false", "--secure-port=0"]);
  const user = async (name: string, subject: string) => write(name, await authority.sign(name, subject));
  return { server, kubeconfig, authority, user };
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
  authority: string,
  serving: Certificate,
  accounts: { readonly key: string; readonly publicKey: string },
): string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--tls-cert-file=${serving.cert}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${authority}`,
    // Lists by watching need a later etcd than Debian's; each program that asks for one in vain waits ever longer.
    "--feature-gates=WatchList=false",
    "--allow-privileged=true",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${accounts.publicKey}`,
    `--service-account-signing-key-file=${accounts.key}`,
    `--service-cluster-ip-range=${SERVICE_ADDRESSES}`,
  ];
}

function simulatedNodeArguments(): string[] {
  return [
    "--authorization-mode=RBAC",
    // The server's own endpoints may not be on the loopback address, and no pod looks for them.
    "--endpoint-reconciler-type=none",
  ];
}

function realNodeArguments(authority: string, client: Certificate): string[] {
  return [
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    `--kubelet-certificate-authority=${authority}`,
    `--kubelet-client-certificate=${client.cert}`,
    `--kubelet-client-key=${client.key}`,
    "--kubelet-preferred-address-types=InternalIP",
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

async function waitForServer(kubeconfig: string, processes: Processes): Promise<void> {
  const client = new KubernetesClient(clusterConnection({ kubeconfig }));
  await until("the API server does not answer", processes, () => client.raw("GET", "/readyz").then(() => true));
  client.close();
}

/** Waits until `reached` says yes; what it throws counts as no. @throws after a minute, or when a process ended. */
export async function until(complaint: string, processes: Processes, reached: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    if (await reached().catch(() => false)) return;
    await processes.check();
    if (Date.now() > deadline) throw new Error(`${complaint} after ${READY_MS / 1000} s; the test cluster was stopped`);
    await pause(POLL_MS);
  }
}
