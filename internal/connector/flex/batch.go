package flex

import (
	"context"
	"errors"
	"fmt"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

const (
	batchSize = pageSize
	// few is how many records are read one by one. More are found by listing, since calls are what is scarce.
	few = 8
)

// BatchSize implements connector.BatchReader.
func (c *Connection) BatchSize() int { return batchSize }

// ReadBatch implements connector.BatchReader. A few records are read one by one. More are taken from the list, which holds whole customers: the
// batches of a run follow each other in the order of the list that the run began with, so each begins at the page where the one before it
// ended, and the whole of it costs two calls for each page. What the list does not hold there is read by itself, since not being listed is no evidence (Promise 6).
func (c *Connection) ReadBatch(ctx context.Context, externalIDs []string) ([]connector.Record, error) {
	if len(externalIDs) > batchSize {
		return nil, fmt.Errorf("reading %d records at once: the limit is %d", len(externalIDs), batchSize)
	}
	wanted := map[string]bool{}
	for _, id := range externalIDs {
		if id := rest.Key(rest.Text(id)); id != "" {
			wanted[id] = true
		}
	}
	var found []*api.Customer
	if len(wanted) > few {
		var err error
		if found, err = c.fromList(ctx, wanted); err != nil {
			return nil, err
		}
	}
	for _, one := range found {
		delete(wanted, string(one.ID))
	}
	for id := range wanted {
		one, err := c.read(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return nil, err
		default:
			found = append(found, one)
		}
	}
	ids := make([]api.Text, len(found))
	for i, one := range found {
		ids[i] = one.CustomerTypeID
	}
	if len(found) == 0 {
		return nil, nil
	}
	ts, err := c.typesWith(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]connector.Record, len(found))
	for i, one := range found {
		out[i] = c.toRecord(one, ts)
	}
	return out, nil
}

// scattered is how many pages of the list in a row may hold none of the records that are looked for, once some were found.
const scattered = 3

// fromList takes records from the list, from the page where the last batch ended on; from the beginning where that page and those behind it
// have none of them. Records that lie far apart are left to be read by themselves.
func (c *Connection) fromList(ctx context.Context, wanted map[string]bool) (found []*api.Customer, err error) {
	began := c.place
	for {
		got, seen, quiet := map[string]bool{}, 0, 0
		c.place, err = c.pages(ctx, c.listed, c.place, func(one *api.Customer) error {
			if seen++; seen%pageSize == 0 {
				quiet++
			}
			if id := string(one.ID); wanted[id] && !got[id] {
				got[id], quiet = true, 0
				found = append(found, one)
			}
			if len(got) == len(wanted) || len(got) > 0 && quiet >= scattered {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			err = nil
		}
		forgotten := fault.Is(err, fault.Rejected) // a place may be known for a while only
		if began == "" || !forgotten && (err != nil || len(found) > 0) {
			return found, err
		}
		found, began, c.place = nil, "", "" // a list that began elsewhere
	}
}
