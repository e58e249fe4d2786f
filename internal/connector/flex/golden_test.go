package flex_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/flex"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/finding"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// readCase is what Flex answers of a customer, and of its types where they are others than testdata/golden/types.json.
type readCase struct {
	Settings map[string]string
	Types    json.RawMessage
	Customer json.RawMessage
}

// answers is how a Flex answers that holds the one customer.
func (c readCase) answers(t testing.TB) http.HandlerFunc {
	t.Helper()
	types := []byte(c.Types)
	if types == nil {
		var err error
		if types, err = os.ReadFile("testdata/golden/types.json"); err != nil {
			t.Fatal(err)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/customer-types") {
			_, _ = w.Write(types)
			return
		}
		_, _ = w.Write(c.Customer)
	}
}

// key is the customer's id as it is asked for.
func (c readCase) key() string {
	var u struct{ ID string }
	_ = json.Unmarshal(c.Customer, &u)
	return u.ID
}

// goldenRecord is a record with its findings in one line each.
type goldenRecord struct {
	Record   connector.Record
	Kept     []string `json:",omitempty"`
	Findings []string `json:",omitempty"`
}

// lines are findings in one line each. A record says no more of them than that.
func lines(t *testing.T, findings []finding.Finding) (out []string) {
	t.Helper()
	for _, f := range findings {
		if (f != finding.Finding{Code: f.Code, Field: f.Field, Message: f.Message}) {
			t.Errorf("%+v says more than its code, field and message", f)
		}
		out = append(out, fmt.Sprintf("%s %q %s", f.Code, f.Field, f.Message))
	}
	return out
}

// TestReadGolden translates what Flex holds. testdata/golden/read has each case with its outcome.
func TestReadGolden(t *testing.T) {
	t.Parallel()
	reads := flex.Kind().Reads
	for path, c := range connectortest.GoldenCases[readCase](t, "read") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			conn := answering(t, c.answers(t), c.Settings)
			r := read(t, conn, c.key())
			g := goldenRecord{Record: r, Kept: lines(t, r.Kept), Findings: lines(t, r.Findings)}
			g.Record.Kept, g.Record.Findings = nil, nil
			var out bytes.Buffer
			enc := json.NewEncoder(&out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(g); err != nil {
				t.Fatal(err)
			}
			connectortest.CompareGolden(t, *update, path+".out.json", out.String())
			if again := read(t, conn, c.key()); !reflect.DeepEqual(r, again) {
				t.Error("the second time it came out differently")
			}
			for f, value := range r.Fields {
				if _, _, _, part := f.PartKey(); !reads(f) && !part || value == "" {
					t.Errorf("%s is %q", f, value)
				}
				if strings.Contains(value, "ct_") {
					t.Errorf("R65: the id of a customer type stands in %s", f)
				}
			}
			for i, f := range r.Untold {
				if slices.Contains(r.Untold[:i], f) {
					t.Errorf("%s is not told twice", f)
				}
			}
		})
	}
}

// TestEveryMemberIsInAGoldenFile keeps the golden files complete: each member of a customer that is read has a value in one.
func TestEveryMemberIsInAGoldenFile(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for _, name := range []string{
		"id", "customerNumber", "customerTypeId", "active", "name", "name2", "firstName", "lastName", "businessId", "phone", "email", "origin",
		"revision", "updatedAt", "billing.email", "billing.language", "billing.consumerEInvoice",
	} {
		missing[name] = true
	}
	members := func(prefix string, of reflect.Type) {
		for f := range of.Fields() {
			missing[prefix+f.Tag.Get("json")] = true
		}
	}
	members("contacts.", reflect.TypeFor[api.Contact]())
	members("visitingAddress.", reflect.TypeFor[api.Address]())
	members("billingAddress.", reflect.TypeFor[api.Address]())
	members("billing.einvoice.", reflect.TypeFor[api.EInvoice]())
	for _, name := range []string{"visitingAddress.name1", "visitingAddress.name2", "billingAddress.line2"} { // which Flex has not
		delete(missing, name)
	}
	for _, c := range connectortest.GoldenCases[readCase](t, "read") {
		var v any
		if err := json.Unmarshal(c.Customer, &v); err != nil {
			t.Fatal(err)
		}
		seen(v, "", missing)
	}
	for name := range missing {
		t.Errorf("no golden file has %s", name)
	}
}

func seen(v any, path string, missing map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			seen(inner, strings.TrimPrefix(path+"."+k, "."), missing)
		}
	case []any:
		for _, inner := range v {
			seen(inner, path, missing)
		}
	case nil:
	default:
		delete(missing, path)
	}
}
