package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/fault"
	"customerhub/internal/inbound"
	"customerhub/internal/server"
	"customerhub/internal/system"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, options(func(o *server.Options) { o.AllowedOrigins = []string{"https://app.example.test"} }))
	key := map[string]string{"Authorization": "Bearer " + b.key.Reveal()}
	with := func(more ...string) map[string]string {
		out := map[string]string{"Authorization": key["Authorization"]}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	const good = `{"query":"{ __typename }"}`
	const plain, graphql = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	const ask = "application/graphql-response+json"
	for _, tc := range []struct {
		name, method, body string
		headers            map[string]string
		status             int
		media, code        string
	}{
		{"AQueryIsAnswered", "POST", good, key, 200, plain, ""},
		{"AcceptAnythingGivesJSON", "POST", good, with("Accept", "*/*"), 200, plain, ""},
		{"AcceptJSONGivesJSON", "POST", good, with("Accept", "application/json"), 200, plain, ""},
		{"AcceptGraphQLGivesGraphQL", "POST", good, with("Accept", ask), 200, graphql, ""},
		{"TheBetterQualityWins", "POST", good, with("Accept", "application/json;q=0.5, "+ask+";q=0.9"), 200, graphql, ""},
		{"AcceptOfSomethingElseIsRefused", "POST", good, with("Accept", "text/html"), 406, plain, "NOT_ACCEPTABLE"},
		{"GETIsRefused", "GET", "", key, 405, plain, "METHOD_NOT_ALLOWED"},
		{"PUTIsRefused", "PUT", good, key, 405, plain, "METHOD_NOT_ALLOWED"},
		{"OPTIONSIsRefused", "OPTIONS", "", nil, 405, plain, "METHOD_NOT_ALLOWED"},
		{"TextIsRefused", "POST", good, with("Content-Type", "text/plain"), 415, plain, "UNSUPPORTED_MEDIA_TYPE"},
		{"AFormIsRefused", "POST", "query=%7B__typename%7D", with("Content-Type", "application/x-www-form-urlencoded"), 415, plain, "UNSUPPORTED_MEDIA_TYPE"},
		{"MultipartIsRefused", "POST", good, with("Content-Type", "multipart/form-data; boundary=x"), 415, plain, "UNSUPPORTED_MEDIA_TYPE"},
		{"NoMediaTypeIsRefused", "POST", good, with("Content-Type", ""), 415, plain, "UNSUPPORTED_MEDIA_TYPE"},
		{"AnotherCharsetIsRefused", "POST", good, with("Content-Type", "application/json; charset=latin1"), 415, plain, "UNSUPPORTED_MEDIA_TYPE"},
		{"UTF8IsTaken", "POST", good, with("Content-Type", "application/json; charset=UTF-8"), 200, plain, ""},
		{"AnEmptyBodyIsRefused", "POST", "", key, 400, plain, "BAD_REQUEST"},
		{"BrokenJSONIsRefused", "POST", `{"query":"{ secretword`, key, 400, plain, "BAD_REQUEST"},
		{"AnArrayIsRefused", "POST", `[` + good + `]`, key, 400, plain, "BAD_REQUEST"},
		{"TwoObjectsAreRefused", "POST", good + good, key, 400, plain, "BAD_REQUEST"},
		{"NoQueryIsRefused", "POST", `{"variables":{}}`, key, 400, plain, "BAD_REQUEST"},
		{"AnEmptyQueryIsRefused", "POST", `{"query":" "}`, key, 400, plain, "BAD_REQUEST"},
		{"AQueryThatIsANumberIsRefused", "POST", `{"query":1}`, key, 400, plain, "BAD_REQUEST"},
		{"VariablesThatAreAListAreRefused", "POST", `{"query":"{ __typename }","variables":[]}`, key, 400, plain, "BAD_REQUEST"},
		{"VariablesThatAreATextAreRefused", "POST", `{"query":"{ __typename }","variables":"x"}`, key, 400, plain, "BAD_REQUEST"},
		{"ExtensionsThatAreATextAreRefused", "POST", `{"query":"{ __typename }","extensions":"x"}`, key, 400, plain, "BAD_REQUEST"},
		{"AnOperationNameThatIsANumberIsRefused", "POST", `{"query":"{ __typename }","operationName":1}`, key, 400, plain, "BAD_REQUEST"},
		{"NullMembersAreAbsent", "POST", `{"query":"{ __typename }","operationName":null,"variables":null,"extensions":null}`, key, 200, plain, ""},
		{"BytesThatAreNoTextAreRefused", "POST", "{\"query\":\"{ __typename # \xff }\"}", key, 400, plain, "BAD_REQUEST"},
		{"AnUnreadableDocumentIsAnError", "POST", `{"query":"{"}`, key, 200, plain, "GRAPHQL_PARSE_FAILED"},
		{"AnUnreadableDocumentIs400ForGraphQL", "POST", `{"query":"{"}`, with("Accept", ask), 400, graphql, "GRAPHQL_PARSE_FAILED"},
		{"AnInvalidDocumentIsAnError", "POST", `{"query":"{ customer }"}`, key, 200, plain, "GRAPHQL_VALIDATION_FAILED"},
		{"AnInvalidDocumentIs400ForGraphQL", "POST", `{"query":"{ nothing }"}`, with("Accept", ask), 400, graphql, "GRAPHQL_VALIDATION_FAILED"},
		{"AMissingVariableIs400ForGraphQL", "POST", `{"query":"query($id: ID!) { node(id: $id) { id } }"}`, with("Accept", ask), 400, graphql, "GRAPHQL_VALIDATION_FAILED"},
		{"AnUnknownOperationIsAnError", "POST", `{"query":"query A { __typename }","operationName":"B"}`, key, 200, plain, "GRAPHQL_VALIDATION_FAILED"},
		{"SeveralOperationsNeedAName", "POST", `{"query":"query A { __typename } query B { __typename }"}`, key, 200, plain, "GRAPHQL_VALIDATION_FAILED"},
		{"AnOperationIsChosenByName", "POST", `{"query":"query A { a: __typename } query B { b: __typename }","operationName":"B"}`, key, 200, plain, ""},
		{"ASubscriptionNeedsAStream", "POST", `{"query":"subscription { customerChanged { __typename } }"}`, key, 400, plain, "BAD_REQUEST"},
		{"APageOfAnotherOriginIsRefused", "POST", good, with("Origin", "https://evil.example.test"), 403, plain, "FORBIDDEN"},
		{"AnOriginThatIsNullIsRefused", "POST", good, with("Origin", "null"), 403, plain, "FORBIDDEN"},
		{"APageOfItsOwnIsServed", "POST", good, with("Origin", b.url), 200, plain, ""},
		{"APageOfAnAllowedOriginIsServed", "POST", good, with("Origin", "https://app.example.test"), 200, plain, ""},
		{"IntrospectionIsOff", "POST", `{"query":"{ __schema { types { name } } }"}`, with("Accept", ask), 400, graphql, "FORBIDDEN"},
		{"IntrospectionInAFragmentIsOff", "POST", `{"query":"{ ...f } fragment f on Query { __type(name: \"Node\") { name } }"}`, with("Accept", ask), 400, graphql, "FORBIDDEN"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.send(tc.method, "/graphql", tc.body, tc.headers)
			if a.status != tc.status || a.header.Get("Content-Type") != tc.media || a.code() != tc.code {
				t.Errorf("%d %s %s: %s", a.status, a.header.Get("Content-Type"), a.code(), a.raw)
			}
			if a.HasData != (tc.code == "") {
				t.Errorf("data is there: %v: %s", a.HasData, a.raw)
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers are %v", a.header)
			}
			if (tc.status == 405) != (a.header.Get("Allow") == "POST") {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
			if strings.Contains(a.raw, "secretword") || strings.Contains(a.raw, "Did you mean") {
				t.Errorf("too much is told: %s", a.raw)
			}
		})
	}
	t.Run("AnAllowedOriginMayAskFirst", func(t *testing.T) {
		a := b.send("OPTIONS", "/graphql", "", map[string]string{"Origin": "https://app.example.test", "Access-Control-Request-Method": "POST"})
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "https://app.example.test" || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%d %v", a.status, a.header)
		}
	})
	t.Run("NoOtherOriginIsNamed", func(t *testing.T) {
		if a := b.post(good, with("Origin", b.url)); a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("headers are %v", a.header)
		}
	})
	t.Run("TheExplorerIsOff", func(t *testing.T) {
		if a := b.send("GET", "/", "", nil); a.status != http.StatusNotFound {
			t.Errorf("%d %s", a.status, a.raw)
		}
	})
	t.Run("ABodyThatIsTooBigIsRefused", func(t *testing.T) {
		a := b.post(`{"query":"{ __typename }","variables":{"x":"`+strings.Repeat("x", 1<<20)+`"}}`, key)
		if a.status != 413 || a.code() != "LIMIT_EXCEEDED" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	})
}

