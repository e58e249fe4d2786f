package netvisor

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
	maxControlBody  = 256 << 10
	controlPage     = 100
	maxControlPage  = 10_000
	partRemove      = "remove"
	partOffices     = "offices"
	partContacts    = "contactPersons"
	partTab         = "responsibility"
	partInvoiced    = "hasInvoices"
	controlJSONType = "application/json; charset=utf-8"
)

// badRequestError is an error whose text is for the person at the other end.
type badRequestError struct{ error }

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
	handle("GET /_control/health", 200, s.controlHealth)
	handle("GET /_control/calls", 200, s.controlCalls)
	handle("GET /_control/effects", 200, s.controlEffects)
	handle("GET /_control/faults", 200, s.controlFaults)
	handle("POST /_control/faults", 201, s.controlAddFault)
	handle("DELETE /_control/faults", 200, s.controlClearFaults)
	handle("DELETE /_control/faults/{id}", 200, s.controlClearFault)
	handle("GET /_control/settings", 200, s.controlGetSettings)
	handle("POST /_control/settings", 200, s.controlSetSettings)
	handle("GET /_control/customers", 200, s.controlList)
	handle("POST /_control/customers", 201, s.controlAdd)
	handle("GET /_control/customers/{key}", 200, s.controlGet)
	handle("POST /_control/customers/{key}", 200, s.controlEdit)
	handle("DELETE /_control/customers/{key}", 200, s.controlRemove)

	// A page in somebody's browser must not play the people of the company: not from another origin, and not through a name
	// that was made to point here.
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.ownHost(r.Host) {
			writeControl(w, http.StatusForbidden, controlError{"the control plane is reached by address, as localhost or by the public URL, not as " + r.Host})
			return
		}
		if err := origins.Check(r); err != nil {
			writeControl(w, http.StatusForbidden, controlError{"requests from pages of other origins are refused"})
			return
		}
		if _, pattern := mux.Handler(r); pattern == "" {
			status := http.StatusNotFound
			for _, method := range []string{"GET", "POST", "DELETE"} {
				if _, p := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); p != "" {
					status = http.StatusMethodNotAllowed
				}
			}
			writeControl(w, status, controlError{"no such control: " + r.Method + " " + r.URL.Path})
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
}

// controlCustomer is a customer as the control plane shows it; empty elements are left out.
type controlCustomer struct {
	Key            string              `json:"key"`
	Changed        time.Time           `json:"changed"`
	Fields         map[string]string   `json:"fields"`
	Offices        []map[string]string `json:"offices"`
	ContactPersons []map[string]string `json:"contactPersons"`
	HasInvoices    bool                `json:"hasInvoices"`
	Responsibility map[string]string   `json:"responsibility"`
	WriteOnly      map[string]string   `json:"writeOnly,omitempty"`
	CustomTags     map[string]string   `json:"customTags,omitempty"`
}

func shown(c *Customer) controlCustomer {
	tab, tags := map[string]string{}, map[string]string{}
	for i, v := range c.tab.values() {
		if v != "" {
			tab[responsibilityNames[i]] = v
		}
	}
	for _, t := range c.tags {
		tags[t.Name] = t.Value
	}
	return controlCustomer{strconv.FormatInt(c.key, 10), c.changed.UTC(), c.Fields(), c.Offices(), c.ContactPersons(), c.invoiced, tab, c.WriteOnly(), tags}
}

func (s *Sandbox) controlHealth(r *http.Request) (any, error) {
	if _, err := controlQuery(r); err != nil {
		return nil, err
	}
	type one struct {
		Organisation string `json:"organisation"`
		Name         string `json:"name"`
		Customers    int    `json:"customers"`
	}
	out := struct {
		Status    string    `json:"status"`
		Time      time.Time `json:"time"`
		Companies []one     `json:"companies"`
	}{Status: "ok", Time: s.opts.Clock().UTC()}
	for _, c := range s.order {
		now := c.book.snapshot()
		out.Companies = append(out.Companies, one{c.OrganisationID, c.Name, now.len()})
	}
	return out, nil
}

