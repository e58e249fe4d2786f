package customer

import "slices"

// groupNames are the field groups of a customer, and of its parts without their keys.
var groupNames = []string{
	"billingAddress", "billingEmails", "businessId", "buyerUnitNumber", "consumerEInvoice", "contact", "contact.default",
	"contact.emails", "contact.firstName", "contact.language", "contact.lastName", "contact.office", "contact.phones",
	"contact.present", "contact.roles", "contact.title", "custom", "deliveryAddress", "einvoice", "email", "firstName", "kind",
	"kyc", "kycContact", "language", "lastName", "name", "nameExtension", "number", "office", "office.active", "office.address",
	"office.billingEmails", "office.einvoice", "office.identifier", "office.name", "office.phone", "office.present", "phone",
	"responsible", "status", "vatNumber", "visitingAddress",
}

// IsGroup says whether there is a field group, or a part, of the name. Parts are named without a key: office.address is the
// address of any office, office all of an office, custom all custom fields.
func IsGroup(name string) bool {
	_, found := slices.BinarySearch(groupNames, name)
	return found
}
