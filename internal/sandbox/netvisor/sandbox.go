package netvisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the service speaks Helsinki time, also on machines without a zone database
	"unicode/utf8"
)

const (
	maxQuery = 32 << 10
	maxBody  = 1 << 20
	// writePatience is how long one part of a reply may wait for the client to take it.
	writePatience = 60 * time.Second

	stampLayout = "2.1.2006 15:04:05"
)

// Sandbox is a simulated Netvisor. It is an http.Handler and safe for use by many goroutines.
type Sandbox struct {
	opts      Options
	helsinki  *time.Location
	companies map[string]*company
	order     []*company
	replay    replayGuard
	control   http.Handler

	customerForm []rule

	loaded  int
	journal *journal
	stop    chan struct{}
	closing sync.Once

	mu           sync.Mutex // guards what follows, and company.admitted and company.Resources
	calls        []*Call
	number       int64
	inFlight     map[string][]*Call
	effects      []Effect
	effectNumber int64
	faults       []*FaultState
	faultNumber  int64
}

// company is a company with its customers.
type company struct {
	Company
	book     *book
	admitted int
}

// New makes a sandbox, and reads the folder of captured replies if there is one. A folder without usable replies and a file that
// cannot be parsed are errors that name the file and the line.
func New(o Options) (*Sandbox, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		return nil, fmt.Errorf("loading the time zone: %w", err)
	}
	s := &Sandbox{
		opts: o, helsinki: helsinki,
		companies: map[string]*company{},
		replay:    replayGuard{limit: o.ReplayLimit, seen: map[string]bool{}},
		inFlight:  map[string][]*Call{},
		stop:      make(chan struct{}),

		customerForm: customerRules(o.CustomTags != nil),
	}
	for i, c := range o.Companies {
		b := &book{clock: o.Clock, lists: newRegisters(), series: cmp.Or(o.NextCode, firstCode+int64(o.Customers))}
		if i == 0 && o.Load != "" {
			loaded, err := loadFolder(o.Load, o.Clock().Truncate(time.Second), o.Logger)
			if err != nil {
				return nil, err
			}
			b.fill(loaded)
			s.loaded = len(loaded)
		}
		if i > 0 || o.Load == "" || o.Customers > 0 {
			b.generate(o.Seed, c.OrganisationID, o.Customers, o.OddIdentityCode)
		}
		entry := &company{Company: c, book: b}
		s.companies[c.OrganisationID] = entry
		s.order = append(s.order, entry)
	}
	if o.State != "" {
		if err := s.openState(o.State); err != nil {
			return nil, err
		}
	}
	s.control = s.controlPlane()
	return s, nil
}

// Close ends what waits in faults and lets go of the state on disk. It does not end requests; close the server first. Calling it again does
// nothing.
func (s *Sandbox) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.stop)
		err = s.journal.close()
	})
	return err
}

// wait waits, and returns false when the context ended or the sandbox was closed before.
func (s *Sandbox) wait(ctx context.Context, d time.Duration) bool {
	if s.opts.Wait != nil {
		s.opts.Wait(ctx, d)
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.stop:
	}
	return false
}

// Organisations are the organisation ids served, in the order they were given.
func (s *Sandbox) Organisations() []string {
	ids := make([]string, len(s.order))
	for i, c := range s.order {
		ids[i] = c.OrganisationID
	}
	return ids
}

// Credentials are what a client needs to call in the name of a company; an empty id means the first one. False means
// there is no such company.
func (s *Sandbox) Credentials(organisation string) (Credentials, bool) {
	c, err := s.company(organisation)
	if err != nil {
		return Credentials{}, false
	}
	return Credentials{
		OrganisationID: c.OrganisationID, CompanyName: c.Name,
		CustomerID: c.CustomerID, CustomerKey: c.CustomerKey,
		PartnerID: s.opts.Partner.ID, PartnerKey: s.opts.Partner.Key,
	}, true
}

// ErrNotFound is returned where there is no such company or customer.
var ErrNotFound = errors.New("not found")

func (s *Sandbox) company(organisation string) (*company, error) {
	if organisation == "" {
		return s.order[0], nil
	}
	if c := s.companies[organisation]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("organisation %q: %w", organisation, ErrNotFound)
}

// resource is one address of the service.
type resource struct {
	methods []string
	answer  func(*Sandbox, *company, parameters, *reply) *failure
	// served says whether the options offer it; nil means always.
	served func(Options) bool
}

