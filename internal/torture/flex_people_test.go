package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"customerhub/internal/hub"
	"customerhub/internal/sandbox/flex"
	"customerhub/internal/sandbox/netvisor"
)

// fieldActions are what happens beside in seeds with a field service system.
var fieldActions = []func(*world, context.Context) error{
	(*world).enter, (*world).enter, (*world).retouch, (*world).retouch, (*world).retouch, (*world).retouch, (*world).retouch, (*world).move, (*world).move,
	(*world).meet, (*world).meet, (*world).use, (*world).renumber, (*world).retype, (*world).order, (*world).invoice, (*world).invoice, (*world).clerk, (*world).clerk,
	(*world).clerk, (*world).misspell, (*world).breakFlex, (*world).breakFlex, (*world).breakFlex, (*world).pollFlex, (*world).pollFlex, (*world).sweepFlex, (*world).again,
}

// enter is a new customer in Flex, about whom the people know this and that.
func (w *world) enter(context.Context) error {
	w.made++
	n := w.made
	c := flex.Customer{Name: fmt.Sprintf("Kenttä %d Oy", n), CustomerTypeID: companyType}
	known := func() bool { return w.random.IntN(2) == 0 }
	if known() {
		c.CustomerTypeID = privateType
	}
	if known() {
		c.CustomerTypeID, c.CustomerNumber = cmp.Or(map[bool]string{c.CustomerTypeID == privateType: privateFromNv}[true], companyFromNv), fmt.Sprintf("7%05d", n)
	}
	if private := c.CustomerTypeID == privateType || c.CustomerTypeID == privateFromNv; !private && known() {
		c.BusinessID = flex.Text(w.businessID())
	}
	if known() {
		c.Phone, c.Email = flex.Text(fmt.Sprintf("+35850%07d", n)), flex.Text(fmt.Sprintf("kentta%d@example.test", n))
	}
	if known() {
		c.Visiting = w.street()
	}
	if known() {
		c.BillingAddress = w.box()
	}
	if known() {
		c.Billing.EInvoice = &flex.EInvoice{Address: flex.Text(fmt.Sprintf("0037%09d", n)), Operator: "003721291126"}
	}
	if known() {
		c.Contacts = []flex.Contact{w.colleague()}
	}
	_, err := w.flex.sandbox.Create(fieldOrganisation, c)
	return err
}

func (w *world) businessID() string {
	w.made++
	return businessID(int(w.seed%1000)*1000 + w.made)
}

func (w *world) street() *flex.VisitingAddress {
	w.made++
	return &flex.VisitingAddress{Line1: flex.Text(fmt.Sprintf("Katu %d", w.made)), Postcode: "00100", City: flex.Text(pick(w.random, []string{"Helsinki", "Espoo"})), Country: "FI"}
}

func (w *world) box() *flex.BillingAddress {
	w.made++
	return &flex.BillingAddress{Line1: flex.Text(fmt.Sprintf("PL %d", w.made)), Postcode: "00101", City: "Helsinki", Country: "FI"}
}

func (w *world) colleague() flex.Contact {
	w.made++
	return flex.Contact{Name: fmt.Sprintf("Aino Kollega%d", w.made), Phone: flex.Text(fmt.Sprintf("+35845%07d", w.made)), Email: flex.Text(fmt.Sprintf("kollega%d@example.test", w.made)), Role: "Työnjohto"}
}

// edited lets the people of Flex edit one of their customers. What Flex refuses was no edit.
func (w *world) edited(edit func(id string) (flex.Customer, error), fields ...string) error {
	all := w.flex.sandbox.Customers(fieldOrganisation)
	before := pick(w.random, all)
	after, err := edit(before.ID)
	if err != nil {
		return nil //nolint:nilerr // what is refused was not acknowledged
	}
	was, is := w.flexSheet(before), w.flexSheet(after)
	for _, field := range fields {
		if was.Values[field] != is.Values[field] {
			w.evidence.Edits = append(w.evidence.Edits, Edit{Flex: before.ID, Field: field, Value: is.Values[field]})
		}
	}
	return nil
}

