package netvisor

import (
	"net/http"
	"testing"
	"time"
)

func TestLegacySignatures(t *testing.T) {
	t.Parallel()
	use := func(a Algorithm, header string) func(*Signed, http.Header) {
		return func(s *Signed, h http.Header) {
			s.Algorithm = a
			h[http.CanonicalHeaderKey(headerTimestampUnix)] = nil
			h.Set(headerAlgorithm, header)
			if header == "" {
				delete(h, http.CanonicalHeaderKey(headerAlgorithm))
			}
		}
	}
	b := setup(t, Options{Customers: 1, LegacySignatures: true, AllowOverlap: true})
	off := setup(t, Options{Customers: 1, AllowOverlap: true})
	for name, tt := range map[string]struct {
		change func(*Signed, http.Header)
		want   string
	}{
		"SHA256":            {use(SHA256, "SHA256"), ""},
		"SHA256InLowerCase": {use(SHA256, "sha256"), ""},
		"MD5":               {use(MD5, "MD5"), ""},
		"NoHeaderMeansMD5":  {use(MD5, ""), ""},
		"WrongAlgorithm":    {use(MD5, "SHA256"), "AUTHENTICATION_FAILED"},
		"Unknown":           {use(MD5, "CRC32"), "AUTHENTICATION_FAILED"},
		"LocaleDate":        {func(s *Signed, h http.Header) { use(SHA256, "SHA256")(s, h); s.Timestamp = "15.1.2026 10.30.00" }, ""},
		"OldDate":           {func(s *Signed, h http.Header) { use(MD5, "MD5")(s, h); s.Timestamp = "2009-01-12 15:49:12.221" }, ""},
		"HMACStays":         {sign(func(*Signed) {}), ""},
		"HMACNeedsUnixTime": {without(headerTimestampUnix), "AUTHENTICATION_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := b.get(t, "customerlist.nv", tt.change).category(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if name == "SHA256" || name == "MD5" {
				if got := off.get(t, "customerlist.nv", tt.change).category(); got != "AUTHENTICATION_FAILED" {
					t.Errorf("without the switch: %q", got)
				}
			}
		})
	}

	// The vectors, as whole requests of a client that knows nothing but their text.
	for name, v := range map[string]struct{ algorithm, mac string }{
		"V8a_OverHTTP": {"SHA256", "bb1f1c4656ea9935f74bdbf42e94422319dce6ceee312f2b559efaf51b9dd83f"},
		"V8b_OverHTTP": {"MD5", "f1d2d759d0958a0b47cf7c665e9f0da8"},
		"V3_OverHTTP":  {"HMACSHA256", "1dd3f54ea58494c4616aad39848e42a837ebf35dbeb863fd242f11c1ca625ca7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{
				LegacySignatures: true, PublicURL: "https://isvapi.netvisor.fi", Partner: Partner{"Any", "fedcba9876543210fedcba9876543210"},
				Companies: []Company{{OrganisationID: "1967543-8", CustomerID: "HUB_1001", CustomerKey: "0123456789abcdef0123456789abcdef"}},
			})
			b.clock.advance(time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC).Sub(start))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/customerlist.nv?changedsince=2026-01-15T00:00:00", nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{headerSender: "Yhteyshubi", headerCustomerID: "HUB_1001", headerPartnerID: "Any", headerTimestamp: "2026-01-15 10:30:00.000",
				headerTimestampUnix: "1768473000", headerLanguage: "FI", headerOrganisationID: "1967543-8", headerTransactionID: "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
				headerAlgorithm: v.algorithm, headerMAC: v.mac} {
				r.Header.Set(name, value)
			}
			if a := b.send(t, r); a.failure() != "" {
				t.Error(a.failure())
			}
		})
	}
}
