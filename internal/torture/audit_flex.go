package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"customerhub/internal/sandbox/flex"
)

// Fieldwork is the evidence of a seed that has a field service system. Customers of the two systems belong together by their names, of which
// each customer of a seed has its own: numbers and business IDs are edited as well.
type Fieldwork struct {
	Calls   []flex.Call
	Effects []flex.Effect
	// Flex and Netvisor are how both sides show each customer at the end, in the words of the contract's mapping (section 4).
	Flex     map[string]Sheet
	Netvisor map[int64]Sheet
	// Before is what stood in Netvisor when the hub was connected.
	Before map[int64]Sheet
	// Entered is what people entered in the hub, by NetvisorKey; what stands under zero may be of any customer.
	Entered map[int64][]string
	// Bodies are what was sent to Netvisor.
	Bodies []string
	// Secrets are texts that must be in no body: personal identity codes.
	Secrets []string
	// LeftOut are the customers that the hub says have no record in Flex, with its reason, by NetvisorKey.
	LeftOut map[int64]string
	// WritesAfter is how many calls of writing a full comparison made when everything had settled.
	WritesAfter int

	asked []string // as Evidence has it
}

// Sheet is a customer as one of two systems shows it.
type Sheet struct {
	Values Customer
	// Contacts are name, phone and e-mail of each person.
	Contacts []Customer
	// Offices is how many there are in Netvisor.
	Offices int
	// Consumer says that the customer has consumer e-invoicing, Series that the type gives the number, and Own that the type is none of those for
	// customers from Netvisor; all in Flex.
	Consumer, Series, Own bool
}

// mapped are the values that flow both ways between Flex and Netvisor, but for addresses and contacts.
var mapped = []string{"number", "kind", "status", "name", "nameExtension", "businessId", "phone", "email", "billingEmails", "language", "einvoice"}

// addressed are the parts of addresses that are compared.
var addressed = []string{"line1", "postcode", "city"}

// pairs gives the customer of Netvisor that each customer of Flex is, and notes where one of either system is more than one of the other. Who has no
// name in common, because one was made when the name was new, is known by a number.
func (f *Fieldwork) pairs(v *Verdict, all []wrote) map[string]int64 {
	out := make(map[string]int64)
	for _, field := range []string{"name", "customerNumber"} {
		here, there := f.holders(all, field)
		for _, value := range slices.Sorted(maps.Keys(here)) {
			ids := slices.Sorted(maps.Keys(here[value]))
			if f.isAsked(value) {
				continue // a person has to say whether it is the one in Netvisor, which may have become another customer by now
			}
			if len(ids) > 1 && field == "name" {
				v.note(&v.Duplicates, "Promise 2: %q is %d customers in Flex: %v", value, len(ids), ids)
			}
			for _, id := range ids {
				for key := range there[value] {
					if _, known := out[id]; !known {
						out[id] = key
					}
				}
			}
		}
		for _, value := range slices.Sorted(maps.Keys(there)) {
			if keys := slices.Sorted(maps.Keys(there[value])); len(keys) > 1 && field == "name" {
				v.note(&v.Duplicates, "Promise 2: %q is %d customers in Netvisor: %v", value, len(keys), keys)
			}
		}
	}
	return out
}

// isAsked says whether a name is that of a customer whose creation in Netvisor waits for a person.
func (f *Fieldwork) isAsked(name string) bool {
	return slices.ContainsFunc(f.asked, func(asked string) bool { return alike(asked, name) })
}

// holders are the customers of both systems that ever had each value of a field.
func (f *Fieldwork) holders(all []wrote, field string) (here map[string]map[string]bool, there map[string]map[int64]bool) {
	here, there = make(map[string]map[string]bool), make(map[string]map[int64]bool)
	noteThere := func(value string, key int64) {
		if there[value] == nil {
			there[value] = make(map[int64]bool)
		}
		there[value][key] = true
	}
	for key, s := range f.Before {
		if value := folded(s.Values[strings.Replace(field, "customerNumber", "number", 1)]); value != "" {
			noteThere(value, key)
		}
	}
	for _, w := range all {
		value := folded(w.after)
		var key int64
		switch {
		case w.field != field || value == "":
		case w.flex:
			if here[value] == nil {
				here[value] = make(map[string]bool)
			}
			here[value][w.customer] = true
		default:
			if _, err := fmt.Sscan(w.customer, &key); err == nil {
				noteThere(value, key)
			}
		}
	}
	return here, there
}

