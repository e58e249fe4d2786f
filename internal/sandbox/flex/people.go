package flex

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// What the people of an organisation and support do, as Go methods. The control plane offers the same.

var programmer = actor{by: byProgram, origin: OriginUser, name: "user:1"}

// Customers are the customers of an organisation in the order of their ids; an empty organisation is the first.
func (s *Sandbox) Customers(organisation string) []Customer {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return nil
	}
	out := make([]Customer, len(o.customers))
	for i, e := range o.customers {
		out[i] = e.c.clone()
	}
	return out
}

// Customer is the customer with that id, or with that customer number when no id is like it. False means there is none.
func (s *Sandbox) Customer(organisation, idOrNumber string) (Customer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return Customer{}, false
	}
	e := cmp.Or(o.find(idOrNumber), o.withNumber(idOrNumber))
	if e == nil {
		return Customer{}, false
	}
	return e.c.clone(), true
}

// Create lets the people make a customer. Id, revision, stamps and origin are given by Flex; without a CustomerTypeID the first type is taken, and a
// customer is active when the type's series gives the number. What is refused is a *Problem.
func (s *Sandbox) Create(organisation string, c Customer) (Customer, error) {
	return s.create(programmer, organisation, c)
}

func (s *Sandbox) create(who actor, organisation string, c Customer) (Customer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return Customer{}, err
	}
	if c.CustomerTypeID == "" && len(o.types) > 0 {
		c.CustomerTypeID = o.types[0].ID
	}
	c.ID, c.Origin, c.Active, c.Billing.ConsumerEInvoice = "", madeInFlex, true, false
	return s.store(o, who, draft{c: c, conflict: http.StatusConflict})
}

// Edit lets the people change a customer. What Flex itself gives (id, revision, stamps, origin) is left alone, and so are the number and consumer e-invoicing, which
// have their own acts.
func (s *Sandbox) Edit(organisation, id string, change func(*Customer)) (Customer, error) {
	return s.edit(programmer, organisation, id, draft{}, func(c *Customer) error {
		number, consumer := c.CustomerNumber, c.Billing.ConsumerEInvoice
		change(c)
		c.CustomerNumber, c.Billing.ConsumerEInvoice = number, consumer
		return nil
	})
}

func (s *Sandbox) edit(who actor, organisation, id string, d draft, change func(*Customer) error) (Customer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return Customer{}, err
	}
	e := o.find(id)
	if e == nil {
		return Customer{}, fmt.Errorf("customer %q: %w", clip(id), ErrNotFound)
	}
	c := e.c.clone()
	if err := change(&c); err != nil {
		return Customer{}, err
	}
	c.ID, c.Origin, c.Revision, c.CreatedAt, c.UpdatedAt, c.UpdatedBy = e.c.ID, e.c.Origin, e.c.Revision, e.c.CreatedAt, e.c.UpdatedAt, e.c.UpdatedBy
	d.c, d.old, d.conflict = c, e, http.StatusConflict
	return s.store(o, who, d)
}

// Deactivate takes a customer out of use. There is no delete.
func (s *Sandbox) Deactivate(organisation, id string) (Customer, error) {
	return s.deactivate(programmer, organisation, id)
}

func (s *Sandbox) deactivate(who actor, organisation, id string) (Customer, error) {
	return s.edit(who, organisation, id, draft{}, func(c *Customer) error {
		c.Active = false
		return nil
	})
}

// ChangeNumber lets the people give a customer another number, also where the type has a series.
func (s *Sandbox) ChangeNumber(organisation, id, number string) (Customer, error) {
	return s.changeNumber(programmer, organisation, id, number)
}

func (s *Sandbox) changeNumber(who actor, organisation, id, number string) (Customer, error) {
	return s.edit(who, organisation, id, draft{numbers: true}, func(c *Customer) error {
		c.CustomerNumber = number
		return nil
	})
}

// ChangeType lets the people give a customer another type; the number stays [assumed].
func (s *Sandbox) ChangeType(organisation, id, customerType string) (Customer, error) {
	return s.edit(programmer, organisation, id, draft{}, func(c *Customer) error {
		c.CustomerTypeID = customerType
		return nil
	})
}

// OrderConsumerEInvoice lets the consumer order e-invoices in the own net bank, or end them (F15). With a business ID it is refused (F16).
func (s *Sandbox) OrderConsumerEInvoice(organisation, id string, on bool) (Customer, error) {
	return s.orderConsumerEInvoice(actor{by: byProgram, origin: OriginUser, name: "netbank"}, organisation, id, on)
}

func (s *Sandbox) orderConsumerEInvoice(who actor, organisation, id string, on bool) (Customer, error) {
	return s.edit(who, organisation, id, draft{}, func(c *Customer) error {
		c.Billing.ConsumerEInvoice = on
		return nil
	})
}

// SendInvoice lets the people send a sales invoice, which carries the customer to Netvisor and overwrites it there [public]. Nothing of the
// customer changes in Flex; Options.InvoiceSent is told.
func (s *Sandbox) SendInvoice(organisation, id string) (Customer, error) {
	return s.sendInvoice(programmer, organisation, id)
}

