import type { Resource } from "../../policy/resource";

type Fields = Readonly<Record<string, unknown>>;

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** A container of a Docker engine that no rule has anything against, with changes. */
export function onDocker(changes: Fields = {}, program = "example"): Resource {
  return {
    type: "docker:index/container:Container",
    name: program,
    protect: false,
    inputs: {
      image: DIGEST,
      user: "1000:1000",
      memory: 64,
      cpus: "0.1",
      readOnly: true,
      privileged: false,
      securityOpts: ["no-new-privileges:true"],
      capabilities: { drops: ["ALL"] },
      labels: [{ label: "com.pyairtable.service", value: program }],
      ...changes,
    },
  };
}

/** A Deployment that no rule has anything against, with changes of its pod and of the pod's container. */
export function onKubernetes(container: Fields = {}, pod: Fields = {}, program = "example"): Resource {
  return {
    type: "kubernetes:apps/v1:Deployment",
    name: program,
    protect: false,
    inputs: {
      metadata: {
        name: program,
        labels: { "app.kubernetes.io/name": program, "app.kubernetes.io/instance": "pyairtable-prod" },
      },
      spec: { template: { spec: { ...POD, ...pod, containers: [{ ...CONTAINER, ...container }] } } },
    },
  };
}

const POD: Fields = { securityContext: { runAsNonRoot: true, runAsUser: 1000 } };

const CONTAINER: Fields = {
  name: "program",
  image: "example.org/program:1.2.3",
  resources: { limits: { memory: "64Mi", cpu: "100m" } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};

/** Any other object. */
export function object(type: string, inputs: Fields, protect = false): Resource {
  return { type, name: "example", inputs, protect };
}

/** The same pod in another kind of object. */
export function inKind(type: string, { inputs, ...rest }: Resource): Resource {
  const { template } = inputs.spec as { template: { spec: Fields } };
  const specs: Readonly<Record<string, Fields>> = {
    "kubernetes:core/v1:Pod": template.spec,
    "kubernetes:batch/v1:CronJob": { jobTemplate: { spec: { template } } },
  };
  return { ...rest, type, inputs: { ...inputs, spec: specs[type] ?? { template } } };
}
