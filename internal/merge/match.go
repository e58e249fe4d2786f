package merge

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
)

// Sameness is what number, business ID and name tell of whether a record is a customer's own.
type Sameness string

// The answers. Names alone never match.
const (
	Same      Sameness = "SAME"      // the record is this customer's
	Collision Sameness = "COLLISION" // the same number, and two who are not known to be one (R92)
	Proposal  Sameness = "PROPOSAL"  // the same business ID under another number: a person has to say
	Different Sameness = "DIFFERENT"
)

// Compared is why a record and a customer are taken for the same or not.
type Compared struct {
	Sameness Sameness
	// For and Against are the reasons, each a part of a sentence.
	For, Against []string
}

// Identify compares what identifies a customer with what a record tells (design section 5, matching): equal numbers make them the
// same unless both have business IDs that differ; where one is missing, the names have to share a word. The same business ID under
// another number is for a person.
func Identify(ours, theirs customer.Fields) Compared {
	number, id := theirs[customer.FieldNumber], theirs[customer.FieldBusinessID]
	ourNumber, ourID := ours[customer.FieldNumber], ours[customer.FieldBusinessID]
	sameNumber, bothIDs, names := number != "" && number == ourNumber, id != "" && ourID != "", ShareWord(ours[customer.FieldName], theirs[customer.FieldName])
	var c Compared
	if sameNumber {
		c.For = append(c.For, "the same customer number "+number)
	} else if number != "" && ourNumber != "" {
		c.Against = append(c.Against, fmt.Sprintf("the customer numbers %s and %s", ourNumber, number))
	}
	switch {
	case bothIDs && id == ourID:
		c.For = append(c.For, "the same business ID "+id)
	case bothIDs:
		c.Against = append(c.Against, fmt.Sprintf("the business IDs %s and %s", ourID, id))
	}
	if names {
		c.For = append(c.For, "a word of the name in common")
	} else {
		c.Against = append(c.Against, "no word of the name in common")
	}
	switch {
	case bothIDs && id == ourID && (sameNumber || number == "" || ourNumber == ""):
		c.Sameness = Same
	case bothIDs && id == ourID:
		c.Sameness = Proposal
	case sameNumber && !bothIDs && names:
		c.Sameness = Same
	case sameNumber:
		c.Sameness = Collision
	default:
		c.Sameness = Different
	}
	return c
}

// Match is which customer a record that is not linked belongs to.
type Match struct {
	// Sameness is Different where the record is a new customer's.
	Sameness Sameness
	// Customer is whose the record is, or who it collides with, or is proposed to be.
	Customer *customer.Customer
	Reasons  Compared
	// Others are further customers that fit as well.
	Others []*customer.Customer
}

// MatchRecord looks for the customer that a record is, among those that carry its number or its business ID and have no record in
// the system yet. Two that fit equally well are a collision: a person has to say which.
func MatchRecord(theirs customer.Fields, candidates []customer.Customer) Match {
	best := Match{Sameness: Different}
	rank := []Sameness{Different, Proposal, Collision, Same}
	for i := range candidates {
		c := &candidates[i]
		reasons := Identify(c.Flatten(customer.HubKeys), theirs)
		switch a, b := slices.Index(rank, reasons.Sameness), slices.Index(rank, best.Sameness); {
		case reasons.Sameness == Different, a < b:
		case a == b:
			best.Others = append(best.Others, c)
		default:
			best = Match{Sameness: reasons.Sameness, Customer: c, Reasons: reasons}
		}
	}
	if best.Sameness == Same && len(best.Others) > 0 {
		best.Sameness = Collision
	}
	return best
}

// Finding says what a match means for a person, with both holders by name (R92); ok is false where it means nothing.
func (m Match) Finding(theirs customer.Fields, system string) (f finding.Finding, ok bool) {
	there := holder(theirs[customer.FieldName], theirs[customer.FieldNumber], theirs[customer.FieldBusinessID])
	var here []string
	for _, c := range append([]*customer.Customer{m.Customer}, m.Others...) {
		if c != nil {
			here = append(here, holder(c.Name, c.Number, c.BusinessID))
		}
	}
	switch m.Sameness {
	case Collision:
		return finding.Finding{
			Code: finding.NumberCollision, Field: customer.FieldNumber,
			Message: fmt.Sprintf("The record of %s in %s carries the number of %s in the hub, and nothing says that they are one: %s. Neither was "+
				"taken or written over. Give one of them another number, or link the record to the customer.",
				there, system, strings.Join(here, " and of "), m.Reasons.words()),
			HubValue: strings.Join(here, "; "), SystemValue: there,
		}, true
	case Proposal:
		return finding.Finding{
			Code: finding.DuplicateProposed, Field: customer.FieldBusinessID,
			Message: fmt.Sprintf("%s in %s may be %s in the hub: %s. They are two customers until somebody merges them.",
				there, system, strings.Join(here, " or "), m.Reasons.words()),
			HubValue: strings.Join(here, "; "), SystemValue: there,
		}, true
	case Same, Different:
	}
	return finding.Finding{}, false
}

