package netvisor

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/outbound"
)

// posted is a service that keeps what it was sent and answers each call the same.
type posted struct {
	*bench
	bodies []string // guarded by bench.mu
}

// sent are the bodies so far.
func (p *posted) sent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.bodies)
}

func answers(t *testing.T, answer func(w http.ResponseWriter)) *posted {
	p := &posted{}
	p.bench = answering(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.bodies = append(p.bodies, string(body))
		p.mu.Unlock()
		answer(w)
	})
	return p
}

func says(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }
}

func TestMessages(t *testing.T) {
	t.Parallel()
	company := customer.Fields{"name": "Esimerkki & Pojat Oy", "businessId": "1967543-8", "number": "17", "kind": "COMPANY", "status": "ACTIVE"}
	for _, tc := range []struct {
		name, uri, body string
		step            connector.Step
	}{
		{
			"Promise5_AnEditHoldsWhatDiffersAndNothingElse", "/customer.nv?method=edit&id=7",
			"<root><customer><customerbaseinformation><city>Åbo &lt;1&gt;</city></customerbaseinformation></customer></root>",
			connector.Step{Record: "7", Set: customer.Fields{"billingAddress.city": "Åbo <1>"}, Want: company},
		},
		{
			"T25_ClearedIsEmptyAndAbsentIsNotThere", "/customer.nv?method=edit&id=7",
			"<root><customer><customerbaseinformation><email></email></customerbaseinformation><customerfinvoicedetails>" +
				"<finvoiceaddress></finvoiceaddress><finvoiceroutercode></finvoiceroutercode></customerfinvoicedetails></customer></root>",
			connector.Step{Record: "7", Set: customer.Fields{"email": "", "einvoice.address": "", "einvoice.operator": ""}, Want: company},
		},
		{
			"ElementsComeInTheOrderOfTheDocumentType", "/customer.nv?method=add",
			"<root><customer><customerbaseinformation><internalidentifier>17</internalidentifier><externalidentifier>1967543-8</externalidentifier>" +
				"<name>Esimerkki &amp; Pojat Oy</name><country type=\"ISO-3166\">FI</country><isactive>1</isactive><isprivatecustomer>0</isprivatecustomer>" +
				"</customerbaseinformation><customeradditionalinformation><invoicinglanguage type=\"ISO-3166\">SE</invoicinglanguage>" +
				"</customeradditionalinformation></customer></root>",
			connector.Step{Set: merged(company, customer.Fields{"billingAddress.country": "FI", "language": "sv"}), Want: company},
		},
		{
			"WithoutANumberNetvisorGivesOne", "/customer.nv?method=add",
			"<root><customer><customerbaseinformation><internalidentifier type=\"automatic\"></internalidentifier>" +
				"<externalidentifier>1967543-8</externalidentifier><name>A</name></customerbaseinformation></customer></root>",
			connector.Step{Set: customer.Fields{"name": "A", "businessId": "1967543-8"}},
		},
		{
			"AForeignVATNumberTakesTheBusinessIDsPlace", "/customer.nv?method=edit&id=7",
			"<root><customer><customerbaseinformation><externalidentifier>SE556677889901</externalidentifier></customerbaseinformation></customer></root>",
			connector.Step{Record: "7", Set: customer.Fields{"vatNumber": "SE556677889901"}, Want: customer.Fields{"name": "A", "vatNumber": "SE556677889901"}},
		},
		{
			"R77_AnOfficeOfOursGetsBothAddresses", "/office.nv?method=add&customerid=7",
			"<root><office><name>Oulu</name><officeidentifier>HUB-1</officeidentifier><officecontactaddress><streetaddress>Katu 1</streetaddress>" +
				"<postnumber>90100</postnumber><city>Oulu</city><country type=\"ISO-3166\">FI</country></officecontactaddress><officevisitaddress>" +
				"<streetaddress>Katu 1</streetaddress><postnumber>90100</postnumber><city>Oulu</city><country type=\"ISO-3166\">FI</country></officevisitaddress></office></root>",
			connector.Step{
				Record: "7", Part: customer.PartOffice,
				Set:  customer.Fields{"name": "Oulu", "identifier": "HUB-1", "address.line1": "Katu 1"},
				Want: customer.Fields{"name": "Oulu", "address.line1": "Katu 1", "address.postcode": "90100", "address.city": "Oulu", "address.country": "FI"},
			},
		},
		{
			"R77_OfAnotherOfficeTheVisitingAddressAlone", "/office.nv?method=edit&customerid=7&officeid=31",
			"<root><office><name>Oulu</name><officevisitaddress><streetaddress>Katu 2</streetaddress><postnumber></postnumber><city></city>" +
				"<country type=\"ISO-3166\"></country></officevisitaddress></office></root>",
			connector.Step{
				Record: "7", Part: customer.PartOffice, Key: "31", Set: customer.Fields{"address.line1": "Katu 2"},
				Want: customer.Fields{"name": "Oulu", "address.line1": "Katu 2"},
			},
		},
		{
			"APeppolAddressBecomesItsOVTInAnOffice", "/office.nv?method=edit&customerid=7&officeid=31",
			"<root><office><name>Oulu</name><officefinvoicedetails><finvoiceaddress>003715728600</finvoiceaddress>" +
				"<finvoiceroutercode>003721291126</finvoiceroutercode></officefinvoicedetails></office></root>",
			connector.Step{
				Record: "7", Part: customer.PartOffice, Key: "31", Set: customer.Fields{"einvoice.address": "0216:003715728600"},
				Want: customer.Fields{"name": "Oulu", "einvoice.address": "0216:003715728600", "einvoice.operator": "003721291126"},
			},
		},
		{
			"AContactHasBothNamesAndALanguageInEveryMessage", "/contactperson.nv",
			"<root><contactperson><method>edit</method><customeridentifier type=\"netvisor\">7</customeridentifier>" +
				"<contactpersonidentifier type=\"netvisor\">5</contactpersonidentifier><firstname>-</firstname><lastname>Malli</lastname>" +
				"<language type=\"ISO-3166\">FI</language><email>a@example.test</email><officeidentifier type=\"netvisor\">0</officeidentifier></contactperson></root>",
			connector.Step{
				Record: "7", Part: customer.PartContact, Key: "5", Set: customer.Fields{"emails": "a@example.test;b@example.test", "office": ""},
				Want: customer.Fields{"lastName": "Malli"},
			},
		},
		{
			"AnOfficeThatIsTakenAwayKeepsItsNameAlone", "/office.nv?method=edit&customerid=7&officeid=31",
			"<root><office><name>Oulu</name><phonenumber></phonenumber><officeidentifier></officeidentifier><emailinvoicingaddress></emailinvoicingaddress>" +
				emptyAddress("officecontactaddress") + emptyAddress("officevisitaddress") +
				"<officefinvoicedetails><finvoiceaddress></finvoiceaddress><finvoiceroutercode></finvoiceroutercode></officefinvoicedetails></office></root>",
			connector.Step{
				Record: "7", Part: customer.PartOffice, Key: "31", Remove: true,
				Want: customer.Fields{"name": "Oulu", "phone": "1", "address.city": "Oulu", "einvoice.address": "003715728600"},
			},
		},
		{
			"AContactWithOneNameHasADashForTheOther", "/contactperson.nv",
			"<root><contactperson><method>add</method><customeridentifier type=\"netvisor\">7</customeridentifier>" +
				"<isdefault>true</isdefault><firstname>Aino</firstname><lastname>-</lastname><language type=\"ISO-3166\">SE</language>" +
				"<phonenumber>+358 40 000 1234</phonenumber><title>Toimitusjohtaja</title><officeidentifier type=\"netvisor\">31</officeidentifier></contactperson></root>",
			connector.Step{
				Record: "7", Part: customer.PartContact,
				Set:  customer.Fields{"default": "true", "phones": "+358 40 000 1234", "title": "Toimitusjohtaja", "office": "31", "firstName": "Aino", "language": "sv"},
				Want: customer.Fields{"firstName": "Aino", "language": "sv"},
			},
		},
		{
			"AContactIsTakenAwayByItsKey", "/contactperson.nv",
			"<root><contactperson><method>delete</method><customeridentifier type=\"netvisor\">7</customeridentifier>" +
				"<contactpersonidentifier type=\"netvisor\">5</contactpersonidentifier></contactperson></root>",
			connector.Step{Record: "7", Part: customer.PartContact, Key: "5", Remove: true},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := answers(t, says(reply("<Replies><InsertedDataIdentifier>1802</InsertedDataIdentifier></Replies>")))
			tc.step.Transaction = "3f2504e0-4f89-11d3-9a0c-0305e82c3305"
			key, err := p.Write(t.Context(), tc.step)
			if err != nil || len(p.sent()) != 1 || p.sent()[0] != tc.body {
				t.Fatalf("%v, sent\n%v\nwant\n%s", err, p.sent(), tc.body)
			}
			r := p.calls()[0]
			if r.RequestURI != tc.uri || r.Method != http.MethodPost || r.Header.Get("X-Netvisor-Authentication-TransactionId") != tc.step.Transaction {
				t.Errorf("sent to %s %s as %v", r.Method, r.RequestURI, r.Header)
			}
			creates := tc.step.Record == "" || tc.step.Part != "" && tc.step.Key == ""
			if (key == "1802") != creates {
				t.Errorf("key %q", key)
			}
		})
	}
}

