package netvisor

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// element is a node of an XML reply. An element with children has no text; captured text is kept to the letter.
type element struct {
	name     string
	attrs    []attribute
	text     string
	children []*element
}

type attribute struct{ name, value string }

// leaf and node build trees; they read like the reply they make.
func leaf(name, text string, attrs ...attribute) *element {
	return &element{name: name, text: text, attrs: attrs}
}

func node(name string, children ...*element) *element {
	return &element{name: name, children: children}
}

// child finds the first child of that name. Case is ignored since replies mix it: Netvisorkey, NetvisorKey.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

// value is the text of a child, without surrounding space; empty when there is no such child.
func (e *element) value(name string) string {
	if c := e.child(name); c != nil {
		return strings.TrimSpace(c.text)
	}
	return ""
}

// all are the children, none of an element that is not there.
func (e *element) all() []*element {
	if e == nil {
		return nil
	}
	return e.children
}

// attr is the value of an attribute in any case; empty when there is none.
func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.name, name) {
			return strings.TrimSpace(a.value)
		}
	}
	return ""
}

// setAttr gives an attribute a value, and takes it away when the value is empty.
func (e *element) setAttr(name, value string) {
	at := slices.IndexFunc(e.attrs, func(a attribute) bool { return strings.EqualFold(a.name, name) })
	switch {
	case value == "" && at >= 0:
		e.attrs = slices.Delete(e.attrs, at, at+1)
	case value == "":
	case at >= 0:
		e.attrs[at].value = value
	default:
		e.attrs = append(e.attrs, attribute{name, value})
	}
}

func (e *element) clone() *element {
	if e == nil {
		return nil
	}
	c := &element{name: e.name, text: e.text, attrs: slices.Clone(e.attrs)}
	if e.children != nil {
		c.children = make([]*element, len(e.children))
		for i, child := range e.children {
			c.children[i] = child.clone()
		}
	}
	return c
}

// ensure returns the child of that name, and creates it where order says: before the first sibling that order names later.
func (e *element) ensure(name string, order []string, attrs ...attribute) *element {
	if c := e.child(name); c != nil {
		return c
	}
	c := leaf(name, "", attrs...)
	at := len(e.children)
	place := position(order, name)
	for i, sibling := range e.children {
		if position(order, sibling.name) > place {
			at = i
			break
		}
	}
	e.text = ""
	e.children = slices.Insert(e.children, at, c)
	return c
}

// remove takes away the children of that name.
func (e *element) remove(name string) {
	e.children = slices.DeleteFunc(e.children, func(c *element) bool { return strings.EqualFold(c.name, name) })
}

// position is where order names it; names that order does not know come last, so that nothing is put behind them for no reason.
func position(order []string, name string) int {
	for i, n := range order {
		if strings.EqualFold(n, name) {
			return i
		}
	}
	return len(order)
}

// xmlWriter writes indented XML with CRLF, as the service's replies have it. The first error sticks and is returned by flush.
type xmlWriter struct {
	w     *bufio.Writer
	depth int
}

func newXMLWriter(w io.Writer) *xmlWriter {
	return &xmlWriter{w: bufio.NewWriterSize(w, 32<<10)}
}

const declaration = `<?xml version="1.0" encoding="utf-8" standalone="yes"?>`

func (x *xmlWriter) declaration() { x.w.WriteString(declaration); x.w.WriteString("\r\n") }

func (x *xmlWriter) open(name string) {
	x.indent()
	x.w.WriteByte('<')
	x.w.WriteString(name)
	x.w.WriteString(">\r\n")
	x.depth++
}

func (x *xmlWriter) close(name string) {
	x.depth--
	x.indent()
	x.w.WriteString("</")
	x.w.WriteString(name)
	x.w.WriteString(">\r\n")
}

func (x *xmlWriter) element(e *element) {
	x.indent()
	x.w.WriteByte('<')
	x.w.WriteString(e.name)
	for _, a := range e.attrs {
		x.w.WriteByte(' ')
		x.w.WriteString(a.name)
		x.w.WriteString(`="`)
		x.escape(a.value, true)
		x.w.WriteByte('"')
	}
	switch {
	case len(e.children) > 0:
		x.w.WriteString(">\r\n")
		x.depth++
		for _, c := range e.children {
			x.element(c)
		}
		x.close(e.name)
		return
	case e.text == "":
		x.w.WriteString(" />\r\n")
		return
	}
	x.w.WriteByte('>')
	x.escape(e.text, false)
	x.w.WriteString("</")
	x.w.WriteString(e.name)
	x.w.WriteString(">\r\n")
}

func (x *xmlWriter) indent() {
	for range x.depth {
		x.w.WriteString("  ")
	}
}

func (x *xmlWriter) flush() error { return x.w.Flush() }

// escape writes text. Characters that XML cannot hold become U+FFFD; they cannot come from a captured file, only from an edit.
func (x *xmlWriter) escape(s string, attr bool) {
	from := 0
	for i, r := range s {
		width := utf8.RuneLen(r)
		var with string
		switch {
		case r == '&':
			with = "&amp;"
		case r == '<':
			with = "&lt;"
		case r == '>':
			with = "&gt;"
		case r == '\r':
			with = "&#xD;"
		case r == '"' && attr:
			with = "&quot;"
		case r == '\n' && attr:
			with = "&#xA;"
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			with, width = "\uFFFD", 1
		case !inXML(r):
			with = "\uFFFD"
		default:
			continue
		}
		x.w.WriteString(s[from:i])
		x.w.WriteString(with)
		from = i + width
	}
	x.w.WriteString(s[from:])
}

// inXML reports whether XML 1.0 can hold the character.
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}
