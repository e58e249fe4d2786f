package main_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/pgtest"
	flexsandbox "customerhub/internal/sandbox/flex"
	"customerhub/internal/sandbox/netvisor"
)

// estate is a database with the hubs that serve it. Systems reach the first of them by themselves.
type estate struct {
	t       *testing.T
	db      *pgtest.DB
	address string
	// env is what hubs are run with, and keyless what commands are: these leave the work to the hubs.
	env, keyless []string
	hubs         []served
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	db := pgtest.New(t)
	e := &estate{t: t, db: db, address: freeAddress(t), keyless: []string{"HUB_DATABASE_URL=" + db.AppURL, "HUB_TAKE_OVER_AFTER=30s"}}
	e.env = []string{
		newKeyset(t), "HUB_DATABASE_URL=" + db.AppURL, "HUB_PUBLIC_URL=http://" + e.address, "HUB_TAKE_OVER_AFTER=2s", "HUB_RETRY_AFTER=50ms", "HUB_LOST_AFTER=1s",
	}
	e.open(e.address)
	return e
}

// open starts one more hub. Where one has just ended at the address, it may take a moment to be free.
func (e *estate) open(address string) served {
	e.t.Helper()
	p := start(e.t, e.env, "serve", "--address", address)
	p.says(p.errOut, "msg=serving")
	s := served{p, servingAt.FindStringSubmatch(p.errOut.String())[1]}
	e.hubs = append(e.hubs, s)
	return s
}

// firm is an organisation of the hub with its Netvisor, which is written to, and its Admicom Flex, as an administrator and the people of both
// see them.
type firm struct {
	api
	*estate
	name               string
	netvisor           company
	flex               *flexsandbox.Sandbox
	netvisorID, flexID string
	// flexURL is where Flex is reached.
	flexURL string
	traffic *traffic
}

// inFlexOrg is the organisation in Flex.
const inFlexOrg = "org_1"

// traffic is what a system was sent, as it was on the wire.
type traffic struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (x *traffic) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		x.mu.Lock()
		fmt.Fprintf(&x.all, "%s %s\n%s\n", r.Method, r.URL, body)
		x.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// holds says whether the words are in it, in any case.
func (x *traffic) holds(words string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Contains(strings.ToLower(x.all.String()), strings.ToLower(words))
}

// firm makes an organisation whose Flex has been entered in the hub and not been looked at; fill puts customers into Netvisor before that is first
// looked at.
func (e *estate) firm(t *testing.T, name string, no netvisor.Options, fo flexsandbox.Options, settings map[string]string, fill func(f *firm)) *firm {
	t.Helper()
	f := &firm{estate: e, name: name, traffic: &traffic{}}
	nv, err := netvisor.New(no)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(connectortest.Guard(t, f.traffic.recorded(nv)))
	t.Cleanup(web.Close)
	f.netvisor = company{nv, web, web.URL}
	if fo.Organisations == nil {
		fo.Organisations = []flexsandbox.Organisation{{ID: inFlexOrg, Name: "Esimerkkihuolto Oy", Enabled: true}}
	}
	fo.KeepBodies, fo.RetryScale = true, 0.01 // a second attempt comes after 100 ms
	if f.flex, err = flexsandbox.New(fo); err != nil {
		t.Fatal(err)
	}
	there := httptest.NewServer(connectortest.Guard(t, f.flex))
	f.flexURL = there.URL
	t.Cleanup(func() {
		_ = f.flex.Close() // it ends what it sends before its server ends
		there.Close()
	})
	must(t, e.env, "organisation", "create", name)
	f.api = api{t, e.hubs[0].url, must(t, e.env, "key", "create", "test", "--scope", "admin", "--organisation", name)}
	if fill != nil {
		fill(f)
	}
	f.netvisorID = checked(f.api, f.netvisor)
	writes(f.api, f.netvisorID)
	all := map[string]string{"baseUrl": there.URL, "organisation": "Esimerkkihuolto Oy", "sendEvery": "0s"}
	maps.Copy(all, settings)
	f.flexID = change[struct{ System identified }](f.api, "createSystem", `mutation ($in: CreateSystemInput!) { createSystem(input: $in) { system { id } userErrors { code message } } }`,
		in(map[string]any{"kind": "FLEX", "settings": pairs(all)})).System.ID
	change[struct{}](f.api, "setSystemCredentials", `mutation ($in: SetSystemCredentialsInput!) { setSystemCredentials(input: $in) { system { id } userErrors { code message } } }`,
		in(map[string]any{"id": f.flexID, "credentials": pairs(map[string]string{"apiKey": f.flex.Key(inFlexOrg)})}))
	return f
}

