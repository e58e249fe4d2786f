package flex

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// The part of the control plane that plays people: those who type in Flex, support, and consumers in their net bank.

func (s *Sandbox) controlList(c *controlCall) (any, error) {
	n, limit, err := c.page()
	if err != nil {
		return nil, err
	}
	all := s.Customers(c.organisation)
	all = slices.DeleteFunc(all, func(one Customer) bool { return int64(indexOf(one.ID)+firstCustomer) <= n })
	return map[string]any{"customers": all[:min(len(all), limit)]}, nil
}

func (s *Sandbox) controlGet(c *controlCall) (any, error) {
	found, ok := s.Customer(c.organisation, c.PathValue("id"))
	if !ok {
		return nil, fmt.Errorf("customer %q: %w", clip(c.PathValue("id")), ErrNotFound)
	}
	return found, nil
}

// typed reads what the people type: names as on the wire, but what Flex gives itself and consumer e-invoicing. With number they may type one.
func (c *controlCall) typed(number bool) (map[string]any, error) {
	b, err := io.ReadAll(c.Body)
	if err != nil {
		return nil, badRequestError{fmt.Errorf("reading the body: %w", err)}
	}
	tree, p := readTree(b)
	if p != nil {
		return nil, p
	}
	var bad fields
	writable.check("", tree, &bad)
	for _, name := range []string{"active", "customerNumber"} {
		if _, there := tree[name]; there && (!number || name == "active") {
			bad.add(name, FieldReadOnly, "this has an act of its own")
		}
	}
	return tree, bad.problem().orNil()
}

// controlCreate makes a customer; without a type it is the organisation's first.
func (s *Sandbox) controlCreate(c *controlCall) (any, error) {
	tree, err := c.typed(true)
	if err != nil {
		return nil, err
	}
	typed, err := patched(Customer{}, tree)
	if err != nil {
		return nil, badRequestError{err}
	}
	return s.create(c.who, c.organisation, typed)
}

func (s *Sandbox) controlEdit(c *controlCall) (any, error) {
	tree, err := c.typed(false)
	if err != nil {
		return nil, err
	}
	return s.edit(c.who, c.organisation, c.PathValue("id"), draft{}, func(now *Customer) error {
		changed, err := patched(*now, tree)
		if err != nil {
			return badRequestError{err}
		}
		*now = changed
		return nil
	})
}

// controlAct is what people do to one customer with a button of its own.
func (s *Sandbox) controlAct(c *controlCall) (any, error) {
	id := c.PathValue("id")
	switch act := c.PathValue("act"); act {
	case "deactivate":
		return s.deactivate(c.who, c.organisation, id)
	case "activate":
		return s.edit(c.who, c.organisation, id, draft{}, func(now *Customer) error {
			now.Active = true
			return nil
		})
	case "number":
		var given struct {
			CustomerNumber string `json:"customerNumber"`
		}
		if err := c.read(&given); err != nil {
			return nil, err
		}
		return s.changeNumber(c.who, c.organisation, id, given.CustomerNumber)
	case "type":
		var given struct {
			CustomerTypeID string `json:"customerTypeId"`
		}
		if err := c.read(&given); err != nil {
			return nil, err
		}
		return s.edit(c.who, c.organisation, id, draft{}, func(now *Customer) error {
			now.CustomerTypeID = given.CustomerTypeID
			return nil
		})
	case "consumer-einvoice":
		var given struct {
			Ordered *bool `json:"ordered"`
		}
		if err := c.read(&given); err != nil {
			return nil, err
		}
		if given.Ordered == nil {
			return nil, badRequestError{errors.New(`"ordered" must be true or false`)}
		}
		c.who.name = "netbank"
		return s.orderConsumerEInvoice(c.who, c.organisation, id, *given.Ordered)
	case "invoice":
		sent, err := s.sendInvoice(c.who, c.organisation, id)
		if err != nil {
			return nil, err
		}
		return map[string]any{"customer": sent, "told": s.opts.InvoiceSent != nil}, nil
	default:
		return nil, fmt.Errorf("there are deactivate, activate, number, type, consumer-einvoice and invoice, and no %q: %w", clip(act), ErrNotFound)
	}
}

func (s *Sandbox) controlSupport(c *controlCall) (any, error) {
	var given struct {
		Enabled *bool `json:"enabled"`
	}
	if err := c.read(&given); err != nil {
		return nil, err
	}
	if given.Enabled == nil {
		return nil, badRequestError{errors.New(`"enabled" must be true or false`)}
	}
	if err := s.Enable(c.organisation, *given.Enabled); err != nil {
		return nil, err
	}
	return map[string]bool{"enabled": *given.Enabled}, nil
}

func (s *Sandbox) controlTypes(c *controlCall) (any, error) {
	return map[string]any{"types": s.Types(c.organisation)}, nil
}

