/** What a program gives, or would have to give, for an object. */
import type { Failure } from "../schema";
import { isObject, type Values } from "../values";
import { annotation, metadataOf, withMetadata } from "./metadata";
import { normalizeInputs } from "./normalize";

/** The values but for one. */
export function without(values: Values, key: string): Values {
  return Object.fromEntries(Object.entries(values).filter(([other]) => other !== key));
}

/** All of an imported object that a program could have given. */
export function inputsOf(live: Values): Values {
  const normal = normalizeInputs(without(live, "status"));
  const { annotations, ...metadata } = metadataOf(normal);
  const own = Object.entries(isObject(annotations) ? annotations : {}).filter(
    ([key]) => !["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"].includes(key),
  );
  return { ...normal, metadata: own.length > 0 ? { ...metadata, annotations: Object.fromEntries(own) } : metadata };
}

/** What the vendor's plugin may do with an object and this one does not. */
export function refusal(inputs: Values): Failure | undefined {
  if (metadataOf(inputs)["generateName"] !== undefined) {
    const reason = "'metadata.generateName' does not go with server-side apply; leave the name out altogether";
    return { property: "metadata.generateName", reason };
  }
  if (annotation(inputs, "waitFor") === undefined) return undefined;
  return { property: "metadata.annotations", reason: "the annotation 'pulumi.com/waitFor' needs the vendor's plugin" };
}

/** Without server-side apply the cluster does not know who made an object, so a label says it. */
export function labelled(inputs: Values): Values {
  const { labels } = metadataOf(inputs);
  const others = isObject(labels) ? labels : {};
  return withMetadata(inputs, { labels: { "app.kubernetes.io/managed-by": "pulumi", ...others } });
}
