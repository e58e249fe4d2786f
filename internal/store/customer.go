package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
)

// customerRow is a row of table customer, read and written.
type customerRow struct {
	ID               string          `db:"id" json:"id"`
	Version          int             `db:"version" json:"version"`
	FieldVersions    json.RawMessage `db:"field_versions" json:"field_versions"`
	ChangeNo         int             `db:"change_no" json:"change_no"`
	Number           string          `db:"number" json:"number"`
	Kind             string          `db:"kind" json:"kind"`
	Status           string          `db:"status" json:"status"`
	Name             string          `db:"name" json:"name"`
	NameExtension    string          `db:"name_extension" json:"name_extension"`
	FirstName        string          `db:"first_name" json:"first_name"`
	LastName         string          `db:"last_name" json:"last_name"`
	BusinessID       string          `db:"business_id" json:"business_id"`
	BusinessIDValid  bool            `db:"business_id_valid" json:"business_id_valid"`
	VATNumber        string          `db:"vat_number" json:"vat_number"`
	BuyerUnitNumber  string          `db:"buyer_unit_number" json:"buyer_unit_number"`
	Email            string          `db:"email" json:"email"`
	Phone            string          `db:"phone" json:"phone"`
	PhoneE164        string          `db:"phone_e164" json:"phone_e164"`
	Language         string          `db:"language" json:"language"`
	BillingEmails    []string        `db:"billing_emails" json:"billing_emails"`
	ConsumerEInvoice bool            `db:"consumer_einvoice" json:"consumer_einvoice"`
	EInvoiceAddress  string          `db:"einvoice_address" json:"einvoice_address"`
	EInvoiceOperator string          `db:"einvoice_operator" json:"einvoice_operator"`
	EInvoiceKind     string          `db:"einvoice_kind" json:"einvoice_kind"`
	ResponsibleKind  string          `db:"responsible_kind" json:"responsible_kind"`
	ResponsibleSys   *string         `db:"responsible_system" json:"responsible_system"`
	ResponsibleID    string          `db:"responsible_external_id" json:"responsible_external_id"`
	ResponsibleName  string          `db:"responsible_name" json:"responsible_name"`
	CustomFields     json.RawMessage `db:"custom_fields" json:"custom_fields"`
	MergedInto       *string         `db:"merged_into" json:"merged_into"`
	CreatedAt        time.Time       `db:"created_at" json:"-"`
	UpdatedAt        time.Time       `db:"updated_at" json:"-"`
	NameSort         string          `db:"-" json:"name_sort"`
	SearchText       string          `db:"-" json:"search_text"`
}

// customerColumns are what customerRow reads, from the table as c.
const customerColumns = `c.id, c.version, c.field_versions, c.change_no, c.number, c.kind, c.status, c.name, c.name_extension,
  c.first_name, c.last_name, c.business_id, c.business_id_valid, c.vat_number, c.buyer_unit_number, c.email, c.phone,
  c.phone_e164, c.language, c.billing_emails, c.consumer_einvoice, c.einvoice_address, c.einvoice_operator,
  c.einvoice_kind, c.responsible_kind, c.responsible_system, c.responsible_external_id, c.responsible_name, c.custom_fields,
  c.merged_into, c.created_at, c.updated_at`

