package flex

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// KeyMissing is why a row without a usable id never comes in: there is nothing to read it by. Its ExternalID is empty.
const KeyMissing = "FLEX_ID_MISSING"

const (
	// pageSize is the most customers that a page may have (contract section 7).
	pageSize = 200
	// overlap is how far before the newest change that was seen the next list starts: a change may show a little after its stamp.
	overlap = 5 * time.Minute
	// maxPages is more than any list has.
	maxPages = 20_000
)

// List implements connector.Lister. From a cursor it lists what was changed since, by Flex's own stamps: the cursor is the newest that was seen,
// less five minutes. A stamp of the future, which would skip what comes before it, counts as now.
func (c *Connection) List(ctx context.Context, since string, yield func(connector.Row) error) (connector.ListResult, error) {
	from, err := time.Parse(time.RFC3339Nano, since)
	if since != "" && err != nil {
		return connector.ListResult{}, fault.Wrap(fault.Internal, err, "The place where the last list ended cannot be read.")
	}
	asked, newest := c.now(), from.Add(overlap)
	if since == "" {
		newest = asked
	}
	query := url.Values{}
	if since != "" {
		query.Set("modifiedSince", from.UTC().Format(time.RFC3339Nano))
	}
	c.listed, c.place = query, ""
	given := map[string]bool{}
	var mine error // the reader's: what a database says there must not pass for an error of the wire
	_, err = c.pages(ctx, query, "", func(one *api.Customer) error {
		if at, err := time.Parse(time.RFC3339, string(one.UpdatedAt)); err == nil && at.After(newest) {
			newest = at
		}
		r := row(one)
		if r.ExternalID != "" && given[r.ExternalID] {
			return nil
		}
		given[r.ExternalID] = true
		mine = yield(r)
		return mine
	})
	if mine != nil {
		return connector.ListResult{}, mine
	}
	if err != nil {
		return connector.ListResult{}, err
	}
	if newest.After(asked) {
		newest = asked
	}
	return connector.ListResult{Cursor: newest.Add(-overlap).UTC().Format(time.RFC3339Nano)}, nil
}

func row(one *api.Customer) connector.Row {
	name, _ := finnish.MaskStored(record.OneLine(string(one.Name)))
	r := connector.Row{ExternalID: rest.Key(one.ID), Name: name}
	r.Number, r.Excluded = record.Number(record.OneLine(string(one.CustomerNumber)))
	if r.ExternalID == "" {
		r.Excluded = KeyMissing
	}
	return r
}

// errEnough ends a list whose rest nobody needs.
var errEnough = errors.New("enough")

// pages reads a list from a cursor on and gives each customer to yield; the entries of a page are given once the page is complete. place is
// the cursor of the last page that was read. The list may be believed only when there was no error. An error of yield ends it and is
// returned as it is.
func (c *Connection) pages(ctx context.Context, query url.Values, cursor string, yield func(*api.Customer) error) (place string, err error) {
	r := c.request(http.MethodGet, customers)
	r.Query = url.Values{"limit": {strconv.Itoa(pageSize)}}
	maps.Copy(r.Query, query)
	for range maxPages {
		if cursor != "" {
			r.Query.Set("cursor", cursor)
		}
		data, err := c.service.Read(ctx, r)
		if err != nil {
			return cursor, err
		}
		page, err := api.ReadPage(data)
		if err != nil {
			return cursor, c.service.BrokenReply(customers, fault.Unavailable, err)
		}
		for _, item := range page.Items {
			if err := ctx.Err(); err != nil {
				return cursor, err
			}
			var one api.Customer
			if err := json.Unmarshal(item, &one); err != nil {
				return cursor, c.service.BrokenReply(customers, fault.Unavailable, rest.Broken("an entry is no customer"))
			}
			if err := yield(&one); err != nil {
				return cursor, err
			}
		}
		if page.NextCursor == "" {
			return cursor, nil
		}
		if string(page.NextCursor) == cursor {
			break
		}
		cursor = string(page.NextCursor)
	}
	return cursor, c.service.BrokenReply(customers, fault.Unavailable, errors.New("its pages come to no end"))
}

// Find implements connector.Finder by the number, which is what Flex knows customers by (F18). There is no filter by business ID, which would be
// a suggestion only.
func (c *Connection) Find(ctx context.Context, by connector.Identity) ([]connector.Row, error) {
	if by.Number == "" || customer.CheckText(by.Number) != nil || finnish.ContainsIdentityCode(by.Number) {
		return nil, nil //nolint:nilerr // nobody has a number that is none
	}
	var one api.Customer
	_, err := c.service.Get(ctx, c.request(http.MethodGet, customers, "by-number", by.Number), &one)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case string(one.CustomerNumber) != by.Number || rest.Key(one.ID) == "":
		return nil, c.service.BrokenReply(customers, fault.Unavailable, errAnother)
	}
	return []connector.Row{row(&one)}, nil
}

// originHub is the origin of customers that the hub made (contract section 7, [assumed]).
const originHub = "HUB"

// Retrace implements connector.Retracer.
func (c *Connection) Retrace(ctx context.Context, since time.Time, sent customer.Fields) (out []connector.Row, err error) {
	query := url.Values{"modifiedSince": {since.Add(-overlap).UTC().Format(time.RFC3339Nano)}}
	id, name := sent[customer.FieldBusinessID], sent[customer.FieldName]
	_, err = c.pages(ctx, query, "", func(one *api.Customer) error {
		same := id != "" && record.OneLine(string(one.BusinessID)) == id || id == "" && strings.EqualFold(record.OneLine(string(one.Name)), name)
		if r := row(one); one.Origin == originHub && same && r.ExternalID != "" {
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
