import type { KubernetesSettings, Service, Settings } from "../settings/settings";
import { bareAddress, serviceAddress } from "./addresses";
import { copy, keep, type ScrapeJob } from "./scrape-jobs";

/** How the services are scraped, whichever way they are found. */
const SERVICE_PAGES = {
  // Series such as `ai_api_cost_total` bring a `service` label of their own, which the target's must not displace.
  honor_labels: true,
  // Prometheus 3 refuses a page without a content type it knows, which a hand-written /metrics often has.
  fallback_scrape_protocol: "PrometheusText0.0.4",
};

/** The rules about services ask for this job. */
const AS_SERVICES = { target_label: "job", replacement: "services" };

const SLICE = "__meta_kubernetes_endpointslice";
const SERVICE = `${SLICE}_label_kubernetes_io_service_name`;
const APPLICATION = "__meta_kubernetes_pod_label_app_kubernetes_io_name";

/** The configured address that a target belongs to, as `host;port`. By it a target is a copy of one service of the list. */
const ADDRESS = "__tmp_address";

/** Names that port 80 or 443 of a Service has by custom, whichever port of the pod is behind it. */
const CUSTOMARY_NAMES: Readonly<Record<string, string>> = { 80: "(?:http)?", 443: "(?:https)?" };

/**
 * Targets of the services that are scraped at their address as it stands. `__metrics_path__` and `__scheme__` let one job
 * scrape services that differ in them.
 */
export function serviceTargets(settings: Settings): NonNullable<ScrapeJob["static_configs"]> {
  const found = new Set(discoveredServices(settings).values());
  return settings.services
    .filter((service) => !found.has(service))
    .map(({ name, address, owner, metricsPath, scheme }) => ({
      targets: [serviceAddress(settings, address)],
      labels: { service: name, owner, __metrics_path__: metricsPath, __scheme__: scheme },
    }));
}

/** Jobs for what of the services is found by looking: copies of those that are listed, and pods that ask to be scraped. */
export function foundServiceJobs(settings: Settings, kubernetes: KubernetesSettings): ScrapeJob[] {
  const services = discoveredServices(settings);
  return [...(services.size > 0 ? [discoveredJob(services, kubernetes)] : []), annotatedJob(settings, kubernetes)];
}

/**
 * The services whose copies are found one by one, by the bare address that each has: a cluster's own name for a service leads
 * to any of its copies, to another one with each scrape. Not so where a certificate must hold, which names the address, and of
 * several services with one address (they differ in their path) not the later ones.
 */
function discoveredServices({ kubernetes, services }: Settings): ReadonlyMap<string, Service> {
  const found = new Map<string, Service>();
  for (const service of kubernetes === undefined ? [] : services) {
    const address = bareAddress(service.address);
    if (address !== undefined && service.scheme === "http" && !found.has(address)) found.set(address, service);
  }
  return found;
}

/**
 * Every copy of the listed services. A copy is what Kubernetes lists behind a Service, ready or not, until it is told to end.
 * One job and a few rules for all of them, since each rule is tried on each target.
 */
function discoveredJob(services: ReadonlyMap<string, Service>, { servicesNamespace }: KubernetesSettings): ScrapeJob {
  const renamed = [...services].filter(([address, { name }]) => hostOf(address) !== name);
  return {
    job_name: "discovered-services",
    ...SERVICE_PAGES,
    kubernetes_sd_configs: [{ role: "endpointslice", namespaces: { names: [servicesNamespace] } }],
    relabel_configs: [
      { source_labels: [`${SLICE}_endpoint_conditions_terminating`], regex: "true", action: "drop" },
      ...addressRules([...services.keys()]),
      keep([ADDRESS], ".+"),
      { source_labels: [ADDRESS], regex: "(.+);\\d+", target_label: "service" },
      ...renamed.map(([address, { name }]) => ofAddresses([address], "service", name)),
      ...byValue(services, "owner", ({ owner }) => owner),
      ...byValue(services, "__metrics_path__", ({ metricsPath }) => metricsPath, "/metrics"),
      copy("__meta_kubernetes_pod_name", "pod"),
      copy(`${SLICE}_endpoint_node_name`, "node"),
      AS_SERVICES,
    ],
  };
}

