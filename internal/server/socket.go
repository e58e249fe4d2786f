package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/internal/auth"
)

// subprotocol is the only one that is spoken.
const subprotocol = "graphql-transport-ws"

// Close codes of graphql-transport-ws.
const (
	closeBadMessage   websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401 // an operation before the connection was acknowledged
	closeForbidden    websocket.StatusCode = 4403 // the credentials are refused
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeSameID       websocket.StatusCode = 4409
	closeTooManyInits websocket.StatusCode = 4429
	closeInternal     websocket.StatusCode = 4500
)

// message is one of the protocol, in either direction.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// socket is one WebSocket. The goroutine of the request reads; each operation has a goroutine of its own that writes.
type socket struct {
	s    *Server
	conn *websocket.Conn
	// ctx ends when the socket is to be closed: everything under way on it stops.
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	headers   http.Header
	creds     credentials
	viewer    auth.Viewer
	initiated bool
	acked     atomic.Bool
	// heard is when the client last sent anything, in nanoseconds.
	heard atomic.Int64

	closeOnce sync.Once

	// mu guards writing and operations together, so that after a client completed an operation nothing of it is written
	// any more and its id is free.
	mu         sync.Mutex
	operations map[string]*socketOperation
}

// socketOperation is an operation under way; its identity tells it from a later one of the same id.
type socketOperation struct {
	id     string
	cancel context.CancelFunc
}

// socket speaks graphql-transport-ws until either side closes.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	// The origin was checked already, with the allow-list of this server.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	s.streams.wg.Add(1)
	defer s.streams.wg.Done()

	k := &socket{s: s, conn: conn, headers: r.Header, creds: credentialsOf(r.Header), operations: make(map[string]*socketOperation)}
	k.ctx, k.cancel = context.WithCancel(context.WithoutCancel(r.Context()))
	if conn.Subprotocol() != subprotocol {
		k.shut(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	conn.SetReadLimit(s.o.Limits.BodyBytes)
	k.heard.Store(time.Now().UnixNano())

	k.work.Go(func() {
		select {
		case <-s.closing.Done():
			k.shut(websocket.StatusGoingAway, "The server is closing")
		case <-k.ctx.Done():
		}
	})
	late := time.AfterFunc(s.o.Times.Init, func() {
		if !k.acked.Load() {
			k.shut(closeInitTimeout, "Connection initialisation timeout")
		}
	})
	defer late.Stop()

	k.read()
	k.cancel()
	k.work.Wait()
	if k.acked.Load() {
		s.streams.done(k.viewer.Actor.ID)
	}
}

// shut closes the socket with a code, once; whatever is under way on it ends. It waits for the client to answer, for some
// seconds at most.
func (k *socket) shut(code websocket.StatusCode, reason string) {
	k.closeOnce.Do(func() {
		k.cancel()
		_ = k.conn.Close(code, reason[:min(len(reason), 120)]) // a close frame holds 123 bytes
	})
}

// read takes messages until the socket is closed.
func (k *socket) read() {
	for {
		// Not k.ctx: ending the context of a read tears the connection down before the close frame is out.
		kind, raw, err := k.conn.Read(context.Background())
		if err != nil {
			return
		}
		k.heard.Store(time.Now().UnixNano())
		var m message
		if kind != websocket.MessageText || json.Unmarshal(raw, &m) != nil {
			k.shut(closeBadMessage, "Invalid message received")
			return
		}
		if !k.handle(m) {
			return
		}
	}
}

// handle does what a message asks for; false when the socket is closed.
func (k *socket) handle(m message) bool {
	switch m.Type {
	case "connection_init":
		return k.init(m.Payload)
	case "ping":
		k.write(nil, message{Type: "pong", Payload: m.Payload})
	case "pong":
	case "subscribe":
		return k.subscribe(m)
	case "complete":
		if m.ID == "" {
			k.shut(closeBadMessage, "Invalid message received")
			return false
		}
		k.forget(m.ID)
	default:
		k.shut(closeBadMessage, "Invalid message received")
		return false
	}
	return true
}

// init lets the client in, once.
func (k *socket) init(payload json.RawMessage) bool {
	if k.initiated {
		k.shut(closeTooManyInits, "Too many initialisation requests")
		return false
	}
	k.initiated = true
	var fields map[string]json.RawMessage
	if len(payload) > 0 && json.Unmarshal(payload, &fields) != nil {
		k.shut(closeBadMessage, "The payload of connection_init is not an object")
		return false
	}
	var ok bool
	if k.creds, ok = k.creds.withPayload(fields); !ok {
		k.shut(closeBadMessage, "Authorization and Hub-Organisation of connection_init are strings")
		return false
	}
	ctx, cancel := context.WithTimeout(k.ctx, k.s.o.Times.Init)
	defer cancel()
	v, err := k.s.authenticate(ctx, k.creds)
	if err != nil {
		k.refuse(err)
		return false
	}
	if !k.s.streams.open(v.Actor.ID, k.s.o.Limits.Streams) {
		k.shut(websocket.StatusTryAgainLater, "Too many streams are open with this key")
		return false
	}
	k.viewer = v
	k.acked.Store(true)
	k.write(nil, message{Type: "connection_ack"})
	k.work.Go(k.ping)
	k.work.Go(func() {
		if err := k.s.recheck(k.ctx, k.creds, v); err != nil {
			k.refuse(err)
		}
	})
	return true
}

// refuse closes the socket of somebody who is not, or no longer, let in.
func (k *socket) refuse(err error) {
	if e := k.s.faultError(k.ctx, err); isAccess(err) {
		k.shut(closeForbidden, e.Message)
	} else {
		k.shut(closeInternal, e.Message)
	}
}

// ping asks for a sign of life, and gives the socket up when there is none for two rounds.
func (k *socket) ping() {
	every := k.s.o.Times.Ping
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-k.ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(time.Unix(0, k.heard.Load())) > 2*every {
			k.cancel()
			_ = k.conn.CloseNow()
			return
		}
		k.write(nil, message{Type: "ping"})
	}
}

