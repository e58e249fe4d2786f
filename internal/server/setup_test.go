package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/graph"
	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/feed"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/secret"
	"customerhub/internal/server"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// bundle is the whole API over a database of its own, with one organisation and a key that may everything.
type bundle struct {
	t     testing.TB
	db    *pgtest.DB
	hub   *hub.Hub
	feed  *feed.Feed
	api   *graph.API
	srv   *server.Server
	url   string
	log   *lockedBuffer
	org   organisation.Organisation
	key   auth.Key
	count *counter
	pool  *pgxpool.Pool // what the hub works with
}

// lockedBuffer keeps what is logged.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is everything that was logged.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// counter counts statements and round trips of the pool that the API works with.
type counter struct {
	mu         sync.Mutex
	statements []string
}

func (c *counter) note(sql string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements = append(c.statements, sql)
}

func (c *counter) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.statements
	c.statements = nil
	return out
}

// TraceQueryStart notes a statement.
func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	c.note(d.SQL)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery notes a statement of a batch.
func (c *counter) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	c.note(d.SQL)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (c *counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// testKinds is a kind of system that needs a base URL and a key.
var testKinds = map[system.Kind]hub.KindSpec{
	system.Netvisor: {
		Title: "Netvisor", PollEvery: 15 * time.Minute,
		Settings: need("baseUrl"), Credentials: need("customerKey"),
		Receives: true,
		Reads:    anything, Writes: anything, Lane: func(s system.System) string { return "lane of " + string(s.ID) },
	},
	system.NetvisorKYC: {
		Title: "Netvisor KYC", PollEvery: time.Minute, From: system.Netvisor, Activates: true, Settings: need("baseUrl"),
		Credentials: need("token"), Reads: func(customer.Field) bool { return false }, Writes: anything,
	},
	system.Flex: {
		Title: "Admicom Flex", PollEvery: time.Hour, VisitingOffice: true, Settings: need("baseUrl"), Credentials: need("apiKey"), Reads: anything, Writes: anything,
	},
}

func anything(customer.Field) bool { return true }

func need(name string) func(map[string]string) (map[string]string, error) {
	return func(in map[string]string) (map[string]string, error) {
		for k := range in {
			if k != name {
				return nil, fault.Because(fault.Invalid, "SETTING_UNKNOWN", "There is no %s.", k).At(k)
			}
		}
		if in[name] == "" {
			return nil, fault.Because(fault.Invalid, "SETTING_REQUIRED", "%s is needed.", name).At(name)
		}
		return in, nil
	}
}

type adjust func(*bundle, *server.Options)

// waiting makes loaders gather for longer.
func waiting(d time.Duration) adjust {
	return func(b *bundle, o *server.Options) {
		o.API = graph.New(graph.Options{Hub: b.hub, Feed: b.feed, Pool: b.pool, LoaderWait: d})
	}
}

// today makes it a moment for whatever is judged by the date.
func today(now time.Time) adjust {
	return func(b *bundle, o *server.Options) {
		o.API = graph.New(graph.Options{Hub: b.hub, Feed: b.feed, Pool: b.pool, LoaderWait: 2 * time.Millisecond, Now: func() time.Time { return now }})
	}
}

func options(change func(*server.Options)) adjust {
	return func(_ *bundle, o *server.Options) { change(o) }
}

func setup(t testing.TB, adjusts ...adjust) *bundle {
	t.Helper()
	return setupFeed(t, feed.Options{Heartbeat: time.Hour}, adjusts...)
}

// setupFeed is setup with a feed of its own making.
func setupFeed(t testing.TB, f feed.Options, adjusts ...adjust) *bundle {
	t.Helper()
	b := &bundle{t: t, db: pgtest.New(t), log: &lockedBuffer{}, count: &counter{}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	pool, err := pg.Open(t.Context(), b.db.AppURL, pg.Options{MaxConns: 8, Tracer: b.count})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b.pool = pool
	keyset, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	f.Log = log
	b.feed = feed.New(b.db.App, f)
	b.hub = hub.New(pool, hub.Options{
		Mails: true, PublicURL: "https://hub.example.test", Now: func() time.Time { return seededAt.AddDate(-1, 0, 0) }, // so that nothing expires unless a test wants it to
		Log: log, Kinds: testKinds, Keyset: keyset,
		Wake: func(topic hub.Topic, org organisation.ID) { b.feed.Signal(feed.Topic(topic), org) },
	})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = b.feed.Run(ctx) })

	o := server.Options{
		API:  graph.New(graph.Options{Hub: b.hub, Feed: b.feed, Pool: b.pool, LoaderWait: 2 * time.Millisecond}),
		Auth: b.hub, Log: log, Ready: b.hub.Ping,
	}
	for _, a := range adjusts {
		a(b, &o)
	}
	b.api, b.srv = o.API, server.New(o)
	listening := httptest.NewServer(b.srv)
	b.url = listening.URL
	t.Cleanup(func() {
		b.srv.Close()
		listening.Close()
		stop()
		running.Wait()
	})
	b.org, b.key = b.newOrganisation("Esimerkki Oy", auth.Admin)
	return b
}

