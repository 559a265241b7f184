import type { StackRun } from "./pulumi-run";

/** A resource, as the engine recorded it. */
export interface RecordedResource {
  readonly urn: string;
  readonly id?: string;
  readonly type: string;
  readonly protect?: boolean;
  readonly inputs?: {
    readonly mustRun?: boolean;
    readonly metadata?: { readonly name?: string; readonly namespace?: string };
    readonly spec?: { readonly replicas?: number };
  };
}

/** What the engine knows of a stack. */
export interface Recorded {
  readonly resources: readonly RecordedResource[];
  /** Whether an operation was begun of whose end the engine knows nothing. */
  readonly isInterrupted: boolean;
}

export async function recorded(run: Pick<StackRun, "capture">): Promise<Recorded> {
  interface Exported {
    readonly deployment: {
      readonly resources?: readonly RecordedResource[];
      readonly pending_operations?: readonly unknown[];
    };
  }
  const { deployment } = JSON.parse(await run.capture(["stack", "export"])) as Exported;
  return {
    resources: deployment.resources ?? [],
    isInterrupted: (deployment.pending_operations ?? []).length > 0,
  };
}

/** Names of the resources that the engine refuses to delete. */
export async function protectedResources(run: StackRun): Promise<string[]> {
  const { resources } = await recorded(run);
  return resources.filter(({ protect }) => protect).map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
}
