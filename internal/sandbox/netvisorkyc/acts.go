package netvisorkyc

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// candidateActs are what can be done with a candidate: from which states, and to which. An information request needs an address.
var candidateActs = map[string]struct {
	from []string
	to   string
}{
	"review":  {[]string{NewCandidate}, Ready},
	"request": {[]string{NewCandidate, Ready}, RequestSent},
	"answer":  {[]string{RequestSent}, Answered},
	"reopen":  {[]string{Answered}, RequestSent},
	"delete":  {[]string{NewCandidate, Incomplete, Ready, RequestSent, Answered}, Deleted},
}

// customerActs are the same for the information request of a customer.
var customerActs = map[string]struct{ from, to string }{
	"request": {"", RequestSent},
	"answer":  {RequestSent, Answered},
	"reopen":  {Answered, RequestSent},
}

// act does something with a candidate or a customer, whichever the id names.
func (s *Sandbox) act(by actor, id, what string) error {
	if strings.HasPrefix(id, "cust_") {
		return s.onCustomer(by, id, func(o *organisation, c *customer) error {
			act, known := customerActs[what]
			if !known {
				return badRequestError{fmt.Errorf("a customer is no object of %q", what)}
			}
			if c.Request != act.from {
				return refuse(409, CodeInvalidState, "the customer's information request is in no state for %q", what)
			}
			if act.to == RequestSent && c.Contact.Email == "" {
				return refuse(409, CodeInvalidState, "an information request needs a contact person with an e-mail address")
			}
			s.changeCustomer(o, c, func(c *customer) {
				c.Request = act.to
				if act.to == RequestSent {
					c.AskedOn = s.today()
				}
			})
			return nil
		})
	}
	return s.onCandidate(by, id, func(o *organisation, c *candidate) error {
		act, known := candidateActs[what]
		if !known {
			return badRequestError{fmt.Errorf("a candidate is no object of %q", what)}
		}
		allowed := false
		for _, state := range act.from {
			allowed = allowed || c.State == state
		}
		if !allowed {
			return refuse(409, CodeInvalidState, "the candidate is %s, which is no state for %q", c.State, what)
		}
		if act.to == RequestSent && c.Contact.Email == "" {
			return refuse(409, CodeInvalidState, "an information request needs a contact person with an e-mail address")
		}
		s.changeCandidate(o, c, func(c *candidate) { c.State = act.to })
		return nil
	})
}

// ContactEdit changes a contact person in KYC's own pages: absent keeps, an empty text empties.
type ContactEdit struct {
	FirstName *string `json:"firstName,omitempty"`
	LastName  *string `json:"lastName,omitempty"`
	Email     *string `json:"email,omitempty"`
	Phone     *string `json:"phone,omitempty"`
	Language  *string `json:"language,omitempty"`
}

func (e *ContactEdit) apply(p *ContactPerson) {
	if e == nil {
		return
	}
	set(&p.FirstName, e.FirstName)
	set(&p.LastName, e.LastName)
	set(&p.Email, e.Email)
	set(&p.Phone, e.Phone)
	set(&p.Language, e.Language)
}

func set(to *string, given *string) {
	if given != nil {
		*to = *given
	}
}

// CandidateEdit is an edit of a candidate in KYC's own pages: absent keeps, an empty text empties.
type CandidateEdit struct {
	Name          *string      `json:"name,omitempty"`
	BusinessID    *string      `json:"businessId,omitempty"`
	Kind          *string      `json:"kind,omitempty"`
	ContactPerson *ContactEdit `json:"contactPerson,omitempty"`
	// State is for Force alone.
	State *string `json:"state,omitempty"`
	// Force takes values that the service itself would not: bad business ids, words that are no kind or state.
	Force bool `json:"force,omitempty"`
}

func (e CandidateEdit) check() error {
	switch {
	case e.Force:
		return nil
	case e.State != nil:
		return invalid(FieldError{"state", "FORCE", "is set by what the people do, or by force"})
	case e.Kind != nil && *e.Kind != Company && *e.Kind != Private:
		return invalid(FieldError{"kind", "VALUE", "must be COMPANY or PRIVATE"})
	case e.BusinessID != nil && *e.BusinessID != "" && !validBusinessID(*e.BusinessID):
		return refuse(422, CodeBusinessID, "businessId is no valid business id")
	case e.Name != nil && strings.TrimSpace(*e.Name) == "":
		return invalid(FieldError{"name", "REQUIRED", "must not be empty"})
	}
	return nil
}

func (e CandidateEdit) apply(c *candidate) {
	set(&c.Name, e.Name)
	set(&c.BusinessID, e.BusinessID)
	set(&c.Kind, e.Kind)
	e.ContactPerson.apply(&c.Contact)
	set(&c.State, e.State)
}

// EditCandidate edits a candidate in KYC's own pages.
func (s *Sandbox) EditCandidate(id string, e CandidateEdit) error {
	return s.editCandidate(byProgram, id, e)
}

