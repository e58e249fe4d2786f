package finnish

import "strings"

// ParseCustomerNumber returns a customer number without the spaces around it. It is opaque text, compared exactly: "007"
// and "7" are two numbers, and so are "a1" and "A1". An empty text is no number and no error.
//
// The error is an [Issue] with code [CustomerNumberReserved] or [PersonalIdentityCode].
func ParseCustomerNumber(s string) (string, error) {
	t := strings.TrimSpace(s)
	if ReservedCustomerNumber(t) {
		return "", reject(CustomerNumberReserved, "The customer number TEMP is reserved for temporary customers.")
	}
	if err := CheckNoIdentityCode(t); err != nil {
		return "", err
	}
	return t, nil
}

// ReservedCustomerNumber reports Netvisor's number for its temporary customer, TEMP in any case, which is never matched
// and never synchronised.
func ReservedCustomerNumber(number string) bool {
	return strings.EqualFold(strings.TrimSpace(number), "TEMP")
}

// CheckNumericCustomerNumber warns ([CustomerNumberNotNumeric]) of a number that has something else than digits in it or a
// zero at its start, which systems around Netvisor do not all accept. The number is not changed for it.
func CheckNumericCustomerNumber(number string) Issues {
	if digits(number) && number[0] != '0' {
		return nil
	}
	return Issues{warn(CustomerNumberNotNumeric, "Some systems accept only customer numbers of digits that do not start with zero.")}
}
