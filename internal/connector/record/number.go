package record

import "customerhub/internal/finnish"

// Why a record never comes in.
const (
	// Temp is Netvisor's placeholder for one-off customers, which is kept nowhere (Netvisor contract section 7; Flex contract section 5).
	Temp = "TEMP"
	// IdentityCodeAsNumber is a customer whose number is a personal identity code, which the hub may not keep (formats contract section 9.3). The number has to be changed there.
	IdentityCodeAsNumber = "IDENTITY_CODE_AS_NUMBER"
)

// Number is the customer number, or the reason why a customer of this number does not come in.
func Number(s string) (number, excluded string) {
	switch {
	case finnish.ReservedCustomerNumber(s):
		return s, Temp
	case finnish.ContainsIdentityCode(s):
		return "", IdentityCodeAsNumber
	}
	return s, ""
}
