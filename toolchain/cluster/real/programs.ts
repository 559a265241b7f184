/** What runs on a real node, and with which settings. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { dump } from "js-yaml";

import type { ControlPlane } from "../control-plane";
import type { Machine } from "./machine";
import { PAUSE_IMAGE } from "./images";
import type { NodePrograms } from "./requirements";

/** The name server's address among the services. */
export const NAME_SERVICE = "10.96.0.10";

const POD_ADDRESSES = "10.244.0.0/16";
const DOMAIN = "cluster.local";

/** Where containerd listens, as the node sees it. The kubelet's measurements of containers look nowhere else. */
const SOCKET = "/run/containerd/containerd.sock";

/** Where containerd listens, as this machine sees it. */
export function runtimeSocket({ folder }: Machine): string {
  return path.join(folder, "containerd-run", "containerd.sock");
}

export async function startRuntime(machine: Machine, programs: NodePrograms): Promise<void> {
  const { folder } = machine;
  const networks = path.join(folder, "networks");
  await mkdir(networks, { recursive: true });
  await writeFile(path.join(networks, "pods.conflist"), JSON.stringify(podNetwork(folder)));
  const config = path.join(folder, "containerd.toml");
  await writeFile(config, runtimeConfig(machine, programs, networks));
  const search = `PATH=${[...programs.path, process.env.PATH, "/usr/sbin", "/sbin"].join(path.delimiter)}`;
  machine.start("containerd", "env", [search, programs.containerd, `--config=${config}`]);
}

function runtimeConfig(machine: Machine, { network }: NodePrograms, networks: string): string {
  const text = JSON.stringify;
  // The scores that a kubelet gives to its pods lie below ours, which not every root may go.
  const plugin = '[plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${text(path.join(machine.folder, "containerd"))}
state = "/run/containerd"
[grpc]
address = ${text(SOCKET)}
${plugin}]
sandbox_image = ${text(PAUSE_IMAGE)}
disable_apparmor = true
restrict_oom_score_adj = true
${plugin}.cni]
bin_dir = ${text(network)}
conf_dir = ${text(networks)}
${plugin}.containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
${plugin}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`;
}

function podNetwork(folder: string) {
  const ipam = {
    type: "host-local",
    ranges: [[{ subnet: POD_ADDRESSES }]],
    routes: [{ dst: "0.0.0.0/0" }],
    dataDir: path.join(folder, "addresses"),
  };
  const bridge = { type: "bridge", bridge: "pods", isGateway: true, ipMasq: true, hairpinMode: true, ipam };
  return { cniVersion: "0.4.0", name: "pods", plugins: [bridge] };
}

/** The kubelet, which is told to the API server as a node of its machine's name. */
export async function startKubelet(machine: Machine, programs: NodePrograms, control: ControlPlane): Promise<void> {
  const { folder, name, address } = machine;
  const user = await control.user(`kubelet-${name}`, `/O=system:nodes/CN=system:node:${name}`);
  const serving = await control.authority.sign(`serving-${name}`, `/CN=${name}`, `IP:${address},DNS:${name}`);
  const config = path.join(folder, "kubelet.yaml");
  const resolver = path.join(folder, "resolv.conf");
  await writeFile(resolver, `nameserver ${NAME_SERVICE}\n`);
  await writeFile(config, dump(kubeletConfig(machine, control.authority.cert, serving, resolver)));
  const labels = ["topology.kubernetes.io/region=region-1", "topology.kubernetes.io/zone=zone-a"];
  machine.start("kubelet", programs.kubelet, [
    `--config=${config}`,
    `--kubeconfig=${user}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
    `--node-labels=${labels.join(",")}`,
    "--root-dir=/var/lib/kubelet",
  ]);
}

function kubeletConfig(
  machine: Machine,
  authority: string,
  serving: { readonly cert: string; readonly key: string },
  resolvConf: string,
) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: machine.address,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority } },
    authorization: { mode: "Webhook" },
    tlsCertFile: serving.cert,
    tlsPrivateKeyFile: serving.key,
    containerRuntimeEndpoint: `unix://${SOCKET}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: machine.cgroup,
    // Tests also run on machines that have nothing newer.
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [NAME_SERVICE],
    clusterDomain: DOMAIN,
    resolvConf,
    registerNode: true,
    // The disk is the whole machine's, which may be nearly full without any pod's doing.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "0%", "imagefs.available": "0%" },
    imageGCHighThresholdPercent: 100,
    maxPods: 110,
  };
}

/** What leads from a service's address to its pods. */
export async function startProxy(machine: Machine, programs: NodePrograms, control: ControlPlane): Promise<void> {
  const user = await control.user("proxy", "/CN=system:kube-proxy");
  const config = path.join(machine.folder, "proxy.yaml");
  await writeFile(
    config,
    dump({
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      clientConnection: { kubeconfig: user },
      mode: "iptables",
      clusterCIDR: POD_ADDRESSES,
      hostnameOverride: machine.name,
      // These settings are for all of the machine, and not for the node to change.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    }),
  );
  machine.start("kube-proxy", programs.proxy, [`--config=${config}`]);
}

/** The cluster's name server, as a process of the node. All other names do not exist, since nothing
 * of the cluster leaves this machine. */
export async function startNames(machine: Machine, programs: NodePrograms, control: ControlPlane): Promise<void> {
  const file = path.join(machine.folder, "Corefile");
  const user = await control.user("names", "/O=system:masters/CN=names");
  await writeFile(
    file,
    `.:53 {
  bind ${machine.address}
  errors
  cache 5
  kubernetes ${DOMAIN} in-addr.arpa {
    kubeconfig ${user}
    pods insecure
  }
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`,
  );
  machine.start("coredns", programs.names, [`-conf=${file}`]);
}
