import { describeGrant, type Container, type Grant } from "./container";

/** What one program may do that the rules refuse to every other, with the reason. */
export type Exception = (Grant | { readonly kind: "published-port" }) & { readonly reason: string };

type Platform = Container["platform"];

/** By the name of the program, and for each platform apart. */
export type Exceptions = Readonly<Record<string, Readonly<Partial<Record<Platform, readonly Exception[]>>>>>;

const SOCKET = "/var/run/docker.sock";

const PREPARES: readonly Exception[] = [
  {
    kind: "root",
    reason: "a new volume belongs to root; this gives it to the program's user, without a network, and ends",
  },
  { kind: "capability", name: "CHOWN", reason: "all that it does" },
];

/** Every exception to the rules. A test holds it against what the programs ask for: neither can have more than the other. */
export const EXCEPTIONS: Exceptions = {
  "node-exporter": {
    docker: [
      { kind: "host-path", path: "/", reason: "measures the machine's file systems" },
      { kind: "host-processes", reason: "reads the machine's /proc" },
    ],
    kubernetes: [
      { kind: "host-path", path: "/", reason: "measures the machine's file systems" },
      { kind: "host-processes", reason: "reads the machine's /proc" },
    ],
  },
  cadvisor: {
    docker: [
      { kind: "root", reason: "the containers' layers and the kernel's log belong to root" },
      { kind: "host-path", path: "/", reason: "reads the machine's /proc and disks" },
      { kind: "host-path", path: "/var/run", reason: "asks the engine for its containers" },
      { kind: "host-path", path: "/sys", reason: "reads control groups" },
      { kind: "host-path", path: "/var/lib/docker", reason: "reads the containers' layers" },
      { kind: "device", path: "/dev/kmsg", reason: "sees when the kernel ends a process for its memory" },
      { kind: "capability", name: "SYSLOG", reason: "reads /dev/kmsg where the kernel restricts its log" },
    ],
  },
  promtail: {
    docker: [
      { kind: "root", reason: "the engine's socket belongs to root" },
      { kind: "host-path", path: SOCKET, reason: "finds the containers and reads their logs" },
    ],
    kubernetes: [
      { kind: "root", reason: "the runtime writes the pods' logs as root" },
      { kind: "host-path", path: "/var/log/pods", reason: "reads the pods' logs" },
      { kind: "node-data", name: "promtail", reason: "remembers on its node how far it has read there" },
    ],
  },
  "otel-shipper": {
    docker: [
      { kind: "root", reason: "the engine writes the containers' logs as root" },
      { kind: "host-path", path: "/var/lib/docker/containers", reason: "reads the containers' logs" },
    ],
    kubernetes: [
      { kind: "root", reason: "the runtime writes the pods' logs as root" },
      { kind: "host-path", path: "/var/log/pods", reason: "reads the pods' logs" },
      { kind: "node-data", name: "otel-shipper", reason: "remembers on its node how far it has read there" },
    ],
  },
  filebeat: {
    docker: [
      { kind: "root", reason: "the engine writes the containers' logs as root" },
      { kind: "host-path", path: "/var/lib/docker/containers", reason: "reads the containers' logs" },
      { kind: "host-path", path: SOCKET, reason: "finds the containers' names and labels" },
    ],
    kubernetes: [
      { kind: "root", reason: "the runtime writes the pods' logs as root" },
      { kind: "host-path", path: "/var/log/pods", reason: "reads the pods' logs" },
      { kind: "node-data", name: "filebeat", reason: "remembers on its node how far it has read there" },
    ],
  },
  "front-door": {
    docker: [
      {
        kind: "capability",
        name: "NET_BIND_SERVICE",
        reason: "the kernel does not start the image's binary without it, and it is not used",
      },
    ],
    kubernetes: [
      {
        kind: "capability",
        name: "NET_BIND_SERVICE",
        reason: "the kernel does not start the image's binary without it, and it is not used",
      },
    ],
  },
  "elasticsearch-prepare": { docker: PREPARES },
  "jaeger-prepare": { docker: PREPARES },
  "otel-collector-prepare": { docker: PREPARES },
};

/** The exceptions of a program on a platform, in the words of {@link describeGrant}. */
export function allowed(exceptions: Exceptions, program: string, platform: Platform): string[] {
  return (exceptions[program]?.[platform] ?? []).map((exception) =>
    exception.kind === "published-port" ? exception.kind : describeGrant(exception),
  );
}