func (b *bundle) newOrganisation(name string, scopes ...auth.Scope) (organisation.Organisation, auth.Key) {
	b.t.Helper()
	org, err := b.hub.CreateOrganisation(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	return org, b.newKey(scopes, org)
}

func (b *bundle) newKey(scopes []auth.Scope, orgs ...organisation.Organisation) auth.Key {
	b.t.Helper()
	in := hub.NewKey{Name: "test", Scopes: scopes}
	for _, o := range orgs {
		in.Organisations = append(in.Organisations, o.ID)
	}
	key, err := b.hub.CreateKey(b.t.Context(), in)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

// answer is what came back of a request.
type answer struct {
	t       testing.TB
	status  int
	header  http.Header
	raw     string
	Data    json.RawMessage
	HasData bool
	Errors  []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// at follows a path of names and indexes through the data.
func (a answer) at(path ...any) any {
	a.t.Helper()
	if len(a.Errors) > 0 {
		a.t.Fatalf("the answer has errors: %s", a.raw)
	}
	var v any
	if err := json.Unmarshal(a.Data, &v); err != nil {
		a.t.Fatalf("reading %s: %v", a.raw, err)
	}
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				a.t.Fatalf("no %v of %v in %s", step, path, a.raw)
			}
			v = m[s]
		case int:
			l, ok := v.([]any)
			if !ok || s >= len(l) {
				a.t.Fatalf("no %v of %v in %s", step, path, a.raw)
			}
			v = l[s]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	a.t.Helper()
	s, _ := a.at(path...).(string)
	return s
}

func (a answer) len(path ...any) int {
	a.t.Helper()
	l, _ := a.at(path...).([]any)
	return len(l)
}

type vars map[string]any

// do asks with the bundle's own key.
func (b *bundle) do(query string, v vars) answer {
	b.t.Helper()
	return b.as(b.key, query, v)
}

func (b *bundle) as(key auth.Key, query string, v vars) answer {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post(string(body), map[string]string{"Authorization": "Bearer " + key.Reveal()})
}

// post sends a raw body; headers override the usual ones, and an empty one removes it.
func (b *bundle) post(body string, headers map[string]string) answer {
	b.t.Helper()
	return b.send(http.MethodPost, "/graphql", body, headers)
}

func (b *bundle) send(method, path, body string, headers map[string]string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, v := range headers {
		if v == "" {
			r.Header.Del(name)
			continue
		}
		r.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := answer{t: b.t, status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &a); err != nil {
			b.t.Fatalf("the answer is not JSON: %v: %s", err, raw)
		}
		var keys map[string]json.RawMessage
		_ = json.Unmarshal(raw, &keys)
		_, a.HasData = keys["data"]
	}
	return a
}

// inOrganisation writes past the API, as other parts of the hub do.
func (b *bundle) inOrganisation(org organisation.ID, fn func(ctx context.Context, tx pgx.Tx) error) {
	b.t.Helper()
	if err := pg.InOrganisation(b.t.Context(), b.db.App, string(org), pg.TxOptions{}, fn); err != nil {
		b.t.Fatal(err)
	}
}

// people and companies that a test works with. Ids are fixed, so that golden files are stable.
func uuid(kind, n int) string { return fmt.Sprintf("00000000-0000-7000-80%02d-%012d", kind, n) }

// seed stores a running system and n customers with everything that can hang on one: every third is a private person.
func (b *bundle) seed(org organisation.ID, n int) {
	b.t.Helper()
	sys := system.System{
		ID: system.ID(uuid(1, 1)), Kind: system.Netvisor, Name: "Netvisor, tuotanto", State: system.Running,
		Settings: map[string]string{"baseUrl": "https://netvisor.example.test"}, PollEvery: 15 * time.Minute,
	}
	var all []customer.Customer
	var records []store.LinkedRecord
	for i := range n {
		c := sample(i + 1)
		all = append(all, c)
		records = append(records, store.LinkedRecord{
			Link: link.Link{
				ID: link.ID(uuid(5, i+1)), SystemID: sys.ID, CustomerID: c.ID, ExternalID: fmt.Sprint(4000 + i), State: link.InSync, Primary: true,
				LastSyncedAt: time.Now(),
			},
			Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}},
		})
	}
	b.inOrganisation(org, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.InsertSystem(ctx, tx, sys); err != nil {
			return err
		}
		if err := store.SaveCustomers(ctx, tx, all); err != nil {
			return err
		}
		if err := store.SaveLinkedRecords(ctx, tx, records); err != nil {
			return err
		}
		if err := seedCanonical(ctx, tx, all); err != nil {
			return err
		}
		return store.AppendChanges(ctx, tx, created(all))
	})
	b.number()
}