func (s *Sandbox) editCandidate(by actor, id string, e CandidateEdit) error {
	return s.onCandidate(by, id, func(o *organisation, c *candidate) error {
		if !c.open() && !e.Force {
			return refuse(409, CodeInvalidState, "the candidate is %s", c.State)
		}
		if err := e.check(); err != nil {
			return err
		}
		if e.BusinessID != nil && !e.Force {
			if err := o.free(*e.BusinessID, c); err != nil {
				return err
			}
		}
		s.changeCandidate(o, c, e.apply)
		return nil
	})
}

// AddCandidate adds a candidate by hand, without a source: somebody the people of the organisation know themselves.
func (s *Sandbox) AddCandidate(org string, e CandidateEdit) (Candidate, error) {
	return s.addCandidate(byProgram, org, e)
}

func (s *Sandbox) addCandidate(by actor, org string, e CandidateEdit) (made Candidate, err error) {
	err = s.inOrganisation(by, org, func(o *organisation) error {
		if e.Name == nil {
			return invalid(FieldError{"name", "REQUIRED", "is needed for a new candidate"})
		}
		if err := e.check(); err != nil {
			return err
		}
		if e.BusinessID != nil && !e.Force {
			if err := o.free(*e.BusinessID, nil); err != nil {
				return err
			}
		}
		made = s.changeCandidate(o, nil, e.apply).view()
		return nil
	})
	return made, err
}

// CustomerEdit is an edit of a customer in KYC's own pages: absent keeps, an empty text empties.
type CustomerEdit struct {
	Name                   *string      `json:"name,omitempty"`
	Kind                   *string      `json:"kind,omitempty"`
	ContactPerson          *ContactEdit `json:"contactPerson,omitempty"`
	RiskClass              *string      `json:"riskClass,omitempty"`
	LatestRiskAssessmentOn *string      `json:"latestRiskAssessmentOn,omitempty"`
	DueDiligenceExpiresOn  *string      `json:"dueDiligenceExpiresOn,omitempty"`
	Notes                  *string      `json:"notes,omitempty"`
	ScreeningHit           *bool        `json:"screeningHit,omitempty"`
	Lifecycle              *string      `json:"lifecycle,omitempty"`
	// Force takes values that the service itself would not: words that nobody knows, a private customer with LOW, dates that are none.
	Force bool `json:"force,omitempty"`
}

func (e CustomerEdit) check(c *customer) error {
	if e.Force {
		return nil
	}
	next := *c
	e.apply(&next)
	date := func(v string) bool {
		_, err := time.Parse(dateLayout, v)
		return v == "" || err == nil
	}
	switch {
	case strings.TrimSpace(next.Name) == "":
		return invalid(FieldError{"name", "REQUIRED", "must not be empty"})
	case next.Kind != Company && next.Kind != Private:
		return invalid(FieldError{"kind", "VALUE", "must be COMPANY or PRIVATE"})
	case next.RiskClass != "" && next.RiskClass != Low && next.RiskClass != Standard && next.RiskClass != High:
		return invalid(FieldError{"riskClass", "VALUE", "must be LOW, STANDARD or HIGH"})
	case next.RiskClass == Low && next.Kind == Private:
		return refuse(422, CodeRiskClass, "a private customer is STANDARD or HIGH")
	case !date(next.AssessedOn):
		return invalid(FieldError{"latestRiskAssessmentOn", "FORMAT", "must be a date such as 2026-01-31"})
	case !date(next.ExpiresOn):
		return invalid(FieldError{"dueDiligenceExpiresOn", "FORMAT", "must be a date such as 2026-01-31"})
	case next.Lifecycle != Active && next.Lifecycle != Ended && next.Lifecycle != Archived:
		return invalid(FieldError{"lifecycle", "VALUE", "must be ACTIVE, ENDED or ARCHIVED"})
	case utf8.RuneCountInString(next.Notes) > maxNotes:
		return invalid(FieldError{"notes", "TOO_LONG", "is too long"})
	}
	return nil
}

func (e CustomerEdit) apply(c *customer) {
	set(&c.Name, e.Name)
	set(&c.Kind, e.Kind)
	e.ContactPerson.apply(&c.Contact)
	set(&c.RiskClass, e.RiskClass)
	set(&c.AssessedOn, e.LatestRiskAssessmentOn)
	set(&c.ExpiresOn, e.DueDiligenceExpiresOn)
	set(&c.Notes, e.Notes)
	set(&c.Lifecycle, e.Lifecycle)
	if e.ScreeningHit != nil {
		c.Hit = *e.ScreeningHit
	}
}

// EditCustomer edits a customer in KYC's own pages, risk and next assessment included.
func (s *Sandbox) EditCustomer(id string, e CustomerEdit) error {
	return s.editCustomer(byProgram, id, e)
}

func (s *Sandbox) editCustomer(by actor, id string, e CustomerEdit) error {
	return s.onCustomer(by, id, func(o *organisation, c *customer) error {
		if err := e.check(c); err != nil {
			return err
		}
		s.changeCustomer(o, c, e.apply)
		return nil
	})
}
