package finnish

import "strings"

// AddressKind says what an e-invoice address is (section 3.2). The zero value is no kind.
type AddressKind string

// Kinds of e-invoice address.
const (
	KindOVT          AddressKind = "OVT"
	KindIBAN         AddressKind = "IBAN"
	KindNetServiceID AddressKind = "NET_SERVICE_ID"
	KindPeppol       AddressKind = "PEPPOL"
	// KindOther is an address that only its operator understands.
	KindOther AddressKind = "OTHER"
)

// EInvoiceAddress is an e-invoice address (verkkolaskuosoite) in canonical form. The zero value means that there is none.
type EInvoiceAddress struct {
	Kind  AddressKind
	Value string
}

// ParseEInvoiceAddress recognises the kind of an e-invoice address and returns its canonical form. What looks like an OVT
// code, a Finnish IBAN or a Peppol identifier has to be one: it is not taken for an address of kind OTHER when it is
// damaged. The refusals are [EInvoiceAddressFormat] and those of the kinds.
func ParseEInvoiceAddress(s string) (EInvoiceAddress, Issues) {
	t := upperASCII(compact(s))
	switch {
	case peppolShape(t):
		id, issues := ParsePeppolID(s)
		if issues.Err() != nil {
			return EInvoiceAddress{}, issues
		}
		return EInvoiceAddress{KindPeppol, id.String()}, issues
	case len(t) >= 12 && strings.HasPrefix(t, "0037") && digits(t[4:12]), zerosLost(t):
		ovt, issues := ParseOVT(s)
		if issues.Err() != nil {
			return EInvoiceAddress{}, issues
		}
		return EInvoiceAddress{KindOVT, string(ovt)}, issues
	case netServiceShape(t):
		// Before IBAN: FI0037… with 16 digits has the shape of an IBAN with the impossible check digits 00.
		issues := normalised(s, t)
		if !checkDigitFits(t[6:14]) {
			issues = append(issues, warn(OVTCheckDigit, "The check digit of the business ID in the net service ID does not fit."))
		}
		return EInvoiceAddress{KindNetServiceID, t}, issues
	case ibanShape(t) && (strings.HasPrefix(t, "FI") || ibanCheckDigitsFit(t)):
		iban, err := ParseIBAN(t)
		if err != nil {
			return EInvoiceAddress{}, refusals(err)
		}
		return EInvoiceAddress{KindIBAN, iban}, normalised(s, iban)
	}
	// Case is significant to some operators, so it is kept, and a space is not ours to drop.
	v := strings.TrimSpace(s)
	if len(v) > 35 || !all(v, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' }) {
		return EInvoiceAddress{}, Issues{reject(EInvoiceAddressFormat,
			"An e-invoice address is an OVT code, an IBAN, a Peppol identifier, or 1 to 35 letters, digits and -_. without spaces.")}
	}
	return EInvoiceAddress{KindOther, v}, normalised(s, v)
}

// OVT returns the OVT code that the address is or contains, without looking at its check digit. It is false for IBAN,
// OTHER, Peppol identifiers of other countries, and net service IDs whose suffix no OVT code can have.
func (a EInvoiceAddress) OVT() (OVT, bool) {
	v := ""
	switch a.Kind {
	case KindOVT:
		v = a.Value
	case KindNetServiceID:
		v = a.Value[2:]
	case KindPeppol:
		v = strings.TrimPrefix(a.Value, peppolFinland+":")
	}
	return OVT(v), ovtShape(v)
}

// OfficeAddress returns the form of the address for a receiver that takes only a valid OVT code or an IBAN, as Netvisor's
// offices do (section 3.3). It is false for NET_SERVICE_ID and OTHER, for Peppol identifiers of other countries, and for
// an OVT code whose check digit does not fit.
func (a EInvoiceAddress) OfficeAddress() (string, bool) {
	switch a.Kind {
	case KindIBAN:
		return a.Value, true
	case KindOVT, KindPeppol:
		ovt, ok := a.OVT()
		if _, valid := ovt.BusinessID(); ok && valid {
			return string(ovt), true
		}
	}
	return "", false
}

// EInvoice is the pair that routes an e-invoice: the address and the operator that delivers to it. The zero value means
// that the customer takes no e-invoices.
type EInvoice struct {
	Address  EInvoiceAddress
	Operator Operator
}

// ParseEInvoice parses address and operator together and compares them with each other and with the customer's business
// ID. Both empty is the zero value without issues; one without the other is refused ([EInvoiceIncomplete]). An operator's
// code in place of the address ([EInvoiceFieldsSwapped]) and an OVT code of another organisation
// ([OVTOtherOrganisation], usual with scanning services) are warnings. Owner may be empty.
func ParseEInvoice(address, operator string, owner BusinessID) (EInvoice, Issues) {
	noAddress, noOperator := strings.TrimSpace(address) == "", strings.TrimSpace(operator) == ""
	switch {
	case noAddress && noOperator:
		return EInvoice{}, nil
	case noAddress:
		return EInvoice{}, Issues{reject(EInvoiceIncomplete, "An e-invoice operator needs an e-invoice address beside it.")}
	case noOperator:
		return EInvoice{}, Issues{reject(EInvoiceIncomplete, "An e-invoice address needs an operator beside it.")}
	}
	a, issues := ParseEInvoiceAddress(address)
	op, more := ParseOperator(operator)
	issues = append(issues, more...)
	inside := BusinessID("")
	if ovt, ok := a.OVT(); ok {
		inside, _ = ovt.BusinessID()
	}
	own := inside != "" && inside == owner
	if inside != "" && owner != "" && !own {
		issues = append(issues, warn(OVTOtherOrganisation, "The OVT code belongs to another organisation than the customer."))
	}
	// An operator that is itself the customer has its own code as address, rightly.
	if _, ok := LookUpOperator(address); ok && !own {
		issues = append(issues, warn(EInvoiceFieldsSwapped, "The e-invoice address is the code of an operator: the two fields may be swapped."))
	}
	if issues.Err() != nil {
		return EInvoice{}, issues
	}
	return EInvoice{a, op}, issues
}

// netServiceShape: two letters of the operator, an OVT code and a suffix of any length, 35 characters at most.
func netServiceShape(t string) bool {
	return len(t) >= 14 && len(t) <= 35 && isUpper(t[0]) && isUpper(t[1]) && t[2:6] == "0037" && digits(t[6:14]) && upperAlnum(t)
}
