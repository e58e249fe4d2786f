package connectortest

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
)

// Effect is what a call did to a record.
type Effect struct {
	Record string
	// Part and Key name the office or contact that the call was about; no Part is the card.
	Part customer.Part
	Key  string
	// Changes are the values of the record that differ, parts by the fake's keys. Of a deletion they are all it held.
	Changes []customer.FieldChange
}

// fakeWriting is what a fake knows about writing.
type fakeWriting struct {
	writes       func(customer.Field) bool
	form         func(customer.Field, string) string
	longest      time.Duration
	transactions map[string]bool
	keys         int64
	hide         int // finds that do not see what calls have made
}

// SetWrites says which fields the system can hold, before Kind is called. Without it the kind writes nothing.
func (f *Fake) SetWrites(writes func(customer.Field) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing.writes = writes
}

// SetForm says what the system makes of a value that is written, such as trimming it. Fields of parts are named in full. Nil
// keeps values as they are.
func (f *Fake) SetForm(form func(f customer.Field, value string) string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing.form = form
}

// SetLongestWrite says what LongestWrite answers. Without it, it is a second.
func (f *Fake) SetLongestWrite(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing.longest = d
}

// Drop makes the next n calls of a kind get lost on their way: nothing is done, and the caller cannot tell that from an answer
// that Lose has lost.
func (f *Fake) Drop(op Op, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped[op] += n
}

// HideNew makes the next n finds overlook what calls have made, as an index does that lags behind. Reading and listing see it.
func (f *Fake) HideNew(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing.hide = n
}

// Effects are the effects of all calls so far, in the order they happened.
func (f *Fake) Effects() []Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Effect
	for _, c := range f.calls {
		if c.Effect != nil {
			out = append(out, *c.Effect)
		}
	}
	return out
}

func (f *Fake) kindWrites() func(customer.Field) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writing.writes == nil {
		return nil
	}
	return func(field customer.Field) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.writing.writes(field)
	}
}

// LongestWrite implements connector.Writer.
func (f *Fake) LongestWrite() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writing.longest == 0 {
		return time.Second
	}
	return f.writing.longest
}

// Write implements connector.Writer. A new record gets the next free number as its id, and a number of the system's own where
// none is given; parts get keys. A transaction is burnt by a call that was acted on, and refused from then on. A step that sets
// what the system cannot hold is Invalid.
func (f *Fake) Write(ctx context.Context, s connector.Step) (string, error) {
	if err := f.checkStep(s); err != nil {
		return "", err
	}
	s.Set, s.Want = maps.Clone(s.Set), maps.Clone(s.Want)
	key := ""
	err := f.change(ctx, Call{Op: OpWrite, Step: s}, s.Transaction, func() (*Effect, error) {
		e, err := f.apply(s)
		switch {
		case err != nil:
		case s.Record == "":
			key = e.Record
		case s.Part != "" && s.Key == "":
			key = e.Key
		}
		return e, err
	})
	if err != nil {
		return "", err
	}
	return key, nil
}

// checkStep refuses what must not be sent.
func (f *Fake) checkStep(s connector.Step) error {
	writes := f.kindWrites()
	for field := range s.Set {
		full := field
		if s.Part != "" {
			full = customer.PartField(s.Part, s.Key, string(field))
		}
		if writes != nil && !writes(full) {
			return fault.Because(fault.Invalid, "UNKNOWN_FIELD", "The system cannot hold %s.", full).At(string(field))
		}
	}
	name, given := s.Set[customer.FieldName]
	switch {
	case s.Part != "" && s.Record == "":
		return fault.New(fault.Invalid, "A part needs a record.")
	case s.Part == "" && name == "" && (given || s.Record == ""):
		return fault.Because(fault.Invalid, "FIELD_REQUIRED", "A customer needs a name.").At(string(customer.FieldName))
	case s.Record == "" && s.Set[customer.FieldNumber] == "" && s.Set[customer.FieldBusinessID] == "":
		return fault.Because(fault.Invalid, "FIELD_REQUIRED", "A new customer could not be found again.").At(string(customer.FieldNumber))
	}
	return nil
}

