package netvisor

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOffice(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 60, Seed: 1})
	key := b.mustPost(t, "customer.nv?method=add", base("<name>Toimistot Oy</name>"))
	address := func(name, street string) string {
		return "<" + name + "><streetaddress>" + street + "</streetaddress><postnumber>00100</postnumber><city>Helsinki</city><country type=\"ISO-3166\">FI</country></" + name + ">"
	}
	office := func(inner string) string { return "<root><office>" + inner + "</office></root>" }
	full := office("<name>Varasto</name><phonenumber>040 000 1</phonenumber><telefaxnumber>09</telefaxnumber><officeidentifier>V-1</officeidentifier>" +
		"<emailinvoicingaddress>lasku@example.test</emailinvoicingaddress>" + address("officecontactaddress", "Postikatu 1") + address("officevisitaddress", "Käyntikatu 2") +
		"<officefinvoicedetails><finvoiceaddress>00371967543801</finvoiceaddress><finvoiceroutercode>003721291126</finvoiceroutercode></officefinvoicedetails>")
	id := b.mustPost(t, "office.nv?method=add&customerid="+key, full)
	t.Run("EveryElementReadsBack", func(t *testing.T) {
		golden(t, "office.golden.xml", b.mustGet(t, "getcustomer.nv?id="+key).body)
		c, _ := b.Get("", number(t, key))
		if c.WriteOnly()["office/"+id+"/emailinvoicingaddress"] != "lasku@example.test" {
			t.Error(c.WriteOnly())
		}
	})
	edit := func(t *testing.T, inner string) map[string]string {
		t.Helper()
		if a := b.post(t, "office.nv?method=edit&customerid="+key+"&officeid="+id, office(inner)); a.failure() != "" || strings.Contains(a.body, "InsertedDataIdentifier") {
			t.Fatal(a.body)
		}
		c, _ := b.Get("", number(t, key))
		return c.Offices()[0]
	}
	t.Run("T25_AbsentKeepsEmptyClears", func(t *testing.T) {
		want := map[string]string{}
		c, _ := b.Get("", number(t, key))
		maps.Copy(want, c.Offices()[0])
		want["OfficeName"] = "Halli"
		delete(want, "OfficePhoneNumber")
		if got := edit(t, "<name>Halli</name><phonenumber/>"); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, k := range []string{"OfficeFinvoiceDetails/FinvoiceAddress", "OfficeFinvoiceDetails/FinvoiceRouterCode"} {
			delete(want, k)
		}
		if got := edit(t, "<name>Halli</name><officevisitaddress/><officefinvoicedetails><finvoiceaddress/><finvoiceroutercode/></officefinvoicedetails>"); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("IBANIsAnInvoiceAddressToo", func(t *testing.T) {
		if got := edit(t, "<name>A</name><officefinvoicedetails><finvoiceaddress>FI2112345600000785</finvoiceaddress><finvoiceroutercode>NDEAFIHH</finvoiceroutercode></officefinvoicedetails>"); got["OfficeFinvoiceDetails/FinvoiceRouterCode"] != "NDEAFIHH" {
			t.Error(got)
		}
	})
	invoice := func(address, router string) string {
		return "<name>A</name><officefinvoicedetails><finvoiceaddress>" + address + "</finvoiceaddress><finvoiceroutercode>" + router + "</finvoiceroutercode></officefinvoicedetails>"
	}
	in := "method=edit&customerid=" + key + "&officeid=" + id
	for name, tt := range map[string][3]string{
		"NoName":            {in, "<phonenumber>1</phonenumber>", "office/name is missing"},
		"EmptyName":         {in, "<name/>", "office/name must not be empty"},
		"Order":             {in, "<phonenumber>1</phonenumber><name>A</name>", "office/name is out of order"},
		"HalfAnAddress":     {in, "<name>A</name><officevisitaddress><city>Kemi</city></officevisitaddress>", "office/officevisitaddress/streetaddress is missing"},
		"InvoiceAddress":    {in, invoice("TE003701011385TEST", "003721291126"), "office/officefinvoicedetails/finvoiceaddress has an invalid value"},
		"OVTCheckDigit":     {in, invoice("003719675439", "003721291126"), "finvoiceaddress has an invalid value"},
		"IBANCheckDigit":    {in, invoice("FI2112345600000786", "NDEAFIHH"), "finvoiceaddress has an invalid value"},
		"UnknownOperator":   {in, invoice("003719675438", "X"), "finvoiceroutercode has an invalid value"},
		"UnknownOffice":     {"method=edit&officeid=5&customerid=" + key, "<name>A</name>", "Office not found with Netvisor identifier: 5"},
		"UnknownCustomer":   {"method=add&customerid=5", "<name>A</name>", "Customer not found with Netvisor identifier: 5"},
		"NoOfficeID":        {"method=edit&customerid=" + key, "<name>A</name>", "parameter officeid is missing"},
		"NoCustomerID":      {"method=add", "<name>A</name>", "parameter customerid is missing"},
		"NoMethod":          {"customerid=" + key, "<name>A</name>", "parameter method is missing"},
		"DeleteIsNoMethod":  {"method=delete&customerid=" + key + "&officeid=" + id, "<name>A</name>", "parameter method has an invalid value: delete"},
		"OfficeOfAnother":   {"method=edit&customerid=1002&officeid=" + id, "<name>A</name>", "Office not found"},
		"UnknownElement":    {in, "<name>A</name><city>B</city>", "office/city is not known"},
		"EmptyMessageOfAdd": {"method=add&customerid=" + key, "", "office/name is missing"},
	} {
		t.Run(name+"IsRefused", func(t *testing.T) {
			if got := b.post(t, "office.nv?"+tt[0], office(tt[1])).failure(); !strings.HasPrefix(got, "INVALID_DATA :: Data form incorrect") || !strings.Contains(got, tt[2]) {
				t.Errorf("got %q, want %q", got, tt[2])
			}
		})
	}
	t.Run("KeysAreNotUsedAgainAndDoNotClash", func(t *testing.T) {
		seen := map[string]bool{id: true}
		for range 150 {
			next := b.mustPost(t, "office.nv?method=add&customerid="+key, office("<name>Lisää</name>"))
			if seen[next] {
				t.Fatalf("key %s is given twice", next)
			}
			seen[next] = true
		}
		other := b.mustPost(t, "customer.nv?method=add", base("<name>Seuraava</name>"))
		if next := b.mustPost(t, "office.nv?method=add&customerid="+other, office("<name>Yksi</name>")); seen[next] {
			t.Errorf("key %s belongs to two customers", next)
		}
	})
	t.Run("QuietPartsLeaveTheStamp", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Customers: 2, QuietParts: true})
		key := b.mustGet(t, "customerlist.nv").keys(t)[1]
		b.mustPost(t, "office.nv?method=add&customerid="+key, office("<name>A</name>"))
		if got := b.mustGet(t, "customerlist.nv?changedsince=2026-01-01").keys(t); len(got) != 0 {
			t.Error(got)
		}
		b.mustPost(t, "customer.nv?method=edit&id="+key, base("<city>Oulu</city>"))
		if got := b.mustGet(t, "customerlist.nv?changedsince=2026-01-01").keys(t); len(got) != 1 {
			t.Error(got)
		}
	})
}

