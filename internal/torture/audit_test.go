package torture

import (
	"testing"

	"customerhub/internal/sandbox/netvisor"
)

// TestAuditorSees breaks each promise in the evidence, one at a time.
func TestAuditorSees(t *testing.T) {
	t.Parallel()
	good := func() Evidence {
		return Evidence{
			Calls: []netvisor.Call{{Number: 1}},
			Effects: []netvisor.Effect{
				{Call: 1, Customer: 9, What: netvisor.WasCreated, Changes: []netvisor.Change{{Field: Fields[0].Card, What: netvisor.WasSet, After: "TUORE OY"}}},
				{Call: 2, Customer: 7, What: netvisor.WasChanged, Changes: []netvisor.Change{{Field: "CustomerBaseInformation/Email", What: netvisor.WasSet, After: "a@example.test"}}},
			},
			Edits:     []Edit{{Customer: 7, Field: "email", Value: "a@example.test", InHub: true}},
			Hub:       map[int64]Customer{7: {"email": "a@example.test"}, 9: {"name": "Tuore Oy"}},
			Netvisor:  map[int64]Customer{7: {"email": "A@example.test"}, 9: {"name": "TUORE OY"}},
			Before:    map[int64]Customer{7: {}},
			Created:   []string{"Tuore Oy"},
			Sequences: []int{1, 2, 3},
		}
	}
	if v := Audit(good()); !v.Clean() {
		t.Fatalf("good evidence: %v", v.Why)
	}
	for name, tc := range map[string]struct {
		spoil func(*Evidence)
		count func(*Verdict) int
	}{
		"Overlap":          {func(e *Evidence) { e.Calls[0].Overlapped = true }, func(v *Verdict) int { return v.Overlaps }},
		"Gap":              {func(e *Evidence) { e.Sequences = []int{1, 3} }, func(v *Verdict) int { return v.Gaps }},
		"Unsettled":        {func(e *Evidence) { e.Unsettled = []string{"a link"} }, func(v *Verdict) int { return v.Unexplained }},
		"Echo":             {func(e *Evidence) { e.WritesAfter = 1 }, func(v *Verdict) int { return v.Echoes }},
		"Disagreement":     {func(e *Evidence) { e.Netvisor[7]["phone"] = "1" }, func(v *Verdict) int { return v.Unexplained }},
		"MissingInTheHub":  {func(e *Evidence) { delete(e.Hub, 7) }, func(v *Verdict) int { return v.Unexplained }},
		"LostEdit":         {func(e *Evidence) { e.Edits[0].Value = "b@example.test" }, func(v *Verdict) int { return v.Lost }},
		"LostCustomer":     {func(e *Evidence) { e.Created = append(e.Created, "Toinen Oy") }, func(v *Verdict) int { return v.Lost }},
		"TwoCustomers":     {func(e *Evidence) { e.Effects = append(e.Effects, e.Effects[0]) }, func(v *Verdict) int { return v.Duplicates }},
		"TwoOffices":       {twice("CustomerOfficeDetails[3]/OfficeIdentifier"), func(v *Verdict) int { return v.Duplicates }},
		"TwoContacts":      {twice("CustomerContactPersons/CustomerContactPerson[3]/ContactPersonLastName"), func(v *Verdict) int { return v.Duplicates }},
		"CollateralChange": {func(e *Evidence) { e.Effects[1].Changes[0].Field = "CustomerBaseInformation/PhoneNumber" }, func(v *Verdict) int { return v.Collateral }},
		"DeletionOfNobody": {func(e *Evidence) {
			e.Effects = append(e.Effects, netvisor.Effect{Call: 3, Customer: 7, What: netvisor.WasDeleted})
		}, func(v *Verdict) int { return v.Collateral }},
		"DeletionThatWasNone":  {func(e *Evidence) { e.Deletions = map[int64]bool{7: true} }, func(v *Verdict) int { return v.Unexplained }},
		"DeletionThatIsDenied": {func(e *Evidence) { e.Deletions = map[int64]bool{7: false}; delete(e.Netvisor, 7) }, func(v *Verdict) int { return v.Unexplained }},
		"DeletionInTheHubToo":  {func(e *Evidence) { e.Deletions = map[int64]bool{7: true}; delete(e.Netvisor, 7); delete(e.Hub, 7) }, func(v *Verdict) int { return v.Lost }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := good()
			tc.spoil(&e)
			if v := Audit(e); tc.count(v) == 0 || len(v.Why) == 0 {
				t.Errorf("not seen: %+v", v)
			}
		})
	}
}

func twice(field string) func(*Evidence) {
	return func(e *Evidence) {
		made := netvisor.Effect{Call: 3, Customer: 7, What: netvisor.WasChanged, Changes: []netvisor.Change{{Field: field, What: netvisor.WasSet, After: "X"}}}
		e.Effects = append(e.Effects, made, made)
	}
}
