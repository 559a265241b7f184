/** The `kubernetes` plugin. */
import { KindHandler } from "./kubernetes/handler";
import { KINDS, token } from "./kubernetes/kinds";
import { clusterChanges, Provider } from "./kubernetes/provider";
import type { Plugin } from "./server";

export const kubernetes: Plugin = {
  name: "kubernetes",
  version: "4.34.2",
  types: () => [],
  handlers(settings) {
    const provider = new Provider(settings);
    return new Map(KINDS.map((kind) => [token(kind), new KindHandler(provider, kind)]));
  },
  replacedBy: clusterChanges,
};
