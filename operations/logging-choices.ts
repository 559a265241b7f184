import { schema } from "../components/settings/schema";

/** The log stores that the settings know. */
export const LOGGING: readonly string[] = schema.logging.schema.options;
