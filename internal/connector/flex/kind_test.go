package flex_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/system"
)

func TestOpenLooksAtTheShapeOfWhatItIsGiven(t *testing.T) {
	t.Parallel()
	good := func() connector.Config {
		return connector.Config{
			Settings:    map[string]string{flex.BaseURL: "https://flex.example.test", flex.Organisation: "Esimerkkihuolto Oy"},
			Credentials: map[string]string{flex.APIKey: "secret-one"},
		}
	}
	if _, err := flex.Kind().Open(good()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ setting, value, says string }{
		"AddressMissing":            {flex.BaseURL, " ", "baseUrl is missing"},
		"PlainHTTPIsForThisMachine": {flex.BaseURL, "http://flex.example.test", "https"},
		"OtherSchemesAreRefused":    {flex.BaseURL, "ftp://flex.example.test", "https"},
		"NoAddress":                 {flex.BaseURL, "flex", "address"},
		"UserInAddress":             {flex.BaseURL, "https://u:secret-three@flex.example.test", "password"},
		"QueryInAddress":            {flex.BaseURL, "https://flex.example.test/?a=secret-four", "query"},
		"AccentsInAddress":          {flex.BaseURL, "https://fläx.example.test", "plain"},
		"OrganisationMissing":       {flex.Organisation, " ", "organisation is missing"},
		"OrganisationTooLong":       {flex.Organisation, strings.Repeat("a", 201), "200"},
		"OrganisationInvisible":     {flex.Organisation, "a\x00b", "seen"},
		"TypeThatIsNoID":            {flex.PrivateType, "ct 10", "privateType"},
		"TypeThatIsAPath":           {flex.CompanyType, "../ct_11", "companyType"},
		"TypeTooLong":               {flex.CompanyType, strings.Repeat("a", 65), "companyType"},
		"EveryIsNoTime":             {flex.SendEvery, "often", "sendEvery"},
		"EveryIsNegative":           {flex.SendEvery, "-15m", "sendEvery"},
		"EveryIsTooLong":            {flex.SendEvery, "2h", "sendEvery"},
		"EveryDividesNoHour":        {flex.SendEvery, "7m", "sendEvery"},
		"EveryIsTooShort":           {flex.SendEvery, "500ms", "sendEvery"},
		"KeyMissing":                {flex.APIKey, "", "apiKey is missing"},
		"KeyWithLineEnd":            {flex.APIKey, "secret-five\r\nX: y", "apiKey"},
		"KeyWithSpace":              {flex.APIKey, "secret six", "apiKey"},
		"KeyWithAccents":            {flex.APIKey, "secret-sävän", "apiKey"},
		"KeyTooLong":                {flex.APIKey, strings.Repeat("secret", 84), "apiKey"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			if _, ok := cfg.Credentials[c.setting]; ok {
				cfg.Credentials[c.setting] = c.value
			} else {
				cfg.Settings[c.setting] = c.value
			}
			_, err := flex.Kind().Open(cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells a secret: %v", err)
			}
			all := map[string]string{}
			maps.Copy(all, cfg.Settings)
			maps.Copy(all, cfg.Credentials)
			if _, err := connector.CheckSettings(append(slices.Clone(flex.Kind().Settings), flex.Kind().Credentials...), all); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("the settings are accepted, or told: %v", err)
			}
		})
	}
	t.Run("AllThatIsWrongAtOnce", func(t *testing.T) {
		t.Parallel()
		_, err := flex.Kind().Open(connector.Config{})
		for _, name := range []string{flex.BaseURL, flex.Organisation, flex.APIKey} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s is not told: %v", name, err)
			}
		}
	})
	t.Run("OnlyTheKeyIsASecret", func(t *testing.T) {
		t.Parallel()
		for _, s := range slices.Concat(flex.Kind().Settings, flex.Kind().Credentials) {
			if s.Secret != (s.Name == flex.APIKey) {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestLane(t *testing.T) {
	t.Parallel()
	lane := flex.Kind().Lane
	a := lane(map[string]string{flex.BaseURL: "https://flex.example.test", flex.Organisation: "Esimerkkihuolto Oy"})
	same := map[string]string{flex.BaseURL: " HTTPS://FLEX.example.test:443/ ", flex.Organisation: " Esimerkkihuolto Oy ", flex.CompanyType: "ct_11", flex.SendEvery: "0s"}
	if got := lane(same); got != a {
		t.Errorf("%q is not %q", got, a)
	}
	for name, other := range map[string]map[string]string{
		"OtherOrganisation": {flex.BaseURL: "https://flex.example.test", flex.Organisation: "Toinen Oy"},
		"OtherAddress":      {flex.BaseURL: "https://test.flex.example.test", flex.Organisation: "Esimerkkihuolto Oy"},
		"OtherPath":         {flex.BaseURL: "https://flex.example.test/a", flex.Organisation: "Esimerkkihuolto Oy"},
		"NoAddress":         {flex.BaseURL: "flex", flex.Organisation: "Esimerkkihuolto Oy"},
		"Nothing":           {},
	} {
		if got := lane(other); got == a || !strings.HasPrefix(got, string(system.Flex)+" ") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestWhatTheKindHolds is contract section 4.
func TestWhatTheKindHolds(t *testing.T) {
	t.Parallel()
	k := flex.Kind()
	if k.Kind != system.Flex || k.Support != "tuki@hillava.com" || k.From != "" || !k.NeedsNumber || !k.VisitingOffice {
		t.Errorf("%+v", k)
	}
	const both, readOnly, neither = "both", "read only", "neither"
	for f, want := range map[customer.Field]string{
		"number": both, "kind": both, "status": both, "name": both, "nameExtension": both, "firstName": both, "lastName": both, "businessId": both, "phone": both,
		"email": both, "billingEmails": both, "einvoice.address": both, "einvoice.operator": both, "language": both,
		"visitingAddress.line1": both, "visitingAddress.line2": both, "visitingAddress.postcode": both, "visitingAddress.city": both, "visitingAddress.country": both,
		"visitingAddress.name": neither, // which Flex has not
		"billingAddress.name":  both, "billingAddress.line1": both, "billingAddress.line2": both, "billingAddress.postcode": both, "billingAddress.city": both,
		"billingAddress.country": both,
		"contact[c1].present":    both, "contact[c1].firstName": both, "contact[c1].lastName": both, "contact[c1].phones": both, "contact[c1].emails": both, "contact[c1].title": both,
		"contact[c1].language": neither, "contact[c1].office": neither, "office[1].name": neither, "office[1].address.city": neither, "office[1].einvoice.address": neither,
		"consumerEInvoice": readOnly, // R84, R85
		"vatNumber":        neither, "buyerUnitNumber": neither, "deliveryAddress.line1": neither, "deliveryAddress.name": neither, "responsible.name": neither,
		"kyc.riskClass": neither, "kycContact.email": neither, "custom[a].text": neither, "": neither,
	} {
		reads, writes := k.Reads(f), k.Writes(f)
		if got := map[bool]string{true: both, false: neither}[writes]; reads && !writes {
			if want != readOnly {
				t.Errorf("%s is read only, want %s", f, want)
			}
		} else if got != want || writes && !reads {
			t.Errorf("%s: %s, want %s", f, got, want)
		}
	}
}

// TestRefuses is rule F14, and what Flex takes of nobody.
func TestRefuses(t *testing.T) {
	t.Parallel()
	refuses := flex.Kind().Refuses
	const address, operator, valid, invalid = "003715728600", "003721291126", "1572860-0", "1572860-5"
	for name, tc := range map[string]struct {
		ours customer.Fields
		want []finding.Code
	}{
		"Nothing":                {nil, nil},
		"R81_WithABusinessID":    {customer.Fields{"businessId": valid, "einvoice.address": address, "einvoice.operator": operator}, nil},
		"R82_WithoutAnAddress":   {customer.Fields{"businessId": valid}, nil},
		"R83_WithoutABusinessID": {customer.Fields{"einvoice.address": address, "einvoice.operator": operator}, []finding.Code{finding.EInvoiceNotSent}},
		"R83_WithAnInvalidBusinessID": {customer.Fields{"businessId": invalid, "einvoice.address": address, "einvoice.operator": operator},
			[]finding.Code{finding.BusinessIDNotSent, finding.EInvoiceNotSent}},
		"AnAddressAlone":              {customer.Fields{"businessId": valid, "einvoice.address": address}, []finding.Code{finding.EInvoiceIncomplete}},
		"AnOperatorAlone":             {customer.Fields{"businessId": valid, "einvoice.operator": operator}, []finding.Code{finding.EInvoiceIncomplete}},
		"AnInvalidID":                 {customer.Fields{"businessId": invalid}, []finding.Code{finding.BusinessIDNotSent}},
		"AnInvalidIDInFI":             {customer.Fields{"businessId": invalid, "billingAddress.country": "FI"}, []finding.Code{finding.BusinessIDNotSent}},
		"AnIDOfAbroad":                {customer.Fields{"businessId": "SE556000", "billingAddress.country": "SE"}, nil},
		"AnIDOfAbroadToo":             {customer.Fields{"businessId": "SE556000", "billingAddress.country": "SE", "visitingAddress.country": "NO"}, nil},
		"AbroadInPartOnly":            {customer.Fields{"businessId": "SE556000", "billingAddress.country": "SE", "visitingAddress.country": "FI"}, []finding.Code{finding.BusinessIDNotSent}},
		"AbroadWhereFlexHasNoAddress": {customer.Fields{"businessId": "SE556000", "deliveryAddress.country": "SE"}, []finding.Code{finding.BusinessIDNotSent}},
		"HomeWhereFlexHasNoAddress":   {customer.Fields{"businessId": "SE556000", "deliveryAddress.country": "FI", "billingAddress.country": "SE"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []finding.Code
			for _, f := range refuses(tc.ours) {
				got = append(got, f.Code)
				if f.Message == "" || f.Field == "" || !flex.Kind().Writes(f.Field) {
					t.Errorf("%+v", f)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
	t.Run("FlexRefusesTheSame", func(t *testing.T) {
		t.Parallel()
		for _, country := range []string{"", "FI", "SE"} {
			m := stand(t, 0)
			step := m.another()
			step.Set["businessId"] = "SE556000"
			step.Set.Set("billingAddress.country", country)
			step.Set["billingAddress.city"] = "Muualla"
			_, err := write(t, m.open(t), step)
			if refused := len(refuses(step.Set)) > 0; refused != fault.Is(err, fault.Rejected) || !refused && err != nil {
				t.Errorf("%q: %v, %v", country, refused, err)
			}
		}
	})
}

// TestWriteEvery is rule F6.
func TestWriteEvery(t *testing.T) {
	t.Parallel()
	k := flex.Kind()
	for given, want := range map[string]time.Duration{"": 15 * time.Minute, "15m": 15 * time.Minute, "0s": 0, "0": 0, "1s": time.Second, "5m": 5 * time.Minute, "1h": time.Hour, "60m": time.Hour} {
		settings := map[string]string{flex.BaseURL: "https://flex.example.test", flex.Organisation: "A"}
		if given != "" {
			settings[flex.SendEvery] = given
		}
		settings, err := connector.CheckSettings(k.Settings, settings)
		if err != nil || k.WriteEvery(settings) != want {
			t.Errorf("R63: %q: %s, %v", given, k.WriteEvery(settings), err)
		}
	}
	if got := k.WriteEvery(nil); got != 15*time.Minute {
		t.Errorf("R63: %s", got)
	}
}
