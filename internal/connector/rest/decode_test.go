package rest

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestReadAll(t *testing.T) {
	t.Parallel()
	if _, err := ReadAll(strings.NewReader(strings.Repeat(" ", MaxBytes))); err != nil {
		t.Error(err)
	}
	if _, err := ReadAll(strings.NewReader(strings.Repeat(" ", MaxBytes+1))); err == nil {
		t.Error("too long, and taken")
	}
	if _, err := ReadAll(io.MultiReader(strings.NewReader("{"), failing{})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestDecode(t *testing.T) {
	t.Parallel()
	type inner struct {
		B Text `json:"b"`
		N int  `json:"n"`
	}
	type outer struct {
		A     Text    `json:"a"`
		Inner inner   `json:"inner"`
		List  []inner `json:"list"`
		N     int     `json:"n"`
	}
	for in, want := range map[string]struct {
		out outer
		odd string
	}{
		`{}`:              {},
		` {"a":"x"} `:     {outer{A: "x"}, ""},
		"\ufeff{\"a\":7}": {outer{A: "7"}, ""},
		`{"x":{"a":1},"a":null,"inner":null,"list":null,"n":null}`: {},
		`{"a":"x","n":"seven","inner":{"b":"y"}}`:                  {outer{A: "x", Inner: inner{B: "y"}}, "n"},
		`{"inner":7,"a":"x"}`:                                      {outer{A: "x"}, "inner"},
		`{"inner":{"n":[],"b":"y"},"a":"x"}`:                       {outer{A: "x", Inner: inner{B: "y"}}, "inner.n"},
		`{"list":{"b":"y"},"a":"x"}`:                               {outer{A: "x"}, "list"},
		`{"a":{"b": [1, 2]}}`:                                      {outer{A: `{"b":[1,2]}`}, ""},
		`{"n":9223372036854775808}`:                                {outer{}, "n"},
		`{"a":"x","a":"y"}`:                                        {outer{A: "y"}, ""},
		`{"a":"` + strings.Repeat("ä", 1000) + `"}`:                {outer{A: Text(strings.Repeat("ä", 1000))}, ""},
		`{"a":"\ud800"}`:                                           {outer{A: "\ufffd"}, ""},
		`{"deep":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`: {},
	} {
		var got outer
		odd, err := Decode([]byte(in), &got)
		if err != nil || odd != want.odd || !reflect.DeepEqual(got, want.out) {
			t.Errorf("%.60s: %+v, %q, %v", in, got, odd, err)
		}
	}
	for in, says := range map[string]string{
		``: "no JSON object", ` `: "no JSON object", `null`: "no JSON object", `[]`: "no JSON object", `"canary"`: "no JSON object", `7`: "no JSON object",
		`<html>canary`: "no JSON object", `{`: "can be read", `{"a":"canary`: "can be read", `{"a":canary}`: "can be read", `{"a":1,}`: "can be read",
		"{\"a\":\"\x00canary\"}": "can be read", `{}{}`: "follows", `{} canary`: "follows", `{},`: "follows", "{\"a\":\"canary\xe4\"}": "UTF-8", "\xff\xfe{}": "UTF-8",
		`{"deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`: "can be read",
	} {
		var got outer
		odd, err := Decode([]byte(in), &got)
		if _, broken := errors.AsType[*BrokenError](err); !broken || odd != "" || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%.60s: %q, %v", in, odd, err)
		}
	}
}

func TestDecodeItem(t *testing.T) {
	t.Parallel()
	var got struct {
		A Text `json:"a"`
		N int  `json:"n"`
	}
	if odd, err := DecodeItem([]byte(`{"a":"x","n":"y"}`), &got); odd != "n" || err != nil || got.A != "x" {
		t.Errorf("%+v, %q, %v", got, odd, err)
	}
	// What is no object at all is one of which nothing is told.
	before := got
	if odd, err := DecodeItem([]byte(`["a"]`), &got); odd != "" || err != nil || got != before {
		t.Errorf("%+v, %q, %v", got, odd, err)
	}
	if _, err := DecodeItem([]byte(`{"a":`), &got); err == nil || strings.Contains(err.Error(), "{") {
		t.Errorf("got %v", err)
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{`{`: true, " \n{}": true, "\ufeff{}": true, ``: false, ` `: false, `[]`: false, `<html>{}`: false, `null`: false, "\ufeff": false} {
		if Object([]byte(in)) != want {
			t.Errorf("%q", in)
		}
	}
}