// fieldwork judges what came of Flex.
func (e *Evidence) fieldwork(v *Verdict) {
	f := e.Flex
	if f == nil {
		return
	}
	if f.WritesAfter > 0 {
		v.note(&v.Echoes, "Promise 3: %d calls of writing into Flex after everything had settled", f.WritesAfter)
	}
	f.overlaps(v)
	f.leaks(v)
	all := f.writes(e.Effects)
	pairs := f.pairs(v, all)
	f.invented(v, all, pairs)
	f.repeated(v, all, pairs)
	paired := make(map[int64]bool)
	for _, id := range slices.Sorted(maps.Keys(f.Flex)) {
		key, known := pairs[id]
		paired[key] = known
		switch there, ok := f.Netvisor[key]; {
		case ok:
			f.agree(v, id, key, there)
		case known && e.Deletions[key], f.Flex[id].Values["status"] != "ACTIVE", f.isAsked(f.Flex[id].Values["name"]):
		default:
			v.note(&v.Lost, "Promise 1: customer %s of Flex, %q, is not in Netvisor", id, f.Flex[id].Values["name"])
		}
	}
	for key, s := range f.Netvisor {
		if !paired[key] && f.LeftOut[key] == "" && s.Values["status"] == "ACTIVE" {
			v.note(&v.Lost, "Promise 1: customer %d of Netvisor, %q, is not in Flex, and nothing says why", key, s.Values["name"])
		}
	}
	e.outlived(v, pairs)
}

// overlaps looks for two calls into one organisation at a time.
func (f *Fieldwork) overlaps(v *Verdict) {
	last := make(map[string]flex.Call)
	calls := slices.Clone(f.Calls)
	slices.SortStableFunc(calls, func(a, b flex.Call) int { return a.Start.Compare(b.Start) })
	for _, c := range calls {
		before, earlier := last[c.Organisation]
		if earlier && (before.End.IsZero() || c.Start.Before(before.End)) {
			v.note(&v.Overlaps, "Promise 10: call %d of Flex, %s %s, overlapped with call %d", c.Number, c.Method, c.Path, before.Number)
		}
		if !earlier || c.End.IsZero() || c.End.After(before.End) {
			last[c.Organisation] = c
		}
	}
}

// leaks looks for what must not be sent: anything of consumer e-invoicing (F15), an e-invoice address without a business ID (F14), and personal
// identity codes (Promise 11).
func (f *Fieldwork) leaks(v *Verdict) {
	secrets := slices.Clone(f.Secrets)
	companies := make(map[string]bool)
	for _, e := range f.Effects {
		for _, c := range e.Changes {
			companies[e.Customer] = companies[e.Customer] || c.Field == "businessId"
		}
	}
	for _, e := range f.Effects {
		for _, c := range e.Changes {
			if c.Field == "billing.einvoice.address" && c.After != "" && !companies[e.Customer] {
				secrets = append(secrets, c.After)
			}
		}
	}
	bodies := slices.Clone(f.Bodies)
	for _, c := range f.Calls {
		bodies = append(bodies, c.Body)
	}
	for _, body := range bodies {
		if strings.Contains(strings.ToLower(body), "consumer") {
			v.note(&v.Collateral, "F15: consumer e-invoicing was spoken of: %s", body)
		}
		for _, secret := range secrets {
			if strings.Contains(body, secret) {
				v.note(&v.Collateral, "Promise 11, F14: %s was sent: %s", secret, body)
			}
		}
	}
}

