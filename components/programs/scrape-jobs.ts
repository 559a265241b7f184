import type { Workload } from "../platform/workload";
import type { KubernetesSettings, Service, Settings } from "../settings/settings";
import { serviceAddress } from "./addresses";

/** A scrape job in the words of Prometheus's own configuration. */
export interface ScrapeJob {
  readonly job_name: string;
  readonly static_configs?: readonly { readonly targets: readonly string[]; readonly labels?: Labels }[];
  readonly [key: string]: unknown;
}

type Labels = Readonly<Record<string, string>>;

/** A workload that has metrics. */
export type Measured = Workload & { readonly metrics: NonNullable<Workload["metrics"]> };

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Targets of the services: `__metrics_path__` and `__scheme__` let one job scrape services that differ in them. */
export function serviceTargets(settings: Settings): NonNullable<ScrapeJob["static_configs"]> {
  return settings.services.map(({ name, address, owner, metricsPath, scheme }: Service) => ({
    targets: [serviceAddress(settings, address)],
    labels: { service: name, owner, __metrics_path__: metricsPath, __scheme__: scheme },
  }));
}

/** The job of one program of the stack. On a cluster every copy is found through its pods. */
export function programJob({ kubernetes }: Settings, { name, metrics, ports }: Measured): ScrapeJob {
  const { port, path } = metrics;
  const job = { job_name: name, ...(path === "/metrics" ? {} : { metrics_path: path }) };
  if (kubernetes === undefined) {
    return {
      ...job,
      static_configs: [{ targets: [`${name}:${port}`], labels: { service: name, owner: "platform" } }],
      ...(name === "cadvisor" ? { metric_relabel_configs: DOCKER_CONTAINERS } : {}),
    };
  }
  const portName = ports.find(({ number }) => number === port)?.name;
  return {
    ...job,
    kubernetes_sd_configs: [
      { role: "pod", namespaces: { names: [kubernetes.namespace, `${kubernetes.namespace}-agents`] } },
    ],
    relabel_configs: [
      keep(["__meta_kubernetes_pod_label_app_kubernetes_io_name"], name),
      keep(["__meta_kubernetes_pod_container_port_name"], String(portName)),
      { target_label: "service", replacement: name },
      { target_label: "owner", replacement: "platform" },
      copy("__meta_kubernetes_pod_name", "pod"),
      copy("__meta_kubernetes_pod_node_name", "node"),
    ],
  };
}

/** What a cluster tells of itself: its kubelets, the containers they run, and pods that ask to be scraped. */
export function clusterJobs(settings: Settings, kubernetes: KubernetesSettings): ScrapeJob[] {
  return [
    kubeletJob("kubelet", "/metrics", []),
    kubeletJob("cadvisor", "/metrics/cadvisor", CONTAINERS),
    annotatedJob(settings, kubernetes),
  ];
}

/**
 * The kubelet's own metrics about containers are those of cAdvisor. `service` and `name` are what cAdvisor beside one Docker
 * engine gives, so that rules and panels read the same. What belongs to a pod as a whole stays for its network.
 */
const CONTAINERS = [
  { source_labels: ["container"], regex: "POD", action: "drop" },
  copy("container", "service"),
  {
    source_labels: ["pod", "container"],
    separator: "/",
    regex: "(.+)/(.+)",
    replacement: "$1/$2",
    target_label: "name",
  },
  // A network belongs to a pod, whose first container gives the program its name.
  { source_labels: ["pod", "container"], separator: "/", regex: "(.+)/", replacement: "$1", target_label: "name" },
  // Sums of whole groups, which repeat what their containers say.
  {
    source_labels: ["__name__", "container", "id"],
    separator: ";",
    regex: "container_(?:cpu|memory|spec|oom|fs)_[^;]*;;/.+",
    action: "drop",
  },
];

/** The service of a container on one engine: the stack's label, else the Compose service, else the container's name. */
const DOCKER_CONTAINERS = [
  copy("name", "service"),
  copy("container_label_com_docker_compose_service", "service"),
  copy("container_label_com_pyairtable_service", "service"),
];

function kubeletJob(name: string, path: string, metric_relabel_configs: readonly object[]): ScrapeJob {
  return {
    job_name: name,
    scheme: "https",
    metrics_path: path,
    authorization: { credentials_file: `${SERVICE_ACCOUNT}/token` },
    // A kubelet's certificate is signed by itself unless the cluster rotates them; the token goes only to nodes that the
    // API server named.
    tls_config: { ca_file: `${SERVICE_ACCOUNT}/ca.crt`, insecure_skip_verify: true },
    kubernetes_sd_configs: [{ role: "node" }],
    relabel_configs: [
      { target_label: "service", replacement: name },
      { target_label: "owner", replacement: "platform" },
      copy("__meta_kubernetes_node_name", "node"),
    ],
    ...(metric_relabel_configs.length > 0 ? { honor_labels: true, metric_relabel_configs } : {}),
  };
}

/** Pods with `prometheus.io/scrape: "true"`, except those of services that have a target already. */
function annotatedJob({ services }: Settings, { servicesNamespace }: KubernetesSettings): ScrapeJob {
  const annotation = (name: string) => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;
  const application = "__meta_kubernetes_pod_label_app_kubernetes_io_name";
  return {
    job_name: "annotated-services",
    honor_labels: true,
    fallback_scrape_protocol: "PrometheusText0.0.4",
    kubernetes_sd_configs: [{ role: "pod", namespaces: { names: [servicesNamespace] } }],
    relabel_configs: [
      keep([annotation("scrape")], "true"),
      { source_labels: ["__meta_kubernetes_pod_phase"], regex: "Pending|Succeeded|Failed|Completed", action: "drop" },
      { source_labels: [application], regex: services.map(({ name }) => name).join("|"), action: "drop" },
      copy(annotation("path"), "__metrics_path__"),
      copy(annotation("scheme"), "__scheme__"),
      // Without a port in the annotation there is a target for each port of each container.
      {
        source_labels: ["__meta_kubernetes_pod_ip", annotation("port")],
        separator: ":",
        regex: "(.+):(\\d+)",
        replacement: "$1:$2",
        target_label: "__address__",
      },
      copy("__meta_kubernetes_pod_container_name", "service"),
      copy(application, "service"),
      copy(annotation("owner"), "owner"),
      copy("__meta_kubernetes_pod_name", "pod"),
      copy("__meta_kubernetes_pod_node_name", "node"),
      // The rules about services ask for this job.
      { target_label: "job", replacement: "services" },
    ],
  };
}

/** Recorded series of other Prometheus servers, with the labels that they have there. */
export function federationJob(addresses: readonly string[]): ScrapeJob {
  return {
    job_name: "federation",
    honor_labels: true,
    metrics_path: "/federate",
    params: { "match[]": ['{__name__=~"[a-zA-Z_]+:.+"}'] },
    static_configs: [{ targets: addresses }],
  };
}

function keep(source_labels: readonly string[], regex: string): object {
  return { source_labels, regex, action: "keep" };
}

/** Copies a label that is not empty. */
function copy(from: string, to: string): object {
  return { source_labels: [from], regex: "(.+)", target_label: to };
}
