package connector_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

func TestCheckSettings(t *testing.T) {
	t.Parallel()
	settings := []connector.Setting{
		{Name: "url", Title: "Address", Help: "Where it is.", Valid: func(s string) error {
			if !strings.HasPrefix(s, "https://") {
				return errors.New("has to begin with https://")
			}
			return nil
		}},
		{Name: "language", Title: "Language", Default: "EN"},
		{Name: "sender", Title: "Sender", Optional: true},
		{Name: "key", Title: "Key", Secret: true},
	}
	good := map[string]string{"url": "https://example.test", "key": "k"}
	for _, tc := range []struct {
		name  string
		given map[string]string
		want  map[string]string // values
		wrong map[string]string // reasons by path
	}{
		{"DefaultsAreFilledIn", good, map[string]string{"url": "https://example.test", "language": "EN", "key": "k"}, nil},
		{"ValuesAreTrimmed", map[string]string{"url": " https://example.test\n", "key": " k ", "language": "FI", "sender": "S"},
			map[string]string{"url": "https://example.test", "language": "FI", "sender": "S", "key": "k"}, nil},
		{"BlankIsAbsent", map[string]string{"url": "https://example.test", "key": "k", "language": "  ", "sender": " "},
			map[string]string{"url": "https://example.test", "language": "EN", "key": "k"}, nil},
		{"NothingGiven", nil, nil, map[string]string{"url": "SETTING_REQUIRED", "key": "SETTING_REQUIRED"}},
		{"AllFaultsTogether", map[string]string{"url": "ftp://secret", "colour": "secret", "Key": "secret"}, nil,
			map[string]string{"url": "SETTING_INVALID", "key": "SETTING_REQUIRED", "colour": "SETTING_UNKNOWN", "Key": "SETTING_UNKNOWN"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := connector.CheckSettings(settings, tc.given)
			if tc.wrong == nil {
				if err != nil || !maps.Equal(got, tc.want) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			faults, ok := err.(fault.Errors) //nolint:errorlint // returned as it is
			if !ok {
				t.Fatalf("got %v", err)
			}
			reasons := make(map[string]string)
			for _, f := range faults {
				reasons[strings.Join(f.Path, ".")] = f.Reason
				if f.Code != fault.Invalid || f.Message == "" {
					t.Errorf("got %+v", f)
				}
			}
			if !maps.Equal(reasons, tc.wrong) {
				t.Errorf("got %v, want %v", reasons, tc.wrong)
			}
			if text := fmt.Sprintf("%+v %v", faults, err); strings.Contains(text, "secret") {
				t.Errorf("Promise 11: a fault repeats a value: %s", text)
			}
		})
	}
	t.Run("GivenValuesAreLeftAlone", func(t *testing.T) {
		t.Parallel()
		given := maps.Clone(good)
		if _, err := connector.CheckSettings(settings, given); err != nil || !maps.Equal(given, good) {
			t.Errorf("got %v, %v", given, err)
		}
	})
}
