package netvisorkyc

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// requestPatience is how many days an information request may stay unanswered before it requires actions [assumed].
const requestPatience = 14

// customer is a customer as it is kept. A value is never altered once it is stored.
type customer struct {
	Num        int64         `json:"num"`
	Candidate  int64         `json:"candidate,omitempty"`
	Kind       string        `json:"kind"`
	BusinessID string        `json:"businessId,omitempty"`
	Name       string        `json:"name"`
	Contact    ContactPerson `json:"contact,omitzero"`
	Source     Source        `json:"source,omitzero"`

	AssessedOn     string `json:"assessedOn,omitempty"`
	ExpiresOn      string `json:"expiresOn,omitempty"`
	RiskClass      string `json:"riskClass,omitempty"`
	Notes          string `json:"notes,omitempty"`
	Requires       bool   `json:"requires,omitempty"`
	Reasons        string `json:"reasons,omitempty"` // joined with commas
	StatusRevision int64  `json:"statusRevision"`

	Lifecycle string `json:"lifecycle"`
	EndedOn   string `json:"endedOn,omitempty"`
	// Request is where a new information request stands: empty, RequestSent since AskedOn, or Answered.
	Request string `json:"request,omitempty"`
	AskedOn string `json:"askedOn,omitempty"`
	Hit     bool   `json:"hit,omitempty"` // of a screening

	Updated  time.Time `json:"updated"`
	Revision int64     `json:"revision"`
}

func (c *customer) id() string { return "cust_" + strconv.FormatInt(c.Num, 10) }

func (c *customer) view() Customer {
	v := Customer{
		ID: c.id(), Kind: c.Kind, BusinessID: orNull(c.BusinessID), Name: c.Name, ContactPerson: person(c.Contact), Source: origin(c.Source),
		Status: c.status(), Lifecycle: c.Lifecycle, EndedOn: orNull(c.EndedOn), UpdatedAt: c.Updated, ETag: etag(c.Revision),
	}
	if c.Candidate != 0 {
		v.CandidateID = orNull((&candidate{Num: c.Candidate}).id())
	}
	return v
}

func (c *customer) status() Status {
	s := Status{
		RequiresActions: c.Requires, RequiresActionsReasons: []string{},
		LatestRiskAssessmentOn: orNull(c.AssessedOn), DueDiligenceExpiresOn: orNull(c.ExpiresOn), RiskClass: orNull(c.RiskClass), Notes: orNull(c.Notes),
		StatusRevision: c.StatusRevision,
	}
	if c.Reasons != "" {
		s.RequiresActionsReasons = strings.Split(c.Reasons, ",")
	}
	return s
}

// judge computes whether the customer requires actions, and why, and keeps the day of the end with the lifecycle.
func (c *customer) judge(today string) {
	switch {
	case c.Lifecycle == Active:
		c.EndedOn = ""
	case (c.Lifecycle == Ended || c.Lifecycle == Archived) && c.EndedOn == "":
		c.EndedOn = today
	}
	var reasons []string
	if c.Lifecycle != Ended && c.Lifecycle != Archived {
		for _, r := range []struct {
			why  string
			true bool
		}{
			{ReviewOverdue, c.ExpiresOn != "" && c.ExpiresOn < today},
			{RequestUnanswered, c.Request == RequestSent && daysAfter(c.AskedOn, requestPatience) < today},
			{AnswersToAssess, c.Request == Answered},
			{ScreeningHit, c.Hit},
			{MissingContact, c.Contact == (ContactPerson{})},
		} {
			if r.true {
				reasons = append(reasons, r.why)
			}
		}
	}
	c.Requires, c.Reasons = len(reasons) > 0, strings.Join(reasons, ",")
}

func daysAfter(date string, days int) string {
	t, err := time.Parse(dateLayout, date)
	if err != nil {
		return date
	}
	return t.AddDate(0, 0, days).Format(dateLayout)
}

// changeCustomer changes a customer and tells of it; nil makes a new one. What nobody can see has no revision.
func (s *Sandbox) changeCustomer(o *organisation, old *customer, f func(*customer)) *customer {
	var next customer
	if old != nil {
		next = *old
	} else {
		s.numbers.Customer++
		next = customer{Num: s.numbers.Customer, Kind: Company, Lifecycle: Active}
	}
	f(&next)
	next.judge(s.today())
	if old != nil && next == *old {
		return old
	}
	what, did := TypeCreated, WasCreated
	switch {
	case old == nil:
		next.StatusRevision = 1
	case next.statusPart() != old.statusPart():
		next.StatusRevision++
		what, did = TypeStatusChanged, WasChanged
	case next.shownPart() == old.shownPart():
		what, did = "", WasChanged
	default:
		what, did = TypeUpdated, WasChanged
	}
	if old != nil && old.Lifecycle == Active && (next.Lifecycle == Ended || next.Lifecycle == Archived) {
		what = TypeEnded
	}
	if what != "" {
		next.Updated = s.stamp()
		next.Revision++
	}
	o.putCustomer(&next)
	s.pending.Customers = append(s.pending.Customers, savedCustomer{o.ID, next})
	if what != "" {
		s.tell(o, EntityCustomer, next.id(), what, next.Revision, next.Updated)
	}
	s.note(o, EntityCustomer, next.id(), did, old.effect(), next.effect())
	return &next
}