// seededAt is when the seeded system said what it said.
var seededAt = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

// seedCanonical stores what stands beside customers: definitions of their custom fields, where their values came from, and
// the due-diligence status of each second one.
func seedCanonical(ctx context.Context, tx pgx.Tx, all []customer.Customer) error {
	for i, d := range []customer.CustomField{
		{Key: "discount", Type: customer.DecimalField, State: customer.CustomFieldActive},
		{Key: "lead_source", Type: customer.EnumField, State: customer.CustomFieldActive, Label: map[string]string{"fi": "Asiakaslähde", "en": "Lead source"}, Options: []customer.CustomFieldOption{
			{Code: "fair", Label: map[string]string{"fi": "Messut"}, Active: true}, {Code: "street", Active: false},
		}},
		{Key: "nv_17", Type: customer.TextField, State: customer.CustomFieldUnmapped, SourceSystem: uuid(1, 1), SourceID: "17"},
		{Key: "remark", Type: customer.TextField, State: customer.CustomFieldActive},
		{Key: "since", Type: customer.DateField, State: customer.CustomFieldActive, Label: map[string]string{"fi": "Asiakas alkaen"}},
	} {
		d.ID = customer.CustomFieldID(uuid(6, i+1))
		if err := store.SaveCustomField(ctx, tx, d); err != nil {
			return err
		}
	}
	from := make(map[customer.ID]customer.Provenances)
	for i, c := range all {
		from[c.ID] = customer.Provenances{
			"": {System: uuid(1, 1), ObservedAt: seededAt, DecidedBy: customer.DecidedFirst},
			customer.FieldEmail: {ObservedAt: seededAt.Add(time.Hour), DecidedBy: customer.DecidedPrecedence, Alternatives: []customer.Alternative{
				{System: uuid(1, 1), Value: fmt.Sprintf("vanha%d@example.test", i+1), ObservedAt: seededAt},
			}},
			customer.FieldVATNumber:                              {ObservedAt: seededAt, DecidedBy: customer.DecidedEdit}, // it was cleared
			customer.PartField(customer.PartOffice, "x", "name"): {ObservedAt: seededAt, DecidedBy: customer.DecidedEdit}, // an office that is gone
		}
		if i%2 == 1 {
			continue
		}
		for n, risk := range []customer.RiskClass{customer.RiskStandard, customer.RiskLow} {
			err := store.InsertKYC(ctx, tx, c.ID, customer.KYC{
				State: customer.KYCCustomer, RiskClass: risk, RequiresActions: new(n == 0), RequiresActionsReasons: []string{"Omistajat tarkistamatta"}[:1-n],
				LatestRiskAssessmentOn: "2025-11-21", DueDiligenceExpiresOn: "2026-11-21", Notes: "Muistiinpano",
				SourceSystem: uuid(1, 1), AsOf: seededAt.Add(time.Duration(n) * time.Hour),
			})
			if err != nil {
				return err
			}
		}
	}
	return store.SaveProvenance(ctx, tx, from)
}

