package flex

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	controlPrefix   = "/_control/"
	controlPage     = 100
	maxControlPage  = 10_000
	controlJSONType = "application/json; charset=utf-8"
)

// badRequestError is an error whose text is for the person at the other end.
type badRequestError struct{ error }

// controlCall is a call of the control plane, with the organisation that it names and the people who act.
type controlCall struct {
	*http.Request
	query        url.Values
	organisation string
	who          actor
}

// controlPlane answers below /_control/; the package comment describes it.
func (s *Sandbox) controlPlane() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, status int, f func(*controlCall) (any, error), allowed ...string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			c, err := s.controlCall(r, allowed)
			var out any
			if err == nil {
				out, err = f(c)
			}
			if err != nil {
				writeControlError(w, err)
				return
			}
			writeControl(w, status, out)
		})
	}
	const organisation, user = "organisation", "user"
	log := []string{"after", "limit", organisation, "customer"}
	handle("GET /_control/health", 200, s.controlHealth)
	handle("GET /_control/organisations", 200, s.controlOrganisations)
	handle("GET /_control/calls", 200, s.controlCalls, "after", "limit", organisation)
	handle("GET /_control/effects", 200, s.controlEffects, log...)
	handle("GET /_control/deliveries", 200, s.controlDeliveries, log...)
	handle("GET /_control/deliveries/pending", 200, s.controlPending)
	handle("POST /_control/deliveries/again", 200, s.controlResend)
	handle("GET /_control/faults", 200, s.controlFaults)
	handle("POST /_control/faults", 201, s.controlAddFault)
	handle("DELETE /_control/faults", 200, s.controlClearFaults)
	handle("DELETE /_control/faults/{id}", 200, s.controlClearFault)
	handle("GET /_control/settings", 200, s.controlSettings)
	handle("POST /_control/settings", 200, s.controlSetSettings)
	handle("GET /_control/clock", 200, s.controlClock)
	handle("POST /_control/clock", 200, s.controlMoveClock)

	handle("POST /_control/support", 200, s.controlSupport, organisation)
	handle("GET /_control/types", 200, s.controlTypes, organisation)
	handle("POST /_control/types", 201, s.controlPutType, organisation)
	handle("POST /_control/types/{id}", 200, s.controlPutType, organisation)
	handle("DELETE /_control/types/{id}", 200, s.controlRemoveType, organisation)
	handle("POST /_control/keys", 201, s.controlAddKey, organisation)
	handle("DELETE /_control/keys/{id}", 200, s.controlRevokeKey, organisation)
	handle("GET /_control/webhooks", 200, s.controlWebhooks, organisation)
	handle("POST /_control/webhooks/{id}/{act}", 200, s.controlWebhook, organisation)

	handle("GET /_control/customers", 200, s.controlList, "after", "limit", organisation)
	handle("POST /_control/customers", 201, s.controlCreate, organisation, user)
	handle("GET /_control/customers/{id}", 200, s.controlGet, organisation)
	handle("POST /_control/customers/{id}", 200, s.controlEdit, organisation, user)
	handle("POST /_control/customers/{id}/{act}", 200, s.controlAct, organisation, user)

	// A page in somebody's browser must not play the people of the organisation: not from another origin, and not through a name
	// that was made to point here.
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.ownHost(r.Host) {
			writeControl(w, http.StatusForbidden, controlError{"the control plane is reached by address, as localhost or by the public URL, not as " + r.Host, nil})
			return
		}
		if err := origins.Check(r); err != nil {
			writeControl(w, http.StatusForbidden, controlError{"requests from pages of other origins are refused", nil})
			return
		}
		if _, pattern := mux.Handler(r); pattern == "" {
			status := http.StatusNotFound
			for _, method := range []string{"GET", "POST", "DELETE"} {
				if _, p := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); p != "" {
					status = http.StatusMethodNotAllowed
				}
			}
			writeControl(w, status, controlError{"no such control: " + r.Method + " " + r.URL.Path, nil})
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

// controlCall reads the query and refuses names that mean nothing here.
func (s *Sandbox) controlCall(r *http.Request, allowed []string) (*controlCall, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequestError{fmt.Errorf("reading the query: %w", err)}
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(allowed, name) {
			return nil, badRequestError{fmt.Errorf("unknown parameter %q", name)}
		}
	}
	user := "1"
	if given := q.Get("user"); given != "" {
		if n, err := strconv.ParseInt(given, 10, 64); err != nil || n < 1 {
			return nil, badRequestError{fmt.Errorf("user must be a number from 1 up, not %q", clip(given))}
		}
		user = given
	}
	if id := q.Get("organisation"); id != "" && s.organisations[id] == nil {
		return nil, fmt.Errorf("organisation %q: %w", id, ErrNotFound)
	}
	return &controlCall{r, q, q.Get("organisation"), actor{by: byControl, origin: OriginUser, name: "user:" + user}}, nil
}

