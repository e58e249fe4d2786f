package reconcile_test

import (
	"maps"
	"testing"

	"customerhub/internal/finding"

	flexsandbox "customerhub/internal/sandbox/flex"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// flexSituations are what raises the findings about records of Admicom Flex.
var flexSituations = map[finding.Code]func(f *field){
	finding.EInvoiceWithoutID: func(f *field) {
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, Billing: flexsandbox.Billing{EInvoice: routed(ovtA, operator)}})
		f.polled(f.flexSystem)
	},
	finding.BusinessIDNotSent: func(f *field) {
		f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": idA})
		f.polled(f.system)
		f.retyped(f.inNetvisor("1001").Key(), "ExternalIdentifier", "1234567-8")
		f.polled(f.system)
	},
	finding.ConsumerEInvoice: func(f *field) {
		c := f.entered(flexsandbox.Customer{Name: "Malli Aino", CustomerTypeID: privateType})
		_, err := f.flex.OrderConsumerEInvoice(org, c.ID, true)
		f.must(err)
		f.polled(f.flexSystem)
		f.retyped(f.inNetvisor("Y60001").Key(), "ExternalIdentifier", idA)
		f.polled(f.system)
	},
	finding.PrivateWithID: func(f *field) {
		f.entered(flexsandbox.Customer{Name: "Mallin Toiminimi", CustomerTypeID: privateType, BusinessID: idA})
		f.polled(f.flexSystem)
	},
	finding.TypeNoIdentifier: func(f *field) {
		_, err := f.flex.PutType(org, flexsandbox.CustomerType{ID: "ct_20", Name: "Taloyhtiö"})
		f.must(err)
		f.entered(flexsandbox.Customer{Name: "As Oy Esimerkki", CustomerTypeID: "ct_20", CustomerNumber: "100", BusinessID: idA})
		f.polled(f.flexSystem)
	},
	finding.TypeKept: func(f *field) {
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA})
		f.polled(f.flexSystem)
		f.retyped(f.inNetvisor("F50001").Key(), "IsPrivateCustomer", "1")
		f.polled(f.system)
	},
	finding.NumberKept: func(f *field) {
		f.entered(flexsandbox.Customer{Name: "Esimerkki Oy", CustomerTypeID: companyType, BusinessID: idA})
		f.polled(f.flexSystem)
		f.retyped(f.inNetvisor("F50001").Key(), "InternalIdentifier", "777")
		f.polled(f.system)
	},
	finding.OfficeAmbiguous: func(f *field) {
		key := f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "1001", "ExternalIdentifier": idA})
		f.must(f.netvisor.Edit("", key, func(c *sandbox.Customer) error {
			for _, city := range []string{"Lahti", "Oulu"} {
				if _, err := c.SetOffice(0, map[string]string{"OfficeName": city, "OfficeVisitAddress/StreetAddress": "Katu 1", "OfficeVisitAddress/City": city}); err != nil {
					return err
				}
			}
			return nil
		}))
		f.polled(f.system)
	},
	finding.NumberMissing: func(f *field) {
		f.typed(map[string]string{"Name": "Esimerkki Oy", "InternalIdentifier": "", "ExternalIdentifier": idA})
		f.polled(f.system)
	},
}

// withFlex adds the situations in Flex to others.
func withFlex(all map[finding.Code]func(t *testing.T) *bundle) map[finding.Code]func(t *testing.T) *bundle {
	all = maps.Clone(all)
	for code, arrange := range flexSituations {
		all[code] = func(t *testing.T) *bundle {
			f := together(t, sandbox.Options{}, flexsandbox.Options{}, nil)
			arrange(f)
			return f.bundle
		}
	}
	return all
}
