package torture

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"customerhub/internal/sandbox/netvisor"
)

// texts are the values that people enter as texts of their own, by their name in Flex's log of effects and on Netvisor's card.
var texts = map[string]string{
	"name": "CustomerBaseInformation/Name", "name2": "CustomerBaseInformation/NameExtension", "phone": "CustomerBaseInformation/PhoneNumber",
	"email": "CustomerBaseInformation/Email", "businessId": "CustomerBaseInformation/ExternalIdentifier",
	"billing.email": "CustomerBaseInformation/EmailInvoicingAddress", "billingAddress.line1": "CustomerBaseInformation/StreetAddress",
	"billingAddress.postcode": "CustomerBaseInformation/PostNumber", "billingAddress.city": "CustomerBaseInformation/City",
	"customerNumber": "CustomerBaseInformation/InternalIdentifier", "visitingAddress.line1": "OfficeVisitAddress/StreetAddress",
	"visitingAddress.postcode": "OfficeVisitAddress/PostNumber", "visitingAddress.city": "OfficeVisitAddress/City",
	"billing.einvoice.address": "CustomerFinvoiceDetails/FinvoiceAddress", "billing.einvoice.operator": "CustomerFinvoiceDetails/FinvoiceRouterCode",
	"contacts": "CustomerContactPersons/",
}

// once are those of them that no two edits have the same value of.
var once = []string{"name", "name2", "phone", "email", "billing.email", "billingAddress.line1", "visitingAddress.line1", "customerNumber", "businessId"}

// wrote is one value that somebody gave a customer, in the words of Flex's log.
type wrote struct {
	call          int64
	flex          bool
	customer      string // of Flex, or the NetvisorKey as text
	field, at     string // at has the key of the part
	before, after string
	given         bool // by Netvisor itself, which numbers customers that come without a number
}

// writes are the values of both logs, those of Flex first, each log in its order.
func (f *Fieldwork) writes(there []netvisor.Effect) (out []wrote) {
	for _, e := range f.Effects {
		for _, c := range e.Changes {
			out = append(out, wrote{call: e.Call, flex: true, customer: e.Customer, field: c.Field, at: c.Field, before: c.Before, after: c.After})
		}
	}
	for _, e := range there {
		for _, c := range e.Changes {
			w := wrote{call: e.Call, customer: keyText(e.Customer), at: c.Field, before: c.Before, after: c.After}
			w.given = e.What == netvisor.WasCreated && c.Field == texts["customerNumber"]
			for name, card := range texts {
				if c.Field == card || strings.HasPrefix(c.Field, "CustomerOfficeDetails") && strings.HasSuffix(c.Field, "/"+card) || name == "contacts" && strings.HasPrefix(c.Field, card) {
					w.field = name
				}
			}
			out = append(out, w)
		}
	}
	return out
}

func keyText(key int64) string { return fmt.Sprint(key) }

// person is the customer of Netvisor that a value was given to, or the one of Flex that is none there.
func (w wrote) person(pairs map[string]int64) string {
	if key, ok := pairs[w.customer]; ok && w.flex {
		return keyText(key)
	}
	return w.customer
}

// invented looks for values that a call wrote and nobody ever entered for that customer, in any system.
func (f *Fieldwork) invented(v *Verdict, all []wrote, pairs map[string]int64) {
	entered := make(map[string]map[string]bool)
	enter := func(who, value string) {
		if entered[who] == nil {
			entered[who] = make(map[string]bool)
		}
		for _, word := range words(value) {
			entered[who][word] = true
		}
	}
	for key, s := range f.Before {
		for _, values := range append([]Customer{s.Values}, s.Contacts...) {
			for _, value := range values {
				enter(keyText(key), value)
			}
		}
	}
	for _, w := range all {
		if w.call == 0 || w.given {
			enter(w.person(pairs), w.after)
		}
	}
	for key, values := range f.Entered {
		for _, value := range values {
			enter(keyText(key), value)
		}
	}
	for _, w := range all {
		if w.call == 0 || w.field == "" || texts[w.field] == "" || strings.HasSuffix(w.at, "ID") || strings.HasSuffix(w.at, "Key") {
			continue
		}
		for _, word := range words(w.after) {
			if !entered[w.person(pairs)][word] && !entered[keyText(0)][word] {
				v.note(&v.Collateral, "Promise 5: call %d gave customer %s %s %q, and nobody entered %s", w.call, w.customer, w.at, w.after, word)
			}
		}
	}
}

// words are those of a value, or of all values of a list, without case and in one form of phone numbers.
func words(value string) (out []string) {
	var list []any
	if strings.HasPrefix(value, "[") && json.Unmarshal([]byte(value), &list) == nil {
		for _, item := range list {
			switch item := item.(type) {
			case string:
				out = append(out, words(item)...)
			case map[string]any:
				for name, text := range item {
					if text, ok := text.(string); ok && name != "id" {
						out = append(out, words(text)...)
					}
				}
			}
		}
		return out
	}
	if phone, ok := dialled(value); ok {
		return []string{phone}
	}
	return strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return strings.ContainsRune(" ;,|", r) })
}

// dialled is a phone number as it is dialled from abroad.
func dialled(value string) (string, bool) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(value)
	if rest, ok := strings.CutPrefix(digits, "+"); ok && strings.Trim(rest, "0123456789") == "" {
		return digits, true
	}
	if rest, ok := strings.CutPrefix(digits, "0"); ok && len(rest) > 5 && !strings.HasPrefix(rest, "0") && strings.Trim(rest, "0123456789") == "" {
		return "+358" + rest, true
	}
	return "", false
}

// repeated looks for values that calls wrote more often than somebody entered them or overwrote them in that place.
func (f *Fieldwork) repeated(v *Verdict, all []wrote, pairs map[string]int64) {
	type value struct{ customer, text string }
	type place struct {
		flex         bool
		customer, at string
	}
	type given struct {
		place
		text string
	}
	entries, overwritten, made := make(map[value]int), make(map[place]int), make(map[given]int)
	for _, w := range all {
		who, at := w.person(pairs), place{w.flex, w.customer, w.at}
		text := strings.Join(words(w.after), " ")
		switch {
		case !slices.Contains(once, w.field) || alike(w.before, w.after):
		case w.call == 0:
			entries[value{who, text}]++
			overwritten[at]++
		case text != "":
			made[given{at, text}]++
		}
	}
	for g, n := range made {
		who := wrote{flex: g.flex, customer: g.customer}.person(pairs)
		if n > max(1, entries[value{who, g.text}])+overwritten[g.place] {
			v.note(&v.Duplicates, "Promise 3: %s of customer %s was set to %q by %d calls", g.at, g.customer, g.text, n)
		}
	}
}
