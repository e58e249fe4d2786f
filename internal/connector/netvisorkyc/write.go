package netvisorkyc

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/google/uuid"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/system"
)

// LongestWrite implements connector.Writer. KYC names no longest time; every call that writes is safe to repeat, so little is lost when it
// is still at work on the first one.
func (c *Connection) LongestWrite() time.Duration { return time.Minute }

// Write implements connector.Writer. A record is made by one PUT under its source, which is safe to repeat: the source is its key.
//
// An edit depends on what the record is by now, a candidate or a customer, so it is read first; a reading changes nothing, and one call at
// most writes. No call is made where KYC holds already what it would be sent, so that nothing has a revision that says nothing new, nor
// where there is nothing to be called:
//
//   - Empty values of the contact person are never sent: KYC keeps its own (contract section 5, note 1).
//   - A candidate stays as it is when its customer becomes inactive: only customers are ended (contract section 7).
//   - What ends a customer says nothing else of it. What changed in the same moment stays as it was when the relationship lasted.
//
// The contact person is sent when something of it changed, and whole then, since its values go together; it is no part of what else is
// sent about a candidate, so that one completed in KYC is not undone by a new name (R32, Promise 5).
func (c *Connection) Write(ctx context.Context, s connector.Step) (string, error) {
	if err := checkStep(s); err != nil {
		return "", err
	}
	if s.Record == "" {
		return c.create(ctx, s)
	}
	r, ok := parseRef(s.Record)
	if !ok {
		return "", fault.New(fault.Invalid, "%q is no record of Netvisor KYC.", record.Clip(s.Record, 100))
	}
	h, err := c.hold(ctx, r)
	switch {
	case err != nil && fault.Of(err) == nil:
		return "", c.service.NotSent(r.resource, err)
	case err != nil:
		return "", err
	case h.customer != nil:
		return "", c.editCustomer(ctx, s, h.customer)
	}
	return "", c.editCandidate(ctx, s, h.candidate)
}

// checkStep refuses what must not be sent, before any call.
func checkStep(s connector.Step) error {
	if s.Part != "" || s.Key != "" || s.Remove {
		return fault.New(fault.Unsupported, "Netvisor KYC has no place for this.")
	}
	var faults fault.Errors
	refuse := func(f customer.Field, reason, format string, args ...any) {
		faults = append(faults, fault.Because(fault.Invalid, reason, format, args...).At(string(f)))
	}
	for _, f := range s.Set.Sorted() {
		value := s.Set[f]
		switch required := f == customer.FieldName || f == customer.FieldBusinessID; {
		case !writes(f):
			refuse(f, "FIELD_UNKNOWN", "Netvisor KYC has no place for %s.", f)
		case value == "" && required:
			refuse(f, "FIELD_REQUIRED", "Netvisor KYC needs a name and a business ID of everybody.")
		case f == customer.FieldBusinessID && !finnish.ValidBusinessID(value):
			refuse(f, "BUSINESS_ID_INVALID", "Netvisor KYC takes nobody whose business ID cannot be right.")
		}
	}
	if s.Record == "" {
		for _, f := range []customer.Field{customer.FieldName, customer.FieldBusinessID} {
			if _, given := s.Set[f]; !given {
				refuse(f, "FIELD_REQUIRED", "Netvisor KYC needs a name and a business ID of everybody.")
			}
		}
		if _, ok := sourceOf(s); !ok {
			faults = append(faults, fault.Because(fault.Invalid, "SOURCE_REQUIRED", "A candidate is made from a customer's record in Netvisor, and this one has none."))
		}
	}
	sent := s.Set
	if contactOf(s) != nil {
		sent = s.Want.Only(keeps)
		maps.Copy(sent, s.Set)
	}
	for _, f := range sent.Sorted() {
		switch value := sent[f]; {
		case finnish.ContainsIdentityCode(value): // Promise 11
			refuse(f, "PERSONAL_IDENTITY_CODE", "A personal identity code stands in this field. It is not sent to Netvisor KYC.")
		case finnish.HoldsMask(value):
			refuse(f, "IDENTITY_CODE_MASKED", "A personal identity code stands in this field in another system and is hidden here. Remove it there.")
		case customer.CheckText(value) != nil:
			refuse(f, customer.ReasonCharacters, "Control characters cannot be sent.")
		}
	}
	return faults.OrNil()
}

// sourceOf is the record of Netvisor's that a candidate is made from, as KYC is told of it.
func sourceOf(s connector.Step) (api.Source, bool) {
	out := api.Source{System: api.Text(s.Source.Kind), ExternalID: api.Text(s.Source.ExternalID), CustomerNumber: api.Text(s.Source.Number)}
	if finnish.ContainsIdentityCode(s.Source.Number) {
		out.CustomerNumber = ""
	}
	_, ok := bySource(candidates, out)
	return out, ok && s.Source.Kind == system.Netvisor
}

