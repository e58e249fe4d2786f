package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/store"
)

// tenant is an organisation on a database.
type tenant struct {
	db *pgtest.DB
	id string
}

func newOrganisation(t *testing.T, db *pgtest.DB, name string) tenant {
	t.Helper()
	o := tenant{db, store.NewID()}
	o.do(t, func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.InsertOrganisation(ctx, tx, organisation.ID(o.id), name)
		return err
	})
	return o
}

// try runs fn in a transaction of the organisation.
func (o tenant) try(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return pg.InOrganisation(ctx, o.db.App, o.id, pg.TxOptions{}, fn)
}

func (o tenant) do(t *testing.T, fn func(context.Context, pgx.Tx) error) {
	t.Helper()
	if err := o.try(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func customers(list ...customer.Customer) []customer.Customer { return list }

// newCustomer is a customer with a part of every kind.
func newCustomer(name string) customer.Customer {
	c := customer.Customer{
		ID: customer.ID(store.NewID()), Version: 3, FieldVersions: map[customer.Field]int{"name": 2}, Number: "17",
		Kind: customer.Company, Status: customer.Active, Name: name, NameExtension: "Lahti", FirstName: "Aino", LastName: "Aalto",
		BusinessID: "1572860-0", BusinessIDValid: true, VATNumber: "FI15728600", BuyerUnitNumber: "003715728600",
		Email: "info@example.test", Phone: customer.Phone{Raw: "040 1234567", E164: "+358401234567"}, Language: "fi",
		BillingEmails: []string{"a@example.test", "b;c@example.test"}, ConsumerEInvoice: true,
		EInvoice: customer.EInvoice{Address: "003715728600", Operator: "003721291126", Kind: customer.OVT},
	}
	for _, kind := range []customer.AddressKind{customer.Billing, customer.Delivery, customer.Visiting} {
		c.Addresses = append(c.Addresses, customer.Address{
			Kind: kind, Name: "N", Line1: "Katu 1", Line2: "c/o", Postcode: "15100", City: "Lahti", Country: "FI", Derived: kind == customer.Billing,
		})
	}
	for i := range 2 {
		c.Offices = append(c.Offices, customer.Office{
			ID: customer.OfficeID(store.NewID()), CustomerID: c.ID, Name: fmt.Sprint("Office ", i), Identifier: "T1",
			Phone: customer.Phone{Raw: "1"}, BillingEmails: []string{"o@example.test"}, Active: i == 0,
			Address:  customer.Address{Kind: customer.Visiting, Line1: "Tie 2", City: "Oulu"},
			EInvoice: customer.EInvoice{Address: "X", Operator: "Y", Kind: customer.OtherKind},
		})
	}
	for i := range 2 {
		c.Contacts = append(c.Contacts, customer.Contact{
			CustomerID: c.ID, Roles: []customer.ContactRole{customer.GeneralContact, customer.BillingContact}, Title: "T",
			OfficeID: c.Offices[i].ID, IsDefault: i == 0,
			Person: customer.Person{
				ID: customer.PersonID(store.NewID()), FirstName: "F", LastName: fmt.Sprint("L", i), Language: "sv",
				Emails: []string{"p@example.test"}, Phones: []customer.Phone{{Raw: "2"}, {Raw: "040 1234567", E164: "+358401234567"}},
			},
		})
	}
	return c
}

func read(t *testing.T, o tenant, ids ...customer.ID) []customer.Customer {
	t.Helper()
	var out []customer.Customer
	o.do(t, func(ctx context.Context, tx pgx.Tx) (err error) {
		out, err = store.ListCustomersByID(ctx, tx, ids, store.AllRelations)
		return err
	})
	return out
}

// rowVersions names every row version of the tables.
func rowVersions(t *testing.T, db *pgtest.DB, tables ...string) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	for _, table := range tables {
		rows, err := db.Owner.Query(t.Context(), `SELECT xmin::text || ' ' || ctid::text FROM `+table+` ORDER BY ctid`)
		if err != nil {
			t.Fatal(err)
		}
		if out[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestSaveCustomers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	o := newOrganisation(t, db, "Esimerkki Oy")
	save := func(t *testing.T, list ...customer.Customer) {
		t.Helper()
		o.do(t, func(ctx context.Context, tx pgx.Tx) error { return store.SaveCustomers(ctx, tx, list) })
	}
	same := cmp.Options{
		cmpopts.IgnoreFields(customer.Customer{}, "CreatedAt", "UpdatedAt"), cmpopts.EquateEmpty(),
	}
	t.Run("EverythingComesBackAsItWas", func(t *testing.T) {
		c, bare := newCustomer("Äänekosken Öljy Oy"), customer.Customer{ID: customer.ID(store.NewID()), Version: 1, Kind: customer.Private, Status: customer.Active}
		save(t, c, bare)
		got := read(t, o, c.ID, bare.ID)
		if diff := cmp.Diff(customers(c, bare), got, same); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("UnchangedPartsWriteNoRowVersion", func(t *testing.T) {
		c := newCustomer("A")
		save(t, c)
		parts := []string{"customer_address", "office", "person", "contact"}
		before := rowVersions(t, db, parts...)
		c.Name, c.Version = "B", 4
		save(t, c)
		if diff := cmp.Diff(before, rowVersions(t, db, parts...)); diff != "" {
			t.Error(diff)
		}
		c.Offices[1].Name = "Renamed"
		c.Contacts[0].Title = "Renamed"
		save(t, c)
		after := rowVersions(t, db, parts...)
		if len(after["office"]) != len(before["office"]) || cmp.Equal(before["office"], after["office"]) || cmp.Equal(before["contact"], after["contact"]) ||
			!cmp.Equal(before["person"], after["person"]) || !cmp.Equal(before["customer_address"], after["customer_address"]) {
			t.Error("a changed part was not written, or another one was")
		}
	})
	t.Run("PartsThatAreNotGivenGoButOfficesStay", func(t *testing.T) {
		c := newCustomer("A")
		save(t, c)
		people := c.Contacts
		c.Addresses, c.Contacts, c.Offices = c.Addresses[1:], c.Contacts[1:], nil
		save(t, c)
		got := read(t, o, c.ID)[0]
		if len(got.Addresses) != 2 || len(got.Contacts) != 1 || len(got.Offices) != 2 {
			t.Errorf("got %+v", got)
		}
		o.do(t, func(ctx context.Context, tx pgx.Tx) error {
			kept, err := store.ListPeopleByID(ctx, tx, []customer.PersonID{people[0].Person.ID})
			if len(kept) != 1 {
				t.Error("the person went with the contact")
			}
			return err
		})
	})
	t.Run("TheDefaultContactMovesInOneStatement", func(t *testing.T) {
		c := newCustomer("A")
		save(t, c)
		c.Contacts[0].IsDefault, c.Contacts[1].IsDefault = false, true
		c.Contacts[0], c.Contacts[1] = c.Contacts[1], c.Contacts[0] // the new one is named first
		save(t, c)
		if got := read(t, o, c.ID)[0].Contacts; !got[0].IsDefault || got[1].IsDefault || got[0].Person.ID != c.Contacts[0].Person.ID {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("RulesOfTheTablesHold", func(t *testing.T) {
		for name, spoil := range map[string]func(*customer.Customer){
			"customer_kind":       func(c *customer.Customer) { c.Kind = "ROBOT" },
			"customer_status":     func(c *customer.Customer) { c.Status = "ASLEEP" },
			"contact_roles":       func(c *customer.Customer) { c.Contacts[0].Roles = []customer.ContactRole{"KING"} },
			"contact_office":      func(c *customer.Customer) { c.Contacts[0].OfficeID = customer.OfficeID(store.NewID()) },
			"contact_one_default": func(c *customer.Customer) { c.Contacts[1].IsDefault = true },
		} {
			c := newCustomer("A")
			spoil(&c)
			err := o.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error { return store.SaveCustomers(ctx, tx, customers(c)) })
			if pg.Constraint(err) != name || len(read(t, o, c.ID)) != 0 {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
	t.Run("UnknownIdsAreLeftOut", func(t *testing.T) {
		if got := read(t, o, customer.ID(store.NewID())); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
		if got := read(t, o); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRacingWriters(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	o := newOrganisation(t, db, "Esimerkki Oy")
	a, b := newCustomer("A"), newCustomer("B")
	o.do(t, func(ctx context.Context, tx pgx.Tx) error { return store.SaveCustomers(ctx, tx, customers(a, b)) })

	t.Run("LocksAreTakenInOneOrder", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 16 {
			ids := []customer.ID{a.ID, b.ID}
			if i%2 == 0 {
				ids = []customer.ID{b.ID, a.ID}
			}
			all.Go(func() {
				err := o.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
					held, err := store.LockCustomers(ctx, tx, ids)
					if err == nil && len(held) != 2 {
						err = fmt.Errorf("held %v", held)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	t.Run("Promise9_ChangesOfACustomerAreNumberedInTheOrderOfTheirCommits", func(t *testing.T) {
		const writers = 24
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				err := o.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
					if err := store.AppendChanges(ctx, tx, []change.Change{
						{Kind: change.CustomerUpdated, CustomerID: a.ID}, {Kind: change.CustomerUpdated, CustomerID: a.ID},
					}); err != nil {
						return err
					}
					if i%3 == 0 {
						return pgx.ErrTxClosed // taken back: its numbers are given again
					}
					return nil
				})
				if err != nil && i%3 != 0 {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n, last int
		if err := db.Owner.QueryRow(t.Context(), `SELECT count(*), max(change_no) FROM change WHERE customer_id = $1`, string(a.ID)).Scan(&n, &last); err != nil {
			t.Fatal(err)
		}
		if n != writers/3*2*2 || last != n {
			t.Errorf("%d changes up to %d", n, last)
		}
	})
	t.Run("AChangeOfNobodyIsRefused", func(t *testing.T) {
		err := o.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			return store.AppendChanges(ctx, tx, []change.Change{{Kind: change.CustomerUpdated, CustomerID: customer.ID(store.NewID())}})
		})
		if err == nil {
			t.Error("it was appended")
		}
	})
	t.Run("LanesAreHeldByOne", func(t *testing.T) {
		const key = "lane"
		var all sync.WaitGroup
		fences := make(chan int64, 16)
		for range 16 {
			all.Go(func() {
				hold, err := store.TryLane(t.Context(), db.App, key, "w", link.Bulk, time.Minute)
				if err != nil {
					t.Error(err)
				}
				if hold != nil {
					fences <- hold.Fence
				}
			})
		}
		all.Wait()
		close(fences)
		var held int64
		for f := range fences {
			if f != 0 && held != 0 {
				t.Error("two hold the lane")
			}
			held = max(held, f)
		}
		if err := store.RenewLane(t.Context(), db.App, key, held+1, time.Minute); !fault.Is(err, fault.Stale) {
			t.Errorf("a stranger renews: %v", err)
		}
		if err := store.ReleaseLane(t.Context(), db.App, key, held+1); !fault.Is(err, fault.Stale) {
			t.Errorf("a stranger releases: %v", err)
		}
		if err := store.ReleaseLane(t.Context(), db.App, key, held); err != nil {
			t.Error(err)
		}
		if err := store.RenewLane(t.Context(), db.App, key, held, time.Minute); !fault.Is(err, fault.Stale) {
			t.Errorf("a released lane was renewed: %v", err)
		}
		next, err := store.TryLane(t.Context(), db.App, key, "w", link.Bulk, time.Minute)
		if err != nil || next == nil || next.Fence <= held {
			t.Errorf("%+v after %d, %v", next, held, err)
		}
	})
	t.Run("TheMoreUrgentGoesFirstAndThenWhoCameFirst", func(t *testing.T) {
		const key = "ordered"
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		try := func(holder string, p link.Priority) *store.LaneHold {
			t.Helper()
			hold, err := store.TryLane(t.Context(), db.App, key, holder, p, time.Minute)
			must(err)
			return hold
		}
		hold := try("import", link.Bulk)
		for _, w := range []string{"first", "second"} {
			must(store.DrawTicket(t.Context(), db.App, key, w, link.Bulk, time.Minute))
		}
		must(store.DrawTicket(t.Context(), db.App, key, "person", link.Interactive, time.Minute))
		all, err := store.ListLaneStatus(t.Context(), db.App, []string{key})
		if status := all[key]; err != nil || status.Waiting != 3 || status.Interactive != 1 || status.HeldSince == nil {
			t.Errorf("got %+v, %v", all, err)
		}
		must(store.ReleaseLane(t.Context(), db.App, key, hold.Fence))
		for _, later := range []string{"import", "first", "second"} {
			if try(later, link.Bulk) != nil {
				t.Fatalf("%s goes before a person", later)
			}
		}
		if hold = try("person", link.Interactive); hold == nil {
			t.Fatal("the person waits")
		}
		must(store.DropTicket(t.Context(), db.App, key, "person"))
		must(store.ReleaseLane(t.Context(), db.App, key, hold.Fence))
		if try("second", link.Bulk) != nil || try("import", link.Bulk) != nil {
			t.Error("who came later goes first")
		}
		// A ticket whose holder gives no sign of life is worth nothing.
		must(store.DrawTicket(t.Context(), db.App, key, "first", link.Bulk, -time.Second))
		if try("second", link.Bulk) == nil {
			t.Error("the dead keep the lane from the living")
		}
		if all, err := store.ListLaneStatus(t.Context(), db.App, []string{key}); err != nil || all[key].UsualHold <= 0 {
			t.Errorf("got %+v, %v", all, err)
		}
	})
	t.Run("T35_AnAbandonedLaneIsTakenAfterLeaseAndMargin", func(t *testing.T) {
		const key = "abandoned"
		take := func(age string) int64 {
			t.Helper()
			if _, err := db.Owner.Exec(t.Context(), `UPDATE lane SET lease_until = now() - $2::interval WHERE key = $1`, key, age); err != nil {
				t.Fatal(err)
			}
			hold, err := store.TryLane(t.Context(), db.App, key, "other", link.Bulk, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if hold == nil {
				return 0
			}
			return hold.Fence
		}
		first, err := store.TryLane(t.Context(), db.App, key, "w", link.Bulk, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if take("3 seconds") != 0 {
			t.Error("it was taken within the margin")
		}
		if fence := take("11 seconds"); first == nil || fence <= first.Fence {
			t.Errorf("fence %d after %+v", fence, first)
		}
	})
}
