package netvisorkyc

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"
)

// What the people do: support, the administrator and those who know their customers. None of it can be done through the service. Their
// refusals are *ProblemError; records that do not exist are ErrNotFound.

const byProgramName = "program"

var byProgram = actor{by: byProgramName}

func (s *Sandbox) inOrganisation(by actor, id string, f func(*organisation) error) error {
	return s.locked(by, func() error {
		o, err := s.organisation(id)
		if err != nil {
			return err
		}
		return f(o)
	})
}

// EnableInterfaces is support enabling the interfaces (R16).
func (s *Sandbox) EnableInterfaces(org string) error {
	return s.inOrganisation(byProgram, org, s.enable)
}

func (s *Sandbox) enable(o *organisation) error {
	s.changeIntegration(o, func(i *integration) {
		i.Enabled = true
		if i.State == Disabled {
			i.State = Enabled
		}
	})
	return nil
}

// DisableInterfaces is support turning them off. Everything stays as it is and goes on once they are enabled again [assumed].
func (s *Sandbox) DisableInterfaces(org string) error {
	return s.inOrganisation(byProgram, org, s.disable)
}

func (s *Sandbox) disable(o *organisation) error {
	s.changeIntegration(o, func(i *integration) { i.Enabled = false })
	return nil
}

// CreateIntegrationUser is support making the integration user, on the administrator's request (R9).
func (s *Sandbox) CreateIntegrationUser(org string) error {
	return s.inOrganisation(byProgram, org, s.createUser)
}

func (s *Sandbox) createUser(o *organisation) error {
	s.changeIntegration(o, func(i *integration) { i.User = true })
	return nil
}

// IssueBootstrap gives the administrator a new token; the old one ends at once.
func (s *Sandbox) IssueBootstrap(org string) (token string, err error) {
	err = s.inOrganisation(byProgram, org, func(o *organisation) error {
		token = s.issueBootstrap(o)
		return nil
	})
	return token, err
}

func (s *Sandbox) issueBootstrap(o *organisation) string {
	var token string
	s.changeIntegration(o, func(i *integration) {
		token = invented(s.opts.Seed, "bootstrap after", i.Bootstrap)
		i.Bootstrap = token
	})
	return token
}

// IssueCredential is the administrator requesting a new credential, as the service's own endpoint does.
func (s *Sandbox) IssueCredential(org string) (c Credential, err error) {
	err = s.inOrganisation(byProgram, org, func(o *organisation) error {
		c, err = s.issueCredential(o)
		return err
	})
	return c, err
}

// RevokeCredentials ends all tokens of the integration user at once. An integration that was started is in ERROR then.
func (s *Sandbox) RevokeCredentials(org string) error {
	return s.inOrganisation(byProgram, org, s.revoke)
}

func (s *Sandbox) revoke(o *organisation) error {
	s.changeIntegration(o, func(i *integration) {
		i.Credentials = nil
		if i.started() {
			i.State = InError
		}
	})
	return nil
}

// Recheck verifies a started integration again, as the service does by itself; the third failure in a row stops it.
func (s *Sandbox) Recheck(ctx context.Context, org string) error {
	o, err := s.organisation(org)
	if err != nil {
		return err
	}
	return s.recheck(ctx, o)
}

// FinishInitialSync ends the initial synchronisation without waiting until it has settled.
func (s *Sandbox) FinishInitialSync(org string) error {
	return s.inOrganisation(byProgram, org, s.endSync)
}

func (s *Sandbox) endSync(o *organisation) error {
	if o.integration.State != InitialSync {
		return refuse(409, CodeInvalidState, "the integration is %s and in no initial synchronisation", o.integration.State)
	}
	s.finishSync(o)
	return nil
}

