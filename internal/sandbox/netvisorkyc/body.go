package netvisorkyc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is a value of a body that may be absent or null, which is told apart from empty only by given: the service takes both for nothing.
type field[T any] struct {
	value T
	given bool
}

// UnmarshalJSON reads the value; null is the zero value.
func (f *field[T]) UnmarshalJSON(b []byte) error {
	f.given = true
	if string(b) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b)) // the outer decoder does not hand down that it is strict
	d.DisallowUnknownFields()
	return d.Decode(&f.value)
}

// decode reads one JSON object without unknown names. It is strict, so that a field that does not exist, or that KYC alone decides, is not
// silently ignored.
func decode(body []byte, into any) error {
	if !utf8.Valid(body) {
		return malformed("the body must be UTF-8")
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return malformed("the body must be a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return invalid(FieldError{strings.Trim(name, `"`), "UNKNOWN", "is not known here, or not for a client to decide"})
		}
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return malformed("the body holds a JSON %s where there must be none", wrong.Value)
		}
		return malformed("the body is no JSON that can be read")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("the body holds more than one JSON object")
	}
	return nil
}

var language = regexp.MustCompile(`^[a-z]{2}$`)

// check checks what was given of a candidate that has this source.
func (r *candidateRequest) check(source Source) error {
	var wrong []FieldError
	is := func(path, code, message string) { wrong = append(wrong, FieldError{path, code, message}) }
	contact, from := r.ContactPerson.value, r.Source.value
	for _, f := range []struct {
		path  string
		given field[string]
		most  int
	}{
		{"businessId", r.BusinessID, 20}, {"name", r.Name, 250},
		{"contactPerson.firstName", contact.FirstName, 100}, {"contactPerson.lastName", contact.LastName, 100},
		{"contactPerson.email", contact.Email, 254}, {"contactPerson.phone", contact.Phone, 40}, {"contactPerson.language", contact.Language, 2},
		{"source.system", from.System, 20}, {"source.externalId", from.ExternalID, 64}, {"source.customerNumber", from.CustomerNumber, 64},
	} {
		switch v := f.given.value; {
		case holdsIdentityCode(v), f.path == "businessId" && identityCode.MatchString(v):
			p := refuse(422, CodeIdentityCode, "%s must not hold a personal identity code", f.path)
			p.Errors = []FieldError{{f.path, CodeIdentityCode, "must not hold a personal identity code"}}
			return p
		case utf8.RuneCountInString(v) > f.most:
			is(f.path, "TOO_LONG", "is too long")
		case strings.ContainsFunc(v, unicode.IsControl):
			is(f.path, "CHARACTERS", "must not hold control characters")
		}
	}
	if r.BusinessID.given && r.BusinessID.value == "" {
		is("businessId", "REQUIRED", "must not be empty")
	}
	if r.Name.given && strings.TrimSpace(r.Name.value) == "" {
		is("name", "REQUIRED", "must not be empty")
	}
	if v := contact.Email.value; v != "" && !validEmail(v) {
		is("contactPerson.email", "FORMAT", "is no e-mail address")
	}
	if v := contact.Language.value; v != "" && !language.MatchString(v) {
		is("contactPerson.language", "FORMAT", "must be a language such as fi")
	}
	if from.System.given && from.System.value != source.System || from.ExternalID.given && from.ExternalID.value != source.ExternalID {
		is("source", "MISMATCH", "must name the source of the address")
	}
	if wrong != nil {
		return invalid(wrong...)
	}
	if v := r.BusinessID.value; v != "" && !validBusinessID(v) {
		p := refuse(422, CodeBusinessID, "businessId is no Finnish business id such as 1234567-1 with the right check digit")
		p.Errors = []FieldError{{"businessId", CodeBusinessID, "is no valid business id"}}
		return p
	}
	return nil
}

// missing is what a new candidate lacks.
func (r *candidateRequest) missing() (wrong []FieldError) {
	if r.BusinessID.value == "" {
		wrong = append(wrong, FieldError{"businessId", "REQUIRED", "is needed for a new candidate"})
	}
	if r.Name.value == "" {
		wrong = append(wrong, FieldError{"name", "REQUIRED", "is needed for a new candidate"})
	}
	return wrong
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
