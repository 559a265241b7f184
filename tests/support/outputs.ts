import * as pulumi from "@pulumi/pulumi";

/** The value of an output and whether it is secret; fails after two seconds, since a rejected output never resolves. */
export async function textOf<T>(output: pulumi.Output<T> | undefined): Promise<{ value: T; secret: boolean }> {
  if (output === undefined) throw new Error("there is no output");
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("the output did not resolve")), 2_000).unref(),
  );
  const value = new Promise<T>((resolve) => output.apply(resolve));
  return { value: await Promise.race([value, late]), secret: await pulumi.isSecret(output) };
}
