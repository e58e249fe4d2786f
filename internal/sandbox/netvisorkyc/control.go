package netvisorkyc

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	controlPrefix  = "/_control/"
	maxControlBody = 256 << 10
	controlPage    = 100
	maxControlPage = 10_000
)

// byTheControl is who changes things through the control plane.
var byTheControl = actor{by: byControl}

// badRequestError is an error whose text is for the person at the other end.
type badRequestError struct{ error }

// Unwrap gives the error.
func (e badRequestError) Unwrap() error { return e.error }

// controlPlane answers below /_control/; the package comment describes it.
func (s *Sandbox) controlPlane() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, status int, f func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
			out, err := f(r)
			if err != nil {
				writeControlError(w, err)
				return
			}
			writeControl(w, status, out)
		})
	}
	handle("GET /_control/health", http.StatusOK, s.controlHealth)
	handle("GET /_control/calls", http.StatusOK, controlLog("calls", s.Calls, func(c Call) int64 { return c.Number }))
	handle("GET /_control/effects", http.StatusOK, controlLog("effects", s.Effects, func(e Effect) int64 { return e.Number }))
	handle("GET /_control/deliveries", http.StatusOK, controlLog("deliveries", s.Deliveries, func(a Attempt) int64 { return a.Number }))
	handle("GET /_control/faults", http.StatusOK, s.controlFaults)
	handle("POST /_control/faults", http.StatusCreated, s.controlAddFault)
	handle("DELETE /_control/faults", http.StatusOK, s.controlClearFaults)
	handle("DELETE /_control/faults/{id}", http.StatusOK, s.controlClearFault)
	handle("GET /_control/settings", http.StatusOK, s.controlGetSettings)
	handle("POST /_control/settings", http.StatusOK, s.controlSetSettings)
	handle("GET /_control/clock", http.StatusOK, s.controlGetClock)
	handle("POST /_control/clock", http.StatusOK, s.controlSetClock)
	handle("GET /_control/organisations", http.StatusOK, s.controlOrganisations)
	handle("POST /_control/organisations/{id}/{act}", http.StatusOK, s.controlOrganisation)
	handle("GET /_control/candidates", http.StatusOK, s.controlCandidates)
	handle("POST /_control/candidates", http.StatusCreated, s.controlAddCandidate)
	handle("GET /_control/candidates/{id}", http.StatusOK, s.controlCandidate)
	handle("POST /_control/candidates/{id}", http.StatusOK, s.controlEditCandidate)
	handle("DELETE /_control/candidates/{id}", http.StatusOK, s.controlDeleteCandidate)
	handle("POST /_control/candidates/{id}/{act}", http.StatusOK, s.controlActCandidate)
	handle("GET /_control/customers", http.StatusOK, s.controlCustomers)
	handle("GET /_control/customers/{id}", http.StatusOK, s.controlCustomer)
	handle("POST /_control/customers/{id}", http.StatusOK, s.controlEditCustomer)
	handle("POST /_control/customers/{id}/{act}", http.StatusOK, s.controlActCustomer)
	handle("POST /_control/webhooks/{id}/activate", http.StatusOK, s.controlActivateWebhook)

	// A page in somebody's browser must not play the people: not from another origin, and not through a name that was made to point here.
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.ownHost(r.Host) {
			writeControl(w, http.StatusForbidden, controlError{Error: "the control plane is reached by address, as localhost or by the public URL, not as " + r.Host})
			return
		}
		if err := origins.Check(r); err != nil {
			writeControl(w, http.StatusForbidden, controlError{Error: "requests from pages of other origins are refused"})
			return
		}
		if _, pattern := mux.Handler(r); pattern == "" {
			status := http.StatusNotFound
			for _, method := range []string{"GET", "POST", "DELETE"} {
				if _, p := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); p != "" {
					status = http.StatusMethodNotAllowed
				}
			}
			writeControl(w, status, controlError{Error: "no such control: " + r.Method + " " + r.URL.Path})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Sandbox) ownHost(host string) bool {
	if u, err := url.Parse(s.opts.PublicURL); err == nil && u.Host != "" && strings.EqualFold(u.Host, host) {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return strings.EqualFold(name, "localhost") || net.ParseIP(strings.Trim(name, "[]")) != nil
}

type controlError struct {
	Error string `json:"error"`
	Code  string `json:"code,omitempty"`
}

func (s *Sandbox) controlHealth(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	type one struct {
		Organisation string `json:"organisation"`
		Name         string `json:"name"`
		State        string `json:"state"`
		Candidates   int    `json:"candidates"`
		Customers    int    `json:"customers"`
		Waiting      int    `json:"webhooksWaiting"`
	}
	out := struct {
		Status        string    `json:"status"`
		Time          time.Time `json:"time"`
		Organisations []one     `json:"organisations"`
	}{Status: "ok", Time: s.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.order {
		open := 0
		for _, c := range o.candidates.byNum {
			if c.value.open() {
				open++
			}
		}
		out.Organisations = append(out.Organisations, one{o.ID, o.Name, o.integration.shownState(), open, len(o.customers.byNum), len(o.queue)})
	}
	return out, nil
}

// controlLog pages through a log by number.
func controlLog[T any](name string, all func() []T, number func(T) int64) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		q, err := controlQuery(r, "after", "limit")
		if err != nil {
			return nil, err
		}
		after, err := controlNumber(q, "after", 0)
		if err != nil {
			return nil, err
		}
		limit, err := controlNumber(q, "limit", controlPage)
		if err != nil {
			return nil, err
		}
		entries := all()
		from, _ := slices.BinarySearchFunc(entries, after+1, func(e T, n int64) int { return int(number(e) - n) })
		out := append([]T{}, entries[from:]...)
		return map[string]any{name: out[:min(len(out), int(limit), maxControlPage)]}, nil
	}
}

