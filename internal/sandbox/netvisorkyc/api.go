package netvisorkyc

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	apiPrefix   = "/kyc/v1"
	jsonType    = "application/json; charset=utf-8"
	problemType = "application/problem+json; charset=utf-8"
)

// route is one address of the service.
type route struct {
	method, path string
	// who may call it: the integration user, the administrator, or both.
	who  rights
	does func(*Sandbox, *apiCall) (answer, error)
	kind kind
}

// kind is what a route needs beside the rights.
type kind int

const (
	plain   kind = iota
	lists        // it reads the query
	records      // it writes candidates or customers, which needs an integration that was started and is not paused
)

type rights int

const (
	integrationUser rights = 1 << iota
	administrator
)

// routes are all of the contract's section 4. That activating is the administrator's as well as the integration user's is [assumed].
var routes = []route{
	{"POST", "/integration/credentials", administrator, (*Sandbox).apiCredential, plain},
	{"GET", "/integration", integrationUser | administrator, (*Sandbox).apiIntegration, plain},
	{"PUT", "/integration", integrationUser | administrator, (*Sandbox).apiPutIntegration, plain},
	{"POST", "/integration/submit", integrationUser | administrator, (*Sandbox).apiSubmit, plain},
	{"POST", "/integration/start", integrationUser | administrator, (*Sandbox).apiStart, plain},
	{"POST", "/integration/pause", integrationUser | administrator, (*Sandbox).apiPause, plain},
	{"POST", "/integration/resume", integrationUser | administrator, (*Sandbox).apiResume, plain},
	{"GET", "/candidates", integrationUser, (*Sandbox).apiListCandidates, lists},
	{"PUT", "/candidates/by-source/{system}/{externalId}", integrationUser, (*Sandbox).apiPutCandidate, records},
	{"GET", "/candidates/{id}", integrationUser, (*Sandbox).apiGetCandidate, plain},
	{"PATCH", "/candidates/{id}", integrationUser, (*Sandbox).apiPatchCandidate, records},
	{"DELETE", "/candidates/{id}", integrationUser, (*Sandbox).apiDeleteCandidate, records},
	{"GET", "/customers", integrationUser, (*Sandbox).apiListCustomers, lists},
	{"GET", "/customers/by-source/{system}/{externalId}", integrationUser, (*Sandbox).apiCustomerBySource, plain},
	{"GET", "/customers/{id}", integrationUser, (*Sandbox).apiGetCustomer, plain},
	{"GET", "/customers/{id}/status", integrationUser, (*Sandbox).apiGetStatus, plain},
	{"PATCH", "/customers/{id}", integrationUser, (*Sandbox).apiPatchCustomer, records},
	{"POST", "/customers/{id}/end", integrationUser, (*Sandbox).apiEndCustomer, records},
	{"GET", "/changes", integrationUser, (*Sandbox).apiChanges, lists},
	{"POST", "/webhooks", integrationUser, (*Sandbox).apiSubscribe, plain},
	{"GET", "/webhooks", integrationUser, (*Sandbox).apiSubscriptions, lists},
	{"DELETE", "/webhooks/{id}", integrationUser, (*Sandbox).apiUnsubscribe, plain},
}

// apiCall is one call of the service.
type apiCall struct {
	org    *organisation
	admin  bool
	path   map[string]string
	query  url.Values
	header http.Header
	body   []byte
}

// answer is what a call is answered with, before it is written.
type answer struct {
	status  int
	etag    string
	body    any
	raw     []byte // instead of body, for one that is answered again
	changed bool   // it had an effect
	created bool
	replied bool // it was answered before, under the same idempotency key
	header  http.Header
}

// ServeHTTP answers as Netvisor KYC does below /kyc/v1, and as the control plane below /_control/. Faults that close the connection do so
// by panicking with http.ErrAbortHandler, which a server of net/http expects.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.control.ServeHTTP(w, r)
		return
	}
	if s.serve(w, r) {
		panic(http.ErrAbortHandler)
	}
}

// answerCall finds out who calls and what for, and does it. It runs under the lock, so calls happen one after another.
func (s *Sandbox) answerCall(r *http.Request, body []byte, entry *Call, hit strikes) (answer, error) {
	org, admin, err := s.authenticate(r)
	if org != nil {
		entry.Organisation = org.ID
	}
	switch {
	case err != nil:
		return answer{}, err
	case hit.find(FaultRevoked) != nil:
		return answer{}, refuse(http.StatusUnauthorized, CodeToken, "the token is not valid")
	case !org.integration.Enabled || hit.find(FaultNotEnabled) != nil:
		return answer{}, notEnabled()
	}
	if err := s.take(org); err != nil {
		return answer{}, err
	}
	found, path, allow := match(r.Method, r.URL.EscapedPath())
	switch {
	case found == nil && allow != "":
		p := refuse(http.StatusMethodNotAllowed, CodeMethod, "the address takes %s", allow)
		p.allow = allow
		return answer{}, p
	case found == nil:
		return answer{}, notFound("the address")
	case admin && found.who&administrator == 0, !admin && found.who&integrationUser == 0:
		return answer{}, refuse(http.StatusForbidden, CodeRights, "the token does not give the right to this")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return answer{}, malformed("the query cannot be read")
	}
	c := &apiCall{org: org, admin: admin, path: path, query: query, header: r.Header, body: body}
	if err := c.shape(r.Method); err != nil {
		return answer{}, err
	}
	if found.kind != lists {
		if err := c.only(); err != nil {
			return answer{}, err
		}
	}
	if found.kind == records {
		if err := org.integration.mayWrite(); err != nil {
			return answer{}, err
		}
	}
	out, err := s.once(r, c, func() (answer, error) { return found.does(s, c) })
	if found.kind == records {
		s.countSync(org, func(y *syncState) {
			switch p := problemIn(err); {
			case p == nil && out.created:
				y.Created++
			case p != nil && p.skipped:
				y.Skipped++
			case p != nil:
				y.Errors++
			}
		})
	}
	return out, err
}

