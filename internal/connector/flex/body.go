package flex

import (
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/customer"
)

// bodyOf is what a step says of the card, but for the kind, the status and the customer's parts. Only what the step sets is in it (Promise 5).
func bodyOf(s connector.Step) (body api.CustomerBody, some bool) {
	b := &builder{step: s}
	body = api.CustomerBody{
		CustomerNumber: b.value(customer.FieldNumber), Name: b.value(customer.FieldName), Name2: b.value(customer.FieldNameExtension),
		FirstName: b.value(customer.FieldFirstName), LastName: b.value(customer.FieldLastName), BusinessID: b.value(customer.FieldBusinessID),
		Phone: b.value(customer.FieldPhone), Email: b.value(customer.FieldEmail),
	}
	visiting := func(part string) *api.Value { return b.value(customer.AddressField(customer.Visiting, part)) }
	if v := (api.VisitingBody{
		Line1: visiting("line1"), Line2: visiting("line2"), Postcode: visiting("postcode"), City: visiting("city"), Country: visiting("country"),
	}); v != (api.VisitingBody{}) {
		body.Visiting = &v
	}
	billing := func(part string) *api.Value { return b.value(customer.AddressField(customer.Billing, part)) }
	if a := (api.BillingAddress{
		Name1: billing("name"), Line1: billing("line1"), Name2: billing("line2"), Postcode: billing("postcode"), City: billing("city"), Country: billing("country"),
	}); a != (api.BillingAddress{}) {
		body.BillingAddress = &a
	}
	if in := (api.BillingBody{Email: b.list(customer.FieldBillingEmails), Language: b.value(customer.FieldLanguage), EInvoice: b.einvoice()}); in != (api.BillingBody{}) {
		body.Billing = &in
	}
	return body, b.some
}

// builder takes values out of a step.
type builder struct {
	step connector.Step
	// some says that something was taken.
	some bool
}

func (b *builder) value(f customer.Field) *api.Value {
	text, set := b.step.Set[f]
	if !set {
		return nil
	}
	b.some = true
	return new(api.Value(text))
}

func (b *builder) list(f customer.Field) *[]string {
	text, set := b.step.Set[f]
	if !set {
		return nil
	}
	b.some = true
	list := append([]string{}, customer.SplitList(text)...)
	return &list
}

// einvoice is the pair, which goes together: half of one is none.
func (b *builder) einvoice() *api.EInvoiceBody {
	_, address := b.step.Set[customer.FieldEInvoiceAddress]
	_, operator := b.step.Set[customer.FieldEInvoiceOperator]
	if !address && !operator {
		return nil
	}
	b.some = true
	out := api.EInvoiceBody{Address: wanted(b.step, customer.FieldEInvoiceAddress), Operator: wanted(b.step, customer.FieldEInvoiceOperator)}
	if out.Address == "" || out.Operator == "" {
		out = api.EInvoiceBody{}
	}
	return &out
}

// wanted is the value of a field after the step.
func wanted(s connector.Step, f customer.Field) string {
	if value, set := s.Set[f]; set {
		return value
	}
	return s.Want[f]
}

// contactsOf is the list of contacts as it was, for sending it whole.
func contactsOf(u *api.Customer) []api.ContactBody {
	out := make([]api.ContactBody, len(u.Contacts))
	for i, p := range u.Contacts {
		out[i] = api.ContactBody{ID: string(p.ID), Name: string(p.Name), Phone: api.Value(p.Phone), Email: api.Value(p.Email), Role: api.Value(p.Role)}
	}
	return out
}

// apply brings what a step says of a contact into it. Of several addresses or numbers Flex has room for the first.
func apply(s connector.Step, p api.ContactBody) api.ContactBody {
	first := func(list string) api.Value { return api.Value(append(customer.SplitList(list), "")[0]) }
	for f, value := range s.Set {
		switch f {
		case "emails":
			p.Email = first(value)
		case "phones":
			p.Phone = first(value)
		case "title":
			p.Role = api.Value(value)
		case "firstName", "lastName":
			p.Name = strings.TrimSpace(wanted(s, "firstName") + " " + wanted(s, "lastName"))
		}
	}
	return p
}
