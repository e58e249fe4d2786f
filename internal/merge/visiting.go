package merge

import (
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Some systems know one visiting address of a customer, where others know offices (Abilities.VisitingOffice). There the visiting address is
// that of one office in the hub: the one that was linked before, else the only one in use (R77; design section 5). And where such a system has
// no billing address, the visiting address stands for it in all other systems: a copy that follows its source and never goes back (R78, R79;
// Flex contract section 4, detail 1).

// VisitingPlace is the key under which the link of such a record names the office that the visiting address is of.
const VisitingPlace = "visiting"

// DefaultOfficeName is what an office is called that comes with a visiting address without a city: its name in Netvisor's own language.
const DefaultOfficeName = "Käyntiosoite"

// visitingParts are the parts of a visiting address. The name on its first line is the customer's.
var visitingParts = []string{"line1", "line2", "postcode", "city", "country"}

// visitingGroup is the group of the visiting address, billingGroup that of the billing address.
var (
	visitingGroup = customer.AddressField(customer.Visiting, "line1").Group()
	billingGroup  = customer.AddressField(customer.Billing, "line1").Group()
)

// Place finds the office that the visiting address of a record is of; several says that there is more than one and nobody has said which.
func Place(c *customer.Customer, parts []link.PartLink) (o *customer.Office, several bool) {
	var used []*customer.Office
	for i := range c.Offices {
		if office := &c.Offices[i]; office.Active {
			if slices.ContainsFunc(parts, func(p link.PartLink) bool { return isPlace(p) && p.ID == string(office.ID) }) {
				return office, false
			}
			used = append(used, office)
		}
	}
	if len(used) == 1 {
		return used[0], false
	}
	return nil, len(used) > 1
}

func isPlace(p link.PartLink) bool {
	return p.Part == customer.PartOffice && p.ExternalID == VisitingPlace
}

// Choose gives the parts with the office as the one that the visiting address is of.
func Choose(parts []link.PartLink, office customer.OfficeID) []link.PartLink {
	parts = slices.DeleteFunc(slices.Clone(parts), isPlace)
	return append(parts, link.PartLink{Part: customer.PartOffice, ID: string(office), ExternalID: VisitingPlace})
}

// Ours is what the hub holds for a record, parts named by the system's keys.
func (a Abilities) Ours(c *customer.Customer, parts []link.PartLink) customer.Fields {
	ours := c.Flatten(Keys(parts))
	if !a.VisitingOffice {
		return ours
	}
	office, several := Place(c, parts)
	if office != nil || several {
		for _, part := range visitingParts {
			ours.Set(customer.AddressField(customer.Visiting, part), "")
		}
	}
	if office != nil {
		for _, part := range visitingParts {
			ours.Set(customer.AddressField(customer.Visiting, part), ours[officeField(office.ID, parts, part)])
		}
	}
	if billing, has := c.Address(customer.Billing); has && billing.Derived {
		for _, part := range customer.AddressParts {
			ours.Set(customer.AddressField(customer.Billing, part), "")
		}
	}
	return ours
}

// officeField names a part of an office's address as Flatten does with the parts.
func officeField(id customer.OfficeID, parts []link.PartLink, part string) customer.Field {
	key := unsent + string(id)
	for _, p := range parts {
		if p.Part == customer.PartOffice && p.ID == string(id) {
			key = p.ExternalID
		}
	}
	return customer.PartField(customer.PartOffice, key, "address."+part)
}

// For is what the system can do for one customer: where nobody has said which of several offices it is, the visiting address flows neither way,
// and the finding says so.
func (a Abilities) For(c *customer.Customer, parts []link.PartLink) (Abilities, []finding.Finding) {
	if !a.VisitingOffice {
		return a, nil
	}
	if _, several := Place(c, parts); !several {
		return a, nil
	}
	return a.Without(func(f customer.Field) bool { return f.Group() == visitingGroup }), []finding.Finding{{
		Code: finding.OfficeAmbiguous, Field: customer.Field(visitingGroup),
		Message: "The customer has several offices, and one visiting address has a place here. Nobody has said which office it is, so it is neither sent nor taken.",
	}}
}

// visiting sets a part of the visiting address in the office that it is of, and makes one where there is none.
func (a *applying) visiting(part, value string) error {
	office, _ := Place(a.customer, a.parts)
	switch {
	case office == nil && value == "":
		return a.customer.Apply(customer.AddressField(customer.Visiting, part), "")
	case office == nil:
		a.parts = slices.DeleteFunc(a.parts, isPlace)
		a.office(VisitingPlace).Active = true
		office, _ = Place(a.customer, a.parts)
	}
	return office.Apply("address."+part, value)
}

// settleVisiting links the office that the visiting address is of, names one that came with it, and leaves no second visiting address beside
// it. incoming are the fields that came in.
func (a *applying) settleVisiting() {
	office, _ := Place(a.customer, a.parts)
	if office == nil {
		return
	}
	if !slices.ContainsFunc(a.parts, func(p link.PartLink) bool { return isPlace(p) && p.ID == string(office.ID) }) {
		a.parts = Choose(a.parts, office.ID)
	}
	if office.Name == "" {
		office.Name = DefaultOfficeName
		if office.Address.City != "" {
			office.Name = office.Address.City
		}
	}
	for i := range a.customer.Addresses {
		if at := &a.customer.Addresses[i]; at.Kind == customer.Visiting && !at.Empty() {
			*at = customer.Address{Kind: customer.Visiting}
		}
	}
}

// copyVisiting has the visiting address stand for the billing address where it is the only one, and a copy follow its source. theirs is
// what the system holds.
func (v Verdict) copyVisiting(a *applying, theirs customer.Fields) error {
	if d := v.policy.flow(billingGroup).Direction; d == system.Off || d == system.Out {
		return nil
	}
	came := func(g customer.Group) bool { return v.Incoming.HasGroup(g) }
	billing, has := a.customer.Address(customer.Billing)
	office, several := Place(a.customer, a.parts)
	var source customer.Address
	if office != nil {
		source = office.Address
	}
	switch own := theirs.HasGroup(billingGroup); {
	case own && came(billingGroup): // somebody entered one there
		a.markBilling(false)
		return nil
	case own, several: // of which of them it would be a copy nobody has said, so what it is stays
		return nil
	case has && billing.Derived && !samePlace(billing, source):
	case !has && !source.Empty() && (came(visitingGroup) || came(billingGroup)):
	default:
		return nil
	}
	for _, part := range visitingParts {
		if err := a.customer.Apply(customer.AddressField(customer.Billing, part), *addressPart(&source, part)); err != nil {
			return err
		}
	}
	a.markBilling(!source.Empty())
	return nil
}

func (a *applying) markBilling(derived bool) {
	for i := range a.customer.Addresses {
		if at := &a.customer.Addresses[i]; at.Kind == customer.Billing {
			at.Derived = derived
		}
	}
}

// samePlace says whether a copy is still one: case and spaces are what systems do, and many fill in the country by themselves.
func samePlace(copied, source customer.Address) bool {
	same := func(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }
	return same(copied.Line1, source.Line1) && same(copied.Line2, source.Line2) && same(copied.Postcode, source.Postcode) && same(copied.City, source.City) &&
		(source.Country == "" || same(copied.Country, source.Country))
}

func addressPart(a *customer.Address, part string) *string {
	return map[string]*string{"line1": &a.Line1, "line2": &a.Line2, "postcode": &a.Postcode, "city": &a.City, "country": &a.Country}[part]
}
