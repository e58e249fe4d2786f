package netvisorkyc

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// KeyMissing is why a row without a usable id never comes in: there is nothing to read it by. Its ExternalID is empty.
const KeyMissing = "KYC_ID_MISSING"

// cursorMark begins a cursor of List; behind it is the feed's own. Behind it alone the feed begins with its oldest entry.
const cursorMark = "changes:"

// List implements connector.Lister.
//
// Everything is listed by candidates and customers, after the place in the change feed was noted: what changes while the lists are read
// is told again by the feed, and nothing is missed. From a cursor it is the feed that says what changed; when it no longer reaches back
// to the cursor, or does not know it, everything is listed anew (contract section 6).
func (c *Connection) List(ctx context.Context, since string, yield func(connector.Row) error) (connector.ListResult, error) {
	once := rows{yield: yield, given: map[string]bool{}}
	if from, ok := strings.CutPrefix(since, cursorMark); ok {
		cursor, err := c.changed(ctx, from, &once)
		if once.err != nil {
			return connector.ListResult{}, once.err
		}
		if !expired(err) {
			return result(cursor, err)
		}
		c.log.WarnContext(ctx, "the change feed does not reach back to the cursor, listing everything", "resource", "changes")
	}
	cursor, err := c.follow(ctx, []string{"changes"}, nil, "", func(json.RawMessage) error { return nil })
	if err != nil {
		return connector.ListResult{}, err
	}
	err = c.everything(ctx, &once)
	if once.err != nil {
		return connector.ListResult{}, once.err
	}
	return result(cursor, err)
}

func result(cursor string, err error) (connector.ListResult, error) {
	if err != nil {
		return connector.ListResult{}, err
	}
	return connector.ListResult{Cursor: cursorMark + cursor}, nil
}

// expired says whether the feed refused the cursor: as too old, or as one that it does not know.
func expired(err error) bool {
	f := fault.Of(err)
	return f != nil && (f.Reason == CursorExpired || f.Reason == "VALIDATION_FAILED")
}

// rows gives each row once.
type rows struct {
	yield func(connector.Row) error
	given map[string]bool
	// err is the reader's: what a database says there must not pass for an error of the wire.
	err error
}

func (r *rows) give(row connector.Row) error {
	if row.ExternalID == "" {
		row.Excluded = KeyMissing
	} else if r.given[row.ExternalID] {
		return nil
	}
	r.given[row.ExternalID] = true
	r.err = r.yield(row)
	return r.err
}

// everything lists candidates, then customers: one that is accepted in between is in one of the lists at least. A customer that came
// through a candidate is the candidate's row, whether or not accepted candidates are listed.
func (c *Connection) everything(ctx context.Context, out *rows) error {
	err := c.eachCandidate(ctx, "", func(a *api.Candidate) error {
		return out.give(row(candidates, a.ID, a.Name, a.Source))
	})
	if err != nil {
		return err
	}
	return c.eachCustomer(ctx, func(u *api.Customer) error {
		r := refOf(u)
		return out.give(row(r.resource, api.Text(r.id), u.Name, u.Source))
	})
}

// refOf is the record of a customer.
func refOf(u *api.Customer) ref {
	if id := rest.Key(u.CandidateID); id != "" {
		return ref{candidates, id}
	}
	return ref{customers, rest.Key(u.ID)}
}

func row(resource string, id, name api.Text, s api.Source) connector.Row {
	masked, _ := finnish.MaskStored(record.OneLine(string(name)))
	out := connector.Row{Name: masked}
	if number := record.OneLine(string(s.CustomerNumber)); finnish.MaskIdentityCodes(number) == number {
		out.Number = number
	}
	if id := rest.Key(id); id != "" {
		out.ExternalID = ref{resource, id}.String()
	}
	return out
}

// eachCandidate lists candidates; a state lists those of it alone, none what the service lists by itself.
func (c *Connection) eachCandidate(ctx context.Context, state string, f func(*api.Candidate) error) error {
	query := map[string][]string{}
	if state != "" {
		query["state"] = []string{state}
	}
	return c.pages(ctx, []string{candidates}, query, func(item json.RawMessage) error {
		var a api.Candidate
		odd, err := rest.DecodeItem(item, &a)
		if err != nil {
			return err
		}
		a.Odd = odd
		return f(&a)
	})
}

func (c *Connection) eachCustomer(ctx context.Context, f func(*api.Customer) error) error {
	return c.pages(ctx, []string{customers}, nil, func(item json.RawMessage) error {
		var u api.Customer
		odd, err := rest.DecodeItem(item, &u)
		if err != nil {
			return err
		}
		u.Odd = odd
		return f(&u)
	})
}

