package customer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Field names one canonical value, such as name or billingAddress.city. A value of an office or a contact carries the
// part's key in brackets: office[17].address.city. In the change log and in versions the key is the hub's id; while two
// sides are compared it is the external system's.
type Field string

// Fields of the customer itself.
const (
	FieldNumber           Field = "number"
	FieldKind             Field = "kind"
	FieldStatus           Field = "status"
	FieldName             Field = "name"
	FieldNameExtension    Field = "nameExtension"
	FieldFirstName        Field = "firstName"
	FieldLastName         Field = "lastName"
	FieldBusinessID       Field = "businessId"
	FieldVATNumber        Field = "vatNumber"
	FieldBuyerUnitNumber  Field = "buyerUnitNumber"
	FieldEmail            Field = "email"
	FieldPhone            Field = "phone"
	FieldLanguage         Field = "language"
	FieldBillingEmails    Field = "billingEmails"
	FieldConsumerEInvoice Field = "consumerEInvoice"
	FieldEInvoiceAddress  Field = "einvoice.address"
	FieldEInvoiceOperator Field = "einvoice.operator"

	FieldResponsibleKind       Field = "responsible.kind"
	FieldResponsibleSystem     Field = "responsible.system"
	FieldResponsibleExternalID Field = "responsible.externalId"
	FieldResponsibleName       Field = "responsible.name"
)

// Group is what wins or loses together when two sides differ: the parts of an address, the e-invoice pair, else a single
// field (design section 5).
type Group string

// Group is the field's name without its last dotted segment; a field without a dot is its own group.
func (f Field) Group() Group {
	inPart := strings.Index(string(f), "].") + len("].") // before that, dots belong to the part's key
	if dot := strings.LastIndexByte(string(f), '.'); dot >= inPart {
		return Group(f[:dot])
	}
	return Group(f)
}

// AddressField names one part of an address of the customer.
func AddressField(kind AddressKind, part string) Field {
	return Field(addressPrefix[kind] + "." + part)
}

var addressPrefix = map[AddressKind]string{
	Billing: "billingAddress", Visiting: "visitingAddress", Delivery: "deliveryAddress",
}

// AddressParts are the parts of an address in the order they are shown.
var AddressParts = []string{"name", "line1", "line2", "postcode", "city", "country"}

// Part is a kind of record that hangs on a customer and has an identity of its own.
type Part string

// The parts of a customer.
const (
	PartOffice  Part = "office"
	PartContact Part = "contact"
)

// PartField names a value of an office or contact by its key: PartField(PartOffice, "17", "name") is office[17].name.
func PartField(p Part, key, name string) Field {
	return Field(string(p) + "[" + key + "]." + name)
}

// PartKey takes a field of a part apart. ok is false for a field of the customer itself.
func (f Field) PartKey() (p Part, key, name string, ok bool) {
	head, rest, found := strings.Cut(string(f), "[")
	if !found {
		return "", "", "", false
	}
	key, name, found = strings.Cut(rest, "].")
	return Part(head), key, name, found
}

// Present is the field of a part that says that the part exists. Its value is "true".
const Present = "present"

// IsPresence says whether the field says that a part exists.
func IsPresence(f Field) bool {
	_, _, name, ok := f.PartKey()
	return ok && name == Present
}

// Fields are values by field. A missing key and an empty value mean the same: not known.
type Fields map[Field]string

// Set stores the value, or removes the field when the value is empty.
func (fs Fields) Set(f Field, value string) {
	if value == "" {
		delete(fs, f)
		return
	}
	fs[f] = value
}

// Equal says whether both know the same values.
func (fs Fields) Equal(other Fields) bool { return maps.Equal(fs, other) }

// Only gives the fields that keep says.
func (fs Fields) Only(keep func(Field) bool) Fields {
	out := make(Fields, len(fs))
	for f, v := range fs {
		if keep(f) {
			out[f] = v
		}
	}
	return out
}

// Sorted lists the fields in a stable order.
func (fs Fields) Sorted() []Field { return slices.Sorted(maps.Keys(fs)) }

// Groups splits the fields that keep says into their groups.
func (fs Fields) Groups(keep func(Field) bool) map[Group]Fields {
	out := make(map[Group]Fields, len(fs))
	for f, v := range fs {
		if !keep(f) {
			continue
		}
		g := f.Group()
		of, ok := out[g]
		if !ok {
			of = make(Fields, 1)
			out[g] = of
		}
		of[f] = v
	}
	return out
}

// HasGroup says whether any field of the group is known.
func (fs Fields) HasGroup(g Group) bool {
	for f := range fs {
		if f.Group() == g {
			return true
		}
	}
	return false
}

// FieldChange is one field that got another value. Empty means not known.
type FieldChange struct {
	Field  Field  `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Diff lists what differs, in a stable order.
func Diff(before, after Fields) []FieldChange {
	var out []FieldChange
	for f, b := range before {
		if a := after[f]; a != b {
			out = append(out, FieldChange{Field: f, Before: b, After: a})
		}
	}
	for f, a := range after {
		if _, known := before[f]; !known && a != "" {
			out = append(out, FieldChange{Field: f, After: a})
		}
	}
	slices.SortFunc(out, func(x, y FieldChange) int { return strings.Compare(string(x.Field), string(y.Field)) })
	return out
}

// JoinList puts a list into one value; SplitList takes it apart again. Netvisor joins e-mails the same way (formats
// contract section 10).
func JoinList(list []string) string { return strings.Join(list, ";") }

// SplitList is the reverse of JoinList. An empty value is an empty list.
func SplitList(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, ";")
}

func boolValue(b bool) string {
	if b {
		return "true"
	}
	return ""
}

var _ fmt.Stringer = Field("")

// String is the field's name.
func (f Field) String() string { return string(f) }