func TestDevelopment(t *testing.T) {
	t.Parallel()
	b := setup(t, options(func(o *server.Options) { o.Development = true }))
	t.Run("TheExplorerIsServedUnderAStrictPolicy", func(t *testing.T) {
		for path, want := range map[string]string{"/": "<script src=", "/explorer.js": "graphql-transport-ws", "/explorer.css": "prefers-color-scheme", "/icon.svg": "<svg"} {
			a := b.send("GET", path, "", nil)
			if a.status != 200 || !strings.Contains(a.raw, want) || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "default-src 'self';") {
				t.Errorf("%s: %d %v", path, a.status, a.header)
			}
			if strings.Contains(a.raw, "http://") && path != "/icon.svg" || strings.Contains(a.raw, "https://") {
				t.Errorf("%s names another server", path)
			}
		}
	})
	t.Run("NothingElseIsServed", func(t *testing.T) {
		for _, path := range []string{"/explorer/index.html", "/doc.go", "/../server.go"} {
			if a := b.send("GET", path, "", nil); a.status != 404 {
				t.Errorf("%s: %d", path, a.status)
			}
		}
	})
	t.Run("IntrospectionIsOnAndNeedsAKey", func(t *testing.T) {
		const q = `{ __schema { types { name fields { name args { type { kind ofType { kind ofType { kind ofType { name } } } } } } } } }`
		if a := b.do(q, nil); a.len("__schema", "types") < 50 {
			t.Errorf("got %s", a.raw)
		}
		if a := b.as(auth.NewKey(), q, nil); a.status != 401 {
			t.Errorf("%d", a.status)
		}
	})
	t.Run("NamesAreSuggested", func(t *testing.T) {
		if a := b.do(`{ customer(by: {numbr: "1"}) { id } }`, nil); !strings.Contains(a.raw, "Did you mean") {
			t.Errorf("got %s", a.raw)
		}
	})
}