/**
 * Rules that find the configured address of a target. It holds a port of the Service, of which Kubernetes tells only the port
 * of the pod behind it. So a target belongs to an address when its own port has that number; else, where the stack asks for one
 * port of the Service, when that has no name, which only the single port of a Service can lack, or the customary one.
 */
function addressRules(addresses: readonly string[]): object[] {
  const alone = [...groupBy(addresses, hostOf).values()].flatMap((group) => (group.length === 1 ? group : []));
  const exact = [...groupBy(addresses, portOf)].map(([port, group]) => `${anyOf(group.map(hostOf))};${port}`);
  return [
    { source_labels: [SERVICE, `${SLICE}_port`], regex: `(${exact.join("|")})`, target_label: ADDRESS },
    ...[...groupBy(alone, portOf)].map(([port, group]) => ({
      source_labels: [ADDRESS, SERVICE, `${SLICE}_port`, `${SLICE}_port_name`],
      regex: `;(${group.map(hostOf).join("|")});\\d+;${CUSTOMARY_NAMES[port] ?? ""}`,
      target_label: ADDRESS,
      replacement: `$1;${port}`,
    })),
  ];
}

/** A rule for each value that services have, except the one that Prometheus takes anyway. */
function byValue(
  services: ReadonlyMap<string, Service>,
  label: string,
  valueOf: (service: Service) => string,
  otherwise?: string,
): object[] {
  const groups = groupBy([...services.keys()], (address) => valueOf(services.get(address) as Service));
  return [...groups]
    .filter(([value]) => value !== otherwise)
    .map(([value, addresses]) => ofAddresses(addresses, label, value));
}

function ofAddresses(addresses: readonly string[], target_label: string, value: string): object {
  return {
    source_labels: [ADDRESS],
    regex: addresses.map((address) => address.replace(":", ";")).join("|"),
    target_label,
    replacement: value.replace(/\$/g, "$$$$"),
  };
}

/**
 * Pods with `prometheus.io/scrape: "true"`, except those of services that have a target already: by the name that the list gives
 * them, or that of their Service.
 */
function annotatedJob(settings: Settings, kubernetes: KubernetesSettings): ScrapeJob {
  const annotation = (name: string) => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;
  const listed = listedNames(settings, kubernetes);
  return {
    job_name: "annotated-services",
    ...SERVICE_PAGES,
    kubernetes_sd_configs: [{ role: "pod", namespaces: { names: [kubernetes.servicesNamespace] } }],
    relabel_configs: [
      keep([annotation("scrape")], "true"),
      { source_labels: ["__meta_kubernetes_pod_phase"], regex: "Pending|Succeeded|Failed|Completed", action: "drop" },
      ...[APPLICATION, "__meta_kubernetes_pod_label_app"].map((label) => ({
        source_labels: [label],
        regex: listed.join("|"),
        action: "drop",
      })),
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
      copy(APPLICATION, "service"),
      { target_label: "owner", replacement: "platform" },
      copy(annotation("owner"), "owner"),
      copy("__meta_kubernetes_pod_name", "pod"),
      copy("__meta_kubernetes_pod_node_name", "node"),
      AS_SERVICES,
    ],
  };
}

/** The services of the list, by their names there and by those of their Services in the services' namespace. */
function listedNames(settings: Settings, { servicesNamespace }: KubernetesSettings): string[] {
  const names = settings.services.flatMap(({ name, address }) => {
    const [host, namespace] = serviceAddress(settings, address).split(/[.:]/) as [string, string];
    return namespace === servicesNamespace ? [name, host.toLowerCase()] : [name];
  });
  return [...new Set(names)];
}

function groupBy(values: readonly string[], keyOf: (value: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}

function anyOf(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `(?:${names.join("|")})`;
}

function hostOf(address: string): string {
  return address.slice(0, address.indexOf(":"));
}

function portOf(address: string): string {
  return address.slice(address.indexOf(":") + 1);
}
