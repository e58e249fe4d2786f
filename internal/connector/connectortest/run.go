package connectortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

// Standin is a system to test a connector against: a simulator, or canned answers. A function that is nil means that the
// system cannot be made to do that; what needs it is not asked then.
type Standin struct {
	// Kind is the kind under test.
	Kind connector.Kind
	// Open connects to the stand-in.
	Open func(t *testing.T) connector.Connection
	// Known are records that exist, at least three, none of them excluded. Unknown is one that never did.
	Known   []string
	Unknown string
	// CutList makes the next list break off before its end, after at least one row.
	CutList func(t *testing.T)
	// CutRead makes the next answer to a read or a batch break off before its end.
	CutRead func(t *testing.T)
	// Fail makes the next call fail in the way that the code stands for.
	Fail map[fault.Code]func(t *testing.T)
	// Hang makes the next call get no answer until its caller gives up. The channel is closed when it has arrived.
	Hang func(t *testing.T) (arrived <-chan struct{})
	// Edit changes a record, so that it is listed again.
	Edit func(t *testing.T, id string)
	// Writing is for a kind that writes; nil for one that does not.
	Writing *Writing
}

// Run asks of a connector everything that package reconcile relies on. Each subtest opens its own
// connection. They run one after another, since they order faults of one stand-in.
func Run(t *testing.T, s Standin) {
	t.Helper()
	if len(s.Known) < 3 {
		t.Fatal("the suite needs three known records")
	}
	t.Run("Kind", s.kind)
	t.Run("Read", s.read)
	t.Run("Batch", s.readBatch)
	t.Run("List", s.list)
	t.Run("Check", s.check)
	t.Run("Faults", s.faults)
	t.Run("Cancellation", s.cancellation)
	t.Run("Write", s.write)
}

func (s Standin) kind(t *testing.T) {
	k := s.Kind
	if k.Kind == "" || k.Title == "" || k.Reads == nil || k.Open == nil || k.Lane == nil || k.PollEvery <= 0 {
		t.Errorf("incomplete: %+v", k)
	}
	for _, settings := range [][]connector.Setting{k.Settings, k.Credentials} {
		for _, set := range settings {
			if set.Name == "" || set.Title == "" || set.Help == "" {
				t.Errorf("setting %q does not explain itself", set.Name)
			}
			if set.Valid != nil && set.Default != "" && set.Valid(set.Default) != nil {
				t.Errorf("setting %s refuses its own default", set.Name)
			}
			if set.Secret && set.Default != "" {
				t.Errorf("secret %s has a default", set.Name)
			}
		}
	}
	if !k.Reads(customer.FieldName) && k.From == "" {
		t.Error("a system that cannot tell a customer's name is of no use")
	}
}

func (s Standin) read(t *testing.T) {
	conn := s.Open(t)
	t.Run("UnknownIsNotFound", func(t *testing.T) {
		for _, id := range []string{s.Unknown, "", "no such id, and not of its form"} {
			if _, err := conn.Read(t.Context(), id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: got %v, want NotFound", id, err)
			}
		}
	})
	t.Run("TwiceIsTheSame", func(t *testing.T) {
		for _, id := range s.Known {
			first, second := mustRead(t, conn, id), mustRead(t, conn, id)
			if !same(first, second) {
				t.Errorf("%s: first\n%+v\nthen\n%+v", id, first, second)
			}
		}
	})
	t.Run("RecordsKeepTheRules", func(t *testing.T) {
		for _, id := range s.Known {
			s.verify(t, id, mustRead(t, conn, id))
		}
	})
}

