package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// braking counts what one transaction changes, and parks what goes beyond the limit (Promise 6). The pure core says what each change
// does to values that were there (merge/brake.go); here they are counted, by class, over the window and under a lock of the system and
// the way, so that several workers and replicas together keep the limit and no other system waits. A transaction that changes nothing
// takes no lock and asks nothing.
type braking struct {
	tx     pgx.Tx
	system system.ID
	name   string
	// run is the run that does it and began when it was started, so that a run longer than the window counts as a whole; both are
	// zero for a single record.
	run   run.ID
	began time.Time
	now   time.Time

	states  map[link.Way]*store.BrakeState
	granted map[granted]bool
	pulled  map[link.Class]*link.Stop
	counts  []store.BrakeCount
}

type granted struct {
	record string
	class  link.Class
}

// apply plans until everything that flows keeps the limit. known gives what the hub has of a record, and hold adds to it what is parked;
// plan decides from that, and counts says which of the classes that an outcome weighs become true by this transaction.
func (b *braking) apply(ctx context.Context, known func(record string) merge.Known, hold func(record string, h link.Hold),
	plan func() ([]merge.Outcome, error), counts func(*merge.Outcome, link.Class) bool) ([]merge.Outcome, error) {
	b.begin()
	for {
		outcomes, err := plan()
		if err != nil {
			return nil, err
		}
		parked := false
		for i := range outcomes {
			for _, class := range outcomes[i].Weighs {
				if !counts(&outcomes[i], class) {
					continue
				}
				stop, err := b.weigh(ctx, outcomes[i].ExternalID, class, known(outcomes[i].ExternalID).Base.Brake.Counted[class])
				if err != nil {
					return nil, err
				}
				if stop != "" {
					hold(outcomes[i].ExternalID, link.Hold{Class: class, Stop: stop})
					parked = true
				}
			}
		}
		if parked {
			continue
		}
		for i := range outcomes {
			b.count(&outcomes[i], counts)
		}
		return outcomes, nil
	}
}

func (b *braking) begin() {
	b.states, b.granted, b.pulled = map[link.Way]*store.BrakeState{}, map[granted]bool{}, map[link.Class]*link.Stop{}
}

// weigh lets a change of a record through and counts it, or gives the stop that keeps it.
func (b *braking) weigh(ctx context.Context, record string, class link.Class, last time.Time) (link.StopID, error) {
	key := granted{record, class}
	if b.granted[key] {
		return "", nil
	}
	s, err := b.state(ctx, class)
	if err != nil {
		return "", err
	}
	if !last.IsZero() && s.Counts(last) {
		b.granted[key] = true // it is counted already
		return "", nil
	}
	most, err := b.most(ctx, s, class)
	if err != nil {
		return "", err
	}
	if s.Counted[class] < most {
		s.Counted[class]++
		b.granted[key] = true
		return "", nil
	}
	return b.stop(ctx, class)
}

// stop gives the stop of a class that stands, and pulls the brake where none does.
func (b *braking) stop(ctx context.Context, class link.Class) (link.StopID, error) {
	s, err := b.state(ctx, class)
	if err != nil || s.Stops[class] != "" {
		return s.Stops[class], err
	}
	if !s.Recounted {
		if s.Records, err = store.CountLinked(ctx, b.tx, b.system, lockOf(class)); err != nil {
			return "", err
		}
		s.Fresh, s.Recounted = true, true
	}
	b.pulled[class] = &link.Stop{
		ID: link.StopID(store.NewID()), Class: class, Counted: s.Counted[class], Records: s.Records,
		Most: s.Limits.Most(s.Records, class.Way() == link.ByHand), Since: s.Since, Run: string(b.run),
	}
	s.Stops[class] = b.pulled[class].ID
	return s.Stops[class], nil
}

// state is what was counted, under the lock that whoever counts holds.
func (b *braking) state(ctx context.Context, class link.Class) (*store.BrakeState, error) {
	way := lockOf(class)
	if s := b.states[way]; s != nil {
		return s, nil
	}
	s, err := store.LockBrake(ctx, b.tx, b.system, way, b.began, b.now)
	b.states[way] = &s
	return &s, err
}

func lockOf(class link.Class) link.Way {
	if class.Inward() {
		return link.Inward
	}
	return link.Outward
}