// controlPutType makes a type, or changes what is named of one.
func (s *Sandbox) controlPutType(c *controlCall) (any, error) {
	var t CustomerType
	if id := c.PathValue("id"); id != "" {
		all := s.Types(c.organisation)
		i := slices.IndexFunc(all, func(t CustomerType) bool { return t.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("customer type %q: %w", clip(id), ErrNotFound)
		}
		t = all[i]
	}
	id := t.ID
	if err := c.read(&t); err != nil {
		return nil, err
	}
	if id != "" && t.ID != id {
		return nil, badRequestError{errors.New("the id of a customer type stays")}
	}
	return s.PutType(c.organisation, t)
}

func (s *Sandbox) controlRemoveType(c *controlCall) (any, error) {
	if err := s.RemoveType(c.organisation, c.PathValue("id")); err != nil {
		return nil, err
	}
	return map[string]int{"removed": 1}, nil
}

func (s *Sandbox) controlAddKey(c *controlCall) (any, error) {
	var given struct {
		Secret string  `json:"secret"`
		Scopes []Scope `json:"scopes"`
	}
	if err := c.read(&given); err != nil {
		return nil, err
	}
	k, err := s.AddKey(c.organisation, Key{Secret: given.Secret, Scopes: given.Scopes})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": k.ID, "secret": k.Secret, "scopes": k.Scopes}, nil
}

func (s *Sandbox) controlRevokeKey(c *controlCall) (any, error) {
	if err := s.RevokeKey(c.organisation, c.PathValue("id")); err != nil {
		return nil, err
	}
	return map[string]int{"revoked": 1}, nil
}

func (s *Sandbox) controlWebhooks(c *controlCall) (any, error) {
	return map[string]any{"webhooks": s.Webhooks(c.organisation)}, nil
}

func (s *Sandbox) controlWebhook(c *controlCall) (any, error) {
	var err error
	switch act := c.PathValue("act"); act {
	case "suspend":
		err = s.SuspendWebhook(c.organisation, c.PathValue("id"))
	case "resume":
		err = s.ResumeWebhook(c.organisation, c.PathValue("id"))
	default:
		err = fmt.Errorf("there are suspend and resume, and no %q: %w", clip(act), ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return s.controlWebhooks(c)
}

func (s *Sandbox) controlPending(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []pending{}
	for _, p := range s.waiting() {
		shown := *p
		shown.Body = ""
		out = append(out, shown)
	}
	return map[string]any{"pending": out}, nil
}

func (s *Sandbox) controlResend(c *controlCall) (any, error) {
	given := struct {
		Event  string `json:"event"`
		Copies int    `json:"copies"`
	}{Copies: 1}
	if err := c.read(&given); err != nil {
		return nil, err
	}
	if given.Copies < 1 || given.Copies > maxResend {
		return nil, badRequestError{fmt.Errorf("copies must be between 1 and %d", maxResend)}
	}
	if !s.Resend(given.Event, given.Copies) {
		return nil, fmt.Errorf("event %q: %w", clip(given.Event), ErrNotFound)
	}
	return map[string]int{"copies": given.Copies}, nil
}

func (s *Sandbox) controlFaults(*controlCall) (any, error) {
	return map[string]any{"faults": s.Faults()}, nil
}

func (s *Sandbox) controlAddFault(c *controlCall) (any, error) {
	var f Fault
	if err := c.read(&f); err != nil {
		return nil, err
	}
	id, err := s.Fault(f)
	if err != nil {
		return nil, badRequestError{err}
	}
	return map[string]int64{"id": id}, nil
}

func (s *Sandbox) controlClearFaults(*controlCall) (any, error) {
	n := len(s.Faults())
	s.ClearFault(0)
	return map[string]int{"cleared": n}, nil
}

func (s *Sandbox) controlClearFault(c *controlCall) (any, error) {
	id, err := strconv.ParseInt(c.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return nil, badRequestError{fmt.Errorf("fault id %q is not a number from 1 up", clip(c.PathValue("id")))}
	}
	if !s.ClearFault(id) {
		return nil, fmt.Errorf("fault %d: %w", id, ErrNotFound)
	}
	return map[string]int{"cleared": 1}, nil
}

func (s *Sandbox) controlSettings(*controlCall) (any, error) { return s.Settings(), nil }

// controlSetSettings changes what is named and leaves the rest.
func (s *Sandbox) controlSetSettings(c *controlCall) (any, error) {
	to := s.Settings()
	if err := c.read(&to); err != nil {
		return nil, err
	}
	if err := s.Set(to); err != nil {
		return nil, err
	}
	return to, nil
}

func (s *Sandbox) controlClock(*controlCall) (any, error) {
	return map[string]time.Time{"now": s.Now()}, nil
}

func (s *Sandbox) controlMoveClock(c *controlCall) (any, error) {
	var given struct {
		Advance Duration   `json:"advance"`
		Now     *time.Time `json:"now"`
	}
	if err := c.read(&given); err != nil {
		return nil, err
	}
	var err error
	switch {
	case given.Now != nil && given.Advance == 0:
		err = s.SetClock(*given.Now)
	case given.Now == nil && given.Advance != 0:
		err = s.Advance(time.Duration(given.Advance))
	default:
		err = badRequestError{errors.New(`give "advance", such as "15m", or "now"`)}
	}
	if err != nil {
		return nil, err
	}
	return s.controlClock(c)
}
