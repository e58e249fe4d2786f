package netvisor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// post sends a message, signed like a read.
func (b *bench) post(t *testing.T, path, body string, change ...func(*Signed, http.Header)) answer {
	t.Helper()
	return b.send(t, b.postRequest(t, path, body, change...))
}

func (b *bench) postRequest(t *testing.T, path, body string, change ...func(*Signed, http.Header)) *http.Request {
	t.Helper()
	signed := b.request(t.Context(), path, change...)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, signed.URL.String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = signed.Header
	r.Header.Set("Content-Type", "text/plain")
	return r
}

// mustPost also demands success, and returns the identifier of what was added, if any.
func (b *bench) mustPost(t *testing.T, path, body string) string {
	t.Helper()
	a := b.post(t, path, body)
	if f := a.failure(); f != "" {
		t.Fatalf("%s: %s\n%s", path, f, body)
	}
	return a.root(t).child("Replies").value("InsertedDataIdentifier")
}

func base(inner string) string {
	return "<root><customer><customerbaseinformation>" + inner + "</customerbaseinformation></customer></root>"
}

// message is a customer message with further aggregates behind an empty base.
func message(inner string) string {
	return "<root><customer><customerbaseinformation/>" + inner + "</customer></root>"
}

func (b *bench) fields(t *testing.T, key string) map[string]string {
	t.Helper()
	c, ok := b.Get("", number(t, key))
	if !ok {
		t.Fatalf("no customer %s", key)
	}
	return c.Fields()
}