// words are the reasons in a sentence.
func (c Compared) words() string {
	var out []string
	if len(c.For) > 0 {
		out = append(out, strings.Join(c.For, " and ")+" speak for it")
	}
	if len(c.Against) > 0 {
		out = append(out, strings.Join(c.Against, " and ")+" against it")
	}
	return strings.Join(out, ", ")
}

// holder names who carries a number.
func holder(name, number, businessID string) string {
	var in []string
	if number != "" {
		in = append(in, number)
	}
	if businessID != "" {
		in = append(in, businessID)
	}
	if len(in) == 0 {
		return name
	}
	return name + " (" + strings.Join(in, ", ") + ")"
}

// MatchParts finds the customer's own offices and contacts among a record's, so that linking the two makes no second ones: an
// office by its identifier or else its name, a contact by its whole name, which systems part in two as they please, and an e-mail address in
// common, or the name alone where one side has no address. What fits several is left apart, but for a contact that the record has in its place for due diligence as well.
func MatchParts(c *customer.Customer, theirs customer.Fields) []link.PartLink {
	var out []link.PartLink
	for f := range theirs {
		part, key, name, ok := f.PartKey()
		if !ok || name != customer.Present {
			continue
		}
		get := func(name string) string { return theirs[customer.PartField(part, key, name)] }
		var ids []string
		switch part {
		case customer.PartOffice:
			for _, o := range c.Offices {
				if alikePart(o.Identifier, get("identifier")) || (o.Identifier == "" || get("identifier") == "") && alikePart(o.Name, get("name")) {
					ids = append(ids, string(o.ID))
				}
			}
		case customer.PartContact:
			for _, ct := range c.Contacts {
				p := ct.Person
				if p.LastName != "" && alikePart(p.FirstName+p.LastName, get("firstName")+get("lastName")) && addressInCommon(p.Emails, customer.SplitList(get("emails"))) {
					ids = append(ids, string(p.ID))
				}
			}
		}
		if len(ids) == 1 {
			out = append(out, link.PartLink{Part: part, ID: ids[0], ExternalID: key})
		}
	}
	return onlyOnce(apart(c, theirs, out))
}

// onlyOnce drops what is linked to two keys.
func onlyOnce(parts []link.PartLink) []link.PartLink {
	slices.SortFunc(parts, func(a, b link.PartLink) int {
		return strings.Compare(string(a.Part)+a.ExternalID, string(b.Part)+b.ExternalID)
	})
	many := make(map[string]int)
	for _, p := range parts {
		many[p.ID]++
	}
	return slices.DeleteFunc(parts, func(p link.PartLink) bool { return many[p.ID] > 1 })
}

func alikePart(a, b string) bool { return a != "" && folded(a) != "" && folded(a) == folded(b) }

func addressInCommon(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return strings.EqualFold(x, y) })
	})
}

// Alike says whether two texts are the same but for case, spaces and punctuation, which systems change as they please.
func Alike(a, b string) bool { return a == b || folded(a) == folded(b) }

// folded is a text without case, spaces and punctuation.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// ShareWord says whether two names have a word of at least three letters in common that is not a form of company.
func ShareWord(a, b string) bool {
	words := nameWords(b)
	return slices.ContainsFunc(nameWords(a), func(w string) bool { return slices.Contains(words, w) })
}

// companyForms are words that many names have and that tell nothing (formats contract): Oyj and the like.
var companyForms = []string{"oyj", "abp", "tmi", "osk", "ltd", "inc", "gmbh", "osakeyhtiö", "aktiebolag", "toiminimi", "filial"}

func nameWords(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.DeleteFunc(words, func(w string) bool { return len([]rune(w)) < 3 || slices.Contains(companyForms, w) })
}
