package netvisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/outbound"
)

// LongestWrite implements connector.Writer: an older list of the vendor's has clients wait six minutes (contract section 5).
func (c *Connection) LongestWrite() time.Duration { return 6 * time.Minute }

// Write implements connector.Writer with customer.nv, office.nv, contactperson.nv and the resource of the responsibility tab. Only what the step sets is sent, beside
// what Netvisor demands in every message of the kind (Promise 5).
func (c *Connection) Write(ctx context.Context, s connector.Step) (string, error) {
	if onTab(s) {
		return "", c.writeTab(ctx, s)
	}
	if s.Record != "" && key(s.Record) == "" || s.Key != "" && key(s.Key) == "" {
		return "", fault.New(fault.Invalid, "%q is no key of Netvisor.", s.Record+" "+s.Key)
	}
	var (
		message         api.Element
		faults          fault.Errors
		resource, query string
	)
	switch {
	case s.Part == customer.PartOffice:
		message, faults = officeMessage(s)
		resource, query = "office.nv", "method=add&customerid="+s.Record
		if s.Key != "" {
			query = "method=edit&customerid=" + s.Record + "&officeid=" + s.Key
		}
	case s.Part == customer.PartContact:
		message, faults = contactMessage(s)
		resource = "contactperson.nv"
	case s.Part != "":
		return "", fault.New(fault.Unsupported, "Netvisor has no %s.", s.Part)
	default:
		message, faults = cardMessage(s)
		faults = append(faults, checkCard(s)...)
		resource, query = "customer.nv", "method=add"
		if s.Record != "" {
			query = "method=edit&id=" + s.Record
		}
	}
	if s.Part != "" && s.Record == "" {
		return "", fault.New(fault.Invalid, "An %s needs a customer that Netvisor has.", s.Part)
	}
	if len(faults) > 0 {
		return "", faults
	}
	body, err := api.Encode(message)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "A value holds a character that cannot be sent.")
	}
	made, err := c.send(ctx, http.MethodPost, resource, query, body, s.Transaction)
	if err != nil {
		return "", err
	}
	if s.Record != "" && (s.Key != "" || s.Part == "") {
		return "", nil
	}
	return key(made), nil
}

// checkCard refuses what must not be sent about a customer: one without a name; one that could not be found again if the
// answer were lost (design section 5); and an e-invoice address of one without a valid business ID, whose e-invoices are the
// bank's (R81-R85; formats contract section 1.4).
func checkCard(s connector.Step) (faults fault.Errors) {
	if name, given := s.Set[customer.FieldName]; name == "" && (given || s.Record == "") {
		faults = append(faults, fault.Because(fault.Invalid, "FIELD_REQUIRED", "A customer needs a name in Netvisor.").At(string(customer.FieldName)))
	}
	if _, reserved := record.Number(s.Set[customer.FieldNumber]); reserved != "" {
		// Section 7 of the contract; an identity code is no number either (Promise 11).
		faults = append(faults, fault.Because(fault.Invalid, "NUMBER_RESERVED",
			"Netvisor keeps TEMP for its own placeholder, and a personal identity code is no customer number.").At(string(customer.FieldNumber)))
	}
	if s.Record == "" && s.Set[customer.FieldNumber] == "" && s.Set[customer.FieldBusinessID] == "" {
		faults = append(faults, fault.Because(fault.Invalid, "FIELD_REQUIRED",
			"A new customer needs a number or a business ID, by which it can be found again.").At(string(customer.FieldNumber)))
	}
	if s.Set[customer.FieldEInvoiceAddress] != "" && !finnish.ValidBusinessID(s.Want[customer.FieldBusinessID]) {
		faults = append(faults, fault.Because(fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID",
			"An e-invoice address travels to Netvisor with a valid business ID only.").At(string(customer.FieldEInvoiceAddress)))
	}
	return faults
}

// Delete implements connector.Deleter with deletecustomer.nv, a GET that changes data.
func (c *Connection) Delete(ctx context.Context, externalID, transaction string) error {
	id := key(externalID)
	if id == "" {
		return notFound(nil)
	}
	_, err := c.send(ctx, http.MethodGet, "deletecustomer.nv", "customerid="+id, nil, transaction)
	return err
}

