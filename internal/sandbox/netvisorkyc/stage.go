package netvisorkyc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// The part of the control plane that plays the people.

func readControl(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, badRequestError{fmt.Errorf("reading the body: %w", err)}
	}
	return b, nil
}

// strictly reads one JSON object without unknown names.
func strictly(b []byte, into any) error {
	if trimmed := bytes.TrimSpace(b); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("the body must be a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the body must be a JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body holds more than one JSON object")
	}
	return nil
}

// controlOptional is controlBody for a body that may be left out.
func controlOptional(r *http.Request, into any) error {
	b, err := readControl(r)
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return err
	}
	if err := strictly(b, into); err != nil {
		return badRequestError{err}
	}
	return nil
}

type controlOrganisation struct {
	Organisation string         `json:"organisation"`
	Name         string         `json:"name"`
	Enabled      bool           `json:"interfacesEnabled"`
	User         bool           `json:"integrationUser"`
	Credentials  []string       `json:"credentials"`
	Integration  Integration    `json:"integration"`
	Webhooks     []subscription `json:"webhooks"`
}

func shownOrganisation(o *organisation) controlOrganisation {
	i := &o.integration
	v := controlOrganisation{o.ID, o.Name, i.Enabled, i.User, append([]string{}, i.credentialIDs()...), o.view(), []subscription{}}
	for _, w := range o.webhooks {
		v.Webhooks = append(v.Webhooks, w.view())
	}
	return v
}

func (s *Sandbox) controlOrganisations(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	out := []controlOrganisation{}
	err := s.locked(byTheControl, func() error {
		for _, o := range s.order {
			out = append(out, shownOrganisation(o))
		}
		return nil
	})
	return map[string]any{"organisations": out}, err
}

// controlOrganisation does what support, the administrator or the service itself does with an integration.
func (s *Sandbox) controlOrganisation(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	if err := controlOptional(r, &struct{}{}); err != nil {
		return nil, err
	}
	id, act := r.PathValue("id"), r.PathValue("act")
	if act == "recheck" {
		o, err := s.organisation(id)
		if err != nil {
			return nil, err
		}
		if err := s.recheck(r.Context(), o); err != nil {
			return nil, err
		}
		return s.shownAfter(id)
	}
	if act == "bootstrap" || act == "credential" {
		var out any
		err := s.inOrganisation(byTheControl, id, func(o *organisation) (err error) {
			if act == "bootstrap" {
				out = map[string]string{"bootstrapToken": s.issueBootstrap(o)}
				return nil
			}
			out, err = s.issueCredential(o)
			return err
		})
		return out, err
	}
	do, known := map[string]func(*organisation) error{
		"enable": s.enable, "disable": s.disable, "integration-user": s.createUser, "revoke": s.revoke, "finish-sync": s.endSync,
	}[act]
	if !known {
		return nil, badRequestError{fmt.Errorf("unknown act %q; there are enable, disable, integration-user, bootstrap, credential, revoke, recheck and finish-sync", act)}
	}
	if err := s.inOrganisation(byTheControl, id, do); err != nil {
		return nil, err
	}
	return s.shownAfter(id)
}

func (s *Sandbox) shownAfter(id string) (v controlOrganisation, err error) {
	err = s.inOrganisation(byTheControl, id, func(o *organisation) error {
		v = shownOrganisation(o)
		return nil
	})
	return v, err
}

// controlRecords lists the records of an organisation, in the order of their ids.
func controlRecords[T, V any](s *Sandbox, r *http.Request, name, prefix string, of func(*organisation) *register[T], view func(*T) V) (any, error) {
	q, err := controlQuery(r, "organisation", "after", "limit")
	if err != nil {
		return nil, err
	}
	limit, err := controlNumber(q, "limit", controlPage)
	if err != nil {
		return nil, err
	}
	after := numberOf(q.Get("after"), prefix)
	if q.Get("after") != "" && after == 0 {
		return nil, badRequestError{fmt.Errorf("after must be an id such as %s1001, not %q", prefix, q.Get("after"))}
	}
	out := []V{}
	err = s.inOrganisation(byTheControl, q.Get("organisation"), func(o *organisation) error {
		var nums []int64
		records := of(o)
		for num := range records.byNum {
			if num > after {
				nums = append(nums, num)
			}
		}
		slices.Sort(nums)
		for _, num := range nums[:min(len(nums), int(limit), maxControlPage)] {
			out = append(out, view(records.get(num)))
		}
		return nil
	})
	return map[string]any{name: out}, err
}

func (s *Sandbox) controlCandidates(r *http.Request) (any, error) {
	return controlRecords(s, r, "candidates", "cand_", func(o *organisation) *register[candidate] { return &o.candidates }, (*candidate).view)
}

