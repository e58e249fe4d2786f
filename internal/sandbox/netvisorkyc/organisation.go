package netvisorkyc

import (
	"slices"
	"time"
)

// organisation is an obliged entity with its integration and records.
type organisation struct {
	Organisation

	number      int
	integration integration
	candidates  register[candidate]
	customers   register[customer]
	// Where to find the latest candidate and customer of a source, and those with a business id: candidates that are neither deleted
	// nor accepted, and customers that have not ended.
	candidateOf, customerOf map[sourceKey]int64
	liveCandidate           map[string]int64
	liveCustomer            map[string]int64

	feed    []Change
	lastSeq int64 // the last one given
	purged  int64 // the last one that the feed has forgotten

	webhooks []*webhook
	queue    []*delivery
	answers  answers
	bucket   bucket
}

// sourceKey is the key of an upsert.
type sourceKey struct{ system, id string }

func (s Source) key() sourceKey { return sourceKey{s.System, s.ExternalID} }

func newOrganisation(given Organisation, number int) *organisation {
	return &organisation{
		Organisation: given, number: number, integration: integration{State: Disabled},
		candidates: newRegister[candidate](), customers: newRegister[customer](),
		candidateOf: map[sourceKey]int64{}, customerOf: map[sourceKey]int64{}, liveCandidate: map[string]int64{}, liveCustomer: map[string]int64{},
		answers: answers{byKey: map[string]*kept{}},
	}
}

// expire forgets what is too old.
func (o *organisation) expire(now time.Time, retention time.Duration) {
	if i := slices.IndexFunc(o.feed, func(c Change) bool { return now.Sub(c.At) <= retention }); i > 0 {
		o.purged = o.feed[i-1].Seq
		o.feed = slices.Clone(o.feed[i:])
	} else if i < 0 && len(o.feed) > 0 {
		o.purged = o.feed[len(o.feed)-1].Seq
		o.feed = nil
	}
	o.answers.expire(now)
}

// tell adds to the change feed and to what the webhooks have to send.
func (s *Sandbox) tell(o *organisation, entity, id, what string, revision int64, at time.Time) {
	o.lastSeq++
	c := Change{Seq: o.lastSeq, Entity: entity, ID: id, Type: what, Revision: revision, At: at}
	o.feed = append(o.feed, c)
	s.pending.Changes = append(s.pending.Changes, savedChange{o.ID, c})
	s.enqueue(o, c)
}

// putCandidate stores a candidate and keeps the indexes.
func (o *organisation) putCandidate(c *candidate) {
	if old := o.candidates.get(c.Num); old != nil && o.liveCandidate[old.BusinessID] == old.Num {
		delete(o.liveCandidate, old.BusinessID)
	}
	o.candidates.put(c.Num, c.Updated, c)
	if c.open() && c.BusinessID != "" {
		o.liveCandidate[c.BusinessID] = c.Num
	}
	if c.Source != (Source{}) && c.Num >= o.candidateOf[c.Source.key()] {
		o.candidateOf[c.Source.key()] = c.Num
	}
}

func (o *organisation) putCustomer(c *customer) {
	if old := o.customers.get(c.Num); old != nil && o.liveCustomer[old.BusinessID] == old.Num {
		delete(o.liveCustomer, old.BusinessID)
	}
	o.customers.put(c.Num, c.Updated, c)
	if c.Lifecycle != Ended && c.Lifecycle != Archived && c.BusinessID != "" {
		o.liveCustomer[c.BusinessID] = c.Num
	}
	if c.Source != (Source{}) && c.Num >= o.customerOf[c.Source.key()] {
		o.customerOf[c.Source.key()] = c.Num
	}
}
