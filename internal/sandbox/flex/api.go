package flex

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// base is where the API begins (contract section 7).
const base = "/flex/v1"

const headerOrigin = "X-Origin"

// request is a call whose key has been accepted.
type request struct {
	*http.Request
	o     *organisation
	actor actor
	entry *Call
	body  []byte
	// hide is how fresh a change may be at most to be seen in lists.
	hide    Duration
	strikes strikes
}

// route is one endpoint.
type route struct {
	method string
	scope  Scope
	answer func(*Sandbox, *request) *answer
}

// routes are the endpoints by their path behind /flex/v1. The first path that fits counts: a number may be any text, also deactivate.
var routes = []struct {
	path    string
	methods []route
}{
	{"/customer-types", []route{{http.MethodGet, TypesRead, (*Sandbox).getTypes}}},
	{"/customers", []route{{http.MethodGet, CustomersRead, (*Sandbox).listCustomers}}},
	{"/customers/by-number/{number}", []route{{http.MethodGet, CustomersRead, (*Sandbox).getByNumber}, {http.MethodPut, CustomersWrite, (*Sandbox).putByNumber}}},
	{"/customers/{id}", []route{{http.MethodGet, CustomersRead, (*Sandbox).getCustomer}, {http.MethodPatch, CustomersWrite, (*Sandbox).patchCustomer}}},
	{"/customers/{id}/deactivate", []route{{http.MethodPost, CustomersWrite, (*Sandbox).deactivateCustomer}}},
	{"/webhooks", []route{{http.MethodGet, Webhooks, (*Sandbox).listWebhooks}, {http.MethodPost, Webhooks, (*Sandbox).postWebhook}}},
	{"/webhooks/{id}", []route{{http.MethodDelete, Webhooks, (*Sandbox).deleteWebhook}}},
}

// find is the endpoint of a request, or the answer that there is none. It puts the parts of the path into the request.
func find(r *http.Request) (route, *answer) {
	path, under := strings.CutPrefix(r.URL.EscapedPath(), base)
	for _, one := range routes {
		if !under || !fits(r, one.path, path) {
			continue
		}
		var methods []string
		for _, m := range one.methods {
			if m.method == r.Method {
				return m, nil
			}
			methods = append(methods, m.method)
		}
		return route{}, refuse(http.StatusMethodNotAllowed, CodeMethodNotAllowed, "%s takes %s", one.path, strings.Join(methods, " and ")).answer().
			set("Allow", strings.Join(methods, ", "))
	}
	return route{}, refuse(http.StatusNotFound, CodeNotFound, "there is nothing at %s", clip(r.URL.Path)).answer()
}

func fits(r *http.Request, pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		name, variable := strings.CutPrefix(w, "{")
		switch part, err := url.PathUnescape(have[i]); {
		case !variable && w != have[i], err != nil, variable && part == "":
			return false
		case variable:
			r.SetPathValue(strings.TrimSuffix(name, "}"), part)
		}
	}
	return true
}

// keyOf is the key with that secret and its organisation; nil when there is none or it is revoked.
func (s *Sandbox) keyOf(secret string) (*organisation, *key) {
	for _, o := range s.order {
		for _, k := range o.keys {
			if k.secret == secret && !k.revoked {
				return o, k
			}
		}
	}
	return nil, nil
}

// authenticate finds out whose call it is, before anything else is looked at.
func (s *Sandbox) authenticate(entry *Call, authorization string) (*organisation, *key) {
	scheme, secret, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, k := s.keyOf(strings.TrimSpace(secret))
	if k != nil {
		entry.Organisation, entry.Key = o.id, k.id
	}
	return o, k
}

// allow refuses what the key may not do: 401 without a key, 403 where support has not enabled the integration (F4), 429 beyond the rate, 403 without the scope.
func (s *Sandbox) allow(o *organisation, k *key, scope Scope, st strikes) *Problem {
	if k == nil || st.find(FaultRevoked) != nil {
		return refuse(http.StatusUnauthorized, CodeInvalidKey, "the API key is missing, unknown or revoked")
	}
	s.mu.Lock()
	enabled := o.enabled
	s.mu.Unlock()
	if !enabled || st.find(FaultNotEnabled) != nil {
		return refuse(http.StatusForbidden, CodeNotEnabled, "the integration is not enabled for the organisation; support switches it on")
	}
	if p := s.admit(o); p != nil {
		return p
	}
	if !slices.Contains(k.scopes, scope) {
		return refuse(http.StatusForbidden, CodeScopeMissing, "the API key does not have the scope %s", scope)
	}
	return nil
}