func (s *Sandbox) controlFaults(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	return map[string]any{"faults": s.Faults()}, nil
}

func (s *Sandbox) controlAddFault(r *http.Request) (any, error) {
	var f Fault
	if err := controlBody(r, &f); err != nil {
		return nil, err
	}
	id, err := s.Fault(f)
	if err != nil {
		return nil, err
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
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return nil, badRequestError{fmt.Errorf("fault id %q is not a number from 1 up", r.PathValue("id"))}
	}
	if !s.ClearFault(id) {
		return nil, fmt.Errorf("fault %d: %w", id, ErrNotFound)
	}
	return map[string]int{"cleared": 1}, nil
}

// shownSettings hides the keys.
func (s *Sandbox) shownSettings() Settings {
	settings := s.Settings()
	for i := range settings.NetvisorAccepts {
		settings.NetvisorAccepts[i].IntegrationKey = "***"
	}
	return settings
}

func (s *Sandbox) controlGetSettings(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	return s.shownSettings(), nil
}

// controlSetSettings changes what is given and leaves the rest.
func (s *Sandbox) controlSetSettings(r *http.Request) (any, error) {
	var given json.RawMessage
	if err := controlBody(r, &given); err != nil {
		return nil, err
	}
	err := s.locked(byTheControl, func() error {
		next := s.settings.clone()
		accepts := next.NetvisorAccepts
		next.NetvisorAccepts = nil // a list replaces a list
		var names map[string]json.RawMessage
		if err := errors.Join(strictly(given, &next), json.Unmarshal(given, &names)); err != nil {
			return badRequestError{err}
		}
		if _, named := names["netvisorAccepts"]; !named {
			next.NetvisorAccepts = accepts
		}
		return s.set(func(settings *Settings) { *settings = next })
	})
	if err != nil {
		return nil, err
	}
	return s.shownSettings(), nil
}

func (s *Sandbox) clockShown() any {
	return map[string]any{"now": s.Now(), "ahead": Duration(s.offset.Load())}
}

func (s *Sandbox) controlGetClock(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	return s.clockShown(), nil
}

func (s *Sandbox) controlSetClock(r *http.Request) (any, error) {
	var given struct {
		Advance *Duration  `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := controlBody(r, &given); err != nil {
		return nil, err
	}
	var by time.Duration
	switch {
	case (given.Advance == nil) == (given.Set == nil):
		return nil, badRequestError{errors.New(`give either {"advance":"720h"} or {"set":"2027-01-01T08:00:00Z"}`)}
	case given.Advance != nil:
		by = time.Duration(*given.Advance)
	default:
		by = given.Set.Sub(s.Now())
	}
	if err := s.moveClock(byTheControl, by); err != nil {
		return nil, err
	}
	return s.clockShown(), nil
}

// controlBody reads one JSON object without unknown names, and a query without any.
func controlBody(r *http.Request, into any) error {
	if _, err := controlQuery(r); err != nil {
		return err
	}
	b, err := readControl(r)
	if err != nil {
		return err
	}
	if err := strictly(b, into); err != nil {
		return badRequestError{err}
	}
	return nil
}

// controlQuery reads the query and refuses names that mean nothing here.
func controlQuery(r *http.Request, allowed ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequestError{fmt.Errorf("reading the query: %w", err)}
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(allowed, name) {
			return nil, badRequestError{fmt.Errorf("unknown parameter %q", name)}
		}
	}
	return q, nil
}

func controlNumber(q url.Values, name string, without int64) (int64, error) {
	given := q.Get(name)
	if given == "" {
		return without, nil
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequestError{fmt.Errorf("%s must be a number from 0 up, not %q", name, given)}
	}
	return n, nil
}

func writeControlError(w http.ResponseWriter, err error) {
	status, said := http.StatusInternalServerError, controlError{Error: err.Error()}
	if p, ok := errors.AsType[*ProblemError](err); ok {
		status, said = p.Status, controlError{p.Detail, p.Code}
	} else if _, ok := errors.AsType[badRequestError](err); ok {
		status = http.StatusBadRequest
	} else if errors.Is(err, ErrNotFound) {
		status = http.StatusNotFound
	}
	writeControl(w, status, said)
}

func writeControl(w http.ResponseWriter, status int, out any) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // the client has gone
}
