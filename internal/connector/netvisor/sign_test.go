package netvisor

import (
	"testing"
	"time"
)

// TestSigning holds the worked vectors of contract section 1.6.
func TestSigning(t *testing.T) {
	t.Parallel()
	common := signer{
		sender: "Yhteyshubi", language: "FI", organisationID: "1967543-8",
		customerID: "HUB_1001", customerKey: "0123456789abcdef0123456789abcdef",
		partnerKey: "fedcba9876543210fedcba9876543210",
	}
	with := func(sender string) signer { s := common; s.sender = sender; return s }
	const list = "https://isvapi.netvisor.fi/customerlist.nv"
	at := func(n string) stamp {
		return newStamp("3f2504e0-4f89-11d3-9a0c-0305e82c33"+n, time.Unix(1768473000, 0).In(helsinki))
	}
	cases := map[string]struct {
		signer signer
		url    string
		stamp  stamp
		want   string
	}{
		"V2_InputsOfAPublicTest": {
			signer{sender: "TestSender", language: "FI", organisationID: "TestOrganizationId", customerID: "TestCustomerId",
				customerKey: "TestUserKey", partnerKey: "TestPartnerKey"},
			// The two times of that test are not the same moment.
			"https://integration.netvisor.fi/customerlist.nv", stamp{"transaction123", "2024-01-15 12:00:00.000", "1705312800"},
			"14f2ec30263493fe0eb99b924d0b172addd4d3038140ea4f65469a51cbfbf072",
		},
		"V3_QueryIsSignedAsSent": {
			common, list + "?changedsince=2026-01-15T00:00:00", at("01"),
			"1dd3f54ea58494c4616aad39848e42a837ebf35dbeb863fd242f11c1ca625ca7",
		},
		"V4b_TextIsUTF8": {
			with("Yhteyshubi Äänekoski"), list + "?changedsince=2026-01-15T00:00:00", at("02"),
			"966adbcb8f9c076db320bfd36349bd04686a73a0598cc5976c527591dc143503",
		},
		"V6b_PercentEncodingIsSignedAsSent": {
			common, list + "?keyword=M%C3%A4ki", at("04"),
			"859d353177d6ce2af82d8d43a5bb3888a1973e0d508a95a42d00cbb36863d84d",
		},
		"V7_AmpersandsOfTheQueryAreNothingSpecial": {
			common, "https://isvapi.netvisor.fi/customer.nv?method=edit&id=123", at("05"),
			"ec839159398ab2f9ec9c2b566ef1e84b463ba5b9081f4352cb8160bef0965663",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.signer.mac(c.url, c.stamp); got != c.want {
				t.Errorf("mac %s, want %s", got, c.want)
			}
		})
	}
}
