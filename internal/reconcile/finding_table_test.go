package reconcile_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
)

// oddCards alter a sound card so that it raises one finding when it is read.
var oddCards = map[finding.Code]func(*sandbox.Customer) error{
	finding.BusinessIDInvalid:   identified("1572860-5"),
	finding.IdentityCodeDropped: identified("010190-900P"),
	finding.EInvoiceNotSent:     setting("businessId", ""),
	finding.HetuMasked:          setting("AdditionalStreetAddress", "010190-900P"),
	finding.EInvoiceInvalid:     setting("FinvoiceAddress", "FI2112345600000786"),
	finding.EInvoiceIncomplete:  setting("FinvoiceRouterCode", ""),
	finding.EInvoiceOtherOrg:    setting("FinvoiceAddress", "003702012566"),
	finding.OperatorUnknown:     setting("FinvoiceRouterCode", "NOBODY"),
	finding.ValueCorrected:      setting("FinvoiceRouterCode", "BAWCF122"),
	finding.EmailInvalid:        setting("Email", "info(at)example.test"),
	finding.PostcodeInvalid:     setting("PostNumber", "1510O"),
	finding.LanguageUnknown:     setting("InvoicingLanguage", "DE"),
	finding.CountryUnknown:      setting("Country", "UK"),
	finding.PhoneNotUnderstood:  setting("PhoneNumber", "vaihde"),
	finding.ContactNameMissing: func(c *sandbox.Customer) error {
		_, err := c.SetContactPerson(0, map[string]string{"ContactPersonLastName": "Malli"})
		return err
	},
	finding.CustomFieldInvalid: func(c *sandbox.Customer) error {
		c.SetCustomTag("Sopimus päättyy", "date", "joskus")
		return nil
	},
}

func setting(field, value string) func(*sandbox.Customer) error {
	return func(c *sandbox.Customer) error { return c.Set(field, value) }
}

// identified sets the field for the business ID and takes the e-invoice address away, which travels with a valid one only.
func identified(as string) func(*sandbox.Customer) error {
	return func(c *sandbox.Customer) error {
		return errors.Join(c.Set("businessId", as), c.Set("FinvoiceAddress", ""), c.Set("FinvoiceRouterCode", ""))
	}
}