func TestContactPerson(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 60, Seed: 1})
	key := b.mustPost(t, "customer.nv?method=add", base("<name>Ihmiset Oy</name>"))
	office := b.mustPost(t, "office.nv?method=add&customerid="+key, "<root><office><name>Varasto</name></office></root>")
	person := func(method, id, rest string) string {
		if id != "" {
			id = `<contactpersonidentifier type="netvisor">` + id + "</contactpersonidentifier>"
		}
		return "<root><contactperson><method>" + method + `</method><customeridentifier type="netvisor">` + key + "</customeridentifier>" + id + rest + "</contactperson></root>"
	}
	const named = `<firstname>Äiti</firstname><lastname>Öhman</lastname><language type="ISO-3166">SE</language>`
	add := func(t *testing.T, rest string) string {
		t.Helper()
		return b.mustPost(t, "contactperson.nv", person("add", "", rest))
	}
	people := func(t *testing.T) (map[string]map[string]string, map[string]string) {
		t.Helper()
		c, _ := b.Get("", number(t, key))
		out := map[string]map[string]string{}
		for _, p := range c.ContactPersons() {
			out[p["ContactPersonID"]] = p
		}
		return out, c.WriteOnly()
	}
	id := add(t, "<isdefault>true</isdefault>"+named+"<phonenumber>+358 40 000 1</phonenumber><email>a@example.test</email><title>Tj</title>"+
		`<officeidentifier type="netvisor">`+office+`</officeidentifier><positionidentifier type="netvisor">4</positionidentifier>`+
		`<contactpersonaddress><streetaddress>Katu 1</streetaddress><postnumber>00100</postnumber><city>Kemi</city><country type="ISO-3166">FI</country></contactpersonaddress>`)
	t.Run("ReadsBackWhatHasAPlaceAndKeepsTheRest", func(t *testing.T) {
		golden(t, "person.golden.xml", b.mustGet(t, "getcustomer.nv?id="+key).body)
		_, hidden := people(t)
		for name, want := range map[string]string{"language": "SE", "title": "Tj", "position": "4", "isdefault": "true", "address/city": "Kemi"} {
			if got := hidden["contactperson/"+id+"/"+name]; got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
	})
	t.Run("DefaultMovesAndCannotBeUnset", func(t *testing.T) {
		second := add(t, "<isdefault>true</isdefault>"+named)
		_, hidden := people(t)
		if hidden["contactperson/"+id+"/isdefault"] != "" || hidden["contactperson/"+second+"/isdefault"] != "true" {
			t.Error(hidden)
		}
		for _, v := range []string{"false", "0", ""} {
			if got := b.post(t, "contactperson.nv", person("edit", second, "<isdefault>"+v+"</isdefault>"+named)).category(); got != "INVALID_DATA" {
				t.Errorf("isdefault %q: %q", v, got)
			}
		}
	})
	t.Run("T25_AbsentKeepsEmptyAndZeroClear", func(t *testing.T) {
		b.mustPost(t, "contactperson.nv", person("edit", id, named+`<email/><officeidentifier type="netvisor">0</officeidentifier><positionidentifier type="netvisor">0</positionidentifier>`))
		all, hidden := people(t)
		if p := all[id]; p["ContactPersonEmail"] != "" || p["ContactPersonOfficeNetvisorKey"] != "" || p["ContactPersonPhoneNumber"] != "+358 40 000 1" || hidden["contactperson/"+id+"/title"] != "Tj" || hidden["contactperson/"+id+"/position"] != "" {
			t.Error(p, hidden)
		}
	})
	t.Run("DeletedOnesAreGoneAndTheirKeysToo", func(t *testing.T) {
		last := add(t, named)
		b.mustPost(t, "contactperson.nv", person("delete", last, ""))
		all, hidden := people(t)
		for path := range hidden {
			if strings.Contains(path, "/"+last+"/") {
				t.Errorf("%s is left", path)
			}
		}
		if all[last] != nil {
			t.Error("still there")
		}
		if next := add(t, named); next == last {
			t.Error("the key is used again")
		}
	})
	long := strings.Repeat("ö", 201)
	for name, tt := range map[string][2]string{
		"NoMethod":          {strings.Replace(person("add", "", named), "<method>add</method>", "", 1), "contactperson/method is missing"},
		"UnknownMethod":     {person("remove", id, named), "contactperson/method has an invalid value"},
		"NoCustomer":        {"<root><contactperson><method>add</method>" + named + "</contactperson></root>", "contactperson/customeridentifier is missing"},
		"UnknownCustomer":   {strings.ReplaceAll(person("add", "", named), ">"+key+"<", ">5<"), "Customer not found with Netvisor identifier: 5"},
		"IdentifierKind":    {strings.ReplaceAll(person("add", "", named), `type="netvisor"`, `type="customer"`), "customeridentifier has an invalid attribute type: customer"},
		"EditWithoutPerson": {person("edit", "", named), "contactperson/contactpersonidentifier is missing"},
		"UnknownPerson":     {person("edit", "7", named), "Contact person not found with Netvisor identifier: 7"},
		"NoLanguage":        {person("add", "", "<firstname>A</firstname><lastname>B</lastname>"), "contactperson/language is missing"},
		"EditNeedsNames":    {person("edit", id, "<email>a@example.test</email>"), "contactperson/firstname is missing"},
		"Language":          {person("add", "", `<firstname>A</firstname><lastname>B</lastname><language type="ISO-3166">SV</language>`), "contactperson/language has an invalid value: SV"},
		"NoFirstName":       {person("add", "", `<firstname/><lastname>B</lastname><language type="ISO-3166">FI</language>`), "contactperson/firstname must not be empty"},
		"NoLastName":        {person("add", "", `<firstname>A</firstname><lastname> </lastname><language type="ISO-3166">FI</language>`), "contactperson/lastname must not be empty"},
		"UnknownOffice":     {person("edit", id, named+`<officeidentifier type="netvisor">9</officeidentifier>`), "Office not found with Netvisor identifier: 9"},
		"Order":             {person("edit", id, named+"<email/><phonenumber/>"), "contactperson/phonenumber is out of order"},
		"LongEmail":         {person("edit", id, named+"<email>"+long+"</email>"), "contactperson/email is longer than 200"},
		"LongFirstName":     {person("edit", id, "<firstname>"+long+"</firstname><lastname/><language>FI</language>"), "contactperson/firstname is longer than 100"},
	} {
		t.Run(name+"IsRefused", func(t *testing.T) {
			if got := b.post(t, "contactperson.nv", tt[0]).failure(); !strings.HasPrefix(got, "INVALID_DATA") || !strings.Contains(got, tt[1]) {
				t.Errorf("got %q, want %q", got, tt[1])
			}
		})
	}
}

