import type * as pulumi from "@pulumi/pulumi";

/**
 * A transformation that leaves out a container's inputs which are not given.
 *
 * The SDK names every input that the type has, and makes an output with four promises of each: of a container's 70 the program
 * gives 20, and the others were a tenth of a preview. A container's own outputs stay; an input that was not given is no output
 * of the resource any more.
 */
export const givenInputs: pulumi.ResourceTransformation = ({ props, opts }) => ({
  props: Object.fromEntries(
    Object.entries(props as Record<string, unknown>).filter(
      ([name, value]) => value !== undefined || OUTPUTS.includes(name),
    ),
  ),
  opts,
});

/** What a container has beside its inputs. */
const OUTPUTS = ["bridge", "containerLogs", "exitCode", "networkDatas"];