func emptyAddress(name string) string {
	return "<" + name + "><streetaddress></streetaddress><postnumber></postnumber><city></city><country type=\"ISO-3166\"></country></" + name + ">"
}

func merged(all ...customer.Fields) customer.Fields {
	out := customer.Fields{}
	for _, fs := range all {
		maps.Copy(out, fs)
	}
	return out
}

func TestWriteRefusesBeforeItSends(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		step connector.Step
		want string
	}{
		{"ANewCustomerWithoutAName", connector.Step{Set: customer.Fields{"number": "1"}}, "FIELD_REQUIRED"},
		{"ANewCustomerThatCouldNotBeFoundAgain", connector.Step{Set: customer.Fields{"name": "A"}}, "FIELD_REQUIRED"},
		{"AClearedName", connector.Step{Record: "7", Set: customer.Fields{"name": ""}}, "FIELD_REQUIRED"},
		{"ANameThatIsTooLong", connector.Step{Record: "7", Set: customer.Fields{"name": strings.Repeat("ä", 251)}}, "FIELD_TOO_LONG"},
		{"R83_AnEInvoiceAddressWithoutABusinessID", connector.Step{Record: "7", Set: customer.Fields{"einvoice.address": "003715728600"}}, "EINVOICE_NEEDS_BUSINESS_ID"},
		{"R83_AnEInvoiceAddressWithABusinessIDThatCannotBeRight", connector.Step{
			Record: "7", Set: customer.Fields{"einvoice.address": "003715728600"}, Want: customer.Fields{customer.FieldBusinessID: "1234567-8"},
		}, "EINVOICE_NEEDS_BUSINESS_ID"},
		{"AnOfficeWithoutAName", connector.Step{Record: "7", Part: customer.PartOffice, Set: customer.Fields{"phone": "1"}}, "FIELD_REQUIRED"},
		{"TheNumberOfThePlaceholder", connector.Step{Record: "7", Set: customer.Fields{"number": "temp"}}, "NUMBER_RESERVED"},
		{"Promise11_AnIdentityCodeAsANumber", connector.Step{Record: "7", Set: customer.Fields{"number": "010190-900P"}}, "NUMBER_RESERVED"},
		{"AnOfficeThatIsTakenAwayWithoutItsName", connector.Step{Record: "7", Part: customer.PartOffice, Key: "31", Remove: true}, "FIELD_REQUIRED"},
		{"Promise5_WhatWasHiddenWhenItWasRead", connector.Step{Record: "7", Part: customer.PartOffice, Key: "31", Set: customer.Fields{"address.city": "Oulu"},
			Want: customer.Fields{"name": "Oulu", "address.city": "Oulu", "address.line1": "Katu 1 ******-****"}}, "IDENTITY_CODE_MASKED"},
		{"AContactWithoutAName", connector.Step{Record: "7", Part: customer.PartContact, Set: customer.Fields{"emails": "a@example.test"}}, "FIELD_REQUIRED"},
		{"ATextThatXMLCannotHold", connector.Step{Record: "7", Set: customer.Fields{"name": "A\x01"}}, "INVALID"},
		{"AKeyThatIsNone", connector.Step{Record: "7&id=8", Set: customer.Fields{"name": "A"}}, "INVALID"},
		{"AnOfficeOfNoCustomer", connector.Step{Part: customer.PartOffice, Set: customer.Fields{"name": "A"}, Want: customer.Fields{"name": "A"}}, "INVALID"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := answers(t, says(reply("")))
			_, err := p.Write(t.Context(), tc.step)
			if f := fault.Of(err); !fault.Is(err, fault.Invalid) || f.ReasonOrCode() != tc.want || len(p.sent()) > 0 {
				t.Errorf("got %v, %d calls", err, len(p.sent()))
			}
		})
	}
}