// retouch edits one value.
func (w *world) retouch(context.Context) error {
	w.made++
	n := w.made
	id := w.businessID()
	type touch struct {
		field string
		set   func(*flex.Customer)
	}
	t := pick(w.random, []touch{
		{"name", func(c *flex.Customer) { c.Name = fmt.Sprintf("Kohde %d Oy", n) }},
		{"nameExtension", func(c *flex.Customer) { c.Name2 = flex.Text(fmt.Sprintf("Osasto %d", n)) }},
		{"nameExtension", func(c *flex.Customer) { c.Name2 = "" }},
		{"phone", func(c *flex.Customer) { c.Phone = flex.Text(fmt.Sprintf("+35850%07d", n)) }},
		{"phone", func(c *flex.Customer) { c.Phone = flex.Text(fmt.Sprintf("+35850%07d", n)) }},
		{"email", func(c *flex.Customer) { c.Email = flex.Text(fmt.Sprintf("muutos%d@example.test", n)) }},
		{"email", func(c *flex.Customer) { c.Email = "" }},
		{"billingEmails", func(c *flex.Customer) {
			c.Billing.Email = []string{fmt.Sprintf("laskut%d@example.test", n), fmt.Sprintf("toinen%d@example.test", n)}
		}},
		{"language", func(c *flex.Customer) { c.Billing.Language = flex.Text(pick(w.random, []string{"fi", "sv", "en"})) }},
		{"businessId", func(c *flex.Customer) { c.BusinessID = flex.Text(id) }},
		{"businessId", func(c *flex.Customer) { c.BusinessID = "" }},
		{"einvoice", func(c *flex.Customer) {
			c.Billing.EInvoice = &flex.EInvoice{Address: flex.Text(fmt.Sprintf("0037%09d", n)), Operator: "003721291126"}
		}},
	})
	return w.edited(func(id string) (flex.Customer, error) { return w.flex.sandbox.Edit(fieldOrganisation, id, t.set) }, t.field)
}

// move gives a customer another visiting or billing address, or takes one away.
func (w *world) move(context.Context) error {
	set := pick(w.random, []func(*flex.Customer){
		func(c *flex.Customer) { c.Visiting = w.street() }, func(c *flex.Customer) { c.Visiting = w.street() }, func(c *flex.Customer) { c.Visiting = nil },
		func(c *flex.Customer) { c.BillingAddress = w.box() }, func(c *flex.Customer) { c.BillingAddress = w.box() }, func(c *flex.Customer) { c.BillingAddress = nil },
	})
	return w.edited(func(id string) (flex.Customer, error) { return w.flex.sandbox.Edit(fieldOrganisation, id, set) },
		"visitingAddress.line1", "billingAddress.line1")
}

// meet adds a contact, takes one away or writes down another phone of one.
func (w *world) meet(context.Context) error {
	w.made++
	phone := flex.Text(fmt.Sprintf("+35844%07d", w.made))
	what, colleague := w.random.IntN(4), w.colleague()
	return w.edited(func(id string) (flex.Customer, error) {
		return w.flex.sandbox.Edit(fieldOrganisation, id, func(c *flex.Customer) {
			switch {
			case what < 2 || len(c.Contacts) == 0:
				c.Contacts = append(c.Contacts, colleague)
			case what == 2:
				c.Contacts[0].Phone = phone
			default:
				c.Contacts = c.Contacts[1:]
			}
		})
	})
}

// use takes a customer out of use in Flex, or back into it.
func (w *world) use(context.Context) error {
	return w.edited(func(id string) (flex.Customer, error) {
		return w.flex.sandbox.Edit(fieldOrganisation, id, func(c *flex.Customer) { c.Active = !c.Active })
	}, "status")
}

// renumber gives a customer another number. Not one that the hub made and, since the answer was lost, has not found again: the number is what it is
// found by (F18), so another one would be made, and a person has to say that the two are one.
func (w *world) renumber(ctx context.Context) error {
	w.made++
	number := fmt.Sprintf("9%05d", w.made)
	return w.edited(func(id string) (flex.Customer, error) {
		c, err := w.hub.Customer(ctx, w.viewer, hub.CustomerLookup{System: w.flex.system, ExternalID: id}, hub.IncludeNothing)
		if before, _ := w.flex.sandbox.Customer(fieldOrganisation, id); err == nil && c == nil && before.Origin != "FLEX" {
			err = errors.New("the hub has not found it yet")
		}
		if err != nil {
			return flex.Customer{}, err
		}
		return w.flex.sandbox.ChangeNumber(fieldOrganisation, id, number)
	}, "number")
}

