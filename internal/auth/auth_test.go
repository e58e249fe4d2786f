package auth_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
)

func TestParseScopes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		given []string
		want  []auth.Scope
		words string
	}{
		{"InTheirOrder", []string{"systems:read", "customers:read"}, []auth.Scope{auth.CustomersRead, auth.SystemsRead}, ""},
		{"OnceEach", []string{"admin", "admin"}, []auth.Scope{auth.Admin}, ""},
		{"Unknown", []string{"customers:read", "customers:delete"}, nil, "customers:delete"},
		{"CaseCounts", []string{"Admin"}, nil, "Admin"},
		{"None", nil, nil, "customers:read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := auth.ParseScopes(tc.given)
			if tc.words != "" {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.words) || !strings.Contains(err.Error(), "webhooks:manage") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	t.Run("AllAreListed", func(t *testing.T) {
		t.Parallel()
		for _, s := range auth.Scopes {
			if got, err := auth.ParseScopes([]string{string(s)}); err != nil || got[0] != s || !strings.Contains(auth.ScopeNames(), string(s)) {
				t.Errorf("%s: %v, %v", s, got, err)
			}
		}
	})
}

func TestViewer(t *testing.T) {
	t.Parallel()
	org := organisation.Organisation{ID: "o", Name: "Esimerkki Oy"}
	reader := auth.Viewer{Organisation: org, Scopes: []auth.Scope{auth.CustomersRead}}
	admin := auth.Operator(org)
	if !reader.Can(auth.CustomersRead) || reader.Can(auth.CustomersWrite) || reader.Can(auth.Admin) {
		t.Error("a reader may more or less than its scope")
	}
	for _, s := range auth.Scopes {
		if !admin.Can(s) || admin.Require(s) != nil {
			t.Errorf("admin may not %s", s)
		}
		if (auth.Viewer{}).Can(s) {
			t.Errorf("nobody may %s", s)
		}
		if err := (auth.Viewer{Scopes: []auth.Scope{auth.Admin}}).Require(s); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("without an organisation: %v", err)
		}
	}
	if f := fault.Of(reader.Require(auth.PersonalRead)); f == nil || f.Code != fault.Forbidden || f.Details["scope"] != "personal:read" {
		t.Errorf("got %+v", f)
	}
	if admin.Actor.Kind != change.ActorOperator || admin.Organisation != org || len(admin.Organisations) != 1 {
		t.Errorf("got %+v", admin)
	}
	ctx := auth.WithViewer(t.Context(), reader)
	if got := auth.ViewerFrom(ctx); got.Organisation != org {
		t.Errorf("got %+v", got)
	}
	if got := auth.ViewerFrom(t.Context()); got.Organisation.ID != "" || len(got.Scopes) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	t.Run("ComesBackFromItsText", func(t *testing.T) {
		t.Parallel()
		seen := make(map[string]bool)
		for range 200 {
			key := auth.NewKey()
			got, err := auth.ParseKey(key.Reveal())
			if err != nil || got != key || seen[key.Reveal()] || len(key.Hash()) != 32 {
				t.Fatalf("got %v, %v", got, err)
			}
			seen[key.Reveal()] = true
		}
	})
	t.Run("Promise11_IsHiddenHoweverItIsPrinted", func(t *testing.T) {
		t.Parallel()
		key := auth.NewKey()
		secret := strings.TrimPrefix(key.Reveal(), key.Prefix())
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("made", "key", key)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "key", key)
		raw, err := json.Marshal(struct{ Key auth.Key }{key})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			fmt.Sprint(key), fmt.Sprintf("%v %s %+v %#v %q", key, key, key, key, key), fmt.Sprintf("%#v", struct{ K auth.Key }{key}), log.String(), string(raw),
		} {
			if strings.Contains(text, secret) || !strings.Contains(text, key.Prefix()) {
				t.Errorf("printed as %s", text)
			}
		}
		if len(secret) < 30 {
			t.Errorf("the prefix tells all but %d characters", len(secret))
		}
	})
	t.Run("AnythingElseIsRefusedWithoutEcho", func(t *testing.T) {
		t.Parallel()
		good := auth.NewKey().Reveal()
		for _, text := range []string{
			"", "hub_", good[4:], good + "A", good[:len(good)-1], strings.ToUpper(good), " " + good, good + "\n", "hub_" + strings.Repeat("=", 43),
		} {
			if _, err := auth.ParseKey(text); !fault.Is(err, fault.Unauthenticated) || len(text) > 10 && strings.Contains(err.Error(), text) {
				t.Errorf("%q: %v", text, err)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.OneOf(rapid.String(), rapid.StringMatching(`hub_[A-Za-z0-9_-]{43}`)).Draw(t, "text")
			if key, err := auth.ParseKey(text); err == nil && key.Reveal() != text {
				t.Fatalf("%q became %q", text, key.Reveal())
			}
		})
	})
	t.Run("OneKeyHasOneText", func(t *testing.T) {
		t.Parallel()
		// The last letter of 43 holds two spare bits, which would make four texts of one secret.
		good := auth.NewKey().Reveal()
		accepted := 0
		for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if _, err := auth.ParseKey(good[:len(good)-1] + string(last)); err == nil {
				accepted++
			}
		}
		if accepted != 16 {
			t.Errorf("%d of 64 last letters are accepted, want 16", accepted)
		}
	})
}
