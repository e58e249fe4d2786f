package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxBytes is how much one answer may hold. A page of 500 customers with long texts has a tenth of it.
const MaxBytes = 32 << 20

// BrokenError is an answer that cannot be what it should be. It tells what is wrong and nothing of what the answer said, which may be
// remarks about a customer.
type BrokenError struct{ What string }

// Error implements error.
func (e *BrokenError) Error() string { return e.What }

// Broken is an answer that cannot be what it should be, in words that repeat nothing of it.
func Broken(format string, args ...any) error { return &BrokenError{fmt.Sprintf(format, args...)} }

// ReadAll reads an answer to its end. Errors of the reader come back as they are; one that is too long is a BrokenError.
func ReadAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxBytes {
		return nil, Broken("it is longer than %d bytes", MaxBytes)
	}
	return b, nil
}

// Object says whether an answer looks like a JSON object, as opposed to a web page, words, or nothing.
func Object(data []byte) bool {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	return len(data) > 0 && data[0] == '{'
}

// Decode reads an answer that is one JSON object into the struct that dst points to. Names that dst lacks are skipped. A value of another
// type than it should have is left out, and odd names it.
func Decode(data []byte, dst any) (odd string, err error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case !utf8.Valid(data):
		return "", Broken("it is not UTF-8")
	case !Object(data):
		return "", Broken("it is no JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	odd, err = tolerated(d.Decode(dst))
	if err != nil {
		return "", err
	}
	if _, err := d.Token(); err != io.EOF {
		return "", Broken("something follows its end")
	}
	return odd, nil
}

// DecodeItem reads one entry of a list, as Decode reads an answer.
func DecodeItem(item json.RawMessage, dst any) (odd string, err error) {
	return tolerated(json.Unmarshal(item, dst))
}

// tolerated lets a value of the wrong type pass, which the decoder has left out, and names it.
func tolerated(err error) (odd string, _ error) {
	if err == nil {
		return "", nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrong.Field, nil
	}
	return "", Broken("it is no JSON that can be read") // the decoder's own words may repeat what it read
}

// Text is a scalar in whatever form it came: a text as it is, null as nothing, and anything else as its JSON.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
		return nil
	case b[0] != '"':
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err != nil {
			return err
		}
		*t = Text(compact.String())
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Text(s)
	return nil
}