func number(t *testing.T, key string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(key, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAddCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 60, Seed: 1})
	full := `<root><customer><customerbaseinformation>
  <internalidentifier>ÄÖ-1</internalidentifier><externalidentifier>1967543-8</externalidentifier><organizationunitnumber>00371967543801</organizationunitnumber>
  <name>Öljymäen Sähkö &amp; Ääni Oy</name><nameextension>Pohjoinen</nameextension><streetaddress>Kauppakatu 1</streetaddress><additionaladdressline>PL 5</additionaladdressline>
  <city>Äänekoski</city><postnumber>00100</postnumber><country type="ISO-3166">FI</country><customergroupname>Uusi ryhmä</customergroupname>
  <phonenumber>040 000 1234</phonenumber><faxnumber>09 1234</faxnumber><email>info@oljy.example.test</email><homepageuri>https://oljy.example.test</homepageuri>
  <isactive>1</isactive><isprivatecustomer>0</isprivatecustomer><emailinvoicingaddress>a@oljy.example.test;b@oljy.example.test</emailinvoicingaddress></customerbaseinformation>
 <customerfinvoicedetails><finvoiceaddress>003719675438</finvoiceaddress><finvoiceroutercode>003721291126</finvoiceroutercode></customerfinvoicedetails>
 <customerdeliverydetails><deliveryname>Varasto</deliveryname><deliverystreetaddress>Satamakatu 2</deliverystreetaddress><deliverycity>Kemi</deliverycity><deliverypostnumber>94100</deliverypostnumber><deliverycountry type="ISO-3316">SE</deliverycountry></customerdeliverydetails>
 <customercontactdetails><contactname>x</contactname><contactperson>Aino Öhman</contactperson><contactpersonemail>aino@oljy.example.test</contactpersonemail><contactpersonphone>050 000 1</contactpersonphone></customercontactdetails>
 <customeradditionalinformation><comment>Huom</comment><customeragreementidentifier>S-1</customeragreementidentifier><customerreferencenumber>1009</customerreferencenumber><usecreditorreferencenumber>1</usecreditorreferencenumber><useorderreferencenumber>0</useorderreferencenumber>
  <invoicinglanguage type="ISO-3166">SE</invoicinglanguage><invoiceprintchannelformat type="netvisor">2</invoiceprintchannelformat><yourdefaultreference>Viite</yourdefaultreference><defaulttextbeforeinvoicelines>Ennen</defaulttextbeforeinvoicelines><defaulttextafterinvoicelines>Jälkeen</defaulttextafterinvoicelines>
  <defaultpaymentterm type="netvisor">13</defaultpaymentterm><paymentinterest>7,5</paymentinterest><balancelimit>1500</balancelimit><factoringaccount type="customer">Factor Test Ab</factoringaccount><taxhandlingtype>countrygroup</taxhandlingtype><eustandardfinvoice>1</eustandardfinvoice>
  <defaultsalesperson><salespersonid type="netvisor">3</salespersonid></defaultsalesperson></customeradditionalinformation>
 <customerdimensiondetails><dimension><dimensionname>Kustannuspaikka</dimensionname><dimensionitem>200 Myynti</dimensionitem></dimension><dimension><dimensionname>Alue</dimensionname><dimensionitem>Etelä</dimensionitem></dimension></customerdimensiondetails>
</customer></root>`
	t.Run("EveryElementReadsBackUnderItsOtherName", func(t *testing.T) {
		key := b.mustPost(t, "customer.nv?method=add", full)
		golden(t, "written.golden.xml", b.mustGet(t, "getcustomer.nv?id="+key).body)
		c, _ := b.Get("", number(t, key))
		if w := c.WriteOnly(); w["contactname"] != "x" || w["paymentinterest"] != "7,5" || w["invoiceprintchannelformat"] != "2" {
			t.Errorf("write-only: %v", w)
		}
		if got := b.mustGet(t, "customerlist.nv?"+query("customercodelist", "ÄÖ-1")).keys(t); !slices.Equal(got, []string{key}) {
			t.Error(got)
		}
	})
	t.Run("AnswerHoldsTheKey", func(t *testing.T) {
		a := b.post(t, "Customer.nv?METHOD=Add", base("<name>A</name>"))
		if a.status != 200 || !strings.Contains(a.body, "<Status>OK</Status>") || a.root(t).child("Replies").value("InsertedDataIdentifier") == "" {
			t.Error(a.body)
		}
	})
	t.Run("NameAloneIsEnoughAndTheCountryIsFinland", func(t *testing.T) {
		f := b.fields(t, b.mustPost(t, "customer.nv?method=add", base("<name>Yksin</name>")))
		if f["Country"] != "FI" || f["InternalIdentifier"] != "" || f["IsActive"] != "1" || f["IsPrivateCustomer"] != "0" {
			t.Error(f)
		}
	})
	t.Run("ElementNamesInAnyCase", func(t *testing.T) {
		f := b.fields(t, b.mustPost(t, "customer.nv?method=add", "<Root><CUSTOMER><customerBaseInformation><Name>Iso</Name><postNumber>1</postNumber></customerBaseInformation></CUSTOMER></Root>"))
		if f["Name"] != "Iso" || f["PostNumber"] != "1" {
			t.Error(f)
		}
	})
	t.Run("BodyInLatin9", func(t *testing.T) {
		body, _ := encodeLatin9(base("<name>Ähtäri 5 €</name>"))
		if f := b.fields(t, b.mustPost(t, "customer.nv?method=add", body)); f["Name"] != "Ähtäri 5 €" {
			t.Error(f)
		}
	})
	t.Run("AutomaticNumbersAreTheNextFree", func(t *testing.T) {
		automatic := base(`<internalidentifier type="automatic"></internalidentifier><name>N</name>`)
		b.mustPost(t, "customer.nv?method=add", base(`<internalidentifier>100062</internalidentifier><name>Varattu</name>`))
		var got []string
		for range 2 {
			got = append(got, b.fields(t, b.mustPost(t, "customer.nv?method=add", automatic))["InternalIdentifier"])
		}
		if want := []string{"100061", "100063"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if status, out := b.controlCall(t, "POST", "settings", `{"nextCode":"500"}`); status != 200 || out["nextCode"] != "500" {
			t.Error(status, out)
		}
		if got := b.fields(t, b.mustPost(t, "customer.nv?method=add", automatic))["InternalIdentifier"]; got != "500" {
			t.Error(got)
		}
	})
	t.Run("UnknownGroupIsMadeOnceAndFoundAgain", func(t *testing.T) {
		one := b.fields(t, b.mustPost(t, "customer.nv?method=add", base("<name>A</name><customergroupname>Aivan uusi</customergroupname>")))
		two := b.fields(t, b.mustPost(t, "customer.nv?method=add", base("<name>B</name><customergroupname>Aivan uusi</customergroupname>")))
		old := b.fields(t, b.mustPost(t, "customer.nv?method=add", base("<name>C</name><customergroupname>Taloyhtiöt</customergroupname>")))
		if one["CustomerGroupNetvisorKey"] == "" || one["CustomerGroupNetvisorKey"] != two["CustomerGroupNetvisorKey"] || old["CustomerGroupNetvisorKey"] != "4" {
			t.Error(one, two, old)
		}
	})
	t.Run("UnknownDimensionIsMadeUnlessForbidden", func(t *testing.T) {
		dimension := base("<name>D</name>")[:len(base("<name>D</name>"))-len("</customer></root>")] +
			"<customerdimensiondetails><dimension><dimensionname>Uusi</dimensionname><dimensionitem>Kohta</dimensionitem></dimension></customerdimensiondetails></customer></root>"
		if a := b.post(t, "customer.nv?method=add&useonlyexistingdimensions=1", dimension); a.category() != "INVALID_DATA" || !strings.Contains(a.failure(), "Uusi, Kohta") {
			t.Error(a.failure())
		}
		b.mustPost(t, "customer.nv?method=add", dimension)
		b.mustPost(t, "customer.nv?method=add&useonlyexistingdimensions=1", dimension)
	})
}

func TestMessagesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 60, Seed: 1})
	const data = "INVALID_DATA :: Data form incorrect"
	long := func(n int) string { return strings.Repeat("ä", n) }
	extra := func(s string) string {
		return message("<customeradditionalinformation>" + s + "</customeradditionalinformation>")
	}
	before := b.mustGet(t, "getcustomer.nv?replyoption=15&id=1002").body
	tests := []struct{ name, query, body, want string }{
		{"Declaration", "method=edit&id=1002", `<?xml version="1.0"?>` + base(""), data + ": the message must begin with <root>"},
		{"ByteOrderMark", "method=edit&id=1002", "\uFEFF" + base(""), data + ": the message must begin"},
		{"NoRoot", "method=edit&id=1002", "<customer/>", data + ": the message must begin"},
		{"AnotherRoot", "method=edit&id=1002", "<rootless></rootless>", data + ": the message must begin"},
		{"Empty", "method=edit&id=1002", "", data + ": the message must begin"},
		{"NoXML", "method=edit&id=1002", "<root><customer>", data + ": the message cannot be read, line 1"},
		{"Entities", "method=edit&id=1002", "<root><!DOCTYPE x [<!ENTITY a 'b'>]><customer/></root>", data + ": the message cannot be read"},
		{"HTMLEntity", "method=edit&id=1002", base("<name>&auml;</name>"), data + ": the message cannot be read"},
		{"NUL", "method=edit&id=1002", base("<name>a\x00</name>"), data + ": the message cannot be read"},
		{"TooDeep", "method=edit&id=1002", "<root>" + strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50) + "</root>", data + ": the message cannot be read"},
		{"TwoDocuments", "method=edit&id=1002", base("") + base(""), data + ": the message cannot be read"},
		{"TwoCustomers", "method=edit&id=1002", "<root><customer><customerbaseinformation/></customer><customer/></root>", data + ": element customer is given more"},
		{"AnotherMessage", "method=edit&id=1002", "<root><office/></root>", data + ": element office is not known"},
		{"EmptyRoot", "method=edit&id=1002", "<root></root>", data + ": element customer is missing"},
		{"NoBaseInformation", "method=edit&id=1002", "<root><customer></customer></root>", data + ": element customer/customerbaseinformation is missing"},
		{"UnknownElement", "method=edit&id=1002", base("<name>A</name><surname>B</surname>"), data + ": element customer/customerbaseinformation/surname is not known"},
		{"ReadNameIsNoWriteName", "method=edit&id=1002", base("<additionalstreetaddress>B</additionalstreetaddress>"), data + ": element customer/customerbaseinformation/additionalstreetaddress is not known"},
		{"ReadNameOfReference", "method=edit&id=1002", extra("<referencenumber>1</referencenumber>"), data + ": element customer/customeradditionalinformation/referencenumber is not known"},
		{"OutOfOrder", "method=edit&id=1002", base("<city>Oulu</city><name>A</name>"), data + ": element customer/customerbaseinformation/name is out of order"},
		{"AggregatesOutOfOrder", "method=edit&id=1002", message("<customerdeliverydetails/><customerfinvoicedetails/>"), data + ": element customer/customerfinvoicedetails is out of order"},
		{"Twice", "method=edit&id=1002", base("<name>A</name><name>A</name>"), data + ": element customer/customerbaseinformation/name is given more than once"},
		{"TextBetween", "method=edit&id=1002", base("A"), data + ": element customer/customerbaseinformation has an invalid value: A"},
		{"ElementInText", "method=edit&id=1002", base("<name><b>A</b></name>"), data + ": element customer/customerbaseinformation/name/b is not known"},
		{"LongName", "method=edit&id=1002", base("<name>" + long(251) + "</name>"), "INVALID_DATA_SIZE :: The value of element customer/customerbaseinformation/name is longer than 250"},
		{"LongCode", "method=edit&id=1002", base("<internalidentifier>" + long(51) + "</internalidentifier>"), "INVALID_DATA_SIZE"},
		{"LongStreet", "method=edit&id=1002", base("<streetaddress>" + long(81) + "</streetaddress>"), "INVALID_DATA_SIZE"},
		{"LongPostcode", "method=edit&id=1002", base("<postnumber>" + long(51) + "</postnumber>"), "INVALID_DATA_SIZE"},
		{"EmptyName", "method=edit&id=1002", base("<name> </name>"), data + ": element customer/customerbaseinformation/name must not be empty"},
		{"AddWithoutName", "method=add", base("<city>Oulu</city>"), data + ": element customer/customerbaseinformation/name is missing"},
		{"AddWithEmptyBase", "method=add", base(""), data + ": element customer/customerbaseinformation/name is missing"},
		{"DuplicateCodeOfGenerated", "method=edit&id=1002", base("<internalidentifier>100003</internalidentifier>"), "DUPLICATE_DATA :: Customer code is already in use: 100003"},
		{"DuplicateCodeOfTEMP", "method=add", base("<internalidentifier>TEMP</internalidentifier><name>A</name>"), "DUPLICATE_DATA"},
		{"UnitNumber", "method=edit&id=1002", base("<organizationunitnumber>00371967543</organizationunitnumber>"), data + ": element customer/customerbaseinformation/organizationunitnumber has"},
		{"UnitNumberCheckDigit", "method=edit&id=1002", base("<organizationunitnumber>003719675439</organizationunitnumber>"), data},
		{"Country", "method=edit&id=1002", base(`<country type="ISO-3166">UK</country>`), data + ": element customer/customerbaseinformation/country has an invalid value: UK"},
		{"CountryAttribute", "method=edit&id=1002", base(`<country type="netvisor">FI</country>`), data + ": element customer/customerbaseinformation/country has an invalid attribute type: netvisor"},
		{"TrueIsNoFlag", "method=edit&id=1002", base("<isactive>true</isactive>"), data},
		{"EmptyIsNoFlag", "method=edit&id=1002", base("<isprivatecustomer></isprivatecustomer>"), data},
		{"InvoicingEmail", "method=edit&id=1002", base("<emailinvoicingaddress>a@example.test, b@example.test</emailinvoicingaddress>"), data},
		{"UnknownOperator", "method=edit&id=1002", message("<customerfinvoicedetails><finvoiceroutercode>NOBODY</finvoiceroutercode></customerfinvoicedetails>"), data + ": element customer/customerfinvoicedetails/finvoiceroutercode has an invalid value: NOBODY"},
		{"SwedishIsSE", "method=edit&id=1002", extra(`<invoicinglanguage type="ISO-3166">SV</invoicinglanguage>`), data},
		{"PaymentTermWithoutType", "method=edit&id=1002", extra(`<defaultpaymentterm>13</defaultpaymentterm>`), data + ": element customer/customeradditionalinformation/defaultpaymentterm has an invalid attribute"},
		{"UnknownPaymentTerm", "method=edit&id=1002", extra(`<defaultpaymentterm type="customer">huomenna</defaultpaymentterm>`), data},
		{"DecimalPoint", "method=edit&id=1002", extra(`<balancelimit>1.5</balancelimit>`), data},
		{"TaxHandling", "method=edit&id=1002", extra(`<taxhandlingtype>none</taxhandlingtype>`), data},
		{"UnknownSalesPerson", "method=edit&id=1002", extra(`<defaultsalesperson><salespersonid type="netvisor">5</salespersonid></defaultsalesperson>`), data + ": element customer/customeradditionalinformation/defaultsalesperson/salespersonid has"},
		{"DimensionWithoutItem", "method=edit&id=1002", message("<customerdimensiondetails><dimension><dimensionname>A</dimensionname></dimension></customerdimensiondetails>"), data + ": element customer/customerdimensiondetails/dimension/dimensionitem is missing"},
		{"CustomTagsAreOff", "method=edit&id=1002", message("<customtags/>"), data + ": element customer/customtags is not known"},
		{"LastElementWrongAppliesNothing", "method=edit&id=1002", base("<name>Muutettu</name><isactive>2</isactive>"), data},
		{"NoMethod", "id=1002", base(""), data + ": parameter method is missing"},
		{"UnknownMethod", "method=delete&id=1002", base(""), data + ": parameter method has an invalid value"},
		{"NoID", "method=edit", base(""), data + ": parameter id is missing"},
		{"UnknownID", "method=edit&id=5", base(""), "INVALID_DATA :: Data form incorrect:. Customer not found with Netvisor identifier: 5"},
		{"IDIsNoNumber", "method=edit&id=x", base(""), data + ": parameter id has"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := b.post(t, "customer.nv?"+tt.query, tt.body).failure(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	t.Run("EveryLanguageSaysIt", func(t *testing.T) {
		for _, tt := range tests {
			seen := map[string]bool{}
			for _, language := range []string{"FI", "SE", "EN"} {
				got := b.post(t, "customer.nv?"+tt.query, tt.body, sign(func(s *Signed) { s.Language = language })).failure()
				if strings.Contains(got, "%!") || seen[got] || !strings.Contains(got, " :: ") {
					t.Errorf("%s in %s: %q", tt.name, language, got)
				}
				seen[got] = true
			}
		}
	})
	t.Run("NothingWasChangedByAnyOfThem", func(t *testing.T) {
		if after := b.mustGet(t, "getcustomer.nv?replyoption=15&id=1002").body; after != before {
			t.Error(after)
		}
		if e := b.Effects(); len(e) != 0 {
			t.Errorf("effects: %+v", e)
		}
		for _, c := range b.Calls() {
			if c.Committed {
				t.Errorf("committed: %+v", c)
			}
		}
	})
	t.Run("HTTPStatusesOfWrites", func(t *testing.T) {
		for _, tt := range []struct {
			body string
			want int
		}{{base("<name></name>"), 400}, {base("<internalidentifier>100003</internalidentifier>"), 409}, {base(""), 200}} {
			if a := b.post(t, "customer.nv?method=edit&id=1002", tt.body, set(headerUseStatus, "1")); a.status != tt.want {
				t.Errorf("HTTP %d, want %d: %s", a.status, tt.want, a.failure())
			}
		}
	})
	t.Run("GETOfAWriteIsNotValid", func(t *testing.T) {
		if got := b.get(t, "customer.nv?method=edit&id=1002").failure(); got != "AUTHENTICATION_FAILED :: URI method not valid" {
			t.Error(got)
		}
	})
	t.Run("LongErrorsAreClipped", func(t *testing.T) {
		if got := b.post(t, "customer.nv?method=edit&id=1002", base(`<country>`+strings.Repeat("x", 1999)+"</country>")).failure(); len(got) > 300 {
			t.Errorf("%d bytes", len(got))
		}
	})
}

func TestEditCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 60, Seed: 1})
	key := b.mustPost(t, "customer.nv?method=add", base(`<internalidentifier>E-1</internalidentifier><name>Alku Oy</name><city>Oulu</city><customergroupname>Yritykset</customergroupname><faxnumber>1</faxnumber><email>a@example.test</email>`))
	edit := func(t *testing.T, body string) map[string]string {
		t.Helper()
		b.clock.advance(1e9)
		if id := b.mustPost(t, "customer.nv?method=edit&id="+key, body); id != "" {
			t.Errorf("an edit answers the identifier %s", id)
		}
		return b.fields(t, key)
	}
	t.Run("T25_AbsentKeepsEmptyClearsGivenSets", func(t *testing.T) {
		f := edit(t, base("<faxnumber></faxnumber><email>b@example.test</email>"))
		if f["Name"] != "Alku Oy" || f["City"] != "Oulu" || f["FaxNumber"] != "" || f["Email"] != "b@example.test" || f["CustomerGroupName"] != "Yritykset" {
			t.Error(f)
		}
	})
	t.Run("EmptyAggregatesAreHarmless", func(t *testing.T) {
		before := b.mustGet(t, "getcustomer.nv?id="+key).root(t).child("Customer")
		edit(t, message("<customerfinvoicedetails/><customerdeliverydetails></customerdeliverydetails><customercontactdetails>\n</customercontactdetails><customeradditionalinformation><defaultsalesperson/></customeradditionalinformation><customerdimensiondetails/>"))
		if d := difference(&Customer{detail: before}, &Customer{detail: b.mustGet(t, "getcustomer.nv?id="+key).root(t).child("Customer")}); len(d) != 0 {
			t.Error(d)
		}
	})
	t.Run("OwnCodeAgainIsNoDuplicate", func(t *testing.T) {
		edit(t, base("<internalidentifier>E-1</internalidentifier>"))
	})
	t.Run("FreedCodeCanBeTaken", func(t *testing.T) {
		edit(t, base("<internalidentifier>E-2</internalidentifier>"))
		b.mustPost(t, "customer.nv?method=add", base("<internalidentifier>E-1</internalidentifier><name>Toinen</name>"))
	})
	t.Run("AutomaticNumberKeepsTheCodeOfOneWhoHasIt", func(t *testing.T) {
		if f := edit(t, base(`<internalidentifier type="automatic"/>`)); f["InternalIdentifier"] != "E-2" {
			t.Error(f)
		}
	})
	t.Run("GroupCanBeCleared", func(t *testing.T) {
		if f := edit(t, base("<customergroupname/>")); f["CustomerGroupName"] != "" || f["CustomerGroupNetvisorKey"] != "" {
			t.Error(f)
		}
	})
	t.Run("DimensionsAreReplacedAsASet", func(t *testing.T) {
		one := func(name, item string) string {
			return "<dimension><dimensionname>" + name + "</dimensionname><dimensionitem>" + item + "</dimensionitem></dimension>"
		}
		edit(t, message("<customerdimensiondetails>"+one("Alue", "Etelä")+one("Alue", "Länsi")+"</customerdimensiondetails>"))
		edit(t, message("<customerdimensiondetails>"+one("Alue", "Pohjoinen")+"</customerdimensiondetails>"))
		body := b.mustGet(t, "getcustomer.nv?id="+key).body
		if strings.Count(body, "<DimensionItem ") != 1 || !strings.Contains(body, ">Pohjoinen</DimensionItem>") {
			t.Error(body)
		}
	})
	t.Run("SalesPersonIsSetByKeyAndCleared", func(t *testing.T) {
		person := func(id string) string {
			return message(`<customeradditionalinformation><defaultsalesperson><salespersonid type="netvisor">` + id + `</salespersonid></defaultsalesperson></customeradditionalinformation>`)
		}
		if f := edit(t, person("9")); f["DefaultSalesPerson"] != "Ilkka Yli-Räsänen" {
			t.Error(f)
		}
		if f := edit(t, person("")); f["DefaultSalesPerson"] != "" {
			t.Error(f)
		}
		golden(t, "salespersonnel.golden.xml", b.mustGet(t, "salespersonnellist.nv").body)
	})
	t.Run("PaymentTermByKeyOrNameAndCleared", func(t *testing.T) {
		term := func(kind, v string) string {
			return message(`<customeradditionalinformation><defaultpaymentterm type="` + kind + `">` + v + `</defaultpaymentterm></customeradditionalinformation>`)
		}
		for _, tt := range [][3]string{{"netvisor", "12", `<DefaultPaymentTerm netvisorkey="12">21 pv netto</DefaultPaymentTerm>`},
			{"customer", "30 pv netto", `<DefaultPaymentTerm netvisorkey="13">30 pv netto</DefaultPaymentTerm>`}, {"customer", "", `<DefaultPaymentTerm />`}} {
			edit(t, term(tt[0], tt[1]))
			if body := b.mustGet(t, "getcustomer.nv?id="+key).body; !strings.Contains(body, tt[2]) {
				t.Errorf("no %s in %s", tt[2], body)
			}
		}
	})
	t.Run("MovesChangedSince", func(t *testing.T) {
		since := b.mustGet(t, "customerlist.nv?keyword=zzz").root(t).child("ResponseStatus").value("TimeStamp")
		if since == "" {
			t.Fatal("no stamp")
		}
		b.clock.advance(1e9)
		edit(t, base("<city>Kemi</city>"))
		stamp := b.clock.now().In(b.helsinki).Add(-1e9).Format("2006-01-02T15:04:05")
		if got := b.mustGet(t, "customerlist.nv?changedsince="+stamp).keys(t); !slices.Equal(got, []string{key}) {
			t.Error(got)
		}
	})
	t.Run("EInvoiceAddressIsNotCheckedHere", func(t *testing.T) {
		if f := edit(t, message("<customerfinvoicedetails><finvoiceaddress>whatever 1</finvoiceaddress></customerfinvoicedetails>")); f["FinvoiceAddress"] != "whatever 1" {
			t.Error(f)
		}
	})
}