func (c *controlCall) number(name string, without int64) (int64, error) {
	given := c.query.Get(name)
	if given == "" {
		return without, nil
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequestError{fmt.Errorf("%s must be a number from 0 up, not %q", name, given)}
	}
	return n, nil
}

// page reads after and limit.
func (c *controlCall) page() (after int64, limit int, err error) {
	if after, err = c.number("after", 0); err != nil {
		return 0, 0, err
	}
	n, err := c.number("limit", controlPage)
	return after, int(min(n, maxControlPage)), err
}

// read reads the body as one JSON object without unknown names.
func (c *controlCall) read(into any) error {
	b, err := io.ReadAll(c.Body)
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

type controlError struct {
	Error   string   `json:"error"`
	Problem *Problem `json:"problem,omitempty"`
}

func writeControlError(w http.ResponseWriter, err error) {
	out, status := controlError{Error: err.Error()}, http.StatusInternalServerError
	if p, ok := errors.AsType[*Problem](err); ok { // what pages of Flex would tell the people
		out.Problem, status = p, p.Status
	} else if _, ok := errors.AsType[badRequestError](err); ok {
		status = http.StatusBadRequest
	} else if errors.Is(err, ErrNotFound) {
		status = http.StatusNotFound
	}
	writeControl(w, status, out)
}

func writeControl(w http.ResponseWriter, status int, out any) {
	w.Header().Set("Content-Type", controlJSONType)
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // the client has gone
}

func (s *Sandbox) controlHealth(*controlCall) (any, error) {
	type one struct {
		Organisation string `json:"organisation"`
		Name         string `json:"name"`
		Enabled      bool   `json:"enabled"`
		Customers    int    `json:"customers"`
	}
	out := struct {
		Status        string    `json:"status"`
		Time          time.Time `json:"time"`
		Organisations []one     `json:"organisations"`
		Pending       int       `json:"pendingDeliveries"`
	}{Status: "ok", Time: s.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Pending = len(s.queue)
	for _, o := range s.order {
		out.Organisations = append(out.Organisations, one{o.id, o.name, o.enabled, len(o.customers)})
	}
	return out, nil
}

func (s *Sandbox) controlOrganisations(*controlCall) (any, error) {
	type oneKey struct {
		ID      string  `json:"id"`
		Scopes  []Scope `json:"scopes"`
		Revoked bool    `json:"revoked"`
	}
	type one struct {
		Organisation string         `json:"organisation"`
		Name         string         `json:"name"`
		Enabled      bool           `json:"enabled"`
		Keys         []oneKey       `json:"keys"`
		Types        []CustomerType `json:"types"`
		Webhooks     []Webhook      `json:"webhooks"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []one
	for _, o := range s.order {
		shown := one{o.id, o.name, o.enabled, []oneKey{}, []CustomerType{}, o.webhooks()}
		for _, k := range o.keys {
			shown.Keys = append(shown.Keys, oneKey{k.id, k.scopes, k.revoked})
		}
		for _, t := range o.types {
			shown.Types = append(shown.Types, t.clone())
		}
		out = append(out, shown)
	}
	return map[string]any{"organisations": out}, nil
}

// matching are the entries of a log that a control call asks for.
func matching[T any](c *controlCall, log []T, number func(T) int64, fits func(T) bool) ([]T, error) {
	n, limit, err := c.page()
	if err != nil {
		return nil, err
	}
	out := []T{}
	for _, e := range after(log, n, number) {
		if len(out) == limit {
			break
		}
		if fits(e) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (c *controlCall) fits(organisation, customer string) bool {
	id := c.query.Get("customer")
	return (c.organisation == "" || c.organisation == organisation) && (id == "" || id == customer)
}

func (s *Sandbox) controlCalls(c *controlCall) (any, error) {
	out, err := matching(c, s.Calls(), func(e Call) int64 { return e.Number }, func(e Call) bool { return c.fits(e.Organisation, "") })
	return map[string]any{"calls": out}, err
}

func (s *Sandbox) controlEffects(c *controlCall) (any, error) {
	out, err := matching(c, s.Effects(), func(e Effect) int64 { return e.Number }, func(e Effect) bool { return c.fits(e.Organisation, e.Customer) })
	return map[string]any{"effects": out}, err
}

func (s *Sandbox) controlDeliveries(c *controlCall) (any, error) {
	out, err := matching(c, s.Deliveries(), func(e Delivery) int64 { return e.Number }, func(e Delivery) bool { return c.fits(e.Organisation, e.Customer) })
	return map[string]any{"deliveries": out}, err
}
