package flex

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// LongestWrite implements connector.Writer. Flex names no longest time; every call that writes is safe to repeat, so little is lost when it is
// still at work on the first one.
func (c *Connection) LongestWrite() time.Duration { return time.Minute }

// Write implements connector.Writer.
//
// An edit is made from the revision that was read last on the connection, which is the one that the caller decided about: Stale says that
// somebody was faster, and nothing was changed. Without such a reading the customer is read first. No call is made where Flex holds already
// what it would be sent.
//
// A customer who becomes the other kind gets the other one of the two types for customers from Netvisor (contract section 3.3); who has any
// other type keeps it, as the record says (connector.Record.Kept).
func (c *Connection) Write(ctx context.Context, s connector.Step) (string, error) {
	if err := checkStep(s); err != nil {
		return "", err
	}
	if s.Record == "" {
		return c.create(ctx, s)
	}
	id := rest.Key(rest.Text(s.Record))
	if id == "" {
		return "", noSuch()
	}
	before := c.last
	if before == nil || string(before.ID) != id {
		var err error
		if before, err = c.read(ctx, id); err != nil {
			if fault.Of(err) == nil {
				return "", c.service.NotSent(customers, err)
			}
			return "", err
		}
	}
	c.last = nil // what is written makes another revision
	if s.Part == customer.PartContact {
		return c.writeContact(ctx, s, before)
	}
	return "", c.edit(ctx, s, before)
}

// create makes a customer under its number, with the type that its kind has (F8). A number that somebody has by now is Stale: who that is has to
// be looked at (F18).
func (c *Connection) create(ctx context.Context, s connector.Step) (string, error) {
	ts, err := c.typesOf(ctx)
	if err != nil {
		if fault.Of(err) == nil {
			return "", c.service.NotSent(customerTypes, err)
		}
		return "", err
	}
	t, err := c.sureTypeFor(ctx, ts, customer.Kind(s.Set[customer.FieldKind]))
	if err != nil {
		return "", err
	}
	number := s.Set[customer.FieldNumber]
	body, _ := bodyOf(s)
	body.CustomerNumber = nil // it is the address
	body.CustomerTypeID = new(api.Value(t.ID))
	if s.Set[customer.FieldStatus] == string(customer.Inactive) {
		body.Active = new(false)
	}
	r := c.request(http.MethodPut, customers, "by-number", number)
	r.Body, r.Header["If-None-Match"] = body, "*"
	var made api.Customer
	if err := c.service.Send(ctx, r, &made); err != nil {
		return "", err
	}
	if rest.Key(made.ID) == "" || string(made.CustomerNumber) != number {
		return "", c.service.BrokenReply(customers, fault.Uncertain, errNoID)
	}
	return string(made.ID), nil
}

// edit changes the card.
func (c *Connection) edit(ctx context.Context, s connector.Step, before *api.Customer) error {
	ts, err := c.typesWith(ctx, before.CustomerTypeID)
	if err != nil {
		if fault.Of(err) == nil {
			return c.service.NotSent(customerTypes, err)
		}
		return err
	}
	holds := c.toRecord(before, ts)
	// The pair goes together. One that does not count without a business ID is there all the same.
	held := api.EInvoiceBody{Address: holds.Fields[customer.FieldEInvoiceAddress], Operator: holds.Fields[customer.FieldEInvoiceOperator]}
	pair := (&builder{step: s}).einvoice()
	same := pair != nil && *pair == held && (held != (api.EInvoiceBody{}) || before.Billing.EInvoice == (api.EInvoice{}))
	s.Set = maps.Clone(s.Set)
	maps.DeleteFunc(s.Set, func(f customer.Field, value string) bool {
		switch {
		case slices.ContainsFunc(holds.Untold, func(u customer.Field) bool { return u.Group() == f.Group() }):
			return false
		case f.Group() == customer.FieldEInvoiceAddress.Group():
			return same
		}
		return holds.Fields[f] == value
	})
	body, some := bodyOf(s)
	if kind, set := s.Set[customer.FieldKind]; set {
		t, err := c.otherType(ctx, ts, before, customer.Kind(kind))
		if err != nil {
			return err
		}
		if t != nil {
			body.CustomerTypeID, some = new(api.Value(t.ID)), true
		}
	}
	status, set := s.Set[customer.FieldStatus]
	switch active := status != string(customer.Inactive); {
	case !set:
	case !active && !some:
		r := c.request(http.MethodPost, customers, string(before.ID), "deactivate")
		r.Body = api.Nothing{}
		return c.send(ctx, r, before, nil)
	default:
		body.Active, some = &active, true
	}
	if !some {
		return nil
	}
	r := c.request(http.MethodPatch, customers, string(before.ID))
	r.Body = body
	return c.send(ctx, r, before, nil)
}

