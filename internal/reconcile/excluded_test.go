package reconcile_test

import (
	"strconv"
	"strings"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/run"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// TestRecordsThatNeverComeIn holds that a record which does not come in, or does not come in any more, is said so: by a finding, and
// by its link where it has one (Promise 8). It is not taken for one that is gone.
func TestRecordsThatNeverComeIn(t *testing.T) {
	t.Parallel()
	const code = "010190-900P" // of a person who cannot exist
	standing := func(b wired, finding, externalID string) int {
		return b.count(`SELECT count(*) FROM finding WHERE code = $1 AND external_id = $2 AND resolved_at IS NULL`, finding, externalID)
	}
	t.Run("R192_AnIdentityCodeAsTheNumberOfANewCustomer", func(t *testing.T) {
		t.Parallel()
		b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7})
		key, err := b.netvisor.Add("", func(c *sandbox.Customer) error {
			if err := c.Set("name", "Eino Esimerkki"); err != nil {
				return err
			}
			return c.Set("code", code)
		})
		b.must(err)
		r := b.imported()
		id := strconv.FormatInt(key, 10)
		if r.Counts.Created != 3 || b.find(id) != nil || standing(b, "IDENTITY_CODE_DROPPED", id) != 1 {
			t.Errorf("%+v, and %d findings", r.Counts, standing(b, "IDENTITY_CODE_DROPPED", id))
		}
		if n := b.count(`SELECT count(*) FROM finding WHERE message LIKE '%' || $1 || '%'`, code); n != 0 {
			t.Error("Promise 11: a finding tells it")
		}
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("code", "88001") }))
		if b.sync(false); b.find(id) == nil || standing(b, "IDENTITY_CODE_DROPPED", id) != 0 {
			t.Error("with another number it does not come in, or the finding stands")
		}
	})
	for name, number := range map[string]string{"AnIdentityCode": code, "TEMP": "TEMP"} {
		t.Run("R124_ALinkedCustomerThatIsRenumberedTo"+name, func(t *testing.T) {
			t.Parallel()
			b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7})
			b.imported()
			var key int64
			for c := range b.netvisor.Customers("") {
				if c.Get("code") != "TEMP" {
					key = c.Key()
				}
			}
			id := strconv.FormatInt(key, 10)
			before := b.find(id)
			b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("code", number) }))
			for range 3 {
				if r := b.sync(true); r.State != run.Succeeded {
					t.Fatalf("run %+v", r)
				}
			}
			got := b.find(id)
			if l := got.Links[0]; l.State != link.NotInScope || !strings.Contains(l.LastMessage, "never kept in agreement") {
				t.Errorf("link is %s: %s", l.State, l.LastMessage)
			}
			if got.Number != before.Number || got.Status != customer.Active {
				t.Errorf("the customer became %s, %s", got.Number, got.Status)
			}
			versions := b.versions()
			if b.sync(true); b.versions() != versions || b.count(`SELECT count(*) FROM link WHERE missing_lists > 2`) != 0 {
				t.Error("it is written about again, or counts as missing")
			}
			b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return c.Set("code", "88001") }))
			b.sync(true)
			if got = b.find(id); got.Links[0].State != link.InSync || got.Number != "88001" {
				t.Errorf("with another number it is %s, link %s", got.Number, got.Links[0].State)
			}
		})
	}
	t.Run("T14_RowsWithoutAKeyAreCounted", func(t *testing.T) {
		t.Parallel()
		b := overTheWire(t, sandbox.Options{Customers: 3, Seed: 7})
		b.imported()
		fault, err := b.netvisor.Fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageMissingKey, Resource: "customerlist.nv"})
		b.must(err)
		for range 3 {
			if r := b.sync(true); r.State != run.Succeeded || r.Counts.Keyless != 1 {
				t.Errorf("run %+v", r)
			}
		}
		if standing(b, "RECORD_UNREADABLE", "") != 1 || b.count(`SELECT count(*) FROM customer WHERE status = 'ACTIVE'`) < 2 {
			t.Error("nothing says so, or a customer was believed to be gone")
		}
		b.netvisor.ClearFault(fault)
		if b.sync(true); standing(b, "RECORD_UNREADABLE", "") != 0 {
			t.Error("the finding stands")
		}
	})
}
