package merge

import (
	"slices"
	"strings"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Some systems hold one contact person for due diligence beside a record's others, in a place of its own: a contact that they
// themselves give the role KYC. Who stands there is changed by writing over the one before. So a part like this is a place rather than
// a person, which other contacts are not.

// ForKYC says whether a system has the contact in its place for due diligence.
func ForKYC(theirs customer.Fields, key string) bool {
	return hasKYC(theirs[customer.PartField(customer.PartContact, key, "roles")])
}

func hasKYC(roles string) bool {
	return slices.Contains(customer.SplitList(roles), string(customer.KYCContact))
}

// replaced are the places for due diligence in which there is somebody else than at the last agreement. Whoever stood there before is
// not given another's name, which would rename the person for all their customers; and one that was removed in the hub does not keep
// out the next. What the hub changed and not yet sent goes the ordinary way where its value would stand.
func (p Policy) replaced(ours, theirs customer.Fields, base link.Base) []PartKey {
	var out []PartKey
	for f := range theirs {
		if !strings.HasSuffix(string(f), "].roles") || !hasKYC(theirs[f]) || !p.Reads(f) {
			continue
		}
		part, key, _, _ := f.PartKey()
		if k := (PartKey{part, key}); somebodyElse(base.Theirs, theirs, key) && p.givesWay(ours, base, k) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b PartKey) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// somebodyElse says whether nothing of a contact's names and e-mail addresses stayed. Who has half a name or an address in common with
// the one before may be the same human, and is.
func somebodyElse(before, now customer.Fields, key string) bool {
	names := func(of customer.Fields) (out []string) {
		for _, name := range []string{"firstName", "lastName"} {
			if n := folded(of[customer.PartField(customer.PartContact, key, name)]); n != "" {
				out = append(out, n)
			}
		}
		return out
	}
	emails := func(of customer.Fields) []string {
		return customer.SplitList(of[customer.PartField(customer.PartContact, key, "emails")])
	}
	was, is := names(before), names(now)
	if len(was) == 0 || len(is) == 0 || slices.ContainsFunc(was, func(n string) bool { return slices.Contains(is, n) }) {
		return false
	}
	return !slices.ContainsFunc(emails(before), func(a string) bool {
		return slices.ContainsFunc(emails(now), func(b string) bool { return strings.EqualFold(a, b) })
	})
}

// givesWay says whether what ours has of a part comes after what theirs has.
func (p Policy) givesWay(ours customer.Fields, base link.Base, k PartKey) bool {
	flow := p.flow(presentGroup(k))
	if flow.Direction != system.In && flow.Direction != system.Both {
		return false
	}
	if p.winner(flow) == Theirs {
		return true
	}
	of := func(f customer.Field) bool { id, _ := place(f); return id == k && p.knows(f) }
	return ours.Only(of).Equal(base.Ours.Only(of))
}

// moveKYC gives the role KYC to the contact that the system has in its place for due diligence and that has just come in: at most one
// contact of a customer has the role, and the other keeps what else it is (kyc contract section 5).
func (a *applying) moveKYC(incoming customer.Fields) {
	taken := ""
	for _, f := range incoming.Sorted() {
		if part, key, name, ok := f.PartKey(); ok && part == customer.PartContact && name == "roles" && hasKYC(incoming[f]) {
			taken = a.idOf(part, key)
		}
	}
	if taken == "" {
		return
	}
	for i := range a.customer.Contacts {
		if ct := &a.customer.Contacts[i]; string(ct.Person.ID) != taken && slices.Contains(ct.Roles, customer.KYCContact) {
			ct.Roles = withoutKYC(ct.Roles)
		}
	}
}

// apart leaves one of two contacts of a record that both look like one of the customer's: the one in the place for due diligence where
// that is what the customer's is for, and the other one elsewhere. The one that is left out comes in as a contact of its own.
func apart(c *customer.Customer, theirs customer.Fields, found []link.PartLink) []link.PartLink {
	for _, ct := range c.Contacts {
		mine := func(p link.PartLink) bool { return p.Part == customer.PartContact && p.ID == string(ct.Person.ID) }
		forKYC := func(p link.PartLink) bool { return mine(p) && ForKYC(theirs, p.ExternalID) }
		elsewhere := func(p link.PartLink) bool { return mine(p) && !ForKYC(theirs, p.ExternalID) }
		switch {
		case !slices.ContainsFunc(found, forKYC), !slices.ContainsFunc(found, elsewhere):
		case slices.Contains(ct.Roles, customer.KYCContact):
			found = slices.DeleteFunc(found, elsewhere)
		default:
			found = slices.DeleteFunc(found, forKYC)
		}
	}
	return found
}
