package netvisorkyc

import (
	"net/http"
	"strconv"
	"time"
)

// candidate is a candidate as it is kept. A value is never altered once it is stored.
type candidate struct {
	Num        int64         `json:"num"`
	State      string        `json:"state"`
	Kind       string        `json:"kind"` // not shown; what it will be as a customer
	BusinessID string        `json:"businessId,omitempty"`
	Name       string        `json:"name"`
	Contact    ContactPerson `json:"contact,omitzero"`
	Source     Source        `json:"source,omitzero"`
	Created    time.Time     `json:"created"`
	Updated    time.Time     `json:"updated"`
	Revision   int64         `json:"revision"`
}

func (c *candidate) id() string { return "cand_" + strconv.FormatInt(c.Num, 10) }

// open says that the candidate is neither deleted nor accepted.
func (c *candidate) open() bool { return c.State != Deleted && c.State != Accepted }

func (c *candidate) view() Candidate {
	return Candidate{
		ID: c.id(), State: c.State, BusinessID: c.BusinessID, Name: c.Name, ContactPerson: person(c.Contact), Source: origin(c.Source),
		CreatedAt: c.Created, UpdatedAt: c.Updated, ETag: etag(c.Revision),
	}
}

// settleState is what a candidate becomes by having or lacking a contact person, before the request is sent.
func (c *candidate) settleState() {
	switch has := c.Contact != (ContactPerson{}); {
	case c.State == NewCandidate && !has, c.State == Ready && !has:
		c.State = Incomplete
	case c.State == Incomplete && has:
		c.State = Ready
	}
}

// changeCandidate changes a candidate and tells of it; nil makes a new one. What stays as it was has no revision.
func (s *Sandbox) changeCandidate(o *organisation, old *candidate, f func(*candidate)) *candidate {
	var next candidate
	if old != nil {
		next = *old
	} else {
		s.numbers.Candidate++
		next = candidate{Num: s.numbers.Candidate, State: NewCandidate, Kind: Company}
	}
	f(&next)
	next.settleState()
	if old != nil && next == *old {
		return old
	}
	what, did := TypeCreated, WasCreated
	if old != nil {
		shown := *old
		shown.State, shown.Kind = next.State, next.Kind
		switch did = WasChanged; {
		case next.State == Deleted && old.State != Deleted:
			what, did = TypeDeleted, WasDeleted
		case next.State == Accepted && old.State != Accepted:
			what = TypeAccepted
		case shown == next && next.State != old.State:
			what = TypeStatusChanged
		case shown == next: // the kind alone, which nobody sees
			what = ""
		default:
			what = TypeUpdated
		}
	}
	if what != "" {
		next.Updated = s.stamp()
		next.Revision++
		if old == nil {
			next.Created = next.Updated
		}
	}
	o.putCandidate(&next)
	s.pending.Candidates = append(s.pending.Candidates, savedCandidate{o.ID, next})
	if what != "" {
		s.tell(o, EntityCandidate, next.id(), what, next.Revision, next.Updated)
	}
	s.note(o, EntityCandidate, next.id(), did, old.effect(), next.effect())
	return &next
}

func (c *candidate) effect() any {
	if c == nil {
		return nil
	}
	return struct {
		Candidate
		Kind string `json:"kind"`
	}{c.view(), c.Kind}
}

// candidateRequest is the body of an upsert and of a patch. In an upsert what is absent stays as it is, as in a patch, since the source
// sends what it has.
type candidateRequest struct {
	BusinessID    field[string]      `json:"businessId"`
	Name          field[string]      `json:"name"`
	ContactPerson field[contactGive] `json:"contactPerson"`
	Source        field[sourceGive]  `json:"source"`
	// Resurrect makes a candidate anew whose former one was deleted [assumed]: somebody has asked for it.
	Resurrect field[bool] `json:"resurrect"`
}

type contactGive struct {
	FirstName field[string] `json:"firstName"`
	LastName  field[string] `json:"lastName"`
	Email     field[string] `json:"email"`
	Phone     field[string] `json:"phone"`
	Language  field[string] `json:"language"`
}

type sourceGive struct {
	System         field[string] `json:"system"`
	ExternalID     field[string] `json:"externalId"`
	CustomerNumber field[string] `json:"customerNumber"`
}

// over lays what Netvisor says over what KYC has: a value that is not empty wins, an empty one erases nothing (contract section 5, note 1).
func (g contactGive) over(p ContactPerson) ContactPerson {
	for _, f := range []struct {
		to    *string
		given field[string]
	}{{&p.FirstName, g.FirstName}, {&p.LastName, g.LastName}, {&p.Email, g.Email}, {&p.Phone, g.Phone}, {&p.Language, g.Language}} {
		if f.given.value != "" {
			*f.to = f.given.value
		}
	}
	return p
}

func (r *candidateRequest) apply(c *candidate) {
	if r.BusinessID.value != "" {
		c.BusinessID = r.BusinessID.value
	}
	if r.Name.value != "" {
		c.Name = r.Name.value
	}
	c.Contact = r.ContactPerson.value.over(c.Contact)
	if number := r.Source.value.CustomerNumber; number.given {
		c.Source.CustomerNumber = number.value
	}
}