func (r *customerRow) noun() (customer.Customer, error) {
	c := customer.Customer{
		ID:               customer.ID(r.ID),
		Version:          r.Version,
		ChangeNo:         r.ChangeNo,
		Number:           r.Number,
		Kind:             customer.Kind(r.Kind),
		Status:           customer.Status(r.Status),
		MergedInto:       textOf[customer.ID](r.MergedInto),
		Name:             r.Name,
		NameExtension:    r.NameExtension,
		FirstName:        r.FirstName,
		LastName:         r.LastName,
		BusinessID:       r.BusinessID,
		BusinessIDValid:  r.BusinessIDValid,
		VATNumber:        r.VATNumber,
		BuyerUnitNumber:  r.BuyerUnitNumber,
		Email:            r.Email,
		Phone:            customer.Phone{Raw: r.Phone, E164: r.PhoneE164},
		Language:         r.Language,
		BillingEmails:    r.BillingEmails,
		ConsumerEInvoice: r.ConsumerEInvoice,
		EInvoice: customer.EInvoice{
			Address: r.EInvoiceAddress, Operator: r.EInvoiceOperator, Kind: customer.EInvoiceKind(r.EInvoiceKind),
		},
		Responsible: customer.Responsible{
			Kind: customer.ResponsibleKind(r.ResponsibleKind), SystemID: textOf[string](r.ResponsibleSys),
			ExternalID: r.ResponsibleID, Name: r.ResponsibleName,
		},
		CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(),
	}
	if err := json.Unmarshal(r.FieldVersions, &c.FieldVersions); err != nil {
		return customer.Customer{}, fmt.Errorf("reading field versions of customer %s: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.CustomFields, &c.CustomFields); err != nil {
		return customer.Customer{}, fmt.Errorf("reading custom fields of customer %s: %w", r.ID, err)
	}
	return c, nil
}

func rowOfCustomer(c *customer.Customer) customerRow {
	versions, custom := c.FieldVersions, c.CustomFields
	if versions == nil {
		versions = map[customer.Field]int{}
	}
	if custom == nil {
		custom = map[string]string{}
	}
	return customerRow{
		ID:               string(c.ID),
		Version:          c.Version,
		FieldVersions:    json.RawMessage(asJSON(versions)),
		ChangeNo:         c.ChangeNo,
		Number:           c.Number,
		Kind:             string(c.Kind),
		Status:           string(c.Status),
		MergedInto:       textOrNull(c.MergedInto),
		Name:             c.Name,
		NameExtension:    c.NameExtension,
		FirstName:        c.FirstName,
		LastName:         c.LastName,
		BusinessID:       c.BusinessID,
		BusinessIDValid:  c.BusinessIDValid,
		VATNumber:        c.VATNumber,
		BuyerUnitNumber:  c.BuyerUnitNumber,
		Email:            c.Email,
		Phone:            c.Phone.Raw,
		PhoneE164:        c.Phone.E164,
		Language:         c.Language,
		BillingEmails:    texts(c.BillingEmails),
		ConsumerEInvoice: c.ConsumerEInvoice,
		EInvoiceAddress:  c.EInvoice.Address,
		EInvoiceOperator: c.EInvoice.Operator,
		EInvoiceKind:     string(c.EInvoice.Kind),
		ResponsibleKind:  string(c.Responsible.Kind),
		ResponsibleSys:   textOrNull(c.Responsible.SystemID),
		ResponsibleID:    c.Responsible.ExternalID,
		ResponsibleName:  c.Responsible.Name,
		CustomFields:     json.RawMessage(asJSON(custom)),
		NameSort:         `\x` + hex.EncodeToString(customer.SortKey(c.Name)),
		SearchText:       c.SearchText(),
	}
}

const sqlCustomersByID = `
SELECT ` + customerColumns + `
FROM customer c
WHERE c.id = ANY (@ids)
ORDER BY c.id`

const sqlLockCustomers = `
SELECT c.id
FROM customer c
WHERE c.id = ANY (@ids)
ORDER BY c.id
FOR NO KEY UPDATE`

// Relations says which of a customer's relations a read brings along.
type Relations struct {
	Addresses, Offices, Contacts bool
	// KYC brings what the due-diligence service said last.
	KYC bool
}

// AllRelations brings everything that the canonical customer has.
var AllRelations = Relations{Addresses: true, Offices: true, Contacts: true, KYC: true}

// ListCustomersByID reads customers in one round trip; ids that do not exist are left out. The order is by id.
func ListCustomersByID(ctx context.Context, db pg.DB, ids []customer.ID, rel Relations) ([]customer.Customer, error) {
	var rows []customerRow
	var parts customerParts
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, sqlCustomersByID, pgx.StrictNamedArgs{"ids": texts(ids)})
		parts.queue(b, ids, rel)
	})
	if err != nil {
		return nil, err
	}
	return parts.assemble(rows)
}

// LockCustomers locks the rows of customers in the order of their ids, so that two writers never wait for each other, and
// gives those that exist.
func LockCustomers(ctx context.Context, db pg.DB, ids []customer.ID) ([]customer.ID, error) {
	rows, _ := db.Query(ctx, sqlLockCustomers, pgx.StrictNamedArgs{"ids": texts(ids)})
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, pg.Fault(err, "customers")
	}
	out := make([]customer.ID, len(found))
	for i, id := range found {
		out[i] = customer.ID(id)
	}
	return out, nil
}

