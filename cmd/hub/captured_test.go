package main_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// capturedCustomer is what the hub knows of a customer that came from a captured reply.
type capturedCustomer struct {
	Number, Name, NameExtension, Kind, Status string
	BusinessID                                *string `json:"businessId"`
	BusinessIDValid                           *bool   `json:"businessIdValid"`
	VATNumber                                 *string `json:"vatNumber"`
	Language                                  *string
	BillingEmails                             []string
	Phone                                     *struct{ Raw string }
	EInvoiceAddresses                         []struct{ Address, Operator, Kind string }
	Addresses                                 []struct{ Kind, Name, Line1, Postcode, City, Country string }
	Offices                                   []struct{ Name, Identifier string }
	Contacts                                  []struct {
		Person struct {
			FirstName, LastName string
			Emails              []string
		}
	}
	Links []capturedLink
}

type capturedLink struct {
	ExternalID string
	System     struct{ Kind string }
}

const listCaptured = `{ customers(first: 100) { totalCount nodes {
	number name nameExtension kind status businessId businessIdValid vatNumber language billingEmails phone { raw }
	einvoiceAddresses { address operator kind }
	addresses { kind name line1 postcode city country }
	offices { name identifier }
	contacts { person { firstName lastName emails } }
	links { externalId system { kind } }
} } }`

// captured starts a demo on a folder of captured replies and gives its customers by their Netvisor keys.
func captured(t *testing.T, load string) (*demo, map[string]capturedCustomer) {
	t.Helper()
	d := startDemo(t, nil, folder(t), "--load", load, "--change-every", "0s",
		"--address", "127.0.0.1:0", "--netvisor-address", "127.0.0.1:0")
	page := ask[struct {
		TotalCount int
		Nodes      []capturedCustomer
	}](d.api, "customers", listCaptured, nil)
	found := map[string]capturedCustomer{}
	for _, c := range page.Nodes {
		at := slices.IndexFunc(c.Links, func(l capturedLink) bool { return l.System.Kind == "NETVISOR" })
		if at < 0 {
			t.Fatalf("%s is not in Netvisor: %+v", c.Name, c.Links)
		}
		found[c.Links[at].ExternalID] = c
	}
	if len(found) != page.TotalCount {
		t.Errorf("%d customers with keys of their own, of %d", len(found), page.TotalCount)
	}
	return d, found
}

