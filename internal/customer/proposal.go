package customer

import (
	"slices"
	"strings"
	"time"
)

// PersonProposalID identifies a proposal.
type PersonProposalID string

// MatchReason is why two persons may be the same human. Names alone are never one.
type MatchReason string

// The reasons.
const (
	SameEmail        MatchReason = "EMAIL"
	SamePhoneAndName MatchReason = "PHONE_AND_NAME" // the telephone number and the last name
)

// ProposalState is where a proposal is.
type ProposalState string

// The states of proposals. A rejected pair is never proposed again.
const (
	ProposalOpen     ProposalState = "OPEN"
	ProposalAccepted ProposalState = "ACCEPTED"
	ProposalRejected ProposalState = "REJECTED"
)

// PersonProposal is a match of two persons that awaits a person's decision; nothing is merged by itself (crm contract
// section 4, invariant 4). Person is the older of the two.
type PersonProposal struct {
	ID            PersonProposalID
	Person, Other PersonID
	Reason        MatchReason
	State         ProposalState
	RaisedAt      time.Time
}

// Absorb gives the person with what the other one knows besides: values that p lacks, and further e-mails and phones.
func (p Person) Absorb(other Person) Person {
	if p.FirstName == "" || p.FirstName == "-" {
		p.FirstName = other.FirstName
	}
	if p.LastName == "" {
		p.LastName = other.LastName
	}
	if p.Language == "" {
		p.Language = other.Language
	}
	emails := append([]string(nil), p.Emails...)
	for _, e := range other.Emails {
		if !slices.ContainsFunc(emails, func(o string) bool { return strings.EqualFold(o, e) }) {
			emails = append(emails, e)
		}
	}
	phones := append([]Phone(nil), p.Phones...)
	for _, n := range other.Phones {
		same := func(o Phone) bool { return o.Raw == n.Raw || o.E164 != "" && o.E164 == n.E164 }
		if !slices.ContainsFunc(phones, same) {
			phones = append(phones, n)
		}
	}
	p.Emails, p.Phones = emails, phones
	return p
}
