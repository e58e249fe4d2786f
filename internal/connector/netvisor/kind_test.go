package netvisor

import (
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
)

func TestOpenLooksAtTheShapeOfWhatItIsGiven(t *testing.T) {
	t.Parallel()
	good := func() connector.Config {
		return connector.Config{
			Settings:    map[string]string{OrganisationID: "1967543-8"},
			Credentials: map[string]string{CustomerID: "a", CustomerKey: "secret-one", PartnerID: "c", PartnerKey: "secret-two"},
		}
	}
	t.Run("DefaultsAreProduction", func(t *testing.T) {
		t.Parallel()
		conn, err := Kind().Open(good())
		if err != nil {
			t.Fatal(err)
		}
		c := conn.(*Connection)
		if c.base.String() != "https://integration.netvisor.fi" || c.signer.language != "EN" || c.signer.sender != "Customer Hub" {
			t.Errorf("%s %+v", c.base, c.signer.language)
		}
	})
	for name, c := range map[string]struct{ setting, value, says string }{
		"PlainHTTPIsForThisMachine": {BaseURL, "http://netvisor.example.test", "https"},
		"OtherSchemesAreRefused":    {BaseURL, "ftp://netvisor.example.test", "https"},
		"NoAddress":                 {BaseURL, "netvisor", "address"},
		"UserInAddress":             {BaseURL, "https://u:secret-three@netvisor.example.test", "password"},
		"QueryInAddress":            {BaseURL, "https://netvisor.example.test/?a=secret-four", "query"},
		"AccentsInAddress":          {BaseURL, "https://nétvisor.example.test", "plain"},
		"OrganisationWithoutHyphen": {OrganisationID, "19675438", "hyphen"},
		"OrganisationTooLong":       {OrganisationID, "1967543-88", "hyphen"},
		"OrganisationMissing":       {OrganisationID, " ", "organisationId is missing"},
		"LanguageUnknown":           {Language, "SV", "FI, SE or EN"},
		"SenderWithAccents":         {Sender, "Yhteyshubi Äänekoski", "accents"},
		"KeyMissing":                {CustomerKey, "", "customerKey is missing"},
		"KeyWithLineEnd":            {PartnerKey, "secret-five\r\nX: y", "partnerKey"},
		"IdentifierWithLineEnd":     {CustomerID, "secret-six\n1", "customerId"},
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
		})
	}
	t.Run("EverythingMissingIsNamedAtOnce", func(t *testing.T) {
		t.Parallel()
		_, err := Kind().Open(connector.Config{})
		for _, name := range []string{OrganisationID, CustomerID, CustomerKey, PartnerID, PartnerKey} {
			if err == nil || !strings.Contains(err.Error(), name+" is missing") {
				t.Errorf("%s is not named in %v", name, err)
			}
		}
	})
}

func TestLane(t *testing.T) {
	t.Parallel()
	lane := Kind().Lane
	a := lane(map[string]string{OrganisationID: "1967543-8"})
	for name, same := range map[string]map[string]string{
		"DefaultSpelledOut":   {BaseURL: "https://integration.netvisor.fi", OrganisationID: "1967543-8"},
		"CasePortSlashSpaces": {BaseURL: " HTTPS://Integration.Netvisor.FI:443/ ", OrganisationID: " 1967543-8 ", Language: "SE"},
	} {
		if got := lane(same); got != a {
			t.Errorf("%s: %q is not %q", name, got, a)
		}
	}
	for name, other := range map[string]map[string]string{
		"OtherCompany": {OrganisationID: "1572860-0"},
		"OtherAddress": {BaseURL: "https://isvapi.netvisor.fi", OrganisationID: "1967543-8"},
		"OtherPort":    {BaseURL: "https://integration.netvisor.fi:8443", OrganisationID: "1967543-8"},
	} {
		if lane(other) == a {
			t.Errorf("%s: one lane", name)
		}
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	for field, want := range map[customer.Field]bool{
		"name": true, "vatNumber": true, "einvoice.address": true, "billingAddress.line1": true, "deliveryAddress.name": true,
		"billingAddress.name": false, "deliveryAddress.line2": false, "office[17].address.name": false,
		"firstName": false, "lastName": false, "visitingAddress.city": false,
		"office[17].present": true, "office[17].address.city": true, "office[17].einvoice.operator": true, "office[17].billingEmails": false,
		"contact[3].emails": true, "contact[card].office": true, "contact[3].title": false, "contact[3].language": false,
		"contact[3].default": false, "else": false,
	} {
		if got := reads(field); got != want {
			t.Errorf("%s: %v", field, got)
		}
	}
}
