package netvisor

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Effect is one change of one customer, whoever made it. Effects are never altered once they are in the log; they are what an auditor
// holds against what a client believes to have written.
type Effect struct {
	// Number counts from 1 and has no holes; numbers missing from Effects were dropped by the limit.
	Number int64 `json:"number"`
	// Time is the sandbox's clock.
	Time time.Time `json:"time"`
	// Call is the number of the call that had the effect; zero when it was no call of the service.
	Call int64 `json:"call,omitempty"`
	// By is "call" for a call of the service, "control" for the control plane and "program" for the Go API.
	By string `json:"by"`
	// Resource is the resource called, such as office.nv.
	Resource     string `json:"resource,omitempty"`
	Organisation string `json:"organisation"`
	// Customer is the NetvisorKey, and Part the key of the office or contact person that the call was about, or zero.
	Customer int64 `json:"customer"`
	Part     int64 `json:"part,omitempty"`
	// What is created, changed or deleted, of the customer as a whole.
	What string `json:"what"`
	// Changes are the values that differ, in the order of the card. Empty for a write that altered nothing.
	Changes []Change `json:"changes"`
}

// Change is one value before and after an effect.
type Change struct {
	// Field is the path of the element on the card, such as CustomerBaseInformation/Name or CustomerOfficeDetails[100112]/OfficeName. What
	// stands on no card is below WriteOnly, Responsibility, CustomTags and Invoices.
	Field string `json:"field"`
	// What is set, changed or cleared. An element that is empty and one that is not there are the same.
	What   string `json:"what"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// What happened to a customer or to one value of it.
const (
	WasCreated = "created"
	WasChanged = "changed"
	WasDeleted = "deleted"
	WasSet     = "set"
	WasCleared = "cleared"

	byCall    = "call"
	byControl = "control"
	byProgram = "program"
)

// origin is who makes a change.
type origin struct {
	by, resource string
	call         int64
	part         int64
}

// Effects is a copy of the effect log, oldest first.
func (s *Sandbox) Effects() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.effects)
	for i := range out {
		out[i].Changes = slices.Clone(out[i].Changes)
	}
	return out
}

// edit, add and remove are every way in which customers change while the sandbox runs. They enter the effect and the state on disk while the
// book is locked, so that both have the order in which things happened.
func (s *Sandbox) edit(c *company, key int64, o *origin, f func(*Customer) error) (*Customer, error) {
	return c.book.edit(key, f, s.teller(c, o))
}

func (s *Sandbox) add(c *company, o *origin, f func(*Customer) error) (*Customer, error) {
	return c.book.add(f, s.teller(c, o))
}

func (s *Sandbox) remove(c *company, key int64, o *origin, may func(*Customer) error) error {
	return c.book.remove(key, may, s.teller(c, o))
}

func (s *Sandbox) teller(c *company, o *origin) func(changed) {
	return func(ch changed) {
		e := Effect{
			Time: s.opts.Clock(), Call: o.call, By: o.by, Resource: o.resource, Organisation: c.OrganisationID,
			Part: o.part, What: WasChanged, Changes: difference(ch.before, ch.after),
		}
		switch {
		case ch.before == nil:
			e.What, e.Customer = WasCreated, ch.after.key
		case ch.after == nil:
			e.What, e.Customer = WasDeleted, ch.before.key
		default:
			e.Customer = ch.after.key
		}
		s.mu.Lock()
		s.effectNumber++
		e.Number = s.effectNumber
		s.effects = append(s.effects, e)
		if len(s.effects) > s.opts.EffectLimit {
			s.effects = s.effects[1:]
		}
		// Under the lock, since effects of two companies are numbered by one count: the file has their order too.
		s.journal.write(record{Effect: &e, Customer: saved(c, e.Customer, ch.after)})
		s.mu.Unlock()
		c.book.learnt = append(c.book.learnt, c.book.lists.added...)
		c.book.lists.added = nil
	}
}

// difference compares two cards value by value; nil is a card without any.
func difference(before, after *Customer) []Change {
	out := []Change{}
	old, now := before.values(), after.values()
	was := make(map[string]string, len(old))
	for _, v := range old {
		was[v.path] = v.text
	}
	is := make(map[string]bool, len(now))
	for _, v := range now {
		is[v.path] = true
		switch b := was[v.path]; {
		case b == v.text:
		case b == "":
			out = append(out, Change{v.path, WasSet, "", v.text})
		case v.text == "":
			out = append(out, Change{v.path, WasCleared, b, ""})
		default:
			out = append(out, Change{v.path, WasChanged, b, v.text})
		}
	}
	for _, v := range old {
		if !is[v.path] && v.text != "" {
			out = append(out, Change{v.path, WasCleared, v.text, ""})
		}
	}
	return out
}

type pathValue struct{ path, text string }

// values are all texts and attributes of a customer with their paths.
func (c *Customer) values() []pathValue {
	if c == nil {
		return nil
	}
	var out []pathValue
	var walk func(path string, e *element)
	walk = func(path string, e *element) {
		for _, a := range e.attrs {
			out = append(out, pathValue{path + "@" + a.name, a.value})
		}
		if len(e.children) == 0 {
			out = append(out, pathValue{path, e.text})
			return
		}
		count := map[string]int{}
		for _, child := range e.children {
			at := child.name
			if path != "" {
				at = path + "/" + at
			}
			name := strings.ToLower(child.name)
			count[name]++
			switch {
			case child.value(officePart.key) != "":
				at += "[" + child.value(officePart.key) + "]"
			case child.value(contactPart.key) != "":
				at += "[" + child.value(contactPart.key) + "]"
			case count[name] > 1 || name == "dimension":
				at += "[" + strconv.Itoa(count[name]) + "]"
			}
			walk(at, child)
		}
	}
	if len(c.detail.children) > 0 {
		walk("", c.detail)
	}
	for i, v := range c.tab.values() {
		out = append(out, pathValue{"Responsibility/" + responsibilityNames[i], v})
	}
	for _, t := range c.tags {
		out = append(out, pathValue{"CustomTags/" + t.Name, t.Value})
	}
	from := len(out)
	for path, text := range c.hidden {
		out = append(out, pathValue{"WriteOnly/" + path, text})
	}
	hidden := out[from:]
	sort.Slice(hidden, func(i, j int) bool { return hidden[i].path < hidden[j].path })
	if c.invoiced {
		out = append(out, pathValue{"Invoices", "1"})
	}
	return out
}