func TestWriteAnswers(t *testing.T) {
	t.Parallel()
	step := connector.Step{Record: "7", Set: customer.Fields{"name": "A"}}
	cut := func(w http.ResponseWriter) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	}
	elsewhere := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere.nv")
			w.WriteHeader(code)
		}
	}
	status := func(code int, text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}
	}
	for _, tc := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   fault.Code
		reason string
	}{
		{"OK", says(reply("")), "", ""},
		{"T11_AuthenticationFailed", says(failed("AUTHENTICATION_FAILED :: x")), fault.Denied, AuthenticationFailed},
		{"T11_ServiceAccessError", status(403, failed("SERVICE_ACCESS_ERROR :: ei oikeutta")), fault.Denied, ServiceAccessError},
		{"T11_InvalidData", status(400, failed("INVALID_DATA :: Data form incorrect")), fault.Rejected, InvalidData},
		{"T11_InvalidDataSize", says(failed("INVALID_DATA_SIZE :: liian pitkä")), fault.Rejected, InvalidDataSize},
		{"T11_DuplicateData", says(failed("DUPLICATE_DATA :: finns redan")), fault.Rejected, DuplicateData},
		{"T11_PeriodLock", says(failed("PERIOD_LOCK")), fault.Rejected, PeriodLock},
		{"T11_RequestNotUnique", says(failed("REQUEST_NOT_UNIQUE :: x")), fault.Duplicate, RequestNotUnique},
		{"T11_Maintenance", status(503, failed("SYSTEM_MAINTENANCE :: x")), fault.Maintenance, SystemMaintenance},
		{"T11_MaintenanceMisspelt", says(failed("SYSTEM_MAINTANANCE :: x")), fault.Maintenance, SystemMaintenance}, //nolint:misspell // as the service writes it
		{"T11_TechnicalErrorIsAnAnswer", status(500, failed("TECHNICAL_ERROR :: x")), fault.Unavailable, TechnicalError},
		{"T11_AnUnknownCategoryIsSeenAndNotRetried", says(failed("BRAND_NEW :: words")), fault.Rejected, "BRAND_NEW"},
		{"T10_TheConnectionBreaks", cut, fault.Uncertain, "ANSWER_LOST"},
		{"T10_NothingComes", says(""), fault.Uncertain, "ANSWER_LOST"},
		{"T12_ALoginPage", says("<html>sign in</html>"), fault.Uncertain, "ANSWER_LOST"},
		{"T12_AGatewaysPage", status(502, "<html>bad gateway</html>"), fault.Uncertain, "ANSWER_LOST"},
		{"T13_ACutAnswer", says("<Root><ResponseStatus><Status>OK</Status>"), fault.Uncertain, "REPLY_BROKEN"},
		{"NeitherOKNorFailed", says("<Root><Replies/></Root>"), fault.Uncertain, "ANSWER_LOST"},
		{"TurnedAwayAtTheDoor", status(429, "slow down"), fault.Limited, "TOO_MANY_REQUESTS"},
		{"SentElsewhere", elsewhere(307), fault.Unavailable, "NOT_A_REPLY"},
		{"SentElsewhereForGood", elsewhere(301), fault.Unavailable, "NOT_A_REPLY"},
		{"SentElsewhereToReadTheAnswer", elsewhere(302), fault.Uncertain, "ANSWER_LOST"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := answers(t, tc.answer)
			_, err := p.Write(t.Context(), step)
			if fault.CodeOf(err) != tc.want || err != nil && fault.Of(err).Reason != tc.reason {
				t.Errorf("got %v (%s), want %s %s", err, fault.CodeOf(err), tc.want, tc.reason)
			}
			if err != nil && fault.Of(err).Message == "" {
				t.Error("no words for a person")
			}
			if len(p.sent()) != 1 {
				t.Errorf("%d calls: nothing is ever sent twice by itself", len(p.sent()))
			}
		})
	}
	t.Run("ACallThatNeverLeftChangedNothing", func(t *testing.T) {
		t.Parallel()
		p := answers(t, says(reply("")))
		p.server.Close()
		if _, err := p.Write(t.Context(), step); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("T10_ACallThatIsGivenUpIsUncertainOnceItMayHaveLeft", func(t *testing.T) {
		t.Parallel()
		gone := make(chan struct{})
		p := answers(t, func(http.ResponseWriter) { <-gone }) // an answer would race the giving up
		defer close(gone)
		for _, tc := range []struct {
			name string
			give func(cancel func()) net.Conn // at which moment it is given up
			want fault.Code
		}{
			{"BeforeItHasAConnection", func(cancel func()) net.Conn { cancel(); return nil }, fault.Unavailable},
			{"AsItsFirstByteLeaves", func(cancel func()) net.Conn { return &leaving{cancel: cancel} }, fault.Uncertain},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			conn := *p.Connection
			conn.client = outbound.Client(outbound.Options{Transport: &http.Transport{
				DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					own := tc.give(cancel)
					c, err := new(net.Dialer).DialContext(ctx, network, addr)
					if l, ok := own.(*leaving); ok && err == nil {
						l.Conn, c = c, l
					}
					return c, err
				},
			}})
			if _, err := conn.Write(ctx, step); !fault.Is(err, tc.want) {
				t.Errorf("%s: got %v", tc.name, err)
			}
			cancel()
			if _, err := conn.Write(ctx, step); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("given up before it began: %v", err)
			}
		}
	})
	t.Run("T11_AnAnswerSaysWhenToComeBack", func(t *testing.T) {
		t.Parallel()
		for _, answer := range []func(http.ResponseWriter){
			status(429, "slow down"), status(503, failed("SYSTEM_MAINTENANCE :: Huoltokatko")), status(503, "<html>later</html>"),
		} {
			p := answers(t, func(w http.ResponseWriter) { w.Header().Set("Retry-After", "90"); answer(w) })
			if _, err := p.Write(t.Context(), step); fault.Of(err) == nil || !fault.Of(err).Until.Equal(now.Add(90*time.Second)) {
				t.Errorf("got %+v", fault.Of(err))
			}
		}
	})
	t.Run("ADeletionIsNeverSentTwice", func(t *testing.T) {
		t.Parallel()
		var n atomic.Int64
		p := answers(t, func(w http.ResponseWriter) {
			if n.Add(1) == 1 { // leaves a connection behind that the next call uses
				_, _ = io.WriteString(w, reply(""))
				return
			}
			cut(w)
		})
		// A transport that keeps connections sends a GET again by itself when the kept one breaks; the hub's own keeps none.
		kept := *p.Connection
		kept.client = outbound.Client(outbound.Options{Transport: &http.Transport{}})
		if err := kept.Delete(t.Context(), "7", ""); err != nil {
			t.Fatal(err)
		}
		if err := kept.Delete(t.Context(), "8", ""); !fault.Is(err, fault.Uncertain) || len(p.sent()) != 2 {
			t.Errorf("got %v after %d calls", err, len(p.sent()))
		}
		if a, b := p.calls()[0].RemoteAddr, p.calls()[1].RemoteAddr; a != b {
			t.Errorf("two connections, %s and %s: nothing was shown", a, b)
		}
		if uri := p.calls()[1].RequestURI; uri != "/deletecustomer.nv?customerid=8" || p.calls()[1].Method != http.MethodGet {
			t.Errorf("sent %s", uri)
		}
	})
	if (&Connection{}).LongestWrite() < 2*time.Minute {
		t.Error("clients are to wait at least two minutes (contract section 5)")
	}
}

