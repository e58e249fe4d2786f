package torture

import (
	"testing"
	"time"

	"customerhub/internal/sandbox/flex"
	"customerhub/internal/sandbox/netvisor"
)

// fieldEvidence is an organisation whose customer 7 came from Netvisor and whose customer 9 was made in Flex.
func fieldEvidence() Evidence {
	at := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	sheet := func(number, name, phone string) Sheet {
		return Sheet{Values: Customer{
			"number": number, "kind": "COMPANY", "status": "ACTIVE", "name": name, "phone": phone, "businessId": "1572860-0", "einvoice": "003715728600 003721291126",
			"visitingAddress.line1": "Katu 1", "billingAddress.line1": "PL 1",
		}, Contacts: []Customer{{"name": "Aino Malli", "email": "aino@example.test"}}}
	}
	return Evidence{
		Calls: []netvisor.Call{{Number: 1}},
		Effects: []netvisor.Effect{
			{Customer: 7, What: netvisor.WasChanged, Changes: []netvisor.Change{{Field: texts["phone"], What: netvisor.WasSet, After: "+358401"}}},
			{Call: 1, Customer: 9, What: netvisor.WasCreated, Changes: []netvisor.Change{
				{Field: texts["name"], What: netvisor.WasSet, After: "KENTTÄ 1 OY"}, {Field: texts["phone"], What: netvisor.WasSet, After: "+358402"},
			}},
		},
		Hub:      map[int64]Customer{7: {"name": "Alku 1 Oy", "phone": "+358401", "billingAddress.line1": "PL 1"}, 9: {"name": "Kenttä 1 Oy", "phone": "+358402", "billingAddress.line1": "PL 1"}},
		Netvisor: map[int64]Customer{7: {"name": "Alku 1 Oy", "phone": "+358401", "billingAddress.line1": "PL 1"}, 9: {"name": "KENTTÄ 1 OY", "phone": "+358402", "billingAddress.line1": "PL 1"}},
		Edits: []Edit{
			{Customer: 7, Field: "phone", Value: "+358401"}, {Flex: "fx_2", Field: "name", Value: "Kenttä 1 Oy"}, {Flex: "fx_2", Field: "language", Value: ""},
		},
		Flex: &Fieldwork{
			Calls: []flex.Call{
				{Number: 1, Organisation: "org_1", Start: at, End: at.Add(time.Second), Body: `{"name":"Alku 1 Oy"}`},
				{Number: 2, Organisation: "org_1", Start: at.Add(time.Second), End: at.Add(2 * time.Second)},
			},
			Effects: []flex.Effect{
				{Call: 1, Customer: "fx_1", What: flex.WasCreated, Changes: []flex.Change{{Field: "name", After: "Alku 1 Oy"}, {Field: "phone", After: "+358401"}}},
				{Customer: "fx_2", What: flex.WasCreated, Changes: []flex.Change{{Field: "name", After: "Kenttä 1 Oy"}, {Field: "phone", After: "+358402"}}},
				{Customer: "fx_3", What: flex.WasCreated, Changes: []flex.Change{{Field: "name", After: "Kulunut Oy"}, {Field: "billing.einvoice.address", After: "FI21"}}},
			},
			Flex:     map[string]Sheet{"fx_1": sheet("1", "Alku 1 Oy", "+358401"), "fx_2": sheet("2", "Kenttä 1 Oy", "+358 402"), "fx_3": {Values: Customer{"status": "INACTIVE"}}},
			Netvisor: map[int64]Sheet{7: sheet("1", "Alku 1 Oy", "+358401"), 9: sheet("2", "KENTTÄ 1 OY", "+358402"), 11: {Values: Customer{"status": "ACTIVE"}}},
			Before:   map[int64]Sheet{7: {Values: Customer{"name": "Alku 1 Oy", "phone": "+358400"}}}, Bodies: []string{"<customer/>"}, Secrets: []string{identityCode},
			LeftOut: map[int64]string{11: "It has no number."},
		},
	}
}

