package flex

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNotFound is returned where there is no such organisation, customer, type, key or webhook.
var ErrNotFound = errors.New("not found")

// organisation is an organisation with all that it has. Sandbox.mu guards it, but for id, name and index.
type organisation struct {
	id, name string

	enabled bool
	// decided is true once support has switched, which then counts more than the options do at the next start.
	decided bool
	keys    []*key
	types   []*CustomerType
	hooks   []*webhook

	// customers are in the order of their ids; what is stored is never altered, only replaced.
	customers []*entry
	byNumber  map[string]int

	lastType, lastKey, lastHook int64

	window []time.Time // when the calls of the last minute came
}

type key struct {
	id, secret string
	scopes     []Scope
	revoked    bool
}

// entry is a customer with what nobody sees of it.
type entry struct {
	c Customer
	// made is the hash of the message that created the customer, for the second of two equal ones.
	made        string
	lastContact int64
	// touched is true for what the generator did not make.
	touched bool
}

const (
	firstCustomer  = 7001
	customerPrefix = "fx_"
	typePrefix     = "ct_"
)

func (o *organisation) find(id string) *entry {
	digits, ok := strings.CutPrefix(id, customerPrefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || strconv.Itoa(n) != digits || n < firstCustomer || n >= firstCustomer+len(o.customers) {
		return nil
	}
	return o.customers[n-firstCustomer]
}

func (o *organisation) withNumber(number string) *entry {
	if i, ok := o.byNumber[number]; ok {
		return o.customers[i]
	}
	return nil
}

func (o *organisation) typeOf(id string) *CustomerType {
	for _, t := range o.types {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func indexOf(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, customerPrefix))
	return n - firstCustomer
}

// put stores an entry under its id, which is an old one or the next.
func (o *organisation) put(e *entry) {
	i := indexOf(e.c.ID)
	if i == len(o.customers) {
		o.customers = append(o.customers, e)
	} else {
		delete(o.byNumber, o.customers[i].c.CustomerNumber)
		o.customers[i] = e
	}
	o.byNumber[e.c.CustomerNumber] = i
}

// nextNumber is the next number of a series that nobody has, with how the series goes on (F19, F20).
func (o *organisation) nextNumber(n NumberSeries) (string, int64) {
	for at := n.Next; ; at++ {
		if number := n.format(at); o.withNumber(number) == nil {
			return number, at + 1
		}
	}
}

// actor is who acts.
type actor struct {
	// by is call, control or program.
	by   string
	call int64
	// origin is USER for people, HUB for programs that say so in X-Origin and API for other programs [assumed, but for USER and HUB].
	origin string
	// name is what updatedBy says.
	name string
}

// The origins of events.
const (
	OriginUser = "USER"
	OriginHub  = "HUB"
	OriginAPI  = "API"

	madeInFlex = "FLEX"
)

// draft is a customer about to be stored.
type draft struct {
	c Customer
	// old is the entry before; nil for a new customer.
	old  *entry
	made string
	// conflict is the status when another has the number.
	conflict int
	// numbers is true where a number may be given to a customer whose type has a series: when the people change one.
	numbers bool
}

// store checks a draft, stores it and tells of it. A draft that alters nothing leaves the revision alone and tells nobody, but
// stands in the effect log.
func (s *Sandbox) store(o *organisation, who actor, d draft) (Customer, error) {
	c := d.c.clone()
	c.normalise()
	var before *Customer
	if d.old != nil {
		before = &d.old.c
	}
	t := o.typeOf(c.CustomerTypeID)
	if t == nil {
		return Customer{}, unknownType(c.CustomerTypeID)
	}
	bad := c.check(before, t)
	series := int64(0)
	switch given := before == nil || c.CustomerNumber != before.CustomerNumber; {
	case before == nil && c.CustomerNumber == "" && t.NumberSeries != nil:
		c.CustomerNumber, series = o.nextNumber(*t.NumberSeries)
	case given && t.NumberSeries != nil && !d.numbers:
		bad.add("customerNumber", FieldNumberAssignedBySeries, "the customer type %q gives the numbers itself", t.Name)
	case given:
		bad = append(bad, checkNumber(c.CustomerNumber)...)
	}
	if p := bad.problem(); p != nil {
		return Customer{}, p
	}
	if holder := o.withNumber(c.CustomerNumber); holder != nil && (before == nil || holder.c.ID != before.ID) {
		return Customer{}, numberInUse(d.conflict, c.CustomerNumber, holder.c.ID)
	}
	e := &entry{c: c, made: d.made, touched: true}
	if d.old != nil {
		e.lastContact, e.made = d.old.lastContact, d.old.made
	} else if len(o.customers) >= MaxCustomers+maxAdded {
		return Customer{}, refuse(http.StatusInsufficientStorage, CodeUnavailable, "the sandbox is full")
	}
	for i := range e.c.Contacts {
		if e.c.Contacts[i].ID == "" {
			e.lastContact++
			e.c.Contacts[i].ID = "c" + strconv.FormatInt(e.lastContact, 10)
		}
	}
	changes := difference(before, &e.c)
	if before != nil && len(changes) == 0 {
		s.tell(o, who, before, WasChanged, "", changes)
		return before.clone(), nil
	}
	now := s.stamp()
	if before == nil {
		e.c.ID = customerPrefix + strconv.Itoa(firstCustomer+len(o.customers))
		e.c.CreatedAt, e.c.Revision = now, 0
	}
	e.c.Revision++
	e.c.UpdatedAt, e.c.UpdatedBy = now, who.name
	o.put(e)
	if series > 0 { // types are replaced, never altered
		t = new(t.clone())
		t.NumberSeries.Next = series
		o.putType(t)
		s.journal.write(record{Type: &savedType{Organisation: o.id, Type: *t}})
	}
	s.journal.write(record{Customer: save(o, e)})
	what, kind := happened(before, &e.c, changes)
	event := s.emit(o, who, &e.c, kind, changes)
	s.tell(o, who, &e.c, what, event, changes)
	return e.c.clone(), nil
}

func (o *organisation) putType(t *CustomerType) {
	if i := slices.IndexFunc(o.types, func(old *CustomerType) bool { return old.ID == t.ID }); i >= 0 {
		o.types[i] = t
	} else {
		o.types = append(o.types, t)
	}
}

// happened names a change for the effect log and for the event that tells of it. One change is one event: its type is the first that
// fits of created, deactivated, number_changed and updated [assumed].
func happened(before, after *Customer, changes []Change) (what, event string) {
	switch {
	case before == nil:
		return WasCreated, EventCreated
	case before.Active && !after.Active:
		return WasDeactivated, EventDeactivated
	case slices.ContainsFunc(changes, func(c Change) bool { return c.Field == "customerNumber" }):
		return WasChanged, EventNumberChanged
	default:
		return WasChanged, EventUpdated
	}
}

func (s *Sandbox) organisation(id string) (*organisation, error) {
	if id == "" {
		return s.order[0], nil
	}
	if o := s.organisations[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("organisation %q: %w", id, ErrNotFound)
}