// verify looks at what every record must be like.
func (s Standin) verify(t *testing.T, id string, r connector.Record) {
	t.Helper()
	if r.ExternalID != id || r.Excluded != "" {
		t.Errorf("asked for %s, got %s, excluded %q", id, r.ExternalID, r.Excluded)
	}
	for f, v := range r.Fields {
		if v == "" {
			t.Errorf("%s: %s is there and empty", id, f)
		}
		if !s.Kind.Reads(f) && s.Kind.From == "" { // where it tells whose the record is
			t.Errorf("%s: %s is given, but Reads says it cannot be read", id, f)
		}
		part, key, _, ok := f.PartKey()
		if !ok {
			if err := new(customer.Customer).Apply(f, v); err != nil {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		if r.Fields[customer.PartField(part, key, customer.Present)] != "true" {
			t.Errorf("%s: %s belongs to a part that is not present", id, f)
		}
	}
	if k := r.KYC; k != nil && (k.AsOf.IsZero() || k.State == "" || k.RiskClass == "") {
		t.Errorf("%s: a due-diligence status that says nothing: %+v", id, *k)
	}
	for _, f := range r.Findings {
		if f.Code == "" || f.Message == "" {
			t.Errorf("%s: finding %+v says nothing", id, f)
		}
	}
}

func (s Standin) readBatch(t *testing.T) {
	conn := s.Open(t)
	b, ok := conn.(connector.BatchReader)
	if !ok {
		return
	}
	t.Run("GivesWhatThereIs", func(t *testing.T) {
		got, err := b.ReadBatch(t.Context(), append([]string{s.Unknown}, s.Known...))
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]connector.Record{}
		for _, r := range got {
			ids[r.ExternalID] = r
		}
		if len(got) != len(s.Known) || len(ids) != len(s.Known) {
			t.Fatalf("%d records of %d, %d ids", len(got), len(s.Known), len(ids))
		}
		for _, id := range s.Known {
			if single := mustRead(t, conn, id); !same(single, ids[id]) {
				t.Errorf("%s: alone\n%+v\nin a batch\n%+v", id, single, ids[id])
			}
		}
	})
	t.Run("OneAndNoneAreBatches", func(t *testing.T) {
		for _, ids := range [][]string{nil, {s.Unknown}, {s.Known[0]}} {
			got, err := b.ReadBatch(t.Context(), ids)
			want := 0
			if len(ids) > 0 && ids[0] == s.Known[0] {
				want = 1
			}
			if err != nil || len(got) != want {
				t.Errorf("%v: %d records, %v", ids, len(got), err)
			}
		}
	})
	t.Run("AnIDNamedTwiceComesOnce", func(t *testing.T) {
		got, err := b.ReadBatch(t.Context(), []string{s.Known[0], s.Known[1], s.Known[0]})
		if err != nil || len(got) != 2 {
			t.Errorf("%d records, %v", len(got), err)
		}
	})
	t.Run("TooLargeIsRefused", func(t *testing.T) {
		if b.BatchSize() < 1 {
			t.Fatalf("batch size %d", b.BatchSize())
		}
		ids := make([]string, b.BatchSize()+1)
		for i := range ids {
			ids[i] = fmt.Sprintf("%d", 1_000_000+i)
		}
		if got, err := b.ReadBatch(t.Context(), ids); err == nil || got != nil {
			t.Errorf("got %d records, %v", len(got), err)
		}
	})
	if s.CutRead != nil {
		t.Run("T13_ACutBatchIsNotUsed", func(t *testing.T) {
			s.CutRead(t)
			if got, err := b.ReadBatch(t.Context(), s.Known); !fault.Is(err, fault.Unavailable) || got != nil {
				t.Errorf("got %d records, %v", len(got), err)
			}
		})
	}
}

func (s Standin) list(t *testing.T) {
	l, ok := s.Open(t).(connector.Lister)
	if !ok {
		return
	}
	t.Run("HoldsEverythingOnce", func(t *testing.T) {
		rows, result, err := list(t.Context(), l, "")
		if err != nil {
			t.Fatal(err)
		}
		times := map[string]int{}
		for _, r := range rows {
			times[r.ExternalID]++
			if r.ExternalID == "" && r.Excluded == "" {
				t.Errorf("row %+v cannot be read and is not excluded", r)
			}
		}
		for _, id := range s.Known {
			if times[id] != 1 {
				t.Errorf("%s is listed %d times", id, times[id])
			}
		}
		if result.Cursor == "" {
			t.Error("no cursor")
		}
	})
	t.Run("AnErrorOfTheReaderEndsIt", func(t *testing.T) {
		stop := errors.New("enough")
		n := 0
		result, err := l.List(t.Context(), "", func(connector.Row) error { n++; return stop })
		if !errors.Is(err, stop) || n != 1 || result.Cursor != "" {
			t.Errorf("%d rows, %v, cursor %q", n, err, result.Cursor)
		}
	})
	if s.Edit != nil {
		t.Run("FromTheCursorTheEditedComesAgain", func(t *testing.T) {
			_, result, err := list(t.Context(), l, "")
			if err != nil {
				t.Fatal(err)
			}
			s.Edit(t, s.Known[1])
			rows, next, err := list(t.Context(), l, result.Cursor)
			if err != nil || next.Cursor == "" {
				t.Fatalf("cursor %q, %v", next.Cursor, err)
			}
			if !slices.ContainsFunc(rows, func(r connector.Row) bool { return r.ExternalID == s.Known[1] }) {
				t.Errorf("%s is not among %d rows", s.Known[1], len(rows))
			}
		})
	}
	if s.CutList != nil {
		t.Run("T13_ACutListIsNoList", func(t *testing.T) {
			s.CutList(t)
			rows, result, err := list(t.Context(), l, "")
			if !fault.Is(err, fault.Unavailable) || result.Cursor != "" {
				t.Errorf("%d rows, cursor %q, %v", len(rows), result.Cursor, err)
			}
		})
	}
}

func (s Standin) check(t *testing.T) {
	c, ok := s.Open(t).(connector.Checker)
	if !ok {
		return
	}
	checks, err := c.Check(t.Context())
	if err != nil || len(checks) == 0 {
		t.Fatalf("%d checks, %v", len(checks), err)
	}
	for _, ch := range checks {
		if !ch.OK || ch.Name == "" {
			t.Errorf("a system that works fails %+v", ch)
		}
	}
	if denied := s.Fail[fault.Denied]; denied != nil {
		t.Run("ARefusalIsACheckAndNoError", func(t *testing.T) {
			denied(t)
			checks, err := c.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(checks, func(ch system.Check) bool { return !ch.OK })
			if i < 0 || checks[i].Message == "" || checks[i].Fix == "" {
				t.Errorf("checks %+v", checks)
			}
		})
	}
	if down := s.Fail[fault.Unavailable]; down != nil {
		t.Run("WhatCouldNotBeCheckedIsAnError", func(t *testing.T) {
			down(t)
			if checks, err := c.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("checks %+v, %v", checks, err)
			}
		})
	}
}

