/** The service that `monitoring verify` sends its metric, trace and log line as. Its traces are kept, whatever is sampled. */
export const VERIFICATION_SERVICE = "monitoring-verify";
