import { BlockList, isIPv6 } from "node:net";

import type { ReplicatedProgram } from "../settings/defaults";
import type { FrontDoor, Settings } from "../settings/settings";
import { INTERNET, replicaNames, SERVICES } from "../platform/workload";

/**
 * An address of the monitored platform as the stack's programs reach it. On a cluster a bare name means the services'
 * namespace.
 */
export function serviceAddress({ kubernetes }: Settings, address: string): string {
  if (kubernetes === undefined || bareAddress(address) === undefined) return address;
  const [host, port] = address.split(":") as [string, string?];
  return `${host}.${kubernetes.servicesNamespace}${port === undefined ? "" : `:${port}`}`;
}

/** A URL whose host is an address of the monitored platform. */
export function serviceUrl(settings: Settings, url: string): string {
  const [protocol, address] = url.split("://") as [string, string];
  return `${protocol}://${serviceAddress(settings, address)}`;
}

/** The peers that lead to addresses beside the stack: with the services where the name is a bare one, else anywhere. */
export function outsidePeers(addresses: readonly string[]): string[] {
  return addresses.some((address) => /[.[]/.test(address)) ? [SERVICES, INTERNET] : [SERVICES];
}

/** An address whose host is a bare name, in small letters as names of a cluster are; `undefined` for any other. */
export function bareAddress(address: string): string | undefined {
  return address.includes(".") ? undefined : address.toLowerCase();
}

/**
 * Where a browser finds a program that is published for operators: its host behind the front door or the ingress, or a port of
 * this machine, onto which `kubectl port-forward` puts it on a cluster without either.
 */
export function browserUrl(settings: Settings, program: keyof Settings["ports"], login = false): string {
  const { frontDoor, kubernetes, ports } = settings;
  if (frontDoor) return `${frontDoorUrl(settings, frontDoor, program)}/`;
  const ingress = login ? kubernetes?.ingress : undefined;
  return ingress ? `https://${program}.${ingress.domain}/` : `http://${publishedHost(settings)}:${ports[program]}/`;
}

/** Addresses at which a port of this machine is found under `localhost`: its own and every one. */
const LOCAL = new BlockList();
LOCAL.addSubnet("127.0.0.0", 8);
LOCAL.addAddress("0.0.0.0");
LOCAL.addAddress("::1", "ipv6");
LOCAL.addAddress("::", "ipv6");

/** The host of a port that the stack publishes; `kubectl port-forward` knows no other than this machine. */
function publishedHost({ kubernetes, bindAddress }: Settings): string {
  const version = isIPv6(bindAddress) ? "ipv6" : "ipv4";
  if (kubernetes || LOCAL.check(bindAddress, version)) return "localhost";
  return version === "ipv6" ? `[${bindAddress}]` : bindAddress;
}

/** A host of the front door. A cluster's ingress, where there is one, has its own port in front of it. */
export function frontDoorUrl({ kubernetes }: Settings, { domain, port }: FrontDoor, host: string): string {
  return new URL(`https://${host}.${domain}${kubernetes?.ingress ? "" : `:${port}`}`).origin;
}

/** `host:port` of each replica of a program. */
export function replicaAddresses({ replicas }: Settings, program: ReplicatedProgram, port: number): string[] {
  return replicaNames(program, replicas[program]).map((host) => `${host}:${port}`);
}
