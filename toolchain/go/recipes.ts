/** How one folder of this directory becomes a program. */
export interface GoRecipe {
  /** The release that the folder's go.mod names, as the program's vendor writes it, without a leading `v`. */
  readonly version: string;
  /** The folder of this directory whose go.mod is used. Without it, the one with the program's name. */
  readonly folder?: string;
  /** Name of each binary and the package that it is built from. */
  readonly binaries: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** String variables that the linker sets, by their full Go name. */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * A module that gets the files of the folder's `overlay/` laid over a copy of it. Some modules embed web pages
   * that their vendor builds at release time and that the module does not carry.
   */
  readonly overlaid?: string;
}

const PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version";
const PULUMI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const LOKI_VERSION = "github.com/grafana/loki/v3/pkg/util/build.Version";

export const goRecipes = {
  "pulumi-cli": {
    version: "3.250.0",
    binaries: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
    variables: { [PULUMI_VERSION]: "3.250.0" },
  },
  "pulumi-language-nodejs": {
    version: "3.68.0",
    binaries: { "pulumi-language-nodejs": "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs" },
    variables: { [PULUMI_VERSION]: "3.68.0" },
  },
  prometheus: {
    version: "3.16.0",
    binaries: {
      prometheus: "github.com/prometheus/prometheus/cmd/prometheus",
      promtool: "github.com/prometheus/prometheus/cmd/promtool",
    },
    // Service discovery for clouds needs their SDKs, one of which is not published as a module.
    tags: ["builtinassets", "remove_all_sd", "enable_kubernetes_sd", "enable_docker_sd"],
    variables: { [PROMETHEUS_VERSION]: "3.16.0" },
    overlaid: "github.com/prometheus/prometheus",
  },
  alertmanager: {
    version: "0.34.2",
    binaries: {
      alertmanager: "github.com/prometheus/alertmanager/cmd/alertmanager",
      amtool: "github.com/prometheus/alertmanager/cmd/amtool",
    },
    variables: { [PROMETHEUS_VERSION]: "0.34.2" },
    overlaid: "github.com/prometheus/alertmanager",
  },
  loki: {
    version: "3.7.8",
    binaries: { loki: "github.com/grafana/loki/v3/cmd/loki" },
    variables: { [LOKI_VERSION]: "3.7.8" },
  },
  // Apart from Loki, whose image does not hold it: linking it takes as long as linking Loki.
  logcli: {
    version: "3.7.8",
    folder: "loki",
    binaries: { logcli: "github.com/grafana/loki/v3/cmd/logcli" },
    variables: { [LOKI_VERSION]: "3.7.8" },
  },
  promtail: {
    version: "3.5.0",
    binaries: { promtail: "github.com/grafana/loki/v3/clients/cmd/promtail" },
    variables: { [LOKI_VERSION]: "3.5.0" },
  },
  jaeger: {
    version: "2.13.0",
    binaries: { jaeger: "github.com/jaegertracing/jaeger/cmd/jaeger" },
    variables: { "github.com/jaegertracing/jaeger/internal/version.latestVersion": "v2.13.0" },
  },
  "otel-collector": {
    version: "0.140.1",
    binaries: { otelcol: "." },
    variables: { "main.version": "0.140.1" },
  },
  "node-exporter": {
    version: "1.12.1",
    binaries: { node_exporter: "github.com/prometheus/node_exporter" },
    variables: { [PROMETHEUS_VERSION]: "1.12.1" },
  },
  cadvisor: {
    version: "0.60.5",
    binaries: { cadvisor: "." },
    variables: { "main.version": "v0.60.5", "github.com/google/cadvisor/lib/version.Version": "v0.60.5" },
  },
  "redis-exporter": {
    version: "1.88.0",
    binaries: { redis_exporter: "github.com/oliver006/redis_exporter" },
    variables: { "main.BuildVersion": "v1.88.0", "main.BuildDate": "unknown", "main.BuildCommitSha": "unknown" },
  },
  "postgres-exporter": {
    version: "0.17.1",
    binaries: { postgres_exporter: "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter" },
    variables: { [PROMETHEUS_VERSION]: "0.17.1" },
  },
  "elasticsearch-exporter": {
    version: "1.10.0",
    binaries: { elasticsearch_exporter: "github.com/prometheus-community/elasticsearch_exporter" },
    variables: { [PROMETHEUS_VERSION]: "1.10.0" },
  },
  // Without the databases of a certificate authority, which the vendor's releases leave out as well.
  caddy: {
    version: "2.11.9",
    binaries: { caddy: "github.com/caddyserver/caddy/v2/cmd/caddy" },
    tags: ["nobadger", "nomysql", "nopgx"],
    variables: { "github.com/caddyserver/caddy/v2.CustomVersion": "v2.11.9" },
  },
  // Of the releases after 7.17 none is published as a module; this is 9.0's development of 22 October 2024.
  filebeat: {
    version: "9.0.0",
    binaries: { filebeat: "github.com/elastic/beats/v7/filebeat" },
  },
  // The control plane of the test cluster.
  kube: {
    version: "1.37.2",
    binaries: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    },
    variables: { "k8s.io/component-base/version.gitVersion": "v1.37.2" },
  },
  // A real node of the test cluster. Apart from the control plane, since it needs modules that the latter does not.
  kubelet: {
    version: "1.37.2",
    binaries: {
      kubelet: "k8s.io/kubernetes/cmd/kubelet",
      "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    },
    variables: { "k8s.io/component-base/version.gitVersion": "v1.37.2" },
  },
  // The name server of a real node, with the plugins that a cluster's names need.
  coredns: {
    version: "1.15.0",
    binaries: { coredns: "." },
  },
  // Plays the nodes of the test cluster.
  kwok: {
    version: "0.8.0",
    binaries: { kwok: "sigs.k8s.io/kwok/cmd/kwok" },
    variables: { "sigs.k8s.io/kwok/pkg/consts.Version": "v0.8.0" },
  },
  // A store that speaks S3, for tests.
  versitygw: {
    version: "1.8.0",
    binaries: { versitygw: "github.com/versity/versitygw/cmd/versitygw" },
    variables: { "main.Version": "1.8.0" },
  },
  // Checks the workflows of continuous integration.
  actionlint: {
    version: "1.7.7",
    binaries: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
  },
  "stand-in": {
    version: "1.0.0",
    binaries: { "stand-in": "." },
  },
} as const satisfies Record<string, GoRecipe>;

/** A program that is built from Go modules. */
export type GoProgram = keyof typeof goRecipes;

/** The binaries of one program. */
export type GoBinary<P extends GoProgram> = keyof (typeof goRecipes)[P]["binaries"] & string;