func TestDemoWithCapturedReplies(t *testing.T) {
	t.Parallel()
	load, err := filepath.Abs("testdata/captured")
	if err != nil {
		t.Fatal(err)
	}
	d, got := captured(t, load)

	t.Run("AllComeInButTEMP", func(t *testing.T) {
		want := []string{"3002", "3003", "3004", "3005", "3006", "3007", "3008", "3009", "3010", "3012"}
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
			t.Errorf("keys %s, want %s", keys, want)
		}
		if !strings.Contains(d.errOut.String(), "products.xml") {
			t.Error("a file that is no reply about customers is passed over in silence")
		}
	})
	for _, c := range []struct {
		name, key string
		good      func(capturedCustomer) bool
	}{
		{"CustomerWithoutACardHasWhatTheListSays", "3002", func(c capturedCustomer) bool {
			return c.Number == "L-1" && c.Name == "Pelkkä Lista Oy" && c.businessID("3100001-1", true) && c.Status == "ACTIVE"
		}},
		{"CardWithoutAKeyJoinsByCodeAndISO8859IsRead", "3003", func(c capturedCustomer) bool {
			return c.Number == "K-2" && c.Name == "Hämärän Höyläämö Oy" && c.businessID("3100003-8", true) &&
				len(c.Addresses) == 1 && c.Addresses[0].Line1 == "Pyykkölänväylä 2" && c.Addresses[0].City == "Jyväskylä"
		}},
		{"BusinessIDThatCannotBeIsKeptAndMarked", "3004", func(c capturedCustomer) bool {
			return c.businessID("1234567-8", false)
		}},
		{"IdentityCodeInThePlaceOfABusinessIDIsDropped", "3005", func(c capturedCustomer) bool {
			return c.Kind == "PRIVATE" && c.Name == "Åke Öberg" && c.BusinessID == nil && c.VATNumber == nil && c.BusinessIDValid == nil
		}},
		{"AccountNumberOfWrongLengthIsKeptAsFound", "3006", func(c capturedCustomer) bool {
			return len(c.EInvoiceAddresses) == 1 && c.EInvoiceAddresses[0].Address == "FI21123456000007" && c.EInvoiceAddresses[0].Operator == "NDEAFIHH" &&
				c.EInvoiceAddresses[0].Kind != "IBAN"
		}},
		{"EInvoiceAddressWithoutOperatorIsKept", "3007", func(c capturedCustomer) bool {
			return len(c.EInvoiceAddresses) == 1 && c.EInvoiceAddresses[0].Address == "003731000054" && c.EInvoiceAddresses[0].Operator == ""
		}},
		{"SingleContactPersonAndRepeatedOfficesAreLists", "3008", func(c capturedCustomer) bool {
			return c.Name == "Monitoimi & Pojat Oy" && len(c.Offices) == 2 && len(c.Contacts) == 1 &&
				c.Contacts[0].Person.FirstName == "Väinö" && c.Contacts[0].Person.LastName == "Keksitty" &&
				slices.Equal(c.Contacts[0].Person.Emails, []string{"vaino.keksitty@example.test"})
		}},
		{"SwedishAndListsOfAddressesAreUnderstoodBesideCommaDecimals", "3008", func(c capturedCustomer) bool {
			return c.Language != nil && *c.Language == "sv" && slices.Equal(c.BillingEmails, []string{"lasku@example.test", "arkisto@example.test"}) &&
				c.Phone != nil && c.Phone.Raw == "040 000 1234 / 09-000 567" && len(c.Addresses) == 2 && c.Addresses[1].City == "Åbo" &&
				c.Addresses[1].Name == "Varasto" && c.Addresses[0].Country == "FI"
		}},
		{"EmptyCodeIsNoNumberAndAMissingStatusNoError", "3009", func(c capturedCustomer) bool {
			return c.Number == "" && c.Name == "Märta Ångström" && c.Kind == "PRIVATE"
		}},
		{"InactiveIsNotDeleted", "3010", func(c capturedCustomer) bool { return c.Status == "INACTIVE" && c.Name == "Lepäävä Ky" }},
		{"CardInNoListIsListed", "3012", func(c capturedCustomer) bool {
			return c.Number == "U-12" && c.businessID("3100008-9", true)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !c.good(got[c.key]) {
				t.Errorf("%+v", got[c.key])
			}
		})
	}
	t.Run("P11_NoIdentityCodeIsAnywhereToBeSeen", func(t *testing.T) {
		changes, err := d.api.try(`{ changes(first: 200) { items { fields { field before after } customer { name businessId } } } }`, nil)
		if err != nil || len(changes.Errors) > 0 {
			t.Fatal(err, changes.Errors)
		}
		for where, text := range map[string]string{"changes": string(changes.Data["changes"]), "output": d.out.String(), "log": d.errOut.String()} {
			if strings.Contains(text, "010190-901R") {
				t.Errorf("in %s", where)
			}
		}
	})
	t.Run("AnotherLookFindsNothingNew", func(t *testing.T) {
		got := must(t, []string{"TMPDIR=" + d.tmp}, "sync", "--full", "--data", d.folders()[0])
		if !strings.HasPrefix(got, "11 customers: 0 new, 0 changed, 10 unchanged, 1 left out") {
			t.Error(got)
		}
	})
}

func (c capturedCustomer) businessID(id string, valid bool) bool {
	return c.BusinessID != nil && *c.BusinessID == id && c.BusinessIDValid != nil && *c.BusinessIDValid == valid
}

func TestDemoWithTheSandboxsOwnCapturedReplies(t *testing.T) {
	t.Parallel()
	load, err := filepath.Abs("../../internal/sandbox/netvisor/testdata/captured")
	if err != nil {
		t.Fatal(err)
	}
	d, got := captured(t, load)
	var lists struct{ Customers []struct{ Key string } }
	readJSON(t, d.info.Sandbox.Netvisor+"/_control/customers?limit=100", &lists)
	for _, c := range lists.Customers {
		if _, came := got[c.Key]; !came && c.Key != "1" { // 1 is TEMP there
			t.Errorf("%s did not come in", c.Key)
		}
	}
	if len(got) < 5 {
		t.Errorf("only %d customers", len(got))
	}
}

func TestDemoRefusesFoldersWithoutReplies(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, name, content string) string {
		dir := folder(t)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	const broken = "<?xml version=\"1.0\"?>\n<Root>\n  <Customers>\n    <Customer></Custom>\n  </Customers>\n</Root>\n"
	for _, c := range []struct {
		name, dir string
		words     []string
	}{
		{"EmptyFolder", folder(t), []string{"holds no captured customer replies", "*.xml"}},
		{"OnlyOtherFiles", write(t, "notes.txt", "hello"), []string{"holds no captured customer replies"}},
		{"BrokenXMLNamesFileAndLine", write(t, "reply.xml", broken), []string{"reply.xml", "line 4"}},
		{"NotXML", write(t, "reply.xml", "hello"), []string{"reply.xml", "line 1"}},
		{"EmptyFile", write(t, "reply.xml", ""), []string{"reply.xml", "line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, nil, "demo", "--load", c.dir, "--address", "127.0.0.1:0", "--netvisor-address", "127.0.0.1:0")
			refuses(t, r, 1, append(c.words, c.dir)...)
		})
	}
}
