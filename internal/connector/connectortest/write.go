package connectortest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

// Writing is what the suite needs to ask a connector about writing. As in Standin, a nil function is not asked for.
type Writing struct {
	// Edit are values of a card that differ from those of the known records, each of which can be cleared as well.
	Edit customer.Fields
	// Parts are values of a new part, which it can be found by, and Changed what they are changed to.
	Parts   map[customer.Part]customer.Fields
	Changed map[customer.Part]customer.Fields
	// New gives the step that makes a record unlike any other; nil for a system that takes any customer.
	New func() connector.Step
	// NeverCleared says that the values of Edit can be replaced and not cleared.
	NeverCleared bool
	// Unnumbered says that the system gives no numbers and cannot be asked for them.
	Unnumbered bool
	// OnlyByNumber says that a record is found by its number alone, so that none is made without one.
	OnlyByNumber bool
	// Idempotent says that the same step again does nothing further and is answered as the first one, instead of being refused as a
	// repetition.
	Idempotent bool
	// Effects is how many changes of data there were so far, by calls.
	Effects func() int
	// LoseCall makes the next write get lost before it has an effect, LoseAnswer after it, and CutAnswer breaks its answer off.
	LoseCall   func(t *testing.T)
	LoseAnswer func(t *testing.T)
	CutAnswer  func(t *testing.T)
}

// writer is a connection with everything that writing needs.
type writer struct {
	connector.Connection
	connector.Writer
	connector.Finder
}

func (s Standin) write(t *testing.T) {
	conn := s.Open(t)
	out, ok := conn.(connector.Writer)
	if s.Writing == nil {
		if ok && s.Kind.Writes != nil {
			t.Error("the connector writes, and the stand-in does not say how to ask")
		}
		return
	}
	find, finds := conn.(connector.Finder)
	if !ok || !finds || s.Kind.Writes == nil || out.LongestWrite() <= 0 {
		t.Fatal("what writes has to find what it made, to say what it holds, and how long a call may be at work")
	}
	w := writer{conn, out, find}
	t.Run("Edit", func(t *testing.T) { s.writeEdit(t, w) })
	t.Run("New", func(t *testing.T) { s.writeNew(t, w) })
	t.Run("Parts", func(t *testing.T) { s.writeParts(t, w) })
	t.Run("Refused", func(t *testing.T) { s.writeRefused(t, w) })
	t.Run("Lost", func(t *testing.T) { s.writeLost(t, w) })
	t.Run("GivenUp", func(t *testing.T) { s.writeGivenUp(t, w) })
	if d, ok := conn.(connector.Deleter); ok {
		t.Run("Delete", func(t *testing.T) { s.writeDelete(t, w, d) })
	}
}

func (s Standin) writeEdit(t *testing.T, w writer) {
	id, other := s.Known[0], s.Known[1]
	for _, f := range s.Writing.Edit.Sorted() {
		t.Run("Promise5_OnlyWhatIsSetChanges_"+string(f), func(t *testing.T) {
			last := ""
			if s.Writing.NeverCleared {
				last = mustRead(t, w, id).Fields[f]
			}
			for _, value := range []string{s.Writing.Edit[f], last} {
				before, bystander := mustRead(t, w, id), mustRead(t, w, other)
				s.once(t, func() { mustWrite(t, w, s.step(before, connector.Step{Record: id, Set: customer.Fields{f: value}})) })
				after := mustRead(t, w, id)
				if !alike(after.Fields[f], value) {
					t.Errorf("%s is %q, was set to %q", f, after.Fields[f], value)
				}
				if diff := beyond(before, after, f); len(diff) > 0 {
					t.Errorf("also changed: %+v", diff)
				}
				if !same(bystander, mustRead(t, w, other)) {
					t.Errorf("%s changed too", other)
				}
			}
		})
	}
	t.Run("SeveralInOneCall", func(t *testing.T) {
		before := mustRead(t, w, id)
		if s.Writing.Idempotent { // what follows edits it once more, which is no call where it is so already
			set := customer.Fields{}
			for f := range s.Writing.Edit {
				if before.Fields[f] != "" || !s.Writing.NeverCleared {
					set[f] = before.Fields[f]
				}
			}
			defer func() { mustWrite(t, w, s.step(before, connector.Step{Record: id, Set: set})) }()
		}
		s.once(t, func() { mustWrite(t, w, s.step(before, connector.Step{Record: id, Set: s.Writing.Edit})) })
		after := mustRead(t, w, id)
		for f, value := range s.Writing.Edit {
			if !alike(after.Fields[f], value) {
				t.Errorf("%s is %q, was set to %q", f, after.Fields[f], value)
			}
		}
		if diff := beyond(before, after, s.Writing.Edit.Sorted()...); len(diff) > 0 {
			t.Errorf("also changed: %+v", diff)
		}
	})
}

