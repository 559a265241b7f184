import type { ReplicatedProgram } from "../settings/defaults";
import type { FrontDoor, Settings } from "../settings/settings";
import { replicaNames } from "../platform/workload";

/**
 * An address of the monitored platform as the stack's programs reach it. On a cluster a bare name means the services'
 * namespace.
 */
export function serviceAddress({ kubernetes }: Settings, address: string): string {
  if (kubernetes === undefined || bareAddress(address) === undefined) return address;
  const [host, port] = address.split(":") as [string, string];
  return `${host}.${kubernetes.servicesNamespace}:${port}`;
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
  return ingress ? `https://${program}.${ingress.domain}/` : `http://localhost:${ports[program]}/`;
}

/** A host of the front door. A cluster's ingress, where there is one, has its own port in front of it. */
export function frontDoorUrl({ kubernetes }: Settings, { domain, port }: FrontDoor, host: string): string {
  return new URL(`https://${host}.${domain}${kubernetes?.ingress ? "" : `:${port}`}`).origin;
}

/** `host:port` of each replica of a program. */
export function replicaAddresses({ replicas }: Settings, program: ReplicatedProgram, port: number): string[] {
  return replicaNames(program, replicas[program]).map((host) => `${host}:${port}`);
}
