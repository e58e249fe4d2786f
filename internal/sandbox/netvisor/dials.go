package netvisor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The part of the control plane that turns faults, settings and logs.

func (s *Sandbox) controlFaults(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	return map[string]any{"faults": s.Faults()}, nil
}

func (s *Sandbox) controlAddFault(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	var f Fault
	if err := decodeStrictly(r.Body, &f); err != nil {
		return nil, err
	}
	id, err := s.Fault(f)
	if err != nil {
		return nil, badRequestError{err}
	}
	return map[string]int64{"id": id}, nil
}

func (s *Sandbox) controlClearFaults(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	n := len(s.Faults())
	s.ClearFault(0)
	return map[string]int{"cleared": n}, nil
}

func (s *Sandbox) controlClearFault(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return nil, badRequestError{fmt.Errorf("fault id %q is not a number from 1 up", r.PathValue("id"))}
	}
	if !s.ClearFault(id) {
		return nil, fmt.Errorf("fault %d: %w", id, ErrNotFound)
	}
	return map[string]int{"cleared": 1}, nil
}

func (s *Sandbox) controlEffects(r *http.Request) (any, error) {
	q, err := controlQuery(r, "after", "limit", "customer", "organisation")
	if err != nil {
		return nil, err
	}
	var number [3]int64
	for i, name := range []string{"after", "limit", "customer"} {
		if number[i], err = controlNumber(q, name, 0); err != nil {
			return nil, err
		}
	}
	limit := int64(controlPage)
	if q.Get("limit") != "" {
		limit = min(number[1], maxControlPage)
	}
	out := []Effect{}
	for _, e := range s.Effects() {
		if int64(len(out)) == limit {
			break
		}
		if e.Number > number[0] && (q.Get("customer") == "" || e.Customer == number[2]) && (q.Get("organisation") == "" || e.Organisation == q.Get("organisation")) {
			out = append(out, e)
		}
	}
	return map[string]any{"effects": out}, nil
}

// controlSettings is what of a company can be turned while the sandbox runs.
type controlSettings struct {
	Organisation string `json:"organisation"`
	// NextCode is the next customer code that automatic numbering tries.
	NextCode string `json:"nextCode"`
	// Resources are those that the company allows; null means all.
	Resources []string `json:"resources"`
}

func (s *Sandbox) settings(c *company) controlSettings {
	c.book.mu.Lock()
	series := c.book.series
	c.book.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return controlSettings{c.OrganisationID, strconv.FormatInt(series, 10), slices.Clone(c.Resources)}
}

func (s *Sandbox) controlGetSettings(r *http.Request) (any, error) {
	q, err := controlQuery(r, "organisation")
	if err != nil {
		return nil, err
	}
	c, err := s.company(q.Get("organisation"))
	if err != nil {
		return nil, err
	}
	return s.settings(c), nil
}

func (s *Sandbox) controlSetSettings(r *http.Request) (any, error) {
	q, err := controlQuery(r, "organisation")
	if err != nil {
		return nil, err
	}
	c, err := s.company(q.Get("organisation"))
	if err != nil {
		return nil, err
	}
	var given struct {
		NextCode  *string         `json:"nextCode"`
		Resources json.RawMessage `json:"resources"`
	}
	if err := decodeStrictly(r.Body, &given); err != nil {
		return nil, err
	}
	var next int64
	if given.NextCode != nil {
		if next, err = strconv.ParseInt(*given.NextCode, 10, 64); err != nil || next <= 0 || next > 1<<53 {
			return nil, badRequestError{fmt.Errorf("nextCode %q is not a number from 1 up", *given.NextCode)}
		}
	}
	var allowed []string
	if given.Resources != nil {
		if err := json.Unmarshal(given.Resources, &allowed); err != nil {
			return nil, badRequestError{errors.New(`resources must be null or a list such as ["customerlist.nv"]`)}
		}
	}
	for i, name := range allowed {
		allowed[i] = strings.ToLower(name)
		if _, known := resources[allowed[i]]; !known {
			return nil, badRequestError{fmt.Errorf("unknown resource %q", name)}
		}
	}
	if given.NextCode == nil && given.Resources == nil {
		return nil, badRequestError{errors.New("the body names no setting to change")}
	}
	s.set(c, next, given.Resources != nil, allowed)
	return s.settings(c), nil
}

// set changes what is given and keeps it on disk.
func (s *Sandbox) set(c *company, next int64, resourcesToo bool, allowed []string) {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	if next > 0 {
		c.book.series = next
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if resourcesToo {
		c.Resources = allowed
	}
	s.journal.write(record{Company: &savedCompany{Organisation: c.OrganisationID, Next: c.book.next, Series: c.book.series,
		Restricted: c.Resources != nil, Resources: c.Resources}})
}

// decodeStrictly reads one JSON object without unknown names.
func decodeStrictly(body io.Reader, into any) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return badRequestError{fmt.Errorf("reading the body: %w", err)}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequestError{fmt.Errorf("the body must be a JSON object: %w", err)}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badRequestError{errors.New("the body holds more than one JSON object")}
	}
	return nil
}

// readTab reads a change of the responsibility tab: absent keeps, an empty text empties.
func readTab(raw json.RawMessage) (map[int]string, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil || given == nil {
		return nil, fmt.Errorf(`field %q must be an object such as {"riskClass":"high"}`, partTab)
	}
	out := map[int]string{}
	for name, raw := range given {
		v, err := readText(partTab+"/"+name, raw)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(responsibilityNames, func(n string) bool {
			return strings.EqualFold(n, name) || strings.EqualFold(strings.TrimPrefix(n, "ContactPerson/"), name)
		})
		if i < 0 || v == nil {
			return nil, fmt.Errorf("field %q is not known or null", partTab+"/"+name)
		}
		out[i] = *v
	}
	return out, nil
}