// created are the changes by which customers came in from the seeded system.
func created(all []customer.Customer) (out []change.Change) {
	for _, c := range all {
		out = append(out, change.Change{
			Kind: change.CustomerCreated, CustomerID: c.ID, Fields: customer.Diff(nil, c.Flatten(customer.HubKeys)),
			Actor:  change.Actor{Kind: change.ActorSystem, ID: uuid(1, 1), Name: "Netvisor, tuotanto"},
			Origin: change.Source{SystemID: uuid(1, 1)},
		})
	}
	return out
}

// number gives numbers to all committed changes.
func (b *bundle) number() {
	b.t.Helper()
	for more := true; more; {
		var err error
		if more, err = b.feed.NumberNow(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

func sample(n int) customer.Customer {
	c := customer.Customer{
		ID: customer.ID(uuid(2, n)), Version: 1, Number: fmt.Sprint(1000 + n), Kind: customer.Company, Status: customer.Active,
		Name: fmt.Sprintf("Yritys %03d Oy", n), NameExtension: "Laskutus", Email: fmt.Sprintf("info%d@example.test", n),
		Language: "fi", BillingEmails: []string{fmt.Sprintf("laskut%d@example.test", n)},
		Phone:       customer.Phone{Raw: "040 123 4567"},
		EInvoice:    customer.EInvoice{Address: "003715728600", Operator: "003721291126"},
		Responsible: customer.Responsible{Kind: customer.ResponsibleUser, Name: "Maija Myyjä", SystemID: uuid(1, 1), ExternalID: "17"},
		CustomFields: map[string]string{
			"discount": "7.5", "lead_source": "street", "nv_17": "2026-11-22", "remark": "Hyvä", "since": "2026-01-31",
		},
		Addresses: []customer.Address{
			{Kind: customer.Billing, Line1: "Laskukatu 2", Postcode: "15100", City: "Lahti", Country: "FI"},
			{Kind: customer.Visiting, Line1: "Käyntikatu 1", Postcode: "00100", City: "Helsinki", Country: "FI"},
		},
	}
	c.Offices = []customer.Office{{
		ID: customer.OfficeID(uuid(3, n)), CustomerID: c.ID, Name: "Turun toimipiste", Identifier: "T1", Active: true,
		Phone:    customer.Phone{Raw: "02 123 4567"},
		Address:  customer.Address{Line1: "Linnankatu 3", Postcode: "20100", City: "Turku", Country: "FI"},
		EInvoice: customer.EInvoice{Address: "00371572860012", Operator: "003721291126"},
	}}
	c.Contacts = []customer.Contact{{
		CustomerID: c.ID, Roles: []customer.ContactRole{customer.GeneralContact, customer.BillingContact}, Title: "talouspäällikkö",
		OfficeID: c.Offices[0].ID, IsDefault: true,
		Person: customer.Person{
			ID: customer.PersonID(uuid(4, n)), FirstName: "Aino", LastName: fmt.Sprintf("Esimerkki %d", n), Language: "fi",
			Emails: []string{fmt.Sprintf("aino%d@example.test", n)}, Phones: []customer.Phone{{Raw: "+358 40 765 4321"}},
		},
	}}
	if n%3 == 0 {
		c.Kind, c.FirstName, c.LastName, c.Name = customer.Private, "Eino", fmt.Sprintf("Mallikas %03d", n), fmt.Sprintf("Mallikas %03d Eino", n)
		c.EInvoice, c.Offices, c.Contacts[0].OfficeID = customer.EInvoice{}, nil, ""
	} else {
		c.BusinessID = "1572860-0"
	}
	c.Derive()
	c.Contacts[0].Person.DerivePhones(c.Country(), nil)
	for i := range c.Offices {
		c.Offices[i].EInvoice.Kind = customer.OVT
	}
	return c
}

// ids of the seeded things, as the API shows them.
func (b *bundle) customerID(number string) string {
	b.t.Helper()
	return b.do(`query($n: String!) { customer(by: {number: $n}) { id } }`, vars{"n": number}).text("customer", "id")
}
