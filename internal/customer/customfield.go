package customer

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// CustomFieldID identifies the definition of a custom field.
type CustomFieldID string

// CustomFieldType is what a custom field holds (R172-R175, R179).
type CustomFieldType string

// The types of custom fields.
const (
	DateField    CustomFieldType = "DATE"    // YYYY-MM-DD
	DecimalField CustomFieldType = "DECIMAL" // with a dot, at most four decimals
	TextField    CustomFieldType = "TEXT"    // at most 500 characters
	EnumField    CustomFieldType = "ENUM"    // the code of an option
)

// CustomFieldState is where the definition of a custom field is in its life.
type CustomFieldState string

// The states of definitions.
const (
	CustomFieldActive   CustomFieldState = "ACTIVE"
	CustomFieldInactive CustomFieldState = "INACTIVE" // readable, not writable
	// CustomFieldUnmapped was sent by a system and nobody has said yet what it is. It is kept as text.
	CustomFieldUnmapped CustomFieldState = "UNMAPPED"
)

// CustomField defines a field that an organisation added to its customers. A field of tasks is none of the hub's (R178).
type CustomField struct {
	ID CustomFieldID
	// Key names the field in the API: lower-case letters, digits and _, beginning with a letter. It never changes.
	Key   string
	Type  CustomFieldType
	State CustomFieldState
	// Label is what people call the field, by language.
	Label   map[string]string
	Options []CustomFieldOption
	// SourceSystem and SourceID name the field in the system it comes from; empty for one defined in the hub.
	SourceSystem string
	SourceID     string
}

// CustomFieldOption is one value that an ENUM can have. An inactive one stays readable and cannot be written.
type CustomFieldOption struct {
	Code   string            `json:"code"`
	Label  map[string]string `json:"label,omitempty"`
	Active bool              `json:"active"`
}

// Reasons of faults about custom fields.
const (
	ReasonCustomFieldKey     = "CUSTOM_FIELD_KEY"
	ReasonCustomFieldType    = "CUSTOM_FIELD_TYPE"
	ReasonCustomFieldOption  = "CUSTOM_FIELD_OPTION"
	ReasonCustomFieldState   = "CUSTOM_FIELD_INACTIVE"
	ReasonCustomFieldUnknown = "CUSTOM_FIELD_UNKNOWN"
)

// TypeOf is the type that a value can be shown as: the definition's own, or TEXT for a field that is not mapped yet and for a
// value that does not fit. Decimals and options are checked as strictly as they are written, but for options that are not in
// use any more.
func (d *CustomField) TypeOf(value string) CustomFieldType {
	fits := true
	switch d.Type {
	case DateField:
		_, err := time.Parse(time.DateOnly, value)
		fits = err == nil
	case DecimalField:
		_, f := (&CustomField{Type: DecimalField, State: CustomFieldActive}).Value(value)
		fits = f == nil
	case EnumField:
		fits = slices.ContainsFunc(d.Options, func(o CustomFieldOption) bool { return o.Code == value })
	case TextField:
	}
	if d.State == CustomFieldUnmapped || !fits {
		return TextField
	}
	return d.Type
}

// PartCustom is the prefix of custom fields among Fields.
const PartCustom Part = "custom"

// CustomValueField names the value of a custom field: custom[lead_source].value.
func CustomValueField(key string) Field { return PartField(PartCustom, key, "value") }

const (
	maxCustomKey    = 50
	maxCustomText   = 500
	maxCustomLabel  = 200
	maxCustomOption = 500
)

var (
	customKey     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
	customDecimal = regexp.MustCompile(`^(-?)0*(\d{1,15})(?:\.(\d{1,4}))?$`)
)

// ValidCustomFieldKey says whether a text can be the key of a custom field.
func ValidCustomFieldKey(key string) bool { return customKey.MatchString(key) }

// CustomFieldKey makes a key of the name that another system has for a field; the same name always gives the same key. Empty
// when there is nothing in the name that a key can be made of.
func CustomFieldKey(name string) string {
	key := strings.Join(strings.Fields(Fold(name)), "_")
	key = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, key)
	key = strings.Trim(key, "_")
	if key != "" && key[0] <= '9' {
		key = "f_" + key
	}
	if len(key) > maxCustomKey {
		key = strings.TrimRight(key[:maxCustomKey], "_")
	}
	return key
}

// FromSystem gives the canonical form of a value that a system sent: the code of an option for its label. It is tolerant of
// what can only be read: inactive fields and options. False means that the value is not of the field's type.
func (d *CustomField) FromSystem(value string) (string, bool) {
	tolerant := *d
	tolerant.State = CustomFieldActive
	if d.Type == EnumField {
		for _, o := range d.Options {
			if o.Code == value || slices.Contains(slices.Collect(maps.Values(o.Label)), value) {
				return o.Code, true
			}
		}
		return "", false
	}
	got, f := tolerant.Value(value)
	return got, f == nil
}

