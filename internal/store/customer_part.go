package store

import (
	"context"
	"encoding/hex"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

// addressRow is a row of table customer_address, read and written.
type addressRow struct {
	CustomerID string `db:"customer_id" json:"customer_id"`
	Kind       string `db:"kind" json:"kind"`
	Name       string `db:"name" json:"name"`
	Line1      string `db:"line1" json:"line1"`
	Line2      string `db:"line2" json:"line2"`
	Postcode   string `db:"postcode" json:"postcode"`
	City       string `db:"city" json:"city"`
	Country    string `db:"country" json:"country"`
	Derived    bool   `db:"derived" json:"derived"`
}

// officeRow is a row of table office, read and written.
type officeRow struct {
	ID               string   `db:"id" json:"id"`
	CustomerID       string   `db:"customer_id" json:"customer_id"`
	Name             string   `db:"name" json:"name"`
	Identifier       string   `db:"identifier" json:"identifier"`
	Phone            string   `db:"phone" json:"phone"`
	PhoneE164        string   `db:"phone_e164" json:"phone_e164"`
	BillingEmails    []string `db:"billing_emails" json:"billing_emails"`
	AddressName      string   `db:"address_name" json:"address_name"`
	Line1            string   `db:"line1" json:"line1"`
	Line2            string   `db:"line2" json:"line2"`
	Postcode         string   `db:"postcode" json:"postcode"`
	City             string   `db:"city" json:"city"`
	Country          string   `db:"country" json:"country"`
	EInvoiceAddress  string   `db:"einvoice_address" json:"einvoice_address"`
	EInvoiceOperator string   `db:"einvoice_operator" json:"einvoice_operator"`
	EInvoiceKind     string   `db:"einvoice_kind" json:"einvoice_kind"`
	Active           bool     `db:"active" json:"active"`
}

// personRow is a row of table person, read and written.
type personRow struct {
	ID         string   `db:"id" json:"id"`
	FirstName  string   `db:"first_name" json:"first_name"`
	LastName   string   `db:"last_name" json:"last_name"`
	Language   string   `db:"language" json:"language"`
	Emails     []string `db:"emails" json:"emails"`
	Phones     []string `db:"phones" json:"phones"`
	PhonesE164 []string `db:"phones_e164" json:"phones_e164"`
	NameSort   string   `db:"-" json:"name_sort"`
	SearchText string   `db:"-" json:"search_text"`
}

// contactRow is a row of table contact, written.
type contactRow struct {
	CustomerID string   `db:"customer_id" json:"customer_id"`
	PersonID   string   `db:"person_id" json:"person_id"`
	OfficeID   *string  `db:"office_id" json:"office_id"`
	Roles      []string `db:"roles" json:"roles"`
	Title      string   `db:"title" json:"title"`
	IsDefault  bool     `db:"is_default" json:"is_default"`
}

// contactPersonRow is a contact with its person, read.
type contactPersonRow struct {
	contactRow
	personRow
}

const sqlAddressesOfCustomers = `
SELECT a.customer_id, a.kind, a.name, a.line1, a.line2, a.postcode, a.city, a.country, a.derived
FROM customer_address a
WHERE a.customer_id = ANY (@ids)
ORDER BY a.customer_id, a.kind`

const officeColumns = `o.id, o.customer_id, o.name, o.identifier, o.phone, o.phone_e164, o.billing_emails, o.address_name,
  o.line1, o.line2, o.postcode, o.city, o.country, o.einvoice_address, o.einvoice_operator, o.einvoice_kind, o.active`

const sqlOfficesOfCustomers = `
SELECT ` + officeColumns + `
FROM office o
WHERE o.customer_id = ANY (@ids)
ORDER BY o.customer_id, o.id`

const sqlOfficesByID = `
SELECT ` + officeColumns + `
FROM office o
WHERE o.id = ANY (@ids)
ORDER BY o.id`

const contactColumns = `t.customer_id, t.person_id, t.office_id, t.roles, t.title, t.is_default,
  p.id, p.first_name, p.last_name, p.language, p.emails, p.phones, p.phones_e164`

const sqlContactsOfCustomers = `
SELECT ` + contactColumns + `
FROM contact t
JOIN person p ON p.organisation_id = t.organisation_id AND p.id = t.person_id
WHERE t.customer_id = ANY (@ids)
ORDER BY t.customer_id, t.is_default DESC, t.person_id`

const sqlContactsOfPeople = `
SELECT ` + contactColumns + `
FROM contact t
JOIN person p ON p.organisation_id = t.organisation_id AND p.id = t.person_id
WHERE t.person_id = ANY (@ids)
ORDER BY t.person_id, t.customer_id`

const sqlPeopleByID = `
SELECT p.id, p.first_name, p.last_name, p.language, p.emails, p.phones, p.phones_e164
FROM person p
WHERE p.id = ANY (@ids)
ORDER BY p.id`

// customerParts are the rows that hang on customers.
type customerParts struct {
	customerIDs []string
	addresses   []addressRow
	offices     []officeRow
	people      []personRow
	contacts    []contactRow
	read        []contactPersonRow
	kyc         []kycRow
}

func (p *customerParts) queue(b *pgx.Batch, ids []customer.ID, rel Relations) {
	args := pgx.StrictNamedArgs{"ids": texts(ids)}
	if rel.Addresses {
		collect(b, &p.addresses, sqlAddressesOfCustomers, args)
	}
	if rel.Offices {
		collect(b, &p.offices, sqlOfficesOfCustomers, args)
	}
	if rel.Contacts {
		collect(b, &p.read, sqlContactsOfCustomers, args)
	}
	if rel.KYC {
		collect(b, &p.kyc, sqlKYCOfCustomers, args)
	}
}

// assemble hangs the parts on the customers, keeping the order of rows.
func (p *customerParts) assemble(rows []customerRow) ([]customer.Customer, error) {
	out := make([]customer.Customer, len(rows))
	at := make(map[string]*customer.Customer, len(rows))
	for i := range rows {
		c, err := rows[i].noun()
		if err != nil {
			return nil, err
		}
		out[i] = c
		at[rows[i].ID] = &out[i]
	}
	for _, r := range p.addresses {
		if c := at[r.CustomerID]; c != nil {
			c.Addresses = append(c.Addresses, r.noun())
		}
	}
	for _, r := range p.offices {
		if c := at[r.CustomerID]; c != nil {
			c.Offices = append(c.Offices, r.noun())
		}
	}
	for _, r := range p.read {
		if c := at[r.CustomerID]; c != nil {
			c.Contacts = append(c.Contacts, r.noun())
		}
	}
	for _, r := range p.kyc {
		if c := at[r.CustomerID]; c != nil {
			said, err := r.noun()
			if err != nil {
				return nil, err
			}
			c.KYC = &said
		}
	}
	return out, nil
}

func (r addressRow) noun() customer.Address {
	return customer.Address{
		Kind: customer.AddressKind(r.Kind), Name: r.Name, Line1: r.Line1, Line2: r.Line2,
		Postcode: r.Postcode, City: r.City, Country: r.Country, Derived: r.Derived,
	}
}

func (r officeRow) noun() customer.Office {
	return customer.Office{
		ID: customer.OfficeID(r.ID), CustomerID: customer.ID(r.CustomerID), Name: r.Name, Identifier: r.Identifier,
		Phone: customer.Phone{Raw: r.Phone, E164: r.PhoneE164}, BillingEmails: r.BillingEmails,
		Address: customer.Address{
			Kind: customer.Visiting, Name: r.AddressName, Line1: r.Line1, Line2: r.Line2,
			Postcode: r.Postcode, City: r.City, Country: r.Country,
		},
		EInvoice: customer.EInvoice{
			Address: r.EInvoiceAddress, Operator: r.EInvoiceOperator, Kind: customer.EInvoiceKind(r.EInvoiceKind),
		},
		Active: r.Active,
	}
}

func (r personRow) noun() customer.Person {
	p := customer.Person{
		ID: customer.PersonID(r.ID), FirstName: r.FirstName, LastName: r.LastName, Language: r.Language, Emails: r.Emails,
	}
	for i := range r.Phones {
		p.Phones = append(p.Phones, customer.Phone{Raw: r.Phones[i], E164: r.PhonesE164[i]})
	}
	return p
}

func rowOfPerson(p customer.Person) personRow {
	row := personRow{
		ID: string(p.ID), FirstName: p.FirstName, LastName: p.LastName, Language: p.Language, Emails: texts(p.Emails),
		Phones: []string{}, PhonesE164: []string{},
		NameSort: `\x` + hex.EncodeToString(p.SortKey()), SearchText: p.SearchText(),
	}
	for _, ph := range p.Phones {
		row.Phones = append(row.Phones, ph.Raw)
		row.PhonesE164 = append(row.PhonesE164, ph.E164)
	}
	return row
}

func (r contactPersonRow) noun() customer.Contact {
	roles := make([]customer.ContactRole, len(r.Roles))
	for i, role := range r.Roles {
		roles[i] = customer.ContactRole(role)
	}
	return customer.Contact{
		CustomerID: customer.ID(r.CustomerID), Person: r.personRow.noun(), Roles: roles, Title: r.Title,
		OfficeID: textOf[customer.OfficeID](r.OfficeID), IsDefault: r.IsDefault,
	}
}

// partsOf gives the rows that hang on the customers, for writing.
func partsOf(customers []customer.Customer) customerParts {
	var p customerParts
	for i := range customers {
		c := &customers[i]
		p.customerIDs = append(p.customerIDs, string(c.ID))
		for _, a := range c.Addresses {
			p.addresses = append(p.addresses, addressRow{
				CustomerID: string(c.ID), Kind: string(a.Kind), Name: a.Name, Line1: a.Line1, Line2: a.Line2,
				Postcode: a.Postcode, City: a.City, Country: a.Country, Derived: a.Derived,
			})
		}
		for _, o := range c.Offices {
			p.offices = append(p.offices, officeRow{
				ID: string(o.ID), CustomerID: string(c.ID), Name: o.Name, Identifier: o.Identifier,
				Phone: o.Phone.Raw, PhoneE164: o.Phone.E164, BillingEmails: texts(o.BillingEmails),
				AddressName: o.Address.Name, Line1: o.Address.Line1, Line2: o.Address.Line2,
				Postcode: o.Address.Postcode, City: o.Address.City, Country: o.Address.Country,
				EInvoiceAddress: o.EInvoice.Address, EInvoiceOperator: o.EInvoice.Operator,
				EInvoiceKind: string(o.EInvoice.Kind), Active: o.Active,
			})
		}
		for _, ct := range c.Contacts {
			p.people = append(p.people, rowOfPerson(ct.Person))
			p.contacts = append(p.contacts, contactRow{
				CustomerID: string(c.ID), PersonID: string(ct.Person.ID), OfficeID: textOrNull(ct.OfficeID),
				Roles: texts(ct.Roles), Title: ct.Title, IsDefault: ct.IsDefault,
			})
		}
	}
	return p
}

const sqlDropAddresses = `
DELETE FROM customer_address a
WHERE a.customer_id = ANY (@ids)
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, kind text)
    WHERE r.customer_id = a.customer_id AND r.kind = a.kind)`

const sqlSaveAddresses = `
INSERT INTO customer_address AS a (customer_id, kind, name, line1, line2, postcode, city, country, derived)
SELECT r.customer_id, r.kind, r.name, r.line1, r.line2, r.postcode, r.city, r.country, r.derived
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, kind text, name text, line1 text, line2 text, postcode text,
  city text, country text, derived boolean)
ON CONFLICT (organisation_id, customer_id, kind) DO UPDATE
SET name = excluded.name, line1 = excluded.line1, line2 = excluded.line2, postcode = excluded.postcode,
  city = excluded.city, country = excluded.country, derived = excluded.derived
WHERE (a.name, a.line1, a.line2, a.postcode, a.city, a.country, a.derived)
  IS DISTINCT FROM (excluded.name, excluded.line1, excluded.line2, excluded.postcode, excluded.city, excluded.country,
    excluded.derived)`

const sqlSaveOffices = `
INSERT INTO office AS o (id, customer_id, name, identifier, phone, phone_e164, billing_emails, address_name, line1, line2,
  postcode, city, country, einvoice_address, einvoice_operator, einvoice_kind, active)
SELECT r.id, r.customer_id, r.name, r.identifier, r.phone, r.phone_e164, r.billing_emails, r.address_name, r.line1, r.line2,
  r.postcode, r.city, r.country, r.einvoice_address, r.einvoice_operator, r.einvoice_kind, r.active
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, customer_id uuid, name text, identifier text, phone text,
  phone_e164 text, billing_emails text[], address_name text, line1 text, line2 text, postcode text, city text, country text,
  einvoice_address text, einvoice_operator text, einvoice_kind text, active boolean)
ON CONFLICT (organisation_id, id) DO UPDATE
SET name = excluded.name, identifier = excluded.identifier, phone = excluded.phone, phone_e164 = excluded.phone_e164,
  billing_emails = excluded.billing_emails, address_name = excluded.address_name, line1 = excluded.line1,
  line2 = excluded.line2, postcode = excluded.postcode, city = excluded.city, country = excluded.country,
  einvoice_address = excluded.einvoice_address, einvoice_operator = excluded.einvoice_operator,
  einvoice_kind = excluded.einvoice_kind, active = excluded.active
WHERE (o.name, o.identifier, o.phone, o.phone_e164, o.billing_emails, o.address_name, o.line1, o.line2, o.postcode, o.city,
    o.country, o.einvoice_address, o.einvoice_operator, o.einvoice_kind, o.active)
  IS DISTINCT FROM (excluded.name, excluded.identifier, excluded.phone, excluded.phone_e164, excluded.billing_emails,
    excluded.address_name, excluded.line1, excluded.line2, excluded.postcode, excluded.city, excluded.country,
    excluded.einvoice_address, excluded.einvoice_operator, excluded.einvoice_kind, excluded.active)`

// sqlAddPeople adds the persons of contacts where they are new. A person who is known may be somebody else's contact too and
// have changed since the customer was read, so who changes a person says so (SavePeople).
const sqlAddPeople = `
INSERT INTO person (id, first_name, last_name, language, emails, phones, phones_e164, name_sort, search_text)
SELECT DISTINCT ON (r.id) r.id, r.first_name, r.last_name, r.language, r.emails, r.phones, r.phones_e164, r.name_sort, r.search_text
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, first_name text, last_name text, language text, emails text[],
  phones text[], phones_e164 text[], name_sort bytea, search_text text)
ORDER BY r.id
ON CONFLICT DO NOTHING`

const sqlSavePeople = `
INSERT INTO person AS p (id, first_name, last_name, language, emails, phones, phones_e164, name_sort, search_text)
SELECT DISTINCT ON (r.id) r.id, r.first_name, r.last_name, r.language, r.emails, r.phones, r.phones_e164, r.name_sort, r.search_text
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, first_name text, last_name text, language text, emails text[],
  phones text[], phones_e164 text[], name_sort bytea, search_text text)
ON CONFLICT (organisation_id, id) DO UPDATE
SET first_name = excluded.first_name, last_name = excluded.last_name, language = excluded.language,
  emails = excluded.emails, phones = excluded.phones, phones_e164 = excluded.phones_e164,
  name_sort = excluded.name_sort, search_text = excluded.search_text
WHERE (p.first_name, p.last_name, p.language, p.emails, p.phones, p.phones_e164, p.name_sort, p.search_text)
  IS DISTINCT FROM (excluded.first_name, excluded.last_name, excluded.language, excluded.emails, excluded.phones,
    excluded.phones_e164, excluded.name_sort, excluded.search_text)`

const sqlDropContacts = `
DELETE FROM contact t
WHERE t.customer_id = ANY (@ids)
  AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, person_id uuid)
    WHERE r.customer_id = t.customer_id AND r.person_id = t.person_id)`

const sqlSaveContacts = `
INSERT INTO contact AS t (customer_id, person_id, office_id, roles, title, is_default)
SELECT r.customer_id, r.person_id, r.office_id, r.roles, r.title, r.is_default
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, person_id uuid, office_id uuid, roles text[], title text,
  is_default boolean)
ON CONFLICT (organisation_id, customer_id, person_id) DO UPDATE
SET office_id = excluded.office_id, roles = excluded.roles, title = excluded.title, is_default = excluded.is_default
WHERE (t.office_id, t.roles, t.title, t.is_default)
  IS DISTINCT FROM (excluded.office_id, excluded.roles, excluded.title, excluded.is_default)`

// sqlMoveDefaults takes the mark off contacts that are not the default any more, before another one gets it.
const sqlMoveDefaults = `
UPDATE contact t
SET is_default = false
FROM jsonb_to_recordset(@rows::jsonb) AS r (customer_id uuid, person_id uuid, is_default boolean)
WHERE t.customer_id = ANY (@ids) AND t.is_default AND NOT r.is_default
  AND t.customer_id = r.customer_id AND t.person_id = r.person_id`

// save queues the writing of the parts. Rows that go leave first, so that a default contact can move.
func (p *customerParts) save(b *pgx.Batch) {
	if len(p.customerIDs) == 0 {
		return
	}
	b.Queue(sqlDropAddresses, pgx.StrictNamedArgs{"ids": p.customerIDs, "rows": asJSON(nonNil(p.addresses))})
	b.Queue(sqlDropContacts, pgx.StrictNamedArgs{"ids": p.customerIDs, "rows": asJSON(nonNil(p.contacts))})
	writeRows(b, sqlSaveAddresses, p.addresses)
	writeRows(b, sqlSaveOffices, p.offices)
	writeRows(b, sqlAddPeople, p.people)
	if len(p.contacts) > 0 {
		b.Queue(sqlMoveDefaults, pgx.StrictNamedArgs{"ids": p.customerIDs, "rows": asJSON(p.contacts)})
	}
	writeRows(b, sqlSaveContacts, p.contacts)
}

func nonNil[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// ListOfficesByID reads offices; ids that do not exist are left out.
func ListOfficesByID(ctx context.Context, db pg.DB, ids []customer.OfficeID) ([]customer.Office, error) {
	return listNouns(ctx, db, sqlOfficesByID, texts(ids), officeRow.noun)
}

// ListPeopleByID reads persons; ids that do not exist are left out.
func ListPeopleByID(ctx context.Context, db pg.DB, ids []customer.PersonID) ([]customer.Person, error) {
	return listNouns(ctx, db, sqlPeopleByID, texts(ids), personRow.noun)
}

// ListContactsOfPeople reads which customers the persons are contacts of.
func ListContactsOfPeople(ctx context.Context, db pg.DB, ids []customer.PersonID) ([]customer.Contact, error) {
	return listNouns(ctx, db, sqlContactsOfPeople, texts(ids), contactPersonRow.noun)
}

// listNouns reads rows by @ids and turns each into its noun.
func listNouns[Row, Noun any](ctx context.Context, db pg.DB, sql string, ids []string, noun func(Row) Noun) ([]Noun, error) {
	rows, _ := db.Query(ctx, sql, pgx.StrictNamedArgs{"ids": ids})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	if err != nil {
		return nil, pg.Fault(err, "data")
	}
	out := make([]Noun, len(found))
	for i, r := range found {
		out[i] = noun(r)
	}
	return out, nil
}
