package connectortest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/system"
)

// Op names a kind of call. Where something is ordered for calls of a kind, the empty one means any.
type Op string

// The calls of a connection.
const (
	OpRead  Op = "read"
	OpBatch Op = "batch"
	OpList  Op = "list"
	OpCheck Op = "check"
	OpWrite Op = "write"
	OpFind  Op = "find"
	// OpDelete deletes a record for good.
	OpDelete Op = "delete"
)

// Call is one call that the fake has received.
type Call struct {
	Op Op
	// IDs are what was asked for, in a read or a batch.
	IDs []string
	// Since is the cursor of a list.
	Since string
	// Step is what a write was about, and By what a find looked for.
	Step connector.Step
	By   connector.Identity
	// Effect is what a write or a deletion did, whatever was answered; nil when it did nothing.
	Effect *Effect
	// Err is what the call answered. While it is under way it is nil.
	Err error
}

// Fake is an external system that holds customers in memory. It implements connector.Connection, BatchReader, Lister, Checker,
// Writer, Finder and Deleter, and does what a test tells it: be edited in between, fail, cut a list short, lose an answer, hang.
//
// All methods may be called by several goroutines. Calls of a connection that overlap are counted, since a lane should never
// let them (Promise 10).
//
//	fake := connectortest.NewFake()
//	fake.Put("1", customer.Fields{customer.FieldName: "Esimerkki Oy"})
//	fake.Fail(2, fault.New(fault.Unavailable, "out of order"))
//	kinds := map[system.Kind]connector.Kind{system.Netvisor: fake.Kind(system.Netvisor)}
type Fake struct {
	mu       sync.Mutex
	records  map[string]*fakeRecord
	seq      int64
	batch    int
	failures []failure
	cuts     []int
	lost     map[Op]int
	dropped  map[Op]int
	holds    []*hold
	before   func(context.Context, Call) error
	onRow    func(connector.Row)
	checks   []system.Check
	reads    func(customer.Field) bool
	calls    []Call
	writing  fakeWriting

	inFlight, overlaps atomic.Int64
	lane               string
}

type fakeRecord struct {
	connector.Record
	changed int64
	mute    bool
	made    bool // by a call
}

type failure struct {
	op  Op // empty for any
	err error
}

type hold struct {
	op      Op
	arrived chan struct{}
	release chan struct{}
}

var (
	_ connector.Connection  = (*Fake)(nil)
	_ connector.BatchReader = (*Fake)(nil)
	_ connector.Lister      = (*Fake)(nil)
	_ connector.Checker     = (*Fake)(nil)
	_ connector.Writer      = (*Fake)(nil)
	_ connector.Finder      = (*Fake)(nil)
	_ connector.Deleter     = (*Fake)(nil)
)

var fakes atomic.Int64

// NewFake makes an empty system that works, reads 100 records in a batch, and has a lane of its own.
func NewFake() *Fake {
	return &Fake{
		records: map[string]*fakeRecord{}, batch: 100, lost: map[Op]int{}, dropped: map[Op]int{},
		lane: "fake " + strconv.FormatInt(fakes.Add(1), 10),
	}
}

// Kind is a kind whose Open gives this fake, whatever the settings are. It reads every group unless SetReads says
// otherwise, writes what SetWrites said before, and is polled every 15 minutes.
func (f *Fake) Kind(kind system.Kind) connector.Kind {
	return connector.Kind{
		Kind: kind, Title: "Fake " + string(kind), PollEvery: 15 * time.Minute,
		Reads: func(g customer.Field) bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.reads == nil || f.reads(g)
		},
		Writes: f.kindWrites(),
		Open:   func(connector.Config) (connector.Connection, error) { return f, nil },
		Lane:   func(map[string]string) string { return f.lane },
	}
}

// SetReads says which groups the system can tell. Nil means all. It does not take fields out of records.
func (f *Fake) SetReads(reads func(customer.Field) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads = reads
}

// SetBatchSize says how many records a batch may name.
func (f *Fake) SetBatchSize(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batch = n
}

// SetChecks says what Check answers. Without it, Check answers one check that is OK.
func (f *Fake) SetChecks(checks ...system.Check) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.checks = checks
}

// Put adds a record or replaces its fields, as a person at the other system would. The change shows in the next list. The
// fields are copied.
func (f *Fake) Put(id string, fields customer.Fields) {
	f.PutRecord(connector.Record{ExternalID: id, Fields: fields})
}

