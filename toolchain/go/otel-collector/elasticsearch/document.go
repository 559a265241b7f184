package elasticsearch

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// document is a tree of fields. A dot in a field's name stands for a level.
type document map[string]any

// add sets a field to an attribute's value. What Elasticsearch has no value for is left out.
func (d document) add(path string, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeMap:
		for name, inner := range value.Map().All() {
			d.add(path+"."+name, inner)
		}
	case pcommon.ValueTypeDouble:
		if number := value.Double(); !math.IsNaN(number) && !math.IsInf(number, 0) {
			d.set(path, number)
		}
	default:
		d.set(path, value.AsRaw())
	}
}

func (d document) setText(path, value string) {
	if value != "" {
		d.set(path, value)
	}
}

// set puts a value in, in place of an earlier one. Where a field has a value and fields of its own, the value goes to its
// field `value`.
func (d document) set(path string, value any) {
	// Elasticsearch refuses a document with an empty name in it.
	names := strings.FieldsFunc(path, func(letter rune) bool { return letter == '.' })
	if len(names) == 0 {
		return
	}
	last := len(names) - 1
	for _, name := range names[:last] {
		d = d.level(name)
	}
	if inner, isLevel := d[names[last]].(document); isLevel {
		inner["value"] = value
		return
	}
	d[names[last]] = value
}

func (d document) level(name string) document {
	switch field := d[name].(type) {
	case document:
		return field
	case nil:
		d[name] = document{}
	default:
		d[name] = document{"value": field}
	}
	return d[name].(document)
}
