import { FEDERATED } from "../consistency/sources";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { ELASTICSEARCH_EXPORTER } from "./elasticsearch-exporter";

/** A scrape job in the words of Prometheus's own configuration. */
export interface ScrapeJob {
  readonly job_name: string;
  readonly static_configs?: readonly { readonly targets: readonly string[]; readonly labels?: Labels }[];
  readonly [key: string]: unknown;
}

type Labels = Readonly<Record<string, string>>;

/** A workload that has metrics. */
export type Measured = Workload & { readonly metrics: NonNullable<Workload["metrics"]> };

export function isMeasured(workload: Workload): workload is Measured {
  return workload.metrics !== undefined;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The job of one program of the stack. On a cluster every copy is found through its pods. */
export function programJob({ kubernetes }: Settings, { name, metrics, ports }: Measured): ScrapeJob {
  const { port, path } = metrics;
  const job = { job_name: name, ...(path === "/metrics" ? {} : { metrics_path: path }) };
  if (kubernetes === undefined) {
    return {
      ...job,
      static_configs: [{ targets: [`${name}:${port}`], labels: { service: name, owner: "platform" } }],
      ...(name === "cadvisor" ? { metric_relabel_configs: DOCKER_CONTAINERS } : {}),
      ...ofIndices(name),
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
      // What was evicted stays in the list of pods, and answers nothing.
      { source_labels: ["__meta_kubernetes_pod_phase"], regex: "Succeeded|Failed", action: "drop" },
      { target_label: "service", replacement: name },
      { target_label: "owner", replacement: "platform" },
      copy("__meta_kubernetes_pod_name", "pod"),
      copy("__meta_kubernetes_pod_node_name", "node"),
    ],
    ...ofIndices(name),
  };
}

/** The exporter has about seventy series for each index, of which a stack has sixty and more: those that are read are kept. */
const INDEX_METRICS = [
  "elasticsearch_ilm_index_status",
  "elasticsearch_index_stats_indexing_index_total",
  "elasticsearch_indices_docs_primary",
  "elasticsearch_indices_settings_creation_timestamp_seconds",
  "elasticsearch_indices_settings_replicas",
  "elasticsearch_indices_store_size_bytes_total",
];

function ofIndices(program: string): object {
  if (program !== ELASTICSEARCH_EXPORTER) return {};
  return { metric_relabel_configs: [keep(["index", "__name__"], `;.+|.+;(?:${INDEX_METRICS.join("|")})`)] };
}

/** What a cluster tells of itself: its kubelets, and the containers they run. */
export function clusterJobs(): ScrapeJob[] {
  return [kubeletJob("kubelet", "/metrics", []), kubeletJob("cadvisor", "/metrics/cadvisor", CONTAINERS)];
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

/**
 * Recorded series of other Prometheus servers, with the labels that they have there. Their names get {@link FEDERATED} in front:
 * under its own name each would join the series that this stack records, and count double in its rules and panels. What those
 * servers took over themselves is left to them.
 */
export function federationJob(addresses: readonly string[]): ScrapeJob {
  return {
    job_name: "federation",
    honor_labels: true,
    metrics_path: "/federate",
    params: { "match[]": [`{__name__=~"[a-zA-Z_]+:.+", __name__!~"${FEDERATED}.+"}`] },
    static_configs: [{ targets: addresses }],
    metric_relabel_configs: [{ source_labels: ["__name__"], target_label: "__name__", replacement: `${FEDERATED}$1` }],
  };
}

export function keep(source_labels: readonly string[], regex: string): object {
  return { source_labels, regex, action: "keep" };
}

/** Copies a label that is not empty. */
export function copy(from: string, to: string): object {
  return { source_labels: [from], regex: "(.+)", target_label: to };
}
