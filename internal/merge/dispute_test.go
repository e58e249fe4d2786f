package merge

import (
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
)

// fight is a record whose e-mail the hub sends, and which holds another one at the next look.
type fight struct {
	base link.Base
	ours customer.Fields
	now  time.Time
}

func newFight() *fight {
	agreed := customer.Fields{customer.FieldEmail: "old@example.test"}
	return &fight{base: link.Base{Ours: agreed, Theirs: agreed}, now: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)}
}

// round sends a value, and looks at what became of it after a while; it says whether the group is left alone.
func (f *fight) round(sent, made string, wait time.Duration) bool {
	f.ours = customer.Fields{customer.FieldEmail: sent}
	f.base = Absorb(f.base, f.ours, f.ours)
	f.base.Disputes = Sending(f.base.Disputes, f.ours, f.now)
	f.now = f.now.Add(wait)
	return f.look(made)
}

func (f *fight) look(theirs string) bool {
	t := customer.Fields{customer.FieldEmail: theirs}
	all := Policy{Reads: func(customer.Field) bool { return true }}
	v := Compare(f.ours, t, f.base, all)
	f.base.Disputes, _, _ = v.Disputes(f.base.Disputes, t, f.now)
	return f.base.Disputes[customer.FieldEmail.Group()].Paused
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	soon := 15 * time.Minute
	t.Run("TheSameValueAgain", func(t *testing.T) {
		t.Parallel()
		f := newFight()
		for n := range 4 {
			if f.round("a@example.test", "b@example.test", soon) {
				t.Fatalf("left alone after %d rounds", n+1)
			}
		}
		if !f.round("a@example.test", "b@example.test", soon) {
			t.Error("not left alone after five")
		}
	})
	t.Run("SlowlyIsNoFight", func(t *testing.T) {
		t.Parallel()
		f := newFight()
		for n := range 50 {
			if f.round("a@example.test", "b@example.test", 7*time.Hour) {
				t.Fatalf("left alone after %d rounds of seven hours", n+1)
			}
		}
	})
	t.Run("LooksWithoutASendAreNoRounds", func(t *testing.T) {
		t.Parallel()
		f := newFight()
		f.round("a@example.test", "b@example.test", soon)
		for n := range 50 {
			if f.look([]string{"b@example.test", "c@example.test"}[n%2]) {
				t.Fatalf("left alone after %d looks", n+1)
			}
		}
	})
	t.Run("NewValuesEachTimeAreGivenLonger", func(t *testing.T) {
		t.Parallel()
		f := newFight()
		for n := range 19 {
			if f.round("a"+string(rune('a'+n))+"@example.test", "b"+string(rune('a'+n))+"@example.test", soon) {
				t.Fatalf("left alone after %d rounds", n+1)
			}
		}
		if !f.round("z@example.test", "y@example.test", soon) {
			t.Error("not left alone after twenty")
		}
	})
	t.Run("NothingOfItIsKeptForLong", func(t *testing.T) {
		t.Parallel()
		f := newFight()
		f.round("a@example.test", "b@example.test", soon)
		f.now = f.now.Add(disputeWindow)
		if next := Sending(f.base.Disputes, customer.Fields{customer.FieldPhone: "1"}, f.now); len(next) != 1 {
			t.Errorf("kept %v", next)
		}
	})
}