// origin reads X-Origin: hub is the only one known.
func (r *request) origin() *Problem {
	switch given := r.Header.Get(headerOrigin); {
	case given == "":
		r.actor.origin = OriginAPI
	case strings.EqualFold(given, "hub"):
		r.actor.origin = OriginHub
	default:
		return malformed("%s is hub or absent, not %q", headerOrigin, clip(given))
	}
	return nil
}

// json reads the body of a write as one JSON object.
func (r *request) json(types ...string) (map[string]any, *Problem) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(types, kind) {
		return nil, refuse(http.StatusUnsupportedMediaType, CodeUnsupportedMediaType, "the body must be %s", strings.Join(types, " or "))
	}
	return readTree(r.body)
}

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// revision reads If-Match: one revision in quotation marks. Zero means there was none.
func (r *request) revision() (int64, *Problem) {
	given := r.Header.Values("If-Match")
	if len(given) == 0 {
		return 0, nil
	}
	text, ok := strings.CutPrefix(given[0], `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if len(given) > 1 || !ok || !closed || err != nil || n < 1 || etag(n) != given[0] {
		return 0, malformed("If-Match must be one revision in quotation marks, such as \"4\"")
	}
	return n, nil
}

func customerAnswer(status int, c Customer) *answer {
	a := jsonAnswer(status, c).set("ETag", etag(c.Revision))
	a.customers = 1
	return a
}

// problemOf is an error of the book as an answer.
func problemOf(err error) *answer {
	if p, ok := err.(*Problem); ok { //nolint:errorlint // the book returns it bare
		return p.answer()
	}
	return refuse(http.StatusInternalServerError, CodeInternalError, "the customer could not be stored").answer()
}

func noCustomer(what string) *answer {
	return refuse(http.StatusNotFound, CodeNotFound, "there is no customer %s", clip(what)).answer()
}

func (s *Sandbox) getTypes(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	return jsonAnswer(http.StatusOK, map[string]any{"items": s.Types(r.o.id)})
}

func (s *Sandbox) getCustomer(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	s.mu.Lock()
	e := r.o.find(r.PathValue("id"))
	s.mu.Unlock()
	if e == nil {
		return noCustomer(r.PathValue("id"))
	}
	return customerAnswer(http.StatusOK, e.c)
}

func (s *Sandbox) getByNumber(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	s.mu.Lock()
	e := r.o.withNumber(r.PathValue("number"))
	s.mu.Unlock()
	if e == nil {
		return noCustomer("with the number " + r.PathValue("number"))
	}
	return customerAnswer(http.StatusOK, e.c)
}

// putByNumber creates a customer under a number that is given. The second of two equal messages finds what the first one made, as it is now.
func (s *Sandbox) putByNumber(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	number := r.PathValue("number")
	if r.Header.Get("If-None-Match") != "*" {
		return refuse(http.StatusPreconditionRequired, CodePreconditionRequired,
			"a customer is created with If-None-Match: *; one that exists is changed by id, with If-Match").answer()
	}
	if p := r.origin(); p != nil {
		return p.answer()
	}
	tree, p := r.json("application/json")
	if p != nil {
		return p.answer()
	}
	var bad fields
	writable.check("", tree, &bad)
	if given, there := tree["customerNumber"]; there && given != number {
		bad.add("customerNumber", FieldNumberMismatch, "the number in the body is not the one in the address")
	}
	for _, name := range []string{"name", "customerTypeId"} {
		if _, there := tree[name]; !there {
			bad.add(name, FieldRequired, "%s is missing", name)
		}
	}
	if p := bad.problem(); p != nil {
		return p.answer()
	}
	c, err := patched(Customer{Active: true}, tree)
	if err != nil {
		return malformed("the body cannot be read: %v", err).answer()
	}
	c.CustomerNumber = number
	c.Origin = r.actor.origin
	made := hashOf(tree)

	s.mu.Lock()
	defer s.mu.Unlock()
	if e := r.o.withNumber(number); e != nil {
		if e.made == made {
			return customerAnswer(http.StatusOK, e.c)
		}
		return numberInUse(http.StatusPreconditionFailed, number, e.c.ID).answer()
	}
	created, err := s.store(r.o, r.actor, draft{c: c, made: made, conflict: http.StatusPreconditionFailed})
	if err != nil {
		return problemOf(err)
	}
	a := customerAnswer(http.StatusCreated, created).set("Location", base+"/customers/"+created.ID)
	a.committed = true
	return a
}

func hashOf(tree map[string]any) string {
	b, err := json.Marshal(tree) // names are sorted
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (s *Sandbox) patchCustomer(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	expected, p := r.revision()
	if p != nil {
		return p.answer()
	}
	if p := r.origin(); p != nil {
		return p.answer()
	}
	tree, p := r.json("application/merge-patch+json", "application/json")
	if p != nil {
		return p.answer()
	}
	if expected == 0 {
		return refuse(http.StatusPreconditionRequired, CodePreconditionRequired, "a customer is changed with If-Match and the revision that is known").answer()
	}
	var bad fields
	writable.check("", tree, &bad)
	return s.write(r, expected, func(c Customer) (Customer, *Problem) {
		if p := bad.problem(); p != nil {
			return c, p
		}
		c, err := patched(c, tree)
		if err != nil {
			return c, malformed("the body cannot be read: %v", err)
		}
		return c, nil
	})
}

// write changes the customer of the address, from the revision that is expected; zero is any.
func (s *Sandbox) write(r *request, expected int64, change func(Customer) (Customer, *Problem)) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := r.o.find(r.PathValue("id"))
	if e == nil {
		return noCustomer(r.PathValue("id"))
	}
	if expected != 0 && expected != e.c.Revision {
		p := refuse(http.StatusPreconditionFailed, CodeStaleRevision, "customer %s has the revision %d, not %d", e.c.ID, e.c.Revision, expected)
		p.etag = etag(e.c.Revision)
		return p.answer()
	}
	c, p := change(e.c.clone())
	if p != nil {
		return p.answer()
	}
	stored, err := s.store(r.o, r.actor, draft{c: c, old: e, conflict: http.StatusConflict})
	if err != nil {
		return problemOf(err)
	}
	a := customerAnswer(http.StatusOK, stored)
	a.committed = true
	return a
}

// deactivateCustomer takes a customer out of use; a second time does nothing. If-Match is heeded where it is sent [assumed].
func (s *Sandbox) deactivateCustomer(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	expected, p := r.revision()
	if p != nil {
		return p.answer()
	}
	if p := r.origin(); p != nil {
		return p.answer()
	}
	if tree, p := readTree(r.body); len(r.body) > 0 && (p != nil || len(tree) > 0) {
		return malformed("the body must be empty or {}").answer()
	}
	return s.write(r, expected, func(c Customer) (Customer, *Problem) {
		c.Active = false
		return c, nil
	})
}

func (s *Sandbox) listWebhooks(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	return jsonAnswer(http.StatusOK, map[string]any{"items": s.Webhooks(r.o.id)})
}

// postWebhook makes a subscription. The answer to the call that made it is the only one that holds the secret.
func (s *Sandbox) postWebhook(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	if _, p := r.json("application/json"); p != nil {
		return p.answer()
	}
	n, p := readWebhook(r.body)
	if p != nil {
		return p.answer()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h, made, p := s.subscribe(r.o, n)
	if p != nil {
		return p.answer()
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	a := jsonAnswer(status, struct {
		Webhook
		Secret string `json:"secret"`
	}{h.Webhook, h.secret}).set("Location", base+"/webhooks/"+h.ID)
	a.committed = made
	return a
}

func (s *Sandbox) deleteWebhook(r *request) *answer {
	if p := parameters(r.Request); p != nil {
		return p.answer()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unsubscribe(r.o, r.PathValue("id")) {
		return refuse(http.StatusNotFound, CodeNotFound, "there is no webhook %s", clip(r.PathValue("id"))).answer()
	}
	return &answer{status: http.StatusNoContent, code: codeOK, committed: true}
}

// parameters refuses names in the query that mean nothing here, and those that stand twice.
func parameters(r *http.Request, allowed ...string) *Problem {
	q, err := queryOf(r)
	if err != nil {
		return malformed("the query cannot be read: %v", err)
	}
	for name, values := range q {
		if !slices.Contains(allowed, name) {
			return malformed("there is no parameter %q here", clip(name))
		}
		if len(values) > 1 {
			return malformed("the parameter %s stands twice", name)
		}
	}
	return nil
}
