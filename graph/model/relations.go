package model

// Relations are the relations of a customer that a read can bring along, as a set.
type Relations uint8

// The relations of a customer.
const (
	Addresses Relations = 1 << iota
	Offices
	Contacts
	Links
)

// Has says whether all of the others are in the set.
func (r Relations) Has(others Relations) bool { return r&others == others }
