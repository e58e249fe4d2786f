package netvisorkyc

import (
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/system"
)

func TestOpenLooksAtTheShapeOfWhatItIsGiven(t *testing.T) {
	t.Parallel()
	good := func() connector.Config {
		return connector.Config{
			Settings:    map[string]string{BaseURL: "https://kyc.example.test", OrganisationID: "1967543-8"},
			Credentials: map[string]string{Token: "secret-one", ActivationToken: "secret-two"},
		}
	}
	if _, err := Kind().Open(good()); err != nil {
		t.Fatal(err)
	}
	t.Run("CredentialsMayComeLater", func(t *testing.T) {
		t.Parallel()
		cfg := good()
		cfg.Credentials = nil
		if _, err := Kind().Open(cfg); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct{ setting, value, says string }{
		"AddressMissing":            {BaseURL, " ", "baseUrl is missing"},
		"PlainHTTPIsForThisMachine": {BaseURL, "http://kyc.example.test", "https"},
		"OtherSchemesAreRefused":    {BaseURL, "ftp://kyc.example.test", "https"},
		"NoAddress":                 {BaseURL, "kyc", "address"},
		"UserInAddress":             {BaseURL, "https://u:secret-three@kyc.example.test", "password"},
		"QueryInAddress":            {BaseURL, "https://kyc.example.test/?a=secret-four", "query"},
		"AccentsInAddress":          {BaseURL, "https://kÿc.example.test", "plain"},
		"PathThatTheHubAdds":        {BaseURL, "https://kyc.example.test/kyc/v1/", "without /kyc/v1"},
		"OrganisationWithoutHyphen": {OrganisationID, "19675438", "hyphen"},
		"OrganisationInLetters":     {OrganisationID, "196754a-8", "hyphen"},
		"OrganisationMissing":       {OrganisationID, " ", "organisationId is missing"},
		"Perhaps":                   {OnlyWithContactPerson, "yes", "true or false"},
		"TokenWithLineEnd":          {Token, "secret-five\r\nX: y", "token"},
		"TokenWithSpace":            {ActivationToken, "secret six", "activationToken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			if _, ok := cfg.Credentials[c.setting]; ok {
				cfg.Credentials[c.setting] = c.value
			} else {
				cfg.Settings[c.setting] = c.value
			}
			_, err := Kind().Open(cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells a secret: %v", err)
			}
			if _, err := connector.CheckSettings(append(slices.Clone(Kind().Settings), Kind().Credentials...), map[string]string{c.setting: c.value}); err == nil {
				t.Error("the settings are accepted")
			}
		})
	}
}

func TestLane(t *testing.T) {
	t.Parallel()
	lane := Kind().Lane
	a := lane(map[string]string{BaseURL: "https://kyc.example.test", OrganisationID: "1967543-8"})
	if got := lane(map[string]string{BaseURL: " HTTPS://KYC.example.test:443/ ", OrganisationID: " 1967543-8 ", OnlyWithContactPerson: "true"}); got != a {
		t.Errorf("%q is not %q", got, a)
	}
	for name, other := range map[string]map[string]string{
		"OtherOrganisation": {BaseURL: "https://kyc.example.test", OrganisationID: "1572860-0"},
		"OtherAddress":      {BaseURL: "https://test.kyc.example.test", OrganisationID: "1967543-8"},
		"OtherPath":         {BaseURL: "https://kyc.example.test/a", OrganisationID: "1967543-8"},
	} {
		if lane(other) == a {
			t.Errorf("%s: one lane", name)
		}
	}
}

func TestWhatTheKindHolds(t *testing.T) {
	t.Parallel()
	k := Kind()
	if k.From != system.Netvisor || k.Support != "tuki.kyc@visma.com" {
		t.Errorf("%+v", k)
	}
	for _, f := range []customer.Field{
		"name", "businessId", "status", "number", "kind", "kycContact.firstName", "kycContact.lastName", "kycContact.email", "kycContact.phone",
		"kycContact.language", "kyc.riskClass", "kyc.notes", "billingAddress.city", "einvoice.address", "email", "contact[1].email", "office[1].name",
	} {
		contact, own := f.Group() == "kycContact", f == "name" || f == "businessId" || f == "status"
		if k.Reads(f) || k.Writes(f) != (contact || own) || k.Keeps(f) != contact {
			t.Errorf("%s: reads %v, writes %v, keeps %v", f, k.Reads(f), k.Writes(f), k.Keeps(f))
		}
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	company := customer.Fields{"kind": "COMPANY", "name": "Esimerkki Oy", "number": "2001", "businessId": "1572860-0", "status": "ACTIVE"}
	but := func(pairs ...string) customer.Fields {
		out := company.Only(func(customer.Field) bool { return true })
		for i := 0; i < len(pairs); i += 2 {
			out.Set(customer.Field(pairs[i]), pairs[i+1])
		}
		return out
	}
	for name, tc := range map[string]struct {
		ours      customer.Fields
		all, only string // without and with onlyWithContactPerson
	}{
		"R30_ACompany":                    {company, "", ScopeNoContactPerson},
		"R29_WithAContactPerson":          {but("kycContact.email", "a@example.test"), "", ""},
		"R29_WithANameAlone":              {but("kycContact.lastName", "Malli"), "", ""},
		"ALanguageIsNobody":               {but("kycContact.language", "fi"), "", ScopeNoContactPerson},
		"APerson":                         {but("kind", "PRIVATE"), ScopePrivate, ScopePrivate},
		"R124_ThePlaceholder":             {but("number", "TEMP"), ScopePlaceholder, ScopePlaceholder},
		"R51_NoBusinessID":                {but("businessId", ""), ScopeNoBusinessID, ScopeNoBusinessID},
		"BusinessIDInvalid":               {but("businessId", "1572860-5"), ScopeBusinessIDInvalid, ScopeBusinessIDInvalid},
		"BusinessIDInAnotherForm":         {but("businessId", "FI15728600", "kycContact.phone", "1"), "", ""},
		"TheFirstReasonIsTold":            {but("kind", "PRIVATE", "number", "TEMP", "businessId", ""), ScopePrivate, ScopePrivate},
		"TheSecondReasonIsTold":           {but("number", "temp", "businessId", "x"), ScopePlaceholder, ScopePlaceholder},
		"TheBusinessIDBeforeTheContact":   {but("businessId", "x"), ScopeBusinessIDInvalid, ScopeBusinessIDInvalid},
		"NothingKnownAtAll":               {customer.Fields{}, ScopeNoBusinessID, ScopeNoBusinessID},
		"R124_ThePlaceholderWithAContact": {but("number", "TEMP", "kycContact.email", "a@example.test"), ScopePlaceholder, ScopePlaceholder},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 10 {
				for setting, want := range map[string]string{"": tc.all, "false": tc.all, "true": tc.only} {
					if got := Kind().Scope(tc.ours, map[string]string{OnlyWithContactPerson: setting}); got != want {
						t.Errorf("%q: %q, want %q", setting, got, want)
					}
				}
			}
		})
	}
	t.Run("EachReasonIsASentence", func(t *testing.T) {
		t.Parallel()
		for i, reason := range ScopeReasons {
			if !strings.HasSuffix(reason, ".") || strings.Count(reason, ".") != 1 || slices.Contains(ScopeReasons[:i], reason) {
				t.Errorf("%q", reason)
			}
		}
	})
}
