import * as pulumi from "@pulumi/pulumi";

import type { Programs } from "./programs";
import { deployAll, type ComponentArgs, type Placed } from "./stack-component";

type LokiPrograms = NonNullable<Programs["loki"]>;

/** Loki and the shipper that brings it the containers' logs. */
export class LokiLogging extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: Placed<LokiPrograms>;
  readonly lokiUrl: string;

  constructor(name: string, args: ComponentArgs<LokiPrograms>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:logging:LokiLogging", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.lokiUrl = this.nodes.loki.urls.http as string;
    this.registerOutputs({ lokiUrl: this.lokiUrl });
  }
}
