package connectortest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

func named(name string) customer.Fields { return customer.Fields{customer.FieldName: name} }

func TestTheFakeConforms(t *testing.T) {
	t.Parallel()
	fake := connectortest.NewFake()
	fake.SetWrites(func(customer.Field) bool { return true })
	fake.SetForm(func(_ customer.Field, value string) string { return strings.ToUpper(strings.TrimSpace(value)) })
	for _, id := range []string{"1", "2", "3", "10"} {
		fake.Put(id, named("Esimerkki "+id+" Oy"))
	}
	fail := map[fault.Code]func(*testing.T){}
	for _, code := range []fault.Code{fault.Rejected, fault.Limited, fault.Maintenance, fault.Unavailable} {
		fail[code] = func(*testing.T) { fake.Fail(1, fault.New(code, "As ordered.")) }
	}
	connectortest.Run(t, connectortest.Standin{
		Kind:  fake.Kind(system.Netvisor),
		Open:  func(*testing.T) connector.Connection { return fake },
		Known: []string{"1", "2", "3"}, Unknown: "99",
		CutList: func(*testing.T) { fake.CutList(2) },
		CutRead: func(*testing.T) { fake.Lose(connectortest.OpBatch, 1) },
		Fail:    fail,
		Hang: func(*testing.T) <-chan struct{} {
			arrived, _ := fake.Hold("")
			return arrived
		},
		Edit: func(_ *testing.T, id string) { fake.Set(id, customer.Fields{customer.FieldEmail: "uusi@example.test"}) },
		Writing: &connectortest.Writing{
			Edit: customer.Fields{customer.FieldEmail: "toinen@example.test", customer.AddressField(customer.Billing, "city"): "Oulu"},
			Parts: map[customer.Part]customer.Fields{
				customer.PartOffice: {"name": "Varasto", "identifier": "V1"}, customer.PartContact: {"firstName": "Aino", "lastName": "Malli"},
			},
			Changed: map[customer.Part]customer.Fields{
				customer.PartOffice: {"identifier": "V2"}, customer.PartContact: {"firstName": "Bo"},
			},
			Effects:    func() int { return len(fake.Effects()) },
			LoseCall:   func(*testing.T) { fake.Drop(connectortest.OpWrite, 1) },
			LoseAnswer: func(*testing.T) { fake.Lose("", 1) },
			CutAnswer:  func(*testing.T) { fake.Lose(connectortest.OpWrite, 1) },
		},
	})
	if n := fake.Overlaps(); n != 0 {
		t.Errorf("%d overlapping calls", n)
	}
}

func TestTheFakeDoesAsItIsTold(t *testing.T) {
	t.Parallel()
	rows := func(t *testing.T, fake *connectortest.Fake, since string) ([]string, string, error) {
		var ids []string
		result, err := fake.List(t.Context(), since, func(r connector.Row) error { ids = append(ids, r.ExternalID); return nil })
		return ids, result.Cursor, err
	}

	t.Run("ListsWhatChangedSince", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("10", named("a"))
		fake.Put("9", named("b"))
		ids, cursor, err := rows(t, fake, "")
		if err != nil || len(ids) != 2 || ids[0] != "9" {
			t.Fatalf("rows %v, %v", ids, err)
		}
		if ids, _, _ := rows(t, fake, cursor); len(ids) != 0 {
			t.Errorf("nothing changed, yet %v", ids)
		}
		fake.Set("10", customer.Fields{customer.FieldName: "", customer.FieldEmail: "a@example.test"})
		fake.Remove("9")
		if ids, _, _ := rows(t, fake, cursor); len(ids) != 1 || ids[0] != "10" {
			t.Errorf("changed %v", ids)
		}
		if fs, ok := fake.Fields("10"); !ok || !fs.Equal(customer.Fields{customer.FieldEmail: "a@example.test"}) {
			t.Errorf("fields %v", fs)
		}
	})
	t.Run("FailsInTheOrderGiven", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", named("a"))
		fake.FailOp(connectortest.OpList, 1, fault.New(fault.Denied, "no"))
		fake.Fail(2, fault.New(fault.Unavailable, "down"))
		for i, want := range []fault.Code{fault.Unavailable, fault.Unavailable, ""} {
			if _, err := fake.Read(t.Context(), "1"); fault.CodeOf(err) != want {
				t.Errorf("read %d: %v", i, err)
			}
		}
		if _, _, err := rows(t, fake, ""); !fault.Is(err, fault.Denied) {
			t.Errorf("list: %v", err)
		}
		calls := fake.Calls()
		if len(calls) != 4 || fake.Count(connectortest.OpRead) != 3 || calls[0].IDs[0] != "1" || !fault.Is(calls[3].Err, fault.Denied) {
			t.Errorf("calls %+v", calls)
		}
	})
	t.Run("LosesAnAnswerAfterTheWork", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", named("a"))
		fake.Lose(connectortest.OpList, 1)
		if ids, cursor, err := rows(t, fake, ""); len(ids) != 1 || cursor != "" || !fault.Is(err, fault.Unavailable) {
			t.Errorf("rows %v, cursor %q, %v", ids, cursor, err)
		}
	})
	t.Run("MutedIsListedAndNotRead", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", named("a"))
		fake.Mute("1")
		if ids, _, _ := rows(t, fake, ""); len(ids) != 1 {
			t.Errorf("rows %v", ids)
		}
		if got, err := fake.ReadBatch(t.Context(), []string{"1"}); err != nil || len(got) != 0 {
			t.Errorf("batch %v, %v", got, err)
		}
		if _, err := fake.Read(t.Context(), "1"); !fault.Is(err, fault.Rejected) {
			t.Errorf("read %v", err)
		}
	})
	t.Run("HoldsAndCountsOverlaps", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", named("a"))
		arrived, release := fake.Hold(connectortest.OpRead)
		done := make(chan error, 1)
		go func() { _, err := fake.Read(t.Context(), "1"); done <- err }()
		<-arrived
		if _, err := fake.Check(t.Context()); err != nil {
			t.Error(err)
		}
		release()
		release()
		if err := <-done; err != nil || fake.Overlaps() != 1 {
			t.Errorf("%v, %d overlaps", err, fake.Overlaps())
		}
	})
	t.Run("HooksMayEdit", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", named("a"))
		fake.OnRow(func(r connector.Row) { fake.Put("2", named("late")) })
		if ids, _, err := rows(t, fake, ""); err != nil || len(ids) != 1 {
			t.Errorf("rows %v, %v", ids, err)
		}
		stop := errors.New("stop")
		fake.Before(func(_ context.Context, c connectortest.Call) error {
			if c.Op == connectortest.OpCheck {
				return stop
			}
			return nil
		})
		if _, err := fake.Check(t.Context()); !errors.Is(err, stop) {
			t.Errorf("check %v", err)
		}
	})
	t.Run("WhatItGivesIsACopy", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", named("a"))
		r, _ := fake.Read(t.Context(), "1")
		r.Fields[customer.FieldName] = "changed by the reader"
		if fs, _ := fake.Fields("1"); fs[customer.FieldName] != "a" {
			t.Error("the reader changed the system")
		}
	})
	t.Run("EachHasALaneOfItsOwn", func(t *testing.T) {
		t.Parallel()
		a, b := connectortest.NewFake().Kind(system.Netvisor), connectortest.NewFake().Kind(system.Netvisor)
		if a.Lane(nil) == b.Lane(nil) {
			t.Error("one lane")
		}
	})
}