func (s *Sandbox) controlCalls(r *http.Request) (any, error) {
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
	calls := s.Calls()
	from, _ := slices.BinarySearchFunc(calls, after+1, func(c Call, n int64) int { return int(c.Number - n) })
	calls = calls[from:]
	return map[string]any{"calls": calls[:min(len(calls), int(limit), maxControlPage)]}, nil
}

func (s *Sandbox) controlList(r *http.Request) (any, error) {
	q, err := controlQuery(r, "after", "limit", "organisation")
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
	c, err := s.company(q.Get("organisation"))
	if err != nil {
		return nil, err
	}
	limit = min(limit, maxControlPage)
	now, out, behind := c.book.snapshot(), []controlCustomer{}, after == 0
	for row := range now.summaries() {
		if int64(len(out)) == limit {
			break
		}
		if behind {
			if found, ok := now.get(row.key); ok {
				out = append(out, shown(found))
			}
		}
		behind = behind || row.key == after
	}
	return map[string]any{"customers": out}, nil
}

func (s *Sandbox) controlGet(r *http.Request) (any, error) {
	c, key, err := s.controlTarget(r)
	if err != nil {
		return nil, err
	}
	found, _, ok := c.book.one(key)
	if !ok {
		return nil, fmt.Errorf("customer %d: %w", key, ErrNotFound)
	}
	return shown(found), nil
}

func (s *Sandbox) controlAdd(r *http.Request) (any, error) {
	q, err := controlQuery(r, "organisation")
	if err != nil {
		return nil, err
	}
	c, err := s.company(q.Get("organisation"))
	if err != nil {
		return nil, err
	}
	change, err := readChange(r.Body)
	if err != nil {
		return nil, err
	}
	added, err := s.add(c, &origin{by: byControl}, func(c *Customer) error {
		if err := change.apply(c); err != nil {
			return err
		}
		if c.Get("name") == "" {
			return badRequestError{errors.New(`"name" must not be empty`)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return shown(added), nil
}

func (s *Sandbox) controlEdit(r *http.Request) (any, error) {
	c, key, err := s.controlTarget(r)
	if err != nil {
		return nil, err
	}
	change, err := readChange(r.Body)
	if err != nil {
		return nil, err
	}
	edited, err := s.edit(c, key, &origin{by: byControl}, change.apply)
	if err != nil {
		return nil, err
	}
	return shown(edited), nil
}

func (s *Sandbox) controlRemove(r *http.Request) (any, error) {
	c, key, err := s.controlTarget(r)
	if err != nil {
		return nil, err
	}
	if err := s.remove(c, key, &origin{by: byControl}, func(*Customer) error { return nil }); err != nil {
		return nil, err
	}
	return map[string]string{"removed": strconv.FormatInt(key, 10)}, nil
}

func (s *Sandbox) controlTarget(r *http.Request) (*company, int64, error) {
	q, err := controlQuery(r, "organisation")
	if err != nil {
		return nil, 0, err
	}
	key, err := strconv.ParseInt(r.PathValue("key"), 10, 64)
	if err != nil {
		return nil, 0, badRequestError{fmt.Errorf("customer key %q is not a number", r.PathValue("key"))}
	}
	c, err := s.company(q.Get("organisation"))
	return c, key, err
}

// change is an edit as it came: nil values take the element away.
type change struct {
	fields            map[string]*string
	offices, contacts []map[string]*string
	tab               map[int]string
	invoiced          *bool
}

func readChange(body io.Reader) (change, error) {
	var c change
	b, err := io.ReadAll(body)
	if err != nil {
		return c, badRequestError{fmt.Errorf("reading the body: %w", err)}
	}
	var given map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&given); err != nil || given == nil {
		return c, badRequestError{errors.New(`the body must be a JSON object such as {"city":"Oulu"}`)}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c, badRequestError{errors.New("the body holds more than one JSON object")}
	}
	if len(given) == 0 {
		return c, badRequestError{errors.New("the body names no field to change")}
	}
	c.fields = map[string]*string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case strings.EqualFold(name, partOffices):
			c.offices, err = readParts(name, given[name])
		case strings.EqualFold(name, partContacts):
			c.contacts, err = readParts(name, given[name])
		case strings.EqualFold(name, partTab):
			c.tab, err = readTab(given[name])
		case strings.EqualFold(name, partInvoiced):
			if json.Unmarshal(given[name], &c.invoiced) != nil || c.invoiced == nil {
				err = fmt.Errorf("field %q must be true or false", name)
			}
		default:
			c.fields[name], err = readText(name, given[name])
		}
		if err != nil {
			return c, badRequestError{err}
		}
	}
	return c, nil
}

func readText(name string, raw json.RawMessage) (*string, error) {
	switch text := strings.TrimSpace(string(raw)); {
	case text == "null":
		return nil, nil
	case text == "true":
		return new("1"), nil
	case text == "false":
		return new("0"), nil
	case strings.HasPrefix(text, `"`):
		var v string
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		return &v, nil
	default: // numbers would lose leading zeros
		return nil, fmt.Errorf("field %q must be a string, true, false or null", name)
	}
}

func readParts(name string, raw json.RawMessage) ([]map[string]*string, error) {
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("field %q must be a list of objects", name)
	}
	var out []map[string]*string
	for _, entry := range entries {
		part := map[string]*string{}
		for field, raw := range entry {
			v, err := readText(name+"/"+field, raw)
			if err != nil {
				return nil, err
			}
			part[field] = v
		}
		out = append(out, part)
	}
	return out, nil
}

