package netvisor

import (
	"fmt"
	"strings"

	"customerhub/internal/connector/netvisor/api"
)

// rest keeps what the canonical customer has no place for.
func (m *mapper) rest(card api.Customer) {
	b, a := card.CustomerBaseInformation, card.CustomerAdditionalInformation
	for _, v := range [...]struct{ name, value string }{
		{"CustomerGroupNetvisorKey", b.CustomerGroupNetvisorKey},
		{"CustomerGroupName", b.CustomerGroupName},
		{"FaxNumber", b.FaxNumber},
		{"HomePageUri", b.HomePageURI},

		{"CustomerAgreementIdentifier", a.CustomerAgreementIdentifier},
		{"ReferenceNumber", a.ReferenceNumber},
		{"UseCreditorReferenceNumber", a.UseCreditorReferenceNumber},
		{"YourDefaultReference", a.YourDefaultReference},
		{"DefaultPaymentTerm", a.DefaultPaymentTerm.Text},
		{"DefaultPaymentTerm@key", a.DefaultPaymentTerm.NetvisorKey},
		{"TaxHandlingType", a.TaxHandlingType},
		{"BalanceLimit", decimal(a.BalanceLimit)},
		{"DiscountPercentage", decimal(a.DiscountPercentage)},
		{"PriceGroup", a.PriceGroup},
		{"FactoringAccount", a.FactoringAccount.Text},
		{"FactoringAccount@key", a.FactoringAccount.NetvisorKey},
		{"EuStandardFinvoice", a.EUStandardFinvoice},
		{"InCollectionProhibition", a.InCollectionProhibition},
		{"TurnoverDays", decimal(a.AdditionalInformation.ReceivablesManagement.TurnoverDays)},
		{"TurnoverDeviation", decimal(a.AdditionalInformation.ReceivablesManagement.TurnoverDeviation)},
		{"Comment", a.Comment},
		{"DefaultTextBeforeInvoiceLines", a.DefaultTextBeforeInvoiceLines},
		{"DefaultTextAfterInvoiceLines", a.DefaultTextAfterInvoiceLines},
	} {
		m.Keep(v.name, v.value)
	}
	for i, d := range a.CustomerDimensions.Dimension {
		prefix := fmt.Sprintf("Dimension[%d].", i+1)
		m.Keep(prefix+"Name", d.DimensionName.Text)
		m.Keep(prefix+"Name@key", d.DimensionName.NetvisorKey)
		m.Keep(prefix+"Item", d.DimensionItem.Text)
		m.Keep(prefix+"Item@key", d.DimensionItem.NetvisorKey)
	}
}

// decimal is a number with a point, or what was given when it is not one.
func decimal(s string) string {
	if n, ok := api.Decimal(s); ok {
		return n
	}
	return strings.TrimSpace(s)
}