// sound is a card in which nothing is odd, but for what the changes make of it. Each number has a business ID of its own.
func sound(number int, changes ...func(*sandbox.Customer) error) func(*sandbox.Customer) error {
	return func(c *sandbox.Customer) error {
		business := businessID(number)
		for field, value := range map[string]string{
			"code": strconv.Itoa(number), "Name": "Esimerkki Oy", "businessId": business, "StreetAddress": "Laskukatu 2", "PostNumber": "15100",
			"City": "Lahti", "Country": "FI", "PhoneNumber": "09 123 4567", "Email": "info@example.test", "InvoicingLanguage": "FI",
			"FinvoiceAddress": "0037" + strings.ReplaceAll(business, "-", ""), "FinvoiceRouterCode": "003723327487",
		} {
			if err := c.Set(field, value); err != nil {
				return err
			}
		}
		for _, change := range changes {
			if err := change(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// businessID is a valid one, and another one for each number.
func businessID(n int) string {
	for digits := 1000000 + 10*n; ; digits++ {
		sum := 0
		for i, weight := range []int{7, 9, 10, 5, 8, 4, 2} {
			sum += weight * int(strconv.Itoa(digits)[i]-'0')
		}
		if rest := sum % 11; rest != 1 { // no check digit is for that
			return fmt.Sprintf("%d-%d", digits, (11-rest)%11)
		}
	}
}

// situations are what raises each of the other findings; each gives the hub in which it came about.
var situations = map[finding.Code]func(t *testing.T) *bundle{
	finding.CustomerNumberTwice: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{AllowDuplicateCodes: true})
		w.adds(sound(100073))
		w.adds(sound(1, setting("code", "100073")))
		w.imported()
		return w.bundle
	},
	finding.NumberCollision: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		_, err := w.hub.CreateCustomer(t.Context(), w.viewer, customer.Fields{"kind": "COMPANY", "name": "Täällä Oy", "number": "1", "businessId": businessID(2)}, "")
		w.must(err)
		w.adds(sound(1))
		w.imported()
		return w.bundle
	},
	finding.DuplicateProposed: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		_, err := w.hub.CreateCustomer(t.Context(), w.viewer, customer.Fields{"kind": "COMPANY", "name": "Esimerkki Oy", "number": "2", "businessId": businessID(1)}, "")
		w.must(err)
		w.adds(sound(1))
		w.imported()
		return w.bundle
	},
	finding.LinkNotPrimary: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		keep, merge := w.adds(sound(1)), w.adds(sound(2))
		w.imported()
		_, err := w.hub.MergeCustomers(t.Context(), w.viewer, hub.MergeCustomers{Keep: w.find(id(keep)).ID, Merge: w.find(id(merge)).ID}, "")
		w.must(err)
		return w.bundle
	},
	finding.InboundRefused: unverifiable,
	finding.SystemDenied: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		w.imported()
		_, err := w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultRevoked})
		w.must(err)
		w.sync(true)
		return w.bundle
	},
	finding.KYCExpires: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		key := w.adds(sound(1))
		w.imported()
		today := w.state().FreshAt
		_, err := w.hub.RecordKYC(t.Context(), w.viewer.Organisation.ID, w.state(), w.find(id(key)).ID, customer.KYC{
			State: customer.KYCCustomer, RiskClass: customer.RiskHigh, DueDiligenceExpiresOn: today.AddDate(0, 0, 20).Format(time.DateOnly), AsOf: today,
		})
		w.must(err)
		return w.bundle
	},
	finding.CustomFieldUnmapped: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{CustomTags: []sandbox.CustomTag{{Name: "Asiakaslähde", Type: "text"}}})
		w.adds(sound(1, func(c *sandbox.Customer) error {
			c.SetCustomTag("Asiakaslähde", "text", "Messut")
			return nil
		}))
		w.imported()
		return w.bundle
	},
	finding.ElementMissing: func(t *testing.T) *bundle { return garbled(t, sandbox.GarbageBare) },
	finding.UnknownElement: func(t *testing.T) *bundle { return garbled(t, sandbox.GarbageUnknownElement) },
	finding.OfficeEInvoice: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		key := w.adds(sound(1))
		w.imported()
		_, _, err := w.hub.UpsertOffice(t.Context(), w.viewer, w.find(id(key)).ID, "", nil,
			customer.Fields{"name": "Lahti", "einvoice.address": "TE003701011385TEST", "einvoice.operator": "003721291126"}, "")
		w.must(err)
		return w.bundle
	},
	finding.FieldConflict: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		key := w.adds(sound(1))
		w.imported()
		w.edit(id(key), customer.Fields{"phone": "050 765 4321"})
		w.must(w.netvisor.Edit("", key, setting("PhoneNumber", "09 111 2222")))
		w.sync(false)
		return w.bundle
	},
	finding.PingPong: func(t *testing.T) *bundle {
		p := twoSystems(t) // each has a rule for how names are written
		for range rounds {
			p.there("Name", "YHTEINEN OY")
			p.look(false, p.system)
			p.beyond(customer.FieldName, "Yhteinen oy")
			p.look(false, p.second)
		}
		return p.bundle
	},
	finding.RecordUnreadable: func(t *testing.T) *bundle {
		b := setup(t)
		b.put(2)
		b.fake.Put("2", customer.Fields{"name": "A\x00B"})
		b.work(b.worker)
		return b
	},
	finding.MissingRecord: func(t *testing.T) *bundle {
		b := setup(t)
		b.put(2)
		b.imported()
		b.fake.Set("2", customer.Fields{"name": "Renamed"})
		b.fake.Mute("2")
		b.sync(false)
		return b
	},
	finding.RecordDeleted: func(t *testing.T) *bundle {
		w := overTheWire(t, sandbox.Options{})
		key := w.adds(sound(1))
		w.imported()
		w.must(w.netvisor.Remove("", key))
		w.sync(true)
		w.sync(true)
		return w.bundle
	},
	finding.MassAbsence: func(t *testing.T) *bundle {
		b := setup(t)
		b.put(60)
		b.imported()
		for i := range int64(40) {
			b.fake.Remove(id(i + 1))
		}
		b.sync(true)
		return b
	},
	finding.MassChangeIn: func(t *testing.T) *bundle {
		w := hundred(t)
		w.spoil(1, 21, named("PILALLA OY"))
		w.sync(false)
		return w.bundle
	},
	finding.MassChangeOut: func(t *testing.T) *bundle {
		p := mirrored(t, 30)
		p.spoil(1, 21, named("PILALLA OY"))
		p.sync(false)
		p.goesOn()
		return p.bundle
	},
	finding.ChangeRejected: func(t *testing.T) *bundle {
		w := hundred(t)
		w.spoil(1, 21, named("PILALLA OY"))
		w.sync(false)
		f, _ := w.stop(finding.MassChangeIn)
		w.rule(f, link.Rejected)
		w.goesOn()
		return w.bundle
	},
	finding.CreateAmbiguous: func(t *testing.T) *bundle {
		w := twoWays(t, sandbox.Options{AllowDuplicateCodes: true})
		w.adds(sound(1))
		w.adds(sound(2, setting("businessId", businessID(1)), setting("FinvoiceAddress", "")))
		_, err := w.hub.CreateCustomer(t.Context(), w.viewer, customer.Fields{"kind": "COMPANY", "name": "Esimerkki Oy", "businessId": businessID(1)}, "")
		w.must(err)
		w.settle()
		return w.bundle
	},
	finding.BusinessIDChanged: func(t *testing.T) *bundle {
		d := duly(t, sandbox.Options{}, nil, nil)
		key := d.typed(map[string]string{"name": "Malliyritys Oy", "code": "7001", "businessId": businessIDs[0]}, tab("Aino", "Malli"))
		d.polled(d.system)
		d.activated()
		d.assessed(d.candidates()[businessIDs[0]].ID, kycsandbox.Assessment{RiskClass: kycsandbox.High, ReviewIntervalMonths: 12})
		d.polled(d.kycSystem)
		d.retyped(key, "businessId", businessIDs[1])
		d.both()
		return d.bundle
	},
	finding.KYCRiskImpossible: saidOfOne(kycsandbox.CustomerEdit{Kind: new(kycsandbox.Private), RiskClass: new(kycsandbox.Low), Force: true}),
	finding.KYCIntervalLong:   saidOfOne(kycsandbox.CustomerEdit{LatestRiskAssessmentOn: new("2026-02-10"), DueDiligenceExpiresOn: new("2099-02-10")}),
	finding.KYCValueUnknown:   saidOfOne(kycsandbox.CustomerEdit{RiskClass: new("VERY_HIGH"), Force: true}),
	finding.VerificationFailed: func(t *testing.T) *bundle {
		d := duly(t, sandbox.Options{}, func(kycsandbox.Identifiers) (bool, string) { return false, "The integration key was refused." }, nil)
		d.enable()
		d.requestCredential()
		d.submit()
		return d.bundle
	},
	finding.NumberSeriesMeet: func(t *testing.T) *bundle {
		b := setup(t)
		b.put(5)
		b.numbered(11, 5)
		b.imported()
		return b
	},
	finding.LinkParked: func(t *testing.T) *bundle {
		w := twoWays(t, sandbox.Options{})
		key := w.adds(sound(1))
		w.sync(true)
		_, err := w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultFailure, Resource: "customer.nv", Category: "INVALID_DATA", Text: "Tieto ei kelpaa."})
		w.must(err)
		w.edit(id(key), customer.Fields{"email": "uusi@example.test"})
		w.settle()
		return w.bundle
	},
}

