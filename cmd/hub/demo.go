package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
	"customerhub/internal/run"
	flexsandbox "customerhub/internal/sandbox/flex"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// demoCommand is the whole product in one process, with nothing prepared: Postgres, a simulated Netvisor, KYC and Flex, the hub, a
// first import, and a few customers that change now and then.
type demoCommand struct {
	sandboxData
	Address          string        `help:"Where to serve. When it is not given and port 8080 is taken, another free port of 127.0.0.1." placeholder:"127.0.0.1:8080"`
	NetvisorAddress  string        `help:"Where the simulated Netvisor serves; likewise." placeholder:"127.0.0.1:8081"`
	KYCAddress       string        `name:"kyc-address" help:"Where the simulated Netvisor KYC serves; likewise." placeholder:"127.0.0.1:8082"`
	FlexAddress      string        `help:"Where the simulated Admicom Flex serves; likewise." placeholder:"127.0.0.1:8083"`
	Info             string        `help:"Write addresses and key as JSON to this file once everything is ready." placeholder:"FILE" type:"path"`
	ChangeEvery      time.Duration `help:"How often somebody changes a customer in the simulated Netvisor; 0 for never." default:"5s"`
	PollEvery        time.Duration `help:"How often the hub looks at the simulated Netvisor (a real one: 15 minutes)." default:"2s"`
	PostgresBin      string        `help:"Folder of the Postgres programs. Found or fetched when not given." placeholder:"FOLDER" type:"path" env:"HUB_POSTGRES_BIN"`
	PostgresFetchURL string        `help:"Where to fetch Postgres from when it is not on the machine; off for never." placeholder:"URL" env:"HUB_POSTGRES_FETCH_URL"`
}

// demoInfo is what --info writes. Its names are relied on by scripts.
type demoInfo struct {
	GraphQL       string            `json:"graphql"`
	Subscriptions string            `json:"subscriptions"`
	Sandbox       map[string]string `json:"sandbox"`
	Key           string            `json:"key"`
	Organisation  string            `json:"organisation"`
}

// minChangeEvery keeps the simulated people from being machines.
const minChangeEvery = 100 * time.Millisecond

// Validate checks the command's own flags.
func (c *demoCommand) Validate() error {
	switch {
	case c.PollEvery < hub.MinPollEvery || c.PollEvery > hub.MaxPollEvery:
		return usage("--poll-every takes %s to %s, not %s", hub.MinPollEvery, hub.MaxPollEvery, c.PollEvery)
	case c.ChangeEvery != 0 && c.ChangeEvery < minChangeEvery:
		return usage("--change-every takes %s or more, or 0s for never, not %s", minChangeEvery, c.ChangeEvery)
	}
	return errors.Join(
		c.sandboxData.Validate(), checkAddress("--address", c.Address), checkAddress("--netvisor-address", c.NetvisorAddress),
		checkAddress("--kyc-address", c.KYCAddress), checkAddress("--flex-address", c.FlexAddress),
		checkNewFile("--info", c.Info), checkPostgres(c.PostgresBin, c.PostgresFetchURL),
	)
}

