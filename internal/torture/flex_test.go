package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	hubflex "customerhub/internal/connector/flex"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/sandbox/flex"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/system"
)

// withFlex says whether a seed has a field service system.
func withFlex(seed uint64) bool { return seed%3 == 0 }

// fieldwork is a simulated Admicom Flex.
type fieldwork struct {
	sandbox *flex.Sandbox
	server  *httptest.Server
	system  system.ID
	before  map[int64]Sheet
	secrets []string
}

const (
	fieldOrganisation            = "org_1"
	companyType, privateType     = "ct_3", "ct_4"
	privateFromNv, companyFromNv = "ct_10", "ct_11"
)

// fieldTypes are two customer types with series of their own and two for customers from Netvisor, none of which demands what Netvisor may lack.
func fieldTypes() []flex.CustomerType {
	return []flex.CustomerType{
		{ID: companyType, Name: "Yritysasiakas", Identifier: flex.IdentifierCompany, NumberSeries: &flex.NumberSeries{Prefix: "F", Next: 50001, Width: 5}},
		{ID: privateType, Name: "Yksityisasiakas", Identifier: flex.IdentifierPrivate, NumberSeries: &flex.NumberSeries{Prefix: "Y", Next: 60001, Width: 5}},
		{ID: privateFromNv, Name: "Yksityisasiakas Netvisor", Identifier: flex.IdentifierPrivate, UsedForNetvisor: true},
		{ID: companyFromNv, Name: "Yritysasiakas Netvisor", Identifier: flex.IdentifierCompany, UsedForNetvisor: true},
	}
}

// recorder keeps what is sent to Netvisor.
type recorder struct {
	http.Handler
	mu     sync.Mutex
	bodies []string
}

// ServeHTTP implements http.Handler.
func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // who sent it is gone
	}
	if len(body) > 0 {
		r.mu.Lock()
		r.bodies = append(r.bodies, string(body))
		r.mu.Unlock()
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	r.Handler.ServeHTTP(w, q)
}

// named gives each customer of Netvisor a name and a phone number of its own, by which it is known in Flex too, and no other people and places
// than those that the seed brings.
func (w *world) named() error {
	for i, key := range w.keys() {
		if err := w.netvisor.Edit("", key, func(c *netvisor.Customer) error {
			for _, p := range c.ContactPersons() {
				c.RemoveContactPerson(number(p["ContactPersonID"]))
			}
			for _, o := range c.Offices() {
				c.RemoveOffice(number(o["OfficeNetvisorKey"]))
			}
			c.SetResponsibility(netvisor.Responsibility{})
			var errs []error
			for element, value := range map[string]string{
				"Name": fmt.Sprintf("Alku %d Oy", i), "PhoneNumber": fmt.Sprintf("+35841000000%d", i), "ContactPerson": "", "ContactPersonEmail": "", "ContactPersonPhone": "",
			} {
				errs = append(errs, c.Set(element, value))
			}
			return errors.Join(errs...)
		}); err != nil {
			return err
		}
	}
	return nil
}

func number(key string) int64 {
	n, _ := strconv.ParseInt(key, 10, 64)
	return n
}

// besideFlex takes a field service system into use that has customers already, as an administrator does.
func (w *world) besideFlex(ctx context.Context) error {
	f := &fieldwork{}
	dials := flex.WebhookDials{Duplicate: 0.3, Copies: 2, Shuffle: flex.Duration(10 * time.Millisecond), Lose: 0.2, Seed: w.seed}
	x, err := flex.New(flex.Options{
		Seed: w.seed, KeepBodies: true, RetryScale: 0.0002, Webhooks: dials, InvoiceSent: w.invoiced,
		Organisations: []flex.Organisation{{ID: fieldOrganisation, Name: "Esimerkkihuolto Oy", Enabled: true, Types: fieldTypes()}},
	})
	if err != nil {
		return err
	}
	f.sandbox, f.server = x, httptest.NewServer(x)
	w.flex = f
	f.before = w.netvisorSheets()
	for range 2 {
		if err := w.enter(ctx); err != nil {
			return err
		}
	}
	s, err := w.hub.CreateSystem(ctx, w.viewer, hub.CreateSystem{
		Kind: system.Flex, Settings: map[string]string{hubflex.BaseURL: f.server.URL, hubflex.Organisation: "Esimerkkihuolto Oy", hubflex.SendEvery: "0s"},
	}, "")
	if err != nil {
		return err
	}
	f.system = s.ID
	if _, err := w.hub.SetSystemCredentials(ctx, w.viewer, s.ID, map[string]string{hubflex.APIKey: x.Key(fieldOrganisation)}, ""); err != nil {
		return err
	}
	return w.takeIntoUse(ctx, s.ID)
}