// fresh are values of a new record, unlike those of any other.
func fresh() customer.Fields {
	n := int(fakes.Add(1))
	return customer.Fields{
		customer.FieldNumber: strconv.Itoa(770_000 + n), customer.FieldBusinessID: businessID(n), customer.FieldName: "Uusi " + strconv.Itoa(n) + " Oy",
		customer.FieldKind: string(customer.Company), customer.FieldStatus: string(customer.Active),
	}
}

// fresh is a step that makes a new record.
func (s Standin) fresh() connector.Step {
	if s.Writing.New != nil {
		return s.Writing.New()
	}
	set := fresh()
	return connector.Step{Set: set, Want: set}
}

// businessID is the nth business ID with a right check digit that begins with 9, which none in use does.
func businessID(n int) string {
	for i := 9_000_000 + n*7; ; i++ {
		digits, sum := strconv.Itoa(i), 0
		for j, weight := range []int{7, 9, 10, 5, 8, 4, 2} {
			sum += weight * int(digits[j]-'0')
		}
		switch rest := sum % 11; rest {
		case 0:
			return digits + "-0"
		case 1: // has no check digit
		default:
			return digits + "-" + strconv.Itoa(11-rest)
		}
	}
}

func (s Standin) writeNew(t *testing.T, w writer) {
	t.Run("IsFoundByItsNumberAndItsBusinessID", func(t *testing.T) {
		step := s.fresh()
		set := step.Set
		number, id := set[customer.FieldNumber], set[customer.FieldBusinessID]
		find(t, w, connector.Identity{Number: number, BusinessID: id})
		key := ""
		s.once(t, func() { key = mustWrite(t, w, step) })
		for _, by := range []connector.Identity{{Number: number}, {BusinessID: id}, {Number: number, BusinessID: id}} {
			if s.findable(by) {
				find(t, w, by, key)
			}
		}
		got := mustRead(t, w, key)
		for f, value := range set {
			if (s.Kind.Reads(f) || got.Fields[f] != "") && !alike(got.Fields[f], value) {
				t.Errorf("%s is %q, was set to %q", f, got.Fields[f], value)
			}
		}
		if got.Source != step.Source {
			t.Errorf("made from %+v, tells %+v", step.Source, got.Source)
		}
	})
	if !s.Writing.Unnumbered && !s.Writing.OnlyByNumber {
		t.Run("WithoutANumberGetsOneAndIsFoundByItsBusinessID", func(t *testing.T) {
			set := fresh()
			delete(set, customer.FieldNumber)
			key := mustWrite(t, w, connector.Step{Set: set, Want: set})
			find(t, w, connector.Identity{BusinessID: set[customer.FieldBusinessID]}, key)
			if mustRead(t, w, key).Fields[customer.FieldNumber] == "" {
				t.Error("it has no number")
			}
		})
	}
	t.Run("NothingIsFoundByNothing", func(t *testing.T) {
		find(t, w, connector.Identity{})
		find(t, w, connector.Identity{Number: "77", BusinessID: "9"}) // beginnings of others
	})
}

// findable says whether a record can be found by this.
func (s Standin) findable(by connector.Identity) bool {
	return by.BusinessID != "" && !s.Writing.OnlyByNumber || by.Number != "" && !s.Writing.Unnumbered
}

