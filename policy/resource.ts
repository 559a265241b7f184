/** A resource as the engine was asked for it: what the rules look at, in the tests and in the pack. */
export interface Resource {
  /** Such as `docker:index/container:Container` or `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  readonly name: string;
  /** Inputs as plain values. What is not known before the update is `UNKNOWN`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Whether the engine refuses to delete it. */
  readonly protect: boolean;
}

/** Stands for a value that only the update will tell. */
export const UNKNOWN = "[known after the update]";

/** What a rule says of a resource: nothing, or what is wrong and what to do about it. */
export type Violations = readonly string[];

export const DOCKER_CONTAINER = "docker:index/container:Container";
export const DOCKER_IMAGE = "docker:index/remoteImage:RemoteImage";
export const DOCKER_VOLUME = "docker:index/volume:Volume";
export const NAMESPACE = "kubernetes:core/v1:Namespace";
export const SERVICE = "kubernetes:core/v1:Service";
export const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
export const STATEFUL_SET = "kubernetes:apps/v1:StatefulSet";
export const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
export const VOLUME_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim";
export const SECRET = "kubernetes:core/v1:Secret";

type Fields = Readonly<Record<string, unknown>>;

/** A field that is an object; an empty one where it is missing or something else. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** A field that is a list of objects; an empty one where it is missing or something else. */
export function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

/** A field that is a list of texts; an empty one where it is missing or something else. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

/** Name of the program that a resource belongs to, as its labels say it; empty where they do not. */
export function programOf({ inputs }: Resource): string {
  const labels = list(inputs.labels).find(({ label }) => label === "com.pyairtable.service");
  return String(labels?.value ?? kubernetesLabels(inputs)["app.kubernetes.io/name"] ?? "");
}

export function kubernetesLabels(inputs: Fields): Fields {
  return fields(fields(inputs.metadata).labels);
}
