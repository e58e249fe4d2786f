package netvisor

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func set(name, value string) func(*Signed, http.Header) {
	return func(_ *Signed, h http.Header) { h.Set(name, value) }
}

func without(name string) func(*Signed, http.Header) {
	return func(_ *Signed, h http.Header) { h[http.CanonicalHeaderKey(name)] = nil }
}

func sign(f func(*Signed)) func(*Signed, http.Header) {
	return func(s *Signed, _ http.Header) { f(s) }
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 3, Seed: 1, Companies: []Company{
		{OrganisationID: "4000001-6", CustomerID: "HUB_1", CustomerKey: "k1"},
		{OrganisationID: "4000002-4", CustomerID: "HUB_2", CustomerKey: "k2", Resources: []string{"GetCustomer.nv"}},
	}})
	const x = "X-Netvisor-"
	tests := []struct {
		name   string
		change func(*Signed, http.Header)
		want   string // category and a piece of the text; empty means accepted
	}{
		{"RightRequest", sign(func(*Signed) {}), ""},
		{"UpperCaseMAC", func(s *Signed, h http.Header) { h.Set(headerMAC, strings.ToUpper(MAC(*s))) }, ""},
		{"ISOTimestamp", sign(func(s *Signed) { s.Timestamp = "2026-06-05T13:12:09.500Z" }), ""},
		{"LocalTimestampIsNotCompared", sign(func(s *Signed) { s.Timestamp = "2026-06-05 16:12:09.500" }), ""},
		{"LowerCaseLanguage", sign(func(s *Signed) { s.Language = "fi" }), ""},
		{"OtherHeaderCase", func(s *Signed, h http.Header) {
			h[http.CanonicalHeaderKey(headerOrganisationID)] = nil
			h["x-netvisor-organisation-id"] = []string{s.OrganisationID}
		}, ""},
		{"SenderInLatin", sign(func(s *Signed) { s.Sender = "Äänekoski \xC4" }), ""},
		{"SenderInUTF8", sign(func(s *Signed) { s.Sender = "Äänekoski €" }), ""},

		{"NoSender", without(x + "Authentication-Sender"), "AUTHENTICATION_FAILED :: Header is missing: X-Netvisor-Authentication-Sender"},
		{"NoCustomerID", without(x + "Authentication-CustomerId"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoPartnerID", without(x + "Authentication-PartnerId"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoTimestamp", without(x + "Authentication-Timestamp"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoTimestampUnix", without(x + "Authentication-TimestampUnix"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoOrganisation", without(x + "Organisation-ID"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoTransactionID", without(x + "Authentication-TransactionId"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoMAC", without(x + "Authentication-MAC"), "AUTHENTICATION_FAILED :: Header is missing"},
		{"NoLanguage", without(x + "Interface-Language"), "AUTHENTICATION_FAILED :: Otsaketieto puuttuu"},
		{"UnknownLanguage", sign(func(s *Signed) { s.Language = "SV" }), "AUTHENTICATION_FAILED :: Otsaketiedon arvo"},
		{"NoAlgorithmMeansMD5", without(x + "Authentication-MACHashCalculationAlgorithm"), "AUTHENTICATION_FAILED :: MAC hash calculation"},
		{"LegacySHA256", set(headerAlgorithm, "SHA256"), "AUTHENTICATION_FAILED :: MAC hash calculation"},
		{"TimestampShape", sign(func(s *Signed) { s.Timestamp = "5.6.2026 13:12" }), "AUTHENTICATION_FAILED :: Header value is not valid: X-Netvisor-Authentication-Timestamp"},
		{"TimestampUnixShape", sign(func(s *Signed) { s.TimestampUnix = "now" }), "AUTHENTICATION_FAILED :: Header value is not valid"},
		{"LongHeader", sign(func(s *Signed) { s.Sender = strings.Repeat("x", 300) }), "AUTHENTICATION_FAILED :: Header value is not valid"},
		{"TwiceAHeader", func(s *Signed, h http.Header) {
			h[http.CanonicalHeaderKey(headerSender)] = []string{s.Sender, s.Sender}
		}, "AUTHENTICATION_FAILED :: Header value is not valid"},
		{"UnknownPartner", set(headerPartnerID, "nobody"), "AUTHENTICATION_FAILED :: Partner was not found"},
		{"UnknownOrganisation", sign(func(s *Signed) { s.OrganisationID = "1967543-8" }), "AUTHENTICATION_FAILED :: API identifier was not found"},
		{"IdentifierOfAnotherCompany", sign(func(s *Signed) { s.OrganisationID = "4000002-4" }), "AUTHENTICATION_FAILED :: API identifier was not found"},
		{"WrongKey", sign(func(s *Signed) { s.CustomerKey = "guess" }), "AUTHENTICATION_FAILED :: MAC does not match"},
		{"WrongURL", sign(func(s *Signed) { s.URL += "?x=1" }), "AUTHENTICATION_FAILED :: MAC does not match"},
		{"TooOld", sign(func(s *Signed) { s.TimestampUnix = strconv.FormatInt(start.Add(-601*time.Second).Unix(), 10) }), "AUTHENTICATION_FAILED :: Timestamp is too far"},
		{"TooNew", sign(func(s *Signed) { s.TimestampUnix = strconv.FormatInt(start.Add(601*time.Second).Unix(), 10) }), "AUTHENTICATION_FAILED :: Timestamp is too far"},
		{"JustFresh", sign(func(s *Signed) { s.TimestampUnix = strconv.FormatInt(start.Add(599*time.Second).Unix(), 10) }), ""},
		{"ResourceNotAllowed", sign(func(s *Signed) { s.OrganisationID, s.CustomerID, s.CustomerKey = "4000002-4", "HUB_2", "k2" }), "SERVICE_ACCESS_ERROR :: The company has not allowed the resource: customerlist.nv"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := b.get(t, "customerlist.nv", tt.change)
			if a.status != 200 {
				t.Errorf("HTTP %d, want 200 without UseHTTPResponseStatusCodes", a.status)
			}
			if got := a.failure(); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}

	t.Run("MACErrorEchoesTheStringWithoutKeysAndNoUsableDigest", func(t *testing.T) {
		var tx string
		a := b.get(t, "customerlist.nv", func(s *Signed, h http.Header) {
			tx = s.TransactionID
			h.Set(headerMAC, "00")
		})
		text := a.failure()
		parts := strings.Split(text, " :: ")
		if len(parts) != 3 || len(parts[2]) != 64 || parts[2] != strings.ToUpper(parts[2]) {
			t.Fatalf("want category, text and digest, got %q", text)
		}
		if strings.Contains(text, "k1") || strings.Contains(text, b.opts.Partner.Key) || !strings.Contains(parts[1], tx+"&") {
			t.Errorf("echo is wrong: %q", text)
		}
		if again := b.get(t, "customerlist.nv", func(s *Signed, h http.Header) {
			s.TransactionID = tx
			h.Set(headerMAC, parts[2])
		}); again.category() != "AUTHENTICATION_FAILED" {
			t.Errorf("the digest in an error signs a request: %q", again.failure())
		}
	})

	t.Run("ResourceAllowed", func(t *testing.T) {
		a := b.get(t, "getcustomer.nv?id=1", sign(func(s *Signed) { s.OrganisationID, s.CustomerID, s.CustomerKey = "4000002-4", "HUB_2", "k2" }))
		if a.failure() != "" {
			t.Error(a.failure())
		}
	})
}

func TestAddressForms(t *testing.T) {
	t.Parallel()
	wire := "customerlist.nv?keyword=M%C3%A4ki%20x"
	tests := []struct{ name, path, signedAs string }{
		{"V6b_WireForm", wire, wire},
		{"V6a_Unescaped", wire, "customerlist.nv?keyword=Mäki x"},
		{"V6a_UnescapedInLatin", wire, "customerlist.nv?keyword=M\xE4ki x"},
		{"PlusForSpace", "customerlist.nv?keyword=M%C3%A4ki+x", "customerlist.nv?keyword=Mäki x"},
		{"LatinOnTheWire", "customerlist.nv?keyword=M%E4ki", "customerlist.nv?keyword=M\xE4ki"},
		{"MixedCase", "CustomerList.nv?Keyword=", "CustomerList.nv?Keyword="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			a := b.get(t, tt.path, sign(func(s *Signed) { s.URL = b.server.URL + "/" + tt.signedAs }))
			if a.failure() != "" {
				t.Error(a.failure())
			}
		})
	}
	t.Run("PublicURLIsSigned", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{PublicURL: "https://netvisor.example.test/"})
		a := b.get(t, "customerlist.nv?keyword=x", sign(func(s *Signed) { s.URL = "https://netvisor.example.test/customerlist.nv?keyword=x" }))
		if a.failure() != "" {
			t.Error(a.failure())
		}
		if a := b.get(t, "customerlist.nv"); a.category() != "AUTHENTICATION_FAILED" {
			t.Errorf("the loopback address is signed: %q", a.failure())
		}
	})
}

