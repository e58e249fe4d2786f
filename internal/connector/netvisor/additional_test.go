package netvisor

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
)

// oneCard reads a card from the XML of its CustomerAdditionalInformation.
func oneCard(t *testing.T, additional string) api.Customer {
	t.Helper()
	var card api.Customer
	_, err := api.ReadCustomers(strings.NewReader("<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customer>"+
		"<CustomerBaseInformation><NetvisorKey>1</NetvisorKey><Name>A</Name></CustomerBaseInformation><CustomerAdditionalInformation>"+
		additional+"</CustomerAdditionalInformation></Customer></Root>"), func(c api.Customer) error {
		card = c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func TestTags(t *testing.T) {
	t.Parallel()
	tag := func(name, kind, value string) string {
		return "<Tag><TagName>" + name + "</TagName><TagValue datatype=\"" + kind + "\">" + value + "</TagValue></Tag>"
	}
	card := oneCard(t, "<CustomTags>"+tag("Asiakaslähde", "enum", "Messut")+tag("Sopimus päättyy", "date", "1.2.2027")+
		tag("Luottoraja (€)", "decimal", "1200,50")+tag("Lisätieto", "text", "Soita 010190-900P ensin")+tag("Uusi tyyppi", "rating", "3")+
		tag("Lisätieto", "text", "toinen")+tag("***", "text", "x")+tag("", "text", "")+"</CustomTags>")
	if len(card.Unknown) > 0 {
		t.Errorf("unknown: %v", card.Unknown)
	}
	r := toRecord("1", card, nil)
	want := []customer.CustomField{
		{Key: "asiakaslahde", SourceID: "Asiakaslähde", Type: customer.EnumField},
		{Key: "sopimus_paattyy", SourceID: "Sopimus päättyy", Type: customer.DateField},
		{Key: "luottoraja", SourceID: "Luottoraja (€)", Type: customer.DecimalField},
		{Key: "lisatieto", SourceID: "Lisätieto", Type: customer.TextField},
		{Key: "uusi_tyyppi", SourceID: "Uusi tyyppi", Type: customer.TextField},
	}
	if diff := cmp.Diff(want, r.Custom); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]string{
		"asiakaslahde": "Messut", "sopimus_paattyy": "2027-02-01", "luottoraja": "1200.50", "lisatieto": "Soita ******-**** ensin", "uusi_tyyppi": "3",
	} {
		f := customer.CustomValueField(key)
		if got := r.Fields[f]; got != want || !reads(f) {
			t.Errorf("%s: %q, read %v", key, got, reads(f))
		}
	}
	codes := map[finding.Code]int{}
	for _, f := range r.Findings {
		codes[f.Code]++
	}
	if codes[finding.HetuMasked] != 1 || codes[finding.RecordUnreadable] != 2 {
		t.Errorf("findings %+v", r.Findings)
	}
}

func TestResponsible(t *testing.T) {
	t.Parallel()
	const list = `<SalesPersonnelList><SalesPerson netvisorkey="1"><FirstName>Aino</FirstName><LastName>Malli</LastName></SalesPerson>` +
		`<SalesPerson netvisorkey="2"><FirstName>Bo</FirstName><LastName>Malli</LastName></SalesPerson>` +
		`<SalesPerson netvisorkey="3"><FirstName>Bo</FirstName><LastName>Malli</LastName></SalesPerson></SalesPersonnelList>`
	cards := func(ids []string, who string) string {
		var all strings.Builder
		for _, id := range ids {
			all.WriteString("<Customer><CustomerBaseInformation><NetvisorKey>" + id + "</NetvisorKey><Name>A</Name></CustomerBaseInformation>" +
				"<CustomerAdditionalInformation><DefaultSalesPerson>" + who + "</DefaultSalesPerson></CustomerAdditionalInformation></Customer>")
		}
		return "<Customers>" + all.String() + "</Customers>"
	}
	for _, tc := range []struct {
		name, who, people, key string
		want                   fault.Code
	}{
		{"TheListHasTheKey", "Aino Malli", reply(list), "1", ""},
		{"OfTwoWithOneNameNeitherIsMeant", "Bo Malli", reply(list), "", ""},
		{"APersonWhoLeftHasNoKey", "Ceci Malli", reply(list), "", ""},
		{"ACompanyThatDoesNotGrantTheListHasNamesOnly", "Aino Malli", failed("SERVICE_ACCESS_ERROR :: no"), "", ""},
		{"ACutListIsNotBelieved", "Aino Malli", "<Root><ResponseStatus><Status>OK</Status></ResponseStatus><SalesPersonnelList>", "", fault.Unavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/salespersonnellist.nv") {
					_, _ = io.WriteString(w, tc.people)
					return
				}
				_, _ = io.WriteString(w, reply(cards(strings.Split(r.URL.Query().Get("idlist"), ","), tc.who)))
			})
			for range 2 {
				got, err := b.ReadBatch(t.Context(), []string{"7", "8"})
				if fault.CodeOf(err) != tc.want {
					t.Fatalf("got %v", err)
				}
				if err != nil {
					return
				}
				r := got[1].Fields
				if r[customer.FieldResponsibleName] != tc.who || r[customer.FieldResponsibleExternalID] != tc.key || r[customer.FieldResponsibleKind] != "USER" {
					t.Errorf("got %v", r)
				}
			}
			lists := 0
			for _, c := range b.calls() {
				if strings.Contains(c.RequestURI, "salespersonnellist") {
					lists++
				}
			}
			if lists != 1 {
				t.Errorf("the list was asked for %d times", lists)
			}
		})
	}
	t.Run("NobodyNamedNothingAsked", func(t *testing.T) {
		t.Parallel()
		b := register(t, func(ids []string, _ bool) string { return reply(cards(ids, "")) })
		if _, err := b.ReadBatch(t.Context(), []string{"7", "8"}); err != nil || len(b.calls()) != 1 {
			t.Errorf("%d calls, %v", len(b.calls()), err)
		}
	})
}