// Run runs the demo until interrupted. Everything it made is gone afterwards.
func (c *demoCommand) Run(ctx context.Context, p *program) (err error) {
	p.printf("Customer Hub demo: Postgres, the hub, and a simulated Netvisor, Netvisor KYC and Admicom Flex, all on this machine.\n")
	o := c.options(p)
	o.Responsibility = true // the tab with the contact person for due diligence, which the status is shown on
	sandbox, err := netvisor.New(o)
	if err != nil {
		return err
	}
	sandboxListener, err := listenDemo(ctx, p, c.NetvisorAddress, "127.0.0.1:8081", "--netvisor-address")
	if err != nil {
		return err
	}
	defer sandboxListener.Close()
	kyc, err := c.demoKYC(p)
	if err != nil {
		return err
	}
	kycListener, err := listenDemo(ctx, p, c.KYCAddress, "127.0.0.1:8082", "--kyc-address")
	if err != nil {
		return err
	}
	defer kycListener.Close()
	fx, err := c.demoFlex(p)
	if err != nil {
		return err
	}
	flexListener, err := listenDemo(ctx, p, c.FlexAddress, "127.0.0.1:8083", "--flex-address")
	if err != nil {
		return err
	}
	defer flexListener.Close()
	ln, err := listenDemo(ctx, p, c.Address, "127.0.0.1:8080", "--address")
	if err != nil {
		return err
	}
	defer ln.Close()
	data, err := makeDemoFolder(ctx, p.log)
	if err != nil {
		return err
	}
	defer func() { err = joinClose(err, func() error { return os.RemoveAll(data) }) }()
	p.printf("Starting Postgres (fetched once where the machine has none) …\n")
	flags := databaseFlags{Data: data, PostgresBin: c.PostgresBin, PostgresFetchURL: c.PostgresFetchURL}
	return flags.alone(ctx, p, func(d *database) error {
		keyset, err := (keysetFlags{}).read(d.keyset)
		if err != nil {
			return err
		}
		a, err := newApp(ctx, p, d, appOptions{keyset: keyset, development: true, publicURL: urlOf(ln)})
		if err != nil {
			return err
		}
		demo := &demo{
			command: c, p: p, app: a, sandbox: sandbox, kyc: kyc, data: data, hubURL: urlOf(ln), netvURL: urlOf(sandboxListener),
			kycURL: urlOf(kycListener), flex: fx, flexURL: urlOf(flexListener),
		}
		return demo.run(ctx, ln, sandboxListener, kycListener, flexListener)
	})
}

// listenDemo listens where it was told to. Without that, it takes another port when the usual one is taken, so that the demo
// starts all the same.
func listenDemo(ctx context.Context, p *program, address, usual, flag string) (net.Listener, error) {
	if address != "" {
		return listen(ctx, address, flag)
	}
	ln, err := listen(ctx, usual, flag)
	if errors.Is(err, syscall.EADDRINUSE) {
		if ln, err = listen(ctx, "127.0.0.1:0", flag); err == nil {
			p.printf("%s is taken; using %s instead.\n", usual, ln.Addr())
		}
	}
	return ln, err
}

