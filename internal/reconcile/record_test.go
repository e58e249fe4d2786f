package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	t.Run("FindingsAreRaisedOnceAndResolvedWhenGone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		bad := connector.Record{ExternalID: "1", Fields: customer.Fields{"name": "A"}, Findings: []finding.Finding{
			{Code: finding.BusinessIDInvalid, Field: "businessId", Message: "Not a business ID."},
			{Code: finding.CountryUnknown, Field: "billingAddress.country", Message: "XX"},
		}}
		b.fake.PutRecord(bad)
		if r := b.imported(); r.Counts.Findings != 2 {
			t.Errorf("got %+v", r.Counts)
		}
		// The log tells of them, in the customer's order (design section 7).
		logged := func(kind string) int {
			return b.count(`SELECT count(*) FROM change h JOIN finding f ON f.id = h.finding_id AND f.customer_id = h.customer_id
				WHERE h.kind = $1 AND h.change_no > 1`, kind)
		}
		if n := logged("FINDING_RAISED"); n != 2 {
			t.Errorf("%d changes tell of the 2 findings", n)
		}
		before, changes := b.versions(), b.count(`SELECT count(*) FROM change`)
		b.sync(true)
		if n := b.count(`SELECT count(*) FROM change`); n != changes {
			t.Errorf("an unchanged run made %d changes", n-changes)
		}
		if b.versions() != before || len(b.findings()) != 2 {
			t.Errorf("they were raised again: %+v", b.findings())
		}
		if f := b.findings()[0]; f.Customer == nil || *f.Customer != string(b.find("1").ID) || f.Field != "businessId" {
			t.Errorf("got %+v", f)
		}
		bad.Findings = bad.Findings[1:]
		b.fake.PutRecord(bad)
		b.sync(false)
		if got := b.findings(); len(got) != 1 || got[0].Code != string(finding.CountryUnknown) {
			t.Errorf("got %+v", got)
		}
		bad.Findings = nil
		b.fake.PutRecord(bad)
		b.sync(false)
		if got := b.findings(); len(got) != 0 || b.count(`SELECT count(*) FROM finding`) != 2 {
			t.Errorf("got %+v", got)
		}
		if n := logged("FINDING_RESOLVED"); n != 2 {
			t.Errorf("%d changes tell that the 2 findings are resolved", n)
		}
	})
	t.Run("R92_ANumberCarriedTwiceIsFoundForAsLongAsItIs", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.fake.Set("2", customer.Fields{"number": "N1"})
		b.imported()
		if b.find("1").ID == b.find("2").ID || b.find("1").Number != "N1" || b.find("2").Number != "N1" {
			t.Fatal("the two were not kept apart")
		}
		twice := func(want ...string) {
			t.Helper()
			var got []string
			for _, f := range b.findings() {
				if f.Code == string(finding.CustomerNumberTwice) {
					got = append(got, f.ExternalID)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("found at %v, want %v", got, want)
			}
		}
		twice("1", "2")
		before := b.versions()
		b.sync(true)
		twice("1", "2")
		if b.versions() != before {
			t.Error("a standing finding was written")
		}
		b.fake.Set("3", customer.Fields{"name": "Other"})
		b.sync(false)
		twice("1", "2")
		b.fake.Set("2", customer.Fields{"number": "N2"})
		b.sync(true)
		twice()
		b.fake.Set("3", customer.Fields{"number": "N2"})
		b.sync(false)
		twice("3")
	})
	t.Run("T14_ARecordThatIsListedAndNotGivenIsFound", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(3)
		b.fake.PutRecord(connector.Record{ExternalID: "2", Fields: customer.Fields{"name": "B"}, Findings: []finding.Finding{{Code: finding.CountryUnknown}}})
		b.imported()
		b.fake.Set("1", customer.Fields{"name": "Renamed"})
		b.fake.Set("2", customer.Fields{"name": "Renamed"})
		b.fake.Mute("2")
		r := b.sync(false)
		if r.State != run.Succeeded || r.Counts.Failed != 1 || r.Counts.Updated != 1 || r.Counts.Read != 1 || r.Done != 2 {
			t.Errorf("got %+v", r)
		}
		got := b.findings()
		if len(got) != 2 || got[0].Code != string(finding.CountryUnknown) || got[1].Code != string(finding.MissingRecord) || got[1].Customer == nil {
			t.Errorf("got %+v", got)
		}
		if c := b.find("2"); c.Name != "B" || c.Status != customer.Active {
			t.Errorf("Promise 6: %+v", c)
		}
		b.fake.Put("2", customer.Fields{"name": "Back"})
		b.sync(false)
		if got := b.findings(); len(got) != 0 || b.find("2").Name != "Back" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("T39_PoisonRecordsDoNotStopTheBatch", func(t *testing.T) {
		t.Parallel()
		for name, poison := range map[string]customer.Fields{
			"AFieldThatDoesNotExist":   {"name": "A", "planet": "Mars"},
			"AStatusThatDoesNotExist":  {"name": "A", "status": "ASLEEP"},
			"ARoleThatDoesNotExist":    {"name": "A", "contact[1].present": "true", "contact[1].roles": "KING"},
			"AnOfficeWithoutAKey":      {"name": "A", "office[].present": "true"},
			"ATextNobodyCanStore":      {"name": "A\x00B"},
			"APartThatDoesNotExist":    {"ship[1].name": "A"},
			"AnotherPartWithBadLetter": {"name": "A", "office[1].name": "\x00"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.put(9)
				b.fake.Put("5", poison)
				b.fake.SetBatchSize(4)
				r := b.imported()
				if r.Counts.Created != 8 || r.Counts.Failed != 1 || r.Done != 9 || b.find("5") != nil {
					t.Errorf("got %+v", r)
				}
				got := b.findings()
				if len(got) != 1 || got[0].Code != string(finding.RecordUnreadable) || got[0].ExternalID != "5" {
					t.Errorf("got %+v", got)
				}
				if s := b.state(); s.FreshAt.IsZero() || s.Fault != nil {
					t.Errorf("got %+v", s)
				}
				b.put(9)
				if r := b.sync(false); r.Counts.Created != 1 || len(b.findings()) != 0 {
					t.Errorf("the mended record: %+v, %+v", r, b.findings())
				}
			})
		}
	})
	t.Run("Promise7_ARecordThatSpoilsItsBatchIsAlone", func(t *testing.T) {
		t.Parallel()
		for name, answer := range map[string]error{
			"Unavailable": &fault.Error{Code: fault.Unavailable, Reason: "REPLY_BROKEN", Message: "The card is too large."},
			"Rejected":    fault.New(fault.Rejected, "The card is too large."),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.put(12)
				b.fake.SetBatchSize(4)
				spoilt := func(_ context.Context, c connectortest.Call) error {
					if slices.Contains(c.IDs, "6") {
						return answer
					}
					return nil
				}
				b.fake.Before(spoilt)
				if r := b.imported(); r.Counts.Created != 11 || r.Counts.Failed != 1 || r.Done != 12 || b.find("6") != nil {
					t.Errorf("got %+v", r)
				}
				got := b.findings()
				if len(got) != 1 || got[0].ExternalID != "6" || got[0].Code != string(finding.RecordUnreadable) || b.state().Fault != nil {
					t.Errorf("got %+v", got)
				}
				if n := b.count(`SELECT count(*) FROM finding WHERE message LIKE '%The card is too large.'`); n != 1 {
					t.Error("the finding does not say why")
				}
				b.fake.Set("6", customer.Fields{"name": "Alone"})
				if r := b.sync(false); r.State != run.Succeeded || r.Counts.Failed != 1 {
					t.Errorf("alone in its list it holds the cursor: %+v", r)
				}
				b.fake.Before(nil)
				b.fake.Set("6", customer.Fields{"name": "Mended"})
				if r := b.sync(false); r.Counts.Created != 1 || len(b.findings()) != 0 || b.fake.Overlaps() != 0 {
					t.Errorf("the mended record: %+v, %+v", r, b.findings())
				}
			})
		}
	})
	t.Run("Promise8_ARecordThatFailedWaitsAndIsReadAgain", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			code  fault.Code
			state link.State
		}{"Unavailable": {fault.Unavailable, link.Waiting}, "Rejected": {fault.Rejected, link.Parked}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.put(3)
				b.imported()
				b.fake.Set("2", customer.Fields{"name": "Later"})
				b.fake.Put("9", customer.Fields{"name": "New"})
				b.fake.Before(func(_ context.Context, call connectortest.Call) error {
					if slices.Contains(call.IDs, "2") || slices.Contains(call.IDs, "9") {
						return fault.New(c.code, "Not now.")
					}
					return nil
				})
				b.fake.Set("1", customer.Fields{"name": "Too"})
				b.sync(false)
				l := b.find("2").Links[0]
				if l.State != c.state || l.LastFault != c.code || l.Attempt != 1 || l.DueAt.IsZero() || !strings.Contains(l.LastMessage, "Not now.") {
					t.Errorf("got %+v", l)
				}
				due := func() {
					t.Helper()
					_, err := b.db.Owner.Exec(t.Context(), `UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
					b.must(err)
				}
				due()
				// Both fail again and nothing else is asked for, which is no reason for the run to fail.
				if r := b.sync(false); r.State != run.Succeeded || r.Counts.Failed != 2 || b.find("2").Links[0].Attempt != 2 {
					t.Errorf("got %+v", r)
				}
				if r := b.sync(false); r.Total != 1 {
					t.Errorf("the one that is not due is read again: %+v", r)
				}
				b.fake.Before(nil)
				due()
				if r := b.sync(false); r.Counts.Created != 1 || r.Counts.Updated != 1 || len(b.findings()) != 0 {
					t.Errorf("got %+v, %+v", r, b.findings())
				}
				l = b.find("2").Links[0]
				if b.find("2").Name != "Later" || l.State != link.InSync || l.Attempt != 0 || !l.DueAt.IsZero() || l.LastFault != "" {
					t.Errorf("got %+v", l)
				}
				if r := b.sync(false); r.Total != 0 {
					t.Errorf("it is still read: %+v", r)
				}
			})
		}
	})
	t.Run("ASystemThatAnswersNothingFailsTheRunSoon", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(100)
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			if len(c.IDs) > 0 {
				return fault.New(fault.Unavailable, "out of order")
			}
			return nil
		})
		b.work(b.worker)
		if r := b.lastRun(); r.State != run.Failed || r.FaultCode != fault.Unavailable || r.Done != 0 || len(b.findings()) != 0 {
			t.Errorf("got %+v", r)
		}
		if n := b.fake.Count(connectortest.OpRead); n > 20 {
			t.Errorf("it was asked %d times", n)
		}
	})
	t.Run("T39_ARecordThatBringsTheConnectorDownIsAlone", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(5)
		b.fake.Before(func(_ context.Context, c connectortest.Call) error {
			if c.Op == connectortest.OpBatch || c.Op == connectortest.OpRead && c.IDs[0] == "3" {
				panic("cannot map")
			}
			return nil
		})
		if r := b.imported(); r.Counts.Created != 4 || r.Counts.Failed != 1 {
			t.Errorf("got %+v", r)
		}
		if got := b.findings(); len(got) != 1 || got[0].ExternalID != "3" || got[0].Code != string(finding.RecordUnreadable) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("ARecordWithoutAKeyIsNeverLinked", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(2)
		b.fake.Put("", customer.Fields{"name": "Nobody"})
		if r := b.imported(); r.Counts.Created != 2 || r.Counts.Skipped != 1 {
			t.Errorf("got %+v", r)
		}
		if n := b.count(`SELECT count(*) FROM link WHERE external_id = ''`) + b.count(`SELECT count(*) FROM customer WHERE name = 'Nobody'`); n != 0 {
			t.Error("it was linked")
		}
	})
	t.Run("R124_TempThatTheListDidNotTellStaysOutToo", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.put(1)
		kind := b.kinds[system.Netvisor]
		kind.Open = func(connector.Config) (connector.Connection, error) { return odd{b.fake}, nil }
		b.kinds[system.Netvisor] = kind
		b.fake.PutRecord(connector.Record{ExternalID: "7", Fields: customer.Fields{"name": "TEMP", "number": "TEMP"}, Excluded: "TEMP"})
		if r := b.imported(); r.Counts.Skipped != 1 || r.Counts.Created != 1 || b.find("7") != nil {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("T14_ListedTwiceAndGivenTwiceIsOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		kind := b.kinds[system.Netvisor]
		kind.Open = func(connector.Config) (connector.Connection, error) { return odd{b.fake}, nil }
		b.kinds[system.Netvisor] = kind
		b.put(3)
		r := b.imported()
		if r.Counts.Created != 3 || r.Counts.Read != 3 || r.Total != 3 || r.Done != 3 || b.count(`SELECT count(*) FROM customer`) != 3 {
			t.Errorf("got %+v", r)
		}
	})
}

// odd lists every record twice and as if nothing was excluded, gives each twice, and one that nobody asked for.
type odd struct{ *connectortest.Fake }

func (o odd) List(ctx context.Context, since string, yield func(connector.Row) error) (connector.ListResult, error) {
	return o.Fake.List(ctx, since, func(r connector.Row) error {
		r.Excluded = ""
		return errors.Join(yield(r), yield(r))
	})
}

func (o odd) ReadBatch(ctx context.Context, ids []string) ([]connector.Record, error) {
	out, err := o.Fake.ReadBatch(ctx, ids)
	out = append(out, out...)
	return append(out, connector.Record{ExternalID: "unasked", Fields: customer.Fields{"name": "Unasked"}}), err
}
