package loadbalancing

import (
	"errors"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// keyOf gives what a span shares with those that have to go to the same backend.
type keyOf func(resource pcommon.Resource, span ptrace.Span) (string, error)

var keys = map[string]keyOf{"": traceOf, byTrace: traceOf, byService: serviceOf}

func traceOf(_ pcommon.Resource, span ptrace.Span) (string, error) {
	id := span.TraceID()
	return string(id[:]), nil
}

func serviceOf(resource pcommon.Resource, _ ptrace.Span) (string, error) {
	name, found := resource.Attributes().Get("service.name")
	if !found {
		return "", errors.New("unable to get service name: a span's resource has no service.name")
	}
	return name.AsString(), nil
}

// backendOf gives the same backend for the same key in every process that has the same backends. One backend more or less
// moves only the keys that it gets or had.
func (b *balancer) backendOf(key string) *backend {
	var chosen *backend
	var highest uint64
	for _, one := range b.backends {
		if score := xxhash.Sum64String(one.endpoint + "\x00" + key); chosen == nil || score > highest {
			chosen, highest = one, score
		}
	}
	return chosen
}

// split copies every span into the part of its backend, below a copy of its resource and scope.
func (b *balancer) split(traces ptrace.Traces) (map[*backend]ptrace.Traces, error) {
	parts := map[*backend]ptrace.Traces{}
	for _, resource := range traces.ResourceSpans().All() {
		resources := map[*backend]ptrace.ResourceSpans{}
		for _, scope := range resource.ScopeSpans().All() {
			scopes := map[*backend]ptrace.ScopeSpans{}
			for _, span := range scope.Spans().All() {
				key, err := b.key(resource.Resource(), span)
				if err != nil {
					return nil, err
				}
				to := b.backendOf(key)
				part := got(parts, to, ptrace.NewTraces)
				inResource := got(resources, to, func() ptrace.ResourceSpans { return appendResource(part, resource) })
				inScope := got(scopes, to, func() ptrace.ScopeSpans { return appendScope(inResource, scope) })
				span.CopyTo(inScope.Spans().AppendEmpty())
			}
		}
	}
	return parts, nil
}

func got[V any](values map[*backend]V, key *backend, create func() V) V {
	value, found := values[key]
	if !found {
		value = create()
		values[key] = value
	}
	return value
}

func appendResource(to ptrace.Traces, from ptrace.ResourceSpans) ptrace.ResourceSpans {
	added := to.ResourceSpans().AppendEmpty()
	from.Resource().CopyTo(added.Resource())
	added.SetSchemaUrl(from.SchemaUrl())
	return added
}

func appendScope(to ptrace.ResourceSpans, from ptrace.ScopeSpans) ptrace.ScopeSpans {
	added := to.ScopeSpans().AppendEmpty()
	from.Scope().CopyTo(added.Scope())
	added.SetSchemaUrl(from.SchemaUrl())
	return added
}
