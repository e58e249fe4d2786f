package netvisorkyc

import (
	"customerhub/internal/customer"
	"customerhub/internal/finnish"
)

// Why a customer does not come into KYC, in the order in which the reasons are looked for: a customer for whom several hold is told the
// first, and the next once that is settled.
const (
	// ScopePrivate is a person: the integration is about companies (contract section 5, scope rules).
	ScopePrivate = "The customer is a private person, and companies alone are sent to KYC."
	// ScopePlaceholder is Netvisor's TEMP (R124).
	ScopePlaceholder = "The customer is the placeholder TEMP, which is never sent to KYC."
	// ScopeNoBusinessID is a company without one (R51).
	ScopeNoBusinessID = "The customer has no business ID, without which nobody is sent to KYC."
	// ScopeBusinessIDInvalid is one whose business ID cannot be right.
	ScopeBusinessIDInvalid = "The customer's business ID cannot be right, so the customer is not sent to KYC."
	// ScopeNoContactPerson is one without a contact person where only those with one are sent (R28).
	ScopeNoContactPerson = "The customer has no contact person for due diligence, and only customers with one are sent to KYC."
)

// ScopeReasons are all of them in their order.
var ScopeReasons = []string{ScopePrivate, ScopePlaceholder, ScopeNoBusinessID, ScopeBusinessIDInvalid, ScopeNoContactPerson}

// scope implements Kind.Scope.
func scope(ours customer.Fields, settings map[string]string) string {
	id := ours[customer.FieldBusinessID]
	switch {
	case ours[customer.FieldKind] == string(customer.Private):
		return ScopePrivate
	case finnish.ReservedCustomerNumber(ours[customer.FieldNumber]):
		return ScopePlaceholder
	case id == "":
		return ScopeNoBusinessID
	case !finnish.ValidBusinessID(id):
		return ScopeBusinessIDInvalid
	case settings[OnlyWithContactPerson] == "true" && !hasContact(ours):
		return ScopeNoContactPerson
	}
	return ""
}

// hasContact says whether there is a contact person. A language alone is nobody.
func hasContact(ours customer.Fields) bool {
	for _, f := range contactFields {
		if f != customer.FieldKYCContactLanguage && ours[f] != "" {
			return true
		}
	}
	return false
}