func TestReplay(t *testing.T) {
	t.Parallel()
	reuse := func(id string) func(*Signed, http.Header) {
		return sign(func(s *Signed) { s.TransactionID = id })
	}
	expect := func(t *testing.T, a answer, want string) {
		t.Helper()
		if got := a.category(); got != want {
			t.Errorf("got %q, want %q", a.failure(), want)
		}
	}
	t.Run("SecondUseIsRefusedForADay", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		expect(t, b.get(t, "customerlist.nv", reuse("a")), "")
		expect(t, b.get(t, "customerlist.nv", reuse("a")), "REQUEST_NOT_UNIQUE")
		b.clock.advance(24 * time.Hour)
		expect(t, b.get(t, "getcustomer.nv?id=1", reuse("a")), "REQUEST_NOT_UNIQUE")
		b.clock.advance(time.Second)
		expect(t, b.get(t, "customerlist.nv", reuse("a")), "")
	})
	t.Run("MemoryIsSharedByTheCompaniesOfAPartner", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Companies: []Company{{OrganisationID: "1", CustomerID: "a", CustomerKey: "a"}, {OrganisationID: "2", CustomerID: "b", CustomerKey: "b"}}})
		expect(t, b.get(t, "customerlist.nv", reuse("a")), "")
		expect(t, b.get(t, "customerlist.nv", sign(func(s *Signed) { s.OrganisationID, s.CustomerID, s.CustomerKey, s.TransactionID = "2", "b", "b", "a" })), "REQUEST_NOT_UNIQUE")
	})
	t.Run("FailureBehindAuthenticationBurnsTheID", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		expect(t, b.get(t, "getcustomer.nv?id=99", reuse("a")), "INVALID_DATA")
		expect(t, b.get(t, "getcustomer.nv?id=1", reuse("a")), "REQUEST_NOT_UNIQUE")
	})
	t.Run("AuthenticationFailureDoesNotBurnTheID", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		expect(t, b.get(t, "customerlist.nv", reuse("a"), set(headerMAC, "00")), "AUTHENTICATION_FAILED")
		expect(t, b.get(t, "customerlist.nv", reuse("a"), sign(func(s *Signed) { s.TimestampUnix = "1" })), "AUTHENTICATION_FAILED")
		expect(t, b.get(t, "customerlist.nv", reuse("a")), "")
	})
	t.Run("MemoryIsBounded", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{ReplayLimit: 2})
		for _, id := range []string{"a", "b", "c"} {
			expect(t, b.get(t, "customerlist.nv", reuse(id)), "")
		}
		expect(t, b.get(t, "customerlist.nv", reuse("c")), "REQUEST_NOT_UNIQUE")
		if n := len(b.replay.seen); n > 2 {
			t.Errorf("%d ids remembered", n)
		}
	})
}

func TestFreshnessIsASetting(t *testing.T) {
	t.Parallel()
	old := sign(func(s *Signed) { s.TimestampUnix = strconv.FormatInt(start.Add(-30*time.Second).Unix(), 10) })
	if got := setup(t, Options{Freshness: 10 * time.Second}).get(t, "customerlist.nv", old).category(); got != "AUTHENTICATION_FAILED" {
		t.Errorf("10 s: %q", got)
	}
	ancient := sign(func(s *Signed) { s.TimestampUnix = "1" })
	if got := setup(t, Options{Freshness: -1}).get(t, "customerlist.nv", ancient).category(); got != "" {
		t.Errorf("no limit: %q", got)
	}
}