func (s *Sandbox) sendInvoice(who actor, organisation, id string) (Customer, error) {
	s.mu.Lock()
	o, err := s.organisation(organisation)
	if err != nil {
		s.mu.Unlock()
		return Customer{}, err
	}
	e := o.find(id)
	if e == nil {
		s.mu.Unlock()
		return Customer{}, fmt.Errorf("customer %q: %w", clip(id), ErrNotFound)
	}
	s.tell(o, who, &e.c, WasInvoiced, "", []Change{})
	s.mu.Unlock()
	if s.opts.InvoiceSent != nil {
		s.opts.InvoiceSent(o.id, e.c.clone())
	}
	return e.c.clone(), nil
}

// Enable lets support switch the integration on or off (F4). While it is off, programs are refused and no events are made.
func (s *Sandbox) Enable(organisation string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return err
	}
	o.enabled, o.decided = on, true
	s.journal.write(record{Support: &savedSupport{o.id, on}})
	return nil
}

// Types are the customer types of an organisation.
func (s *Sandbox) Types(organisation string) []CustomerType {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return nil
	}
	out := make([]CustomerType, len(o.types))
	for i, t := range o.types {
		out[i] = t.clone()
	}
	return out
}

var typeIDShape = regexp.MustCompile(`^ct_[1-9][0-9]{0,8}$`)

// PutType lets support make a customer type or change the one with that id (F21); without an id a new one gets the next. Customers of the type stay as they are, also
// where they lack what it now demands; the next write of such a customer has to bring it.
func (s *Sandbox) PutType(organisation string, t CustomerType) (CustomerType, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return CustomerType{}, err
	}
	t = t.clone()
	if p := t.check(); p != nil {
		return CustomerType{}, p
	}
	if t.ID == "" {
		t.ID = typePrefix + strconv.FormatInt(o.lastType+1, 10)
	}
	if !typeIDShape.MatchString(t.ID) {
		return CustomerType{}, badRequestError{fmt.Errorf("a customer type has an id such as ct_12, not %q", clip(t.ID))}
	}
	if o.typeOf(t.ID) == nil && len(o.types) >= maxTypes {
		return CustomerType{}, badRequestError{fmt.Errorf("there are %d customer types already", maxTypes)}
	}
	o.putType(&t)
	o.noteType(t.ID)
	s.journal.write(record{Type: &savedType{Organisation: o.id, Type: t}})
	return t.clone(), nil
}

func (o *organisation) noteType(id string) {
	n, _ := strconv.ParseInt(id[min(len(id), len(typePrefix)):], 10, 64)
	o.lastType = max(o.lastType, n)
}

// RemoveType lets support take away a customer type that no customer has.
func (s *Sandbox) RemoveType(organisation, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return err
	}
	t := o.typeOf(id)
	if t == nil {
		return fmt.Errorf("customer type %q: %w", clip(id), ErrNotFound)
	}
	if slices.ContainsFunc(o.customers, func(e *entry) bool { return e.c.CustomerTypeID == id }) {
		return badRequestError{fmt.Errorf("customers have the type %s", id)}
	}
	o.types = slices.DeleteFunc(o.types, func(t *CustomerType) bool { return t.ID == id })
	s.journal.write(record{Type: &savedType{Organisation: o.id, Type: CustomerType{ID: id}, Gone: true}})
	return nil
}

// Key is the secret of the organisation's first key that is not revoked; empty when there is none.
func (s *Sandbox) Key(organisation string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return ""
	}
	for _, k := range o.keys {
		if !k.revoked {
			return k.secret
		}
	}
	return ""
}

// AddKey lets an organisation have one more key, with an invented secret when none is given.
func (s *Sandbox) AddKey(organisation string, k Key) (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return Key{}, err
	}
	if len(o.keys) >= maxKeys {
		return Key{}, badRequestError{fmt.Errorf("there are %d keys already", maxKeys)}
	}
	o.lastKey++
	k.ID = "key_" + strconv.FormatInt(o.lastKey, 10)
	if k.Secret == "" {
		k.Secret = randomSecret()
	}
	if err := k.check(); err != nil {
		return Key{}, badRequestError{err}
	}
	if _, other := s.keyOf(k.Secret); other != nil {
		return Key{}, badRequestError{fmt.Errorf("another key has that secret")}
	}
	added := &key{id: k.ID, secret: k.Secret, scopes: k.Scopes}
	o.keys = append(o.keys, added)
	s.journal.write(record{Key: saveKey(o, added)})
	return k, nil
}

// RevokeKey ends a key for ever.
func (s *Sandbox) RevokeKey(organisation, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.organisation(organisation)
	if err != nil {
		return err
	}
	for _, k := range o.keys {
		if k.id == id {
			k.revoked = true
			s.journal.write(record{Key: saveKey(o, k)})
			return nil
		}
	}
	return fmt.Errorf("key %q: %w", clip(id), ErrNotFound)
}
