package merge

import (
	"slices"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/run"
)

// Ran is what a run did to a customer and what came after it, as the log of changes has it, oldest first.
type Ran struct {
	// By are the run's own changes, After everything behind the last of them.
	By, After []change.Change
	// Followed says that a record of the customer is followed in some system.
	Followed bool
	// Tied says that the customer was tied to a record of another system since, that stands for itself.
	Tied bool
	// Refused says of values that may not go back, why.
	Refused map[customer.Field]run.Verdict
	// People are persons by id, for contacts that the customer has no more.
	People map[customer.PersonID]customer.Person
}

// Created says whether the run made the customer.
func (r *Ran) Created() bool {
	return slices.ContainsFunc(r.By, func(c change.Change) bool { return c.Kind == change.CustomerCreated })
}

// Net are the fields that the run changed, from what they were before it to what it made them. Statuses of due diligence are apart.
func (r *Ran) Net() (fields, kyc []customer.FieldChange) {
	for _, c := range r.By {
		into := &fields
		switch c.Kind {
		case change.KYCStatusChanged:
			into = &kyc
		case change.CustomerCreated, change.CustomerUpdated, change.CustomerDeactivated, change.CustomerReactivated:
		default:
			continue
		}
		for _, f := range c.Fields {
			if at := slices.IndexFunc(*into, func(n customer.FieldChange) bool { return n.Field == f.Field }); at >= 0 {
				(*into)[at].After = f.After
			} else {
				*into = append(*into, f)
			}
		}
	}
	same := func(f customer.FieldChange) bool { return f.Before == f.After }
	return slices.DeleteFunc(fields, same), slices.DeleteFunc(kyc, same)
}

// later are the fields that were changed after the run, with what they were right after it.
func (r *Ran) later() customer.Fields {
	out := make(customer.Fields)
	for _, c := range r.After {
		if c.Kind == change.KYCStatusChanged || c.Kind == change.KYCExpiryNear {
			continue
		}
		for _, f := range c.Fields {
			if _, known := out[f.Field]; !known {
				out[f.Field] = f.Before
			}
		}
	}
	return out
}

// TookBack is what taking a run back makes of a customer.
type TookBack struct {
	Customer customer.Customer
	Items    []run.UndoItem
}

// TakeBack says what becomes of each value that a run set: one that is still what the run made it goes back to what it was before, unless
// what it belongs together with was changed since. A customer that the run made and nobody touched since is taken out of use as a whole.
func TakeBack(c customer.Customer, r Ran) TookBack {
	t := takingBack{Ran: r, now: c.Flatten(customer.HubKeys), later: r.later(), TookBack: TookBack{Customer: c.Clone()}, phones: make(map[customer.PersonID]bool)}
	t.fields, t.kyc = r.Net()
	switch {
	case c.Status != customer.Active && c.Status != customer.Inactive:
		t.add(run.UndoItem{Subject: run.UndoCustomer, Verdict: run.CustomerGone}, customer.FieldStatus)
		return t.TookBack
	case r.Created():
		t.takeOut()
	default:
		t.takeBack()
	}
	for _, f := range t.kyc {
		t.add(run.UndoItem{Subject: run.UndoField, Field: f.Field, Before: f.After, After: f.Before, Verdict: run.Owned})
	}
	return t.TookBack
}

type takingBack struct {
	Ran
	TookBack
	now, later  customer.Fields
	fields, kyc []customer.FieldChange
	// phones are persons whose phone numbers are others than before.
	phones map[customer.PersonID]bool
}

// add adds an item; since are fields whose newest change says who is the reason.
func (t *takingBack) add(i run.UndoItem, since ...customer.Field) {
	for _, c := range t.After { // the newest comes last
		if slices.ContainsFunc(c.Fields, func(f customer.FieldChange) bool { return slices.Contains(since, f.Field) }) {
			i.ChangedBy, i.ChangedAt = c.Actor.Name, c.At
		}
	}
	t.Items = append(t.Items, i)
}

