import { containersOf } from "../container";
import { allowed, EXCEPTIONS, type Exceptions } from "../exceptions";
import { fields, INGRESS, list, programOf, SERVICE, texts, type Resource, type Violations } from "../resource";

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

/** Types of service that are open to what is outside the cluster. */
const OPEN = new Set(["LoadBalancer", "NodePort"]);

/**
 * Nothing is reached from outside but through what is listed: on Docker ports are open on loopback only, on a cluster programs
 * have no address outside it, and what an ingress lets in is encrypted.
 */
export function publishedPorts(resource: Resource, exceptions: Exceptions = EXCEPTIONS): Violations {
  return [...ports(resource, exceptions), ...service(resource, exceptions), ...ingress(resource)];
}

function ports(resource: Resource, exceptions: Exceptions): string[] {
  return containersOf(resource).flatMap(({ name, platform, program, published }) =>
    published
      .filter(({ address }) => !LOOPBACK.test(address))
      .filter(() => !allowed(exceptions, program, platform).includes("published-port"))
      .map(
        ({ port, address }) =>
          `${name} publishes ${port} on ${address}: publish it on 127.0.0.1 (bindAddress), and let people in through a proxy with a login`,
      ),
  );
}

function service(resource: Resource, exceptions: Exceptions): string[] {
  if (resource.type !== SERVICE) return [];
  const { type, externalIPs } = fields(resource.inputs.spec);
  if (!OPEN.has(String(type)) && texts(externalIPs).length === 0) return [];
  if (allowed(exceptions, programOf(resource), "kubernetes").includes("published-port")) return [];
  const how = OPEN.has(String(type)) ? `of type ${String(type)}` : "with external addresses";
  return [`${resource.name} is a service ${how}: make it a ClusterIP, and let people in through the ingress`];
}

function ingress({ type, name, inputs }: Resource): string[] {
  if (type !== INGRESS) return [];
  const { tls, rules, defaultBackend } = fields(inputs.spec);
  const encrypted = new Set(list(tls).flatMap(({ hosts }) => texts(hosts)));
  const open = list(rules).map(({ host }) => String(host ?? "*"));
  return [...open, ...(defaultBackend === undefined ? [] : ["*"])]
    .filter((host) => !encrypted.has(host))
    .map((host) => `${name} lets people in at the host ${host} without TLS: name the host in spec.tls`);
}