// urlOf is where a person reaches the listener from this machine.
func urlOf(ln net.Listener) string {
	host, port, _ := net.SplitHostPort(ln.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// demo is a running demo.
type demo struct {
	command *demoCommand
	p       *program
	app     *app
	sandbox *netvisor.Sandbox
	kyc     *netvisorkyc.Sandbox
	hubURL  string
	netvURL string
	kycURL  string
	flex    *flexsandbox.Sandbox
	flexURL string
	data    string
}

func (d *demo) run(ctx context.Context, ln, sandboxListener, kycListener, flexListener net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	start := func(fn func(context.Context) error) {
		all.Go(func() {
			if err := fn(ctx); err != nil {
				cancel(err)
			}
		})
	}
	start(func(ctx context.Context) error { return d.sandbox.Serve(ctx, sandboxListener) })
	start(func(ctx context.Context) error { return d.kyc.Serve(ctx, kycListener) })
	start(func(ctx context.Context) error { return d.flex.Serve(ctx, flexListener) })
	start(func(ctx context.Context) error { return d.app.run(ctx, ln) })
	info, err := d.setUp(ctx)
	if err == nil {
		err = d.announce(info)
	}
	if err != nil {
		cancel(err)
	} else if d.command.ChangeEvery > 0 {
		start(d.live)
	}
	<-ctx.Done()
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	d.p.printf("\nStopped. Nothing is left behind.\n")
	return nil
}

// setUp does what an operator and an administrator would do: organisation, key, system, credentials, check, start.
func (d *demo) setUp(ctx context.Context) (demoInfo, error) {
	h := d.app.hub
	org, err := h.CreateOrganisation(ctx, "Demo Oy")
	if err != nil {
		return demoInfo{}, err
	}
	key, err := h.CreateKey(ctx, hub.NewKey{Name: "demo", Organisations: []organisation.ID{org.ID}, Scopes: []auth.Scope{auth.Admin}})
	if err != nil {
		return demoInfo{}, err
	}
	viewer := auth.Operator(org)
	credentials, _ := d.sandbox.Credentials("")
	s, err := h.CreateSystem(ctx, viewer, hub.CreateSystem{
		Kind: system.Netvisor, Name: "Netvisor (sandbox)", PollEvery: d.command.PollEvery,
		Settings: map[string]string{
			"baseUrl": d.netvURL, "organisationId": credentials.OrganisationID, "responsibilityResource": "customerresponsibility.nv",
		},
	}, "")
	if err != nil {
		return demoInfo{}, err
	}
	if _, err := h.SetSystemCredentials(ctx, viewer, s.ID, map[string]string{
		"customerId": credentials.CustomerID, "customerKey": credentials.CustomerKey,
		"partnerId": credentials.PartnerID, "partnerKey": credentials.PartnerKey,
	}, ""); err != nil {
		return demoInfo{}, err
	}
	check, err := h.CheckSystem(ctx, viewer, s.ID, "")
	if err != nil {
		return demoInfo{}, err
	}
	if _, err := follow(ctx, d.app.feed, h, viewer, check.ID, nil); err != nil {
		return demoInfo{}, err
	}
	d.p.printf("Looking at the customers of %s, and planning what a first run would do …\n", d.netvURL)
	done, err := d.firstRun(ctx, viewer, s.ID)
	if err != nil {
		return demoInfo{}, err
	}
	d.p.printf("%s\n", summary(done))
	d.p.printf("Taking Netvisor KYC into use at %s …\n", d.kycURL)
	if err := d.setUpKYC(ctx, viewer); err != nil {
		return demoInfo{}, err
	}
	d.p.printf("Taking Admicom Flex into use at %s …\n", d.flexURL)
	if err := d.setUpFlex(ctx, viewer); err != nil {
		return demoInfo{}, err
	}
	return demoInfo{
		GraphQL: d.hubURL + "/graphql", Subscriptions: "ws" + d.hubURL[len("http"):] + "/graphql",
		Sandbox: map[string]string{"netvisor": d.netvURL, "netvisorkyc": d.kycURL, "flex": d.flexURL}, Key: key.Reveal(), Organisation: string(org.ID),
	}, nil
}

// announce writes the file for scripts, and says where everything is and what to try.
func (d *demo) announce(info demoInfo) error {
	if d.command.Info != "" {
		if err := writeInfo(d.command.Info, info); err != nil {
			return err
		}
	}
	d.p.printf(`
Customer Hub is running.

  Explorer       %[1]s/#key=%[2]s
  GraphQL        %[3]s (WebSocket: %[4]s)
  Netvisor       %[5]s (a sandbox; its customers: %[5]s/_control/customers)
  Netvisor KYC   %[9]s (a sandbox; its candidates: %[9]s/_control/candidates)
  Admicom Flex   %[10]s (a sandbox; its customers: %[10]s/_control/customers)
  API key        %[2]s
  Organisation   %[6]s

Five commands to try, each in another terminal:

  1. Find customers:
     curl -s %[3]s -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' \
       -d '{"query":"{ customers(first: 3, filter: {text: \"oy\"}) { totalCount nodes { number name businessId billingEmails } } }"}'

  2. Follow changes as they happen (somebody edits a customer in Netvisor now and then):
     curl -sN %[3]s -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' -H 'Accept: text/event-stream' \
       -d '{"query":"subscription { customerChanged { ... on CustomerChange { change { sequence kind fields { field before after } } customer { name } } } }"}'

  3. Look at Netvisor now, with a progress bar:
     %[7]s sync --data %[8]s --full

  4. Play somebody who assesses a candidate in KYC; the class is in the hub and on the customer's tab in Netvisor seconds later:
     curl -s %[9]s/_control/candidates/cand_1001/accept -d '{"riskClass":"HIGH","reviewIntervalMonths":12,"force":true}'

  5. Play somebody who takes on a customer in Flex, who is in Netvisor a second later, under the number that Flex gives:
     curl -s %[10]s/_control/customers -d '{"name":"Uusi Huolto Oy","customerTypeId":"ct_3","businessId":"1572860-0"}'

Ctrl-C stops everything.
`, d.hubURL, info.Key, info.GraphQL, info.Subscriptions, d.netvURL, info.Organisation, called(os.Args[0]), shellWord(d.data), d.kycURL, d.flexURL)
	return nil
}

// writeInfo writes the file for scripts, which only its owner can read, since there is a key in it. It is written beside and
// renamed, so that a script that waits for the file never reads half of it.
func writeInfo(file string, info demoInfo) error {
	raw, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return fmt.Errorf("describing the demo: %w", err)
	}
	beside := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".new")
	if err := os.WriteFile(beside, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("--info %s: %w", file, innermost(err))
	}
	if err := os.Rename(beside, file); err != nil {
		return errors.Join(fmt.Errorf("--info %s: %w", file, innermost(err)), os.Remove(beside))
	}
	return nil
}

