package netvisor

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const maxRequestDepth = 16

// rule is one element of a message: where it stands among its siblings, and what becomes of it. A list of rules is in the order that the
// service's document type asks for.
type rule struct {
	name string
	// children make it an aggregate. An empty aggregate has no effect.
	children []rule
	// need says when the element must be there.
	need need
	// filled says that the element must not be empty where it is there.
	filled bool
	// many allows the element to repeat.
	many bool
	// size is the most characters; zero means no limit is known and 2000 is the sandbox's own [inferred].
	size int
	// check refuses a text, looked at without surrounding space; nil takes any, to the letter. An attribute named kind must be among kinds where there is text.
	check func(string) bool
	kinds []string
	// checkIn refuses what depends on the company's data, with a failure of its own.
	checkIn func(*writing, given) *failure
	// apply enters the value after the whole message has been checked. An aggregate with apply gets the element.
	apply func(*writing, given)
}

type need int

const (
	never need = iota
	whenAdding
	always
)

const sizeWithoutRule = 2000

// given is one element as it came.
type given struct {
	path, text, kind string
	e                *element
}

// form is one kind of message.
type form struct {
	root   string
	rules  []rule
	adding bool
	// check looks at the message as a whole, before anything is applied.
	check func(*writing) *failure
	// done is called with the changed customer, after all has been applied.
	done func(*writing)
}

// writing is a message on its way into a customer.
type writing struct {
	form
	s        *Sandbox
	c        *company
	p        parameters
	customer *Customer
	part     int64 // the office or contact person the message is about
	values   map[string]string
	todo     []func()
}

// value is the text of an element of the message by its path below the root's only child, and whether it is there.
func (w *writing) value(path string) (string, bool) {
	v, ok := w.values[path]
	return v, ok
}

// walk checks the children of e against the rules and collects what is to be done.
func (w *writing) walk(path string, e *element, rules []rule) *failure {
	if strings.TrimSpace(e.text) != "" {
		return fail(invalidData, textElementValue, clipValue(path), clipValue(e.text))
	}
	at, seen := 0, make([]bool, len(rules))
	for _, child := range e.children {
		name := strings.ToLower(child.name)
		here := path + "/" + name
		i := slices.IndexFunc(rules, func(r rule) bool { return r.name == name })
		switch {
		case i < 0:
			return fail(invalidData, textElementUnknown, clipValue(here))
		case i < at:
			return fail(invalidData, textElementOrder, clipValue(here))
		case seen[i] && !rules[i].many:
			return fail(invalidData, textElementTwice, clipValue(here))
		}
		at, seen[i] = i, true
		if f := w.take(here, child, rules[i]); f != nil {
			return f
		}
	}
	for i, r := range rules {
		if !seen[i] && (r.need == always || r.need == whenAdding && w.adding) {
			return fail(invalidData, textElementMissing, path+"/"+r.name)
		}
	}
	return nil
}

// take checks one element.
func (w *writing) take(path string, e *element, r rule) *failure {
	if r.children != nil {
		if len(e.children) == 0 && strings.TrimSpace(e.text) == "" && !r.filled {
			return nil
		}
		if f := w.walk(path, e, r.children); f != nil {
			return f
		}
		return w.accept(r, given{path: path, e: e})
	}
	if len(e.children) > 0 {
		return fail(invalidData, textElementUnknown, clipValue(path+"/"+strings.ToLower(e.children[0].name)))
	}
	g := given{path: path, text: e.text, kind: strings.ToLower(e.attr("type")), e: e}
	blank := strings.TrimSpace(g.text) == ""
	size := r.size
	if size == 0 {
		size = sizeWithoutRule
	}
	if r.check != nil { // codes and numbers; free text is kept to the letter
		g.text = strings.TrimSpace(g.text)
	}
	switch {
	case blank && r.filled:
		return fail(invalidData, textElementEmpty, path)
	case utf8.RuneCountInString(g.text) > size:
		return fail(invalidDataSize, textElementSize, path, size)
	case !blank && r.kinds != nil && !slices.Contains(r.kinds, g.kind):
		return fail(invalidData, textElementKind, path, clipValue(e.attr("type")))
	case r.check != nil && !r.check(g.text):
		return fail(invalidData, textElementValue, path, clipValue(g.text))
	}
	w.values[strings.TrimPrefix(path, w.root+"/")] = g.text
	return w.accept(r, g)
}

