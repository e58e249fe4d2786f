package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"customerhub/internal/sandbox/netvisor"

	flexsandbox "customerhub/internal/sandbox/flex"
)

// flexFirst is a first run of Flex in one of its modes, with where the hub is killed in it.
type flexFirst struct {
	name, mode string
	flex       flexsandbox.Options
	fill       func(f *firm)
	// hold has the work stop in the middle, and held says that it has.
	hold func(f *firm)
	held func(f *firm) bool
	// planned is what the plan is to say, customers how many there are in the end.
	planned   string
	customers int
}

var flexFirsts = []flexFirst{
	{
		name: "Scenario12_R57_R97_R101_R109_ImportTakesTheCustomersOfFlex", mode: "import",
		flex: flexsandbox.Options{Customers: 215, Seed: 4},
		// More than one page, and the second one does not come.
		hold: func(f *firm) {
			_, err := f.flex.Fault(flexsandbox.Fault{Kind: flexsandbox.FaultLatency, Method: http.MethodGet, Path: "/customers", Query: "cursor", Times: 1, Delay: flexsandbox.Duration(time.Hour)})
			f.must(err)
		},
		held:    func(f *firm) bool { return f.flex.Faults()[0].Hit == 1 && f.total() >= 200 },
		planned: "217  CREATE", customers: 200,
	},
	{
		name: "Scenario12_R56_R97_R99_R109_ExportMakesTheCustomersOfNetvisor", mode: "export",
		fill: func(f *firm) { f.typedCompanies(2001, 12) },
		// The third customer is made, and the hub does not hear of it.
		hold: func(f *firm) {
			_, err := f.flex.Fault(flexsandbox.Fault{Kind: flexsandbox.FaultSlowAnswer, Method: http.MethodPut, From: 3, Times: 1, Delay: flexsandbox.Duration(time.Hour)})
			f.must(err)
		},
		held:    func(f *firm) bool { return f.flex.Faults()[0].Hit == 1 },
		planned: "12  CREATE", customers: 16,
	},
	{
		name: "Scenario12_R97_R105_R106_R107_R108_R109_BothMergesThem", mode: "both",
		fill: func(f *firm) {
			f.typedCompanies(2001, 6)
			for i := range 9 { // three of them are in both
				f.entered(flexsandbox.Customer{Name: fmt.Sprintf("Yritys %d Oy", 2004+i), CustomerNumber: strconv.Itoa(2004 + i), CustomerTypeID: flexPrivateFromNv, Email: "info@example.test"})
			}
		},
		// The second customer is made in Netvisor, and the hub does not hear of it.
		hold: func(f *firm) {
			_, err := f.netvisor.Fault(netvisor.Fault{Kind: netvisor.FaultSlowAnswer, Resource: "customer.nv", From: 2, Times: 1, Delay: netvisor.Duration(time.Hour)})
			f.must(err)
		},
		held:    func(f *firm) bool { return f.netvisor.Faults()[0].Hit == 1 },
		planned: "3  LINK", customers: 16,
	},
}

// typedCompanies adds companies in Netvisor, with numbers from the first on.
func (f *firm) typedCompanies(first, n int) {
	f.api.t.Helper()
	for i := range n {
		f.typed(map[string]string{
			"Name": fmt.Sprintf("Yritys %d Oy", first+i), "InternalIdentifier": strconv.Itoa(first + i), "IsPrivateCustomer": "1", "PhoneNumber": "040 123 4567",
		})
	}
}