const sqlSaveCustomers = `
INSERT INTO customer AS c (id, version, field_versions, change_no, number, kind, status, name, name_extension, first_name, last_name,
  business_id, business_id_valid, vat_number, buyer_unit_number, email, phone, phone_e164, language, billing_emails,
  consumer_einvoice, einvoice_address, einvoice_operator, einvoice_kind, responsible_kind, responsible_system,
  responsible_external_id, responsible_name, custom_fields, merged_into, name_sort, search_text)
SELECT r.id, r.version, r.field_versions, r.change_no, r.number, r.kind, r.status, r.name, r.name_extension, r.first_name, r.last_name,
  r.business_id, r.business_id_valid, r.vat_number, r.buyer_unit_number, r.email, r.phone, r.phone_e164, r.language,
  r.billing_emails, r.consumer_einvoice, r.einvoice_address, r.einvoice_operator, r.einvoice_kind, r.responsible_kind,
  r.responsible_system, r.responsible_external_id, r.responsible_name, r.custom_fields, r.merged_into, r.name_sort, r.search_text
FROM jsonb_to_recordset(@rows::jsonb) AS r (id uuid, version integer, field_versions jsonb, change_no integer, number text, kind text,
  status text, name text, name_extension text, first_name text, last_name text, business_id text, business_id_valid boolean,
  vat_number text, buyer_unit_number text, email text, phone text, phone_e164 text, language text, billing_emails text[],
  consumer_einvoice boolean, einvoice_address text, einvoice_operator text, einvoice_kind text, responsible_kind text,
  responsible_system uuid, responsible_external_id text, responsible_name text, custom_fields jsonb, merged_into uuid, name_sort bytea,
  search_text text)
ON CONFLICT (organisation_id, id) DO UPDATE
SET version = excluded.version,
  field_versions = excluded.field_versions,
  change_no = excluded.change_no,
  number = excluded.number,
  kind = excluded.kind,
  status = excluded.status,
  name = excluded.name,
  name_extension = excluded.name_extension,
  first_name = excluded.first_name,
  last_name = excluded.last_name,
  business_id = excluded.business_id,
  business_id_valid = excluded.business_id_valid,
  vat_number = excluded.vat_number,
  buyer_unit_number = excluded.buyer_unit_number,
  email = excluded.email,
  phone = excluded.phone,
  phone_e164 = excluded.phone_e164,
  language = excluded.language,
  billing_emails = excluded.billing_emails,
  consumer_einvoice = excluded.consumer_einvoice,
  einvoice_address = excluded.einvoice_address,
  einvoice_operator = excluded.einvoice_operator,
  einvoice_kind = excluded.einvoice_kind,
  responsible_kind = excluded.responsible_kind,
  responsible_system = excluded.responsible_system,
  responsible_external_id = excluded.responsible_external_id,
  responsible_name = excluded.responsible_name,
  custom_fields = excluded.custom_fields,
  merged_into = excluded.merged_into,
  name_sort = excluded.name_sort,
  search_text = excluded.search_text,
  updated_at = now()`

// SaveCustomers writes customers with their addresses, offices and contacts: new ones are inserted, others replaced,
// contacts and addresses that are not given any more are removed, offices never are. Parts that did not change are not
// written, and of persons only new ones are (SavePeople). The caller holds the customers' locks and has set Version, FieldVersions and ChangeNo.
func SaveCustomers(ctx context.Context, db pg.DB, customers []customer.Customer) error {
	return Trip(ctx, db, func(b *pgx.Batch) { saveCustomers(b, customers) })
}

func saveCustomers(b *pgx.Batch, customers []customer.Customer) {
	if len(customers) == 0 {
		return
	}
	rows := make([]customerRow, len(customers))
	for i := range customers {
		rows[i] = rowOfCustomer(&customers[i])
	}
	parts := partsOf(customers)
	writeRows(b, sqlSaveCustomers, rows)
	parts.save(b)
}

const sqlNumberHolder = `
SELECT c.id
FROM customer c
WHERE c.number = @number AND c.status IN ('ACTIVE', 'INACTIVE') AND c.id <> @except
ORDER BY c.id
LIMIT 1`

// FindNumberHolder gives a customer other than except that carries the number, or an empty id.
func FindNumberHolder(ctx context.Context, db pg.DB, number string, except customer.ID) (customer.ID, error) {
	rows, _ := db.Query(ctx, sqlNumberHolder, pgx.StrictNamedArgs{"number": number, "except": string(except)})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return "", pg.Fault(err, "number")
	}
	return customer.ID(ids[0]), nil
}

// sqlLockNumber makes writers of one number wait for each other, since no constraint keeps numbers apart.
const sqlLockNumber = `
SELECT pg_advisory_xact_lock(hashtextextended(current_setting('hub.organisation') || '/' || @number, 0))`

// LockNumber holds the number for the rest of the transaction.
func LockNumber(ctx context.Context, db pg.DB, number string) error {
	_, err := db.Exec(ctx, sqlLockNumber, pgx.StrictNamedArgs{"number": number})
	return pg.Fault(err, "number")
}

const sqlTakenNumbers = `
SELECT DISTINCT c.number
FROM customer c
WHERE c.number = ANY (@numbers) AND c.status IN ('ACTIVE', 'INACTIVE') AND c.id <> ALL (@except)
ORDER BY c.number`

// ListTakenNumbers says which of the numbers some customer other than except carries.
func ListTakenNumbers(ctx context.Context, db pg.DB, numbers []string, except []customer.ID) (map[string]bool, error) {
	rows, _ := db.Query(ctx, sqlTakenNumbers, pgx.StrictNamedArgs{"numbers": numbers, "except": texts(except)})
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, pg.Fault(err, "numbers")
	}
	out := make(map[string]bool, len(found))
	for _, n := range found {
		out[n] = true
	}
	return out, nil
}