// most is how many records of a class may change. Counting the linked ones takes a while when they are many, so it is done when that
// decides; while a stop stands a number that is seconds old will do.
func (b *braking) most(ctx context.Context, s *store.BrakeState, class link.Class) (int, error) {
	hand := class.Way() == link.ByHand
	least := s.Limits.Most(0, hand)
	if s.Counted[class] < least {
		return least, nil
	}
	most := s.Limits.Most(s.Records, hand)
	if s.Counted[class] < most && s.Fresh || s.Stops[class] != "" && s.Fresh {
		return most, nil
	}
	if s.Recounted {
		return most, nil
	}
	n, err := store.CountLinked(ctx, b.tx, b.system, lockOf(class))
	s.Records, s.Fresh, s.Recounted = n, true, true
	return s.Limits.Most(n, hand), err
}

// count notes in a record that it was counted, for the slots what that comes to.
func (b *braking) count(o *merge.Outcome, counts func(*merge.Outcome, link.Class) bool) {
	brake := &o.Base.Brake
	for _, class := range o.Weighs {
		if !counts(o, class) || !b.granted[granted{o.ExternalID, class}] {
			continue
		}
		s := b.states[lockOf(class)]
		kept := make(map[link.Class]time.Time, len(brake.Counted)+1)
		for c, at := range brake.Counted {
			if s.Counts(at) {
				kept[c] = at
			}
		}
		if last, ok := kept[class]; ok {
			b.counts = append(b.counts, store.BrakeCount{Class: class, At: last, More: -1})
		}
		kept[class] = b.now
		b.counts = append(b.counts, store.BrakeCount{Class: class, At: b.now, More: 1})
		brake.Counted = kept
	}
}

// keep writes what was counted and which stops keep how many records now. before and after are the holds of the records that are
// written, as they were and as they are.
func (b *braking) keep(ctx context.Context, before, after []link.Hold) error {
	if len(b.counts) > 0 {
		if err := store.CountChanges(ctx, b.tx, b.system, b.counts); err != nil {
			return err
		}
	}
	more := make(map[link.StopID]int)
	for _, h := range before {
		more[h.Stop]--
	}
	for _, h := range after {
		more[h.Stop]++
	}
	for _, class := range slices.Sorted(maps.Keys(b.pulled)) {
		if err := b.pull(ctx, *b.pulled[class]); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(more)) {
		if more[id] == 0 {
			continue
		}
		if err := b.parkMore(ctx, id, more[id]); err != nil {
			return err
		}
	}
	return nil
}

// pull raises the finding of a stop.
func (b *braking) pull(ctx context.Context, s link.Stop) error {
	raised, err := store.RaiseFindings(ctx, b.tx, b.system, []finding.Finding{{
		Code: massChange(s.Class), Field: customer.Field(s.Class.Effect()), Message: b.tell(&s),
	}})
	if err := logFindings(ctx, b.tx, raised, byHub, err); err != nil {
		return err
	}
	if len(raised) != 1 {
		return fmt.Errorf("the finding of a stop of %s stands already", s.Class)
	}
	return store.InsertStop(ctx, b.tx, b.system, raised[0].ID, s)
}

// parkMore brings a stop and its finding up to date. One that keeps nothing any more has passed: both sides agree again.
func (b *braking) parkMore(ctx context.Context, id link.StopID, more int) error {
	s, err := store.ParkMore(ctx, b.tx, id, more)
	if err != nil || s == nil || s.Ruling != "" {
		return err
	}
	if s.Parked > 0 {
		return store.TellFinding(ctx, b.tx, s.Finding, b.tell(&s.Stop))
	}
	if err := store.RuleStop(ctx, b.tx, id, link.Passed, "", ""); err != nil {
		return err
	}
	noted, err := store.ResolveFinding(ctx, b.tx, s.Finding, "", "")
	return logFindings(ctx, b.tx, noted, byHub, err)
}

func massChange(c link.Class) finding.Code {
	if c == link.Gone {
		return finding.MassAbsence
	}
	if c.Inward() {
		return finding.MassChangeIn
	}
	return finding.MassChangeOut
}

// tell puts a stop into words for an operator.
func (b *braking) tell(s *link.Stop) string {
	since := s.Since.UTC().Format("2006-01-02 15:04 MST")
	if s.Class == link.Gone {
		return fmt.Sprintf("The system's list lacks %d of %d known records, beside %d that were gone since %s; at most %d may. None of them is "+
			"believed to be deleted; check the system and the rights of its credentials, then approve or reject.", s.Parked, s.Records, s.Counted, since, s.Most)
	}
	what := map[link.Effect]string{
		link.Deactivation: "takes %s out of use", link.Clearing: "clears values of %s", link.Altering: "alters values of %s",
	}[s.Class.Effect()]
	who, whom, done := b.name, "customers", "came in"
	if !s.Class.Inward() {
		who, whom, done = "The hub", "records in "+b.name, "were sent"
	}
	return fmt.Sprintf("%s %s: so many that the brake stopped it. Since %s, changes of %d of %d %s and at most %d may; %d more wait "+
		"until somebody approves or rejects them.", who, fmt.Sprintf(what, whom), since, s.Counted, s.Records, done, s.Most, s.Parked)
}