func TestSuggestionsAreOffInProduction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, q := range []string{
		`{ custome { id } }`, `{ customers(frst: 1) { nodes { id } } }`, `{ customer(by: {numbr: "1"}) { id } }`, `{ customers(orderBy: NAME_AS) { nodes { id } } }`,
		`{ customers { nodes { ... on Custome { id } } } }`, `query($x: CustomerFilte) { customers { nodes { id } } }`, `{ viewer { actor } }`,
	} {
		a := b.do(q, nil)
		if a.code() != "GRAPHQL_VALIDATION_FAILED" || strings.Contains(a.raw, "Did you mean") {
			t.Errorf("%s: %s", q, a.raw)
		}
	}
	a := b.do(`query($f: CustomerFilter) { customers(filter: $f) { nodes { id } } }`, vars{"f": vars{"txt": "x"}})
	if a.code() != "GRAPHQL_VALIDATION_FAILED" || strings.Contains(a.raw, "Did you mean") {
		t.Error(a.raw)
	}
}

// TestNothingInternalLeaks takes the database away under the API.
func TestNothingInternalLeaks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	open := openSocket(t, b, nil)
	open.init(b.key)
	if _, err := b.db.Owner.Exec(t.Context(), `ALTER TABLE customer RENAME COLUMN name TO no_name`); err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, raw string) {
		t.Helper()
		for _, word := range []string{"SQLSTATE", "no_name", "pgx", "goroutine", ".go:", "relation", "store", "c.name"} {
			if strings.Contains(raw, word) {
				t.Errorf("%q is told: %s", word, raw)
			}
		}
	}
	t.Run("ABrokenReadTellsAnIDThatIsInTheLog", func(t *testing.T) {
		a := b.do(`{ customers { nodes { name } } again: customers { nodes { name } } }`, nil)
		check(t, a.raw)
		id, _ := a.Errors[0].Extensions["id"].(string)
		if a.code() != "INTERNAL" || id == "" || !strings.Contains(a.Errors[0].Message, id) || !strings.Contains(b.log.String(), id) {
			t.Errorf("got %s", a.raw)
		}
		if a.Errors[1].Extensions["id"] != id || strings.Count(b.log.String(), id) != 1 {
			t.Errorf("one failure has several ids: %s", a.raw)
		}
		if !strings.Contains(b.log.String(), "no_name") && !strings.Contains(b.log.String(), "c.name") {
			t.Errorf("the log does not tell the cause: %s", b.log)
		}
	})
	t.Run("NeitherDoesAMutation", func(t *testing.T) {
		a := b.do(createCustomer, vars{"input": vars{"kind": "COMPANY", "name": "X"}})
		check(t, a.raw)
		if a.code() != "INTERNAL" {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("NeitherDoesASocket", func(t *testing.T) {
		open.send(vars{"id": "1", "type": "subscribe", "payload": vars{"query": `{ customers { nodes { name } } }`}})
		m := open.next()
		check(t, string(m.Payload))
		if !strings.Contains(string(m.Payload), "INTERNAL") {
			t.Errorf("got %s", m.Payload)
		}
	})
	t.Run("NeitherDoesAuthentication", func(t *testing.T) {
		if _, err := b.db.Owner.Exec(t.Context(), `ALTER FUNCTION hub_authenticate RENAME TO gone`); err != nil {
			t.Fatal(err)
		}
		a := b.do(`{ viewer { scopes } }`, nil)
		check(t, a.raw)
		if a.status != 500 || a.code() != "INTERNAL" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	})
	t.Run("NeitherDoesAMissingDatabase", func(t *testing.T) {
		b.pool.Close()
		a := b.do(`{ viewer { scopes } }`, nil)
		check(t, a.raw)
		if a.status != 503 || a.code() != "UNAVAILABLE" {
			t.Errorf("%d %s", a.status, a.raw)
		}
		if a := b.send("GET", "/readyz", "", nil); a.status != 503 || strings.Contains(a.raw, "pool") {
			t.Errorf("readyz: %d %s", a.status, a.raw)
		}
		if a := b.send("GET", "/healthz", "", nil); a.status != 200 {
			t.Errorf("healthz: %d %s", a.status, a.raw)
		}
	})
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t, options(func(o *server.Options) { o.Times.Operation = 300 * time.Millisecond }))
	b.seed(b.org.ID, 1)
	locked, err := b.db.Owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locked.Rollback(t.Context()) }()
	if _, err := locked.Exec(t.Context(), `LOCK TABLE customer IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	a := b.do(`{ customers { nodes { id } } }`, nil)
	if a.code() != "TIMEOUT" {
		t.Errorf("got %s", a.raw)
	}
}

// TestMessagesOfSystems sends a message through the whole server: an address of a system takes what is signed, and nothing else answers.
func TestMessagesOfSystems(t *testing.T) {
	t.Parallel()
	kind := connectortest.NewFake().Kind(system.Netvisor)
	kind.Receive = func(d connector.Delivery, secret string, _ time.Time) (connector.Received, error) {
		if d.Header.Get("X-Secret") != secret {
			return connector.Received{}, fault.New(fault.Unauthenticated, "No.")
		}
		return connector.Received{EventID: string(d.Body), Records: []string{"4000"}}, nil
	}
	b := setup(t, func(b *bundle, o *server.Options) {
		o.Inbound = inbound.New(inbound.Options{Hub: b.hub, Kinds: map[system.Kind]connector.Kind{system.Netvisor: kind}, Log: o.Log})
	})
	b.seed(b.org.ID, 1)
	made := b.do(`mutation($id: ID!) { createInboundEndpoint(input: {id: $id}) { secret system { inbound { path } } userErrors { code } } }`,
		vars{"id": globalID("System", uuid(1, 1))})
	path, secret := made.text("createInboundEndpoint", "system", "inbound", "path"), made.text("createInboundEndpoint", "secret")
	for _, c := range []struct {
		name, method, path, secret string
		status                     int
	}{
		{"Signed", http.MethodPost, path, secret, http.StatusAccepted},
		{"Again", http.MethodPost, path, secret, http.StatusAccepted},
		{"Forged", http.MethodPost, path, "guessed", http.StatusUnauthorized},
		{"BelowIt", http.MethodPost, path + "/x", secret, http.StatusNotFound},
		{"Deleted", http.MethodDelete, path, secret, http.StatusMethodNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := b.send(c.method, c.path, "e1", map[string]string{"X-Secret": c.secret}); got.status != c.status || got.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("it is answered %d, want %d: %s", got.status, c.status, got.raw)
			}
		})
	}
	if state := b.do(`{ customer(by: {number: "1001"}) { links { state dueAt } } }`, nil); state.text("customer", "links", 0, "state") != "DUE" {
		t.Errorf("the link says %s", state.raw)
	}
	if got := b.as(b.newKey([]auth.Scope{auth.SystemsRead}, b.org), `mutation($id: ID!) { rotateInboundSecret(input: {id: $id}) { secret } }`,
		vars{"id": globalID("System", uuid(1, 1))}); got.code() != "FORBIDDEN" {
		t.Errorf("whoever may only read gets another secret: %s", got.raw)
	}
	if got := b.do(`{ systems { inbound { lastDeliveryAt } } }`, nil); got.text("systems", 0, "inbound", "lastDeliveryAt") == "" || strings.Contains(got.raw+b.log.String(), secret) {
		t.Errorf("it is shown as %s", got.raw)
	}
}
