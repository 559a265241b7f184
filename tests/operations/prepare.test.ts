import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import { workloadsOf } from "../../components/programs";
import { imagesOf } from "../../operations/prepare";
import { programsFor } from "../programs/support";
import { settingsFor, type Written } from "../support/settings";

const OF_ELASTICSEARCH = ["elasticsearch", "elasticsearchExporter", "filebeat", "kibana", "logstash"];

const imagesFor = (written: Written) => imagesOf(settingsFor(written));

describe("the images that are fetched or built for a stack", () => {
  it.each<[string, Written]>([
    ["Loki", {}],
    ["Elasticsearch", { logging: "elk" }],
    ["both and a front door", { logging: "both", frontDoor: { domain: "localhost" } }],
  ])("are those of all its programs with %s", (_, written) => {
    const references = new Set<string>(imagesFor(written).map((name) => images[name].reference));
    const missing = workloadsOf(programsFor(written)).filter(({ image }) => !references.has(image.reference));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it("are none of Elasticsearch's where that is not", () => {
    const fetched: readonly string[] = imagesFor({});
    expect(OF_ELASTICSEARCH.filter((name) => fetched.includes(name))).toEqual([]);
  });
});