func TestWritingIsASetting(t *testing.T) {
	t.Parallel()
	t.Run("DuplicateCodesAllowed", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Customers: 5, AllowDuplicateCodes: true})
		b.mustPost(t, "customer.nv?method=add", base("<internalidentifier>100001</internalidentifier><name>A</name>"))
		if got := b.mustGet(t, "customerlist.nv?customercodelist=100001").keys(t); len(got) != 2 {
			t.Error(got)
		}
	})
	t.Run("BusinessIDsChecked", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{CheckBusinessID: true})
		for id, want := range map[string]string{"1967543-8": "", "1234567-8": "INVALID_DATA", "SE556000000001": "", "010190-900P": "", "": "", "FI19675438": "INVALID_DATA"} {
			if got := b.post(t, "customer.nv?method=add", base("<externalidentifier>"+id+"</externalidentifier><name>A</name>")).category(); got != want {
				t.Errorf("%q: %q", id, got)
			}
		}
	})
	t.Run("T26_ValuesAreNormalised", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Normalise: Normalisations})
		f := b.fields(t, b.mustPost(t, "customer.nv?method=add", base("<name> Öljy  Oy </name><streetaddress>Katu 1 </streetaddress><city>Äänekoski</city><postnumber>FI-00100 </postnumber><phonenumber>040 000-1234</phonenumber>")))
		for name, want := range map[string]string{"Name": "ÖLJY OY", "StreetAddress": "Katu 1", "City": "ÄÄNEKOSKI", "PostNumber": "00100", "PhoneNumber": "+358400001234"} {
			if f[name] != want {
				t.Errorf("%s is %q, want %q", name, f[name], want)
			}
		}
		if got := international("vaihde"); got != "vaihde" {
			t.Error(got)
		}
		if got := international("00358 40"); got != "+35840" {
			t.Error(got)
		}
	})
	t.Run("CustomTags", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Customers: 1, CustomTags: []CustomTag{{Name: "Asiakaslähde", Type: "enum", Values: []string{"WEB", "FAIR"}}, {Name: "Alkaen", Type: "date"}, {Name: "Luokka", Type: "decimal"}, {Name: "Muu", Type: "text"}}})
		tags := func(pairs ...string) string {
			var out strings.Builder
			for pair := range slices.Chunk(pairs, 2) {
				fmt.Fprintf(&out, "<tag><tagname>%s</tagname><tagvalue>%s</tagvalue></tag>", pair[0], pair[1])
			}
			return message("<customtags>" + out.String() + "</customtags>")
		}
		key := b.mustGet(t, "customerlist.nv").keys(t)[1]
		b.mustPost(t, "customer.nv?method=edit&id="+key, tags("Asiakaslähde", "WEB", "Alkaen", "2026-01-15", "Luokka", "1,5"))
		b.mustPost(t, "customer.nv?method=edit&id="+key, tags("Alkaen", "", "Muu", "teksti"))
		if body := b.mustGet(t, "getcustomer.nv?id="+key).body; strings.Contains(body, "CustomTags") {
			t.Error("shown without being asked for")
		}
		body := b.mustGet(t, "getcustomer.nv?replyoption=4&id="+key).body
		for _, want := range []string{`<TagName>Asiakaslähde</TagName>`, `<TagValue datatype="enum">WEB</TagValue>`, `<TagValue datatype="text">teksti</TagValue>`} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in %s", want, body)
			}
		}
		if strings.Contains(body, "Alkaen") {
			t.Error("a cleared tag is still there")
		}
		for _, bad := range [][2]string{{"Asiakaslähde", "RADIO"}, {"Alkaen", "15.1.2026"}, {"Luokka", "1.5"}, {"Tuntematon", "x"}} {
			if got := b.post(t, "customer.nv?method=edit&id="+key, tags(bad[0], bad[1])).category(); got != "INVALID_DATA" {
				t.Errorf("%v: %q", bad, got)
			}
		}
	})
}

func TestDeleteCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 20, Seed: 1})
	keys := b.mustGet(t, "customerlist.nv").keys(t)
	t.Run("GoneFromListAndCards", func(t *testing.T) {
		a := b.mustGet(t, "DeleteCustomer.nv?CustomerID="+keys[3])
		if a.root(t).child("Replies") != nil {
			t.Error(a.body)
		}
		if got := b.get(t, "getcustomer.nv?id="+keys[3]).category(); got != "INVALID_DATA" {
			t.Error(got)
		}
		if got := b.mustGet(t, "customerlist.nv").keys(t); len(got) != 20 || slices.Contains(got, keys[3]) {
			t.Error(got)
		}
	})
	t.Run("InvoicedIsRefusedWithTheReason", func(t *testing.T) {
		if status, out := b.controlCall(t, "POST", "customers/"+keys[4], `{"hasInvoices":true}`); status != 200 || out["hasInvoices"] != true {
			t.Fatal(status, out)
		}
		if got := b.get(t, "deletecustomer.nv?customerid="+keys[4]).failure(); got != "INVALID_DATA :: Customer "+keys[4]+" cannot be deleted: the customer has invoices" {
			t.Error(got)
		}
		b.controlCall(t, "POST", "customers/"+keys[4], `{"hasInvoices":false}`)
		b.mustGet(t, "deletecustomer.nv?customerid="+keys[4])
	})
	for name, tt := range map[string][2]string{
		"TEMP": {"customerid=1", "INVALID_DATA :: The temporary"}, "Unknown": {"customerid=5", "INVALID_DATA :: Data form incorrect:. Customer not found"},
		"WrongParameter": {"id=" + keys[5], "INVALID_DATA :: Data form incorrect: parameter customerid is missing"}, "Again": {"customerid=" + keys[3], "INVALID_DATA"},
	} {
		t.Run(name+"IsRefused", func(t *testing.T) {
			if got := b.get(t, "deletecustomer.nv?"+tt[0]).failure(); !strings.HasPrefix(got, tt[1]) {
				t.Error(got)
			}
		})
	}
}
