package merge

import (
	"slices"

	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// A customer who uses consumer e-invoicing has no business ID (R86; Flex contract, rule F16). Where one side says the one and the other the
// other, neither value is taken over: the two may not be the same customer, and either way a person has to say which is wrong (contract
// section 4, detail 6).

// consumerGroups are the groups that flow neither way then. The e-invoice pair goes with the business ID.
var consumerGroups = []customer.Group{
	customer.FieldBusinessID.Group(), customer.FieldConsumerEInvoice.Group(), customer.FieldEInvoiceAddress.Group(),
}

// consumerConflict says whether taking both sides' values would make a customer with a business ID and consumer e-invoicing. A side that
// holds both by itself is read as it is.
func (p Policy) consumerConflict(ours, theirs customer.Fields, base link.Base) bool {
	from := func(f customer.Field) (value string, side Side) {
		if p.Reads(f) && theirs[f] != base.Theirs[f] {
			return theirs[f], Theirs
		}
		return ours[f], Ours
	}
	consumer, saysConsumer := from(customer.FieldConsumerEInvoice)
	id, saysID := from(customer.FieldBusinessID)
	if consumer == "" || id == "" {
		return false
	}
	if saysConsumer != saysID {
		return true
	}
	// What the hub holds of both came to be before; what the system is sent of it would be refused.
	return saysConsumer == Ours && p.Reads(customer.FieldConsumerEInvoice) && theirs[customer.FieldConsumerEInvoice] != "" && theirs[customer.FieldBusinessID] == ""
}

func (v *Verdict) quarantined(g customer.Group) bool {
	return v.Quarantined && slices.Contains(consumerGroups, g)
}
