import { isIP } from "node:net";

import type { KubernetesSettings, Settings } from "../settings/settings";

/** Where what the settings name beside the stack is. */
export interface Destinations {
  /** Namespaces of this cluster. */
  readonly namespaces: readonly string[];
  /** Ports at addresses that are not of this cluster. */
  readonly outsidePorts: readonly number[];
}

/**
 * Where programs that talk to `services` may have to go: the services' namespace, and wherever else an address of the settings
 * leads. Network policies know namespaces and numeric addresses, and no names.
 */
export function destinations(settings: Settings, cluster: KubernetesSettings): Destinations {
  const places = addressesOf(settings).map((address) => placeOf(address, cluster));
  return {
    namespaces: [...new Set([cluster.servicesNamespace, ...places.flatMap(({ namespace }) => namespace ?? [])])].sort(),
    outsidePorts: [...new Set(places.flatMap(({ outsidePort }) => outsidePort ?? []))].sort((a, b) => a - b),
  };
}

function addressesOf({ services, redis, postgres, grafana, federateFrom, loki, kafka }: Settings): string[] {
  return [
    ...services.map(({ address }) => address),
    redis.address,
    postgres.address,
    ...(grafana.database ? [grafana.database.address] : []),
    ...federateFrom,
    ...(loki?.objectStorage ? [hostAndPort(loki.objectStorage.endpoint)] : []),
    ...(kafka?.brokers ?? []),
  ];
}

/** `host:port` of a URL, whose port may be the protocol's own. */
function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;
}

/**
 * Names of this cluster are `<service>`, `<service>.<namespace>` and longer ones that say `svc`. Two parts may also be a domain
 * outside, so both ways are open.
 */
function placeOf(
  address: string,
  { servicesNamespace, clusterDomain }: KubernetesSettings,
): { namespace?: string; outsidePort?: number } {
  const { hostname, port } = new URL(`tcp://${address}`);
  const outsidePort = Number(port);
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) return { outsidePort };
  const suffix = `.${clusterDomain}`;
  const parts = (hostname.endsWith(suffix) ? hostname.slice(0, -suffix.length) : hostname).split(".");
  if (parts.length === 1) return { namespace: servicesNamespace };
  if (parts.length === 2) return { namespace: parts[1] as string, outsidePort };
  return parts.at(-1) === "svc" ? { namespace: parts.at(-2) as string } : { outsidePort };
}
