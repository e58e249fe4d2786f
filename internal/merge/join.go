package merge

import (
	"cmp"
	"slices"
	"strings"

	"customerhub/internal/customer"
)

// Which is one of two customers that are merged.
type Which string

// The two.
const (
	Kept   Which = "KEPT"   // the one that stays
	Merged Which = "MERGED" // the one that becomes part of it
)

// Why says why a value of the kept customer is what it is after a merge.
type Why string

// The reasons.
const (
	WhySame     Why = "SAME"                 // both held it
	WhyKept     Why = "KEPT_STANDS"          // the kept customer has a value of its own
	WhyFilled   Why = "FILLED"               // the kept customer had none
	WhyMoved    Why = "MOVED"                // it belongs to an office or a contact that moved
	WhyNotTaken Why = "OTHER_LEGAL_IDENTITY" // it hangs on the business ID of the merged customer, or on its having one
)

// Fate is what becomes of one field in a merge. Parts are named by the hub's ids.
type Fate struct {
	Field customer.Field `json:"field"`
	// Value is what the kept customer holds afterwards; it comes From one of the two. Both are empty for a value that was not
	// taken.
	Value string `json:"value,omitempty"`
	From  Which  `json:"from,omitempty"`
	Why   Why    `json:"why"`
	// Lost is what the merged customer held and the kept one does not.
	Lost string `json:"lost,omitempty"`
}

// PartFate is what becomes of an office or a contact of the merged customer.
type PartFate struct {
	Part customer.Part `json:"part"`
	ID   string        `json:"id"`
	// SameAs is the part of the kept customer that it was recognised as; empty for one that moved.
	SameAs string `json:"sameAs,omitempty"`
}

// Joined is what a merge makes of two customers.
type Joined struct {
	Kept, Merged customer.Customer
	Fates        []Fate
	Parts        []PartFate
}

// Join merges one customer into another: the values of the kept one stand, those that it lacks are filled from the other, unit by
// unit: an address or an e-invoice address is never put together from two. Offices and contacts are united; an office with the
// same identifier is the same, and so is the same person. Kind and status are the kept customer's, and so is whether it gets
// e-invoices in a net bank. The merged customer keeps its own values, as a record of what it was, and the offices that were
// recognised.
func Join(kept, merged customer.Customer) Joined {
	j := Joined{Kept: kept.Clone(), Merged: merged.Clone()}
	ours, others := kept.Flatten(customer.HubKeys), merged.Flatten(customer.HubKeys)
	same := j.joinParts()
	j.fill(ours, others)
	j.Kept.Derive()
	j.Merged.Status, j.Merged.MergedInto, j.Merged.Contacts = customer.Merged, kept.ID, nil
	j.Fates = fates(ours, renamed(others, same), j.Kept.Flatten(customer.HubKeys))
	return j
}

// unit is what is filled together: a group, or a person's two names.
func unit(f customer.Field) customer.Group {
	if f == customer.FieldLastName {
		return customer.FieldFirstName.Group()
	}
	return f.Group()
}

// stands says whether a field is decided by the kept customer even where it has no value: its status, its kind, a yes or no.
func stands(f customer.Field) bool {
	switch f {
	case customer.FieldStatus, customer.FieldKind, customer.FieldConsumerEInvoice:
		return true
	}
	return false
}

// foreign says whether a value must not go over because it hangs on another business ID, or on having one at all where the
// customer gets e-invoices in a net bank, which excludes it (R86).
func foreign(f customer.Field, kept, merged customer.Fields) bool {
	ofID := f == customer.FieldVATNumber || f == customer.FieldBuyerUnitNumber || f.Group() == customer.FieldEInvoiceAddress.Group()
	mine, theirs := kept[customer.FieldBusinessID], merged[customer.FieldBusinessID]
	switch {
	case kept[customer.FieldConsumerEInvoice] != "":
		return ofID || f == customer.FieldBusinessID
	default:
		return ofID && mine != "" && theirs != "" && mine != theirs
	}
}

// own says whether a field is the customer's and no part's; custom fields are the customer's.
func own(f customer.Field) bool {
	part, _, _, ofPart := f.PartKey()
	return !ofPart || part == customer.PartCustom
}

// fill takes over what the kept customer lacks.
func (j *Joined) fill(kept, merged customer.Fields) {
	has := make(map[customer.Group]bool, len(kept))
	for f := range kept {
		has[unit(f)] = true
	}
	for f, value := range merged {
		if !own(f) || stands(f) || has[unit(f)] || foreign(f, kept, merged) {
			continue
		}
		_ = j.Kept.Apply(f, value) // every own field of a customer can be applied to another
	}
	for i := range j.Kept.Addresses { // a copy goes over as the copy that it is
		if a := &j.Kept.Addresses[i]; !has[customer.AddressField(a.Kind, "line1").Group()] {
			from, _ := j.Merged.Address(a.Kind)
			a.Derived = from.Derived
		}
	}
}

