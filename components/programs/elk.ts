import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { elasticsearch } from "./elasticsearch";
import type { ElkStore } from "./elasticsearch-access";
import { elasticsearchSetup } from "./elasticsearch-setup";
import { filebeat } from "./filebeat";
import { kibana } from "./kibana";
import { kibanaSetup } from "./kibana-setup";
import { logstash } from "./logstash";
import type { ProgramSecrets } from "./secrets";

export {
  elasticsearchAuthority,
  elasticsearchUrl,
  logsIndex,
  otlpLogsStream,
  userPassword,
} from "./elasticsearch-access";

/** The programs of the ELK log store. */
export interface ElkPrograms {
  readonly elasticsearch: Workload;
  readonly elasticsearchSetup: Workload;
  readonly kibana: Workload;
  readonly kibanaSetup: Workload;
  readonly logstash?: Workload;
  readonly filebeat: Workload;
}

/** Elasticsearch with what fills it and shows it, in the order in which they start. */
export function elkPrograms(settings: Settings, store: ElkStore, secrets: ProgramSecrets): ElkPrograms {
  return {
    elasticsearch: elasticsearch(settings, store, secrets),
    elasticsearchSetup: elasticsearchSetup(settings, store, secrets),
    kibana: kibana(settings, secrets),
    kibanaSetup: kibanaSetup(settings, secrets),
    ...(store.logstash ? { logstash: logstash(settings, secrets) } : {}),
    filebeat: filebeat(settings, store, secrets),
  };
}
