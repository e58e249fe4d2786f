package flex_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/fault"
	"customerhub/internal/system"

	sandbox "customerhub/internal/sandbox/flex"
)

// openKey opens a connection with a key of its own.
func (m *misbehaving) openKey(t *testing.T, key string, more map[string]string) connector.Connection {
	t.Helper()
	settings := m.settings()
	maps.Copy(settings, more)
	conn, err := flex.Kind().Open(connector.Config{Settings: settings, Credentials: map[string]string{flex.APIKey: key}, Now: m.Now})
	if err != nil {
		t.Fatal(err)
	}
	return flex.Unpaced(conn)
}

// failed are the names of the checks that failed. One that did says what to do about it, and one that did not says no such thing; what failed has
// to be mended, and a remark does not.
func failed(t *testing.T, checks []system.Check) (out []string) {
	t.Helper()
	for _, c := range checks {
		if !c.OK {
			out = append(out, c.Name)
		}
		if !c.OK && (c.Message == "" || c.Fix == "") || c.OK && (c.Message == "") != (c.Fix == "") {
			t.Errorf("%+v", c)
		}
		if !c.OK && !strings.Contains(c.Fix, flex.Support) {
			t.Errorf("R60: %q names no support", c.Fix)
		}
	}
	return out
}

func check(t *testing.T, conn connector.Connection) []system.Check {
	t.Helper()
	out, err := conn.(connector.Checker).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said is what a check says.
func said(checks []system.Check, name string) string {
	for _, c := range checks {
		if c.Name == name {
			return c.Message
		}
	}
	return "there is no such check"
}

// TestCheckTypes is contract section 3.1 (F8, F9, F21).
func TestCheckTypes(t *testing.T) {
	t.Parallel()
	gone := func(ids ...string) func(*testing.T, *misbehaving) {
		return func(t *testing.T, m *misbehaving) {
			t.Helper()
			for _, id := range ids {
				if err := m.RemoveType("", id); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	another := func(c sandbox.CustomerType) func(*testing.T, *misbehaving) {
		return func(t *testing.T, m *misbehaving) { t.Helper(); m.typed(t, c) }
	}
	type want struct {
		failed []string
		says   map[string][]string
	}
	types, series, mandatory := []string{"customer types"}, []string{"number series"}, "mandatory fields"
	for name, tc := range map[string]struct {
		change   func(*testing.T, *misbehaving)
		settings map[string]string
		want     want
	}{
		"AsSupportMakesThem": {nil, nil, want{nil, map[string][]string{"customer types": {""}, "number series": {""}}}},
		"R94_R95_NoneForPersons": {gone("ct_10"), nil, want{types, map[string][]string{
			"customer types": {flex.TypeMissing, "identifier PRIVATE"},
		}}},
		"R94_R95_NoneForCompanies": {gone("ct_11"), nil, want{types, map[string][]string{
			"customer types": {flex.TypeMissing, "identifier COMPANY"},
		}}},
		"R94_NeitherOfThem": {gone("ct_10", "ct_11"), nil, want{types, map[string][]string{
			"customer types": {"identifier PRIVATE", "identifier COMPANY"}, "number series": {""},
		}}},
		"R93_OneThatIsNotForNetvisor": {another(sandbox.CustomerType{ID: "ct_10", Name: "Yksityinen", Identifier: "PRIVATE"}), nil, want{types, map[string][]string{
			"customer types": {flex.TypeMissing},
		}}},
		"R95_AnIdentifierLost": {another(sandbox.CustomerType{ID: "ct_10", Name: "Yksityinen", UsedForNetvisor: true}), nil, want{types, map[string][]string{
			"customer types": {flex.TypeMissing},
		}}},
		"Two": {another(sandbox.CustomerType{Name: "Toinen", Identifier: "COMPANY", UsedForNetvisor: true}), nil, want{types, map[string][]string{
			"customer types": {flex.TypeAmbiguous, "2 customer types", "Yritysasiakas Netvisor, Toinen"},
		}}},
		"OfTwoTheSettingTells": {another(sandbox.CustomerType{ID: "ct_12", Name: "Toinen", Identifier: "COMPANY", UsedForNetvisor: true}),
			map[string]string{flex.CompanyType: "ct_12"}, want{nil, nil}},
		"TheSettingMayNameOneThatIsNotMarked": {another(sandbox.CustomerType{ID: "ct_12", Name: "Toinen", Identifier: "PRIVATE"}),
			map[string]string{flex.PrivateType: "ct_12"}, want{nil, nil}},
		"TheSettingNamesNone": {nil, map[string]string{flex.PrivateType: "ct_99"}, want{types, map[string][]string{
			"customer types": {flex.TypeMissing, "identifier PRIVATE"},
		}}},
		"R95_TheSettingNamesOneOfTheOtherKind": {nil, map[string]string{flex.PrivateType: "ct_11"}, want{types, map[string][]string{
			"customer types": {flex.TypeMissing, "identifier PRIVATE"},
		}}},
		"R73_R96_ASeries": {func(t *testing.T, m *misbehaving) { t.Helper(); m.withSeries(t, "ct_11") }, nil, want{series, map[string][]string{
			"number series": {flex.TypeHasSeries, "Yritysasiakas Netvisor"},
		}}},
		"R73_R96_TwoSeries": {func(t *testing.T, m *misbehaving) {
			t.Helper()
			m.withSeries(t, "ct_10")
			m.withSeries(t, "ct_11")
		}, nil, want{series, map[string][]string{"number series": {"Yksityisasiakas Netvisor", "Yritysasiakas Netvisor"}}}},
		"R73_TheSettingNamesOneWithASeries": {nil, map[string]string{flex.CompanyType: "ct_3"}, want{series, map[string][]string{
			"number series": {flex.TypeHasSeries, "Yritysasiakas"},
		}}},
		"R74_OthersMayHaveSeries": {another(sandbox.CustomerType{Name: "Kunta", NumberSeries: &sandbox.NumberSeries{Next: 1}}), nil, want{nil, nil}},
		"R67_WhatTheyDemandIsARemark": {another(sandbox.CustomerType{ID: "ct_11", Name: "Yritys", Identifier: "COMPANY", UsedForNetvisor: true,
			MandatoryFields: []string{"name", "businessId", "phone", "phone"}}), nil, want{nil, map[string][]string{
			mandatory: {flex.MandatoryUnsatisfiable, "Yritys demands businessId, phone,"},
		}}},
		"R67_NothingButAName": {another(sandbox.CustomerType{ID: "ct_11", Name: "Yritys", Identifier: "COMPANY", UsedForNetvisor: true,
			MandatoryFields: []string{"name"}}), nil, want{nil, map[string][]string{mandatory: {""}}}},
		"R67_WhatOthersDemandIsTheirs": {another(sandbox.CustomerType{ID: "ct_3", Name: "Yritys", MandatoryFields: []string{"einvoice"},
			NumberSeries: &sandbox.NumberSeries{Next: 1}}), nil, want{nil, map[string][]string{mandatory: {"businessId"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 0)
			if tc.change != nil {
				tc.change(t, m)
			}
			conn := m.openKey(t, m.Key(""), tc.settings)
			got := check(t, conn)
			if f := failed(t, got); !slices.Equal(f, tc.want.failed) {
				t.Errorf("failed: %v, want %v: %+v", f, tc.want.failed, got)
			}
			for name, parts := range tc.want.says {
				for _, part := range parts {
					if told := said(got, name); !strings.Contains(told, part) || part == "" && told != "" {
						t.Errorf("%s says %q, want %q", name, told, part)
					}
				}
			}
			if n := m.effects(); n > 0 {
				t.Errorf("%d effects", n)
			}
		})
	}
}

// TestCheckRights looks at keys that are revoked, switched off or lack a right.
func TestCheckRights(t *testing.T) {
	t.Parallel()
	all := []string{"api key", "integration", "right types:read", "right customers:read", "right customers:write", "right webhooks", "customer types", "number series", "mandatory fields"}
	names := func(checks []system.Check) (out []string) {
		for _, c := range checks {
			out = append(out, c.Name)
		}
		return out
	}
	t.Run("AllOfThem", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 3)
		conn, rec := m.recorded(t)
		if got := check(t, conn); !slices.Equal(names(got), all) || failed(t, got) != nil {
			t.Errorf("%+v", got)
		}
		if n := len(rec.calls()); n != 4 {
			t.Errorf("calls %v", rec.names())
		}
		if len(m.Effects()) > 0 || m.effects() > 0 {
			t.Errorf("it changed something: %+v", m.Effects())
		}
	})
	for _, scope := range sandbox.Scopes {
		t.Run("Without_"+string(scope), func(t *testing.T) {
			t.Parallel()
			m := stand(t, 3)
			key, err := m.AddKey("", sandbox.Key{Scopes: slices.DeleteFunc(slices.Clone(sandbox.Scopes), func(s sandbox.Scope) bool { return s == scope })})
			if err != nil {
				t.Fatal(err)
			}
			got := check(t, m.openKey(t, key.Secret, nil))
			if f := failed(t, got); !slices.Equal(f, []string{"right " + string(scope)}) || !strings.Contains(said(got, f[0]), string(scope)) {
				t.Errorf("%+v", got)
			}
			want := all
			if scope == sandbox.TypesRead {
				want = all[:6] // of types nothing is known
			}
			if !slices.Equal(names(got), want) || m.effects() > 0 {
				t.Errorf("%v", names(got))
			}
		})
	}
	t.Run("WithoutAny", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		key, err := m.AddKey("", sandbox.Key{Scopes: []sandbox.Scope{}})
		if err != nil {
			t.Fatal(err)
		}
		if f := failed(t, check(t, m.openKey(t, key.Secret, nil))); !slices.Equal(f, all[2:6]) {
			t.Errorf("%v", f)
		}
	})
	t.Run("AKeyThatIsRevoked", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn := m.open(t)
		if err := m.RevokeKey("", "key_1"); err != nil {
			t.Fatal(err)
		}
		if got := check(t, conn); !slices.Equal(names(got), all[:1]) || got[0].OK || len(failed(t, got)) != 1 {
			t.Errorf("%+v", got)
		}
		if _, err := conn.Read(t.Context(), "fx_7001"); !fault.Is(err, fault.Denied) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("R59_R60_AnIntegrationThatIsNotEnabled", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		if err := m.Enable("", false); err != nil {
			t.Fatal(err)
		}
		conn := m.open(t)
		got := check(t, conn)
		if !slices.Equal(names(got), all[:2]) || !slices.Equal(failed(t, got), []string{"integration"}) || !strings.Contains(got[1].Fix, "chargeable") {
			t.Errorf("%+v", got)
		}
		if _, err := conn.Read(t.Context(), "fx_7001"); fault.Of(err) == nil || fault.Of(err).Code != fault.Denied || fault.Of(err).Reason != flex.NotEnabled {
			t.Errorf("got %v", err)
		}
		if err := m.Enable("", true); err != nil {
			t.Fatal(err)
		}
		if f := failed(t, check(t, conn)); f != nil {
			t.Errorf("once it is enabled: %v", f)
		}
	})
	t.Run("ChecksThatCouldNotBeMade", func(t *testing.T) {
		t.Parallel()
		for i, path := range []string{"/customer-types", "/customers", "/customers/none/deactivate", "/webhooks"} {
			for kind, want := range map[sandbox.FaultKind]fault.Code{sandbox.FaultStatus: fault.Unavailable, sandbox.FaultTooMany: fault.Limited, sandbox.FaultLostAnswer: fault.Unavailable} {
				m := stand(t, 0)
				m.fault(sandbox.Fault{Kind: kind, Path: path, Times: 1})(t)
				got, err := m.open(t).(connector.Checker).Check(t.Context())
				if path == "/customers/none/deactivate" && want == fault.Unavailable {
					want = fault.Uncertain
				}
				if !fault.Is(err, want) || got != nil {
					t.Errorf("%d %s: %+v, %v", i, kind, got, err)
				}
			}
		}
	})
	t.Run("WhoeverGivesUp", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := m.open(t).(connector.Checker).Check(ctx); err == nil || got != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