// otherType is the type that a customer gets who became another kind; nil for one who keeps its own.
func (c *Connection) otherType(ctx context.Context, ts types, before *api.Customer, k customer.Kind) (*api.CustomerType, error) {
	from := api.Text(identifierPrivate)
	if k == customer.Private {
		from = identifierCompany
	}
	if !slices.ContainsFunc(c.forNetvisor(ts, from), func(t api.CustomerType) bool { return t.ID == before.CustomerTypeID }) {
		return nil, nil
	}
	return c.sureTypeFor(ctx, ts, k)
}

// writeContact makes, changes or removes one contact in the list, and gives the key of a new one.
func (c *Connection) writeContact(ctx context.Context, s connector.Step, before *api.Customer) (string, error) {
	if slices.Contains(before.Untold, "contacts") || slices.ContainsFunc(before.Contacts, func(p api.Contact) bool { return p.ID == "" }) {
		// The list is sent whole, so who is not told would be taken away.
		return "", c.service.BrokenReply(customers, fault.Unavailable, errNoContacts)
	}
	list := contactsOf(before)
	at := slices.IndexFunc(list, func(p api.ContactBody) bool { return p.ID == s.Key })
	switch {
	case s.Key == "":
		list = append(list, apply(s, api.ContactBody{}))
	case at < 0 && s.Remove:
		return "", nil // nobody is there
	case at < 0:
		return "", fault.New(fault.NotFound, "%s has no such contact person.", title)
	case s.Remove:
		list = slices.Delete(list, at, at+1)
	default:
		changed := apply(s, list[at])
		if changed == list[at] {
			return "", nil
		}
		list[at] = changed
	}
	for _, p := range list { // Promise 11, also where the code is Flex's own and another contact person is changed
		if finnish.ContainsIdentityCode(strings.Join([]string{p.Name, string(p.Phone), string(p.Email), string(p.Role)}, "\n")) {
			return "", fault.Because(fault.Invalid, "PERSONAL_IDENTITY_CODE",
				"A personal identity code stands at a contact person in %s, where contact persons are sent all together. Remove it there.", title)
		}
	}
	r := c.request(http.MethodPatch, customers, string(before.ID))
	r.Body = api.CustomerBody{Contacts: &list}
	var after api.Customer
	if err := c.send(ctx, r, before, &after); err != nil || s.Key != "" {
		return "", err
	}
	return newContact(before, &after), nil
}

// newContact is the key of the one contact that was not there before; empty where that cannot be told.
func newContact(before, after *api.Customer) (key string) {
	for _, p := range after.Contacts {
		if slices.ContainsFunc(before.Contacts, func(o api.Contact) bool { return o.ID == p.ID }) {
			continue
		}
		if key != "" {
			return ""
		}
		key = rest.Key(p.ID)
	}
	return key
}