// Activate takes an organisation through all steps to RUNNING and gives the token of the integration user: for tests about something else.
func (s *Sandbox) Activate(org string) (token string, err error) {
	err = s.inOrganisation(byProgram, org, func(o *organisation) error {
		if err := s.enable(o); err != nil {
			return err
		}
		if err := s.createUser(o); err != nil {
			return err
		}
		c, err := s.issueCredential(o)
		if err != nil {
			return err
		}
		token = c.Token
		s.changeIntegration(o, func(i *integration) {
			i.Type, i.Email, i.Identifiers = typeNetvisor, "virheet@example.test", Identifiers{"NV-sandbox", "sandbox-key"}
			i.Check = check{KYC: CheckOK, Netvisor: CheckOK, At: s.Now()}
			i.State = Verified
			i.Submission++
		})
		if _, _, err := s.start(o); err != nil {
			return err
		}
		s.finishSync(o)
		return nil
	})
	return token, err
}

// Integration is how the integration of an organisation stands.
func (s *Sandbox) Integration(org string) (v Integration, err error) {
	err = s.inOrganisation(byProgram, org, func(o *organisation) error {
		v = o.view()
		return nil
	})
	return v, err
}

// Candidates are all candidates of an organisation, tombstones included, in the order of their last changes.
func (s *Sandbox) Candidates(org string) (out []Candidate) {
	_ = s.inOrganisation(byProgram, org, func(o *organisation) error {
		for _, c := range o.candidates.all() {
			out = append(out, c.view())
		}
		return nil
	})
	return out
}

// Customers are all customers of an organisation, in the order of their last changes.
func (s *Sandbox) Customers(org string) (out []Customer) {
	_ = s.inOrganisation(byProgram, org, func(o *organisation) error {
		for _, c := range o.customers.all() {
			out = append(out, c.view())
		}
		return nil
	})
	return out
}

// Changes is the change feed of an organisation as far as it is kept.
func (s *Sandbox) Changes(org string) (out []Change) {
	_ = s.inOrganisation(byProgram, org, func(o *organisation) error {
		out = append(out, o.feed...)
		return nil
	})
	return out
}

// Assessment is the obliged entity's decision on a customer [public].
type Assessment struct {
	RiskClass            string `json:"riskClass"`
	ReviewIntervalMonths int    `json:"reviewIntervalMonths"`
	Notes                string `json:"notes,omitempty"`
	// On is the date of the assessment; empty is today in Helsinki.
	On string `json:"assessedOn,omitempty"`
	// Force accepts without answers, and any risk class: for data that a provider should not hold.
	Force bool `json:"force,omitempty"`
}

const maxNotes = 4000

// apply writes the assessment into a customer.
func (a Assessment) apply(c *customer, today string) error {
	if a.On == "" {
		a.On = today
	}
	switch {
	case a.ReviewIntervalMonths < 3 || a.ReviewIntervalMonths > 36:
		return invalid(FieldError{"reviewIntervalMonths", "RANGE", "must be between 3 and 36"})
	case utf8.RuneCountInString(a.Notes) > maxNotes:
		return invalid(FieldError{"notes", "TOO_LONG", "is too long"})
	case a.Force:
	case a.RiskClass != Low && a.RiskClass != Standard && a.RiskClass != High:
		return invalid(FieldError{"riskClass", "VALUE", "must be LOW, STANDARD or HIGH"})
	case a.RiskClass == Low && c.Kind == Private:
		return refuse(422, CodeRiskClass, "a private customer is STANDARD or HIGH")
	}
	expires, err := addMonths(a.On, a.ReviewIntervalMonths)
	if err != nil {
		return invalid(FieldError{"assessedOn", "FORMAT", "must be a date such as 2026-01-31"})
	}
	c.AssessedOn, c.ExpiresOn, c.RiskClass, c.Notes = a.On, expires, a.RiskClass, a.Notes
	c.Request, c.AskedOn = "", ""
	return nil
}

// Accept assesses the answers of a candidate and makes it a customer.
func (s *Sandbox) Accept(candidateID string, a Assessment) (made Customer, err error) {
	err = s.onCandidate(byProgram, candidateID, func(o *organisation, c *candidate) error {
		made, err = s.accept(o, c, a)
		return err
	})
	return made, err
}