// apiPutCandidate answers PUT /candidates/by-source/{system}/{externalId}.
func (s *Sandbox) apiPutCandidate(c *apiCall) (answer, error) {
	source, err := c.source()
	if err != nil {
		return answer{}, err
	}
	var given candidateRequest
	if err := decode(c.body, &given); err != nil {
		return answer{}, err
	}
	if err := given.check(source); err != nil {
		return answer{}, err
	}
	o := c.org
	old := o.candidates.get(o.candidateOf[source.key()])
	businessID := given.BusinessID.value
	if old != nil && old.State == Deleted {
		if !given.Resurrect.value {
			return answer{}, refuse(http.StatusGone, CodeCandidateDeleted, "the candidate was deleted; it comes back only with \"resurrect\": true").about(old.id())
		}
		old = nil
	}
	if customer := o.customers.get(o.customerOf[source.key()]); customer != nil && (old == nil || !old.open()) {
		if customer.BusinessID == businessID || businessID == "" {
			return answer{}, refuse(http.StatusConflict, CodeAlreadyCustomer, "the source is a customer already").about(customer.id())
		}
		old = nil // another business id is another legal entity, which has to be known anew (contract section 7)
	}
	if old == nil {
		if missing := given.missing(); missing != nil {
			return answer{}, invalid(missing...)
		}
	}
	if err := o.free(businessID, old); err != nil {
		return answer{}, err
	}
	if old != nil {
		next := s.changeCandidate(o, old, given.apply)
		return answer{status: http.StatusOK, etag: etag(next.Revision), body: next.view(), changed: next != old}, nil
	}
	if o.integration.OnlyWithContact && given.ContactPerson.value.over(ContactPerson{}) == (ContactPerson{}) {
		p := invalid(FieldError{"contactPerson", "REQUIRED", "only customers with a contact person are taken, as the integration is set"})
		p.skipped = true
		return answer{}, p
	}
	made := s.changeCandidate(o, nil, func(c *candidate) {
		c.Source = source
		given.apply(c)
	})
	return answer{status: http.StatusCreated, etag: etag(made.Revision), body: made.view(), changed: true, created: true}, nil
}

// free reports that a business id belongs to nobody else.
func (o *organisation) free(businessID string, own *candidate) error {
	if businessID == "" {
		return nil
	}
	if num, taken := o.liveCandidate[businessID]; taken && (own == nil || own.Num != num) {
		return refuse(http.StatusConflict, CodeDuplicate, "another candidate has the business id").about(o.candidates.get(num).id())
	}
	if num, taken := o.liveCustomer[businessID]; taken {
		return refuse(http.StatusConflict, CodeAlreadyCustomer, "a customer has the business id already").about(o.customers.get(num).id())
	}
	return nil
}

// candidate finds the candidate that the path names.
func (c *apiCall) candidate() (*candidate, error) {
	found := c.org.candidates.get(numberOf(c.path["id"], "cand_"))
	switch {
	case found == nil:
		return nil, notFound("the candidate")
	case found.State == Deleted:
		return nil, refuse(http.StatusGone, CodeCandidateDeleted, "the candidate was deleted").about(found.id())
	}
	return found, nil
}

func (s *Sandbox) apiGetCandidate(c *apiCall) (answer, error) {
	found, err := c.candidate()
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, etag: etag(found.Revision), body: found.view()}, nil
}

// openCandidate finds a candidate that can still be changed, as the client last saw it.
func (c *apiCall) openCandidate() (*candidate, error) {
	found, err := c.candidate()
	if err != nil {
		return nil, err
	}
	if !found.open() {
		id := ""
		for _, customer := range c.org.customers.all() {
			if customer.Candidate == found.Num {
				id = customer.id()
			}
		}
		return nil, refuse(http.StatusConflict, CodeAlreadyCustomer, "the candidate is a customer now").about(id)
	}
	return found, c.match(found.Revision)
}

func (s *Sandbox) apiPatchCandidate(c *apiCall) (answer, error) {
	old, err := c.openCandidate()
	if err != nil {
		return answer{}, err
	}
	var given candidateRequest
	if err := decode(c.body, &given); err != nil {
		return answer{}, err
	}
	if given.Resurrect.given {
		return answer{}, invalid(FieldError{"resurrect", "UNKNOWN", "is for an upsert by source"})
	}
	if err := given.check(old.Source); err != nil {
		return answer{}, err
	}
	if err := c.org.free(given.BusinessID.value, old); err != nil {
		return answer{}, err
	}
	next := s.changeCandidate(c.org, old, given.apply)
	return answer{status: http.StatusOK, etag: etag(next.Revision), body: next.view(), changed: next != old}, nil
}

func (s *Sandbox) apiDeleteCandidate(c *apiCall) (answer, error) {
	old, err := c.openCandidate()
	if err != nil {
		return answer{}, err
	}
	s.changeCandidate(c.org, old, func(c *candidate) { c.State = Deleted })
	return answer{status: http.StatusNoContent, changed: true}, nil
}

// apiListCandidates answers GET /candidates. Without a state it lists those that are candidates still; deleted and accepted ones have
// to be asked for [assumed].
func (s *Sandbox) apiListCandidates(c *apiCall) (answer, error) {
	q, err := c.listing("candidates", "state", "hasContactPerson", "businessId", "updatedSince")
	if err != nil {
		return answer{}, err
	}
	states, err := q.oneOf("state", NewCandidate, Incomplete, Ready, RequestSent, Answered, Accepted, Deleted)
	if err != nil {
		return answer{}, err
	}
	contact, err := q.yesNo("hasContactPerson")
	if err != nil {
		return answer{}, err
	}
	page := pageOf(&c.org.candidates, q, func(one *candidate) bool {
		switch {
		case states == nil && !one.open(), states != nil && !states[one.State]:
			return false
		case contact != nil && *contact != (one.Contact != ContactPerson{}):
			return false
		case q.values.Get("businessId") != "" && one.BusinessID != q.values.Get("businessId"):
			return false
		}
		return !one.Updated.Before(q.since)
	}, (*candidate).view)
	return answer{status: http.StatusOK, body: page}, nil
}
