package reconcile_test

import (
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

func TestFirstImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(250)
	b.fake.PutRecord(connector.Record{ExternalID: "999", Fields: customer.Fields{"name": "TEMP", "number": "TEMP"}, Excluded: "TEMP"})
	r := b.imported()

	want := run.Counts{Listed: 251, Read: 250, Created: 250, Skipped: 1}
	if r.Kind != run.FirstImport || r.Counts != want || r.Total != 250 || r.Done != 250 || r.StartedAt.IsZero() || r.FinishedAt.IsZero() {
		t.Errorf("got %+v", r)
	}
	s := b.state()
	if s.State != system.Running || s.FreshAt.IsZero() || s.FreshAt.After(r.FinishedAt) || s.Cursor == "" || s.Fault != nil || s.Health() != system.Healthy {
		t.Errorf("got %+v", s)
	}
	if got := b.fake.Count(connectortest.OpBatch); got != 3 {
		t.Errorf("%d batches, want 3", got)
	}
	if b.find("999") != nil {
		t.Error("R124: TEMP came in")
	}
	c := b.find("17")
	if c.Name != "Customer 17" || len(c.Offices) != 1 || len(c.Contacts) != 1 || c.Contacts[0].OfficeID != c.Offices[0].ID || len(c.Addresses) != 3 {
		t.Errorf("got %+v", c)
	}
	if len(c.Links) != 1 || c.Links[0].ExternalID != "17" || c.Links[0].State != link.InSync || c.Links[0].LastSyncedAt.IsZero() {
		t.Errorf("links %+v", c.Links)
	}
	if n := b.count(`SELECT count(*) FROM link_base WHERE ours ->> 'name' = theirs ->> 'name'`); n != 250 {
		t.Errorf("%d bases, want 250", n)
	}
	if n := b.count(`SELECT count(*) FROM change WHERE kind = 'CUSTOMER_CREATED' AND actor_kind = 'SYSTEM' AND origin_system = $1`, string(b.system)); n != 250 {
		t.Errorf("%d changes, want 250", n)
	}
	if n := b.count(`SELECT count(*) FROM customer WHERE created_at = updated_at AND version = 1 AND change_no = 1`); n != 250 {
		t.Errorf("%d customers, want 250", n)
	}
}

func TestUnchangedRunsWriteNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(30)
	b.imported()
	before := b.versions()
	for _, full := range []bool{true, true, false} {
		r := b.sync(full)
		if r.State != run.Succeeded || r.Counts.Created+r.Counts.Updated+r.Counts.Failed > 0 {
			t.Fatalf("got %+v", r)
		}
		if full && (r.Kind != run.Sweep || r.Counts.Unchanged != 30) {
			t.Errorf("got %+v", r)
		}
		if !full && (r.Kind != run.Poll || r.Counts.Listed != 0) {
			t.Errorf("got %+v", r)
		}
	}
	if after := b.versions(); after != before {
		t.Errorf("rows were written:\n%s\nbefore:\n%s", after, before)
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	t.Run("TheHubsEditStandsUntilALaterChangeThere", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.imported()
		synced := b.find("2").Links[0].LastSyncedAt
		b.edit("2", customer.Fields{"phone": "050 765 4321"})
		if l := b.find("2").Links[0]; !l.LastSyncedAt.Equal(synced) {
			t.Errorf("an edit counts as a look at the system: %s, then %s", synced, l.LastSyncedAt)
		}
		if l := b.find("2").Links[0]; l.State != link.Waiting || !strings.Contains(l.LastMessage, "phone") {
			t.Errorf("Promise 8: %+v", l)
		}
		b.sync(true)
		if c := b.find("2"); c.Phone.Raw != "050 765 4321" || c.Version != 2 || c.Links[0].State != link.Waiting {
			t.Errorf("an older value came over it: %+v", c)
		}
		before := b.versions()
		b.sync(true)
		if b.versions() != before {
			t.Error("a waiting link is written again and again")
		}
		b.fake.Set("2", customer.Fields{"phone": "09 111 222"})
		if r := b.sync(false); r.Counts.Updated != 1 || r.Counts.Listed != 1 {
			t.Errorf("got %+v", r)
		}
		if c := b.find("2"); c.Phone.Raw != "09 111 222" || c.Phone.E164 != "+3589111222" || c.Version != 3 || c.Links[0].State != link.InSync {
			t.Errorf("the later change did not come in: %+v", c)
		}
		changes, err := b.hub.ChangesOfCustomers(t.Context(), b.viewer, []customer.ID{b.find("2").ID}, "", 10)
		b.must(err)
		if n := b.count(`SELECT count(*) FROM change WHERE customer_id = $1 AND fields @> '[{"field": "phone", "before": "050 765 4321"}]'`, string(b.find("2").ID)); n != 1 {
			t.Errorf("the value that lost is nowhere: %+v", changes)
		}
	})
	t.Run("T22_OtherFieldsGoOn", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		b.imported()
		b.edit("1", customer.Fields{"phone": "050 765 4321"})
		b.fake.Set("1", customer.Fields{"name": "Renamed"})
		b.sync(false)
		if c := b.find("1"); c.Name != "Renamed" || c.Phone.Raw != "050 765 4321" {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("T24_AnEditWhileTheReadIsInFlightStands", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(2)
		b.imported()
		b.fake.Set("1", customer.Fields{"name": "Renamed"})
		_, err := b.hub.SyncNow(t.Context(), b.viewer, b.system, false, "")
		b.must(err)
		arrived, release := b.fake.Hold(connectortest.OpBatch)
		done := make(chan error, 1)
		go func() {
			_, err := b.worker.RunOne(t.Context())
			done <- err
		}()
		wait(t, arrived)
		b.edit("1", customer.Fields{"phone": "050 765 4321"})
		release()
		b.must(<-done)
		if c := b.find("1"); c.Phone.Raw != "050 765 4321" || c.Name != "Renamed" || c.Version != 3 {
			t.Errorf("got %+v", c)
		}
		if n := b.count(`SELECT count(*) FROM change WHERE fields @> '[{"field": "phone", "before": "050 765 4321"}]'`); n != 0 {
			t.Error("subscribers saw a flip-flop")
		}
	})
	t.Run("PartsOfRecordsComeAndGo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		b.imported()
		fields, _ := b.fake.Fields("1")
		b.fake.Put("1", fields.Only(func(f customer.Field) bool { _, _, _, ofPart := f.PartKey(); return !ofPart }))
		b.sync(false)
		if c := b.find("1"); len(c.Contacts) != 0 || len(c.Offices) != 1 || c.Offices[0].Active {
			t.Errorf("got %+v", c)
		}
		if n := b.count(`SELECT count(*) FROM person`); n != 1 {
			t.Errorf("%d persons, want the one that was unlinked", n)
		}
		b.fake.Put("1", fields)
		b.sync(false)
		if c := b.find("1"); len(c.Contacts) != 1 || !c.Offices[0].Active {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("TheDefaultContactMoves", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		contacts := func(defaults ...string) customer.Fields {
			fs := customer.Fields{"name": "A"}
			for _, key := range []string{"1", "2", "3"} {
				fs[customer.PartField(customer.PartContact, key, customer.Present)] = "true"
				fs[customer.PartField(customer.PartContact, key, "lastName")] = key
			}
			for _, key := range defaults {
				fs[customer.PartField(customer.PartContact, key, "default")] = "true"
			}
			return fs
		}
		b.fake.Put("1", contacts("2"))
		b.imported()
		for _, next := range [][]string{{"1"}, {"3"}, {"1", "2", "3"}, {}, {"2"}} {
			b.fake.Put("1", contacts(next...))
			if r := b.sync(false); r.State != run.Succeeded || r.Counts.Failed > 0 {
				t.Fatalf("default %v: %+v", next, r)
			}
			defaults := 0
			for _, ct := range b.find("1").Contacts {
				if ct.IsDefault {
					defaults++
				}
			}
			if defaults != min(1, len(next)) {
				t.Errorf("default %v: %+v", next, b.find("1").Contacts)
			}
		}
	})
}
