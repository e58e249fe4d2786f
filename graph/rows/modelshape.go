package rows

import (
	"maps"
	"reflect"
	"strings"
	"time"
)

// modelShape is the shape of a type of package model: each field is written as its Go type says, but for those in more, and
// those that are left to plain execution.
func modelShape[T any](name string, more map[string]shapeField, plain ...string) *shape {
	out := &shape{name: name, fields: make(map[string]shapeField), plain: plain}
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" || tag == "" {
			continue
		}
		if write := writerOf(f.Type); write != nil {
			out.fields[tag] = shapeField{write: func(out []byte, of any) []byte {
				return write(out, reflect.ValueOf(of).Elem().Field(i))
			}}
		}
	}
	maps.Copy(out.fields, more)
	for _, field := range plain {
		delete(out.fields, field)
	}
	return out
}

var momentType = reflect.TypeFor[time.Time]()

// writerOf writes values of a Go type as gqlgen does; nil for a type that is an object, or that nothing here has.
func writerOf(t reflect.Type) func(out []byte, v reflect.Value) []byte {
	switch {
	case t == momentType:
		return func(out []byte, v reflect.Value) []byte { return appendMoment(out, v.Interface().(time.Time)) }
	case t.Kind() == reflect.String:
		return func(out []byte, v reflect.Value) []byte { return appendText(out, v.String()) }
	case t.Kind() == reflect.Bool:
		return func(out []byte, v reflect.Value) []byte { return appendBool(out, v.Bool()) }
	case t.Kind() == reflect.Int:
		return func(out []byte, v reflect.Value) []byte { return appendInt(out, v.Int()) }
	case t.Kind() == reflect.Pointer:
		of := writerOf(t.Elem())
		if of == nil {
			return nil
		}
		return func(out []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return appendNull(out)
			}
			return of(out, v.Elem())
		}
	case t.Kind() == reflect.Slice:
		of := writerOf(t.Elem())
		if of == nil {
			return nil
		}
		return func(out []byte, v reflect.Value) []byte {
			if v.IsNil() && t.Elem().Kind() != reflect.String {
				return appendNull(out)
			}
			out = append(out, '[')
			for i := range v.Len() {
				if i > 0 {
					out = append(out, ',')
				}
				out = of(out, v.Index(i))
			}
			return append(out, ']')
		}
	}
	return nil
}

// anys are things as a shape takes them.
func anys[T any](in []*T) []any {
	out := make([]any, len(in))
	for i, one := range in {
		out[i] = one
	}
	return out
}

// orNil is nothing where there is none, rather than something that is nil.
func orNil[T any](one *T) any {
	if one == nil {
		return nil
	}
	return one
}