// takeBraked plans a batch and parks what goes beyond the limit. An approved plan is exempt: somebody approved it by name.
func (h *Hub) takeBraked(ctx context.Context, tx pgx.Tx, t Taking, observed []merge.Observation, known map[string]merge.Known, now time.Time) ([]merge.Outcome, error) {
	if err := ruled(ctx, tx, known); err != nil {
		return nil, err
	}
	before := make(map[string][]link.Hold)
	for id, k := range known {
		before[id] = k.Base.Brake.Held
	}
	b := braking{tx: tx, system: t.System, name: t.SystemName, run: t.Run, began: t.Began, now: now}
	outcomes, err := b.apply(ctx, func(id string) merge.Known { return known[id] }, func(id string, hold link.Hold) {
		k := known[id]
		k.Base.Brake.Held = append(slices.Clip(k.Base.Brake.Held), hold)
		known[id] = k
	}, func() ([]merge.Outcome, error) { return t.Plan(observed, known, now), nil }, func(o *merge.Outcome, c link.Class) bool {
		return !t.Unbraked && c.Inward() && written(o)
	})
	if err != nil {
		return nil, err
	}
	var was, is []link.Hold
	for i := range outcomes {
		if written(&outcomes[i]) {
			was, is = append(was, before[outcomes[i].ExternalID]...), append(is, outcomes[i].Base.Brake.Held...)
		}
	}
	return outcomes, b.keep(ctx, was, is)
}

// written says whether the link of an outcome is written with its base.
func written(o *merge.Outcome) bool {
	return o.Taken() && o.Action != merge.Unchanged && o.Link.ID != ""
}

// ruled reads what was decided about what is parked of the records, and whose values the hub would send where that is parked.
func ruled(ctx context.Context, tx pgx.Tx, known map[string]merge.Known) error {
	var ids []link.StopID
	var outward []customer.ID
	for _, k := range known {
		for _, h := range k.Base.Brake.Held {
			ids = append(ids, h.Stop)
			if !h.Class.Inward() {
				outward = append(outward, k.Customer.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := store.ListStopsByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	rulings := make(map[link.StopID]link.Ruling, len(found))
	for _, s := range found {
		rulings[s.ID] = s.Ruling
	}
	var from map[customer.ID]customer.Provenances
	if len(outward) > 0 {
		if from, err = store.ListProvenance(ctx, tx, outward); err != nil {
			return err
		}
	}
	for id, k := range known {
		for i := range k.Base.Brake.Held {
			hold := &k.Base.Brake.Held[i]
			ruling, exists := rulings[hold.Stop]
			if !exists {
				ruling = link.Passed // a stop that is kept no more holds nothing
			}
			hold.Ruling = ruling
		}
		if p, ok := from[k.Customer.ID]; ok {
			k.Base.Brake.ByHand = enteredHere(p, k.Parts)
			known[id] = k
		}
	}
	return nil
}

// ruledRecords is ruled for the records of one customer.
func ruledRecords(ctx context.Context, tx pgx.Tx, records []store.LinkedRecord) error {
	known := make(map[string]merge.Known, len(records))
	for _, r := range records {
		known[string(r.Link.ID)] = merge.Known{Base: r.Base, Parts: r.Parts, Customer: customer.Customer{ID: r.Link.CustomerID}}
	}
	err := ruled(ctx, tx, known)
	for i := range records {
		records[i].Base = known[string(records[i].Link.ID)].Base
	}
	return err
}

// enteredHere says of groups, whose parts are named by a system's keys, whether their values were entered in the hub.
func enteredHere(from customer.Provenances, parts []link.PartLink) func(customer.Group) bool {
	groups := make(map[customer.Group]bool, len(from))
	for f, p := range from {
		if part, id, name, ok := f.PartKey(); ok && part != customer.PartCustom {
			at := slices.IndexFunc(parts, func(l link.PartLink) bool { return l.Part == part && l.ID == id })
			if at < 0 {
				continue
			}
			f = customer.PartField(part, parts[at].ExternalID, name)
		}
		if g := f.Group(); f != "" {
			groups[g] = groups[g] || p.System == ""
		}
	}
	otherwise := from[""].System == ""
	return func(g customer.Group) bool {
		here, known := groups[g]
		return here || !known && otherwise
	}
}
