package netvisorkyc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

// The resources that records are read from, which external ids begin with: candidates/cand_1001 is what came as a candidate, also after it
// became a customer, and customers/cust_501 a customer that never was one.
const (
	candidates = "candidates"
	customers  = "customers"
)

// accepted and deleted are the states of a candidate that is none any more.
const (
	accepted = "ACCEPTED"
	deleted  = "DELETED"
)

// ref is an external id taken apart.
type ref struct{ resource, id string }

func (r ref) String() string { return r.resource + "/" + r.id }

func parseRef(externalID string) (ref, bool) {
	resource, id, _ := strings.Cut(externalID, "/")
	r := ref{resource, rest.Key(api.Text(id))}
	return r, r.id != "" && (resource == candidates || resource == customers)
}

// held is what KYC holds of one record: a candidate, a customer, or one that became the other.
type held struct {
	ref
	candidate *api.Candidate
	customer  *api.Customer
}

// Read implements connector.Connection with candidates/{id} and, for one that was accepted, the customer that it became. A candidate that
// KYC's people have deleted is a NotFound with the reason CandidateDeleted.
func (c *Connection) Read(ctx context.Context, externalID string) (connector.Record, error) {
	r, ok := parseRef(externalID)
	if !ok {
		return connector.Record{}, fault.New(fault.NotFound, "Netvisor KYC has no such record.")
	}
	h, err := c.hold(ctx, r)
	if err != nil {
		return connector.Record{}, err
	}
	return c.toRecord(h), nil
}

// hold reads what a record consists of.
func (c *Connection) hold(ctx context.Context, r ref) (held, error) {
	if r.resource == customers {
		one, err := c.customer(ctx, r.id)
		return held{ref: r, customer: one}, err
	}
	one, err := c.candidate(ctx, r.id)
	switch {
	case err != nil:
		return held{}, err
	case one.State == deleted: // as a word instead of as a status
		return held{}, fault.Because(fault.NotFound, CandidateDeleted, "The candidate was deleted in Netvisor KYC.")
	case one.State != accepted:
		return held{ref: r, candidate: one}, nil
	}
	became, err := c.became(ctx, one)
	return held{ref: r, candidate: one, customer: became}, err
}

func (c *Connection) candidate(ctx context.Context, id string) (*api.Candidate, error) {
	var out api.Candidate
	odd, err := c.get(ctx, []string{candidates, id}, &out)
	if err != nil {
		return nil, err
	}
	if out.Odd = odd; string(out.ID) != id {
		return nil, c.another(candidates)
	}
	return &out, nil
}

func (c *Connection) customer(ctx context.Context, id string) (*api.Customer, error) {
	var out api.Customer
	odd, err := c.get(ctx, []string{customers, id}, &out)
	if err != nil {
		return nil, err
	}
	if out.Odd = odd; string(out.ID) != id {
		return nil, c.another(customers)
	}
	return &out, nil
}

// another is the fault of an answer about something that was not asked for. It is no evidence of anything.
func (c *Connection) another(resource string) error {
	return c.brokenReply(&request{path: []string{resource}}, fault.Unavailable, fmt.Errorf("it is about something else of %s", resource))
}

// became finds the customer that an accepted candidate is now: by its source, and where the source's latest customer is another one, or
// the candidate has no source, among those with its business ID.
func (c *Connection) became(ctx context.Context, one *api.Candidate) (*api.Customer, error) {
	if path, ok := bySource(customers, one.Source); ok {
		var out api.Customer
		odd, err := c.get(ctx, path, &out)
		switch {
		case err == nil && out.CandidateID == one.ID && rest.Key(out.ID) != "":
			out.Odd = odd
			return &out, nil
		case err != nil && !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	var found *api.Customer
	err := c.pages(ctx, []string{customers}, url.Values{"businessId": {string(one.BusinessID)}}, func(item json.RawMessage) error {
		var next api.Customer
		odd, err := rest.DecodeItem(item, &next)
		if next.Odd = odd; err == nil && next.CandidateID == one.ID && rest.Key(next.ID) != "" {
			found = &next
		}
		return err
	})
	if err == nil && found == nil {
		err = &fault.Error{Code: fault.Unavailable, Reason: "CUSTOMER_NOT_SHOWN",
			Message: "Netvisor KYC has accepted the candidate and does not show the customer that it became. Support: " + Support + "."}
	}
	return found, err
}

// bySource is the address of a resource by the record that it was made from; false when that cannot be named.
func bySource(resource string, s api.Source) ([]string, bool) {
	system, id := rest.Key(s.System), rest.Key(s.ExternalID)
	return []string{resource, "by-source", system, id}, system != "" && id != ""
}

// pages reads a list to its end and gives each entry to yield. The entries of a page are given once the page is complete; the list may be
// believed only when there was no error. An error of yield ends it and is returned as it is, but for a BrokenError, which is the list's.
func (c *Connection) pages(ctx context.Context, path []string, query url.Values, yield func(json.RawMessage) error) error {
	_, err := c.follow(ctx, path, query, "", yield)
	return err
}

// follow is pages from a cursor; it gives the last cursor that the list named.
func (c *Connection) follow(ctx context.Context, path []string, query url.Values, cursor string, yield func(json.RawMessage) error) (string, error) {
	asked := url.Values{"limit": {"500"}}
	maps.Copy(asked, query)
	r := request{method: http.MethodGet, path: path, query: asked}
	for n := 0; ; n++ {
		if cursor != "" {
			asked.Set("cursor", cursor)
		}
		data, err := c.read(ctx, &r)
		if err != nil {
			return "", err
		}
		page, err := api.ReadPage(data)
		if err != nil {
			return "", c.brokenReply(&r, fault.Unavailable, err)
		}
		for _, item := range page.Items {
			if err := ctx.Err(); err != nil {
				return "", err
			}
			if err := yield(item); err != nil {
				if _, broken := err.(*rest.BrokenError); broken { //nolint:errorlint // inside another error it is the caller's
					err = c.brokenReply(&r, fault.Unavailable, err)
				}
				return "", err
			}
		}
		next := string(page.NextCursor)
		if !*page.HasMore {
			if next != "" {
				cursor = next
			}
			return cursor, nil
		}
		if next == cursor || n == maxPages {
			return "", c.brokenReply(&r, fault.Unavailable, fmt.Errorf("its pages come to no end"))
		}
		cursor = next
	}
}

// maxPages is more than any list has.
const maxPages = 20_000
