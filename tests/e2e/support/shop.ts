import { stackImages } from "./real-node";

/** The namespace of the monitored services, its one service, and the trace that it sends. */
export const NAMESPACE = "shop";
export const SERVICE = "api-gateway";
export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

/**
 * Objects of a service that answers for its metrics, writes log lines and sends one trace over and over, each with the path
 * at which it is created.
 */
export function serviceObjects(stack: string): [path: string, object: object][] {
  const span = {
    ...{ traceId: TRACE, spanId: "00f067aa0ba902b7", name: "GET /cart", kind: 2 },
    ...{ startTimeUnixNano: "NOW000000000", endTimeUnixNano: "NOW025000000" },
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "checkout" } }] };
  const trace = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
  const line = JSON.stringify({ level: "warning", message: `hello from ${stack}`, trace_id: TRACE });
  const send = `wget -q -O /dev/null --header 'content-type: application/json'`;
  const script = [
    'mkdir -p /www && echo \'http_requests_total{method="GET",endpoint="/",status="200"} 42\' > /www/metrics',
    "httpd -p 8000 -h /www",
    `while true; do echo '${line}'`,
    `${send} --post-data "$(echo '${trace}' | sed "s/NOW/$(date +%s)/g")" http://otel-collector.${stack}:4318/v1/traces`,
    "sleep 2; done",
  ].join("; ");
  const metadata = { name: SERVICE, namespace: NAMESPACE, labels: { "app.kubernetes.io/name": SERVICE } };
  const container = { name: "main", image: stackImages().find((image) => image.startsWith("busybox")) };
  return [
    ["/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }],
    [
      `/api/v1/namespaces/${NAMESPACE}/services`,
      { apiVersion: "v1", kind: "Service", metadata, spec: { selector: metadata.labels, ports: [{ port: 8000 }] } },
    ],
    [
      `/api/v1/namespaces/${NAMESPACE}/pods`,
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata,
        spec: { containers: [{ ...container, command: ["sh", "-c", script] }] },
      },
    ],
  ];
}
