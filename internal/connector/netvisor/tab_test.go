package netvisor

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
)

const tabResource = "customerresponsibility.nv"

func tabXML(key, last string) string {
	return "<CustomerResponsibility><CustomerNetvisorKey>" + key + "</CustomerNetvisorKey><ContactPerson><FirstName/><LastName>" + last +
		"</LastName><Email/><PhoneNumber/></ContactPerson></CustomerResponsibility>"
}

// TestATabThatDoesNotComeIsUntold has cards that come and tabs that do not.
func TestATabThatDoesNotComeIsUntold(t *testing.T) {
	t.Parallel()
	present := customer.PartField(customer.PartContact, tabKey, customer.Present)
	open := func(t *testing.T, status int, tabs string) *bench {
		b := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, tabResource) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, tabs)
				return
			}
			_, _ = io.WriteString(w, reply("<Customers>"+card("1", "A")+card("2", "B")+"</Customers>"))
		})
		b.tab = tabResource
		return b
	}
	for name, tc := range map[string]struct {
		status int
		tabs   string
		told   []string // of 1 and 2
	}{
		"ARefusal":                   {200, failed("INVALID_DATA :: no"), nil},
		"ATechnicalError":            {200, failed("TECHNICAL_ERROR :: later"), nil},
		"NoReply":                    {502, "<html>", nil},
		"NoSuchResource":             {404, "", nil},
		"AReplyThatIsCutOff":         {200, reply(tabXML("1", "X") + tabXML("2", "Y"))[:200], nil},
		"OneTabIsMissing":            {200, reply(tabXML("2", "Y")), []string{"2"}},
		"SomebodyElses":              {200, reply(tabXML("7", "Z") + tabXML("1", "X")), []string{"1"}},
		"TwoThatDiffer":              {200, reply(tabXML("1", "X") + tabXML("2", "Y") + tabXML("1", "Z")), []string{"2"}},
		"TheSameTwice":               {200, reply(tabXML("1", "X") + tabXML("2", "Y") + tabXML("1", "X")), []string{"1", "2"}},
		"AnElementIsMissing":         {200, reply(strings.Replace(tabXML("1", "X"), "<Email/>", "", 1) + tabXML("2", "Y")), []string{"2"}},
		"NobodyIsThere":              {200, reply(tabXML("1", "") + tabXML("2", "-")), []string{"1", "2"}},
		"AKeyIsMissing":              {200, reply(tabXML("", "X") + tabXML("2", "Y")), []string{"2"}},
		"AWholeReplyAboutNobodyElse": {200, reply(tabXML("1", "X") + tabXML("2", "Y")), []string{"1", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, tc.status, tc.tabs)
			records, err := b.ReadBatch(t.Context(), []string{"1", "2"})
			if err != nil || len(records) != 2 || len(b.calls()) != 2 {
				t.Fatalf("%d records in %d calls, %v", len(records), len(b.calls()), err)
			}
			for _, r := range records {
				told := slices.Contains(tc.told, r.ExternalID)
				noted := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Code == finding.ElementMissing && f.Field == present })
				if slices.Contains(r.Untold, present) == told || noted == told {
					t.Errorf("%s: untold %v, findings %+v", r.ExternalID, r.Untold, r.Findings)
				}
				if r.Fields[customer.FieldName] == "" {
					t.Error("the card is not believed")
				}
				if nobody := name == "NobodyIsThere"; (r.Fields[present] != "") != (told && !nobody) {
					t.Errorf("%s: %v", r.ExternalID, r.Fields)
				}
			}
		})
	}
	for detail, code := range map[string]fault.Code{
		"AUTHENTICATION_FAILED :: no": fault.Denied, "SERVICE_ACCESS_ERROR :: no": fault.Denied, "SYSTEM_MAINTENANCE :: later": fault.Maintenance,
	} {
		t.Run(string(code)+"_IsAFault_"+detail, func(t *testing.T) {
			t.Parallel()
			b := open(t, 200, failed(detail))
			if got, err := b.ReadBatch(t.Context(), []string{"1", "2"}); !fault.Is(err, code) || got != nil {
				t.Errorf("%v, %v", got, err)
			}
			if _, err := b.Read(t.Context(), "1"); !fault.Is(err, code) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("LIMITED_IsAFault", func(t *testing.T) {
		t.Parallel()
		if _, err := open(t, 429, "slow down").Read(t.Context(), "1"); !fault.Is(err, fault.Limited) {
			t.Errorf("%v", err)
		}
	})
}

// TestTheTabIsAskedOnceForABatch counts calls, of a batch that is halved as well.
func TestTheTabIsAskedOnceForABatch(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) *bench {
		b := answering(t, func(w http.ResponseWriter, r *http.Request) {
			ids := strings.Split(r.URL.Query().Get("idlist")+r.URL.Query().Get("id"), ",")
			switch {
			case strings.HasSuffix(r.URL.Path, tabResource):
				_, _ = io.WriteString(w, reply(""))
			case slices.Contains(ids, "3"):
				_, _ = io.WriteString(w, failed("INVALID_DATA :: Customer not found"))
			default:
				var all strings.Builder
				for _, id := range ids {
					all.WriteString(card(id, "x"))
				}
				_, _ = io.WriteString(w, reply("<Customers>"+all.String()+"</Customers>"))
			}
		})
		b.tab = tabResource
		return b
	}
	tabs := func(b *bench) (out []string) {
		for _, r := range b.calls() {
			if strings.HasSuffix(r.URL.Path, tabResource) {
				out = append(out, r.URL.RawQuery)
			}
		}
		return out
	}
	for name, tc := range map[string]struct {
		ids  []string
		want []string
	}{
		"Ordinary": {[]string{"1", "2", "4"}, []string{"customerids=1,2,4"}},
		"Halved":   {[]string{"1", "2", "3", "4"}, []string{"customerids=1,2,4"}},
		"One":      {[]string{"1"}, []string{"customerid=1"}},
		"NoneCame": {[]string{"3"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			if _, err := b.ReadBatch(t.Context(), tc.ids); err != nil {
				t.Fatal(err)
			}
			if got := tabs(b); !slices.Equal(got, tc.want) {
				t.Errorf("asked %q", got)
			}
		})
	}
	t.Run("NotOfWhoNeverComesIn", func(t *testing.T) {
		t.Parallel()
		b := body(t, 200, reply(strings.Replace(card("1", "A"), ">N1<", ">TEMP<", 1)))
		b.tab = tabResource
		if r, err := b.Read(t.Context(), "1"); err != nil || r.Excluded == "" || len(tabs(b)) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("OffItIsNeverAskedAndNothingOfItHasAPlace", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		b.tab = ""
		if records, err := b.ReadBatch(t.Context(), []string{"1", "2"}); err != nil || len(records[0].Untold)+len(tabs(b)) != 0 || len(b.calls()) != 1 {
			t.Errorf("%+v, %v", records, err)
		}
		email := customer.PartField(customer.PartContact, tabKey, "emails")
		for _, settings := range []map[string]string{nil, {ResponsibilityResource: " "}, {ResponsibilityResource: tabResource}} {
			on := settings[ResponsibilityResource] == tabResource
			reads, writes := Kind().ReadsWith(settings), Kind().WritesWith(settings)
			if reads(email) != on || writes(email) != on || writes(customer.FieldKYCRiskClass) != on {
				t.Errorf("%v: reads %v, writes %v and %v", settings, reads(email), writes(email), writes(customer.FieldKYCRiskClass))
			}
			if reads(customer.FieldKYCRiskClass) || !reads(customer.FieldName) || !writes(customer.FieldName) {
				t.Errorf("%v: what is not on the tab", settings)
			}
			if office := customer.PartField(customer.PartContact, tabKey, "office"); reads(office) || writes(office) {
				t.Errorf("%v: the tab has no office", settings)
			}
		}
	})
}

// TestTabSteps are steps that the tab cannot carry, and what it shows as it is.
func TestTabSteps(t *testing.T) {
	t.Parallel()
	ok := reply("")
	for name, tc := range map[string]struct {
		step connector.Step
		want fault.Code
	}{
		"NothingOfTheStatus":      {connector.Step{Record: "7", Key: connector.KYCStatus}, fault.Invalid},
		"AFieldOfTheCard":         {connector.Step{Record: "7", Key: connector.KYCStatus, Set: customer.Fields{customer.FieldName: "x"}}, fault.Invalid},
		"AFieldTheTabHasNot":      {connector.Step{Record: "7", Part: customer.PartContact, Key: tabKey, Set: customer.Fields{"title": "x"}}, fault.Invalid},
		"ANameThatIsTooLong":      {connector.Step{Record: "7", Part: customer.PartContact, Key: tabKey, Set: customer.Fields{"lastName": strings.Repeat("x", 101)}}, fault.Invalid},
		"ANameThatIsHidden":       {connector.Step{Record: "7", Part: customer.PartContact, Key: tabKey, Set: customer.Fields{"lastName": "Malli ******-****"}}, fault.Invalid},
		"NoCustomer":              {connector.Step{Part: customer.PartContact, Key: tabKey, Set: customer.Fields{"lastName": "x"}}, fault.Invalid},
		"AnOfficeOfThatName":      {connector.Step{Record: "7", Part: customer.PartOffice, Key: tabKey, Set: customer.Fields{"name": "x"}, Want: customer.Fields{"name": "x"}}, fault.Invalid},
		"RemarksWithWhatIsHidden": {connector.Step{Record: "7", Key: connector.KYCStatus, Set: customer.Fields{customer.FieldKYCNotes: "Malli ******-****"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answers(t, says(ok))
			p.tab = tabResource
			_, err := p.Write(t.Context(), tc.step)
			if fault.CodeOf(err) != tc.want || len(p.calls()) != map[bool]int{true: 1}[tc.want == ""] {
				t.Errorf("%v in %d calls", err, len(p.calls()))
			}
			p.tab = ""
			if _, err := p.Write(t.Context(), tc.step); onTab(tc.step) && !fault.Is(err, fault.Unsupported) {
				t.Errorf("without the tab: %v", err)
			}
		})
	}
}
