/** The `docker` plugin. */
import { containerType } from "./container";
import { Engine } from "./engine";
import { engineAddress } from "./engine-address";
import { networkType } from "./network";
import { remoteImageType } from "./remote-image";
import type { Plugin } from "./server";
import { volumeType } from "./volume";

export const docker: Plugin = {
  name: "docker",
  version: "5.2.0",
  types(settings) {
    const engine = new Engine(engineAddress(settings));
    return [containerType, networkType, remoteImageType, volumeType].map((make) => make(engine));
  },
};