// TestAuditorSeesFlex breaks what is promised about Flex in the evidence, one at a time.
func TestAuditorSeesFlex(t *testing.T) {
	t.Parallel()
	if v := Audit(fieldEvidence()); !v.Clean() {
		t.Fatalf("good evidence: %v", v.Why)
	}
	differs := func(field string) func(*Evidence) {
		return func(e *Evidence) { e.Flex.Flex["fx_1"].Values[field] = "Muu" }
	}
	wrote := func(call int64, field, value string) func(*Evidence) {
		return func(e *Evidence) {
			e.Flex.Effects = append(e.Flex.Effects, flex.Effect{Call: call, Customer: "fx_1", What: flex.WasChanged, Changes: []flex.Change{{Field: field, After: value}}})
		}
	}
	all := map[string]struct {
		spoil func(*Evidence)
		count func(*Verdict) int
	}{
		"TwoInFlex":               {func(e *Evidence) { e.Flex.Effects[2].Changes[0].After = "Alku 1 Oy" }, duplicates},
		"TwoInNetvisor":           {func(e *Evidence) { made := e.Effects[1]; made.Customer = 10; e.Effects = append(e.Effects, made) }, duplicates},
		"InFlexAlone":             {func(e *Evidence) { delete(e.Flex.Netvisor, 9) }, lost},
		"InNetvisorAlone":         {func(e *Evidence) { delete(e.Flex.LeftOut, 11) }, lost},
		"WordOfNobody":            {wrote(9, "email", "nobody@example.test"), collateral},
		"PersonOfNobody":          {wrote(9, "contacts", `[{"id":"c1","name":"Aino Tuntematon"}]`), collateral},
		"OtherCustomersValue":     {wrote(9, "phone", "+358402"), collateral},
		"InNetvisorWordOfNobody":  {func(e *Evidence) { e.Effects[1].Changes[1].After = "+358777" }, collateral},
		"WrittenTwice":            {wrote(9, "phone", "+358401"), duplicates},
		"Consumer":                {func(e *Evidence) { e.Flex.Calls[0].Body = `{"billing":{"consumerEInvoice":true}}` }, collateral},
		"IdentityCodeToFlex":      {func(e *Evidence) { e.Flex.Calls[0].Body = identityCode }, collateral},
		"IdentityCodeToNetvisor":  {func(e *Evidence) { e.Flex.Bodies[0] = identityCode }, collateral},
		"EInvoiceOfAPerson":       {func(e *Evidence) { e.Flex.Bodies[0] = "<finvoiceaddress>FI21</finvoiceaddress>" }, collateral},
		"AtOnce":                  {func(e *Evidence) { e.Flex.Calls[1].Start = e.Flex.Calls[0].Start }, overlaps},
		"AtOnceWithoutEnd":        {func(e *Evidence) { e.Flex.Calls[0].End = time.Time{} }, overlaps},
		"EchoIntoFlex":            {func(e *Evidence) { e.Flex.WritesAfter = 1 }, echoes},
		"LostInFlex":              {func(e *Evidence) { e.Edits[1].Value = "Muu Oy" }, lost},
		"LostOfTheMapping":        {func(e *Evidence) { e.Edits[2].Value = "sv" }, lost},
		"BillingAddressOfNeither": {func(e *Evidence) { delete(e.Flex.Flex["fx_1"].Values, "billingAddress.line1") }, unexplained},
		"ContactsDiffer":          {func(e *Evidence) { s := e.Flex.Flex["fx_1"]; s.Contacts = nil; e.Flex.Flex["fx_1"] = s }, unexplained},
	}
	for _, field := range append([]string{"visitingAddress.line1", "visitingAddress.city", "billingAddress.line1", "billingAddress.postcode"}, mapped...) {
		all["Differs/"+field] = struct {
			spoil func(*Evidence)
			count func(*Verdict) int
		}{differs(field), unexplained}
	}
	for name, tc := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fieldEvidence()
			tc.spoil(&e)
			if v := Audit(e); tc.count(v) == 0 || len(v.Why) == 0 {
				t.Errorf("not seen: %+v", v)
			}
		})
	}
}

func lost(v *Verdict) int        { return v.Lost }
func duplicates(v *Verdict) int  { return v.Duplicates }
func overlaps(v *Verdict) int    { return v.Overlaps }
func unexplained(v *Verdict) int { return v.Unexplained }
func collateral(v *Verdict) int  { return v.Collateral }
func echoes(v *Verdict) int      { return v.Echoes }