// TestFlexFirstRun makes first runs of Flex with the program itself, in each mode: nothing is done before a mode was chosen, planned and approved;
// what Flex tells before and meanwhile is kept; the hub is killed in the middle and another process goes on; and a second run writes nothing.
func TestFlexFirstRun(t *testing.T) {
	t.Parallel()
	for _, first := range flexFirsts {
		t.Run(first.name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			f := e.firm(t, "Esimerkki Oy", netvisor.Options{}, first.flex, nil, first.fill)
			first.refusedUntilPlanned(f)
			f.pushesByHand()
			before := f.total()
			early := f.entered(flexsandbox.Customer{Name: "Aikainen Oy", CustomerTypeID: flexCompany, Phone: "040 100 0001"}).CustomerNumber
			f.entered(flexsandbox.Customer{Name: "Koskematon Oy", CustomerTypeID: flexCompany}) // and nobody touches it any more
			f.must(f.flex.Settled(t.Context()))
			f.noted(2)

			if first.mode == "export" { // Flex is meant to be empty for it, and is not
				refuses(t, run(t, e.keyless, "plan", "--system", "flex", "--mode", "export"), 1, "customers in use already", "BOTH", early)
			}
			shown := first.plan(f)
			if !strings.Contains(shown, first.planned) || f.total() != before {
				t.Errorf("the plan is\n%s", shown)
			}
			id := planID.FindStringSubmatch(shown)[1]
			if got := f.refused("applyPlan", map[string]any{"id": f.newestPlan()}); got != "PLAN_NOT_APPROVED" {
				t.Errorf("it is applied before somebody approved it: %q", got)
			}
			if n, x := f.writes(); n+x > 0 {
				t.Errorf("planning wrote %d times in Netvisor and %d times in Flex", n, x)
			}
			f.changed(early, func(c *flexsandbox.Customer) { c.Phone = "040 100 0002" }) // after the plan was made
			f.must(f.flex.Settled(t.Context()))

			first.hold(f)
			apply := start(t, e.keyless, "apply", id, "--by", "Aino Malli", "--yes", "--system", "flex", "--organisation", f.name)
			eventually(t, "the middle", func() bool { return first.held(f) })
			amid := f.entered(flexsandbox.Customer{Name: "Kesken Oy", CustomerTypeID: flexCompany, Phone: "040 200 0001"}).CustomerNumber
			f.must(f.flex.Settled(t.Context()))
			e.hubs[0].signal(syscall.SIGKILL)
			e.hubs[0].ends()
			// Nobody is there to be told of this one; Flex tells it again.
			down := f.entered(flexsandbox.Customer{Name: "Alhaalla Oy", CustomerTypeID: flexCompany, Phone: "040 300 0001"}).CustomerNumber
			f.flex.ClearFault(0)
			f.netvisor.ClearFault(0)
			e.open(e.address)

			if code := apply.ends(); code != 0 || !strings.Contains(apply.out.String(), "APPLIED") {
				t.Fatalf("the first run ended with %d: %s%s", code, apply.out, apply.errOut)
			}
			f.subscribed()
			for number, phone := range map[string]string{early: "040 100 0002", amid: "040 200 0001", down: "040 300 0001"} {
				f.comes(number, phone, func(c *netvisor.Customer) bool { return c.Get("PhoneNumber") == phone })
			}
			f.same(first.customers)
			first.again(f)
			for _, h := range e.hubs[1:] {
				h.stopped()
			}
		})
	}
}

// refusedUntilPlanned tries to begin without a plan (R97).
func (first flexFirst) refusedUntilPlanned(f *firm) {
	f.api.t.Helper()
	if s := f.check(); s.State != "CHECKED" {
		f.api.t.Fatalf("got %+v", s)
	}
	if got := f.refused("startSystem", map[string]any{"id": f.flexID}); got != "WRITING_NOT_PLANNED" {
		f.api.t.Errorf("it is started: %q", got)
	}
	refuses(f.api.t, run(f.api.t, f.keyless, "plan", "--system", "flex"), 2, "--mode")
	if s := f.system(); s.State != "CHECKED" {
		f.api.t.Errorf("got %+v", s)
	}
}

// plan plans the first run, and gives what the command shows.
func (first flexFirst) plan(f *firm) string {
	f.api.t.Helper()
	command := []string{"plan", "--system", "flex", "--mode", first.mode}
	if first.mode == "export" {
		command = append(command, "--into-used")
	}
	return f.hub(command...)
}

// pushesByHand has Flex tell the hub before that asks for it by itself: an administrator makes the address, and a person enters it in Flex.
func (f *firm) pushesByHand() {
	f.api.t.Helper()
	type made struct{ Secret string }
	secret := change[made](f.api, "createInboundEndpoint", `mutation ($in: CreateInboundEndpointInput!) { createInboundEndpoint(input: $in) { secret userErrors { code message } } }`,
		in(map[string]any{"id": f.flexID})).Secret
	body, err := json.Marshal(map[string]any{"url": f.system().Inbound.URL, "secret": secret})
	f.must(err)
	r, err := http.NewRequestWithContext(f.api.t.Context(), http.MethodPost, f.flexURL+"/flex/v1/webhooks", bytes.NewReader(body))
	f.must(err)
	r.Header.Set("Authorization", "Bearer "+f.flex.Key(inFlexOrg))
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	f.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		f.api.t.Fatalf("Flex answers %d", resp.StatusCode)
	}
}

