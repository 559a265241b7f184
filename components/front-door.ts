import * as pulumi from "@pulumi/pulumi";

import type { Programs } from "./programs";
import { deployAll, type ComponentArgs, type Placed } from "./stack-component";

type Entrance = NonNullable<Programs["entrance"]>;

/** The one way in for people. */
export class FrontDoor extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: Placed<Entrance>;

  constructor(name: string, args: ComponentArgs<Entrance>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:security:FrontDoor", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.registerOutputs();
  }
}
