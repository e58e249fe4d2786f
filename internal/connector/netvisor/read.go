package netvisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/fault"
)

// batchSize is far below Netvisor's limit of 500, so that one reply stays small: two of them, one being taken in and one being
// read, are the 100 details that a kill may cost (contract section 5).
const batchSize = 50

// BatchSize implements connector.BatchReader.
func (c *Connection) BatchSize() int { return batchSize }

// Read implements connector.Connection with getcustomer.nv, and the resource of the responsibility tab where it is used.
func (c *Connection) Read(ctx context.Context, externalID string) (connector.Record, error) {
	id := key(externalID)
	if id == "" {
		return connector.Record{}, notFound(nil)
	}
	got, err := c.single(ctx, id)
	if err != nil {
		return connector.Record{}, err
	}
	with := []connector.Record{got}
	if err := c.withTabs(ctx, with); err != nil {
		return connector.Record{}, err
	}
	return with[0], nil
}

// single is Read without the responsibility tab.
func (c *Connection) single(ctx context.Context, id string) (connector.Record, error) {
	got, err := c.one(ctx, id)
	if err != nil {
		return connector.Record{}, err
	}
	people, err := c.people(ctx, named(got))
	if err != nil {
		return connector.Record{}, err
	}
	return toRecord(id, got, people), nil
}

// one reads one card. A card without a key is the one that was asked for: replies of 2009 to 2016 have none.
func (c *Connection) one(ctx context.Context, id string) (api.Customer, error) {
	var found *api.Customer
	others := 0
	_, err := c.get(ctx, "getcustomer.nv", "id="+id+additional, func(r io.Reader) (api.Envelope, error) {
		return api.ReadCustomers(r, func(got api.Customer) error {
			if k := key(got.CustomerBaseInformation.NetvisorKey); found == nil && (k == id || k == "") {
				found = &got
			} else {
				others++
			}
			return nil
		})
	})
	switch {
	case fault.Is(err, fault.Rejected) && fault.Of(err).Reason == InvalidData:
		// This is how Netvisor says that there is no such customer (contract section 4.2).
		return api.Customer{}, notFound(err)
	case err != nil:
		return api.Customer{}, err
	case found == nil:
		// Not evidence that the customer is gone: that would be INVALID_DATA.
		return api.Customer{}, &fault.Error{Code: fault.Unavailable, Reason: "REPLY_BROKEN",
			Message: fmt.Sprintf("Netvisor's answer to getcustomer.nv does not hold the customer asked for, but %d others.", others)}
	}
	if others > 0 {
		c.log.DebugContext(ctx, "customers nobody asked for", "resource", "getcustomer.nv", "customers", others)
	}
	return *found, nil
}

func notFound(cause error) error {
	f := fault.New(fault.NotFound, "Netvisor has no such customer.")
	f.Err = cause
	return f
}

// ReadBatch implements connector.BatchReader with the idlist of getcustomer.nv, and one call for all responsibility tabs where they
// are used.
//
// It makes further calls where the batch alone does not tell, and where the reply is so large that fewer customers have to be
// asked for at once. A refusal with INVALID_DATA may mean that one key of the list
// is unknown, so the list is halved until the key is alone: one deleted customer does not hide the others (Promise 7). A card
// without a key could be anyone's, so the keys that were not answered are read one by one then.
func (c *Connection) ReadBatch(ctx context.Context, externalIDs []string) ([]connector.Record, error) {
	if len(externalIDs) > batchSize {
		return nil, fmt.Errorf("reading %d customers at once: the limit is %d", len(externalIDs), batchSize)
	}
	var ids []string
	seen := make(map[string]bool, len(externalIDs))
	for _, externalID := range externalIDs {
		if id := key(externalID); id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	records, err := c.batch(ctx, ids)
	if err == nil {
		err = c.withTabs(ctx, records)
	}
	if err != nil {
		return nil, err
	}
	return records, nil
}

func (c *Connection) batch(ctx context.Context, ids []string) ([]connector.Record, error) {
	switch len(ids) {
	case 0:
		return nil, nil
	case 1:
		got, err := c.single(ctx, ids[0])
		if fault.Is(err, fault.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []connector.Record{got}, nil
	}
	b := batch{wanted: make(map[string]bool, len(ids)), cards: make(map[string]api.Customer, len(ids))}
	for _, id := range ids {
		b.wanted[id] = true
	}
	_, err := c.get(ctx, "getcustomer.nv", "idlist="+strings.Join(ids, ",")+additional, func(r io.Reader) (api.Envelope, error) {
		b.reply.r = r
		return api.ReadCustomers(&b.reply, b.take)
	})
	if b.large || fault.Is(err, fault.Rejected) && fault.Of(err).Reason == InvalidData {
		first, err := c.batch(ctx, ids[:len(ids)/2])
		if err != nil {
			return nil, err
		}
		second, err := c.batch(ctx, ids[len(ids)/2:])
		if err != nil {
			return nil, err
		}
		return append(first, second...), nil
	}
	if err != nil {
		return nil, err
	}
	if b.others > 0 || b.twice > 0 || b.keyless > 0 {
		c.log.DebugContext(ctx, "odd customers in a batch", "resource", "getcustomer.nv",
			"unasked", b.others, "repeated", b.twice, "without_key", b.keyless)
	}
	people, err := c.people(ctx, named(slices.Collect(maps.Values(b.cards))...))
	if err != nil {
		return nil, err
	}
	records := make([]connector.Record, 0, len(ids))
	for _, id := range ids {
		card, ok := b.cards[id]
		if !ok && b.keyless == 0 {
			continue
		}
		if !ok {
			single, err := c.batch(ctx, []string{id})
			if err != nil {
				return nil, err
			}
			records = append(records, single...)
			continue
		}
		records = append(records, toRecord(id, card, people))
	}
	return records, nil
}

// batch collects the cards of one reply.
type batch struct {
	wanted                 map[string]bool
	cards                  map[string]api.Customer
	others, twice, keyless int
	reply                  counted
	large                  bool // the reply has more than fits into memory beside others
}

// maxBatchBytes is how much of one reply is kept before its batch is asked for in halves. A customer's card has some kilobytes, so an
// ordinary batch has a fortieth of it. One card alone may have api's bound for a record.
const maxBatchBytes = 8 << 20

var errLarge = errors.New("the reply is too large for a batch")

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// take keeps a card that was asked for. Of two with one key the first counts when they are equal; when they differ,
// neither can be believed and the key counts as unanswered, so that it is read alone.
func (b *batch) take(card api.Customer) error {
	if b.reply.n > maxBatchBytes {
		b.large = true
		return errLarge
	}
	k := key(card.CustomerBaseInformation.NetvisorKey)
	switch {
	case k == "":
		b.keyless++
	case !b.wanted[k]:
		b.others++
	default:
		if first, ok := b.cards[k]; ok {
			b.twice++
			if !reflect.DeepEqual(first, card) {
				delete(b.cards, k)
				b.wanted[k] = false
				b.keyless++
			}
			return nil
		}
		b.cards[k] = card
	}
	return nil
}

// key is a Netvisor key as it may be sent in a query and stand in the name of a field: digits. Everything else is empty, and
// so is 0, which stands for none.
func key(s string) string {
	s = strings.TrimSpace(s)
	for _, r := range s {
		if r < '0' || r > '9' {
			return ""
		}
	}
	if len(s) > 20 || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}
