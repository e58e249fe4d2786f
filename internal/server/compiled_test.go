package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/graph"
	"customerhub/internal/auth"
)

// documentWriter writes random documents that are valid.
type documentWriter struct {
	*rand.Rand
	schema    *ast.Schema
	ids       map[string]string // a global id of each type that node reads
	fragments []string
	aliases   int
}

// one is one of several, each as likely.
func (w *documentWriter) one(of ...string) string { return of[w.IntN(len(of))] }

func (w *documentWriter) chance(percent int) bool { return w.IntN(100) < percent }

func (w *documentWriter) alias() string {
	w.aliases++
	return fmt.Sprintf("a%d", w.aliases)
}

// document is a query of one or two root fields.
func (w *documentWriter) document() string {
	w.fragments, w.aliases = nil, 0
	var roots []string
	for range 1 + w.IntN(2) {
		roots = append(roots, w.alias()+": "+w.root())
	}
	body := "{\n" + strings.Join(roots, "\n") + "\n}\n" + strings.Join(w.fragments, "\n")
	var variables []string
	for _, v := range []string{"$yes: Boolean!", "$no: Boolean!", "$role: ContactRole", "$some: Int"} {
		if name, _, _ := strings.Cut(v, ":"); strings.Contains(body, name) {
			variables = append(variables, v)
		}
	}
	return "query Random" + w.arguments(variables) + " " + body
}

func (w *documentWriter) root() string {
	const depth = 5
	switch w.IntN(4) {
	case 0:
		return fmt.Sprintf(`customer(by: {number: "%d"}) %s`, 1001+w.IntN(12), w.selection("Customer", depth))
	case 1:
		of := w.one("Customer", "Office", "Person", "Link")
		return fmt.Sprintf(`node(id: %q) { __typename ... on %s %s }`, w.ids[of], of, w.selection(of, depth))
	}
	return "customers" + w.arguments([]string{
		w.one("", "orderBy: NAME_DESC", "orderBy: NUMBER_ASC", "orderBy: UPDATED_DESC", "orderBy: KYC_EXPIRES_ASC"),
		w.one("", "first: 3", "first: $some", "last: 4", "first: 0"),
		w.one("", "", "filter: {kind: PRIVATE}", `filter: {text: "yritys"}`, "filter: {status: ACTIVE, kind: COMPANY}",
			`filter: {text: "yrtys", kyc: {requiresActions: false}}`, `filter: {kyc: {expiresBefore: "2027-01-01"}}`, `filter: {customField: {key: "remark", value: {text: "Hyvä"}}, syncState: [IN_SYNC]}`),
	}) + w.selection("CustomerConnection", depth+1)
}

func (w *documentWriter) arguments(all []string) string {
	var given []string
	for _, a := range all {
		if a != "" {
			given = append(given, a)
		}
	}
	if len(given) == 0 {
		return ""
	}
	return "(" + strings.Join(given, ", ") + ")"
}

// selection selects some fields of a type, now and then through a fragment.
func (w *documentWriter) selection(of string, depth int) string {
	def := w.schema.Types[of]
	var out []string
	for range 1 + w.IntN(7) {
		f := def.Fields[w.IntN(len(def.Fields))]
		if strings.HasPrefix(f.Name, "__") {
			out = append(out, "__typename")
			continue
		}
		field := f.Name
		if args := w.fieldArguments(of, f.Name); args != "" {
			field = w.alias() + ": " + f.Name + args // the same name with other arguments would be refused
		} else if w.chance(15) {
			field = w.alias() + ": " + f.Name
		}
		field += w.directive()
		if inner := w.schema.Types[f.Type.Name()]; inner.IsCompositeType() {
			if depth == 0 {
				continue
			}
			field += " " + w.selection(inner.Name, depth-1)
		}
		switch {
		case w.chance(8):
			field = "... on " + of + w.directive() + " { " + field + " }"
		case w.chance(5):
			field = "..." + w.directive() + " { " + field + " }"
		case w.chance(5):
			name := "F" + w.alias()
			w.fragments = append(w.fragments, "fragment "+name+" on "+of+" { "+field+" }")
			field = "..." + name
		}
		out = append(out, field)
	}
	if len(out) == 0 || w.chance(10) {
		out = append(out, "__typename")
	}
	return "{ " + strings.Join(out, " ") + " }"
}

func (w *documentWriter) fieldArguments(of, name string) string {
	switch of + "." + name {
	case "Customer.contacts":
		return w.one("", "(role: BILLING)", "(role: $role)", "(role: KYC)", "(role: null)")
	case "Customer.changes", "Kyc.history":
		return w.one("", "(first: 1)", "(first: $some)", "(first: 0)")
	}
	return ""
}

func (w *documentWriter) directive() string {
	return w.one("", "", "", "", "", "", " @include(if: $yes)", " @skip(if: $no)", " @skip(if: $yes)", " @include(if: $no)", " @include(if: true)")
}