// resources are looked up in lower case: clients write the names in every case.
var resources = map[string]resource{
	"customerlist.nv":           {[]string{http.MethodGet}, (*Sandbox).customerList, nil},
	"getcustomer.nv":            {[]string{http.MethodGet}, (*Sandbox).getCustomer, nil},
	"customer.nv":               {[]string{http.MethodPost}, (*Sandbox).customer, nil},
	"deletecustomer.nv":         {[]string{http.MethodGet}, (*Sandbox).deleteCustomer, nil},
	"office.nv":                 {[]string{http.MethodPost}, (*Sandbox).office, nil},
	"contactperson.nv":          {[]string{http.MethodPost}, (*Sandbox).contactPerson, nil},
	"salespersonnellist.nv":     {[]string{http.MethodGet}, (*Sandbox).salesPersonnel, nil},
	"customerresponsibility.nv": {[]string{http.MethodGet, http.MethodPost}, (*Sandbox).customerResponsibility, func(o Options) bool { return o.Responsibility }},
}

// ServeHTTP answers as Netvisor does, and as the control plane below /_control/. Faults that close the connection do so by panicking with
// http.ErrAbortHandler, which a server of net/http expects.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(writePatience)) // not every ResponseWriter has deadlines
	if r.ContentLength != 0 {
		_ = control.SetReadDeadline(time.Now().Add(writePatience)) // a body that never ends; without one it would end long calls
	}
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.control.ServeHTTP(w, r)
		return
	}
	name := strings.ToLower(strings.TrimPrefix(r.URL.Path, "/"))
	lang, _ := languageOf(r.Header.Get(headerLanguage))
	out := &reply{
		ctx: r.Context(), w: w, control: control,
		clock: s.opts.Clock, zone: s.helsinki, language: lang,
		useStatus: strings.TrimSpace(r.Header.Get(headerUseStatus)) == "1",
	}
	entry := s.begin(Call{
		Start: s.opts.Clock(), Method: r.Method, Resource: clip(name), Query: clip(r.URL.RawQuery),
		Organisation: clip(r.Header.Get(headerOrganisationID)), TransactionID: clip(r.Header.Get(headerTransactionID)),
		Language: clip(r.Header.Get(headerLanguage)),
	})
	out.origin = origin{by: byCall, call: entry.Number, resource: entry.Resource}
	out.strikes = s.strike(entry)
	if s.serve(name, entry, r, out) {
		panic(http.ErrAbortHandler)
	}
}

// serve answers a call of the service; true means that the connection is to be closed.
func (s *Sandbox) serve(name string, entry *Call, r *http.Request, out *reply) (abort bool) {
	defer s.finish(entry, out)
	what, ok := resources[name]
	if !ok || what.served != nil && !what.served(s.opts) {
		out.notFound()
		return false
	}
	// The body comes first: only then does the server notice a client that leaves.
	large := len(r.URL.RawQuery) > maxQuery || r.ContentLength > maxBody
	if r.Method == http.MethodPost && !large {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			out.aborted = true
			return true
		}
		out.body, large = body, len(body) > maxBody
		_ = out.control.SetReadDeadline(time.Time{})
	}
	if out.strikes.find(FaultLostRequest) != nil {
		out.aborted = true
		return true
	}
	if f := out.strikes.page(false); f != nil {
		if out.aborted = !s.latency(out); out.aborted {
			return true
		}
		out.page(f)
		return false
	}
	w := out.w
	var written *spool
	if out.strikes.spoils() {
		var err error
		if written, err = newSpool(); err != nil {
			s.opts.Logger.Error("fault not played", "error", err)
		} else {
			defer written.close()
			out.w = written
		}
	}
	if f := s.handle(what, name, large, entry, r, out); f != nil {
		out.fail(f)
	}
	if out.aborted && out.status == 0 { // the client left before there was an answer
		return true
	}
	if written != nil {
		return s.spoil(entry, out, written, w)
	}
	return false
}