func (f *fieldwork) close() {
	f.server.Close()
	_ = f.sandbox.Close()
}

// writes counts the calls that had an effect on a customer.
func (f *fieldwork) writes() (n int) {
	if f == nil {
		return 0
	}
	for _, e := range f.sandbox.Effects() {
		if e.Call != 0 {
			n++
		}
	}
	return n
}

// pushes counts the messages that reached the hub.
func (f *fieldwork) pushes() (n int) {
	for _, d := range f.sandbox.Deliveries() {
		if d.Outcome == flex.OutcomeDelivered {
			n++
		}
	}
	return n
}

// told waits until nothing is on its way from Flex any more.
func (w *world) told() {
	if w.flex == nil {
		return
	}
	for end := time.Now().Add(patience); w.flex.sandbox.Pending() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

func (w *world) flexSheet(c flex.Customer) Sheet {
	at := slices.IndexFunc(w.flex.sandbox.Types(fieldOrganisation), func(t flex.CustomerType) bool { return t.ID == c.CustomerTypeID })
	t := w.flex.sandbox.Types(fieldOrganisation)[at]
	s := Sheet{Consumer: c.Billing.ConsumerEInvoice, Series: t.NumberSeries != nil, Own: !t.UsedForNetvisor, Values: Customer{
		"number": c.CustomerNumber, "kind": string(t.Identifier), "status": map[bool]string{true: "ACTIVE", false: "INACTIVE"}[c.Active], "name": c.Name,
		"nameExtension": string(c.Name2), "businessId": string(c.BusinessID), "phone": string(c.Phone), "email": string(c.Email),
		"billingEmails": strings.Join(c.Billing.Email, ";"), "language": string(c.Billing.Language),
	}}
	if v := c.Visiting; v != nil {
		s.Values["visitingAddress.line1"], s.Values["visitingAddress.postcode"], s.Values["visitingAddress.city"] = string(v.Line1), string(v.Postcode), string(v.City)
	}
	if b := c.BillingAddress; b != nil {
		s.Values["billingAddress.line1"], s.Values["billingAddress.postcode"], s.Values["billingAddress.city"] = string(b.Line1), string(b.Postcode), string(b.City)
	}
	if e := c.Billing.EInvoice; e != nil {
		s.Values["einvoice"] = string(e.Address + " " + e.Operator)
	}
	for _, p := range c.Contacts {
		s.Contacts = append(s.Contacts, Customer{"name": p.Name, "phone": string(p.Phone), "email": string(p.Email)})
	}
	return s
}

func netvisorSheet(c *netvisor.Customer) Sheet {
	language := strings.ToLower(c.Get("InvoicingLanguage"))
	if language == "se" {
		language = "sv"
	}
	s := Sheet{Offices: len(c.Offices()), Values: Customer{
		"number": c.Get("InternalIdentifier"), "kind": map[bool]string{true: flex.IdentifierPrivate, false: flex.IdentifierCompany}[c.Get("IsPrivateCustomer") == "1"],
		"status": map[bool]string{true: "ACTIVE", false: "INACTIVE"}[c.Get("IsActive") == "1"], "name": c.Get("Name"), "nameExtension": c.Get("NameExtension"),
		"businessId": c.Get("ExternalIdentifier"), "phone": c.Get("PhoneNumber"), "email": c.Get("Email"), "billingEmails": c.Get("EmailInvoicingAddress"),
		"language": language, "einvoice": strings.TrimSpace(c.Get("FinvoiceAddress") + " " + c.Get("FinvoiceRouterCode")),
		"billingAddress.line1": c.Get("StreetAddress"), "billingAddress.postcode": c.Get("PostNumber"), "billingAddress.city": c.Get("City"),
	}}
	for _, o := range c.Offices() {
		for _, kind := range []string{"OfficeVisitAddress/", "OfficeContactAddress/"} {
			if s.Values["visitingAddress.line1"]+s.Values["visitingAddress.city"] == "" {
				s.Values["visitingAddress.line1"], s.Values["visitingAddress.postcode"], s.Values["visitingAddress.city"] =
					o[kind+"StreetAddress"], o[kind+"PostNumber"], o[kind+"City"]
			}
		}
	}
	for _, p := range c.ContactPersons() {
		s.Contacts = append(s.Contacts, Customer{
			"name":  strings.TrimSpace(p["ContactPersonFirstName"] + " " + p["ContactPersonLastName"]),
			"phone": p["ContactPersonPhoneNumber"], "email": p["ContactPersonEmail"],
		})
	}
	if tab := c.Responsibility(); tab.LastName != "" {
		s.Contacts = append(s.Contacts, Customer{"name": tab.FirstName + " " + tab.LastName, "email": tab.Email})
	}
	return s
}

func (w *world) netvisorSheets() map[int64]Sheet {
	out := make(map[int64]Sheet)
	for _, key := range w.keys() {
		c, _ := w.netvisor.Get("", key)
		out[key] = netvisorSheet(c)
	}
	return out
}

// collectFlex collects the evidence of the field service system; before is how many writes there had been when everything had settled.
func (w *world) collectFlex(ctx context.Context, before int) error {
	f := &Fieldwork{
		Calls: w.flex.sandbox.Calls(), Effects: w.flex.sandbox.Effects(), Flex: make(map[string]Sheet), Netvisor: w.netvisorSheets(), Before: w.flex.before,
		Secrets: w.flex.secrets, Bodies: w.sent.bodies, Entered: map[int64][]string{0: w.entered}, LeftOut: make(map[int64]string), WritesAfter: w.flex.writes() - before,
	}
	w.evidence.Flex = f
	for _, c := range w.flex.sandbox.Customers(fieldOrganisation) {
		f.Flex[c.ID] = w.flexSheet(c)
	}
	size := hub.MaxPageSize
	page, err := w.hub.Customers(ctx, w.viewer, hub.CustomerQuery{Page: hub.Page{First: &size}, Include: hub.IncludeAll})
	if err != nil {
		return err
	}
	for _, c := range page.Items {
		var of int64
		for _, l := range c.Links {
			if l.SystemID == w.system {
				of, _ = strconv.ParseInt(l.ExternalID, 10, 64)
			}
		}
		if w.here[c.ID] {
			f.Entered[of] = append(f.Entered[of], c.Number) // of the hub's own series where nobody gave one
		}
		for _, l := range c.Links {
			switch {
			case l.SystemID != w.flex.system:
			case l.ExternalID == "" && l.State == link.NotInScope && l.LastMessage != "":
				f.LeftOut[of] = l.LastMessage
			case l.State != link.InSync && (l.State != link.NotInScope || l.LastMessage == ""):
				w.evidence.Unsettled = append(w.evidence.Unsettled, fmt.Sprintf("%s (%s) is %s in Flex: %s", c.Name, l.ExternalID, l.State, l.LastMessage))
			}
		}
	}
	for _, e := range w.evidence.Edits {
		if e.InHub {
			f.Entered[e.Customer] = append(f.Entered[e.Customer], e.Value)
		}
	}
	return nil
}
