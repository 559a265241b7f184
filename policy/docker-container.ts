import type { Container, Grant } from "./container";
import { DOCKER_CONTAINER, fields, list, programOf, texts, type Resource } from "./resource";

/** A container of a Docker engine, in the rules' words. */
export function dockerContainer(resource: Resource): Container[] {
  const { type, name, inputs } = resource;
  if (type !== DOCKER_CONTAINER) return [];
  const options = texts(inputs.securityOpts);
  const health = texts(fields(inputs.healthcheck).tests);
  return [
    {
      name,
      platform: "docker",
      program: programOf(resource),
      runs: inputs.start !== false,
      image: String(inputs.image ?? ""),
      limits: { memory: Number(inputs.memory) > 0, cpu: Number(inputs.cpus) > 0 },
      readOnlyRoot: inputs.readOnly === true,
      gainsPrivileges: !options.some((option) => /^no-new-privileges(:true|=true)?$/.test(option)),
      dropsAllCapabilities: texts(fields(inputs.capabilities).drops).includes("ALL"),
      grants: grants(inputs),
      published: published(inputs),
      env: texts(inputs.envs).map((line) => {
        const at = line.indexOf("=");
        return at < 0 ? { name: line, value: "" } : { name: line.slice(0, at), value: line.slice(at + 1) };
      }),
      command: [...texts(inputs.entrypoints), ...texts(inputs.command), ...health],
    },
  ];
}

function grants(inputs: Resource["inputs"]): Grant[] {
  const mode = (key: string) => inputs[key] === "host";
  const bound = [
    ...list(inputs.volumes).map(({ hostPath }) => hostPath),
    ...list(inputs.mounts).map(({ type, source }) => (type === "bind" ? source : undefined)),
  ].filter((path) => path !== undefined);
  return [
    ...(isRoot(inputs) ? [{ kind: "root" } as const] : []),
    ...(inputs.privileged === true ? [{ kind: "privileged" } as const] : []),
    ...texts(fields(inputs.capabilities).adds).map((name) => ({
      kind: "capability" as const,
      name: name.replace(/^CAP_/, ""),
    })),
    ...bound.map((path) => ({ kind: "host-path" as const, path: String(path) })),
    ...(mode("pidMode") ? [{ kind: "host-processes" } as const] : []),
    ...(mode("networkMode") ? [{ kind: "host-network" } as const] : []),
    ...(mode("ipcMode") ? [{ kind: "host-ipc" } as const] : []),
    ...list(inputs.devices).map(({ hostPath }) => ({ kind: "device" as const, path: String(hostPath) })),
  ];
}

/** The image decides where no user is given, and most choose root. One that never starts has no user at all. */
function isRoot({ start, user }: Resource["inputs"]): boolean {
  return start !== false && /^(root|0+)?(:|$)/.test(String(user ?? ""));
}

function published(inputs: Resource["inputs"]): Container["published"] {
  const every = inputs.publishAllPorts === true ? [{ port: "every port", address: "0.0.0.0" }] : [];
  const named = list(inputs.ports).map(({ internal, external, ip }) => ({
    port: String(external ?? internal),
    address: String(ip ?? "0.0.0.0"),
  }));
  return [...every, ...named];
}
