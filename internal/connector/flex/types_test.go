package flex_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	sandbox "customerhub/internal/sandbox/flex"
	"customerhub/internal/system"
)

// typed lets support make a customer type or change one.
func (m *misbehaving) typed(t *testing.T, c sandbox.CustomerType) sandbox.CustomerType {
	t.Helper()
	made, err := m.PutType("", c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// customerType is one of the customer types, by its id.
func (m *misbehaving) customerType(t *testing.T, id string) sandbox.CustomerType {
	t.Helper()
	all := m.Types("")
	i := slices.IndexFunc(all, func(c sandbox.CustomerType) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("no type %s", id)
	}
	return all[i]
}

func (m *misbehaving) newOne(kind customer.Kind) connector.Step {
	step := m.another()
	step.Set["kind"] = string(kind)
	return step
}

// TestANewCustomerGetsItsType makes customers of both kinds (F8, F22).
func TestANewCustomerGetsItsType(t *testing.T) {
	t.Parallel()
	for kind, want := range map[customer.Kind]string{customer.Private: "ct_10", customer.Company: "ct_11"} {
		t.Run(map[customer.Kind]string{customer.Private: "R69_R70_", customer.Company: "R69_R71_"}[kind]+string(kind), func(t *testing.T) {
			t.Parallel()
			m := stand(t, 5)
			conn, rec := m.recorded(t)
			before, err := conn.(connector.Numberer).Series(t.Context())
			if err != nil || len(before) != 2 {
				t.Fatalf("%+v, %v", before, err)
			}
			step := m.newOne(kind)
			key, err := write(t, conn, step)
			if err != nil {
				t.Fatal(err)
			}
			c, _ := m.Customer("", key)
			if c.CustomerTypeID != want || c.CustomerNumber != step.Set["number"] || c.Origin != "HUB" {
				t.Errorf("%+v", c)
			}
			if after, err := conn.(connector.Numberer).Series(t.Context()); err != nil || !slices.Equal(before, after) {
				t.Error("R93: a series was used")
			}
			if r := read(t, conn, key); r.Fields["kind"] != string(kind) || len(r.Kept) > 0 {
				t.Errorf("%+v", r)
			}
			if calls := rec.writing(); len(calls) != 1 || strings.Contains(calls[0].body, "kind") || strings.Contains(calls[0].body, string(kind)) {
				t.Errorf("%+v", calls)
			}
		})
	}
	t.Run("TheSettingSaysWhichOfSeveral", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		other := m.typed(t, sandbox.CustomerType{Name: "Toinen", Identifier: sandbox.IdentifierCompany, UsedForNetvisor: true})
		unused := m.typed(t, sandbox.CustomerType{Name: "Kolmas", Identifier: sandbox.IdentifierPrivate})
		conn, _ := m.recordedWith(t, map[string]string{flex.CompanyType: other.ID, flex.PrivateType: unused.ID})
		for kind, want := range map[customer.Kind]string{customer.Company: other.ID, customer.Private: unused.ID} {
			key, err := write(t, conn, m.newOne(kind))
			if c, _ := m.Customer("", key); err != nil || c.CustomerTypeID != want {
				t.Errorf("%s: %+v, %v", kind, c, err)
			}
		}
	})
	for name, tc := range map[string]struct {
		change   func(t *testing.T, m *misbehaving)
		settings map[string]string
		reason   string
	}{
		"NoType": {func(t *testing.T, m *misbehaving) {
			t.Helper()
			if err := m.RemoveType("", "ct_11"); err != nil {
				t.Fatal(err)
			}
		}, nil, flex.TypeMissing},
		"NoneForNetvisor": {func(t *testing.T, m *misbehaving) {
			t.Helper()
			c := m.customerType(t, "ct_11")
			c.UsedForNetvisor = false
			m.typed(t, c)
		}, nil, flex.TypeMissing},
		"TheSettingNamesNone":          {nil, map[string]string{flex.CompanyType: "ct_99"}, flex.TypeMissing},
		"TheSettingNamesOneForPersons": {nil, map[string]string{flex.CompanyType: "ct_10"}, flex.TypeMissing},
		"Two": {func(t *testing.T, m *misbehaving) {
			t.Helper()
			m.typed(t, sandbox.CustomerType{Name: "Toinen", Identifier: "COMPANY", UsedForNetvisor: true})
		}, nil, flex.TypeAmbiguous},
		"R73_OneWithASeries":             {func(t *testing.T, m *misbehaving) { t.Helper(); m.withSeries(t, "ct_11") }, nil, flex.TypeHasSeries},
		"R73_TheSettingNamesSuchASeries": {nil, map[string]string{flex.CompanyType: "ct_3"}, flex.TypeHasSeries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 0)
			if tc.change != nil {
				tc.change(t, m)
			}
			conn, rec := m.recordedWith(t, tc.settings)
			key, err := write(t, conn, m.newOne(customer.Company))
			if f := fault.Of(err); f == nil || f.Code != fault.Denied || f.Reason != tc.reason || !strings.Contains(f.Message, flex.Support) || key != "" {
				t.Errorf("%q, %v", key, err)
			}
			if len(rec.writing()) > 0 {
				t.Errorf("calls %v", rec.names())
			}
		})
	}
}

