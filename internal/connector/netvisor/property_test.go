package netvisor_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/customer"
	"customerhub/internal/outbound"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// paths say which element of the sandbox's card a field is, written down apart from the connector's own table: the sandbox's effect
// log, which compares whole cards, is held against them.
var paths = map[customer.Field]string{
	"number": "CustomerBaseInformation/InternalIdentifier", "businessId": "CustomerBaseInformation/ExternalIdentifier",
	"vatNumber": "CustomerBaseInformation/ExternalIdentifier", "buyerUnitNumber": "CustomerBaseInformation/OrganizationUnitNumber",
	"name": "CustomerBaseInformation/Name", "nameExtension": "CustomerBaseInformation/NameExtension",
	"billingAddress.line1": "CustomerBaseInformation/StreetAddress", "billingAddress.line2": "CustomerBaseInformation/AdditionalStreetAddress",
	"billingAddress.city": "CustomerBaseInformation/City", "billingAddress.postcode": "CustomerBaseInformation/PostNumber",
	"billingAddress.country": "CustomerBaseInformation/Country", "phone": "CustomerBaseInformation/PhoneNumber",
	"email": "CustomerBaseInformation/Email", "status": "CustomerBaseInformation/IsActive", "kind": "CustomerBaseInformation/IsPrivateCustomer",
	"billingEmails":    "CustomerBaseInformation/EmailInvoicingAddress",
	"einvoice.address": "CustomerFinvoiceDetails/FinvoiceAddress", "einvoice.operator": "CustomerFinvoiceDetails/FinvoiceRouterCode",
	"deliveryAddress.name": "CustomerDeliveryDetails/DeliveryName", "deliveryAddress.line1": "CustomerDeliveryDetails/DeliveryStreetAddress",
	"deliveryAddress.city": "CustomerDeliveryDetails/DeliveryCity", "deliveryAddress.postcode": "CustomerDeliveryDetails/DeliveryPostNumber",
	"deliveryAddress.country": "CustomerDeliveryDetails/DeliveryCountry", "language": "CustomerAdditionalInformation/InvoicingLanguage",
}

// officePaths and contactPaths are the same within a part; those beginning with a slash stand on no card.
var (
	officePaths = map[customer.Field]string{
		"name": "OfficeName", "identifier": "OfficeIdentifier", "phone": "OfficePhoneNumber", "billingEmails": "/emailinvoicingaddress",
		"address.line1": "OfficeVisitAddress/StreetAddress", "address.postcode": "OfficeVisitAddress/PostNumber",
		"address.city": "OfficeVisitAddress/City", "address.country": "OfficeVisitAddress/Country",
		"einvoice.address": "OfficeFinvoiceDetails/FinvoiceAddress", "einvoice.operator": "OfficeFinvoiceDetails/FinvoiceRouterCode",
	}
	contactPaths = map[customer.Field]string{
		"firstName": "ContactPersonFirstName", "lastName": "ContactPersonLastName", "emails": "ContactPersonEmail",
		"phones": "ContactPersonPhoneNumber", "office": "ContactPersonOfficeNetvisorKey", "language": "/language", "title": "/title",
		"default": "/isdefault",
	}
)

func officeAt(key string) func(string) string {
	return func(path string) string {
		if hidden, ok := strings.CutPrefix(path, "/"); ok {
			return "WriteOnly/office/" + key + "/" + hidden
		}
		return "CustomerOfficeDetails[" + key + "]/" + path
	}
}

func contactAt(key string) func(string) string {
	return func(path string) string {
		if hidden, ok := strings.CutPrefix(path, "/"); ok {
			return "WriteOnly/contactperson/" + key + "/" + hidden
		}
		return "CustomerContactPersons/CustomerContactPerson[" + key + "]/" + path
	}
}