// garbled reads a sound card from a well-formed answer that surprises.
func garbled(t *testing.T, variant string) *bundle {
	w := overTheWire(t, sandbox.Options{})
	w.adds(sound(1))
	w.imported()
	_, err := w.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: variant, Resource: "getcustomer.nv"})
	w.must(err)
	w.sync(true)
	return w.bundle
}

// adds enters a customer in Netvisor and gives its key.
func (w wired) adds(f func(*sandbox.Customer) error) int64 {
	w.Helper()
	key, err := w.netvisor.Add("", f)
	w.must(err)
	return key
}

// raised are the codes of what was ever found, each once; of one record where one is named.
func (b *bundle) raised(externalID string) []finding.Code {
	b.Helper()
	rows, err := b.db.Owner.Query(b.Context(),
		`SELECT DISTINCT code FROM finding WHERE $1 IN ('', external_id) ORDER BY code`, externalID)
	b.must(err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[finding.Code])
	b.must(err)
	return out
}

// TestFindingFixtures has a situation for each code, which raises that finding and no other.
func TestFindingFixtures(t *testing.T) {
	t.Parallel()
	situations := withFlex(situations)
	for _, r := range finding.Table {
		_, odd := oddCards[r.Code]
		if _, told := situations[r.Code]; odd == told {
			t.Errorf("%s needs one fixture: in oddCards, or in situations", r.Code)
		}
	}
	t.Run("OddCards", func(t *testing.T) {
		t.Parallel()
		w := overTheWire(t, sandbox.Options{CustomTags: []sandbox.CustomTag{{Name: "Sopimus päättyy", Type: "date"}}})
		_, err := w.hub.DefineCustomField(t.Context(), w.viewer, customer.CustomField{
			Key: "sopimus_paattyy", Type: customer.DateField, Label: map[string]string{"fi": "Sopimus päättyy"},
		}, "")
		w.must(err)
		keys := map[finding.Code]int64{"": w.adds(sound(1))}
		for i, code := range slices.Sorted(maps.Keys(oddCards)) {
			keys[code] = w.adds(sound(i+2, oddCards[code]))
		}
		w.imported()
		for code, key := range keys {
			var want []finding.Code
			if code != "" {
				want = []finding.Code{code}
			}
			if got := w.raised(id(key)); !slices.Equal(got, want) {
				t.Errorf("the card for %q raised %v", code, got)
			}
		}
	})
	// Some findings come about only by what somebody did about another one, or where one system holds what another refuses.
	after := map[finding.Code]finding.Code{finding.ChangeRejected: finding.MassChangeIn, finding.BusinessIDNotSent: finding.BusinessIDInvalid}
	for code, bringAbout := range situations {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			want := []finding.Code{code}
			if first, follows := after[code]; follows {
				want = append(want, first)
				slices.Sort(want)
			}
			if got := bringAbout(t).raised(""); !slices.Equal(got, want) {
				t.Errorf("it raised %v", got)
			}
		})
	}
}