// few is how many records are read one by one, at two calls each. More are found by listing, since calls are what is scarce.
const few = 8

// changed gives what the feed has told since a cursor, in its order and each once. A customer is the row of the candidate that it was. One
// that was deleted is a row too: reading it tells.
func (c *Connection) changed(ctx context.Context, from string, out *rows) (cursor string, err error) {
	var changes []ref
	cursor, err = c.follow(ctx, []string{"changes"}, nil, from, func(item json.RawMessage) error {
		var change api.Change
		if _, err := rest.DecodeItem(item, &change); err != nil {
			return err
		}
		switch id := rest.Key(change.ID); {
		case id == "":
		case change.Entity == "CANDIDATE":
			changes = append(changes, ref{candidates, id})
		case change.Entity == "CUSTOMER":
			changes = append(changes, ref{customers, id})
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	was, err := c.candidatesOf(ctx, changes)
	if err != nil {
		return "", err
	}
	for _, r := range changes {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if before, ok := was[r]; ok {
			r = before
		}
		if err := out.give(connector.Row{ExternalID: r.String()}); err != nil {
			return "", err
		}
	}
	return cursor, nil
}

// candidatesOf says which records the customers among some references belong to. One that is not found is left as it is.
func (c *Connection) candidatesOf(ctx context.Context, changes []ref) (map[ref]ref, error) {
	was := map[ref]ref{}
	var wanted []ref
	for _, r := range changes {
		if r.resource == customers && !slices.Contains(wanted, r) {
			wanted = append(wanted, r)
			if len(wanted) > few {
				return was, c.eachCustomer(ctx, func(u *api.Customer) error {
					was[ref{customers, rest.Key(u.ID)}] = refOf(u)
					return nil
				})
			}
		}
	}
	for _, r := range wanted {
		u, err := c.customer(ctx, r.id)
		switch {
		case err == nil:
			was[r] = refOf(u)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return was, nil
}

// RelationshipEnded is why a customer whose relationship has ended is nobody that a customer of the hub could be: who comes again has to
// be known anew.
const RelationshipEnded = "KYC_RELATIONSHIP_ENDED"

// Find implements connector.Finder by the business ID, which both lists can be asked for. The number is in no filter of the interface, so
// it finds nothing: whoever the hub makes here has a business ID, which belongs to one living record.
func (c *Connection) Find(ctx context.Context, by connector.Identity) ([]connector.Row, error) {
	id, err := finnish.ParseBusinessID(by.BusinessID)
	if err != nil {
		return nil, nil //nolint:nilerr // nobody has an id that is none
	}
	query := map[string][]string{"businessId": {string(id)}}
	fits := func(raw api.Text) bool {
		other, err := finnish.ParseBusinessID(string(raw))
		return err == nil && other == id
	}
	var out, were []connector.Row // were are candidates that are customers by now, of whom the customers tell
	given := map[string]bool{}
	add := func(to *[]connector.Row, r connector.Row) {
		if r.ExternalID != "" && !given[r.ExternalID] {
			given[r.ExternalID] = to == &out
			*to = append(*to, r)
		}
	}
	err = c.pages(ctx, []string{candidates}, query, func(item json.RawMessage) error {
		var a api.Candidate
		if _, err := rest.DecodeItem(item, &a); err != nil || !fits(a.BusinessID) || a.State == deleted {
			return err
		}
		to := &out
		if a.State == accepted {
			to = &were
		}
		add(to, row(candidates, a.ID, a.Name, a.Source))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = c.pages(ctx, []string{customers}, query, func(item json.RawMessage) error {
		var u api.Customer
		if _, err := rest.DecodeItem(item, &u); err != nil || !fits(u.BusinessID) {
			return err
		}
		r := refOf(&u)
		found := row(r.resource, api.Text(r.id), u.Name, u.Source)
		if ended(&u) {
			found.Excluded = RelationshipEnded
		}
		add(&out, found)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range were {
		add(&out, r)
	}
	return out, nil
}

// Delete implements connector.Deleter for candidates. A customer is never deleted: what is kept of it belongs to KYC, and the relationship
// is ended instead (contract section 7).
func (c *Connection) Delete(ctx context.Context, externalID, _ string) error {
	r, ok := parseRef(externalID)
	switch {
	case !ok:
		return fault.New(fault.NotFound, "Netvisor KYC has no such record.")
	case r.resource == customers:
		return fault.Because(fault.Rejected, CustomerIsNeverDeleted,
			"A customer of Netvisor KYC is never deleted: its data has to be kept. Making the customer inactive ends the relationship there.")
	}
	return c.send(ctx, &request{method: http.MethodDelete, path: []string{candidates, r.id}}, nil)
}