// wanted is the value of a field after the step.
func wanted(s connector.Step, f customer.Field) api.Text {
	if value, given := s.Set[f]; given {
		return api.Text(value)
	}
	return api.Text(s.Want[f])
}

// contactOf is the contact person that the step sends; nil when it sends none.
func contactOf(s connector.Step) *api.Person {
	changed := false
	for _, f := range contactFields {
		changed = changed || s.Set[f] != ""
	}
	if !changed {
		return nil
	}
	return &api.Person{
		FirstName: wanted(s, customer.FieldKYCContactFirstName), LastName: wanted(s, customer.FieldKYCContactLastName),
		Email: wanted(s, customer.FieldKYCContactEmail), Phone: wanted(s, customer.FieldKYCContactPhone),
		Language: wanted(s, customer.FieldKYCContactLanguage),
	}
}

// over says whether sending a person changes nothing of what there is.
func over(sent *api.Person, have api.PersonIfTold) bool {
	if sent == nil {
		return true
	}
	if !have.Told {
		return false
	}
	for _, pair := range [][2]api.Text{
		{sent.FirstName, have.FirstName}, {sent.LastName, have.LastName}, {sent.Email, have.Email}, {sent.Phone, have.Phone}, {sent.Language, have.Language},
	} {
		if pair[0] != "" && pair[0] != pair[1] {
			return false
		}
	}
	return true
}

// create makes a candidate. Nothing makes a customer but the assessment of KYC's people (R40, R42).
func (c *Connection) create(ctx context.Context, s connector.Step) (string, error) {
	from, _ := sourceOf(s)
	made, err := c.put(ctx, from, api.PutCandidate{
		BusinessID: canonical(wanted(s, customer.FieldBusinessID)), Name: wanted(s, customer.FieldName), ContactPerson: contactOf(s),
		Source: &from, Resurrect: s.Revive,
	})
	if f := fault.Of(err); f != nil && f.Code == fault.NotFound && f.Reason == CandidateDeleted {
		// There is no record that is missing: one is refused, until somebody asks for it.
		refused := *f
		refused.Code, refused.Message = fault.Rejected, refused.Message+" Support: "+Support+"."
		if gone, err := c.tombstone(ctx, from, canonical(wanted(s, customer.FieldBusinessID))); err == nil && gone != "" {
			refused.Details = map[string]string{connector.DeletedRecord: gone}
		}
		return "", &refused
	}
	if err != nil {
		return "", err
	}
	return ref{candidates, rest.Key(made.ID)}.String(), nil
}

// tombstone finds the candidate that was made from a source and deleted since, for a hub that never heard that it was made. Empty when
// there is none.
func (c *Connection) tombstone(ctx context.Context, from api.Source, businessID api.Text) (string, error) {
	var gone string
	query := map[string][]string{"state": {deleted}, "businessId": {string(businessID)}}
	err := c.pages(ctx, []string{candidates}, query, func(item json.RawMessage) error {
		var a api.Candidate
		if _, err := rest.DecodeItem(item, &a); err != nil {
			return err
		}
		if id := rest.Key(a.ID); id != "" && a.State == deleted && a.Source.ExternalID == from.ExternalID {
			gone = ref{candidates, id}.String() // the newest comes last
		}
		return nil
	})
	return gone, err
}

// put makes or changes a candidate by its source, and gives it as it is then.
func (c *Connection) put(ctx context.Context, from api.Source, body api.PutCandidate) (*api.Candidate, error) {
	path, _ := bySource(candidates, from)
	r := request{method: http.MethodPut, path: path, body: body}
	var out api.Candidate
	if err := c.send(ctx, &r, &out); err != nil {
		return nil, err
	}
	if rest.Key(out.ID) == "" || out.Source.ExternalID != "" && out.Source.ExternalID != from.ExternalID {
		return nil, c.brokenReply(&r, fault.Uncertain, errors.New("it names no candidate, or another's"))
	}
	return &out, nil
}

func (c *Connection) editCandidate(ctx context.Context, s connector.Step, have *api.Candidate) error {
	body := api.PutCandidate{BusinessID: have.BusinessID, Name: have.Name, ContactPerson: contactOf(s)}
	if id, given := s.Set[customer.FieldBusinessID]; given {
		body.BusinessID = canonical(api.Text(id))
	}
	if name, given := s.Set[customer.FieldName]; given {
		body.Name = api.Text(name)
	}
	if over(body.ContactPerson, have.ContactPerson) {
		body.ContactPerson = nil
	}
	otherID := body.BusinessID != have.BusinessID
	if !otherID && body.Name == have.Name && body.ContactPerson == nil {
		return nil
	}
	if _, ok := bySource(candidates, have.Source); !ok {
		// Somebody made it in KYC by hand. What differs is all that a change by its id needs.
		if !otherID {
			body.BusinessID = ""
		}
		if body.Name == have.Name {
			body.Name = ""
		}
		r := request{method: http.MethodPatch, path: []string{candidates, string(have.ID)}, body: body, ifMatch: tag(have.ETag)}
		var out api.Candidate
		if err := c.send(ctx, &r, &out); err != nil {
			return c.meanwhile(ctx, have, otherID, err)
		}
		return c.same(&r, have.ID, out.ID)
	}
	from := have.Source
	if s.Source.Number != "" && string(from.ExternalID) == s.Source.ExternalID {
		told, _ := sourceOf(s)
		from.CustomerNumber = told.CustomerNumber
	}
	body.Source = &from
	made, err := c.put(ctx, from, body)
	if err != nil {
		return c.meanwhile(ctx, have, otherID, err)
	}
	return c.same(&request{path: []string{candidates}}, have.ID, made.ID)
}