// takeOut takes a customer out of use that the run made.
func (t *takingBack) takeOut() {
	item := run.UndoItem{Subject: run.UndoCustomer, Field: customer.FieldStatus, Before: t.now[customer.FieldStatus], After: string(customer.Inactive), Verdict: run.TakenOut}
	var touched []customer.Field
	for _, f := range t.later.Sorted() {
		if t.later[f] != t.now[f] && !t.ofHub(f) && f != customer.FieldStatus {
			touched = append(touched, f)
		}
	}
	if t.assessed() {
		touched = append(touched, customer.FieldKYCState)
	}
	_, turned := t.later[customer.FieldStatus]
	switch {
	case t.Customer.Status == customer.Inactive && (turned || !t.Followed):
		item.Verdict = run.Already
		t.add(item)
	case len(touched) > 0 || t.Tied:
		item.Verdict = run.TouchedSince
		t.add(item, touched...)
	default:
		t.Customer.Status = customer.Inactive
		t.add(item)
	}
}

// ofHub says whether a value is nobody's edit, but what the hub gave by itself: a number to a customer that had none, and an identifier to an
// office to find it again, which comes back as the system's value.
func (t *takingBack) ofHub(f customer.Field) bool {
	part, id, name, ok := f.PartKey()
	if ok && part == customer.PartOffice && name == "identifier" && t.later[f] == "" && t.now[f] == link.OfficeIdentifier(customer.OfficeID(id)) {
		return true
	}
	return !slices.ContainsFunc(t.After, func(c change.Change) bool {
		return c.Actor.Kind != change.ActorHub && slices.ContainsFunc(c.Fields, func(d customer.FieldChange) bool { return d.Field == f })
	})
}

// assessed says whether the due-diligence service has taken the customer as one since. A candidate only waits there.
func (t *takingBack) assessed() bool {
	state := customer.KYCNotSent
	for _, c := range t.After {
		for _, f := range c.Fields {
			if c.Kind == change.KYCStatusChanged && f.Field == customer.FieldKYCState {
				state = customer.KYCState(f.After)
			}
		}
	}
	return state == customer.KYCCustomer || state == customer.KYCEnded
}

// takeBack gives the fields of a customer back that it had before.
func (t *takingBack) takeBack() {
	for _, f := range t.fields {
		item := run.UndoItem{Subject: run.UndoField, Field: f.Field, Before: t.now[f.Field], After: f.Before}
		var since []customer.Field
		if item.Verdict, since = t.verdict(f); item.Verdict == "" {
			continue // its part shows it
		}
		if item.Verdict == run.Returns && t.giveBack(f) != nil {
			item.Verdict = run.Unstorable
		}
		t.add(item, since...)
	}
	t.oneDefault()
	tidy(&t.Customer, t.now, "")
	t.Customer.Derive()
	for i := range t.Customer.Contacts {
		if p := &t.Customer.Contacts[i].Person; t.phones[p.ID] {
			p.DerivePhones(t.Customer.Country(), p.Phones)
		}
	}
}

// oneDefault keeps a contact that came back from being the default beside another one.
func (t *takingBack) oneDefault() {
	isDefault := func(ct customer.Contact) bool { return ct.IsDefault }
	first := slices.IndexFunc(t.Customer.Contacts, isDefault)
	for i := range t.Customer.Contacts {
		t.Customer.Contacts[i].IsDefault = i == first && first >= 0
	}
}

// together is what goes back together or not at all: a unit, and which of the contacts is the default.
func together(f customer.Field) customer.Group {
	if part, _, name, ok := f.PartKey(); ok && part == customer.PartContact && name == "default" {
		return "contact.default"
	}
	return unit(f)
}

