package netvisor

import (
	"slices"
	"testing"
)

// Vectors of Netvisor contract section 1.6.
func TestMAC(t *testing.T) {
	t.Parallel()
	common := func(tx string) Signed {
		return Signed{
			URL:    "https://isvapi.netvisor.fi/customerlist.nv?changedsince=2026-01-15T00:00:00",
			Sender: "Yhteyshubi", CustomerID: "HUB_1001", Timestamp: "2026-01-15 10:30:00.000", TimestampUnix: "1768473000",
			Language: "FI", OrganisationID: "1967543-8", TransactionID: "3f2504e0-4f89-11d3-9a0c-0305e82c33" + tx,
			CustomerKey: "0123456789abcdef0123456789abcdef", PartnerKey: "fedcba9876543210fedcba9876543210",
		}
	}
	with := func(s Signed, f func(*Signed)) Signed { f(&s); return s }
	type vector struct {
		name   string
		signed Signed
		want   string
	}
	tests := []vector{
		{"V2_PublicInputs", Signed{
			URL: "https://integration.netvisor.fi/customerlist.nv", Sender: "TestSender", CustomerID: "TestCustomerId",
			Timestamp: "2024-01-15 12:00:00.000", Language: "FI", OrganisationID: "TestOrganizationId", TransactionID: "transaction123",
			TimestampUnix: "1705312800", CustomerKey: "TestUserKey", PartnerKey: "TestPartnerKey",
		}, "14f2ec30263493fe0eb99b924d0b172addd4d3038140ea4f65469a51cbfbf072"},
		{"V3_List", common("01"), "1dd3f54ea58494c4616aad39848e42a837ebf35dbeb863fd242f11c1ca625ca7"},
		{"V4a_SenderInLatin", with(common("02"), func(s *Signed) { s.Sender = "Yhteyshubi \xC4\xE4nekoski" }), "b66f08116e5e5612153d6cafafe04b3fd5a6f227703c83f59046a226daa5b0d4"},
		{"V4b_SenderInUTF8", with(common("02"), func(s *Signed) { s.Sender = "Yhteyshubi Äänekoski" }), "966adbcb8f9c076db320bfd36349bd04686a73a0598cc5976c527591dc143503"},
		{"V5a_EuroInLatin9", with(common("03"), func(s *Signed) { s.Sender = "Hub \xA4" }), "ecd1c25b4267f1946102125672dd4d52c7b0f34815aa1b0d0888405c9dbd118a"},
		{"V5b_EuroInUTF8", with(common("03"), func(s *Signed) { s.Sender = "Hub €" }), "cc6835a84bb8ca198d6b3e10583a77765e7b6511c9885fa24eb58e419d827a73"},
		{"V6a_UnescapedAddressInLatin", with(common("04"), func(s *Signed) {
			s.URL = "https://isvapi.netvisor.fi/customerlist.nv?keyword=M\xE4ki"
		}), "c2583bb56efc4ed2451fcbfc07685b400f4a5936c810639c3f0479e8450a2493"},
		{"V6b_WireAddress", with(common("04"), func(s *Signed) {
			s.URL = "https://isvapi.netvisor.fi/customerlist.nv?keyword=M%C3%A4ki"
		}), "859d353177d6ce2af82d8d43a5bb3888a1973e0d508a95a42d00cbb36863d84d"},
		{"V7_AmpersandInAddress", with(common("05"), func(s *Signed) {
			s.URL = "https://isvapi.netvisor.fi/customer.nv?method=edit&id=123"
		}), "ec839159398ab2f9ec9c2b566ef1e84b463ba5b9081f4352cb8160bef0965663"},
	}
	tests = append(tests, []vector{
		{"V1_MD5Public", Signed{
			URL: "http://integrationdemo.netvisor.fi/accounting.nv", Sender: "Testiclient", CustomerID: "Integraatiokayttajan tunnus",
			Timestamp: "2009-01-12 15:49:12.221", Language: "FI", OrganisationID: "1967543-8", TransactionID: "123456",
			CustomerKey: "7cd680e89e880553358bc07cd28b0ee2", PartnerKey: "07f94228d149a96b2f25e3edad55096e", Algorithm: MD5,
		}, "6b2783906969630c1b6649bf5b0e6620"},
		{"V8a_SHA256", with(common("01"), func(s *Signed) { s.Algorithm = SHA256 }), "bb1f1c4656ea9935f74bdbf42e94422319dce6ceee312f2b559efaf51b9dd83f"},
		{"V8b_MD5", with(common("01"), func(s *Signed) { s.Algorithm = MD5 }), "f1d2d759d0958a0b47cf7c665e9f0da8"},
	}...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := MAC(tt.signed); got != tt.want {
				t.Errorf("MAC = %s, want %s", got, tt.want)
			}
		})
	}

	t.Run("EveryFormOfOneRequestIsAccepted", func(t *testing.T) {
		t.Parallel()
		byForm := map[string][]string{ // what arrives, and the vectors that may have been sent with it
			"sender": {tests[2].want, tests[3].want},
			"euro":   {tests[4].want, tests[5].want},
			"url":    {tests[6].want, tests[7].want},
		}
		arrived := map[string][]Signed{
			"sender": {tests[2].signed, tests[3].signed}, // in either encoding on the wire
			"euro":   {tests[4].signed, tests[5].signed},
			"url":    {tests[7].signed},
		}
		for form, requests := range arrived {
			for _, s := range requests {
				for _, want := range byForm[form] {
					if !slices.Contains(s.digests(), want) {
						t.Errorf("%s: digests of %q lack %s", form, s.URL+s.Sender, want)
					}
				}
			}
		}
	})
}
