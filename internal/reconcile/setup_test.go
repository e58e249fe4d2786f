package reconcile_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
	"customerhub/internal/pgtest"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	"customerhub/internal/secret"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// bundle is a hub with a running system that is kept in memory, and a worker.
type bundle struct {
	*testing.T
	db     *pgtest.DB
	keyset *secret.Keyset
	kinds  map[system.Kind]connector.Kind
	hub    *hub.Hub
	fake   *connectortest.Fake
	worker *reconcile.Worker
	viewer auth.Viewer
	system system.ID
}

// setup gives a system that has been checked and started; its first import waits.
func setup(t *testing.T) *bundle {
	t.Helper()
	fake := connectortest.NewFake()
	b := setupKind(t, fake.Kind(system.Netvisor))
	b.fake = fake
	b.viewer, b.system = b.start("Esimerkki Oy", nil, map[string]string{"key": "secret"})
	return b
}

// setupKind gives a hub that knows some kinds of systems, and has none yet.
func setupKind(t *testing.T, kinds ...connector.Kind) *bundle {
	t.Helper()
	keyset, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{T: t, db: pgtest.New(t), keyset: keyset, kinds: make(map[system.Kind]connector.Kind)}
	for _, kind := range kinds {
		if kind.Credentials == nil {
			kind.Credentials = []connector.Setting{{Name: "key", Title: "Key", Secret: true}}
		}
		b.kinds[kind.Kind] = kind
	}
	b.hub = hub.New(b.db.App, hub.Options{Keyset: keyset, Kinds: reconcile.Specs(b.kinds)})
	b.worker = b.newWorker()
	return b
}

// newWorker is one more replica.
func (b *bundle) newWorker() *reconcile.Worker {
	return reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{
		Log: slog.New(slog.DiscardHandler), Kinds: b.kinds, Client: http.DefaultClient, Workers: 1, Poll: 50 * time.Millisecond,
	})
}

// start makes an organisation with a running system.
func (b *bundle) start(name string, settings, credentials map[string]string) (auth.Viewer, system.ID) {
	b.Helper()
	org, err := b.hub.CreateOrganisation(b.Context(), name)
	b.must(err)
	v := auth.Viewer{
		Actor: change.Actor{Kind: change.ActorKey, ID: "key", Name: "test"}, Scopes: []auth.Scope{auth.Admin},
		Organisation: org, Organisations: []organisation.Organisation{org},
	}
	s, err := b.hub.CreateSystem(b.Context(), v, hub.CreateSystem{Kind: system.Netvisor, Settings: settings}, "")
	b.must(err)
	_, err = b.hub.SetSystemCredentials(b.Context(), v, s.ID, credentials, "")
	b.must(err)
	_, err = b.hub.CheckSystem(b.Context(), v, s.ID, "")
	b.must(err)
	b.all(b.worker)
	_, _, err = b.hub.StartSystem(b.Context(), v, s.ID, "")
	b.must(err)
	return v, s.ID
}

// mayWrite says of a system that a first run which writes was approved and applied, as the policies of most tests need it. What such
// a run does firstrun_test.go tells.
func (b *bundle) mayWrite(id system.ID) {
	b.Helper()
	b.owner(`INSERT INTO plan (organisation_id, id, system_id, mode, state, actor_kind)
		SELECT r.organisation_id, r.id, r.system_id, 'BOTH', 'APPLIED', r.actor_kind FROM run r WHERE r.system_id = $1 AND r.kind = 'CHECK' ORDER BY r.id LIMIT 1
		ON CONFLICT DO NOTHING`, string(id))
}

func (b *bundle) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// work carries one run out.
func (b *bundle) work(w *reconcile.Worker) {
	b.Helper()
	worked, err := w.RunOne(b.Context())
	if err != nil || !worked {
		b.Fatalf("worked %v, %v", worked, err)
	}
}

// sync queues a run and carries it out.
func (b *bundle) sync(full bool) run.Run {
	b.Helper()
	_, err := b.hub.SyncNow(b.Context(), b.viewer, b.system, full, "")
	b.must(err)
	b.work(b.worker)
	return b.lastRun()
}

// imported carries the first import out.
func (b *bundle) imported() run.Run {
	b.Helper()
	b.work(b.worker)
	r := b.lastRun()
	if r.State != run.Succeeded {
		b.Fatalf("first import: %+v", r)
	}
	return r
}

