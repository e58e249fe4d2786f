package model

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"customerhub/internal/fault"
)

// MarshalDateTime writes a moment as RFC 3339 in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+t.UTC().Format(time.RFC3339Nano)+`"`)
	})
}

// UnmarshalDateTime reads a moment in RFC 3339 form, with any offset.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if ok {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "A DateTime is a string in RFC 3339 form, such as \"2026-03-01T08:15:30Z\"; this is %s.", describe(v))
}

// MarshalBusinessID writes a business ID.
func MarshalBusinessID(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalBusinessID takes a string and nothing else: as a number, 0112038-9 would come out as another ID.
func UnmarshalBusinessID(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fault.Because(fault.Invalid, "BUSINESS_ID_FORMAT", "A BusinessID is a string, such as \"1234567-1\"; this is %s.", describe(v))
}

// MarshalCursor writes a cursor.
func MarshalCursor(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalCursor takes a string; whether it is a cursor of the list in question is for the reader of the list to say.
func UnmarshalCursor(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fault.New(fault.Invalid, "A Cursor is a string that was received before; this is %s.", describe(v))
}

// MarshalDate writes a day.
func MarshalDate(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalDate takes a string; whether it is a day is for whoever uses it to say, with its path.
func UnmarshalDate(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fault.New(fault.Invalid, "A Date is a string, such as \"2026-11-22\"; this is %s.", describe(v))
}

// MarshalDecimal writes a decimal number.
func MarshalDecimal(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalDecimal takes a string and nothing else: a number may have been rounded on its way. Whether the text is a number
// is for whoever uses it to say, with its path.
func UnmarshalDecimal(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fault.New(fault.Invalid, "A Decimal is a string, such as \"12.5\"; this is %s.", describe(v))
}

// describe names a wrong value without repeating much of it.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if len(v) > 40 {
			return "a text of " + strconv.Itoa(len(v)) + " bytes"
		}
		return strconv.Quote(v)
	case bool:
		return "a boolean"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	}
	return fmt.Sprintf("the number %v", v)
}