// statusPart is the customer without what is not of its status, shownPart without what is not shown.
func (c customer) statusPart() customer {
	return customer{AssessedOn: c.AssessedOn, ExpiresOn: c.ExpiresOn, RiskClass: c.RiskClass, Notes: c.Notes, Requires: c.Requires, Reasons: c.Reasons}
}

func (c customer) shownPart() customer {
	c.Request, c.AskedOn, c.Hit = "", "", false
	return c
}

func (c *customer) effect() any {
	if c == nil {
		return nil
	}
	return struct {
		Customer
		Request string `json:"request"`
		Hit     bool   `json:"screeningHit"`
	}{c.view(), c.Request, c.Hit}
}

// customer finds the customer that the path names.
func (c *apiCall) customer() (*customer, error) {
	found := c.org.customers.get(numberOf(c.path["id"], "cust_"))
	if found == nil {
		return nil, notFound("the customer")
	}
	return found, nil
}

func (s *Sandbox) apiGetCustomer(c *apiCall) (answer, error) {
	found, err := c.customer()
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, etag: etag(found.Revision), body: found.view()}, nil
}

func (s *Sandbox) apiGetStatus(c *apiCall) (answer, error) {
	found, err := c.customer()
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, etag: etag(found.Revision), body: found.status()}, nil
}

func (s *Sandbox) apiCustomerBySource(c *apiCall) (answer, error) {
	source, err := c.source()
	if err != nil {
		return answer{}, err
	}
	found := c.org.customers.get(c.org.customerOf[source.key()])
	if found == nil {
		return answer{}, notFound("a customer of the source")
	}
	return answer{status: http.StatusOK, etag: etag(found.Revision), body: found.view()}, nil
}

// apiPatchCustomer answers PATCH /customers/{id}: the master data that belongs to the source, and nothing else.
func (s *Sandbox) apiPatchCustomer(c *apiCall) (answer, error) {
	old, err := c.customer()
	if err != nil {
		return answer{}, err
	}
	if err := c.match(old.Revision); err != nil {
		return answer{}, err
	}
	var given struct {
		Name          field[string]      `json:"name"`
		ContactPerson field[contactGive] `json:"contactPerson"`
	}
	if err := decode(c.body, &given); err != nil {
		return answer{}, err
	}
	r := candidateRequest{Name: given.Name, ContactPerson: given.ContactPerson}
	if err := r.check(old.Source); err != nil {
		return answer{}, err
	}
	next := s.changeCustomer(c.org, old, func(c *customer) {
		if given.Name.value != "" {
			c.Name = given.Name.value
		}
		c.Contact = given.ContactPerson.value.over(c.Contact)
	})
	return answer{status: http.StatusOK, etag: etag(next.Revision), body: next.view(), changed: next != old}, nil
}

// apiEndCustomer answers POST /customers/{id}/end: the relationship has ended in the source. One that has ended already stays as it is.
func (s *Sandbox) apiEndCustomer(c *apiCall) (answer, error) {
	old, err := c.customer()
	if err != nil {
		return answer{}, err
	}
	var given struct {
		EndedOn field[string] `json:"endedOn"`
	}
	if len(c.body) > 0 {
		if err := decode(c.body, &given); err != nil {
			return answer{}, err
		}
	}
	on := given.EndedOn.value
	if on == "" {
		on = s.today()
	}
	if _, err := time.Parse(dateLayout, on); err != nil {
		return answer{}, invalid(FieldError{"endedOn", "FORMAT", "must be a date such as 2026-01-31"})
	}
	next := s.endCustomer(c.org, old, Ended, on)
	return answer{status: http.StatusOK, etag: etag(next.Revision), body: next.view(), changed: next != old}, nil
}

func (s *Sandbox) endCustomer(o *organisation, old *customer, lifecycle, on string) *customer {
	return s.changeCustomer(o, old, func(c *customer) {
		if c.Lifecycle == Ended && lifecycle == Ended || c.Lifecycle == Archived {
			return
		}
		if c.Lifecycle != Ended {
			c.EndedOn = on
		}
		c.Lifecycle = lifecycle
	})
}

// apiListCustomers answers GET /customers. The contract names no filters; those here are [assumed].
func (s *Sandbox) apiListCustomers(c *apiCall) (answer, error) {
	q, err := c.listing("customers", "kind", "lifecycle", "riskClass", "requiresActions", "businessId", "updatedSince")
	if err != nil {
		return answer{}, err
	}
	kinds, err := q.oneOf("kind", Company, Private)
	if err != nil {
		return answer{}, err
	}
	lifecycles, err := q.oneOf("lifecycle", Active, Ended, Archived)
	if err != nil {
		return answer{}, err
	}
	risks, err := q.oneOf("riskClass", Low, Standard, High)
	if err != nil {
		return answer{}, err
	}
	requires, err := q.yesNo("requiresActions")
	if err != nil {
		return answer{}, err
	}
	page := pageOf(&c.org.customers, q, func(one *customer) bool {
		switch {
		case kinds != nil && !kinds[one.Kind], lifecycles != nil && !lifecycles[one.Lifecycle], risks != nil && !risks[one.RiskClass]:
			return false
		case requires != nil && *requires != one.Requires:
			return false
		case q.values.Get("businessId") != "" && one.BusinessID != q.values.Get("businessId"):
			return false
		}
		return !one.Updated.Before(q.since)
	}, (*customer).view)
	return answer{status: http.StatusOK, body: page}, nil
}
