package netvisor

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/finnish"
)

// FuzzRecord holds for any reply that can be read: translating it twice gives the same, no personal identity code comes
// through (Promise 11), nothing invisible is in a field, and the customer takes every field.
func FuzzRecord(f *testing.F) {
	paths := replies(f)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, odd := range []string{"010190 - 900P", "010190-900P", "0037 010190-900P", "FI010190-900P", "010190 900P", "\u2013", "a@b.test;,;"} {
		f.Add([]byte(reply("<Customer><CustomerBaseInformation><InternalIdentifier>" + odd + "</InternalIdentifier></CustomerBaseInformation></Customer>")))
		f.Add([]byte(reply("<Customer><CustomerBaseInformation><ExternalIdentifier>" + odd + "</ExternalIdentifier><Email>" + odd +
			"</Email><Country>" + odd + "</Country><City>" + odd + "</City></CustomerBaseInformation><CustomerFinvoiceDetails><FinvoiceAddress>" +
			odd + "</FinvoiceAddress><FinvoiceRouterCode>" + odd + "</FinvoiceRouterCode></CustomerFinvoiceDetails></Customer>")))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = api.ReadCustomers(bytes.NewReader(data), func(card api.Customer) error {
			r := toRecord("1", card, nil)
			if again := toRecord("1", card, nil); !reflect.DeepEqual(r, again) {
				t.Errorf("first %+v, then %+v", r, again)
			}
			if text := fmt.Sprint(r.Findings, r.Excluded); finnish.ContainsIdentityCode(text) {
				t.Errorf("a finding tells %q", text)
			}
			for name, value := range r.Extra {
				if finnish.ContainsIdentityCode(value) || value == "" {
					t.Errorf("extra %s is %q", name, value)
				}
			}
			for field, value := range r.Fields {
				if finnish.ContainsIdentityCode(value) || value == "" || strings.TrimSpace(value) != value || strings.ContainsFunc(value, record.Invisible) {
					t.Errorf("%s is %q", field, value)
				}
				if _, _, _, part := field.PartKey(); !part {
					if err := new(customer.Customer).Apply(field, value); err != nil {
						t.Error(err)
					}
				}
				if !reads(field) {
					t.Errorf("%s is given, but cannot be read", field)
				}
			}
			return nil
		})
	})
}
