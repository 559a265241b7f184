package elasticsearch

import (
	"encoding/json"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

const timestampLayout = "2006-01-02T15:04:05.000000000Z"

// resourceFields are the fields of the schema for attributes of a resource that have another name there. Attributes that are
// not here keep theirs.
var resourceFields = map[string]string{
	"client.address":              "client.ip",
	"cloud.platform":              "cloud.service.name",
	"container.image.tags":        "container.image.tag",
	"deployment.environment":      "service.environment",
	"deployment.environment.name": "service.environment",
	"faas.instance":               "faas.id",
	"faas.trigger":                "faas.trigger.type",
	"host.arch":                   "host.architecture",
	"k8s.cluster.name":            "orchestrator.cluster.name",
	"k8s.container.name":          "kubernetes.container.name",
	"k8s.cronjob.name":            "kubernetes.cronjob.name",
	"k8s.daemonset.name":          "kubernetes.daemonset.name",
	"k8s.deployment.name":         "kubernetes.deployment.name",
	"k8s.job.name":                "kubernetes.job.name",
	"k8s.namespace.name":          "kubernetes.namespace",
	"k8s.node.name":               "kubernetes.node.name",
	"k8s.pod.name":                "kubernetes.pod.name",
	"k8s.pod.uid":                 "kubernetes.pod.uid",
	"k8s.replicaset.name":         "kubernetes.replicaset.name",
	"k8s.statefulset.name":        "kubernetes.statefulset.name",
	"os.description":              "host.os.full",
	"os.name":                     "host.os.name",
	"os.type":                     "host.os.platform",
	"os.version":                  "host.os.version",
	"process.command_line":        "process.args",
	"process.executable.name":     "process.title",
	"process.executable.path":     "process.executable",
	"process.parent_pid":          "process.parent.pid",
	"process.runtime.name":        "service.runtime.name",
	"process.runtime.version":     "service.runtime.version",
	"service.instance.id":         "service.node.name",
	"source.address":              "source.ip",
}

// recordFields are the same for attributes of a record.
var recordFields = map[string]string{
	"event.name":              "event.action",
	"exception.escaped":       "event.error.exception.handled",
	"exception.message":       "error.message",
	"exception.stacktrace":    "error.stacktrace",
	"exception.type":          "error.type",
	"http.response.body.size": "http.response.encoded_body_size",
}

// osTypes are the kinds of operating systems that the schema knows.
var osTypes = map[string]string{
	"aix":     "unix",
	"darwin":  "macos",
	"hpux":    "unix",
	"linux":   "linux",
	"solaris": "unix",
	"windows": "windows",
}

// encode gives a record as a document of the Elastic Common Schema.
func encode(resource pcommon.Resource, scope pcommon.InstrumentationScope, record plog.LogRecord) ([]byte, error) {
	doc := document{}
	addResource(doc, resource.Attributes())
	addAttributes(doc, scope.Attributes(), nil)
	addAttributes(doc, record.Attributes(), recordFields)
	addRecord(doc, record)
	return json.Marshal(doc)
}

func addResource(doc document, attributes pcommon.Map) {
	for name, value := range attributes.All() {
		// These become the agent's name and version.
		if strings.HasPrefix(name, "telemetry.sdk.") || strings.HasPrefix(name, "telemetry.distro.") {
			continue
		}
		addAttribute(doc, name, value, resourceFields)
	}
	if _, own := attributes.Get("host.hostname"); !own {
		doc.setText("host.hostname", text(attributes, "host.name"))
	}
	doc.setText("host.os.type", osType(attributes))
	doc.setText("agent.name", agentName(attributes))
	doc.setText("agent.version", text(attributes, "telemetry.distro.version", "telemetry.sdk.version"))
}

func osType(attributes pcommon.Map) string {
	switch name := text(attributes, "os.name"); name {
	case "Android", "iOS":
		return strings.ToLower(name)
	default:
		return osTypes[text(attributes, "os.type")]
	}
}

// agentName is what sent the record: SDK/language/distribution, as far as they are known.
func agentName(attributes pcommon.Map) string {
	parts := []string{text(attributes, "telemetry.sdk.name")}
	language, distribution := text(attributes, "telemetry.sdk.language"), text(attributes, "telemetry.distro.name")
	if parts[0] == "" {
		parts[0] = "otlp"
	}
	if language == "" && distribution != "" {
		language = "unknown"
	}
	for _, part := range []string{language, distribution} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

func addRecord(doc document, record plog.LogRecord) {
	timestamp := record.Timestamp()
	if timestamp == 0 {
		timestamp = record.ObservedTimestamp()
	}
	doc.set("@timestamp", timestamp.AsTime().Format(timestampLayout))
	if id := record.TraceID(); !id.IsEmpty() {
		doc.set("trace.id", id.String())
	}
	if id := record.SpanID(); !id.IsEmpty() {
		doc.set("span.id", id.String())
	}
	if severity := record.SeverityNumber(); severity != plog.SeverityNumberUnspecified {
		doc.set("event.severity", int(severity))
	}
	doc.setText("log.level", record.SeverityText())
	if record.Body().Type() == pcommon.ValueTypeStr {
		doc.set("message", record.Body().Str())
	}
}

func addAttributes(doc document, attributes pcommon.Map, fields map[string]string) {
	for name, value := range attributes.All() {
		addAttribute(doc, name, value, fields)
	}
}

func addAttribute(doc document, name string, value pcommon.Value, fields map[string]string) {
	if field, renamed := fields[name]; renamed {
		name = field
	}
	doc.add(name, value)
}

// text gives the first of the attributes that is there and not empty.
func text(attributes pcommon.Map, names ...string) string {
	for _, name := range names {
		if value, found := attributes.Get(name); found && value.AsString() != "" {
			return value.AsString()
		}
	}
	return ""
}
