import * as pulumi from "@pulumi/pulumi";

import type { Programs } from "./programs";
import { deployAll, type ComponentArgs, type Placed } from "./stack-component";

type ElkPrograms = NonNullable<Programs["elk"]>;

/** Elasticsearch, Kibana and the shippers that bring them the containers' logs. */
export class ElkLogging extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: Placed<ElkPrograms>;
  readonly kibanaUrl: string;

  constructor(name: string, args: ComponentArgs<ElkPrograms>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:logging:ElkLogging", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.kibanaUrl = this.nodes.kibana.urls.http as string;
    this.registerOutputs({ kibanaUrl: this.kibanaUrl });
  }
}
