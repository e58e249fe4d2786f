package flex_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

// first is the first of the faults of an error.
func first(err error) *fault.Error {
	var all fault.Errors
	if errors.As(err, &all) {
		return all[0]
	}
	return fault.Of(err)
}

// TestWriteRefusesBeforeItSends looks at steps that must not be sent.
func TestWriteRefusesBeforeItSends(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	there := m.person(t, private())
	made := func(more customer.Fields) connector.Step {
		set := maps.Clone(m.another().Set)
		maps.Copy(set, more)
		return connector.Step{Set: set, Want: set}
	}
	without := func(f customer.Field) connector.Step {
		s := made(nil)
		delete(s.Set, f)
		return s
	}
	edit := func(set, want customer.Fields) connector.Step {
		return connector.Step{Record: there.ID, Set: set, Want: want}
	}
	contact := func(set customer.Fields) connector.Step {
		return connector.Step{Record: there.ID, Part: customer.PartContact, Set: set, Want: set}
	}
	pair := customer.Fields{"einvoice.address": "003715728600", "einvoice.operator": "003721291126"}
	for name, tc := range map[string]struct {
		step   connector.Step
		code   fault.Code
		reason string
	}{
		"NoName":                        {without("name"), fault.Invalid, "FIELD_REQUIRED"},
		"NoKind":                        {without("kind"), fault.Invalid, "FIELD_REQUIRED"},
		"R88_NoNumber":                  {without("number"), fault.Invalid, "NUMBER_REQUIRED"},
		"NameCleared":                   {edit(customer.Fields{"name": ""}, nil), fault.Invalid, "FIELD_REQUIRED"},
		"NumberCleared":                 {edit(customer.Fields{"number": ""}, nil), fault.Invalid, "NUMBER_REQUIRED"},
		"KindCleared":                   {edit(customer.Fields{"kind": ""}, nil), fault.Invalid, "FIELD_REQUIRED"},
		"KindUnknown":                   {edit(customer.Fields{"kind": "CLUB"}, nil), fault.Invalid, "FIELD_REQUIRED"},
		"ThePlaceholder":                {made(customer.Fields{"number": "temp"}), fault.Invalid, "NUMBER_RESERVED"},
		"AnIdentityCodeAsNumber":        {made(customer.Fields{"number": "010190-900P"}), fault.Invalid, "NUMBER_RESERVED"},
		"R83_EInvoiceOfANewCustomer":    {made(customer.Fields{"businessId": "", "einvoice.address": "003715728600", "einvoice.operator": "003721291126"}), fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID"},
		"R83_EInvoice":                  {edit(pair, pair), fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID"},
		"R83_EInvoiceOperatorAlone":     {edit(customer.Fields{"einvoice.operator": "003721291126"}, pair), fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID"},
		"R83_EInvoiceAddressAlone":      {edit(customer.Fields{"einvoice.address": "003715728600"}, nil), fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID"},
		"R83_EInvoiceOfAnInvalidID":     {edit(pair, customer.Fields{"businessId": "1572860-5"}), fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID"},
		"R84_ConsumerEInvoice":          {edit(customer.Fields{"consumerEInvoice": "true"}, nil), fault.Invalid, "FIELD_UNKNOWN"},
		"R85_ConsumerEInvoiceOfANewOne": {made(customer.Fields{"consumerEInvoice": "true"}), fault.Invalid, "FIELD_UNKNOWN"},
		"R84_ConsumerEInvoiceCleared":   {edit(customer.Fields{"consumerEInvoice": ""}, nil), fault.Invalid, "FIELD_UNKNOWN"},
		"AFieldWithoutAPlace":           {edit(customer.Fields{"vatNumber": "FI15728600"}, nil), fault.Invalid, "FIELD_UNKNOWN"},
		"ADeliveryAddress":              {edit(customer.Fields{"deliveryAddress.city": "Oulu"}, nil), fault.Invalid, "FIELD_UNKNOWN"},
		"ANameOfAVisitingAddress":       {edit(customer.Fields{"visitingAddress.name": "Konttori"}, nil), fault.Invalid, "FIELD_UNKNOWN"},
		"AnIdentityCode":                {edit(customer.Fields{"name": "Malli 010190-900P"}, nil), fault.Invalid, "PERSONAL_IDENTITY_CODE"},
		"AnIdentityCodeOfAContact":      {contact(customer.Fields{"lastName": "Malli", "title": "010190-900P"}), fault.Invalid, "PERSONAL_IDENTITY_CODE"},
		"AMask":                         {edit(customer.Fields{"name": "Malli ******-****"}, nil), fault.Invalid, "IDENTITY_CODE_MASKED"},
		"ControlCharacters":             {edit(customer.Fields{"name": "Malli\x00"}, nil), fault.Invalid, customer.ReasonCharacters},
		"AContactWithoutAName":          {contact(customer.Fields{"emails": "aino@example.test"}), fault.Invalid, "FIELD_REQUIRED"},
		"AContactsNameCleared": {connector.Step{Record: there.ID, Part: customer.PartContact, Key: "c1", Set: customer.Fields{"lastName": ""}},
			fault.Invalid, "FIELD_REQUIRED"},
		"AnOffice":                    {connector.Step{Record: there.ID, Part: customer.PartOffice, Set: customer.Fields{"name": "Konttori"}}, fault.Unsupported, ""},
		"TheStatusOfATab":             {connector.Step{Record: there.ID, Key: connector.KYCStatus, Set: customer.Fields{"kyc.notes": "A"}}, fault.Unsupported, ""},
		"RemovingACustomer":           {connector.Step{Record: there.ID, Remove: true}, fault.Unsupported, ""},
		"AContactOfNobody":            {connector.Step{Part: customer.PartContact, Set: customer.Fields{"lastName": "Malli"}}, fault.Unsupported, ""},
		"RemovingAContactWithoutAKey": {connector.Step{Record: there.ID, Part: customer.PartContact, Remove: true}, fault.Unsupported, ""},
		"ARecordThatIsNone":           {connector.Step{Record: "../fx_7001", Set: customer.Fields{"name": "A"}}, fault.NotFound, ""},
		"ARecordOfACode":              {connector.Step{Record: "010190-900P", Set: customer.Fields{"name": "A"}}, fault.NotFound, ""},
		"AContactOfARecord":           {connector.Step{Record: "fx/7001", Part: customer.PartContact, Set: customer.Fields{"lastName": "A"}}, fault.NotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, rec := m.recorded(t)
			key, err := write(t, conn, tc.step)
			f := first(err)
			if f == nil || f.Code != tc.code || tc.reason != "" && f.Reason != tc.reason || f.Message == "" || key != "" {
				t.Fatalf("got %q, %+v", key, err)
			}
			if strings.Contains(err.Error(), "010190") {
				t.Errorf("Promise 11: %v", err)
			}
			if len(rec.calls()) > 0 {
				t.Errorf("calls %v", rec.names())
			}
		})
	}
	t.Run("EachFaultNamesItsField", func(t *testing.T) {
		t.Parallel()
		_, err := write(t, m.open(t), edit(customer.Fields{"name": "", "vatNumber": "1", "consumerEInvoice": "true"}, nil))
		var all fault.Errors
		if !errors.As(err, &all) || len(all) != 3 {
			t.Fatalf("got %v", err)
		}
		for i, f := range []string{"name", "consumerEInvoice", "vatNumber"} {
			if len(all[i].Path) != 1 || all[i].Path[0] != f {
				t.Errorf("%v, want %s", all[i].Path, f)
			}
		}
	})
}
