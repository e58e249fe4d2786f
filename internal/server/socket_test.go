package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"customerhub/internal/auth"
	"customerhub/internal/server"
)

// socket is a client of graphql-transport-ws that sends whatever a test wants.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

type wsMessage struct {
	ID      string
	Type    string
	Payload json.RawMessage
}

func openSocket(t *testing.T, b *bundle, header http.Header, protocols ...string) *socket {
	t.Helper()
	if protocols == nil {
		protocols = []string{"graphql-transport-ws"}
	}
	conn, resp, err := websocket.Dial(t.Context(), b.url+"/graphql", &websocket.DialOptions{Subprotocols: protocols, HTTPHeader: header})
	if err != nil {
		if resp != nil {
			t.Fatalf("%v (%d)", err, resp.StatusCode)
		}
		t.Fatal(err)
	}
	conn.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{t: t, conn: conn}
}

func (s *socket) send(m vars) {
	s.t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sendRaw(string(raw))
}

func (s *socket) sendRaw(text string) {
	s.t.Helper()
	if err := s.conn.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

const patience = 30 * time.Second

func (s *socket) read() (m wsMessage, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, raw, err := s.conn.Read(ctx)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	return m, err
}

// next is the next message but pings, which it answers.
func (s *socket) next() wsMessage {
	s.t.Helper()
	for {
		m, err := s.read()
		if err != nil {
			s.t.Fatalf("reading: %v", err)
		}
		if m.Type != "ping" {
			return m
		}
		s.send(vars{"type": "pong"})
	}
}

func (s *socket) want(typ, id string) wsMessage {
	s.t.Helper()
	m := s.next()
	if m.Type != typ || m.ID != id {
		s.t.Fatalf("got %s %q %s, want %s %q", m.Type, m.ID, m.Payload, typ, id)
	}
	return m
}

func (s *socket) init(key auth.Key) {
	s.t.Helper()
	s.send(vars{"type": "connection_init", "payload": vars{"authorization": "Bearer " + key.Reveal()}})
	s.want("connection_ack", "")
}

func (s *socket) subscribe(id, query string, v vars) {
	s.t.Helper()
	s.send(vars{"id": id, "type": "subscribe", "payload": vars{"query": query, "variables": v}})
}

// closed waits for the close frame.
func (s *socket) closed(code int) string {
	s.t.Helper()
	for {
		_, err := s.read()
		if err == nil {
			continue
		}
		if got := websocket.CloseStatus(err); int(got) != code {
			s.t.Fatalf("closed with %d (%v), want %d", got, err, code)
		}
		return err.Error()
	}
}

func TestSocketProtocol(t *testing.T) {
	t.Parallel()
	b := setup(t, options(func(o *server.Options) {
		o.Times = server.Times{Init: 500 * time.Millisecond, Ping: 200 * time.Millisecond, Recheck: 50 * time.Millisecond}
		o.Limits.SocketOperations = 3
	}))
	b.seed(b.org.ID, 1)
	const never = `subscription { customerChanged(after: "Y2hhbmdlMTox") { __typename } }` // after change 1, the newest
	ready := func(t *testing.T) *socket {
		s := openSocket(t, b, nil)
		s.init(b.key)
		return s
	}
	for _, tc := range []struct {
		name string
		do   func(s *socket)
		code int
	}{
		{"NoJSONCloses4400", func(s *socket) { s.sendRaw("nonsense") }, 4400},
		{"AListCloses4400", func(s *socket) { s.sendRaw("[]") }, 4400},
		{"AnUnknownTypeCloses4400", func(s *socket) { s.init(b.key); s.send(vars{"type": "start", "id": "1"}) }, 4400},
		{"ATypeThatIsANumberCloses4400", func(s *socket) { s.send(vars{"type": 1}) }, 4400},
		{"AnInitPayloadThatIsATextCloses4400", func(s *socket) { s.send(vars{"type": "connection_init", "payload": "x"}) }, 4400},
		{"CredentialsThatAreNumbersClose4400", func(s *socket) { s.send(vars{"type": "connection_init", "payload": vars{"Authorization": 1}}) }, 4400},
		{"SubscribeWithoutIDCloses4400", func(s *socket) { s.init(b.key); s.send(vars{"type": "subscribe", "payload": vars{"query": never}}) }, 4400},
		{"SubscribeWithoutQueryCloses4400", func(s *socket) { s.init(b.key); s.send(vars{"type": "subscribe", "id": "1", "payload": vars{}}) }, 4400},
		{"SubscribeWithoutPayloadCloses4400", func(s *socket) { s.init(b.key); s.send(vars{"type": "subscribe", "id": "1"}) }, 4400},
		{"CompleteWithoutIDCloses4400", func(s *socket) { s.init(b.key); s.send(vars{"type": "complete"}) }, 4400},
		{"BytesClose4400", func(s *socket) { _ = s.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"ping"}`)) }, 4400},
		{"SubscribeBeforeInitCloses4401", func(s *socket) { s.subscribe("1", never, nil) }, 4401},
		{"NoKeyCloses4403", func(s *socket) { s.send(vars{"type": "connection_init"}) }, 4403},
		{"AnUnknownKeyCloses4403", func(s *socket) {
			s.send(vars{"type": "connection_init", "payload": vars{"Authorization": "Bearer " + auth.NewKey().Reveal()}})
		}, 4403},
		{"AnUnreachableOrganisationCloses4403", func(s *socket) {
			s.send(vars{"type": "connection_init", "payload": vars{"Authorization": "Bearer " + b.key.Reveal(), "HUB-ORGANISATION": uuid(9, 9)}})
		}, 4403},
		{"NoInitInTimeCloses4408", func(*socket) {}, 4408},
		{"TheSameIDTwiceCloses4409", func(s *socket) { s.init(b.key); s.subscribe("1", never, nil); s.subscribe("1", never, nil) }, 4409},
		{"ASecondInitCloses4429", func(s *socket) { s.init(b.key); s.send(vars{"type": "connection_init"}) }, 4429},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := openSocket(t, b, nil)
			tc.do(s)
			s.closed(tc.code)
		})
	}
	for name, protocols := range map[string][]string{"NoSubprotocolCloses4406": {}, "TheOldSubprotocolCloses4406": {"graphql-ws"}} {
		t.Run(name, func(t *testing.T) { openSocket(t, b, nil, protocols...).closed(4406) })
	}
	t.Run("APageOfAnotherOriginIsRefused", func(t *testing.T) {
		_, resp, err := websocket.Dial(t.Context(), b.url+"/graphql", &websocket.DialOptions{
			Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {"https://evil.example.test"}},
		})
		if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("got %v, %v", resp, err)
		}
	})
	t.Run("TheHeaderOfTheUpgradeLetsIn", func(t *testing.T) {
		s := openSocket(t, b, http.Header{"Authorization": {"Bearer " + b.key.Reveal()}})
		s.send(vars{"type": "connection_init"})
		s.want("connection_ack", "")
	})
	t.Run("APingIsAnsweredWithItsPayload", func(t *testing.T) {
		s := openSocket(t, b, nil)
		s.send(vars{"type": "ping", "payload": vars{"a": 1}})
		if m := s.want("pong", ""); string(m.Payload) != `{"a":1}` {
			t.Errorf("payload %s", m.Payload)
		}
	})
	t.Run("TheServerPingsAndGivesUpTheSilent", func(t *testing.T) {
		s := ready(t)
		if m, err := s.read(); err != nil || m.Type != "ping" {
			t.Fatalf("got %v, %v", m, err)
		}
		for {
			if _, err := s.read(); err != nil {
				return // the connection is cut
			}
		}
	})
	t.Run("AQueryIsAnsweredOnceAndCompleted", func(t *testing.T) {
		s := ready(t)
		s.subscribe("q", `{ viewer { organisation { name } } }`, nil)
		if m := s.want("next", "q"); !strings.Contains(string(m.Payload), "Esimerkki Oy") {
			t.Errorf("payload %s", m.Payload)
		}
		s.want("complete", "q")
	})
	t.Run("NothingFollowsAnError", func(t *testing.T) {
		s := ready(t)
		s.subscribe("1", `{ nothing }`, nil)
		if m := s.want("error", "1"); !strings.Contains(string(m.Payload), "GRAPHQL_VALIDATION_FAILED") || m.Payload[0] != '[' {
			t.Errorf("payload %s", m.Payload)
		}
		s.subscribe("2", `subscription { customerChanged(after: "nonsense") { __typename } }`, nil)
		if m := s.want("error", "2"); !strings.Contains(string(m.Payload), "INVALID") {
			t.Errorf("payload %s", m.Payload)
		}
		s.subscribe("3", `subscription($r: ID!) { runProgress(run: $r) { state } }`, vars{"r": globalID("Run", uuid(6, 1))})
		if m := s.want("error", "3"); !strings.Contains(string(m.Payload), "NOT_FOUND") {
			t.Errorf("payload %s", m.Payload)
		}
		s.subscribe("1", `{ __typename }`, nil) // the id is free again
		s.want("next", "1")
		s.want("complete", "1")
	})
	t.Run("ACompletedIDIsFreeAtOnceAndSilent", func(t *testing.T) {
		s := ready(t)
		for range 20 {
			s.subscribe("1", never, nil)
			s.send(vars{"id": "1", "type": "complete"})
		}
		s.subscribe("1", `{ __typename }`, nil)
		s.want("next", "1")
		s.want("complete", "1")
	})
	t.Run("OneOperationTooManyIsRefused", func(t *testing.T) {
		s := ready(t)
		for _, id := range []string{"1", "2", "3", "4"} {
			s.subscribe(id, never, nil)
		}
		if m := s.want("error", "4"); !strings.Contains(string(m.Payload), "LIMIT_EXCEEDED") {
			t.Errorf("payload %s", m.Payload)
		}
	})
	t.Run("ARevokedKeyCloses4403", func(t *testing.T) {
		key := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)
		s := openSocket(t, b, nil)
		s.init(key)
		s.subscribe("1", never, nil)
		keys, err := b.hub.Keys(t.Context(), b.org.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.Prefix == key.Prefix() {
				if err := b.hub.RevokeKey(t.Context(), b.org.ID, k.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.closed(4403)
	})
}

func TestCloseTellsTheClients(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := openSocket(t, b, nil)
	s.init(b.key)
	s.subscribe("1", `subscription { customerChanged(after: "Y2hhbmdlMTow") { __typename } }`, nil) // after change 0, the beginning
	s.subscribe("2", `{ __typename }`, nil)
	s.want("next", "2")
	closing := make(chan struct{})
	go func() { defer close(closing); b.srv.Close() }()
	s.closed(1001)
	<-closing
	if a := b.send("GET", "/readyz", "", nil); a.status != 503 {
		t.Errorf("readyz is %d", a.status)
	}
}