// of lets another test speak for a while.
func (f *firm) of(t *testing.T) *firm {
	other := *f
	other.api.t = t
	return &other
}

func (f *firm) must(err error) {
	f.api.t.Helper()
	if err != nil {
		f.api.t.Fatal(err)
	}
}

// hub runs a command about the organisation's Flex, which has to succeed.
func (f *firm) hub(command ...string) string {
	f.api.t.Helper()
	return must(f.api.t, f.keyless, append(command, "--organisation", f.name)...)
}

// refused gives the code by which a mutation with this input is refused; empty when it is not.
func (f *firm) refused(mutation string, input map[string]any) string {
	f.api.t.Helper()
	type payload struct{ UserErrors []struct{ Code string } }
	document := fmt.Sprintf(`mutation ($in: %s%sInput!) { %s(input: $in) { userErrors { code } } }`, strings.ToUpper(mutation[:1]), mutation[1:], mutation)
	if p := ask[payload](f.api, mutation, document, in(input)); len(p.UserErrors) > 0 {
		return p.UserErrors[0].Code
	}
	return ""
}

type flexShown struct {
	State  string
	Checks []struct {
		Name, Message, Fix string
		Ok                 bool
	}
	Inbound *struct {
		Path           string
		URL            string
		SubscribedAt   string
		LastDeliveryAt string
	}
}

func (f *firm) system() flexShown {
	f.api.t.Helper()
	return ask[flexShown](f.api, "node", `query ($id: ID!) { node(id: $id) { ... on System { state checks { name ok message fix }
		inbound { path url subscribedAt lastDeliveryAt } } } }`, map[string]any{"id": f.flexID})
}

// check has the hub check Flex, and gives how it stands then.
func (f *firm) check() flexShown {
	f.api.t.Helper()
	id := change[struct{ Run identified }](f.api, "checkSystem", `mutation ($in: CheckSystemInput!) { checkSystem(input: $in) { run { id } userErrors { code message } } }`,
		in(map[string]any{"id": f.flexID})).Run.ID
	f.ended(id)
	return f.system()
}

// ended waits for the end of a run and gives how it was.
func (f *firm) ended(id string) (r runState) {
	f.api.t.Helper()
	eventually(f.api.t, "the end of a run", func() bool {
		r = ask[runState](f.api, "node", `query ($id: ID!) { node(id: $id) { ... on Run { state done fault { code message } } } }`, map[string]any{"id": id})
		return r.State != "QUEUED" && r.State != "RUNNING"
	})
	return r
}

// look has the hub look at a system now. Where a run is under way, the next one is asked for.
func (f *firm) look(id string, full bool) {
	f.api.t.Helper()
	type payload struct {
		Run        *identified
		UserErrors []struct{ Code, Message string }
	}
	var p payload
	eventually(f.api.t, "a run", func() bool {
		p = ask[payload](f.api, "syncNow", `mutation ($in: SyncNowInput!) { syncNow(input: $in) { run { id } userErrors { code message } } }`,
			in(map[string]any{"system": id, "full": full}))
		if p.Run == nil && p.UserErrors[0].Code != "RUN_IN_PROGRESS" {
			f.api.t.Fatalf("it is not looked at: %+v", p.UserErrors)
		}
		return p.Run != nil
	})
	f.finished(p.Run.ID)
}

// running lets Flex have its first run, and waits until it sends its messages to the hub.
func (f *firm) running(mode string) {
	f.api.t.Helper()
	if s := f.check(); s.State != "CHECKED" {
		f.api.t.Fatalf("got %+v", s)
	}
	plan := planID.FindStringSubmatch(f.hub("plan", "--system", "flex", "--mode", mode))
	if got := f.hub("apply", plan[1], "--by", "Aino Malli", "--yes", "--system", "flex"); !strings.HasPrefix(got, "APPLIED") {
		f.api.t.Fatal(got)
	}
	f.subscribed()
}

// subscribed waits until Flex sends its messages to the hub.
func (f *firm) subscribed() {
	f.api.t.Helper()
	eventually(f.api.t, "the subscription", func() bool {
		s := f.system()
		return s.Inbound != nil && s.Inbound.SubscribedAt != ""
	})
	if hooks := f.flex.Webhooks(inFlexOrg); len(hooks) != 1 || hooks[0].Status != flexsandbox.WebhookActive || hooks[0].URL != f.system().Inbound.URL {
		f.api.t.Errorf("Flex sends to %+v", hooks)
	}
}
