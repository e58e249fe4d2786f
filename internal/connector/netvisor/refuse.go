package netvisor

import (
	"fmt"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// refuses implements Kind.Refuses. An office of Netvisor takes an OVT code or an IBAN as its e-invoice address and nothing
// else, unlike the customer's card (contract section 4.5, formats contract section 3.3; crm contract section 6, scenario 3), and
// no e-invoice address travels without a valid business ID (R81, R83; formats contract section 1.4).
func refuses(ours customer.Fields) []finding.Finding {
	var out []finding.Finding
	travels := finnish.ValidBusinessID(ours[customer.FieldBusinessID])
	if !travels && ours[customer.FieldEInvoiceAddress] != "" {
		out = append(out, finding.Finding{
			Code: finding.EInvoiceNotSent, Field: customer.FieldEInvoiceAddress,
			Message: "An e-invoice address is transferred to Netvisor with a valid business ID only, and the customer has none. " +
				"The hub keeps the address and does not send it.",
		})
	}
	for _, f := range ours.Sorted() {
		part, _, name, ok := f.PartKey()
		if !ok || part != customer.PartOffice || customer.Field(name) != customer.FieldEInvoiceAddress {
			continue
		}
		if !travels {
			out = append(out, finding.Finding{
				Code: finding.OfficeEInvoice, Field: f,
				Message: "An e-invoice address is transferred to Netvisor with a valid business ID only, and the customer has none. " +
					"The hub keeps the address of the office and does not send it.",
			})
			continue
		}
		a, issues := finnish.ParseEInvoiceAddress(ours[f])
		if _, takes := a.OfficeAddress(); issues.Err() == nil && takes {
			continue
		}
		out = append(out, finding.Finding{
			Code: finding.OfficeEInvoice, Field: f,
			Message: fmt.Sprintf("Netvisor takes an OVT code or an IBAN as the e-invoice address of an office, and %s is neither. "+
				"The hub keeps it and does not send it.", ours[f]),
		})
	}
	return out
}