func (s *Sandbox) handle(what resource, name string, large bool, entry *Call, r *http.Request, out *reply) *failure {
	if !slices.Contains(what.methods, r.Method) {
		return fail(authenticationFailed, textMethod)
	}
	if large {
		return fail(invalidDataSize, textTooLarge)
	}
	c, f := s.authenticate(r)
	if f != nil {
		return f
	}
	if !s.admit(c, out) {
		return fail(technicalError, textOverlap)
	}
	if s.opts.Gate != nil {
		s.mu.Lock()
		call := *entry
		s.mu.Unlock()
		s.opts.Gate(r.Context(), call)
	}
	if s.opts.Latency > 0 {
		s.wait(r.Context(), s.opts.Latency)
	}
	if out.aborted = !s.latency(out); out.aborted {
		return nil
	}
	switch refused := out.strikes.refuse(false); {
	case out.strikes.find(FaultRevoked) != nil:
		return fail(authenticationFailed, textUnknownCustomer)
	case refused != nil:
		return refused
	case !s.allowed(c, name) || out.strikes.find(FaultNotAllowed) != nil:
		return fail(serviceAccessError, textNotAllowed, name)
	}
	p, f := parseParameters(r.URL.RawQuery)
	if f != nil {
		return f
	}
	out.parameters = p
	return what.answer(s, c, p, out)
}

// latency waits as the fault of that name says; false means the client has gone meanwhile.
func (s *Sandbox) latency(out *reply) bool {
	f := out.strikes.find(FaultLatency)
	return f == nil || s.wait(out.ctx, time.Duration(f.Delay))
}

// allowed reports whether the company lets integrations use a resource.
func (s *Sandbox) allowed(c *company, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.Resources == nil || slices.ContainsFunc(c.Resources, func(a string) bool { return strings.EqualFold(a, name) })
}

// clip keeps the call log small whatever a client sends.
func clip(s string) string {
	const most = 2048
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// parameters are the query by lower-case name, each at most once; empty ones are as good as absent, since clients send them.
type parameters map[string]string

func parseParameters(query string) (parameters, *failure) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fail(invalidData, textBadQuery)
	}
	p := parameters{}
	for name, v := range values {
		name = strings.ToLower(name)
		if _, twice := p[name]; twice || len(v) > 1 {
			return nil, fail(invalidData, textRepeated, name)
		}
		p[name] = strings.TrimSpace(decodeMessage(v[0]))
	}
	return p, nil
}

// reply writes one answer and keeps count for the log.
type reply struct {
	ctx       context.Context
	w         http.ResponseWriter
	control   *http.ResponseController
	clock     func() time.Time
	zone      *time.Location
	language  language
	useStatus bool
	holds     *company // the company whose turn this request has

	body       []byte // of a POST, not nil
	parameters parameters
	strikes    strikes
	origin     origin
	committed  bool

	category  category
	status    int
	bytes     int64
	customers int
	aborted   bool
}

// Write passes on to the client. Each part has its own patience, so that a client that stops reading cannot hold a company for ever.
func (r *reply) Write(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	_ = r.control.SetWriteDeadline(time.Now().Add(writePatience))
	n, err := r.w.Write(b)
	r.bytes += int64(n)
	return n, err
}

// begin starts an envelope stamped with the given moment and returns the writer for what follows inside Root.
func (r *reply) begin(c category, detail string, at time.Time) *xmlWriter {
	r.category, r.status = c, http.StatusOK
	if r.useStatus {
		r.status = c.httpStatus()
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(r.status)
	x := newXMLWriter(r)
	x.declaration()
	x.open("Root")
	status := node("ResponseStatus", leaf("Status", string(statusOK)))
	if c != statusOK {
		status.children[0].text = "FAILED"
		status.children = append(status.children, leaf("Status", detail))
	}
	status.children = append(status.children, leaf("TimeStamp", at.In(r.zone).Format(stampLayout)))
	x.element(status)
	return x
}

func (r *reply) end(x *xmlWriter) {
	x.close("Root")
	if x.flush() != nil {
		r.aborted = true
	}
}

func (r *reply) fail(f *failure) {
	x := r.begin(f.category, f.in(r.language), r.clock())
	r.end(x)
}

// notFound is what a web server in front of the service says; it is no envelope.
func (r *reply) notFound() {
	r.status = http.StatusNotFound
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(r.status)
	_, err := io.WriteString(r, "<!DOCTYPE html>\r\n<html><head><title>404</title></head><body><h1>404 - Not Found</h1></body></html>\r\n")
	r.aborted = err != nil
}

// Serve answers on the listener until the context ends, then lets requests in flight finish for a few seconds. It closes the
// listener and the sandbox, and returns nil after the context has ended unless the state could not be kept.
func (s *Sandbox) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    maxQuery + 32<<10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving the netvisor sandbox: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // whoever is still reading is cut off
	}
	<-done
	return s.Close()
}

// valid reports whether a text can be sent: UTF-8, and no characters that XML cannot hold.
func valid(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !inXML(r) })
}