// send makes one call that changes data, once, and gives the key of what it made. Whether it may have arrived is told by
// whether it had a connection: before that nothing has happened, after that only an answer tells.
func (c *Connection) send(ctx context.Context, method, resource, query string, body []byte, transaction string) (string, error) {
	if transaction == "" {
		transaction = uuid.NewString()
	}
	if err := ctx.Err(); err != nil {
		return "", lost(resource, err, false)
	}
	// Until it has a connection, nothing of a call can have left. A transport that does not tell counts as one that has sent.
	var left atomic.Bool
	left.Store(true)
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { left.Store(false) }, GotConn: func(httptrace.GotConnInfo) { left.Store(true) },
	})
	u := *c.base
	u.Path += "/" + resource
	u.RawQuery = query
	// A body that cannot be read again keeps the transport from sending the call a second time by itself when a connection
	// breaks, which it would do with a GET (net/http: isReplayable).
	req, err := http.NewRequestWithContext(traced, method, u.String(), struct{ io.Reader }{bytes.NewReader(body)})
	if err != nil {
		return "", fmt.Errorf("building a call of %s: %w", resource, err)
	}
	if req.ContentLength = int64(len(body)); method == http.MethodPost {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	st := newStamp(transaction, c.now())
	c.signer.sign(req, st)
	// Whoever is sent elsewhere has been told nothing, and a call that follows would be a second one.
	once := *c.client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Do(req)
	if err != nil {
		return "", lost(resource, outbound.Fault(err), left.Load())
	}
	defer res.Body.Close()
	env, made, err := api.ReadWritten(res.Body)
	scrub := c.scrubber(st, req.Header)
	if _, ok := errors.AsType[*api.NotReplyError](err); ok {
		err = c.notReply(resource, res, err, scrub)
		switch res.StatusCode {
		case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden,
			http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			return "", err // turned away at the door
		}
		return "", lost(resource, err, true)
	}
	if broken, ok := errors.AsType[*api.BrokenError](err); ok {
		return "", &fault.Error{
			Code: fault.Uncertain, Reason: "REPLY_BROKEN", Sample: scrub(broken.Sample), Err: errors.New(scrub(broken.Error())),
			Message: fmt.Sprintf("Netvisor's answer to %s was cut off or is not well formed; whether the call was carried out is not known.", resource),
		}
	}
	if err == nil {
		err = env.Certain()
	}
	if err != nil {
		return "", lost(resource, outbound.Fault(err), true)
	}
	err = c.refusal(resource, env, outbound.RetryAfter(res.Header, c.now()), scrub)
	f := fault.Of(err)
	switch {
	case f == nil:
		return made, err
	case f.Reason == RequestNotUnique:
		f.Code = fault.Duplicate
	case f.Reason == InvalidData && method == http.MethodGet:
		// Of a deletion it says that there is no such customer, or why this one cannot go: the words tell.
		f.Code = fault.Rejected
	}
	return "", f
}

// lost is the fault of a call whose answer did not come: nothing happened when it never left.
func lost(resource string, err error, left bool) error {
	code, reason, message := fault.Unavailable, "", fmt.Sprintf("Netvisor, %s: the call did not get through.", resource)
	if left {
		code, reason = fault.Uncertain, "ANSWER_LOST"
		message = fmt.Sprintf("Netvisor, %s: the answer was lost; whether the call was carried out is not known.", resource)
	}
	out := &fault.Error{Code: code, Reason: reason, Message: message, Err: err}
	if f := fault.Of(err); f != nil {
		out.Sample, out.Until = f.Sample, f.Until
		if f.Message != "" {
			out.Message = strings.TrimSuffix(message, ".") + ": " + f.Message
		}
	}
	return out
}

// Find implements connector.Finder with customerlist.nv, which looks for codes exactly and for words by their beginning; what
// it lists is compared again.
func (c *Connection) Find(ctx context.Context, by connector.Identity) ([]connector.Row, error) {
	var out []connector.Row
	seen := make(map[string]bool)
	look := func(query string, fits func(api.Row) bool) error {
		_, err := c.get(ctx, "customerlist.nv", query, func(r io.Reader) (api.Envelope, error) {
			return api.ReadList(r, func(row api.Row) error {
				if found := toRow(row); fits(row) && found.ExternalID != "" && !seen[found.ExternalID] {
					seen[found.ExternalID] = true
					out = append(out, found)
				}
				return nil
			})
		})
		return err
	}
	if n := by.Number; n != "" {
		if err := look(findNumber(n), func(r api.Row) bool { return record.OneLine(r.Code) == n }); err != nil {
			return nil, err
		}
	}
	if id := by.BusinessID; id != "" {
		if err := look(findBusinessID(id), func(r api.Row) bool { return canonicalID(r.OrganisationIdentifier) == canonicalID(id) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// findNumber is the narrowest query that lists the customer with this number. It has to be the same in every form that a
// signature may be made over (contract section 1.4), so what would be escaped is looked for by what stands before it: a list
// that is too long can be compared, and a question that is not understood would look like a number that is free.
func findNumber(number string) string {
	if safe(number) == number {
		return "customercodelist=" + number
	}
	return findWord(number)
}

// findBusinessID is the query for a business ID, which people type with its hyphen and without.
func findBusinessID(id string) string {
	if canonical, err := finnish.ParseBusinessID(id); err == nil {
		id, _, _ = strings.Cut(string(canonical), "-")
	}
	return findWord(id)
}

// canonicalID is a business ID in its one form, or the text as it is.
func canonicalID(s string) string {
	s = record.OneLine(s)
	if id, err := finnish.ParseBusinessID(s); err == nil {
		return string(id)
	}
	return s
}

// findWord is the same by keyword, which Netvisor compares with the beginning of number, business ID and names. Without a
// beginning that can be asked for, the whole list is looked through.
func findWord(word string) string {
	if word = safe(word); word == "" {
		return ""
	}
	return "keyword=" + word
}

// safe is the beginning of a text that needs no escape in a query.
func safe(s string) string {
	for i, r := range s {
		if !strings.ContainsRune("-._", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return s[:i]
		}
	}
	return s
}