// noted says that the hub took so many messages and did nothing about them.
func (f *firm) noted(n int) {
	f.api.t.Helper()
	before := f.total()
	for _, d := range f.flex.Deliveries() {
		if d.HTTPStatus != http.StatusAccepted {
			f.api.t.Errorf("it is told with %+v", d)
		}
	}
	if got := f.count(`SELECT count(*) FROM inbound_event`); got != n || f.system().Inbound.LastDeliveryAt == "" || f.total() != before {
		f.api.t.Errorf("%d messages were taken", got)
	}
}

// newestPlan is the global id of the newest plan.
func (f *firm) newestPlan() string {
	f.api.t.Helper()
	return ask[[]identified](f.api, "plans", `query ($s: ID!) { plans(system: $s) { id } }`, map[string]any{"s": f.flexID})[0].ID
}

// same waits until both systems have so many customers in use, with the same numbers, names and phones; TEMP is in neither.
func (f *firm) same(n int) {
	f.api.t.Helper()
	told := ""
	defer func() {
		if f.api.t.Failed() {
			f.api.t.Log(told)
		}
	}()
	eventually(f.api.t, "agreement", func() bool {
		there := map[string]string{}
		for c := range f.netvisor.Customers("") {
			if number := c.Get("InternalIdentifier"); number != "TEMP" {
				if there[number] != "" {
					f.api.t.Fatalf("Netvisor has %s twice", number)
				}
				there[number] = c.Get("Name") + " " + c.Get("PhoneNumber")
			}
		}
		all := slices.DeleteFunc(f.flex.Customers(inFlexOrg), func(c flexsandbox.Customer) bool { return !c.Active }) // those are not made anywhere
		told = fmt.Sprintf("%d in Flex, %d in Netvisor", len(all), len(there))
		for _, c := range all {
			if got := there[c.CustomerNumber]; got != strings.TrimRight(c.Name+" "+string(c.Phone), "") {
				told += fmt.Sprintf("; %s is %q in Flex and %q in Netvisor", c.CustomerNumber, c.Name+" "+string(c.Phone), got)
			}
		}
		return told == fmt.Sprintf("%d in Flex, %d in Netvisor", n, n)
	})
	eventually(f.api.t, "the end of all work", func() bool {
		return f.count(`SELECT count(*) FROM link WHERE state NOT IN ('IN_SYNC', 'NOT_IN_SCOPE') OR due_at IS NOT NULL`) == 0
	})
}

// writes counts all calls that had an effect, in both systems.
func (f *firm) writes() (inNetvisor, inFlex int) {
	for _, c := range f.netvisor.Calls() {
		if c.Committed {
			inNetvisor++
		}
	}
	for _, e := range f.flex.Effects() {
		if e.By == "call" {
			inFlex++
		}
	}
	return inNetvisor, inFlex
}

// again makes the first run once more, which writes nothing, and compares both systems.
func (first flexFirst) again(f *firm) {
	f.api.t.Helper()
	f.rest()
	n0, x0 := f.writes()
	if first.mode == "import" && x0 > 0 {
		f.api.t.Errorf("Flex, which has all of them, was written to %d times", x0)
	}
	shown := first.plan(f)
	for _, sort := range []string{"LINK", "CREATE", "UPDATE", "COLLIDE"} {
		if !strings.Contains(shown, "     0  "+sort) {
			f.api.t.Errorf("the second plan is\n%s", shown)
		}
	}
	if got := f.hub("apply", planID.FindStringSubmatch(shown)[1], "--by", "Aino Malli", "--yes", "--system", "flex"); !strings.Contains(got, "APPLIED: 0 steps executed") {
		f.api.t.Error(got)
	}
	for _, system := range []string{"flex", "netvisor"} {
		if got := f.hub("certify", "--heal", "--system", system); !strings.Contains(got, " 0 different") {
			f.api.t.Errorf("%s: %s", system, got)
		}
	}
	f.rest()
	if n, x := f.writes(); n != n0 || x != x0 {
		f.api.t.Errorf("the second run wrote %d times in Netvisor and %d times in Flex", n-n0, x-x0)
	}
}