// TestBytesOutsideTheChangeSetAreIdentical makes random cards, writes random steps into them, and looks at every value of every card.
func TestBytesOutsideTheChangeSetAreIdentical(t *testing.T) {
	t.Parallel()
	company := sandbox.Company{OrganisationID: "1967543-8", CustomerID: "HUB_1", CustomerKey: "key-of-the-customer"}
	partner := sandbox.Partner{ID: "P_1", Key: "key-of-the-partner"}
	for name, normalise := range map[string][]sandbox.Normalisation{"KeptAsWritten": nil, "TrimmedAndUpperCased": sandbox.Normalisations} {
		t.Run("Promise5_"+name, func(t *testing.T) {
			t.Parallel()
			var current atomic.Pointer[sandbox.Sandbox]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Load().ServeHTTP(w, r) }))
			t.Cleanup(server.Close)
			rapid.Check(t, func(rt *rapid.T) {
				s, err := sandbox.New(sandbox.Options{
					Customers: 5, Seed: rapid.Uint64Range(1, 1000).Draw(rt, "seed"), Companies: []sandbox.Company{company}, Partner: partner,
					Normalise: normalise, Responsibility: true, CustomTags: []sandbox.CustomTag{{Name: "Lisätieto", Type: "text"}},
				})
				if err != nil {
					rt.Fatal(err)
				}
				current.Store(s)
				conn, err := netvisor.Kind().Open(connector.Config{
					Settings: map[string]string{netvisor.BaseURL: server.URL, netvisor.OrganisationID: company.OrganisationID},
					Credentials: map[string]string{
						netvisor.CustomerID: company.CustomerID, netvisor.CustomerKey: company.CustomerKey,
						netvisor.PartnerID: partner.ID, netvisor.PartnerKey: partner.Key,
					},
					Client: outbound.Client(outbound.Options{}),
				})
				if err != nil {
					rt.Fatal(err)
				}
				w := &writing{T: rt, Sandbox: s, conn: conn, loose: normalise != nil}
				w.target()
				operations := map[string]func(){
					"edit": w.editCard, "add": w.addCard, "edit office": w.editOffice, "add office": w.addOffice, "remove office": w.removeOffice,
					"edit contact": w.editContact, "add contact": w.addContact, "remove contact": w.removeContact,
				}
				operations[rapid.SampledFrom(slices.Sorted(maps.Keys(operations))).Draw(rt, "operation")]()
			})
		})
	}
}

// writing is one check: a random card, and one step.
type writing struct {
	*rapid.T
	*sandbox.Sandbox
	conn   connector.Connection
	loose  bool // the sandbox changes what is written
	visits bool // the office has a visiting address
	key    int64
	record connector.Record
	office, contact,
	bystander string
}