func problemIn(err error) *ProblemError {
	if err == nil {
		return nil
	}
	return problemOf(err)
}

// shape checks what every call has to keep to.
func (c *apiCall) shape(method string) error {
	if len(c.body) > maxBody {
		return malformed("the body is larger than %d bytes", maxBody)
	}
	if method == http.MethodGet || len(c.body) == 0 {
		return nil
	}
	kind, _, _ := strings.Cut(c.header.Get("Content-Type"), ";")
	switch kind = strings.TrimSpace(strings.ToLower(kind)); {
	case kind == "application/json", kind == "application/merge-patch+json" && method == http.MethodPatch:
		return nil
	default:
		return malformed("the body must be application/json")
	}
}

// mayWrite refuses records before the start and in a pause.
func (i *integration) mayWrite() error {
	switch {
	case i.takesRecords():
		return nil
	case i.State == Paused:
		return refuse(http.StatusConflict, CodePaused, "the integration is paused")
	default:
		return refuse(http.StatusConflict, CodeNotVerified, "the integration is %s; it has to be verified and started first", i.State)
	}
}

// authenticate finds whose token it is.
func (s *Sandbox) authenticate(r *http.Request) (org *organisation, admin bool, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && token != "" {
		given, now := hash(token), s.Now()
		for _, o := range s.order {
			if given == hash(o.integration.Bootstrap) {
				return o, true, nil
			}
			for _, c := range o.integration.Credentials {
				if c.Hash == given && c.valid(now) {
					return o, false, nil
				}
			}
		}
	}
	return nil, false, refuse(http.StatusUnauthorized, CodeToken, "the token is missing or not valid")
}

// match finds the route of an address. Without one, allow lists the methods that the address takes, if any.
func match(method, escaped string) (found *route, path map[string]string, allow string) {
	rest, ok := strings.CutPrefix(escaped, apiPrefix)
	if !ok {
		return nil, nil, ""
	}
	given := strings.Split(rest, "/")
	var methods []string
	for i := range routes {
		params, ok := fits(strings.Split(routes[i].path, "/"), given)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], params, ""
		}
		methods = append(methods, routes[i].method)
	}
	return nil, nil, strings.Join(methods, ", ")
}

func fits(pattern, given []string) (map[string]string, bool) {
	if len(pattern) != len(given) {
		return nil, false
	}
	params := map[string]string{}
	for i, part := range pattern {
		text, err := url.PathUnescape(given[i])
		if name, is := strings.CutPrefix(part, "{"); is && err == nil && text != "" {
			params[strings.TrimSuffix(name, "}")] = text
		} else if part != text {
			return nil, false
		}
	}
	return params, true
}

// source reads the source that the address names.
func (c *apiCall) source() (Source, error) {
	from := Source{System: c.path["system"], ExternalID: c.path["externalId"]}
	switch {
	case from.System != sourceNetvisor:
		return from, invalid(FieldError{"system", "VALUE", "must be " + sourceNetvisor})
	case identityCode.MatchString(from.ExternalID):
		return from, refuse(422, CodeIdentityCode, "externalId must not be a personal identity code")
	case len(from.ExternalID) > 64:
		return from, invalid(FieldError{"externalId", "TOO_LONG", "is too long"})
	}
	return from, nil
}

// match compares If-Match, where it is given, with the revision there is.
func (c *apiCall) match(revision int64) error {
	given := c.header.Values("If-Match")
	if len(given) == 0 {
		return nil
	}
	for tag := range strings.SplitSeq(strings.Join(given, ","), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(revision) {
			return nil
		}
	}
	return refuse(http.StatusPreconditionFailed, CodeStale, "the record has changed; it is at revision %d now", revision)
}

// render turns an answer or an error into bytes.
func render(r *http.Request, out answer, err error) (status int, header http.Header, body []byte, code string) {
	header = http.Header{}
	if out.header != nil {
		header = out.header
	}
	if err != nil {
		p := *problemOf(err)
		p.Instance = hidden(r.URL.Path)
		p.Detail = hidden(p.Detail)
		p.Errors = slices.Clone(p.Errors)
		for i := range p.Errors {
			p.Errors[i].Path, p.Errors[i].Message = hidden(p.Errors[i].Path), hidden(p.Errors[i].Message)
		}
		if p.retryAfter > 0 {
			header.Set("Retry-After", strconv.Itoa(p.retryAfter))
		}
		if p.allow != "" {
			header.Set("Allow", p.allow)
		}
		if p.Status == http.StatusUnauthorized {
			header.Set("WWW-Authenticate", "Bearer")
		}
		header.Set("Content-Type", problemType)
		return p.Status, header, encode(p), p.Code
	}
	if out.etag != "" {
		header.Set("ETag", out.etag)
	}
	switch {
	case out.raw != nil:
		body = out.raw
	case out.body != nil:
		body = encode(out.body)
	}
	if len(body) > 0 {
		header.Set("Content-Type", jsonType)
	}
	return out.status, header, body, ""
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`{}`) // what is shown are texts, numbers and times
	}
	return append(b, '\n')
}

// readBody reads one byte more than is allowed, so that too much can be told.
func readBody(r *http.Request) ([]byte, error) { return io.ReadAll(io.LimitReader(r.Body, maxBody+1)) }