// subscribe starts an operation of any type; false when the socket is closed.
func (k *socket) subscribe(m message) bool {
	if !k.acked.Load() {
		k.shut(closeUnauthorized, "Unauthorized")
		return false
	}
	if m.ID == "" {
		k.shut(closeBadMessage, "Invalid message received")
		return false
	}
	p, bad := decodeParams(m.Payload)
	if bad != nil {
		k.shut(closeBadMessage, bad.Message)
		return false
	}
	p.Headers = k.headers
	ctx, cancel := context.WithCancel(k.ctx)
	op := &socketOperation{id: m.ID, cancel: cancel}

	k.mu.Lock()
	_, taken := k.operations[m.ID]
	full := len(k.operations) >= k.s.o.Limits.SocketOperations
	if !taken {
		k.operations[m.ID] = op
	}
	k.mu.Unlock()
	switch {
	case taken:
		cancel()
		k.shut(closeSameID, "Subscriber for "+m.ID+" already exists")
		return false
	case full:
		e := limitError("Operations under way on this socket", k.s.o.Limits.SocketOperations, k.s.o.Limits.SocketOperations+1)
		k.finish(op, gqlerror.List{e})
		return true
	}
	k.work.Go(func() { k.run(ctx, op, p) })
	return true
}

// run executes an operation and tells its end.
func (k *socket) run(ctx context.Context, op *socketOperation, p *graphql.RawParams) {
	e, errs := k.s.prepare(ctx, k.viewer, p)
	if errs != nil {
		k.finish(op, errs)
		return
	}
	defer e.end()
	for {
		resp := e.response()
		if resp == nil {
			break
		}
		if e.streams() && len(resp.Data) == 0 && len(resp.Errors) > 0 {
			// The subscription could not begin. That is an error message, after which nothing follows.
			k.finish(op, resp.Errors)
			return
		}
		raw, err := encode(resp)
		if err != nil {
			k.finish(op, gqlerror.List{k.s.faultError(ctx, err)})
			return
		}
		k.write(op, message{ID: op.id, Type: "next", Payload: raw})
		if !e.streams() {
			break
		}
	}
	k.finish(op, e.failed())
}

// finish ends an operation towards the client, with error or complete and never both, and frees its id.
func (k *socket) finish(op *socketOperation, errs gqlerror.List) {
	m := message{ID: op.id, Type: "complete"}
	if len(errs) > 0 {
		raw, err := json.Marshal(errs)
		if err != nil {
			raw = []byte(`[{"message":"Something went wrong on our side."}]`)
		}
		m.Type, m.Payload = "error", raw
	}
	k.write(op, m)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.operations[op.id] == op {
		delete(k.operations, op.id)
	}
	op.cancel()
}

// forget ends an operation that the client completed.
func (k *socket) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if op := k.operations[id]; op != nil {
		delete(k.operations, id)
		op.cancel()
	}
}

// write sends a message; one that belongs to an operation only while that is under way. A client that takes nothing for
// too long is given up.
func (k *socket) write(op *socketOperation, m message) {
	raw, err := json.Marshal(m)
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx.Err() != nil || op != nil && k.operations[op.id] != op {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), k.s.o.Times.Write)
	defer cancel()
	if err := k.conn.Write(ctx, websocket.MessageText, raw); err != nil && !errors.Is(err, context.Canceled) {
		k.cancel()
	}
}
