import type { Container, Grant } from "./container";
import { fields, kubernetesLabels, list, programOf, texts, type Resource } from "./resource";

type Fields = Readonly<Record<string, unknown>>;

/** Where each kind of object keeps what its pods are. */
const PODS: Readonly<Record<string, (spec: Fields) => unknown>> = {
  "kubernetes:core/v1:Pod": (spec) => spec,
  "kubernetes:apps/v1:Deployment": (spec) => fields(spec.template).spec,
  "kubernetes:apps/v1:StatefulSet": (spec) => fields(spec.template).spec,
  "kubernetes:apps/v1:DaemonSet": (spec) => fields(spec.template).spec,
  "kubernetes:apps/v1:ReplicaSet": (spec) => fields(spec.template).spec,
  "kubernetes:batch/v1:Job": (spec) => fields(spec.template).spec,
  "kubernetes:batch/v1:CronJob": (spec) => fields(fields(fields(spec.jobTemplate).spec).template).spec,
};

/** The containers of an object's pods, in the rules' words. */
export function kubernetesContainers(resource: Resource): Container[] {
  const podOf = PODS[resource.type];
  if (podOf === undefined) return [];
  const pod = fields(podOf(fields(resource.inputs.spec)));
  const all = ["initContainers", "containers", "ephemeralContainers"].flatMap((key) => list(pod[key]));
  const shared = podGrants(pod, String(kubernetesLabels(resource.inputs)["app.kubernetes.io/instance"] ?? ""));
  return all.map((container) => view(resource, pod, container, shared));
}

function view(resource: Resource, pod: Fields, container: Fields, shared: readonly Grant[]): Container {
  const security = fields(container.securityContext);
  const { memory, cpu } = fields(fields(container.resources).limits);
  return {
    name: `${resource.name}/${String(container.name)}`,
    platform: "kubernetes",
    program: programOf(resource),
    runs: true,
    image: String(container.image ?? ""),
    limits: { memory: isAmount(memory), cpu: isAmount(cpu) },
    readOnlyRoot: security.readOnlyRootFilesystem === true,
    gainsPrivileges: security.allowPrivilegeEscalation !== false,
    dropsAllCapabilities: texts(fields(security.capabilities).drop).includes("ALL"),
    grants: [...shared, ...containerGrants(fields(pod.securityContext), security)],
    published: list(container.ports).flatMap(({ hostPort, hostIP }) =>
      hostPort === undefined ? [] : [{ port: String(hostPort), address: String(hostIP ?? "0.0.0.0") }],
    ),
    env: list(container.env).flatMap(({ name, value }) =>
      value === undefined ? [] : [{ name: String(name), value: String(value) }],
    ),
    command: [...texts(container.command), ...texts(container.args)],
  };
}

function isAmount(value: unknown): boolean {
  return value !== undefined && Number.parseFloat(String(value)) > 0;
}

function podGrants(pod: Fields, stack: string): Grant[] {
  const own = `/var/lib/${stack}/`;
  const paths = list(pod.volumes).flatMap(({ hostPath }) =>
    hostPath === undefined ? [] : [String(fields(hostPath).path)],
  );
  return [
    ...(pod.hostPID === true ? [{ kind: "host-processes" } as const] : []),
    ...(pod.hostNetwork === true ? [{ kind: "host-network" } as const] : []),
    ...(pod.hostIPC === true ? [{ kind: "host-ipc" } as const] : []),
    ...paths.map((path): Grant =>
      stack !== "" && /^[^/]+$/.test(path.slice(own.length)) && path.startsWith(own)
        ? { kind: "node-data", name: path.slice(own.length) }
        : { kind: "host-path", path },
    ),
  ];
}

/** The container's own settings go before the pod's. */
function containerGrants(pod: Fields, container: Fields): Grant[] {
  const { runAsUser, runAsNonRoot } = { ...pod, ...container };
  const nonRoot = runAsUser === undefined ? runAsNonRoot === true : Number(runAsUser) > 0;
  return [
    ...(nonRoot ? [] : [{ kind: "root" } as const]),
    ...(container.privileged === true ? [{ kind: "privileged" } as const] : []),
    ...texts(fields(container.capabilities).add).map((name) => ({ kind: "capability" as const, name })),
  ];
}