func (w *world) retype(context.Context) error {
	to := pick(w.random, fieldTypes()).ID
	return w.edited(func(id string) (flex.Customer, error) { return w.flex.sandbox.ChangeType(fieldOrganisation, id, to) })
}

// order is a consumer in the own net bank.
func (w *world) order(context.Context) error {
	on := w.random.IntN(3) > 0
	return w.edited(func(id string) (flex.Customer, error) {
		return w.flex.sandbox.OrderConsumerEInvoice(fieldOrganisation, id, on)
	})
}

// invoice is a sales invoice, with which Flex overwrites the customer in Netvisor, and invoiced what that does there.
func (w *world) invoice(context.Context) error {
	return w.edited(func(id string) (flex.Customer, error) { return w.flex.sandbox.SendInvoice(fieldOrganisation, id) })
}

func (w *world) invoiced(_ string, sent flex.Customer) {
	for _, key := range w.keys() {
		c, _ := w.netvisor.Get("", key)
		if c.Get("InternalIdentifier") != sent.CustomerNumber {
			continue
		}
		values := map[string]string{"Name": sent.Name, "NameExtension": string(sent.Name2), "PhoneNumber": string(sent.Phone), "Email": string(sent.Email)}
		if b := sent.BillingAddress; b != nil {
			values["StreetAddress"], values["PostNumber"], values["City"] = string(b.Line1), string(b.Postcode), string(b.City)
		}
		for element, value := range values {
			if value != "" {
				_ = w.typed(key, element, value)
			}
		}
		return
	}
}

// typed is an edit of a value on Netvisor's card, as it is kept in the evidence.
func (w *world) typed(key int64, element, value string) error {
	before, _ := w.netvisor.Get("", key)
	if err := w.netvisor.Edit("", key, func(c *netvisor.Customer) error { return c.Set(element, value) }); err != nil {
		return err
	}
	after, _ := w.netvisor.Get("", key)
	was, is := netvisorSheet(before), netvisorSheet(after)
	for _, field := range append(slices.Clone(mapped), "billingAddress.line1") {
		if !alike(was.Values[field], is.Values[field]) && field != "kind" && field != "einvoice" {
			w.evidence.Edits = append(w.evidence.Edits, Edit{Customer: key, Field: field, Value: is.Values[field]})
		}
	}
	return nil
}

// clerk edits in Netvisor what only seeds with Flex look at.
func (w *world) clerk(context.Context) error {
	w.made++
	key, n := pick(w.random, w.keys()), w.made
	switch w.random.IntN(8) {
	case 0:
		return w.typed(key, "ExternalIdentifier", w.businessID())
	case 1:
		return w.typed(key, "InternalIdentifier", fmt.Sprintf("4%05d", n))
	case 2:
		return w.typed(key, "EmailInvoicingAddress", fmt.Sprintf("ostot%d@example.test", n))
	case 3:
		return w.typed(key, "IsPrivateCustomer", pick(w.random, []string{"0", "1"}))
	case 4:
		return w.typed(key, "IsActive", pick(w.random, []string{"0", "1", "1"}))
	case 5:
		return w.typed(key, "InvoicingLanguage", pick(w.random, []string{"FI", "SE", "EN"}))
	case 6:
		return w.netvisor.Edit("", key, func(c *netvisor.Customer) error {
			_, err := c.SetContactPerson(0, map[string]string{
				"ContactPersonFirstName": "Eero", "ContactPersonLastName": fmt.Sprintf("Ostaja%d", n), "ContactPersonEmail": fmt.Sprintf("ostaja%d@example.test", n),
			})
			return err
		})
	}
	w.evidence.Edits = append(w.evidence.Edits, Edit{Customer: key, Field: "visitingAddress.line1", Value: fmt.Sprintf("Polku %d", n)})
	return w.netvisor.Edit("", key, func(c *netvisor.Customer) error {
		values := map[string]string{"OfficeVisitAddress/StreetAddress": fmt.Sprintf("Polku %d", n), "OfficeVisitAddress/PostNumber": "01300", "OfficeVisitAddress/City": "Vantaa"}
		var of int64
		if offices := c.Offices(); len(offices) > 0 {
			of = number(offices[0]["OfficeNetvisorKey"])
		} else {
			values["OfficeName"] = "Vantaa"
		}
		_, err := c.SetOffice(of, values)
		return err
	})
}