func TestResponsibility(t *testing.T) {
	t.Parallel()
	t.Run("OffByDefault", func(t *testing.T) {
		t.Parallel()
		if a := setup(t, Options{Customers: 1}).get(t, "customerresponsibility.nv?customerid=1"); a.status != 404 {
			t.Errorf("HTTP %d", a.status)
		}
	})
	b := setup(t, Options{Customers: 100, Seed: 1, Responsibility: true})
	withPerson := ""
	for c := range b.Customers("") {
		if r := c.Responsibility(); r.FirstName != "" && withPerson == "" {
			withPerson = c.Fields()["NetvisorKey"]
		} else if c.Get("isPrivateCustomer") == "1" && r != (Responsibility{}) {
			t.Errorf("private customer %d has a tab", c.Key())
		}
	}
	body := func(inner string) string {
		return "<root><customerresponsibility>" + inner + "</customerresponsibility></root>"
	}
	t.Run("StatusIsWrittenAndReadWithTheContactPerson", func(t *testing.T) {
		card := b.mustGet(t, "getcustomer.nv?replyoption=15&id="+withPerson).body
		b.mustPost(t, "customerresponsibility.nv?customerid="+withPerson, body(`<requiresactions>1</requiresactions><latestriskassessment format="ansi">2026-01-15</latestriskassessment>`+
			`<duediligenceexpires format="ansi">2027-01-15</duediligenceexpires><riskclass>high</riskclass><remarks>Tarkista &amp; öljy</remarks>`))
		b.mustPost(t, "customerresponsibility.nv?customerid="+withPerson, body("<remarks/>"))
		golden(t, "responsibility.golden.xml", b.mustGet(t, "customerresponsibility.nv?CustomerId="+withPerson).body)
		if after := b.mustGet(t, "getcustomer.nv?replyoption=15&id="+withPerson).body; after != card {
			t.Error("the card shows the tab")
		}
	})
	t.Run("SeveralTabsComeInOneReply", func(t *testing.T) {
		one := b.mustGet(t, "customerresponsibility.nv?customerid="+withPerson).body
		element := one[strings.Index(one, "  <CustomerResponsibility>"):strings.Index(one, "</Root>")]
		got := b.mustGet(t, "customerresponsibility.nv?customerids=1002,5,"+withPerson+",1002").body
		if strings.Count(got, "<CustomerResponsibility>") != 2 || !strings.Contains(got, element) || !strings.Contains(got, "<CustomerNetvisorKey>1002<") {
			t.Error(got)
		}
		if got := b.mustGet(t, "customerresponsibility.nv?customerids=5").body; strings.Contains(got, "CustomerResponsibility") {
			t.Error(got)
		}
		for query, want := range map[string]string{
			"customerids=1002&customerid=1002":               "give either customerid or customerids",
			"customerids=1002,x":                             "customerids has an invalid value: x",
			"customerids=" + strings.Repeat("1,", 100) + "1": "customerids has more than 100 values",
		} {
			if got := b.get(t, "customerresponsibility.nv?"+query).failure(); !strings.Contains(got, want) {
				t.Errorf("%s: %q", query, got)
			}
		}
	})
	t.Run("AChangeOfTheTabIsAChangeOfTheCustomer", func(t *testing.T) {
		since := func(at string) bool {
			return slices.Contains(b.mustGet(t, "customerlist.nv?changedsince="+at).keys(t), withPerson)
		}
		for name, change := range map[string]func(){
			"ThroughTheService": func() {
				b.mustPost(t, "customerresponsibility.nv?customerid="+withPerson, body("<contactperson><firstname>Uusi</firstname></contactperson>"))
			},
			"ByPeopleOfTheCompany": func() {
				b.controlCall(t, "POST", "customers/"+withPerson, `{"responsibility":{"firstName":"Toinen"}}`)
			},
		} {
			b.clock.advance(time.Minute)
			at := b.clock.now().In(b.helsinki).Format("2006-01-02T15:04:05")
			b.clock.advance(time.Minute)
			if since(at) {
				t.Fatal(name, "listed before")
			}
			change()
			if !since(at) {
				t.Errorf("%s: not listed", name)
			}
		}
	})
	for name, tt := range map[string][3]string{
		"RiskClass": {withPerson, body("<riskclass>extreme</riskclass>"), "riskclass has an invalid value"},
		"Date":      {withPerson, body("<latestriskassessment>15.1.2026</latestriskassessment>"), "latestriskassessment has an invalid value"},
		"Flag":      {withPerson, body("<requiresactions>yes</requiresactions>"), "requiresactions has an invalid value"},
		"Order":     {withPerson, body("<remarks/><riskclass/>"), "riskclass is out of order"},
		"Unknown":   {"5", body("<remarks/>"), "Customer not found"},
		"NoID":      {"", body("<remarks/>"), "parameter customerid is missing"},
	} {
		t.Run(name+"IsRefused", func(t *testing.T) {
			if got := b.post(t, "customerresponsibility.nv?customerid="+tt[0], tt[1]).failure(); !strings.Contains(got, tt[2]) {
				t.Errorf("got %q, want %q", got, tt[2])
			}
		})
	}
	t.Run("PeopleOfTheCompanySetTheContactPerson", func(t *testing.T) {
		status, out := b.controlCall(t, "POST", "customers/1002", `{"responsibility":{"firstName":"Liisa","contactPerson/email":"liisa@example.test"}}`)
		if status != 200 || out["responsibility"].(map[string]any)["ContactPerson/FirstName"] != "Liisa" {
			t.Error(status, out)
		}
		if status, _ := b.controlCall(t, "POST", "customers/1002", `{"responsibility":{"risk":"x"}}`); status != 400 {
			t.Error(status)
		}
		if got := b.mustGet(t, "customerresponsibility.nv?customerid=1002").body; !strings.Contains(got, "<Email>liisa@example.test</Email>") {
			t.Error(got)
		}
	})
}
