package flex

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

const (
	maxDepth    = 16
	maxContacts = 100
	maxMails    = 20
	maxText     = 255 // characters; the limits of Flex are not known [assumed]
	maxNumber   = 50
)

// readTree reads one JSON object. A name that stands twice is refused, since readers differ in which of the two counts.
func readTree(body []byte) (map[string]any, *Problem) {
	if !utf8.Valid(body) {
		return nil, malformed("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err != nil {
		return nil, malformed("the body is not JSON: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("something follows the JSON object in the body")
	}
	tree, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("the body must be a JSON object")
	}
	return tree, nil
}

func readValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		tree := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, _ := name.(string) // the decoder lets nothing else stand there
			if _, twice := tree[key]; twice {
				return nil, fmt.Errorf("%q stands twice in one object", key)
			}
			if tree[key], err = readValue(d, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return tree, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// shape is what a message may hold in one place.
type shape struct {
	kind kind
	// need refuses null and the empty text.
	need   bool
	most   int
	fields map[string]shape
	of     *shape
	// closed is the code with which any write is refused.
	closed string
}

type kind int

const (
	isText kind = iota
	isFlag
	isObject
	isList
)

func text() shape  { return shape{most: maxText} }
func need() shape  { return shape{most: maxText, need: true} }
func never() shape { return shape{closed: FieldReadOnly} }

func object(of map[string]shape) shape { return shape{kind: isObject, fields: of} }

// customerShape is what programs may write of a customer: exactly these names, in this case.
func customerShape() shape {
	contact := object(map[string]shape{"id": text(), "name": need(), "phone": text(), "email": text(), "role": text()})
	mail := need()
	return object(map[string]shape{
		"customerNumber": {most: maxNumber}, "customerTypeId": need(), "active": {kind: isFlag, need: true},
		"name": need(), "name2": text(), "firstName": text(), "lastName": text(), "businessId": text(), "phone": text(), "email": text(),
		"contacts": {kind: isList, most: maxContacts, of: &contact},
		"visitingAddress": object(map[string]shape{
			"line1": text(), "line2": text(), "postcode": text(), "city": text(), "country": text(),
		}),
		"billingAddress": object(map[string]shape{
			"name1": text(), "name2": text(), "line1": text(), "postcode": text(), "city": text(), "country": text(),
		}),
		"billing": {kind: isObject, need: true, fields: map[string]shape{
			"email": {kind: isList, most: maxMails, of: &mail}, "language": text(),
			"einvoice":         object(map[string]shape{"address": text(), "operator": text()}),
			"consumerEInvoice": {closed: FieldConsumerEInvoiceReadOnly},
		}},
		"externalRefs": {kind: isObject, need: true, fields: map[string]shape{"netvisorKey": text()}},
		"id":           never(), "origin": never(), "revision": never(), "createdAt": never(), "updatedAt": never(), "updatedBy": never(),
	})
}

var writable = customerShape()

// check compares a part of a message with its shape.
func (s shape) check(at string, v any, bad *fields) {
	if s.closed != "" {
		bad.add(at, s.closed, "%s cannot be written by programs", at)
		return
	}
	if v == nil {
		if s.need {
			bad.add(at, FieldRequired, "%s must not be null", at)
		}
		return
	}
	wrong := func(want string) { bad.add(at, FieldWrongType, "%s must be %s", at, want) }
	switch s.kind {
	case isText:
		t, ok := v.(string)
		switch {
		case !ok:
			wrong("a text")
		case t == "" && s.need:
			bad.add(at, FieldRequired, "%s must not be empty", at)
		case utf8.RuneCountInString(t) > s.most:
			bad.add(at, FieldTooLong, "%s is longer than %d characters", at, s.most)
		case containsControl(t):
			bad.add(at, FieldTextInvalid, "%s holds a control character", at)
		}
	case isFlag:
		if _, ok := v.(bool); !ok {
			wrong("true or false")
		}
	case isObject:
		tree, ok := v.(map[string]any)
		if !ok {
			wrong("an object")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(tree)) {
			path := name
			if at != "" {
				path = at + "." + name
			}
			if inner, known := s.fields[name]; known {
				inner.check(path, tree[name], bad)
			} else {
				bad.add(clip(path), FieldUnknown, "there is no such field")
			}
		}
	case isList:
		list, ok := v.([]any)
		if !ok {
			wrong("a list")
			return
		}
		if len(list) > s.most {
			bad.add(at, FieldTooLong, "%s holds more than %d entries", at, s.most)
			return
		}
		for i, one := range list {
			path := at + "[" + strconv.Itoa(i) + "]"
			if one == nil {
				bad.add(path, FieldRequired, "%s must not be null", path)
				continue
			}
			s.of.check(path, one, bad)
		}
	}
}

func containsControl(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}

// merge is the JSON merge patch of RFC 7396: null clears, objects are merged, everything else is replaced.
func merge(target, patch map[string]any) map[string]any {
	out := maps.Clone(target)
	if out == nil {
		out = map[string]any{}
	}
	for name, v := range patch {
		if inner, ok := v.(map[string]any); ok {
			old, _ := out[name].(map[string]any)
			out[name] = merge(old, inner)
			continue
		}
		out[name] = v
	}
	return out
}

// patched is a customer after a merge patch whose shape has been checked. A list that is null becomes empty.
func patched(c Customer, patch map[string]any) (Customer, error) {
	old, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	var tree map[string]any
	if err := json.Unmarshal(old, &tree); err != nil {
		return c, err
	}
	b, err := json.Marshal(merge(tree, patch))
	if err != nil {
		return c, err
	}
	var out Customer
	if err := json.Unmarshal(b, &out); err != nil {
		return c, err
	}
	out.normalise()
	return out, nil
}