// PutRecord is Put for a record that is excluded or carries findings.
func (f *Fake) PutRecord(r connector.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	f.records[r.ExternalID] = &fakeRecord{Record: clone(r), changed: f.seq}
}

// Set changes single fields of a record, and makes it when there is none. An empty value clears a field.
func (f *Fake) Set(id string, changes customer.Fields) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	r := f.records[id]
	if r == nil {
		r = &fakeRecord{Record: connector.Record{ExternalID: id, Fields: customer.Fields{}}}
		f.records[id] = r
	}
	for field, value := range changes {
		r.Fields.Set(field, value)
	}
	r.changed = f.seq
}

// Remove takes a record away. Systems have no list of what is gone, so nothing shows it but its absence.
func (f *Fake) Remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.records, id)
}

// Mute makes a record that is listed and cannot be read: a batch leaves it out and a single read is refused as Rejected.
func (f *Fake) Mute(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.records[id]; r != nil {
		r.mute = true
	}
}

// Fields are what the system holds of a record now, and whether it has it.
func (f *Fake) Fields(id string) (customer.Fields, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.records[id]
	if r == nil {
		return nil, false
	}
	return maps.Clone(r.Fields), true
}

// Fail makes the next n calls of any kind answer err. Failures queue up behind earlier ones.
func (f *Fake) Fail(n int, err error) { f.FailOp("", n, err) }

// FailOp makes the next n calls of one kind answer err.
func (f *Fake) FailOp(op Op, n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.failures = append(f.failures, failure{op, err})
	}
}

// CutList makes the next list break off after some rows: they are yielded, and then the list answers Unavailable.
func (f *Fake) CutList(rows int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cuts = append(f.cuts, rows)
}

// Lose makes the next n calls of a kind do all their work, and then lose the answer: the caller gets Unavailable, or Uncertain
// for a call that changes data. A list has yielded all its rows by then.
func (f *Fake) Lose(op Op, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost[op] += n
}

// Hold makes the next call of a kind wait. arrived is closed when it has come; release lets it go on, and may be called more
// than once and before. A held call whose context ends answers that.
func (f *Fake) Hold(op Op) (arrived <-chan struct{}, release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := &hold{op, make(chan struct{}), make(chan struct{})}
	f.holds = append(f.holds, h)
	return h.arrived, sync.OnceFunc(func() { close(h.release) })
}

// Before is called at the start of each call that is not failed, in its goroutine; an error of it is the call's answer. It
// may edit the fake.
func (f *Fake) Before(hook func(context.Context, Call) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = hook
}

// OnRow is called before each row of a list is yielded. It may edit the fake: the list goes on with what it held at its
// beginning, as a reply under way does.
func (f *Fake) OnRow(hook func(connector.Row)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onRow = hook
}

// Calls are all calls so far in the order they came.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Count is how many calls of a kind there were.
func (f *Fake) Count(op Op) int {
	n := 0
	for _, c := range f.Calls() {
		if c.Op == op {
			n++
		}
	}
	return n
}

// Overlaps is how many calls began while another was under way.
func (f *Fake) Overlaps() int { return int(f.overlaps.Load()) }

// call logs a call and applies what a test has ordered, then does the work, which gets the call's place in the log.
func (f *Fake) call(ctx context.Context, c Call, work func(n int) error) (err error) {
	if f.inFlight.Add(1) > 1 {
		f.overlaps.Add(1)
	}
	defer f.inFlight.Add(-1)
	f.mu.Lock()
	n := len(f.calls)
	f.calls = append(f.calls, c)
	var ordered error
	if i := slices.IndexFunc(f.failures, func(x failure) bool { return x.op == "" || x.op == c.Op }); i >= 0 {
		ordered = f.failures[i].err
		f.failures = slices.Delete(f.failures, i, i+1)
	}
	var held *hold
	if i := slices.IndexFunc(f.holds, func(h *hold) bool { return h.op == "" || h.op == c.Op }); i >= 0 {
		held = f.holds[i]
		f.holds = slices.Delete(f.holds, i, i+1)
	}
	lost := ordered == nil && use(f.lost, c.Op)
	dropped := ordered == nil && !lost && use(f.dropped, c.Op)
	before := f.before
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.calls[n].Err = err
		f.mu.Unlock()
	}()

	if held != nil {
		close(held.arrived)
		select {
		case <-held.release:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if ordered != nil {
		return ordered
	}
	if before != nil {
		if err := before(ctx, c); err != nil {
			return err
		}
	}
	if dropped {
		return answerLost(c.Op)
	}
	if err := work(n); err != nil {
		return err
	}
	if lost {
		return answerLost(c.Op)
	}
	return nil
}

// use takes one of what was ordered for a kind of call, or for any.
func use(ordered map[Op]int, op Op) bool {
	for _, of := range []Op{op, ""} {
		if ordered[of] > 0 {
			ordered[of]--
			return true
		}
	}
	return false
}

// answerLost is how a call looks to its caller when nothing came back.
func answerLost(op Op) error {
	if op == OpWrite || op == OpDelete {
		return fault.Because(fault.Uncertain, "ANSWER_LOST", "The answer was lost; whether the call was carried out is not known.")
	}
	return fault.New(fault.Unavailable, "The answer was lost.")
}

// Read implements connector.Connection.
func (f *Fake) Read(ctx context.Context, externalID string) (connector.Record, error) {
	var out connector.Record
	err := f.call(ctx, Call{Op: OpRead, IDs: []string{externalID}}, func(int) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch r := f.records[externalID]; {
		case r == nil:
			return fault.New(fault.NotFound, "There is no record %s.", externalID)
		case r.mute:
			return fault.New(fault.Rejected, "Record %s cannot be read.", externalID)
		default:
			out = clone(r.Record)
		}
		return nil
	})
	if err != nil {
		return connector.Record{}, err
	}
	return out, nil
}