// Check says what is wrong with the definition itself.
func (d *CustomField) Check() fault.Errors {
	var faults fault.Errors
	if !customKey.MatchString(d.Key) {
		faults = append(faults, fault.Because(fault.Invalid, ReasonCustomFieldKey,
			"A key is 1 to 50 lower-case letters, digits and _, beginning with a letter.").At("key"))
	}
	switch d.Type {
	case DateField, DecimalField, TextField:
		if len(d.Options) > 0 {
			faults = append(faults, fault.Because(fault.Invalid, ReasonCustomFieldOption, "Only an ENUM has options.").At("options"))
		}
	case EnumField:
		faults = append(faults, d.checkOptions()...)
	default:
		faults = append(faults, fault.Because(fault.Invalid, ReasonCustomFieldType, "A custom field is DATE, DECIMAL, TEXT or ENUM.").At("type"))
	}
	if f := checkLabel(d.Label); f != nil {
		faults = append(faults, f.At("label"))
	}
	return faults
}

func checkLabel(label map[string]string) *fault.Error {
	for _, text := range label {
		if utf8.RuneCountInString(text) > maxCustomLabel {
			return fault.Because(fault.Invalid, ReasonTooLong, "A label has at most %d characters.", maxCustomLabel)
		}
		if finnish.ContainsIdentityCode(text) {
			return fault.Because(fault.Invalid, string(finnish.PersonalIdentityCode), "A personal identity code must not be stored here.")
		}
	}
	return nil
}

func (d *CustomField) checkOptions() fault.Errors {
	var faults fault.Errors
	if len(d.Options) == 0 || len(d.Options) > maxCustomOption {
		return fault.Errors{fault.Because(fault.Invalid, ReasonCustomFieldOption, "An ENUM has 1 to %d options.", maxCustomOption).At("options")}
	}
	seen := make(map[string]bool, len(d.Options))
	for i, o := range d.Options {
		if !customKey.MatchString(o.Code) || seen[o.Code] {
			faults = append(faults, fault.Because(fault.Invalid, ReasonCustomFieldOption,
				"The code of an option is 1 to 50 lower-case letters, digits and _, and stands once.").At("options", strconv.Itoa(i), "code"))
		}
		seen[o.Code] = true
		if f := checkLabel(o.Label); f != nil {
			faults = append(faults, f.At("options", strconv.Itoa(i), "label"))
		}
	}
	return faults
}

// Value checks a value that somebody wants to write and gives its canonical form. An empty value clears, which every field
// allows.
func (d *CustomField) Value(value string) (string, *fault.Error) {
	value = strings.TrimSpace(value)
	if d.State != CustomFieldActive {
		return "", fault.Because(fault.Invalid, ReasonCustomFieldState, "The custom field %s is %s and cannot be written.", d.Key, strings.ToLower(string(d.State)))
	}
	if value == "" {
		return "", nil
	}
	switch d.Type {
	case DateField:
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "", fault.Because(fault.Invalid, ReasonCustomFieldType, "The custom field %s takes a date such as 2026-11-22.", d.Key)
		}
	case DecimalField:
		parts := customDecimal.FindStringSubmatch(value)
		if parts == nil {
			return "", fault.Because(fault.Invalid, ReasonCustomFieldType,
				"The custom field %s takes a decimal number with a dot and at most four decimals, such as 12.50.", d.Key)
		}
		return canonicalDecimal(parts[1], parts[2], parts[3]), nil
	case TextField:
		if n := utf8.RuneCountInString(value); n > maxCustomText {
			return "", fault.Because(fault.Invalid, ReasonTooLong, "The custom field %s holds at most %d characters; this value has %d.", d.Key, maxCustomText, n)
		}
	case EnumField:
		at := slices.IndexFunc(d.Options, func(o CustomFieldOption) bool { return o.Code == value })
		if at < 0 {
			return "", fault.Because(fault.Invalid, ReasonCustomFieldOption, "The custom field %s has no option with this code.", d.Key)
		}
		if !d.Options[at].Active {
			return "", fault.Because(fault.Invalid, ReasonCustomFieldOption, "The option %s of the custom field %s is not in use any more.", value, d.Key)
		}
	}
	return value, nil
}

// canonicalDecimal drops what does not count, so that equal numbers are equal texts: 007.50 is 7.5, and -0 is 0.
func canonicalDecimal(sign, whole, decimals string) string {
	decimals = strings.TrimRight(decimals, "0")
	if decimals != "" {
		return sign + whole + "." + decimals
	}
	if whole == "0" {
		return whole
	}
	return sign + whole
}
