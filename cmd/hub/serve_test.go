package main_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

// served is a hub that serves.
type served struct {
	*hubProcess
	url string
}

var servingAt = regexp.MustCompile(`graphql=(http://\S+)`)

// serve starts a hub on a free port and waits until it serves.
func serve(t *testing.T, env []string, args ...string) served {
	t.Helper()
	p := start(t, env, append([]string{"serve", "--address", "127.0.0.1:0"}, args...)...)
	p.says(p.errOut, "msg=serving")
	return served{p, servingAt.FindStringSubmatch(p.errOut.String())[1]}
}

// ready says whether the hub takes requests.
func (s served) ready() bool {
	status, _ := get(s.t, strings.TrimSuffix(s.url, "/graphql")+"/readyz")
	return status == 200
}

// stopped checks that the hub ends well when the system stops it.
func (s served) stopped() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	if code := s.ends(); code != 0 {
		s.t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// company is a simulated Netvisor company with what the hub needs to know of it.
type company struct {
	*netvisor.Sandbox
	web *httptest.Server
	url string
}

func newCompany(t *testing.T, o netvisor.Options) company {
	t.Helper()
	s, err := netvisor.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(connectortest.Guard(t, s))
	t.Cleanup(web.Close)
	return company{s, web, web.URL}
}

type identified struct{ ID string }

// connect makes the company a running system of the hub's organisation, as an administrator does, and gives its id. The
// first import is under way then.
func connect(a api, c company) string {
	a.t.Helper()
	id := checked(a, c)
	change[struct{ Run identified }](a, "startSystem", `mutation ($in: StartSystemInput!) { startSystem(input: $in) { run { id } userErrors { code message } } }`,
		map[string]any{"in": map[string]any{"id": id}})
	return id
}

// writes lets values flow both ways between the hub and a system, by a first run that is planned, approved and applied.
func writes(a api, id string) {
	a.t.Helper()
	in := func(v map[string]any) map[string]any { return map[string]any{"in": v} }
	plan := change[struct{ Plan identified }](a, "planSystem", `mutation ($in: PlanSystemInput!) { planSystem(input: $in) { plan { id } userErrors { code message } } }`,
		in(map[string]any{"system": id, "mode": "BOTH"})).Plan.ID
	is := func(state string) func() bool {
		return func() bool {
			all := ask[[]struct{ ID, State string }](a, "plans", `query ($s: ID!) { plans(system: $s) { id state } }`, map[string]any{"s": id})
			return len(all) > 0 && all[0].ID == plan && all[0].State == state
		}
	}
	eventually(a.t, "the plan", is("READY"))
	change[struct{}](a, "approvePlan", `mutation ($in: ApprovePlanInput!) { approvePlan(input: $in) { userErrors { code message } } }`, in(map[string]any{"id": plan}))
	change[struct{}](a, "applyPlan", `mutation ($in: ApplyPlanInput!) { applyPlan(input: $in) { userErrors { code message } } }`, in(map[string]any{"id": plan}))
	eventually(a.t, "the plan to be applied", is("APPLIED"))
}

// checked adds a system whose credentials are right, and gives its id.
func checked(a api, c company) string {
	a.t.Helper()
	type systemPayload struct{ System identified }
	type runPayload struct{ Run identified }
	type pair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	secret, _ := c.Credentials("")
	input := func(v map[string]any) map[string]any { return map[string]any{"in": v} }
	id := change[systemPayload](a, "createSystem", `mutation ($in: CreateSystemInput!) { createSystem(input: $in) { system { id } userErrors { code message } } }`,
		input(map[string]any{"kind": "NETVISOR", "settings": []pair{{"baseUrl", c.url}, {"organisationId", secret.OrganisationID}}})).System.ID
	change[systemPayload](a, "setSystemCredentials", `mutation ($in: SetSystemCredentialsInput!) { setSystemCredentials(input: $in) { system { id } userErrors { code message } } }`,
		input(map[string]any{"id": id, "credentials": []pair{
			{"customerId", secret.CustomerID}, {"customerKey", secret.CustomerKey}, {"partnerId", secret.PartnerID}, {"partnerKey", secret.PartnerKey},
		}}))
	check := change[runPayload](a, "checkSystem", `mutation ($in: CheckSystemInput!) { checkSystem(input: $in) { run { id } userErrors { code message } } }`,
		input(map[string]any{"id": id})).Run.ID
	a.finished(check)
	return id
}

type runState struct {
	State string
	Done  int
	Fault *struct{ Code, Message string }
}

// finished waits for the end of a run, which must be a good one.
func (a api) finished(id string) {
	a.t.Helper()
	eventually(a.t, "the end of a run", func() bool {
		r := ask[runState](a, "node", `query ($id: ID!) { node(id: $id) { ... on Run { state done fault { code message } } } }`, map[string]any{"id": id})
		if r.State == "FAILED" {
			a.t.Fatalf("the run failed: %+v", r.Fault)
		}
		return r.State == "SUCCEEDED"
	})
}

// newKeyset makes a keyset as an operator does.
func newKeyset(t *testing.T) string { return "HUB_KEYSET=" + must(t, nil, "keyset") }

func TestServe(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	env := []string{"HUB_DATABASE_URL=" + db.AppURL, newKeyset(t)}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	key := must(t, env, "key", "create", "test", "--scope", "admin")
	a := api{t, s.url, key}

	t.Run("AnswersOnAGivenDatabase", func(t *testing.T) {
		if !s.ready() {
			t.Error("not ready")
		}
		if n := a.total(); n != 0 {
			t.Errorf("%d customers", n)
		}
	})
	t.Run("ExplorerAndIntrospectionAreForDevelopmentOnly", func(t *testing.T) {
		if status, _ := get(t, strings.TrimSuffix(s.url, "graphql")); status != 404 {
			t.Errorf("status %d", status)
		}
		if got, err := a.try(`{ __schema { types { name } } }`, nil); err != nil || len(got.Errors) == 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("RevokedKeyIsRefusedAtOnce", func(t *testing.T) {
		other := must(t, env, "key", "create", "other", "--scope", "customers:read", "--expires-in", "1h")
		b := api{t, s.url, other}
		if n := b.total(); n != 0 {
			t.Errorf("%d customers", n)
		}
		id := ""
		for line := range strings.Lines(must(t, env, "key", "list")) {
			if strings.Contains(line, " other ") {
				id, _, _ = strings.Cut(line, " ")
			}
		}
		must(t, env, "key", "revoke", id)
		got, err := b.try(`{ viewer { __typename } }`, nil)
		if err != nil || len(got.Errors) != 1 || got.Errors[0].Extensions.Code != "UNAUTHENTICATED" {
			t.Errorf("%+v, %v", got, err)
		}
		if list := must(t, env, "key", "list"); !strings.Contains(list, "revoked ") || strings.Contains(list, other) {
			t.Errorf("list of keys:\n%s", list)
		}
	})
	t.Run("TakenAddressIsNamed", func(t *testing.T) {
		address := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/graphql")
		refuses(t, run(t, env, "serve", "--address", address), 1, "--address "+address+" is taken")
	})
	t.Run("SIGTERMEndsIt", func(t *testing.T) { s.stopped() })
}

func TestServeRefusesLogins(t *testing.T) {
	t.Parallel()
	t.Run("OfTheOwner", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		refuses(t, run(t, []string{"HUB_DATABASE_URL=" + db.OwnerURL}, "serve", "--address", "127.0.0.1:0"), 1,
			"does not work as database role", "owner", "HUB_DATABASE_URL", "hub_app")
	})
	t.Run("OfASuperuser", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewServer(t)
		refuses(t, run(t, []string{"HUB_DATABASE_URL=" + db.SuperURL, "HUB_MIGRATE_DATABASE_URL=" + db.OwnerURL}, "serve", "--address", "127.0.0.1:0"), 1,
			"does not work as database role", "superuser")
	})
	t.Run("WhileMigrationsAreMissing", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		refuses(t, run(t, []string{"HUB_DATABASE_URL=" + db.AppURL}, "serve", "--address", "127.0.0.1:0"), 1,
			"hub migrate up", "HUB_MIGRATE_DATABASE_URL", "version 0")
	})
}

func TestReplicasMigrateAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.NewEmpty(t)
	env := []string{"HUB_DATABASE_URL=" + db.AppURL, "HUB_MIGRATE_DATABASE_URL=" + db.OwnerURL, newKeyset(t)}
	var all sync.WaitGroup
	replicas := make([]*hubProcess, 2)
	for i := range replicas {
		replicas[i] = start(t, env, "serve", "--address", "127.0.0.1:0")
		all.Go(func() { replicas[i].says(replicas[i].errOut, "msg=serving") })
	}
	all.Wait()
	for _, r := range replicas {
		served{r, ""}.stopped()
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	db := pgtest.NewEmpty(t)
	owner := []string{"HUB_MIGRATE_DATABASE_URL=" + db.OwnerURL}
	status := func() string { return must(t, owner, "migrate", "status") }

	if got := status(); !strings.HasPrefix(got, "database version 0, this hub has ") || !strings.Contains(got, "not applied: run hub migrate up") {
		t.Errorf("status of an empty database:\n%s", got)
	}
	var latest int
	if _, err := fmt.Sscanf(must(t, owner, "migrate", "up"), "The database went from version 0 to version %d.", &latest); err != nil || latest == 0 {
		t.Fatal(err)
	}
	if got := must(t, []string{"HUB_DATABASE_URL=" + db.AppURL}, "migrate", "status"); !strings.HasPrefix(got, fmt.Sprintf("database version %d, this hub has %d\n", latest, latest)) {
		t.Errorf("status under the login of the hub:\n%s", got)
	}
	refuses(t, run(t, owner, "migrate", "down"), 2, "--yes")
	// Numbers that nobody took are skipped.
	var from, to int
	got := must(t, owner, "migrate", "down", "--yes")
	if _, err := fmt.Sscanf(got, "The database went from version %d to version %d.", &from, &to); err != nil || from != latest || to == 0 || to >= latest {
		t.Error(got)
	}
	if got := must(t, owner, "migrate", "down", "--yes", "--all"); !strings.HasSuffix(got, "to version 0.") {
		t.Error(got)
	}
	if got := must(t, owner, "migrate", "up"); !strings.HasSuffix(got, fmt.Sprintf("from version 0 to version %d.", latest)) {
		t.Error(got)
	}
}

func TestImportGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	// The fifth call for cards waits until its hub is dead: one is the check's, and of the batches one is read ahead while
	// another is committed.
	reached, gone := make(chan struct{}), make(chan struct{})
	var cards atomic.Int32
	c := newCompany(t, netvisor.Options{Customers: 450, Seed: 7, Gate: func(ctx context.Context, call netvisor.Call) {
		if call.Resource == "getcustomer.nv" && cards.Add(1) == 5 {
			close(reached)
			select {
			case <-gone:
			case <-ctx.Done():
			}
		}
	}})
	db := pgtest.New(t)
	env := []string{"HUB_DATABASE_URL=" + db.AppURL, "HUB_TAKE_OVER_AFTER=2s", newKeyset(t)}
	first := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	key := must(t, env, "key", "create", "test", "--scope", "admin")
	connect(api{t, first.url, key}, c)
	<-reached
	first.signal(syscall.SIGKILL)
	first.ends()
	close(gone)

	second := serve(t, env)
	a := api{t, second.url, key}
	if n := a.total(); n == 0 || n >= 450 {
		t.Errorf("%d customers after the kill: it came too early or too late", n)
	}
	type runs struct {
		Nodes []struct {
			ID, Kind, State string
			Counts          struct{ Created, Unchanged, Skipped int }
		}
	}
	var last runs
	eventually(t, "the end of the import", func() bool {
		last = ask[runs](a, "runs", `{ runs(filter: {kind: FIRST_IMPORT}, first: 5) { nodes { id kind state counts { created unchanged skipped } } } }`, nil)
		return len(last.Nodes) == 1 && last.Nodes[0].State == "SUCCEEDED"
	})
	if n := a.total(); n != 450 {
		t.Errorf("%d customers in the end, want 450", n)
	}
	for _, call := range c.Calls() {
		if call.Overlapped {
			t.Errorf("P10: two calls at a time: %+v", call)
		}
	}
	second.stopped()
}