// misspell is somebody in Flex who writes a personal identity code where none belongs.
func (w *world) misspell(context.Context) error {
	w.flex.secrets = []string{identityCode}
	return w.edited(func(id string) (flex.Customer, error) {
		return w.flex.sandbox.Edit(fieldOrganisation, id, func(c *flex.Customer) { c.Name2 = "Tunnus " + identityCode })
	})
}

// identityCode is a personal identity code of nobody.
const identityCode = "131052-308T"

// corrected has the people take every personal identity code away again.
func (w *world) corrected() error {
	for _, c := range w.flex.sandbox.Customers(fieldOrganisation) {
		if strings.Contains(string(c.Name2), identityCode) {
			if _, err := w.flex.sandbox.Edit(fieldOrganisation, c.ID, func(c *flex.Customer) { c.Name2 = "" }); err != nil {
				return err
			}
			w.evidence.Edits = append(w.evidence.Edits, Edit{Flex: c.ID, Field: "nameExtension"})
		}
	}
	for _, key := range w.keys() { // an invoice may have carried it there
		if c, _ := w.netvisor.Get("", key); strings.Contains(c.Get("NameExtension"), identityCode) {
			if err := w.typed(key, "NameExtension", ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) breakFlex(context.Context) error {
	w.injected++
	f := pick(w.random, []flex.Fault{
		{Kind: flex.FaultLostAnswer}, {Kind: flex.FaultLostAnswer}, {Kind: flex.FaultLostAnswer}, {Kind: flex.FaultLostRequest}, {Kind: flex.FaultStatus, Status: http.StatusServiceUnavailable},
		{Kind: flex.FaultStatus, Status: http.StatusBadGateway, AfterCommit: true}, {Kind: flex.FaultTooMany}, {Kind: flex.FaultTruncate, Fraction: 0.5},
		{Kind: flex.FaultTruncate, Fraction: 0.7, CleanEnd: true}, {Kind: flex.FaultFewer, Fraction: 0.3}, {Kind: flex.FaultLag, Delay: flex.Duration(20 * time.Millisecond)},
		{Kind: flex.FaultGarbage, Variant: flex.GarbageLoginPage, AfterCommit: true}, {Kind: flex.FaultGarbage, Variant: flex.GarbageEmpty},
		{Kind: flex.FaultGarbage, Variant: flex.GarbageBare}, {Kind: flex.FaultGarbage, Variant: flex.GarbageNumbers}, {Kind: flex.FaultGarbage, Variant: flex.GarbageDoubled},
		{Kind: flex.FaultGarbage, Variant: flex.GarbageMissingID}, {Kind: flex.FaultGarbage, Variant: flex.GarbageUnknownField},
		{Kind: flex.FaultSlowAnswer, Delay: flex.Duration(8 * time.Millisecond)}, {Kind: flex.FaultSlowCommit, Delay: flex.Duration(8 * time.Millisecond)},
	})
	f.Path = pick(w.random, []string{"/customers", "/customers", "/customers/by-number/", "/customers/fx_", "/customer-types", "/webhooks", ""})
	f.Method = pick(w.random, []string{"", "", http.MethodPatch, http.MethodPut})
	f.Times = 1 + w.random.IntN(2)
	_, err := w.flex.sandbox.Fault(f)
	return err
}

func (w *world) pollFlex(ctx context.Context) error  { return w.syncOne(ctx, w.flex.system, false) }
func (w *world) sweepFlex(ctx context.Context) error { return w.syncOne(ctx, w.flex.system, true) }

// again has an old event delivered many times.
func (w *world) again(context.Context) error {
	if told := w.flex.sandbox.Deliveries(); len(told) > 0 {
		w.flex.sandbox.Resend(pick(w.random, told).Event, 5)
	}
	return nil
}