// change is a call that changes data: it says of a context that ended whether anything can have happened, burns the transaction and
// keeps the effect. work is called under the lock.
func (f *Fake) change(ctx context.Context, c Call, transaction string, work func() (*Effect, error)) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The call never left.")
	}
	err := f.call(ctx, c, func(n int) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		w := &f.writing
		if transaction != "" && w.transactions[transaction] {
			return fault.Because(fault.Duplicate, "REQUEST_NOT_UNIQUE", "The transaction was seen before.")
		}
		if w.transactions == nil {
			w.transactions = map[string]bool{}
		}
		w.transactions[transaction] = true
		e, err := work()
		f.calls[n].Effect = e
		return err
	})
	if err != nil && fault.Of(err) == nil && ctx.Err() != nil {
		return fault.Wrap(fault.Uncertain, err, "The caller gave up; whether the call was carried out is not known.")
	}
	return err
}

// apply does a step.
func (f *Fake) apply(s connector.Step) (*Effect, error) {
	r := f.records[s.Record]
	switch {
	case s.Record == "":
		r = f.make(s)
	case r == nil || r.mute:
		return nil, fault.New(fault.Rejected, "There is no record %s.", s.Record)
	}
	before := maps.Clone(r.Fields)
	at := func(field customer.Field) customer.Field { return field }
	e := &Effect{Record: r.ExternalID, Part: s.Part, Key: s.Key}
	if s.Part != "" {
		if s.Key == "" {
			f.writing.keys++
			e.Key = strconv.FormatInt(f.writing.keys, 10)
			r.Fields[customer.PartField(s.Part, e.Key, customer.Present)] = "true"
		}
		at = func(field customer.Field) customer.Field { return customer.PartField(s.Part, e.Key, string(field)) }
		if r.Fields[at(customer.Present)] == "" {
			return nil, fault.New(fault.Rejected, "Record %s has no %s %s.", s.Record, s.Part, s.Key)
		}
	}
	if s.Remove {
		maps.DeleteFunc(r.Fields, func(field customer.Field, _ string) bool {
			part, key, _, ok := field.PartKey()
			return ok && part == s.Part && key == s.Key
		})
	} else {
		for field, value := range s.Set {
			full := at(field)
			if f.writing.form != nil {
				value = f.writing.form(full, value)
			}
			r.Fields.Set(full, value)
		}
	}
	f.seq++
	r.changed = f.seq
	if s.Record == "" {
		before = nil
	}
	e.Changes = customer.Diff(before, r.Fields)
	return e, nil
}

// make is a new record without values but its number.
func (f *Fake) make(s connector.Step) *fakeRecord {
	next := len(f.records) + 1
	for f.records[strconv.Itoa(next)] != nil {
		next++
	}
	r := &fakeRecord{Record: connector.Record{ExternalID: strconv.Itoa(next), Fields: customer.Fields{}}, made: true}
	if s.Set[customer.FieldNumber] == "" {
		r.Fields[customer.FieldNumber] = strconv.Itoa(100_000 + next)
	}
	f.records[r.ExternalID] = r
	return r
}

// Find implements connector.Finder.
func (f *Fake) Find(ctx context.Context, by connector.Identity) ([]connector.Row, error) {
	var out []connector.Row
	err := f.call(ctx, Call{Op: OpFind, By: by}, func(int) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		hidden := f.writing.hide > 0
		if hidden {
			f.writing.hide--
		}
		is := func(r *fakeRecord, field customer.Field, value string) bool {
			return value != "" && r.Fields[field] == value
		}
		for _, r := range f.records {
			if (is(r, customer.FieldNumber, by.Number) || is(r, customer.FieldBusinessID, by.BusinessID)) && (!hidden || !r.made) {
				out = append(out, r.row())
			}
		}
		slices.SortFunc(out, byID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Delete implements connector.Deleter. FailOp makes it refuse.
func (f *Fake) Delete(ctx context.Context, externalID, transaction string) error {
	return f.change(ctx, Call{Op: OpDelete, IDs: []string{externalID}}, transaction, func() (*Effect, error) {
		r := f.records[externalID]
		if r == nil {
			return nil, fault.New(fault.NotFound, "There is no record %s.", externalID)
		}
		delete(f.records, externalID)
		return &Effect{Record: externalID, Changes: customer.Diff(r.Fields, nil)}, nil
	})
}
