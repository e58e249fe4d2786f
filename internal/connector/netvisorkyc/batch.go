package netvisorkyc

import (
	"context"
	"fmt"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

const (
	// batchSize is one that a kill may cost without harm.
	batchSize = 100
	// snapshotTime is how long what the lists said counts as a reading: half of the time between two polls.
	snapshotTime = 30 * time.Second
)

// BatchSize implements connector.BatchReader.
func (c *Connection) BatchSize() int { return batchSize }

// ReadBatch implements connector.BatchReader. A few records are read one by one. More are taken from the lists, which hold whole
// candidates and customers: that is how everything is compared each night in a few calls instead of one or two for each record (contract
// section 6). The batches of one run follow each other within seconds, so a reading of the lists serves all batches of the next half
// minute on the same connection. What the lists do not hold is read by itself, since not being listed is no evidence (Promise 6).
func (c *Connection) ReadBatch(ctx context.Context, externalIDs []string) ([]connector.Record, error) {
	if len(externalIDs) > batchSize {
		return nil, fmt.Errorf("reading %d records at once: the limit is %d", len(externalIDs), batchSize)
	}
	var wanted []ref
	asked := map[ref]bool{}
	for _, id := range externalIDs {
		if r, ok := parseRef(id); ok && !asked[r] {
			asked[r] = true
			wanted = append(wanted, r)
		}
	}
	var listed map[ref]held
	if len(wanted) > few {
		seen, err := c.lists(ctx)
		if err != nil {
			return nil, err
		}
		listed = seen.records
	}
	out := make([]connector.Record, 0, len(wanted))
	for _, r := range wanted {
		h, ok := listed[r]
		if !ok {
			var err error
			h, err = c.hold(ctx, r)
			switch f := fault.Of(err); {
			case f != nil && f.Code == fault.NotFound && f.Reason == CandidateDeleted:
				out = append(out, connector.Record{ExternalID: r.String(), Deleted: true})
				continue
			case f != nil && f.Code == fault.NotFound:
				continue
			case err != nil:
				return nil, err
			}
		}
		out = append(out, c.toRecord(h))
	}
	return out, nil
}

// snapshot is what the lists said.
type snapshot struct {
	at      time.Time
	records map[ref]held
}

// lists reads both lists, unless they were read a moment ago on this connection.
func (c *Connection) lists(ctx context.Context) (*snapshot, error) {
	if now := c.now(); c.seen == nil || now.Sub(c.seen.at) > snapshotTime {
		c.seen = nil
		seen := &snapshot{at: now, records: map[ref]held{}}
		if err := c.fill(ctx, seen.records); err != nil {
			return nil, err
		}
		c.seen = seen
	}
	return c.seen, nil
}

// fill reads candidates, then customers, as everything does. An accepted candidate is a record only together with its customer, and a
// deleted one is read by itself.
func (c *Connection) fill(ctx context.Context, records map[ref]held) error {
	was := map[ref]*api.Candidate{}
	keep := func(a *api.Candidate) error {
		r := ref{candidates, rest.Key(a.ID)}
		switch {
		case r.id == "" || a.State == deleted:
		case a.State == accepted:
			was[r] = a
		default:
			records[r] = held{ref: r, candidate: a}
		}
		return nil
	}
	if err := c.eachCandidate(ctx, "", keep); err != nil {
		return err
	}
	incomplete := false
	err := c.eachCustomer(ctx, func(u *api.Customer) error {
		r := refOf(u)
		if r.id == "" {
			return nil
		}
		h := held{ref: r, candidate: was[r], customer: u}
		if h.candidate == nil {
			h.candidate = records[r].candidate // accepted since it was listed
		}
		incomplete = incomplete || h.candidate == nil && r.resource == candidates && h.lacks()
		records[r] = h
		return nil
	})
	if err != nil || !incomplete {
		return err
	}
	if err := c.eachCandidate(ctx, accepted, keep); err != nil {
		return err
	}
	for r, h := range records {
		if h.candidate == nil && was[r] != nil {
			h.candidate = was[r]
			records[r] = h
		}
	}
	return nil
}

// lacks says whether something of the customer is told by its candidate alone.
func (h held) lacks() bool {
	return !h.customer.ContactPerson.Told || h.customer.Source == (api.Source{})
}