// called is how the person called this program, to be copied into another terminal in the same folder.
func called(program string) string {
	if strings.Contains(program, string(filepath.Separator)+"go-build") { // go run built it for this once
		return "go run ./cmd/hub"
	}
	return shellWord(program)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// live lets people of the simulated company change a customer now and then.
func (d *demo) live(ctx context.Context) error {
	var keys []int64
	for c := range d.sandbox.Customers("") {
		if c.Get("code") != "TEMP" {
			keys = append(keys, c.Key())
		}
		if len(keys) == inventedCustomers {
			break
		}
	}
	if len(keys) == 0 {
		return nil
	}
	random := rand.New(rand.NewPCG(d.command.Seed, 0))
	tick := time.NewTicker(d.command.ChangeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		edit := demoEdits[random.IntN(len(demoEdits))]
		err := d.sandbox.Edit("", keys[random.IntN(len(keys))], func(c *netvisor.Customer) error {
			return c.Set(edit.field, edit.values[random.IntN(len(edit.values))])
		})
		if err != nil && !errors.Is(err, netvisor.ErrNotFound) {
			return fmt.Errorf("changing a customer in the sandbox: %w", err)
		}
	}
}

// demoEdits are what people of the simulated company change.
var demoEdits = []struct {
	field  string
	values []string
}{
	{"streetAddress", []string{"Satamakatu 3", "Mäntytie 12 B 4", "Åkergatan 7", "Hämeenkatu 21", "Pöllönkuja 1"}},
	{"phoneNumber", []string{"040 000 1111", "+358 50 000 2222", "09-000 333"}},
	{"nameExtension", []string{"Varasto", "Taloushallinto", "Ostolaskut", "Päämyymälä"}},
	{"email", []string{"laskut@example.test", "toimisto@example.test", "posti@example.test"}},
}

// summary says in a line what a run did.
func summary(r run.Run) string {
	c := r.Counts
	text := fmt.Sprintf("%d customers: %d new, %d changed, %d unchanged, %d left out", c.Listed, c.Created, c.Updated, c.Unchanged, c.Skipped)
	if c.Failed > 0 {
		text += fmt.Sprintf(", %d that could not be taken", c.Failed)
	}
	if c.Findings > 0 {
		text += fmt.Sprintf("; %d findings on odd values", c.Findings)
	}
	if took := r.FinishedAt.Sub(r.StartedAt); took > 0 {
		text += fmt.Sprintf(" (%s)", took.Round(10*time.Millisecond))
	}
	return text
}