func (s Standin) writeParts(t *testing.T, w writer) {
	id := s.Known[0]
	for _, part := range slices.Sorted(maps.Keys(s.Writing.Parts)) {
		t.Run(string(part), func(t *testing.T) {
			before := mustRead(t, w, id)
			set, changed := s.Writing.Parts[part], s.Writing.Changed[part]
			key := ""
			s.once(t, func() { key = mustWrite(t, w, connector.Step{Record: id, Part: part, Set: set, Want: set}) })
			made := mustRead(t, w, id)
			if key == "" {
				key = newPart(t, part, before, made)
			}
			at := func(f customer.Field) customer.Field { return customer.PartField(part, key, string(f)) }
			if made.Fields[at(customer.Present)] != "true" {
				t.Fatalf("%s is not there", key)
			}
			shows := func(r connector.Record, set customer.Fields) {
				t.Helper()
				for f, value := range set {
					if s.Kind.Reads(at(f)) && !alike(r.Fields[at(f)], value) {
						t.Errorf("%s is %q, was set to %q", f, r.Fields[at(f)], value)
					}
				}
			}
			shows(made, set)
			if diff := beyond(before, made, wholePart(part, key)); len(diff) > 0 {
				t.Errorf("also changed: %+v", diff)
			}
			want := maps.Clone(set)
			maps.Copy(want, changed)
			s.once(t, func() { mustWrite(t, w, connector.Step{Record: id, Part: part, Key: key, Set: changed, Want: want}) })
			edited := mustRead(t, w, id)
			shows(edited, want)
			if diff := beyond(made, edited, wholePart(part, key)); len(diff) > 0 {
				t.Errorf("also changed: %+v", diff)
			}
			s.once(t, func() { mustWrite(t, w, connector.Step{Record: id, Part: part, Key: key, Remove: true, Want: want}) })
			removed := mustRead(t, w, id)
			if diff := beyond(edited, removed, wholePart(part, key)); len(diff) > 0 {
				t.Errorf("also changed: %+v", diff)
			}
			for f := range changed {
				if value := removed.Fields[at(f)]; value != "" && f != "name" { // an office may be emptied in place of removed
					t.Errorf("%s still says %q", f, value)
				}
			}
		})
	}
}

// wholePart names all fields of a part for beyond.
func wholePart(part customer.Part, key string) customer.Field {
	return customer.PartField(part, key, "")
}

// newPart is the key of the one part that is new.
func newPart(t *testing.T, part customer.Part, before, after connector.Record) string {
	t.Helper()
	var keys []string
	for f := range after.Fields {
		if p, key, name, ok := f.PartKey(); ok && p == part && name == customer.Present && before.Fields[f] == "" {
			keys = append(keys, key)
		}
	}
	if len(keys) != 1 {
		t.Fatalf("%d new parts", len(keys))
	}
	return keys[0]
}

