package netvisor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// manyParts spaces the keys of customers with a hundred offices and contact persons or more.
const manyParts = 1_000_000

// part is one kind of thing a card holds many of.
type part struct {
	wrapper, name, key string // wrapper is empty where the elements repeat right below Customer
	fields             []string
}

// Offices repeat without a wrapper, contact persons have one (Netvisor contract section 4.2).
var (
	officePart = part{"", "CustomerOfficeDetails", "OfficeNetvisorKey", []string{
		"OfficeNetvisorKey", "OfficeName", "OfficePhoneNumber", "OfficeTelefaxNumber", "OfficeIdentifier",
		"OfficeContactAddress/StreetAddress", "OfficeContactAddress/PostNumber", "OfficeContactAddress/City", "OfficeContactAddress/Country",
		"OfficeVisitAddress/StreetAddress", "OfficeVisitAddress/PostNumber", "OfficeVisitAddress/City", "OfficeVisitAddress/Country",
		"OfficeFinvoiceDetails/FinvoiceAddress", "OfficeFinvoiceDetails/FinvoiceRouterCode"}}
	contactPart = part{"CustomerContactPersons", "CustomerContactPerson", "ContactPersonID", []string{
		"ContactPersonID", "ContactPersonFirstName", "ContactPersonLastName", "ContactPersonPhoneNumber", "ContactPersonEmail",
		"ContactPersonOfficeNetvisorKey"}}
)

// Offices are the offices' fields by element name, those inside an aggregate as OfficeVisitAddress/City. Empty fields are left out.
func (c *Customer) Offices() []map[string]string { return officePart.read(c) }

// ContactPersons are the contact persons' fields by element name. Empty fields are left out.
func (c *Customer) ContactPersons() []map[string]string { return contactPart.read(c) }

// SetOffice changes the given fields of the office with that key, or adds an office when the key is zero, and returns its key.
// Unknown fields and keys are errors, and nothing is changed then.
func (c *Customer) SetOffice(key int64, fields map[string]string) (int64, error) {
	return officePart.set(c, key, fields)
}

// SetContactPerson does for contact persons what SetOffice does for offices; the key is the ContactPersonID.
func (c *Customer) SetContactPerson(key int64, fields map[string]string) (int64, error) {
	return contactPart.set(c, key, fields)
}

// RemoveOffice takes an office away; false means there is none with that key.
func (c *Customer) RemoveOffice(key int64) bool { return officePart.remove(c, key) }

// RemoveContactPerson takes a contact person away; false means there is none with that key.
func (c *Customer) RemoveContactPerson(key int64) bool { return contactPart.remove(c, key) }

func (p part) elements(c *Customer) []*element {
	parent := c.detail
	if p.wrapper != "" {
		parent = c.detail.child(p.wrapper)
	}
	if parent == nil {
		return nil
	}
	var out []*element
	for _, e := range parent.children {
		if strings.EqualFold(e.name, p.name) {
			out = append(out, e)
		}
	}
	return out
}

func (p part) read(c *Customer) []map[string]string {
	out := []map[string]string{}
	for _, e := range p.elements(c) {
		fields := map[string]string{}
		for _, name := range p.fields {
			if at := p.at(e, name); at != nil && strings.TrimSpace(at.text) != "" {
				fields[name] = strings.TrimSpace(at.text)
			}
		}
		out = append(out, fields)
	}
	return out
}

// at is the element of a field; nil when it is not there.
func (part) at(e *element, name string) *element {
	outer, inner, nested := strings.Cut(name, "/")
	if !nested {
		return e.child(name)
	}
	return e.child(outer).child(inner)
}

func (p part) find(c *Customer, key int64) *element {
	for _, e := range p.elements(c) {
		if e.value(p.key) == strconv.FormatInt(key, 10) {
			return e
		}
	}
	return nil
}

func (p part) set(c *Customer, key int64, fields map[string]string) (int64, error) {
	given := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		i := slices.IndexFunc(p.fields, func(f string) bool { return strings.EqualFold(f, name) })
		if i < 1 { // the first one is the key
			return 0, fmt.Errorf("unknown field %q", name)
		}
		if !valid(fields[name]) {
			return 0, fmt.Errorf("field %q: text holds a character that XML cannot hold", name)
		}
		given[p.fields[i]] = fields[name]
	}
	var e *element
	if key != 0 {
		if e = p.find(c, key); e == nil {
			return 0, fmt.Errorf("%s %d: %w", p.key, key, ErrNotFound)
		}
		maps.DeleteFunc(given, func(name, text string) bool { return text == "" && p.at(e, name) == nil }) // emptying nothing changes nothing
	} else {
		key = c.nextPart()
		e = p.add(c)
		p.put(e, p.key, strconv.FormatInt(key, 10))
		for _, name := range p.fields[1:] { // all of them occur in a reply, empty where nothing is known
			if _, ok := given[name]; !ok {
				p.put(e, name, "")
			}
		}
	}
	for name, text := range given {
		p.put(e, name, text)
	}
	return key, nil
}

// add appends an empty element of the kind, behind its siblings and at its place among the aggregates.
func (p part) add(c *Customer) *element {
	e := node(p.name)
	if p.wrapper != "" {
		wrapper := c.detail.ensure(p.wrapper, groupNames)
		wrapper.text, wrapper.children = "", append(wrapper.children, e)
		return e
	}
	at, place := 0, position(groupNames, p.name)
	for at < len(c.detail.children) && position(groupNames, c.detail.children[at].name) <= place {
		at++
	}
	c.detail.children = slices.Insert(c.detail.children, at, e)
	return e
}

func (p part) put(e *element, name, text string) {
	outer, inner, nested := strings.Cut(name, "/")
	var attrs []attribute
	if inner == "Country" {
		attrs = []attribute{{"type", "ISO-3166"}}
	}
	at := e.ensure(outer, p.names(""))
	if nested {
		at = at.ensure(inner, p.names(outer), attrs...)
	}
	at.text = text
}

// names is the order of the elements directly inside an aggregate of the part; empty means the part itself.
func (p part) names(outer string) []string {
	var out []string
	for _, f := range p.fields {
		a, b, nested := strings.Cut(f, "/")
		switch {
		case outer == "":
			out = append(out, a)
		case nested && a == outer:
			out = append(out, b)
		}
	}
	return out
}

func (p part) remove(c *Customer, key int64) bool {
	e := p.find(c, key)
	if e == nil {
		return false
	}
	parent := c.detail
	if p.wrapper != "" {
		parent = c.detail.child(p.wrapper)
	}
	c.lastPart = max(c.lastPart, key)
	maps.DeleteFunc(c.hidden, func(path, _ string) bool { return strings.Contains(path, "/"+strconv.FormatInt(key, 10)+"/") })
	parent.children = slices.DeleteFunc(parent.children, func(x *element) bool { return x == e })
	if p.wrapper != "" && len(parent.children) == 0 {
		c.detail.remove(p.wrapper) // the wrapper occurs with at least one entry, or not at all
	}
	return true
}

// nextPart is a key that no office or contact person had before: they are numbered from a hundred times the customer's key, and the many of
// a large customer behind all customers.
func (c *Customer) nextPart() int64 {
	next := max(c.key*100, c.lastPart)
	for _, p := range []part{officePart, contactPart} {
		for _, e := range p.elements(c) {
			if k, err := strconv.ParseInt(e.value(p.key), 10, 64); err == nil {
				next = max(next, k)
			}
		}
	}
	next++
	if first := c.key * 100; next >= first+100 && next < c.key*manyParts {
		next = c.key * manyParts
	}
	c.lastPart = max(c.lastPart, next)
	return next
}
