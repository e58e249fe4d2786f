package torture

import (
	"strconv"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/sandbox/netvisorkyc"
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
			KYC: &Diligence{
				Effects:    []netvisorkyc.Effect{candidateMade(7), candidateMade(9)},
				Candidates: []netvisorkyc.Candidate{{State: netvisorkyc.Accepted, Source: source(7)}, {State: netvisorkyc.NewCandidate, Source: source(9)}},
				Customers: []netvisorkyc.Customer{{
					Source: source(7), Lifecycle: netvisorkyc.Active,
					Status: netvisorkyc.Status{RiskClass: new(netvisorkyc.High), DueDiligenceExpiresOn: new("2027-01-31"), Notes: new("Huomio")},
				}},
				Due: []int64{7, 9}, Resent: map[int64]int{},
				Hub: map[int64]customer.KYC{
					7: {State: customer.KYCCustomer, RiskClass: customer.RiskHigh, DueDiligenceExpiresOn: "2027-01-31", Notes: "Huomio"},
					9: {State: customer.KYCCandidate, RiskClass: customer.RiskUnknown},
				},
				Tab: map[int64]netvisor.Responsibility{7: {RiskClass: "high", DueDiligenceExpires: "2027-01-31", Remarks: "Huomio"}},
			},
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
		"DeletionThatWasNone":    {func(e *Evidence) { e.Deletions = map[int64]bool{7: true} }, func(v *Verdict) int { return v.Unexplained }},
		"DeletionThatIsDenied":   {func(e *Evidence) { e.Deletions = map[int64]bool{7: false}; delete(e.Netvisor, 7) }, func(v *Verdict) int { return v.Unexplained }},
		"DeletionInTheHubToo":    {func(e *Evidence) { e.Deletions = map[int64]bool{7: true}; delete(e.Netvisor, 7); delete(e.Hub, 7) }, func(v *Verdict) int { return v.Lost }},
		"EchoIntoKYC":            {func(e *Evidence) { e.KYC.WritesAfter = 1 }, func(v *Verdict) int { return v.Echoes }},
		"NeverInKYC":             {func(e *Evidence) { e.KYC.Due = append(e.KYC.Due, 11) }, func(v *Verdict) int { return v.Lost }},
		"TwoCandidates":          {func(e *Evidence) { e.KYC.Candidates = append(e.KYC.Candidates, e.KYC.Candidates[1]) }, func(v *Verdict) int { return v.Duplicates }},
		"CandidateBesideIt":      {func(e *Evidence) { e.KYC.Candidates[0].State = netvisorkyc.NewCandidate }, func(v *Verdict) int { return v.Duplicates }},
		"CandidateMadeAgain":     {func(e *Evidence) { e.KYC.Effects = append(e.KYC.Effects, candidateMade(9)) }, func(v *Verdict) int { return v.Duplicates }},
		"CustomerMadeByACall":    {func(e *Evidence) { e.KYC.Effects[0].Entity = netvisorkyc.EntityCustomer }, func(v *Verdict) int { return v.Collateral }},
		"StateOfNobody":          {func(e *Evidence) { delete(e.KYC.Hub, 9) }, func(v *Verdict) int { return v.Unexplained }},
		"OldStatusInTheHub":      {func(e *Evidence) { e.KYC.Customers[0].Status.Notes = new("Uusi") }, func(v *Verdict) int { return v.Unexplained }},
		"OldStatusOnTheTab":      {func(e *Evidence) { e.KYC.Tab[7] = netvisor.Responsibility{} }, func(v *Verdict) int { return v.Unexplained }},
		"DeletedAndStillInKYC":   {func(e *Evidence) { e.Deletions = map[int64]bool{9: true}; delete(e.Netvisor, 9) }, func(v *Verdict) int { return v.Unexplained }},
		"TombstoneAsACandidate":  {func(e *Evidence) { e.KYC.Candidates[1].State = netvisorkyc.Deleted }, func(v *Verdict) int { return v.Unexplained }},
		"EndedAndStillACustomer": {func(e *Evidence) { e.KYC.Customers[0].Lifecycle = netvisorkyc.Ended }, func(v *Verdict) int { return v.Unexplained }},
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

// source is a customer of Netvisor as KYC names it.
func source(key int64) *netvisorkyc.Source {
	return &netvisorkyc.Source{ExternalID: strconv.FormatInt(key, 10)}
}

// candidateMade is a call that made a candidate.
func candidateMade(key int64) netvisorkyc.Effect {
	return netvisorkyc.Effect{
		Call: 4, Entity: netvisorkyc.EntityCandidate, What: netvisorkyc.WasCreated,
		Changes: []netvisorkyc.Difference{{Field: "source.externalId", After: strconv.FormatInt(key, 10)}},
	}
}

func twice(field string) func(*Evidence) {
	return func(e *Evidence) {
		made := netvisor.Effect{Call: 3, Customer: 7, What: netvisor.WasChanged, Changes: []netvisor.Change{{Field: field, What: netvisor.WasSet, After: "X"}}}
		e.Effects = append(e.Effects, made, made)
	}
}