func (s Standin) writeRefused(t *testing.T, w writer) {
	step := s.step(mustRead(t, w, s.Known[0]), connector.Step{Record: s.Known[0], Set: s.Writing.Edit})
	refused := func(t *testing.T, step connector.Step, codes ...fault.Code) {
		t.Helper()
		before := s.Writing.Effects()
		key, err := w.Write(t.Context(), step)
		if !slices.Contains(codes, fault.CodeOf(err)) || key != "" {
			t.Errorf("got %q, %v; want one of %v", key, err, codes)
		} else if reason(err) == "" {
			t.Error("no message")
		}
		if n := s.Writing.Effects() - before; n != 0 {
			t.Errorf("%d effects", n)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(s.Fail)) {
		t.Run(string(code), func(t *testing.T) {
			codes := []fault.Code{code}
			if code == fault.Unavailable { // whoever gave no answer may have done it
				codes = append(codes, fault.Uncertain)
			}
			s.Fail[code](t)
			refused(t, step, codes...)
		})
	}
	t.Run("AnUnknownRecord", func(t *testing.T) {
		refused(t, connector.Step{Record: s.Unknown, Set: step.Set, Want: step.Want}, fault.Rejected, fault.NotFound)
	})
	t.Run("AnUnknownPart", func(t *testing.T) {
		for part, set := range s.Writing.Parts {
			refused(t, connector.Step{Record: s.Known[0], Part: part, Key: "999999999", Set: set, Want: set}, fault.Rejected, fault.NotFound)
		}
	})
	t.Run("AStepThatMustNotBeSentIsInvalid", func(t *testing.T) {
		unfindable := fresh()
		delete(unfindable, customer.FieldNumber)
		delete(unfindable, customer.FieldBusinessID)
		for _, step := range []connector.Step{
			{Record: s.Known[0], Set: customer.Fields{customer.FieldName: ""}},
			{Set: customer.Fields{customer.FieldNumber: "1"}},
			{Set: unfindable, Want: unfindable},
		} {
			refused(t, step, fault.Invalid)
		}
	})
	s.once(t, func() { mustWrite(t, w, step) }) // and then it works again
}

func (s Standin) writeLost(t *testing.T, w writer) {
	for name, lose := range map[string]func(*testing.T){
		"T10_TheCall": s.Writing.LoseCall, "T10_TheAnswer": s.Writing.LoseAnswer, "T13_TheEndOfTheAnswer": s.Writing.CutAnswer,
	} {
		if lose == nil {
			continue
		}
		arrives := name != "T10_TheCall"
		t.Run(name, func(t *testing.T) {
			step := s.fresh()
			step.Transaction = transaction()
			set := step.Set
			before := s.Writing.Effects()
			lose(t)
			key, err := w.Write(t.Context(), step)
			if !fault.Is(err, fault.Uncertain) || key != "" || reason(err) == "" {
				t.Fatalf("got %q, %v", key, err)
			}
			if n := s.Writing.Effects() - before; (n == 1) != arrives || n > 1 {
				t.Fatalf("%d effects: nothing is ever sent twice by itself", n)
			}
			key, err = w.Write(t.Context(), step)
			switch {
			case arrives && s.Writing.Idempotent && (err != nil || key == ""):
				t.Errorf("the same step again: %q, %v", key, err)
			case arrives && !s.Writing.Idempotent && (!fault.Is(err, fault.Duplicate) || fault.Of(err).ReasonOrCode() != "REQUEST_NOT_UNIQUE"):
				t.Errorf("the same transaction again: %q, %v", key, err)
			case !arrives && (err != nil || key == ""):
				t.Errorf("the first delivery: %q, %v", key, err)
			}
			if n := s.Writing.Effects() - before; n != 1 {
				t.Errorf("%d effects of one intent (Promise 2)", n)
			}
			if rows, err := w.Find(t.Context(), identity(set)); err != nil || len(rows) != 1 {
				t.Errorf("found %+v, %v", rows, err)
			}
		})
	}
	t.Run("T4_TheSameTransactionTwiceIsDoneOnce", func(t *testing.T) {
		step := s.fresh()
		step.Transaction = transaction()
		s.once(t, func() {
			key := mustWrite(t, w, step)
			if s.Writing.Idempotent {
				if again := mustWrite(t, w, step); again != key {
					t.Errorf("made %s, then %s", key, again)
				}
				return
			}
			if _, err := w.Write(t.Context(), step); !fault.Is(err, fault.Duplicate) || fault.Of(err).ReasonOrCode() != "REQUEST_NOT_UNIQUE" {
				t.Errorf("got %v", err)
			}
		})
	})
}

func (s Standin) writeGivenUp(t *testing.T, w writer) {
	step := s.fresh()
	t.Run("BeforeTheCallNothingHappened", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := s.Writing.Effects()
		if _, err := w.Write(ctx, step); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) || s.Writing.Effects() != before {
			t.Errorf("got %v", err)
		}
	})
	if s.Hang == nil {
		return
	}
	for name, giveUp := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"WhileWaitingItIsUncertain": context.WithCancel,
		"ADeadlineIsUncertain": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 300*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := s.Hang(t)
			ctx, cancel := giveUp(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { _, err := w.Write(ctx, step); done <- err }()
			await(t, arrived, "the call")
			if _, timed := ctx.Deadline(); !timed {
				cancel()
			}
			if err := <-done; !fault.Is(err, fault.Uncertain) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func (s Standin) writeDelete(t *testing.T, w writer, d connector.Deleter) {
	step := s.fresh()
	set := step.Set
	key := mustWrite(t, w, step)
	t.Run("AnUnknownRecord", func(t *testing.T) {
		for _, id := range []string{s.Unknown, "", "no such id, and not of its form"} {
			if err := d.Delete(t.Context(), id, ""); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Rejected) || reason(err) == "" {
				t.Errorf("%q: got %v", id, err)
			}
		}
	})
	t.Run("ItIsGoneForGood", func(t *testing.T) {
		s.once(t, func() {
			if err := d.Delete(t.Context(), key, transaction()); err != nil {
				t.Fatal(err)
			}
		})
		if _, err := w.Read(t.Context(), key); !fault.Is(err, fault.NotFound) {
			t.Errorf("read %v", err)
		}
		find(t, w, identity(set))
	})
	if s.Writing.LoseAnswer != nil {
		t.Run("ALostAnswerIsUncertain", func(t *testing.T) {
			key := mustWrite(t, w, s.fresh())
			s.once(t, func() {
				s.Writing.LoseAnswer(t)
				if err := d.Delete(t.Context(), key, transaction()); !fault.Is(err, fault.Uncertain) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// once runs f and complains of more or less than one effect.
func (s Standin) once(t *testing.T, f func()) {
	t.Helper()
	before := s.Writing.Effects()
	f()
	if n := s.Writing.Effects() - before; n != 1 {
		t.Errorf("%d effects", n)
	}
}

// step gives a step of a card what the hub would know beside it.
func (s Standin) step(r connector.Record, step connector.Step) connector.Step {
	step.Want = r.Fields.Only(func(f customer.Field) bool {
		_, _, _, part := f.PartKey()
		return !part && s.Kind.Writes(f)
	})
	for f, value := range step.Set {
		step.Want.Set(f, value)
	}
	return step
}

func transaction() string {
	return "00000000-0000-4000-8000-" + strings.Repeat("0", 12-len(strconv.FormatInt(fakes.Add(1), 16))) + strconv.FormatInt(fakes.Load(), 16)
}

func identity(set customer.Fields) connector.Identity {
	return connector.Identity{Number: set[customer.FieldNumber], BusinessID: set[customer.FieldBusinessID]}
}

func mustWrite(t *testing.T, w writer, s connector.Step) string {
	t.Helper()
	key, err := w.Write(t.Context(), s)
	if err != nil {
		t.Fatalf("writing %+v: %v", s, err)
	}
	return key
}

// find complains unless exactly these are found, each once.
func find(t *testing.T, w writer, by connector.Identity, ids ...string) {
	t.Helper()
	rows, err := w.Find(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, r.ExternalID)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("by %+v found %v, want %v", by, got, ids)
	}
}

// beyond lists what differs between two readings outside of the fields, and of the parts whose empty field is among them.
func beyond(before, after connector.Record, fields ...customer.Field) []customer.FieldChange {
	out := customer.Diff(before.Fields, after.Fields)
	for _, name := range slices.Sorted(maps.Keys(before.Extra)) {
		if after.Extra[name] != before.Extra[name] {
			out = append(out, customer.FieldChange{Field: customer.Field(name), Before: before.Extra[name], After: after.Extra[name]})
		}
	}
	return slices.DeleteFunc(out, func(c customer.FieldChange) bool {
		return slices.ContainsFunc(fields, func(f customer.Field) bool {
			return c.Field == f || strings.HasSuffix(string(f), "].") && strings.HasPrefix(string(c.Field), string(f))
		})
	})
}

// alike says whether two values are the same but for what systems do to them: spaces, case and punctuation.
func alike(a, b string) bool {
	fold := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	return fold(a) == fold(b)
}

// reason is what a person is told of an error.
func reason(err error) string {
	var all fault.Errors
	if errors.As(err, &all) && len(all) > 0 {
		return all[0].Message
	}
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return ""
}
