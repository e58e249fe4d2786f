package graph

import (
	"slices"
	"testing"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/run"
)

// TestUndoVerdicts holds the verdicts of the API to those that the hub gives, each with something to say.
func TestUndoVerdicts(t *testing.T) {
	t.Parallel()
	shown := make([]run.Verdict, len(model.AllUndoVerdict))
	for i, v := range model.AllUndoVerdict {
		shown[i] = run.Verdict(v)
	}
	if !slices.Equal(shown, run.Verdicts()) {
		t.Errorf("the schema has %v, the hub gives %v", shown, run.Verdicts())
	}
	said := make(map[string]bool)
	for _, v := range run.Verdicts() {
		if says := v.Says(); says == "" || said[says] {
			t.Errorf("%s says %q", v, says)
		}
		said[v.Says()] = true
	}
}

// TestUndoItemsAreMasked holds what an item shows to what its viewer may see.
func TestUndoItemsAreMasked(t *testing.T) {
	t.Parallel()
	email := run.UndoItem{Subject: run.UndoField, Field: "contact[x].emails", Number: "1001", Name: "Yritys Oy", Before: "a@example.test", After: "b@example.test", Verdict: run.Returns}
	notes := email
	notes.Field = customer.FieldKYCNotes
	for _, tc := range []struct {
		name          string
		item          run.UndoItem
		scopes        []auth.Scope
		named, valued bool
	}{
		{"AnEmailWithEverything", email, []auth.Scope{auth.SystemsRead, auth.CustomersRead, auth.PersonalRead}, true, true},
		{"AnEmailWithoutPersonalData", email, []auth.Scope{auth.SystemsRead, auth.CustomersRead}, true, false},
		{"AnEmailWithoutCustomers", email, []auth.Scope{auth.SystemsRead, auth.PersonalRead}, false, false},
		{"NotesOfKYCWithoutKYC", notes, []auth.Scope{auth.SystemsRead, auth.CustomersRead, auth.PersonalRead}, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := toUndoItem(auth.Viewer{Scopes: tc.scopes}, &tc.item)
			if (got.Name != nil) != tc.named || (got.Number != nil) != tc.named || (got.Before != nil) != tc.valued || (got.After != nil) != tc.valued {
				t.Errorf("%+v", got)
			}
		})
	}
}