func (b *bundle) lastRun() run.Run {
	b.Helper()
	runs, err := b.hub.LastRuns(b.Context(), b.viewer, []system.ID{b.system})
	b.must(err)
	return runs[b.system]
}

func (b *bundle) state() system.System {
	b.Helper()
	found, err := b.hub.SystemsByID(b.Context(), b.viewer, []system.ID{b.system})
	b.must(err)
	return found[b.system]
}

// find gives the customer of a record of the system; nil when there is none.
func (b *bundle) find(externalID string) *hub.CustomerView {
	b.Helper()
	c, err := b.hub.Customer(b.Context(), b.viewer, hub.CustomerLookup{System: b.system, ExternalID: externalID}, hub.IncludeAll)
	b.must(err)
	return c
}

func (b *bundle) edit(externalID string, patch customer.Fields) {
	b.Helper()
	_, err := b.hub.UpdateCustomer(b.Context(), b.viewer, b.find(externalID).ID, nil, patch, "")
	b.must(err)
}

// put fills the system with records 1 to n.
func (b *bundle) put(n int) {
	for i := 1; i <= n; i++ {
		id := fmt.Sprint(i)
		key := func(p customer.Part, name string) customer.Field { return customer.PartField(p, id, name) }
		b.fake.Put(id, customer.Fields{
			"name": "Customer " + id, "number": "N" + id, "kind": "COMPANY", "status": "ACTIVE", "phone": "040 123 4567",
			"billingAddress.line1": "Katu " + id, "billingAddress.city": "Lahti", "deliveryAddress.city": "Oulu", "visitingAddress.city": "Turku",
			key(customer.PartOffice, customer.Present): "true", key(customer.PartOffice, "name"): "Office", key(customer.PartOffice, "active"): "true",
			key(customer.PartContact, customer.Present): "true", key(customer.PartContact, "lastName"): "Aalto",
			key(customer.PartContact, "office"): id, key(customer.PartContact, "roles"): "GENERAL",
		})
	}
}

// canonical are the tables of which an unchanged run writes no row version (design section 5, system states).
var canonical = []string{"customer", "customer_address", "office", "person", "contact", "link", "link_base", "link_part", "finding", "change"}

// versions names every row version of the canonical tables.
func (b *bundle) versions() string {
	b.Helper()
	var out strings.Builder
	for _, table := range canonical {
		rows, err := b.db.Owner.Query(b.Context(), `SELECT xmin::text || ctid::text FROM `+pgx.Identifier{table}.Sanitize()+` ORDER BY ctid`)
		b.must(err)
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		b.must(err)
		fmt.Fprintf(&out, "%s %v\n", table, list)
	}
	return out.String()
}

// owner writes past the hub.
func (b *bundle) owner(sql string, args ...any) {
	b.Helper()
	_, err := b.db.Owner.Exec(b.Context(), sql, args...)
	b.must(err)
}

func (b *bundle) count(query string, args ...any) (n int) {
	b.Helper()
	b.must(b.db.Owner.QueryRow(b.Context(), query, args...).Scan(&n))
	return n
}

type standing struct {
	Code, ExternalID, Field string
	Customer                *string
}

// findings are those that stand, in order.
func (b *bundle) findings() []standing {
	b.Helper()
	rows, err := b.db.Owner.Query(b.Context(),
		`SELECT code, external_id, field, customer_id::text FROM finding WHERE resolved_at IS NULL ORDER BY code, external_id, field`)
	b.must(err)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[standing])
	b.must(err)
	return out
}

// all makes workers work at the same time until nothing is left to do.
func (b *bundle) all(workers ...*reconcile.Worker) {
	b.Helper()
	var working sync.WaitGroup
	for _, w := range workers {
		working.Go(func() {
			for {
				worked, err := w.RunOne(b.Context())
				if err != nil {
					b.Error(err)
				}
				if !worked || err != nil {
					return
				}
			}
		})
	}
	working.Wait()
}

// proposed is how many polls are due.
func (b *bundle) proposed() int {
	b.Helper()
	_, err := b.db.Owner.Exec(b.Context(), `UPDATE system SET next_due_at = now() - interval '1 second' WHERE next_due_at IS NOT NULL`)
	b.must(err)
	n, err := store.ProposePolls(b.Context(), b.db.App)
	b.must(err)
	return n
}

// within ends a wait that would last for ever.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// wait waits for a signal.
func wait(t *testing.T, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-within(t).Done():
		t.Fatal("nothing happened")
	}
}