func (s *Sandbox) controlCustomers(r *http.Request) (any, error) {
	return controlRecords(s, r, "customers", "cust_", func(o *organisation) *register[customer] { return &o.customers }, (*customer).view)
}

func (s *Sandbox) controlCandidate(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	return s.shownCandidate(r.PathValue("id"))
}

func (s *Sandbox) shownCandidate(id string) (v Candidate, err error) {
	err = s.onCandidate(byTheControl, id, func(_ *organisation, c *candidate) error {
		v = c.view()
		return nil
	})
	return v, err
}

func (s *Sandbox) controlAddCandidate(r *http.Request) (any, error) {
	q, err := controlQuery(r, "organisation")
	if err != nil {
		return nil, err
	}
	var e CandidateEdit
	if err := controlOptional(r, &e); err != nil {
		return nil, err
	}
	return s.addCandidate(byTheControl, q.Get("organisation"), e)
}

func (s *Sandbox) controlEditCandidate(r *http.Request) (any, error) {
	var e CandidateEdit
	if err := controlBody(r, &e); err != nil {
		return nil, err
	}
	if err := s.editCandidate(byTheControl, r.PathValue("id"), e); err != nil {
		return nil, err
	}
	return s.shownCandidate(r.PathValue("id"))
}

func (s *Sandbox) controlDeleteCandidate(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	if err := s.act(byTheControl, r.PathValue("id"), "delete"); err != nil {
		return nil, err
	}
	return s.shownCandidate(r.PathValue("id"))
}

func (s *Sandbox) controlActCandidate(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	id, act := r.PathValue("id"), r.PathValue("act")
	if act == "accept" {
		var a Assessment
		if err := controlBody(r, &a); err != nil {
			return nil, err
		}
		var made Customer
		err := s.onCandidate(byTheControl, id, func(o *organisation, c *candidate) (err error) {
			made, err = s.accept(o, c, a)
			return err
		})
		return made, err
	}
	if err := controlOptional(r, &struct{}{}); err != nil {
		return nil, err
	}
	if numberOf(id, "cand_") == 0 {
		return nil, fmt.Errorf("candidate %q: %w", id, ErrNotFound)
	}
	if err := s.act(byTheControl, id, act); err != nil {
		return nil, err
	}
	return s.shownCandidate(id)
}

func (s *Sandbox) controlCustomer(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	return s.shownCustomer(r.PathValue("id"))
}

func (s *Sandbox) shownCustomer(id string) (v Customer, err error) {
	err = s.onCustomer(byTheControl, id, func(_ *organisation, c *customer) error {
		v = c.view()
		return nil
	})
	return v, err
}

func (s *Sandbox) controlEditCustomer(r *http.Request) (any, error) {
	var e CustomerEdit
	if err := controlBody(r, &e); err != nil {
		return nil, err
	}
	if err := s.editCustomer(byTheControl, r.PathValue("id"), e); err != nil {
		return nil, err
	}
	return s.shownCustomer(r.PathValue("id"))
}

func (s *Sandbox) controlActCustomer(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	id, act := r.PathValue("id"), r.PathValue("act")
	var err error
	switch act {
	case "assess":
		var a Assessment
		if err = controlBody(r, &a); err == nil {
			err = s.onCustomer(byTheControl, id, func(o *organisation, c *customer) error { return s.assess(o, c, a) })
		}
	case "end", "archive":
		var given struct {
			EndedOn string `json:"endedOn"`
		}
		if err = controlOptional(r, &given); err == nil {
			err = s.retire(byTheControl, id, map[string]string{"end": Ended, "archive": Archived}[act], given.EndedOn)
		}
	default:
		if err = controlOptional(r, &struct{}{}); err == nil {
			if numberOf(id, "cust_") == 0 {
				return nil, fmt.Errorf("customer %q: %w", id, ErrNotFound)
			}
			err = s.act(byTheControl, id, act)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.shownCustomer(id)
}

// controlActivateWebhook takes up a subscription again that was suspended.
func (s *Sandbox) controlActivateWebhook(r *http.Request) (any, error) {
	var v subscription
	err := s.locked(byTheControl, func() error {
		for _, o := range s.order {
			for _, w := range o.webhooks {
				if w.id() == r.PathValue("id") {
					w.Active = true
					s.pending.Webhooks = append(s.pending.Webhooks, savedWebhook{Organisation: o.ID, Webhook: *w})
					v = w.view()
					return nil
				}
			}
		}
		return fmt.Errorf("webhook %q: %w", r.PathValue("id"), ErrNotFound)
	})
	return v, err
}
