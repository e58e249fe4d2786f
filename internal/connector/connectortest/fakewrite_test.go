package connectortest_test

import (
	"context"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

func TestTheFakeWritesAsItIsTold(t *testing.T) {
	t.Parallel()
	add := func(number string) connector.Step {
		return connector.Step{Set: customer.Fields{customer.FieldName: "Uusi Oy", customer.FieldNumber: number}, Transaction: "t" + number}
	}
	found := func(t *testing.T, fake *connectortest.Fake, number string) int {
		t.Helper()
		rows, err := fake.Find(t.Context(), connector.Identity{Number: number})
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	t.Run("WritesNothingUnlessItIsTold", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		if fake.Kind(system.Netvisor).Writes != nil {
			t.Error("it writes")
		}
		fake.SetWrites(func(f customer.Field) bool { return f != customer.FieldEmail })
		if w := fake.Kind(system.Netvisor).Writes; w == nil || !w(customer.FieldName) || w(customer.FieldEmail) {
			t.Error("it does not write what it was told")
		}
		step := add("1")
		step.Set[customer.FieldEmail] = "a@example.test"
		if _, err := fake.Write(t.Context(), step); !fault.Is(err, fault.Invalid) || fake.Count(connectortest.OpWrite) != 0 {
			t.Errorf("a field it cannot hold: %v, %d calls", err, fake.Count(connectortest.OpWrite))
		}
	})
	t.Run("AnIndexLagsBehind", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.Put("1", customer.Fields{customer.FieldNumber: "5"})
		fake.HideNew(2)
		id, err := fake.Write(t.Context(), add("7"))
		if err != nil || id != "2" {
			t.Fatalf("%q, %v", id, err)
		}
		if found(t, fake, "7") != 0 || found(t, fake, "5") != 1 || found(t, fake, "7") != 1 {
			t.Error("found too early, too late, or something old was hidden")
		}
	})
	t.Run("KeepsALogOfWhatHappened", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.SetForm(func(f customer.Field, v string) string { return string(f) + "=" + v })
		fake.Drop(connectortest.OpWrite, 1)
		fake.Lose(connectortest.OpWrite, 1)
		for i, want := range []fault.Code{fault.Uncertain, fault.Uncertain, fault.Duplicate} { // lost after, lost before, burnt
			step := add("7")
			if i == 1 {
				step = add("8")
			}
			if _, err := fake.Write(t.Context(), step); fault.CodeOf(err) != want {
				t.Errorf("call %d: %v", i, err)
			}
		}
		if _, err := fake.Write(t.Context(), connector.Step{
			Record: "1", Part: customer.PartContact, Set: customer.Fields{"lastName": "Malli"},
		}); err != nil {
			t.Fatal(err)
		}
		effects := fake.Effects()
		if len(effects) != 2 || effects[0].Record != "1" || len(effects[0].Changes) != 2 || effects[1].Part != customer.PartContact {
			t.Fatalf("effects %+v", effects)
		}
		if c := effects[1].Changes; len(c) != 2 || c[0].After != "contact["+effects[1].Key+"].lastName=Malli" {
			t.Errorf("changes %+v", c)
		}
		calls := fake.Calls()
		if calls[0].Effect == nil || calls[1].Effect != nil || calls[2].Effect != nil || calls[3].Step.Part != customer.PartContact {
			t.Errorf("calls %+v", calls)
		}
	})
	t.Run("RefusesAndThenTakes", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.FailOp(connectortest.OpWrite, 1, fault.New(fault.Rejected, "no"))
		if _, err := fake.Write(t.Context(), add("7")); !fault.Is(err, fault.Rejected) || len(fake.Effects()) != 0 {
			t.Errorf("got %v", err)
		}
		if _, err := fake.Write(t.Context(), add("7")); err != nil {
			t.Errorf("a refusal at the door burns no transaction: %v", err)
		}
		if err := fake.Delete(t.Context(), "1", "t7"); !fault.Is(err, fault.Duplicate) {
			t.Errorf("the transaction of another call: %v", err)
		}
	})
	t.Run("ACallThatWasHeldMayHaveArrived", func(t *testing.T) {
		t.Parallel()
		fake := connectortest.NewFake()
		fake.SetLongestWrite(time.Minute)
		arrived, _ := fake.Hold(connectortest.OpWrite)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		if _, err := fake.Write(ctx, add("7")); !fault.Is(err, fault.Uncertain) || len(fake.Effects()) != 0 {
			t.Errorf("got %v", err)
		}
		if fake.LongestWrite() != time.Minute {
			t.Error("another longest write")
		}
	})
}