// ReadBatch implements connector.BatchReader.
func (f *Fake) ReadBatch(ctx context.Context, externalIDs []string) ([]connector.Record, error) {
	if most := f.BatchSize(); len(externalIDs) > most {
		return nil, fmt.Errorf("reading %d records at once: the limit is %d", len(externalIDs), most)
	}
	var out []connector.Record
	err := f.call(ctx, Call{Op: OpBatch, IDs: slices.Clone(externalIDs)}, func(int) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, id := range slices.Compact(slices.Sorted(slices.Values(externalIDs))) {
			if r := f.records[id]; r != nil && !r.mute {
				out = append(out, clone(r.Record))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchSize implements connector.BatchReader.
func (f *Fake) BatchSize() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.batch
}

// List implements connector.Lister. Rows come in the order of their ids; numbers count as numbers. The cursor counts edits.
func (f *Fake) List(ctx context.Context, since string, yield func(connector.Row) error) (connector.ListResult, error) {
	var result connector.ListResult
	err := f.call(ctx, Call{Op: OpList, Since: since}, func(int) error {
		from, _ := strconv.ParseInt(since, 10, 64)
		f.mu.Lock()
		var rows []connector.Row
		for _, r := range f.records {
			if r.changed > from {
				rows = append(rows, r.row())
			}
		}
		cursor := strconv.FormatInt(f.seq, 10)
		cut := -1
		if len(f.cuts) > 0 {
			cut = f.cuts[0]
			f.cuts = f.cuts[1:]
		}
		onRow := f.onRow
		f.mu.Unlock()
		slices.SortFunc(rows, byID)
		for i, row := range rows {
			if i == cut {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if onRow != nil {
				onRow(row)
			}
			if err := yield(row); err != nil {
				return err
			}
		}
		if cut >= 0 {
			return fault.New(fault.Unavailable, "The list was cut off.")
		}
		result.Cursor = cursor
		return nil
	})
	if err != nil {
		return connector.ListResult{}, err
	}
	return result, nil
}

// row is the record as a list shows it.
func (r *fakeRecord) row() connector.Row {
	return connector.Row{
		ExternalID: r.ExternalID, Number: r.Fields[customer.FieldNumber], Name: r.Fields[customer.FieldName], Excluded: r.Excluded,
	}
}

func byID(a, b connector.Row) int {
	x, errX := strconv.Atoi(a.ExternalID)
	y, errY := strconv.Atoi(b.ExternalID)
	if errX == nil && errY == nil {
		return x - y
	}
	switch {
	case a.ExternalID < b.ExternalID:
		return -1
	case a.ExternalID > b.ExternalID:
		return 1
	}
	return 0
}

// Check implements connector.Checker.
func (f *Fake) Check(ctx context.Context) ([]system.Check, error) {
	out := []system.Check{{Name: "credentials", OK: true}}
	err := f.call(ctx, Call{Op: OpCheck}, func(int) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.checks != nil {
			out = slices.Clone(f.checks)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func clone(r connector.Record) connector.Record {
	r.Fields = maps.Clone(r.Fields)
	if r.Fields == nil {
		r.Fields = customer.Fields{}
	}
	r.Findings = append([]finding.Finding(nil), r.Findings...)
	r.Extra = maps.Clone(r.Extra)
	return r
}
