package netvisor

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden is what a reply becomes.
type golden struct {
	TimeStamp string
	Rows      []connector.Row `json:",omitempty"`
	Records   []goldenRecord  `json:",omitempty"`
}

// goldenRecord is a record with its findings in one line each.
type goldenRecord struct {
	ExternalID string
	Excluded   string            `json:",omitempty"`
	Fields     customer.Fields   `json:",omitempty"`
	Findings   []string          `json:",omitempty"`
	Extra      map[string]string `json:",omitempty"`
}

func toGolden(r connector.Record) goldenRecord {
	g := goldenRecord{r.ExternalID, r.Excluded, r.Fields, nil, r.Extra}
	for _, f := range r.Findings {
		g.Findings = append(g.Findings, fmt.Sprintf("%s %q %s", f.Code, f.Field, f.Message))
	}
	return g
}

// TestGolden translates replies as they have been seen on the wire. testdata/golden holds each with its outcome.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, path := range replies(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := translate(t, path)
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(got); err != nil {
				t.Fatal(err)
			}
			file := strings.TrimSuffix(path, ".xml") + ".json"
			connectortest.CompareGolden(t, *update, file, buf.String())
			if again := translate(t, path); !reflect.DeepEqual(got, again) {
				t.Error("the second time it came out differently")
			}
			for _, r := range got.Records {
				for f := range r.Fields {
					if !reads(f) {
						t.Errorf("%s is given, but Kind.Reads says it cannot be read", f)
					}
				}
			}
		})
	}
}

func replies(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/golden/*.xml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no replies: %v", err)
	}
	return paths
}

func translate(t *testing.T, path string) golden {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	var env api.Envelope
	switch kind, _, _ := strings.Cut(filepath.Base(path), "_"); kind {
	case "list":
		env, err = api.ReadList(bytes.NewReader(data), func(r api.Row) error {
			g.Rows = append(g.Rows, toRow(r))
			return nil
		})
	case "tab":
		env, err = api.ReadResponsibility(bytes.NewReader(data), func(tab api.Responsibility) error {
			r := connector.Record{ExternalID: key(tab.CustomerNetvisorKey), Fields: customer.Fields{}}
			addTab(&r, tab, true, "")
			one := toGolden(r)
			for _, f := range r.Untold {
				one.Findings = append(one.Findings, "untold "+string(f))
			}
			g.Records = append(g.Records, one)
			return nil
		})
	default:
		env, err = api.ReadCustomers(bytes.NewReader(data), func(c api.Customer) error {
			id := key(c.CustomerBaseInformation.NetvisorKey)
			if id == "" {
				id = "asked for"
			}
			g.Records = append(g.Records, toGolden(toRecord(id, c, salesPeople{"Aino Åkerlund": "1"})))
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if !env.OK() {
		t.Fatalf("envelope %+v", env)
	}
	g.TimeStamp = env.TimeStamp
	return g
}

// TestEveryElementIsInAGoldenFile keeps the golden files complete: each element of contract section 4.2 has a value in one.
func TestEveryElementIsInAGoldenFile(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	leaves(reflect.ValueOf(new(fullCustomer())).Elem(), "", func(path string, _ reflect.Value) { missing[path] = true })
	for _, path := range replies(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(filepath.Base(path), "list_") {
			continue
		}
		_, err = api.ReadCustomers(bytes.NewReader(data), func(c api.Customer) error {
			leaves(reflect.ValueOf(&c).Elem(), "", func(path string, v reflect.Value) {
				if v.String() != "" {
					delete(missing, path)
				}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for path := range missing {
		t.Errorf("no golden file has %s", path)
	}
}

// TestNoValueIsLost gives every element a value of its own and looks for it in the record.
func TestNoValueIsLost(t *testing.T) {
	t.Parallel()
	card := fullCustomer()
	n := 100
	given := map[string]string{}
	leaves(reflect.ValueOf(&card).Elem(), "", func(path string, v reflect.Value) {
		n++
		value := fmt.Sprint(n)
		switch {
		case strings.HasSuffix(path, "IsActive"), strings.HasSuffix(path, "IsPrivateCustomer"):
			value = "0"
		case strings.HasSuffix(path, "Country"):
			value = "SE"
		case strings.HasSuffix(path, "InvoicingLanguage"):
			value = "EN"
		case strings.HasSuffix(path, "PersonOfficeNetvisorKey"):
			value = card.CustomerOfficeDetails[0].OfficeNetvisorKey
		}
		v.SetString(value)
		given[path] = value
	})
	// The offices come after the contact persons on the card.
	card.CustomerContactPersons.CustomerContactPerson[0].ContactPersonOfficeNetvisorKey = card.CustomerOfficeDetails[0].OfficeNetvisorKey
	r := toRecord("1", card, nil)
	all := map[string]bool{}
	for f, v := range r.Fields {
		all[v] = true
		if _, k, _, ok := f.PartKey(); ok {
			all[k] = true
		}
	}
	for _, v := range r.Extra {
		all[v] = true
	}
	for path, value := range given {
		translated := map[string]bool{"0": true, "EN": true}[value] ||
			strings.HasSuffix(path, "CustomerBaseInformation.NetvisorKey") || strings.HasSuffix(path, "PersonOfficeNetvisorKey")
		if !translated && !all[value] {
			t.Errorf("%s is lost", path)
		}
	}
	if r.Fields[customer.FieldStatus] != string(customer.Inactive) || r.Fields[customer.FieldKind] != string(customer.Company) {
		t.Errorf("fields %v", r.Fields)
	}
}

// fullCustomer has one of everything that repeats.
func fullCustomer() api.Customer {
	return api.Customer{
		CustomerContactPersons: api.ContactPersons{CustomerContactPerson: make([]api.ContactPerson, 1)},
		CustomerOfficeDetails:  make([]api.Office, 1),
		CustomerAdditionalInformation: api.AdditionalInformation{
			CustomerDimensions: api.Dimensions{Dimension: make([]api.Dimension, 1)},
		},
	}
}

// leaves calls f for every text of a card, with its path without indexes.
func leaves(v reflect.Value, path string, f func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		f(path, v)
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), path, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("wire") != "-" {
				leaves(v.Field(i), path+"."+v.Type().Field(i).Name, f)
			}
		}
	}
}