// verdict says what becomes of a field, and by which fields' later change it stays; empty for a field that its part stands for.
func (t *takingBack) verdict(f customer.FieldChange) (run.Verdict, []customer.Field) {
	part, id, name, ofPart := f.Field.PartKey()
	if ofPart && part != customer.PartCustom {
		present := customer.PartField(part, id, customer.Present)
		if at := slices.IndexFunc(t.fields, func(o customer.FieldChange) bool { return o.Field == present }); at >= 0 {
			if name != customer.Present {
				return "", nil
			}
			return t.partVerdict(part, id, t.fields[at])
		}
		switch {
		case t.now[present] == "":
			return run.ChangedSince, []customer.Field{present}
		case part == customer.PartOffice && name == string(active) && t.now[f.Field] != f.Before:
			return run.PartStays, nil
		}
	}
	if t.now[f.Field] == f.Before {
		return run.Already, nil
	}
	if v, refused := t.Refused[f.Field]; refused {
		return v, nil
	}
	if t.now[f.Field] != f.After {
		return run.ChangedSince, []customer.Field{f.Field}
	}
	for _, other := range t.later.Sorted() {
		if together(other) == together(f.Field) && t.later[other] != t.now[other] {
			return run.WithChanged, []customer.Field{other}
		}
	}
	for _, other := range t.fields { // a unit goes back as a whole
		if _, refused := t.Refused[other.Field]; together(other.Field) == together(f.Field) && refused {
			return run.WithChanged, nil
		}
	}
	return run.Returns, nil
}

// partVerdict says what becomes of an office or a contact that the run added, or took away.
func (t *takingBack) partVerdict(part customer.Part, id string, f customer.FieldChange) (run.Verdict, []customer.Field) {
	if t.now[f.Field] == f.Before {
		return run.Already, nil
	}
	_, known := t.People[customer.PersonID(id)]
	switch {
	case part == customer.PartOffice || f.Before != "" && !known:
		return run.PartStays, nil
	case f.Before != "":
		return run.Returns, nil
	}
	var edited []customer.Field
	for _, other := range t.later.Sorted() {
		if p, key, _, ok := other.PartKey(); ok && p == part && key == id && t.later[other] != t.now[other] {
			edited = append(edited, other)
		}
	}
	if len(edited) > 0 {
		return run.ChangedSince, edited
	}
	return run.Returns, nil
}

// giveBack sets a field, or adds or removes the contact that it stands for.
func (t *takingBack) giveBack(f customer.FieldChange) error {
	part, id, name, ofPart := f.Field.PartKey()
	switch {
	case !ofPart || part == customer.PartCustom:
		return t.Customer.Apply(f.Field, f.Before)
	case name != customer.Present && part == customer.PartOffice:
		at := slices.IndexFunc(t.Customer.Offices, func(o customer.Office) bool { return string(o.ID) == id })
		return t.Customer.Offices[at].Apply(name, f.Before)
	case name != customer.Present:
		at := slices.IndexFunc(t.Customer.Contacts, func(ct customer.Contact) bool { return string(ct.Person.ID) == id })
		t.phones[customer.PersonID(id)] = t.phones[customer.PersonID(id)] || name == "phones"
		return t.Customer.Contacts[at].Apply(name, f.Before)
	case f.Before == "":
		t.Customer.Contacts = slices.DeleteFunc(t.Customer.Contacts, func(ct customer.Contact) bool { return string(ct.Person.ID) == id })
		return nil
	}
	ct := customer.Contact{CustomerID: t.Customer.ID, Person: t.People[customer.PersonID(id)]}
	for _, name := range []string{"title", "roles", "office", "default"} {
		if at := slices.IndexFunc(t.fields, func(o customer.FieldChange) bool { return o.Field == customer.PartField(part, id, name) }); at >= 0 {
			if err := ct.Apply(name, t.fields[at].Before); err != nil {
				return err
			}
		}
	}
	t.Customer.Contacts = append(t.Customer.Contacts, ct)
	return nil
}