// joinParts unites offices and contacts, and gives the ids of those that were recognised, by the merged customer's.
func (j *Joined) joinParts() map[string]string {
	same := make(map[string]string)
	var left []customer.Office
	taken := make(map[customer.OfficeID]bool)
	for _, o := range j.Merged.Offices {
		at := slices.IndexFunc(j.Kept.Offices, func(k customer.Office) bool {
			return !taken[k.ID] && k.CustomerID == j.Kept.ID && k.Identifier != "" && strings.EqualFold(strings.TrimSpace(k.Identifier), strings.TrimSpace(o.Identifier))
		})
		if at < 0 {
			moved := o
			moved.CustomerID = j.Kept.ID
			j.Kept.Offices = append(j.Kept.Offices, moved)
			j.Parts = append(j.Parts, PartFate{Part: customer.PartOffice, ID: string(o.ID)})
			continue
		}
		k := &j.Kept.Offices[at]
		taken[k.ID], same[string(o.ID)] = true, string(k.ID)
		fillOffice(k, o)
		left = append(left, o)
		j.Parts = append(j.Parts, PartFate{Part: customer.PartOffice, ID: string(o.ID), SameAs: string(k.ID)})
	}
	hasDefault, hasKYC := false, false
	for _, ct := range j.Kept.Contacts {
		hasDefault, hasKYC = hasDefault || ct.IsDefault, hasKYC || slices.Contains(ct.Roles, customer.KYCContact)
	}
	for _, ct := range j.Merged.Contacts {
		ct.CustomerID = j.Kept.ID
		ct.OfficeID = customer.OfficeID(cmp.Or(same[string(ct.OfficeID)], string(ct.OfficeID)))
		ct.IsDefault = ct.IsDefault && !hasDefault
		if hasKYC { // at most one contact has the role
			ct.Roles = withoutKYC(ct.Roles)
		}
		at := slices.IndexFunc(j.Kept.Contacts, func(k customer.Contact) bool { return k.Person.ID == ct.Person.ID })
		if at < 0 {
			j.Kept.Contacts = append(j.Kept.Contacts, ct)
			j.Parts = append(j.Parts, PartFate{Part: customer.PartContact, ID: string(ct.Person.ID)})
		} else {
			k := &j.Kept.Contacts[at]
			for _, r := range ct.Roles {
				if !slices.Contains(k.Roles, r) {
					k.Roles = append(k.Roles, r)
				}
			}
			k.Title, k.OfficeID, k.IsDefault = cmp.Or(k.Title, ct.Title), cmp.Or(k.OfficeID, ct.OfficeID), k.IsDefault || ct.IsDefault
			j.Parts = append(j.Parts, PartFate{Part: customer.PartContact, ID: string(ct.Person.ID), SameAs: string(ct.Person.ID)})
		}
		hasDefault, hasKYC = hasDefault || ct.IsDefault, hasKYC || slices.Contains(ct.Roles, customer.KYCContact)
	}
	j.Merged.Offices = left
	return same
}

func withoutKYC(roles []customer.ContactRole) []customer.ContactRole {
	out := slices.DeleteFunc(slices.Clone(roles), func(r customer.ContactRole) bool { return r == customer.KYCContact })
	if len(out) == 0 {
		out = []customer.ContactRole{customer.GeneralContact}
	}
	return out
}

// fillOffice takes over what an office lacks from the one that it is the same as.
func fillOffice(k *customer.Office, o customer.Office) {
	k.Name = cmp.Or(k.Name, o.Name)
	if k.Phone.Raw == "" {
		k.Phone = o.Phone
	}
	if len(k.BillingEmails) == 0 {
		k.BillingEmails = slices.Clone(o.BillingEmails)
	}
	if k.EInvoice.Address == "" && k.EInvoice.Operator == "" {
		k.EInvoice = o.EInvoice
	}
	if k.Address.Empty() {
		k.Address = o.Address
	}
}

// renamed names fields of parts that were recognised as the kept customer does.
func renamed(fs customer.Fields, same map[string]string) customer.Fields {
	out := make(customer.Fields, len(fs))
	for f, value := range fs {
		if part, key, name, ok := f.PartKey(); ok && part != customer.PartCustom {
			f = customer.PartField(part, cmp.Or(same[key], key), name)
			if part == customer.PartContact && name == "office" {
				value = cmp.Or(same[value], value)
			}
		}
		out[f] = value
	}
	return out
}

// fates tells of every field that either of the two has.
func fates(kept, merged, after customer.Fields) []Fate {
	all := make(customer.Fields, len(after))
	for _, side := range []customer.Fields{kept, merged, after} {
		for f := range side {
			all[f] = ""
		}
	}
	var out []Fate
	for _, f := range all.Sorted() {
		part, key, name, ofPart := f.PartKey()
		if ofPart && name == customer.Present {
			continue // its other fields show it
		}
		mine, theirs, now := kept[f], merged[f], after[f]
		fate := Fate{Field: f, Value: now, From: Kept, Why: WhyKept}
		switch {
		case ofPart && part != customer.PartCustom && kept[customer.PartField(part, key, customer.Present)] == "":
			fate.From, fate.Why = Merged, WhyMoved
		case now == mine && mine == theirs:
			fate.Why = WhySame
		case now != mine:
			fate.From, fate.Why = Merged, WhyFilled
		case now == "" && own(f) && !stands(f) && foreign(f, kept, merged):
			fate.From, fate.Why = "", WhyNotTaken
		}
		if theirs != now {
			fate.Lost = theirs
		}
		if f != customer.FieldStatus || fate.Why != WhySame {
			out = append(out, fate)
		}
	}
	return out
}
