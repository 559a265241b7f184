import * as pulumi from "@pulumi/pulumi";

/** Those of the values that are given, as secrets. */
export function secrets<K extends string>(values: Record<K, string | undefined>): { [P in K]?: pulumi.Output<string> } {
  return Object.fromEntries(
    Object.entries<string>(defined(values) as Record<string, string>).map(([key, value]) => [
      key,
      pulumi.secret(value),
    ]),
  ) as { [P in K]?: pulumi.Output<string> };
}

/** A copy without the keys that hold `undefined`. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as never;
}
