package netvisor

import (
	"fmt"
	"strings"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
)

// keep puts a value without a canonical place into Extra, by Netvisor's name for it, without identity codes.
func (m *mapper) keep(name, raw string) {
	s, issues := finnish.MaskStored(lines(raw))
	if s == "" {
		return
	}
	if len(issues) > 0 {
		m.note(finding.HetuMasked, "", "A personal identity code stood in Netvisor's field %s. It was hidden here.", name)
	}
	m.extra[name] = s
}

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
		m.keep(v.name, v.value)
	}
	for i, d := range a.CustomerDimensions.Dimension {
		prefix := fmt.Sprintf("Dimension[%d].", i+1)
		m.keep(prefix+"Name", d.DimensionName.Text)
		m.keep(prefix+"Name@key", d.DimensionName.NetvisorKey)
		m.keep(prefix+"Item", d.DimensionItem.Text)
		m.keep(prefix+"Item@key", d.DimensionItem.NetvisorKey)
	}
}

// decimal is a number with a point, or what was given when it is not one.
func decimal(s string) string {
	if n, ok := api.Decimal(s); ok {
		return n
	}
	return strings.TrimSpace(s)
}
