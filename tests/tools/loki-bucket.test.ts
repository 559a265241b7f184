import { expect, it, onTestFinished, vi } from "vitest";

import { post } from "./support/daemon";
import { fakeServer } from "./support/fake-server";
import { startLoki } from "./support/loki";
import { useRendered, useTool } from "./support/tool";

const CASE = "lines in a bucket";
const NONE = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>';
const EMPTY =
  '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated></ListBucketResult>';

const loki = useTool("loki");
const rendered = useRendered([CASE]);

/** A store with S3's interface that holds nothing and takes everything, until the end of the test. */
const startStore = () =>
  fakeServer(({ method, path }) => {
    if (method !== "GET") return { status: 200, body: "" };
    return path.includes("list-type=2") ? { status: 200, body: EMPTY } : { status: 404, body: NONE };
  });

it("Loki writes lines into the bucket, with the key of its file", async () => {
  const store = await startStore();
  const files = rendered(CASE);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", files.at("/etc/loki/secrets/object-storage"));
  const url = await startLoki(loki.path(), files, (text) => text.replace("https://s3.example.com", store.url));
  const line = [`${Date.now()}000000`, "a line"];
  const push = () => post(`${url}/loki/api/v1/push`, { streams: [{ stream: { service: "a" }, values: [line] }] });
  await vi.waitFor(push, { timeout: 30_000, interval: 500 });
  await post(`${url}/flush`, {});
  const chunk = () =>
    store.asked.find(({ method, path }) => method === "PUT" && /^\/pyairtable-lines\/fake\//.test(path));
  await vi.waitFor(() => expect(chunk()).toBeDefined(), { timeout: 30_000, interval: 200 });
  expect(chunk()?.authorization).toContain("Credential=id/");
  expect(chunk()?.authorization).toContain("/us-east-1/s3/");
}, 90_000);