// send changes a customer from the revision that is known.
func (c *Connection) send(ctx context.Context, r *rest.Request, before *api.Customer, after *api.Customer) error {
	revision, err := strconv.ParseInt(string(before.Revision), 10, 64)
	if err != nil || revision < 1 {
		return c.service.BrokenReply(customers, fault.Unavailable, errNoRevision)
	}
	r.Header["If-Match"] = `"` + strconv.FormatInt(revision, 10) + `"`
	if after != nil {
		err = c.service.Send(ctx, r, after)
	} else {
		err = c.service.Send(ctx, r, nil)
	}
	if f := fault.Of(err); f != nil && f.Reason == NumberInUse {
		taken := *f
		taken.Code = fault.Rejected // of a customer that is there, another number than the one that somebody has is needed
		return &taken
	}
	return err
}

// checkStep refuses what must not be sent, before any call.
func checkStep(s connector.Step) error {
	if s.Part != "" && (s.Part != customer.PartContact || s.Record == "") || s.Key == "" && s.Remove || s.Part == "" && s.Key != "" {
		return fault.New(fault.Unsupported, "%s has no place for this.", title)
	}
	var faults fault.Errors
	refuse := func(f customer.Field, reason, format string, args ...any) {
		faults = append(faults, fault.Because(fault.Invalid, reason, format, args...).At(string(f)))
	}
	if s.Part == customer.PartContact {
		if _, named := s.Set["lastName"]; !s.Remove && (s.Key == "" || named) && wanted(s, "firstName")+wanted(s, "lastName") == "" {
			refuse("lastName", "FIELD_REQUIRED", "A contact person needs a name in Admicom Flex.")
		}
	} else {
		checkCard(s, refuse)
	}
	for _, f := range s.Set.Sorted() {
		full := f
		if s.Part != "" {
			full = customer.PartField(s.Part, "new", string(f))
		}
		switch value := s.Set[f]; {
		case !writes(full) && s.Part == "":
			refuse(f, "FIELD_UNKNOWN", "Admicom Flex has no place for %s.", f)
		case finnish.ContainsIdentityCode(value): // Promise 11
			refuse(f, "PERSONAL_IDENTITY_CODE", "A personal identity code stands in this field. It is not sent to Admicom Flex.")
		case finnish.HoldsMask(value):
			refuse(f, "IDENTITY_CODE_MASKED", "A personal identity code stands in this field in another system and is hidden here. Remove it there.")
		case customer.CheckText(value) != nil:
			refuse(f, customer.ReasonCharacters, "Control characters cannot be sent.")
		}
	}
	return faults.OrNil()
}

// checkCard looks at what a card needs.
func checkCard(s connector.Step, refuse func(f customer.Field, reason, format string, args ...any)) {
	if name, set := s.Set[customer.FieldName]; name == "" && (set || s.Record == "") {
		refuse(customer.FieldName, "FIELD_REQUIRED", "A customer needs a name in Admicom Flex.")
	}
	number, set := s.Set[customer.FieldNumber]
	if _, reserved := record.Number(number); reserved != "" {
		refuse(customer.FieldNumber, "NUMBER_RESERVED", "TEMP is for customers that are not kept, and a personal identity code is no customer number.")
	}
	if number == "" && (set || s.Record == "") {
		refuse(customer.FieldNumber, "NUMBER_REQUIRED", "A customer needs a number in Admicom Flex (F18).")
	}
	if pair := (&builder{step: s}).einvoice(); (s.Set[customer.FieldEInvoiceAddress] != "" || pair != nil && pair.Address != "") && !finnish.ValidBusinessID(wanted(s, customer.FieldBusinessID)) {
		refuse(customer.FieldEInvoiceAddress, "EINVOICE_NEEDS_BUSINESS_ID", "An e-invoice address is transferred with a valid business ID only (R83).")
	}
	if kind, set := s.Set[customer.FieldKind]; (set || s.Record == "") && kind != string(customer.Private) && kind != string(customer.Company) {
		refuse(customer.FieldKind, "FIELD_REQUIRED", "Whether a customer is private or a company has to be known in Admicom Flex.")
	}
}
