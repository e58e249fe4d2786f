package customer

import (
	"cmp"
	"fmt"
	"slices"
)

// Unflatten makes a customer of Fields whose parts are named by the hub's own ids: what Flatten gives for HubKeys. What is not
// among fields, such as versions and times, is not known. Parts come in the order in which they are read.
func Unflatten(id ID, fs Fields) (Customer, error) {
	c := Customer{ID: id}
	offices, contacts := make(map[string]*Office), make(map[string]*Contact)
	for _, f := range fs.Sorted() {
		part, key, name, ofPart := f.PartKey()
		var err error
		switch {
		case !ofPart, part == PartCustom:
			err = c.Apply(f, fs[f])
		case part == PartOffice:
			if offices[key] == nil {
				offices[key] = &Office{ID: OfficeID(key), CustomerID: id}
			}
			err = offices[key].Apply(name, fs[f])
		case part == PartContact:
			if contacts[key] == nil {
				contacts[key] = &Contact{CustomerID: id, Person: Person{ID: PersonID(key)}}
			}
			err = contacts[key].Apply(name, fs[f])
		default:
			err = fmt.Errorf("a customer has no part %q", part)
		}
		if err != nil {
			return Customer{}, err
		}
	}
	for _, o := range offices {
		o.Address.Kind = Visiting
		c.Offices = append(c.Offices, *o)
	}
	for _, ct := range contacts {
		c.Contacts = append(c.Contacts, *ct)
	}
	slices.SortFunc(c.Offices, func(a, b Office) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Contacts, func(a, b Contact) int {
		if a.IsDefault != b.IsDefault {
			if a.IsDefault {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Person.ID, b.Person.ID)
	})
	c.Derive()
	for i := range c.Contacts {
		c.Contacts[i].Person.DerivePhones(c.Country(), nil)
	}
	return c, nil
}