// agree compares a customer of Flex with the one of Netvisor.
func (f *Fieldwork) agree(v *Verdict, id string, key int64, there Sheet) {
	here := f.Flex[id]
	quarantined := here.Consumer && there.Values["businessId"] != ""
	several := there.Offices > 1
	differ := func(field, mine, theirs string) {
		if !alike(mine, theirs) && strings.Join(words(mine), " ") != strings.Join(words(theirs), " ") {
			v.note(&v.Unexplained, "Promise 3: %s of customer %s is %q in Flex and %q in Netvisor, where it is %d", field, id, mine, theirs, key)
		}
	}
	for _, field := range mapped {
		switch mine, theirs := here.Values[field], there.Values[field]; {
		case quarantined && (field == "businessId" || field == "einvoice"):
		case field == "einvoice" && (here.Values["businessId"] == "" || there.Values["businessId"] == ""): // F14
		case field == "number" && here.Series, field == "kind" && here.Own: // Flex keeps its own, and a finding says so (contract sections 3.3 and 5)
		default:
			differ(field, mine, theirs)
		}
	}
	billed := here.Values["billingAddress.line1"]+here.Values["billingAddress.postcode"]+here.Values["billingAddress.city"] != ""
	for _, part := range addressed {
		visiting, billing := "visitingAddress."+part, "billingAddress."+part
		if !several {
			differ(visiting, here.Values[visiting], there.Values[visiting])
		}
		switch {
		case billed:
			differ(billing, here.Values[billing], there.Values[billing])
		case !several && (there.Values["billingAddress.line1"] != "" || f.enteredHere(id, "visitingAddress.line1")): // F12: the copy
			differ(billing, here.Values[visiting], there.Values[billing])
		}
	}
	if mine, theirs := people(here.Contacts), people(there.Contacts); !slices.Equal(mine, theirs) {
		v.note(&v.Unexplained, "Promise 3: the contacts of customer %s are %v in Flex and %v in Netvisor, where it is %d", id, mine, theirs, key)
	}
}

// unsure are the customers that a call made in Flex whose answer was spoilt. Of what people there edit before the hub has found its customer again,
// nobody can tell that it was not how the customer was made, so precedence decides (F2).
func (f *Fieldwork) unsure() map[string]bool {
	spoilt, out := make(map[int64]bool), make(map[string]bool)
	for _, c := range f.Calls {
		spoilt[c.Number] = c.Faults != "" || c.Aborted
	}
	for _, e := range f.Effects {
		if e.What == flex.WasCreated && spoilt[e.Call] {
			out[e.Customer] = true
		}
	}
	return out
}

// enteredHere says whether the people of Flex entered the value that a customer has.
func (f *Fieldwork) enteredHere(id, field string) bool {
	now := f.Flex[id].Values[field]
	return now != "" && slices.ContainsFunc(f.Effects, func(e flex.Effect) bool {
		return e.Call == 0 && e.Customer == id && slices.ContainsFunc(e.Changes, func(c flex.Change) bool { return c.Field == field && c.After == now })
	})
}

func group(field string) string { return strings.SplitN(field, ".", 2)[0] }

// people are contacts in an order of their own.
func people(list []Customer) (out []string) {
	for _, p := range list {
		out = append(out, strings.Join(words(p["name"]+" "+p["email"]), " ")+" "+strings.Join(words(p["phone"]), " "))
	}
	slices.Sort(out)
	return out
}

// outlived looks for edits that are gone, of the values that Flex and Netvisor have in common beside Fields: the last edit of one side stands.
func (e *Evidence) outlived(v *Verdict, pairs map[string]int64) {
	type place struct {
		id    string
		field string
	}
	ids := make(map[int64]string, len(pairs))
	for id, key := range pairs {
		ids[key] = id
	}
	last, unsure := make(map[place]map[string]string), e.Flex.unsure()
	for _, edit := range e.Edits {
		id := edit.Flex
		if id == "" {
			id = ids[edit.Customer]
		}
		if id == "" || edit.ofFields() || unsure[edit.Flex] {
			continue
		}
		at := place{id, edit.Field}
		if last[at] == nil {
			last[at] = make(map[string]string)
		}
		last[at][edit.side()] = edit.Value
	}
	for at, sides := range last {
		here := e.Flex.Flex[at.id]
		there, ok := e.Flex.Netvisor[pairs[at.id]]
		quarantined := at.field == "businessId" && here.Consumer
		if e.Deletions[pairs[at.id]] || !ok || quarantined || there.Offices > 1 && group(at.field) == "visitingAddress" {
			continue
		}
		stands := false
		for _, value := range sides {
			stands = stands || alike(here.Values[at.field], value) || alike(there.Values[at.field], value)
		}
		if !stands {
			v.note(&v.Lost, "Promise 1: customer %s: %s is %q in Flex and %q in Netvisor, and the last edits were %v", at.id, at.field, here.Values[at.field], there.Values[at.field], sides)
		}
	}
}