// target chooses a card and puts onto it what the hub does not know or cannot read.
func (w *writing) target() {
	var keys []int64
	for c := range w.Customers("") {
		if c.Get("code") != "TEMP" {
			keys = append(keys, c.Key())
		}
	}
	w.key = rapid.SampledFrom(keys).Draw(w.T, "customer")
	some := func(label string) string {
		if rapid.Bool().Draw(w.T, label+"?") {
			return w.text(label, 30)
		}
		return ""
	}
	err := w.Edit("", w.key, func(c *sandbox.Customer) error {
		for _, field := range []string{"Comment", "FaxNumber", "HomePageUri", "CustomerAgreementIdentifier", "YourDefaultReference", "ContactPerson", "TaxHandlingType"} {
			if v := some(field); v != "" {
				if err := c.Set(field, v); err != nil {
					return err
				}
			}
		}
		c.SetCustomTag("Lisätieto", "text", some("tag"))
		c.SetResponsibility(sandbox.Responsibility{FirstName: some("tab"), RiskClass: "high"})
		office := map[string]string{"OfficeName": "Oulu"}
		for _, field := range []string{"OfficeTelefaxNumber", "OfficePhoneNumber", "OfficeContactAddress/StreetAddress", "OfficeVisitAddress/StreetAddress",
			"OfficeVisitAddress/City"} {
			office[field] = some(field)
		}
		w.visits = office["OfficeVisitAddress/StreetAddress"]+office["OfficeVisitAddress/City"] != ""
		person := map[string]string{"ContactPersonLastName": "Malli", "ContactPersonFirstName": some("firstName"), "ContactPersonEmail": "aino@example.test"}
		for _, made := range []struct {
			key *string
			add func(int64, map[string]string) (int64, error)
			of  map[string]string
		}{{&w.office, c.SetOffice, office}, {&w.contact, c.SetContactPerson, person}, {&w.bystander, c.SetContactPerson, person}} {
			key, err := made.add(0, made.of)
			if err != nil {
				return err
			}
			*made.key = fmt.Sprint(key)
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	w.record = w.read(w.key)
}

func (w *writing) read(key int64) connector.Record {
	r, err := w.conn.Read(w.Context(), fmt.Sprint(key))
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// held are the values of a part, or of the card, that the record has and the kind can write.
func (w *writing) held(part customer.Part, key string) customer.Fields {
	out := customer.Fields{}
	for f, v := range w.record.Fields {
		p, k, name, ok := f.PartKey()
		if netvisor.Kind().Writes(f) && (!ok && part == "" || ok && p == part && k == key) {
			if ok {
				f = customer.Field(name)
			}
			out[f] = v
		}
	}
	return out
}

// text is something that a person might type, with the signs that XML needs to be careful with.
func (w *writing) text(label string, most int) string {
	s := rapid.StringMatching(fmt.Sprintf(`[A-ZÅÄÖa-zåäö]([A-Za-zÅÄÖåäö &<>"'.,/()€é-]{0,%d}[a-zåäö>&"])?`, most-2)).Draw(w.T, label)
	return strings.Join(strings.Fields(s), " ")
}

var digit = rapid.SampledFrom([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})

// businessID is a valid one.
func (w *writing) businessID() string {
	return rapid.SampledFrom([]string{"1967543-8", "2729069-3", "0112038-9"}).Draw(w.T, "businessId")
}

// value draws a value of a field in its canonical form.
func (w *writing) value(f customer.Field) string {
	one := func(values ...string) string { return rapid.SampledFrom(values).Draw(w.T, string(f)) }
	switch name := string(f); {
	case f == "number", f == "identifier":
		return "9" + strings.Join(rapid.SliceOfN(digit, 5, 7).Draw(w.T, name), "")
	case f == "buyerUnitNumber":
		return "0037" + strings.ReplaceAll(w.businessID(), "-", "") + one("", "1", "07")
	case f == "language":
		return one("fi", "sv", "en")
	case f == "status":
		return one("ACTIVE", "INACTIVE")
	case f == "kind":
		return one("COMPANY", "PRIVATE")
	case f == "email", f == "emails":
		return one("a@example.test", "aino.malli@example.test")
	case f == "billingEmails":
		return one("laskut@example.test", "a@example.test;b@example.test")
	case f == "phone", f == "phones":
		return one("+358 40 000 1234", "09 0001 234")
	case f == "einvoice.address":
		return "0037" + strings.ReplaceAll(w.businessID(), "-", "")
	case f == "einvoice.operator":
		return one("003721291126", "003723327487")
	case strings.HasSuffix(name, "postcode"):
		return one("00100", "90100")
	case strings.HasSuffix(name, "country"):
		return one("FI", "SE", "EE")
	case f == "businessId":
		return w.businessID()
	case f == "vatNumber":
		return one("SE556677889901", "EE123456789")
	case f == "office":
		return one(w.office, "")
	case f == "default":
		return "true"
	}
	return w.text(string(f), 60)
}

// needed cannot be cleared.
var needed = []customer.Field{"name", "kind", "status", "firstName", "lastName", "language", "default"}

// draw draws which of the fields differ and how.
func (w *writing) draw(of map[customer.Field]string, clears bool) customer.Fields {
	set := customer.Fields{}
	for _, f := range slices.Sorted(maps.Keys(of)) {
		switch {
		case !rapid.Bool().Draw(w.T, string(f)+" differs"):
		case clears && !slices.Contains(needed, f) && rapid.IntRange(0, 3).Draw(w.T, string(f)+" cleared") == 0:
			set[f] = ""
		default:
			set[f] = w.value(f)
		}
	}
	return set
}

// write writes a step and gives the key of what it made and what it changed on which card.
func (w *writing) write(s connector.Step, want customer.Fields) (string, sandbox.Effect) {
	before, calls := len(w.Effects()), len(w.Calls())
	s.Want = want.Only(func(customer.Field) bool { return true })
	for f, v := range s.Set {
		s.Want.Set(f, v)
	}
	key, err := w.conn.(connector.Writer).Write(w.Context(), s)
	if err != nil {
		w.Fatalf("%+v: %v", s, err)
	}
	effects := w.Effects()[before:]
	if len(effects) != 1 || len(w.Calls())-calls != 1 {
		w.Fatalf("%d effects of %d calls", len(effects), len(w.Calls())-calls)
	}
	return key, effects[0]
}

// only complains of every change that is not allowed.
func (w *writing) only(e sandbox.Effect, s connector.Step, allowed map[string]bool) {
	for _, c := range e.Changes {
		path, _, _ := strings.Cut(c.Field, "@")
		if !allowed[path] {
			w.Errorf("%+v\nchanged %+v", s, c)
		}
	}
}

// shows complains of what was set and does not read so.
func (w *writing) shows(key int64, at func(customer.Field) customer.Field, set customer.Fields) {
	got := w.read(key).Fields
	for f, want := range set {
		full := at(f)
		if !netvisor.Kind().Reads(full) {
			continue
		}
		if group := full.Group(); strings.HasSuffix(string(full), ".country") && !slices.ContainsFunc(got.Sorted(), func(other customer.Field) bool {
			return other.Group() == group
		}) {
			continue // a country alone is no address
		}
		if !w.alike(got[full], want) {
			w.Errorf("%s reads %q, was set to %q", full, got[full], want)
		}
	}
}

var odd = regexp.MustCompile(`[^\pL\d]`)

func (w *writing) alike(a, b string) bool {
	if w.loose {
		fold := func(s string) string {
			return strings.TrimPrefix(strings.ToUpper(odd.ReplaceAllString(strings.Replace(s, "+358", "0", 1), "")), "FI")
		}
		a, b = fold(a), fold(b)
	}
	return a == b
}

// cardStep draws values of a card that may stand together: the business ID and a VAT number share one element, and an e-invoice
// address goes with a business ID.
func (w *writing) cardStep(record string, held customer.Fields, clears bool) connector.Step {
	set := w.draw(paths, clears)
	if set["businessId"] != "" {
		delete(set, "vatNumber")
	}
	if _, given := set["businessId"]; given && set["vatNumber"] == "" {
		held = held.Only(func(f customer.Field) bool { return f != "vatNumber" })
	}
	if set["vatNumber"] != "" {
		set["businessId"] = ""
	}
	if id, given := set["businessId"]; given && id == "" || !given && held["businessId"] == "" {
		delete(set, "einvoice.address")
		delete(set, "einvoice.operator")
	}
	return connector.Step{Record: record, Set: set, Want: held}
}

func (w *writing) editCard() {
	s := w.cardStep(fmt.Sprint(w.key), w.held("", ""), true)
	_, e := w.write(s, s.Want)
	allowed := map[string]bool{}
	for f := range s.Set {
		allowed[paths[f]] = true
	}
	w.only(e, s, allowed)
	if e.Customer != w.key {
		w.Errorf("customer %d was changed", e.Customer)
	}
	w.shows(w.key, itself, s.Set)
}

func itself(f customer.Field) customer.Field { return f }

func (w *writing) addCard() {
	s := w.cardStep("", nil, false)
	s.Set["name"], s.Set["kind"], s.Set["status"] = "Uusi & Poika Oy", "COMPANY", "ACTIVE"
	if s.Set["businessId"] == "" {
		s.Set["number"] = w.value("number")
	}
	maps.DeleteFunc(s.Set, func(_ customer.Field, v string) bool { return v == "" })
	key, e := w.write(s, nil)
	allowed := map[string]bool{
		"CustomerBaseInformation/NetvisorKey": true, paths["number"]: true, // automatic, where none is given
		// What the service presets: Finland, where no country is given, and two settings of invoicing.
		paths["billingAddress.country"]: true, "CustomerAdditionalInformation/UseCreditorReferenceNumber": true,
		"CustomerAdditionalInformation/TaxHandlingType": true,
	}
	for f := range s.Set {
		allowed[paths[f]] = true
	}
	for _, c := range e.Changes {
		if path, _, _ := strings.Cut(c.Field, "@"); !allowed[path] && c.After != "" {
			w.Errorf("%+v\nchanged %+v", s, c)
		}
	}
	if e.What != sandbox.WasCreated || fmt.Sprint(e.Customer) != key {
		w.Fatalf("key %q, effect %+v", key, e)
	}
	w.shows(e.Customer, itself, s.Set)
}

func partOf(part customer.Part, key string) func(customer.Field) customer.Field {
	return func(f customer.Field) customer.Field { return customer.PartField(part, key, string(f)) }
}

// officeStep draws an office's values.
func (w *writing) officeStep(key string, clears bool) connector.Step {
	set := w.draw(officePaths, clears)
	if w.record.Fields[customer.FieldKind] == string(customer.Private) && w.record.Fields[customer.FieldBusinessID] == "" {
		delete(set, "einvoice.address") // those are the bank's, and are not read
		delete(set, "einvoice.operator")
	}
	return connector.Step{Record: fmt.Sprint(w.key), Part: customer.PartOffice, Key: key, Set: set}
}

func (w *writing) editOffice() {
	s := w.officeStep(w.office, true)
	_, e := w.write(s, w.held(customer.PartOffice, w.office))
	at, allowed := officeAt(w.office), map[string]bool{}
	for f := range s.Set {
		allowed[at(officePaths[f])] = true
		for g, path := range officePaths {
			// Without a visiting address the postal one is read, and written in its place with the change.
			if f.Group() == "address" && g.Group() == "address" && !w.visits {
				allowed[at(path)] = true
			}
		}
	}
	w.only(e, s, allowed)
	emptied := false
	for f, v := range s.Set {
		emptied = emptied || f.Group() == "address" && v == ""
	}
	got := s.Set.Only(func(f customer.Field) bool { return !emptied || f.Group() != "address" }) // else the postal address may be read
	w.shows(w.key, partOf(customer.PartOffice, w.office), got)
}

func (w *writing) addOffice() {
	s := w.officeStep("", false)
	s.Set["name"] = w.value("name")
	key, e := w.write(s, nil)
	w.within(e, s, "CustomerOfficeDetails["+key+"]", "WriteOnly/office/"+key+"/")
	w.shows(w.key, partOf(customer.PartOffice, key), s.Set)
}

func (w *writing) removeOffice() {
	s := connector.Step{Record: fmt.Sprint(w.key), Part: customer.PartOffice, Key: w.office, Remove: true}
	_, e := w.write(s, w.held(customer.PartOffice, w.office))
	for _, c := range e.Changes {
		if c.After != "" || !strings.HasPrefix(c.Field, "CustomerOfficeDetails["+w.office+"]/") || strings.HasSuffix(c.Field, "/OfficeName") ||
			strings.HasSuffix(c.Field, "/OfficeTelefaxNumber") {
			w.Errorf("changed %+v", c)
		}
	}
	for f := range w.read(w.key).Fields {
		if part, key, name, _ := f.PartKey(); part == customer.PartOffice && key == w.office && name != "name" && name != "active" && name != customer.Present {
			w.Errorf("it still has %s", f)
		}
	}
}

func (w *writing) editContact() {
	s := connector.Step{Record: fmt.Sprint(w.key), Part: customer.PartContact, Key: w.contact, Set: w.draw(contactPaths, true)}
	held := w.held(customer.PartContact, w.contact)
	_, e := w.write(s, held)
	at := contactAt(w.contact)
	allowed := map[string]bool{at("/language"): true} // demanded, and cannot be read
	if held["firstName"] == "" {
		allowed[at("ContactPersonFirstName")] = true // demanded
	}
	for f := range s.Set {
		allowed[at(contactPaths[f])] = true
	}
	w.only(e, s, allowed)
	w.shows(w.key, partOf(customer.PartContact, w.contact), s.Set)
}

func (w *writing) addContact() {
	s := connector.Step{Record: fmt.Sprint(w.key), Part: customer.PartContact, Set: w.draw(contactPaths, false)}
	s.Set["lastName"] = w.value("lastName")
	key, e := w.write(s, nil)
	w.within(e, s, "CustomerContactPersons/CustomerContactPerson["+key+"]", "WriteOnly/contactperson/"+key+"/")
	w.shows(w.key, partOf(customer.PartContact, key), s.Set)
}

func (w *writing) removeContact() {
	s := connector.Step{Record: fmt.Sprint(w.key), Part: customer.PartContact, Key: w.contact, Remove: true}
	_, e := w.write(s, nil)
	w.within(e, s, "CustomerContactPersons/CustomerContactPerson["+w.contact+"]", "WriteOnly/contactperson/"+w.contact+"/")
	fields := w.read(w.key).Fields
	if fields[customer.PartField(customer.PartContact, w.contact, customer.Present)] != "" ||
		fields[customer.PartField(customer.PartContact, w.bystander, customer.Present)] == "" {
		w.Error("not this contact went, or another")
	}
}

// within complains of every change outside of a part.
func (w *writing) within(e sandbox.Effect, s connector.Step, prefixes ...string) {
	for _, c := range e.Changes {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.Field, p) }) {
			w.Errorf("%+v\nchanged %+v", s, c)
		}
	}
	if e.Customer != w.key {
		w.Errorf("customer %d was changed", e.Customer)
	}
}