func (ch change) apply(c *Customer) error {
	for _, name := range slices.Sorted(maps.Keys(ch.fields)) {
		var err error
		if v := ch.fields[name]; v == nil {
			err = c.Unset(name)
		} else {
			err = c.Set(name, *v)
		}
		if err != nil {
			return badRequestError{err}
		}
	}
	for i, v := range ch.tab {
		*c.tab.fields()[i] = v
	}
	if ch.invoiced != nil {
		c.invoiced = *ch.invoiced
	}
	if err := applyParts(c, partOffices, officePart, ch.offices); err != nil {
		return err
	}
	return applyParts(c, partContacts, contactPart, ch.contacts)
}

func applyParts(c *Customer, list string, p part, entries []map[string]*string) error {
	for i, entry := range entries {
		key, remove, fields := int64(0), false, map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(entry)) {
			v := entry[name]
			switch {
			case v == nil:
				return badRequestError{fmt.Errorf("%s[%d]: field %q must not be null; an empty string empties it", list, i, name)}
			case strings.EqualFold(name, p.key):
				var err error
				if key, err = strconv.ParseInt(*v, 10, 64); err != nil || key <= 0 {
					return badRequestError{fmt.Errorf("%s[%d]: %s %q is not a key", list, i, p.key, *v)}
				}
			case strings.EqualFold(name, partRemove):
				remove = *v == "1"
			default:
				fields[name] = *v
			}
		}
		if !remove {
			if _, err := p.set(c, key, fields); err != nil {
				return badRequestError{fmt.Errorf("%s[%d]: %w", list, i, err)}
			}
		} else if !p.remove(c, key) {
			return badRequestError{fmt.Errorf("%s[%d]: there is no %s %d to remove", list, i, p.key, key)}
		}
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
	status := http.StatusInternalServerError
	if _, ok := errors.AsType[badRequestError](err); ok {
		status = http.StatusBadRequest
	} else if errors.Is(err, ErrNotFound) {
		status = http.StatusNotFound
	}
	writeControl(w, status, controlError{err.Error()})
}

func writeControl(w http.ResponseWriter, status int, out any) {
	w.Header().Set("Content-Type", controlJSONType)
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // the client has gone
}