func (c *Connection) editCustomer(ctx context.Context, s connector.Step, have *api.Customer) error {
	if id, given := s.Set[customer.FieldBusinessID]; given && canonical(api.Text(id)) != canonical(have.BusinessID) {
		return businessIDChanged()
	}
	switch status := customer.Status(s.Set[customer.FieldStatus]); {
	case status == customer.Inactive && ended(have):
		return nil
	case status == customer.Inactive:
		return c.end(ctx, s, have)
	case status == customer.Active && ended(have):
		return fault.Because(fault.Rejected, CustomerEnded,
			"The relationship with the customer has ended in Netvisor KYC, and only its people can take it up again there. Support: %s.", Support)
	}
	body := api.PatchCustomer{ContactPerson: contactOf(s)}
	if name, given := s.Set[customer.FieldName]; given && api.Text(name) != have.Name {
		body.Name = api.Text(name)
	}
	if over(body.ContactPerson, have.ContactPerson) {
		body.ContactPerson = nil
	}
	if body == (api.PatchCustomer{}) {
		return nil
	}
	r := request{method: http.MethodPatch, path: []string{customers, string(have.ID)}, body: body, ifMatch: tag(have.ETag)}
	var out api.Customer
	if err := c.send(ctx, &r, &out); err != nil {
		return err
	}
	return c.same(&r, have.ID, out.ID)
}

func ended(u *api.Customer) bool { return u.Lifecycle == "ENDED" || u.Lifecycle == "ARCHIVED" }

// end tells KYC that the relationship has ended in Netvisor. The same transaction sent again is known there.
func (c *Connection) end(ctx context.Context, s connector.Step, have *api.Customer) error {
	transaction := s.Transaction
	if transaction == "" {
		transaction = uuid.NewString()
	}
	r := request{method: http.MethodPost, path: []string{customers, string(have.ID), "end"}, body: api.End{}, key: transaction}
	var out api.Customer
	if err := c.send(ctx, &r, &out); err != nil {
		return err
	}
	return c.same(&r, have.ID, out.ID)
}

// same says whether an answer is about the record that was written: about another one it tells nothing.
func (c *Connection) same(r *request, want, got api.Text) error {
	if want != got {
		return c.brokenReply(r, fault.Uncertain, errors.New("it is about another record"))
	}
	return nil
}

// meanwhile is an error of a write about a candidate that was read a moment ago: one that became a customer since has to be read again.
// KYC says the same where another business ID was sent that is somebody's already; then the candidate is one still, and the call was
// refused like one with a value that KYC does not take, until the value is another.
func (c *Connection) meanwhile(ctx context.Context, have *api.Candidate, otherID bool, err error) error {
	f := fault.Of(err)
	if f == nil || f.Code != fault.Duplicate {
		return err
	}
	changed := *f
	switch changed.Code = fault.Rejected; {
	case f.Reason != AlreadyCustomer:
	case !otherID:
		changed.Code = fault.Stale
	default:
		if now, err := c.candidate(ctx, string(have.ID)); err != nil || now.State == accepted {
			changed.Code = fault.Stale
		}
	}
	return &changed
}

// businessIDChanged refuses to give a customer another business ID, before any call. The record says that none can be sent into it
// (connector.Record.Fixed), so whoever asks for it has read it before its candidate was accepted, and has to read it again.
func businessIDChanged() error {
	return fault.Because(fault.Stale, BusinessIDChanged,
		"The customer was assessed in Netvisor KYC under another business ID. Another one is another legal entity, which has to be known anew.")
}

// canonical is a business ID in its one form, or the text as it is.
func canonical(s api.Text) api.Text {
	if id, err := finnish.ParseBusinessID(string(s)); err == nil {
		return api.Text(id)
	}
	return s
}

// tag is an entity tag as it may stand in a header, or nothing.
func tag(s api.Text) string {
	if len(s) > 200 || !connector.PrintableASCII(string(s)) {
		return ""
	}
	return string(s)
}

// written are the fields that can be written.
var written = append([]customer.Field{customer.FieldName, customer.FieldBusinessID, customer.FieldStatus}, contactFields...)
