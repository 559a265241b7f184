/** Which program a container runs. */
export const SERVICE_LABEL = "com.pyairtable.service";
const STACK = "com.pyairtable.stack";

/** The labels that every object of a stack carries, so that operators and other tools can tell whose it is. */
export function stackLabels(stack: string, service: string): { label: string; value: string }[] {
  return [
    { label: SERVICE_LABEL, value: service },
    { label: STACK, value: stack },
  ];
}

/** The engine's filter for everything that belongs to a stack. */
export function ofStack(stack: string): { label: string[] } {
  return { label: [`${STACK}=${stack}`] };
}