// leaving is a connection whose call is given up as its first byte is sent.
type leaving struct {
	net.Conn
	cancel func()
}

func (l *leaving) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.cancel()
	return n, err
}

func TestFind(t *testing.T) {
	t.Parallel()
	row := func(key, code, id string) string {
		return "<Customer><Netvisorkey>" + key + "</Netvisorkey><Name>A</Name><Code>" + code + "</Code><OrganisationIdentifier>" + id + "</OrganisationIdentifier></Customer>"
	}
	p := answers(t, says(reply("<Customerlist>"+row("1", "17", "")+row("2", "170", "1967543-8")+row("3", "", "1967543-80")+"</Customerlist>")))
	got, err := p.Find(t.Context(), connector.Identity{Number: "17", BusinessID: "1967543-8"})
	if err != nil || len(got) != 2 || got[0].ExternalID != "1" || got[1].ExternalID != "2" {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(p.calls()) != 2 {
		t.Errorf("%d calls", len(p.calls()))
	}
}

// TestFindAsks holds contract section 1.4: what is asked for is signed the same in every form, and nothing is called free only
// because it could not be asked for.
func TestFindAsks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		by       connector.Identity
		uri      string
		code, id string // of the customer that is there
		found    bool
		what     string
	}{
		{connector.Identity{Number: "A-17.2_b"}, "/customerlist.nv?customercodelist=A-17.2_b", "A-17.2_b", "", true, "no escape"},
		{connector.Identity{Number: "A 17"}, "/customerlist.nv?keyword=A", "A 17", "", true, "a space"},
		{connector.Identity{Number: "17,18"}, "/customerlist.nv?keyword=17", "17,18", "", true, "a comma, which separates numbers"},
		{connector.Identity{Number: "Ä1"}, "/customerlist.nv", "Ä1", "", true, "no beginning that can be asked for"},
		{connector.Identity{Number: "A 17"}, "/customerlist.nv?keyword=A", "A 18", "", false, "another with the same beginning"},
		{connector.Identity{BusinessID: "1967543-8"}, "/customerlist.nv?keyword=1967543", "", "1967543-8", true, "as usual"},
		{connector.Identity{BusinessID: "1967543-8"}, "/customerlist.nv?keyword=1967543", "", "19675438", true, "without its hyphen"},
		{connector.Identity{BusinessID: "1967543-8"}, "/customerlist.nv?keyword=1967543", "19675431", "", false, "a number that begins alike"},
		{connector.Identity{BusinessID: "SE 556677"}, "/customerlist.nv?keyword=SE", "", "SE 556677", true, "foreign and odd"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			t.Parallel()
			p := answers(t, says(reply("<Customerlist><Customer><Netvisorkey>1</Netvisorkey><Name>A</Name><Code>"+tc.code+
				"</Code><OrganisationIdentifier>"+tc.id+"</OrganisationIdentifier></Customer></Customerlist>")))
			got, err := p.Find(t.Context(), tc.by)
			if err != nil || (len(got) == 1) != tc.found || p.calls()[0].RequestURI != tc.uri {
				t.Errorf("%+v, %v, asked %s", got, err, p.calls()[0].RequestURI)
			}
		})
	}
	t.Run("NothingIsAskedForNothing", func(t *testing.T) {
		t.Parallel()
		p := answers(t, says(reply("<Customerlist/>")))
		if got, err := p.Find(t.Context(), connector.Identity{}); err != nil || len(got) > 0 || len(p.calls()) > 0 {
			t.Errorf("%+v, %v, %d calls", got, err, len(p.calls()))
		}
	})
}