func (w *writing) accept(r rule, g given) *failure {
	if r.checkIn != nil {
		if f := r.checkIn(w, g); f != nil {
			return f
		}
	}
	if r.apply != nil {
		w.todo = append(w.todo, func() { r.apply(w, g) })
	}
	return nil
}

// refusalError carries a failure through functions that return errors.
type refusalError struct{ *failure }

func (r refusalError) Error() string { return r.in(english) }

// write takes the body of a request into a customer, or into a new one where the form adds customers (key is zero then). Nothing is changed
// unless all of the message is right. The effect happens even if the client has gone by then.
func (s *Sandbox) write(c *company, key int64, out *reply, f form) *failure {
	root, failed := parseRequest(out.body, f.root)
	if failed != nil {
		return failed
	}
	if !out.ready(s) {
		return fail(technicalError, textTechnical)
	}
	w := &writing{form: f, s: s, c: c, p: out.parameters, values: map[string]string{}}
	apply := func(cu *Customer) error {
		w.customer = cu
		if failed := w.walk(f.root, root, f.rules); failed != nil {
			return refusalError{failed}
		}
		if f.check != nil {
			if failed := f.check(w); failed != nil {
				return refusalError{failed}
			}
		}
		for _, do := range w.todo {
			do()
		}
		if f.done != nil {
			f.done(w)
		}
		out.origin.part = w.part
		return nil
	}
	var err error
	if key == 0 {
		w.customer, err = s.add(c, &out.origin, apply)
	} else {
		w.customer, err = s.edit(c, key, &out.origin, apply)
	}
	return out.outcome(key, err, w)
}

// parseRequest reads a message: no declaration, no byte order mark, <root> first, and in it the one element that is asked for.
func parseRequest(body []byte, inner string) (*element, *failure) {
	text, _ := decodeText(body, "") // without a named encoding there is no error
	text = strings.TrimLeft(text, " \t\r\n")
	if len(text) < 6 || !strings.EqualFold(text[:5], "<root") {
		return nil, fail(invalidData, textRoot)
	}
	d := xml.NewDecoder(strings.NewReader(text))
	var open []*element
	var root *element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := d.InputPos()
		if err != nil {
			return nil, fail(invalidData, textUnreadable, line)
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local}
			for _, a := range t.Attr {
				e.attrs = append(e.attrs, attribute{a.Name.Local, a.Value})
			}
			switch {
			case len(open) == maxRequestDepth, len(open) == 0 && root != nil:
				return nil, fail(invalidData, textUnreadable, line)
			case len(open) == 0:
				root = e
			default:
				open[len(open)-1].children = append(open[len(open)-1].children, e)
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			} else if strings.TrimSpace(string(t)) != "" {
				return nil, fail(invalidData, textUnreadable, line)
			}
		case xml.Directive, xml.ProcInst: // a document type could define entities
			return nil, fail(invalidData, textUnreadable, line)
		}
	}
	switch {
	case !strings.EqualFold(root.name, "root"):
		return nil, fail(invalidData, textRoot)
	case len(root.children) == 0:
		return nil, fail(invalidData, textElementMissing, inner)
	case !strings.EqualFold(root.children[0].name, inner):
		return nil, fail(invalidData, textElementUnknown, clipValue(strings.ToLower(root.children[0].name)))
	case len(root.children) > 1:
		return nil, fail(invalidData, textElementTwice, inner)
	}
	return root.children[0], nil
}

// clipValue keeps a client's own text in an error short.
func clipValue(s string) string {
	const most = 100
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return s
}

// Checks of single values.

func orEmpty(check func(string) bool) func(string) bool {
	return func(s string) bool { return s == "" || check(s) }
}

func oneOf(values ...string) func(string) bool {
	return func(s string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, s) })
	}
}

// code takes anything, but without surrounding space.
func code(string) bool { return true }

func isNumber(s string) bool {
	return s != "" && len(s) <= 18 && strings.Trim(s, "0123456789") == ""
}