func (s Standin) faults(t *testing.T) {
	conn := s.Open(t)
	for _, code := range slices.Sorted(maps.Keys(s.Fail)) {
		t.Run(string(code), func(t *testing.T) {
			expect := func(what string, err error) {
				if !fault.Is(err, code) {
					t.Errorf("%s: got %v, want %s", what, err, code)
				} else if fault.Of(err).Message == "" {
					t.Errorf("%s: no message", what)
				}
			}
			s.Fail[code](t)
			r, err := conn.Read(t.Context(), s.Known[0])
			expect("read", err)
			if len(r.Fields) > 0 {
				t.Error("a failed read gave fields")
			}
			if b, ok := conn.(connector.BatchReader); ok {
				s.Fail[code](t)
				got, err := b.ReadBatch(t.Context(), s.Known)
				expect("batch", err)
				if got != nil {
					t.Error("a failed batch gave records")
				}
			}
			if l, ok := conn.(connector.Lister); ok {
				s.Fail[code](t)
				_, result, err := list(t.Context(), l, "")
				expect("list", err)
				if result.Cursor != "" {
					t.Error("a failed list gave a cursor")
				}
			}
			// And then it works again: a connection keeps no memory of faults.
			mustRead(t, conn, s.Known[0])
		})
	}
}

func (s Standin) cancellation(t *testing.T) {
	conn := s.Open(t)
	t.Run("BeforeTheCall", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := conn.Read(ctx, s.Known[0]); !errors.Is(err, context.Canceled) {
			t.Errorf("read: %v", err)
		}
		if b, ok := conn.(connector.BatchReader); ok {
			if _, err := b.ReadBatch(ctx, s.Known); !errors.Is(err, context.Canceled) {
				t.Errorf("batch: %v", err)
			}
		}
		if l, ok := conn.(connector.Lister); ok {
			if _, _, err := list(ctx, l, ""); !errors.Is(err, context.Canceled) {
				t.Errorf("list: %v", err)
			}
		}
	})
	t.Run("WithinAList", func(t *testing.T) {
		l, ok := conn.(connector.Lister)
		if !ok {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		_, err := l.List(ctx, "", func(connector.Row) error { n++; cancel(); return nil })
		if !errors.Is(err, context.Canceled) || n != 1 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
	if s.Hang == nil {
		return
	}
	t.Run("WhileWaiting", func(t *testing.T) {
		arrived := s.Hang(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { _, err := conn.Read(ctx, s.Known[0]); done <- err }()
		await(t, arrived, "the call")
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || fault.Of(err) != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ADeadlineIsUnavailable", func(t *testing.T) {
		arrived := s.Hang(t)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := conn.Read(ctx, s.Known[0])
		await(t, arrived, "the call")
		if !fault.Is(err, fault.Unavailable) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s did not come", what)
	}
}

func mustRead(t *testing.T, conn connector.Connection, id string) connector.Record {
	t.Helper()
	r, err := conn.Read(t.Context(), id)
	if err != nil {
		t.Fatalf("reading %s: %v", id, err)
	}
	return r
}

func list(ctx context.Context, l connector.Lister, since string) ([]connector.Row, connector.ListResult, error) {
	var rows []connector.Row
	result, err := l.List(ctx, since, func(r connector.Row) error { rows = append(rows, r); return nil })
	return rows, result, err
}

func same(a, b connector.Record) bool {
	return a.ExternalID == b.ExternalID && a.Fields.Equal(b.Fields) && a.Excluded == b.Excluded &&
		a.Source == b.Source && sameKYC(a.KYC, b.KYC) && slices.Equal(a.Findings, b.Findings) && maps.Equal(a.Extra, b.Extra)
}

func sameKYC(a, b *customer.KYC) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Same(b) && a.Revision == b.Revision && a.AsOf.Equal(b.AsOf) && maps.Equal(a.Raw, b.Raw)
}