// withSeries lets support put a number series on a type.
func (m *misbehaving) withSeries(t *testing.T, id string) {
	t.Helper()
	c := m.customerType(t, id)
	c.NumberSeries = &sandbox.NumberSeries{Prefix: "N", Next: 1, Width: 5}
	m.typed(t, c)
}

// TestAnotherKind changes whether a customer is private or a company (contract section 3.3).
func TestAnotherKind(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		of, becomes, want string
		change            func(t *testing.T, m *misbehaving)
		settings          map[string]string
	}{
		"R72_ACompanyBecomesPrivate":      {"ct_11", "PRIVATE", "ct_10", nil, nil},
		"R72_APrivateOneBecomesACompany":  {"ct_10", "COMPANY", "ct_11", nil, nil},
		"R65_ATypeOfItsOwnStays":          {"ct_3", "PRIVATE", "", nil, nil},
		"R65_APrivateTypeOfItsOwnStays":   {"ct_4", "COMPANY", "", nil, nil},
		"R65_ATypeWithoutIdentifierStays": {"ct_12", "PRIVATE", "", nil, nil},
		"R65_ItsOwnKind":                  {"ct_11", "COMPANY", "", nil, nil},
		"WithoutAnotherTypeNothingIsSent": {"ct_11", "PRIVATE", "", func(t *testing.T, m *misbehaving) {
			t.Helper()
			if err := m.RemoveType("", "ct_10"); err != nil {
				t.Fatal(err)
			}
		}, nil},
		"WithTwoOtherTypesNothingIsSent": {"ct_11", "PRIVATE", "", func(t *testing.T, m *misbehaving) {
			t.Helper()
			m.typed(t, sandbox.CustomerType{Name: "Toinen", Identifier: "PRIVATE", UsedForNetvisor: true})
		}, nil},
		"OfTwoOtherTypesTheSettingTells": {"ct_11", "PRIVATE", "ct_13", func(t *testing.T, m *misbehaving) {
			t.Helper()
			m.typed(t, sandbox.CustomerType{ID: "ct_13", Name: "Toinen", Identifier: "PRIVATE", UsedForNetvisor: true})
		}, map[string]string{flex.PrivateType: "ct_13"}},
		"OneOtherThanTheSettingSaysStays": {"ct_11", "PRIVATE", "", func(t *testing.T, m *misbehaving) {
			t.Helper()
			m.typed(t, sandbox.CustomerType{ID: "ct_14", Name: "Toinen", Identifier: "COMPANY", UsedForNetvisor: true})
		}, map[string]string{flex.CompanyType: "ct_14"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 0)
			m.typed(t, sandbox.CustomerType{ID: "ct_12", Name: "Taloyhtiö"})
			if tc.change != nil {
				tc.change(t, m)
			}
			c := company()
			c.Billing.EInvoice = nil
			if c.CustomerTypeID = tc.of; tc.of == "ct_3" || tc.of == "ct_4" {
				c.CustomerNumber = ""
			}
			made := m.person(t, c)
			conn, rec := m.recordedWith(t, tc.settings)
			read(t, conn, made.ID)
			_, err := write(t, conn, connector.Step{Record: made.ID, Set: customer.Fields{"kind": tc.becomes}})
			if wrong := strings.HasSuffix(name, "NothingIsSent"); wrong != fault.Is(err, fault.Denied) || !wrong && err != nil {
				t.Fatal(err) // whoever is told that it was done would not hear of it again
			}
			after, _ := m.Customer("", made.ID)
			calls := rec.writing()
			if tc.want == "" {
				if len(calls) > 0 || after.CustomerTypeID != tc.of {
					t.Errorf("%s, %+v", after.CustomerTypeID, calls)
				}
				return
			}
			if len(calls) != 1 || calls[0].body != `{"customerTypeId":"`+tc.want+`"}` || after.CustomerTypeID != tc.want || after.CustomerNumber != made.CustomerNumber {
				t.Errorf("%+v, %+v", after, calls)
			}
			if r := read(t, conn, made.ID); r.Fields["kind"] != tc.becomes {
				t.Errorf("R72: %s", r.Fields["kind"])
			}
		})
	}
	t.Run("R65_WhatElseIsChangedGoesWithoutTheType", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		c := company()
		c.CustomerTypeID, c.CustomerNumber = "ct_3", ""
		made := m.person(t, c)
		conn, rec := m.recorded(t)
		if _, err := write(t, conn, connector.Step{Record: made.ID, Set: customer.Fields{"kind": "PRIVATE", "phone": ""}}); err != nil {
			t.Fatal(err)
		}
		if calls := rec.writing(); len(calls) != 1 || calls[0].body != `{"phone":null}` {
			t.Errorf("%+v", calls)
		}
	})
}