func (s *Sandbox) accept(o *organisation, c *candidate, a Assessment) (Customer, error) {
	if !c.open() || c.State != Answered && !a.Force {
		return Customer{}, refuse(409, CodeInvalidState, "the candidate is %s; only one that is ANSWERED can be assessed", c.State)
	}
	if num, taken := o.liveCustomer[c.BusinessID]; taken && c.BusinessID != "" && !a.Force {
		return Customer{}, refuse(409, CodeAlreadyCustomer, "a customer has the business id already").about(o.customers.get(num).id())
	}
	fill := func(made *customer) error {
		made.Candidate, made.Kind, made.BusinessID, made.Name, made.Contact, made.Source = c.Num, c.Kind, c.BusinessID, c.Name, c.Contact, c.Source
		return a.apply(made, s.today())
	}
	if err := fill(&customer{}); err != nil {
		return Customer{}, err
	}
	s.changeCandidate(o, c, func(c *candidate) { c.State = Accepted })
	made := s.changeCustomer(o, nil, func(made *customer) { _ = fill(made) }) // it has just been tried
	return made.view(), nil
}

// SendRequest sends the information request; Answer is the customer answering it; Reopen sends it back for completion; Review is somebody
// looking a new candidate through.
func (s *Sandbox) SendRequest(id string) error { return s.act(byProgram, id, "request") }

// Answer is the customer answering the information request.
func (s *Sandbox) Answer(id string) error { return s.act(byProgram, id, "answer") }

// Reopen sends an answered request back for completion.
func (s *Sandbox) Reopen(id string) error { return s.act(byProgram, id, "reopen") }

// Review is somebody looking a new candidate through, who finds it ready.
func (s *Sandbox) Review(candidateID string) error { return s.act(byProgram, candidateID, "review") }

// DeleteCandidate is somebody deleting a candidate in KYC's own pages; a tombstone stays.
func (s *Sandbox) DeleteCandidate(id string) error { return s.act(byProgram, id, "delete") }

// Assess is a later assessment of a customer.
func (s *Sandbox) Assess(customerID string, a Assessment) error {
	return s.onCustomer(byProgram, customerID, func(o *organisation, c *customer) error { return s.assess(o, c, a) })
}

func (s *Sandbox) assess(o *organisation, c *customer, a Assessment) error {
	if c.Lifecycle != Active && !a.Force {
		return refuse(409, CodeInvalidState, "the customer is %s", c.Lifecycle)
	}
	if err := a.apply(new(*c), s.today()); err != nil {
		return err
	}
	s.changeCustomer(o, c, func(c *customer) { _ = a.apply(c, s.today()) }) // it has just been tried
	return nil
}

// EndCustomer is somebody ending the relationship in KYC's own pages; an empty date is today.
func (s *Sandbox) EndCustomer(id, on string) error { return s.retire(byProgram, id, Ended, on) }

// ArchiveCustomer moves a customer to the archive.
func (s *Sandbox) ArchiveCustomer(id, on string) error { return s.retire(byProgram, id, Archived, on) }

func (s *Sandbox) retire(by actor, id, lifecycle, on string) error {
	return s.onCustomer(by, id, func(o *organisation, c *customer) error {
		if on == "" {
			on = s.today()
		}
		if _, err := time.Parse(dateLayout, on); err != nil {
			return invalid(FieldError{"endedOn", "FORMAT", "must be a date such as 2026-01-31"})
		}
		s.endCustomer(o, c, lifecycle, on)
		return nil
	})
}

// onCandidate runs f on a candidate of any organisation, tombstones included.
func (s *Sandbox) onCandidate(by actor, id string, f func(*organisation, *candidate) error) error {
	return s.locked(by, func() error {
		for _, o := range s.order {
			if c := o.candidates.get(numberOf(id, "cand_")); c != nil {
				return f(o, c)
			}
		}
		return fmt.Errorf("candidate %q: %w", id, ErrNotFound)
	})
}

func (s *Sandbox) onCustomer(by actor, id string, f func(*organisation, *customer) error) error {
	return s.locked(by, func() error {
		for _, o := range s.order {
			if c := o.customers.get(numberOf(id, "cust_")); c != nil {
				return f(o, c)
			}
		}
		return fmt.Errorf("customer %q: %w", id, ErrNotFound)
	})
}