// TestCompiledAnswersAreThoseOfPlainExecution holds that the two ways of answering a query give the same bytes, whatever is
// selected and whoever asks.
func TestCompiledAnswersAreThoseOfPlainExecution(t *testing.T) {
	t.Parallel()
	documents := 1000
	if n, err := strconv.Atoi(os.Getenv("HUB_DOCUMENTS")); err == nil {
		documents = n
	}
	b := setup(t, waiting(50*time.Microsecond))
	b.seed(b.org.ID, 12)
	if _, err := b.db.Owner.Exec(t.Context(), `UPDATE system SET fresh_at = now()`); err != nil {
		t.Fatal(err)
	}
	if b.tellExpiring("2026-11-20T10:00:00Z") == 0 {
		t.Fatal("nothing expires")
	}
	ids := make(map[string]string)
	seen := b.do(`{ customer(by: {number: "1002"}) { id offices { id } contacts { person { id } } links { id } } }`, nil)
	ids["Customer"] = seen.text("customer", "id")
	ids["Office"] = seen.text("customer", "offices", 0, "id")
	ids["Person"] = seen.text("customer", "contacts", 0, "person", "id")
	ids["Link"] = seen.text("customer", "links", 0, "id")
	keys := []auth.Key{b.key}
	for _, scopes := range [][]auth.Scope{
		{auth.CustomersRead}, {auth.CustomersRead, auth.PersonalRead}, {auth.CustomersRead, auth.KYCRead}, {auth.CustomersRead, auth.SystemsRead},
		{auth.SystemsRead},
	} {
		keys = append(keys, b.newKey(scopes, b.org))
	}
	w := &documentWriter{Rand: rand.New(rand.NewPCG(1, 2)), schema: graph.New(graph.Options{}).Schema().Schema(), ids: ids}
	if err := b.api.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := b.api.Reads()
	refused := 0
	for n := 0; n < documents; {
		query, key := w.document(), keys[n%len(keys)]
		v := vars{"yes": w.chance(80), "no": w.chance(20)}
		if w.chance(50) {
			v["role"] = "BILLING"
		}
		if w.chance(50) {
			v["some"] = 2
		}
		plain, compiled := b.asked(key, query, v, true), b.asked(key, query, v, false)
		if strings.HasSuffix(plain, "\n") { // there is no data: it was refused before anything was executed, which compares nothing
			if refused++; !strings.Contains(plain, `"code":"LIMIT_EXCEEDED"`) {
				t.Fatalf("document %d is not valid: %.300s\n%s", n, plain, query)
			}
		} else {
			n++
		}
		if plain != compiled {
			at := 0
			for at < min(len(plain), len(compiled)) && plain[at] == compiled[at] {
				at++
			}
			t.Fatalf("document %d, variables %v:\n%s\nplain:    …%.300s\ncompiled: …%.300s", n, v, query, plain[max(0, at-100):], compiled[max(0, at-100):])
		}
	}
	after := b.api.Reads()
	compiled, plain := after.Compiled-before.Compiled, after.Plain-before.Plain
	t.Logf("%d documents, and %d more that were too big; root fields answered from rows: %d, plainly where rows were asked: %d", documents, refused, compiled, plain)
	if compiled < plain {
		t.Errorf("only %d of %d root fields were answered from rows", compiled, compiled+plain)
	}
}

// TestNestedStatements holds that a screen's worth of data is a fixed number of statements, however many customers it shows.
func TestNestedStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 50)
	count := func(first int) int {
		b.count.take()
		if a := b.asked(b.key, nestedQuery, vars{"first": first}, false); !strings.Contains(a, `"totalCount":50`) {
			t.Fatalf("%.300s", a)
		}
		return len(b.count.take())
	}
	before := b.api.Reads().Compiled
	few, many := count(2), count(50)
	t.Logf("%d statements", many)
	if few != many || b.api.Reads().Compiled != before+2 {
		t.Errorf("%d statements for 2 customers and %d for 50", few, many)
	}
	a := b.do(`{ customers(first: 201) { nodes { id } } }`, nil)
	if a.code() != "INVALID" || !strings.Contains(a.raw, "A page holds 0 to 200 items; first asks for 201.") {
		t.Errorf("a page above the cap: %s", a.raw)
	}
}

// asked gives the answer to a document past the network.
func (b *bundle) asked(key auth.Key, query string, v vars, plainly bool) string {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx := b.t.Context()
	if plainly {
		ctx = graph.Plain(ctx)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key.Reveal())
	w := httptest.NewRecorder()
	b.srv.ServeHTTP(w, r)
	return inOrder(b.t, w.Body.Bytes())
}

// inOrder is an answer with its errors in an order of their own: fields that run at the same time fail in any.
func inOrder(t testing.TB, raw []byte) string {
	t.Helper()
	if !bytes.HasPrefix(raw, []byte(`{"errors"`)) {
		return string(raw)
	}
	var a struct {
		Errors []json.RawMessage
		Data   json.RawMessage
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(a.Errors, func(x, y json.RawMessage) int { return bytes.Compare(x, y) })
	return string(bytes.Join([][]byte{bytes.Join(asBytes(a.Errors), []byte("\n")), a.Data}, []byte("\n")))
}

func asBytes(in []json.RawMessage) [][]byte {
	out := make([][]byte, len(in))
	for i, r := range in {
		out[i] = r
	}
	return out
}