// TestTypesAreRemembered counts how often the customer types are read.
func TestTypesAreRemembered(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	one, two := m.person(t, company()), m.person(t, private())
	kind := flex.Kind()
	rec := &recorder{}
	open := func(key string) connector.Connection {
		conn, err := kind.Open(connector.Config{
			Settings: m.settings(), Credentials: map[string]string{flex.APIKey: key}, Now: m.Now, Client: &http.Client{Transport: rec},
		})
		if err != nil {
			t.Fatal(err)
		}
		return flex.Unpaced(conn)
	}
	times := func(want int, what string) {
		t.Helper()
		n := 0
		for _, name := range rec.names() {
			if name == "GET customer-types" {
				n++
			}
		}
		rec.forget()
		if n != want {
			t.Errorf("%s: the types were read %d times, want %d", what, n, want)
		}
	}
	advance := func(d time.Duration) {
		t.Helper()
		if err := m.Advance(d); err != nil {
			t.Fatal(err)
		}
	}
	a, b := open(m.Key("")), open(m.Key(""))
	for range 3 {
		read(t, a, one.ID)
		read(t, b, two.ID)
	}
	times(1, "within a minute, on two connections")
	advance(50 * time.Second)
	read(t, a, one.ID)
	times(0, "after 50 seconds")
	advance(11 * time.Second)
	read(t, a, one.ID)
	read(t, b, one.ID)
	times(1, "after a minute")
	advance(-30 * time.Second)
	read(t, a, one.ID)
	times(1, "when the clock went back")

	added := m.typed(t, sandbox.CustomerType{Name: "Kunta", Identifier: sandbox.IdentifierCompany})
	c := company()
	c.CustomerTypeID, c.CustomerNumber = added.ID, "2003"
	three := m.person(t, c)
	if r := read(t, a, three.ID); r.Fields["kind"] != "COMPANY" || len(r.Untold) > 0 {
		t.Errorf("%+v", r)
	}
	read(t, b, three.ID)
	times(1, "for a type that nobody knew")

	key, err := m.AddKey("", sandbox.Key{})
	if err != nil {
		t.Fatal(err)
	}
	read(t, open(key.Secret), one.ID)
	read(t, open(key.Secret), two.ID)
	times(1, "with another key")

	// What the checks and the series say is always as it is now.
	if _, err := a.(connector.Checker).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.(connector.Numberer).Series(t.Context()); err != nil {
		t.Fatal(err)
	}
	times(2, "by checks and series")

	m.fault(sandbox.Fault{Kind: sandbox.FaultStatus, Path: "/customer-types", Times: 1})(t)
	advance(2 * time.Minute)
	if _, err := a.Read(t.Context(), one.ID); !fault.Is(err, fault.Unavailable) {
		t.Errorf("types that cannot be read: %v", err)
	}
	read(t, a, one.ID)
	times(2, "after types that could not be read")
	if other := flex.Kind(); other.Title != kind.Title { // each Kind remembers by itself
		t.Error(other.Title)
	}
}

// TestSeries tells the number series as they stand (R90, R91).
func TestSeries(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	conn := m.open(t)
	m.typed(t, sandbox.CustomerType{Name: "Ilman alkua", NumberSeries: &sandbox.NumberSeries{Next: 7, Width: 6}})
	c := company()
	c.CustomerTypeID, c.CustomerNumber = "ct_3", ""
	m.person(t, c)
	got, err := conn.(connector.Numberer).Series(t.Context())
	want := []system.Series{{Name: "Yritysasiakas", Prefix: "F", Next: 50002}, {Name: "Yksityisasiakas", Prefix: "Y", Next: 60001}, {Name: "Ilman alkua", Next: 7}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	odd := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[{"id":"ct_1","numberSeries":{"prefix":" A ","next":"12","width":5}},{"id":"ct_2","numberSeries":{"prefix":"B","next":"soon"}},
			{"id":"ct_3","numberSeries":{"prefix":"C","next":-1}},{"id":"ct_4","numberSeries":null},{"id":"ct_5"}]}`))
	}, nil)
	if got, err := odd.(connector.Numberer).Series(t.Context()); err != nil || !slices.Equal(got, []system.Series{{Name: "ct_1", Prefix: "A", Next: 12}}) {
		t.Errorf("%+v, %v", got, err)
	}
}
