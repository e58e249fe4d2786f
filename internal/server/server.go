package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"

	"customerhub/graph"
	"customerhub/internal/auth"
	"customerhub/internal/inbound"
)

// Authenticator finds out who asks; hub.Hub is it. The bearer comes without its scheme; the organisation is empty when
// none was named. It fails with faults Unauthenticated or Forbidden, or with whatever keeps it from finding out.
type Authenticator interface {
	Authenticate(ctx context.Context, bearer, organisationID string) (auth.Viewer, error)
}

// Options say what a server is made of and how it behaves. API, Auth and Log are needed; the zero value of the rest is
// right for production.
type Options struct {
	API  *graph.API
	Auth Authenticator
	Log  *slog.Logger
	// Inbound takes the messages that systems send (inbound.Pattern); nil takes none.
	Inbound http.Handler
	// Ready says whether the database takes writes; nil means always.
	Ready func(ctx context.Context) error
	// ClockAhead is how far the clock of this process is ahead of the database's, negative when it is behind; nil means not at all.
	ClockAhead func() time.Duration
	// Development serves the explorer, allows introspection, and lets errors suggest names.
	Development bool
	// Introspection allows introspection outside development.
	Introspection bool
	// AllowedOrigins are origins such as https://app.example.test whose pages may use the API from a browser, besides the
	// server's own.
	AllowedOrigins []string
	Limits         Limits
	Times          Times
}

// Limits bound what one request may ask for. A zero member means its default.
type Limits struct {
	BodyBytes  int64 // of a request or a message: 1 MiB
	QueryBytes int   // of a document: 64 KiB
	Tokens     int   // of a document: 2,000
	Operations int   // in a document: 20
	Depth      int   // of fields below one another: 15
	Aliases    int   // in an operation: 100
	RootFields int   // in an operation: 20
	Fields     int   // in an operation, once fragments are expanded: 5,000
	Cost       int   // of an operation: 100,000 (see cost)
	// SocketOperations is how many operations may be under way on one WebSocket: 50.
	SocketOperations int
	// Streams is how many WebSockets and event streams one key may hold open at this server: 100.
	Streams int
}

// Times bound how long things may take. A zero member means its default.
type Times struct {
	Operation time.Duration // a query or mutation: 30 s
	Init      time.Duration // from the opening of a WebSocket to connection_init: 5 s
	Ping      time.Duration // between two pings of a WebSocket, which is given up after two without any sign of life: 20 s
	Recheck   time.Duration // between two looks whether the key of a stream still holds: 60 s
	Write     time.Duration // for a client to take one message: 10 s
	Ready     time.Duration // for the database to answer /readyz: 2 s
}

func (l *Limits) defaults() {
	l.BodyBytes = cmp.Or(l.BodyBytes, 1<<20)
	l.QueryBytes = cmp.Or(l.QueryBytes, 64<<10)
	l.Tokens = cmp.Or(l.Tokens, 2_000)
	l.Operations = cmp.Or(l.Operations, 20)
	l.Depth = cmp.Or(l.Depth, 15)
	l.Aliases = cmp.Or(l.Aliases, 100)
	l.RootFields = cmp.Or(l.RootFields, 20)
	l.Fields = cmp.Or(l.Fields, 5_000)
	l.Cost = cmp.Or(l.Cost, 100_000)
	l.SocketOperations = cmp.Or(l.SocketOperations, 50)
	l.Streams = cmp.Or(l.Streams, 100)
}

func (t *Times) defaults() {
	t.Operation = cmp.Or(t.Operation, 30*time.Second)
	t.Init = cmp.Or(t.Init, 5*time.Second)
	t.Ping = cmp.Or(t.Ping, 20*time.Second)
	t.Recheck = cmp.Or(t.Recheck, time.Minute)
	t.Write = cmp.Or(t.Write, 10*time.Second)
	t.Ready = cmp.Or(t.Ready, 2*time.Second)
}

// Server answers HTTP. It is safe for concurrent use.
type Server struct {
	o         Options
	log       *slog.Logger
	exec      *executor.Executor
	documents *documents
	mux       *http.ServeMux

	// closing ends with Close. Streams outlive what http.Server waits for, so the server keeps count of them.
	closing context.Context
	close   context.CancelFunc
	streams streams
}

// Path is where GraphQL is served, over all transports.
const Path = "/graphql"

// New makes a server.
func New(o Options) *Server {
	o.Limits.defaults()
	o.Times.defaults()
	schema := o.API.Schema()
	s := &Server{o: o, log: o.Log, exec: executor.New(schema), mux: http.NewServeMux()}
	s.closing, s.close = context.WithCancel(context.Background())
	s.documents = newDocuments(schema.Schema(), o.Limits, o.Development || o.Introspection, o.Development)
	s.streams.of = make(map[string]int)
	s.exec.Use(o.API)
	s.exec.SetQueryCache(preparedDocuments{})
	s.exec.SetErrorPresenter(s.present)
	s.exec.SetRecoverFunc(recovered)

	s.mux.HandleFunc(Path, s.graphql)
	if o.Inbound != nil {
		s.mux.Handle(inbound.Pattern, o.Inbound)
	}
	s.mux.HandleFunc("GET /healthz", s.health)
	s.mux.HandleFunc("GET /readyz", s.ready)
	if o.Development {
		s.mux.Handle("/", explorer())
	}
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	s.mux.ServeHTTP(w, r)
}

// Close ends all WebSockets and event streams, telling their clients, and waits for them. Requests that are under way are
// http.Server's to wait for.
func (s *Server) Close() {
	s.close()
	s.streams.wait()
}

// health says that the process is alive, whatever the state of what it depends on.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// ready says whether requests would be answered.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.closing.Err() != nil {
		plain(w, http.StatusServiceUnavailable, "closing\n")
		return
	}
	if s.o.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), s.o.Times.Ready)
		defer cancel()
		if err := s.o.Ready(ctx); err != nil {
			s.log.Warn("not ready", "err", err)
			plain(w, http.StatusServiceUnavailable, "the database does not take writes\n")
			return
		}
	}
	text := "ok\n"
	if s.o.ClockAhead != nil {
		text += clockNote(s.o.ClockAhead())
	}
	plain(w, http.StatusOK, text)
}

// clockOff is from where on a clock that differs from the database's is worth a word.
const clockOff = time.Minute

// clockNote tells of a clock that is off. It is no reason to send nobody here: what is decided goes by the database's (T36).
func clockNote(ahead time.Duration) string {
	switch {
	case ahead >= clockOff:
		return fmt.Sprintf("the clock of this machine is %s ahead of the database's\n", ahead.Round(time.Second))
	case ahead <= -clockOff:
		return fmt.Sprintf("the clock of this machine is %s behind the database's\n", -ahead.Round(time.Second))
	}
	return ""
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// streams counts what stays open, in all and by key.
type streams struct {
	mu sync.Mutex
	of map[string]int
	wg sync.WaitGroup
}

// open takes a place for a stream of the key; false when the key holds as many as it may.
func (s *streams) open(key string, atMost int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[key] >= atMost {
		return false
	}
	s.of[key]++
	return true
}

func (s *streams) done(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[key]--; s.of[key] == 0 {
		delete(s.of, key)
	}
}

func (s *streams) wait() { s.wg.Wait() }
