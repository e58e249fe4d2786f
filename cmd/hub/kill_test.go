package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/netvisor"
)

// crashPoints are where the hub dies (package crash).
var crashPoints = []string{"C1", "C2", "C3", "C4", "C5", "C6"}

// operation is something that is written into Netvisor.
type operation struct {
	name string
	// label is what package crash calls it.
	label string
	// act asks the hub for it; n is different each time.
	act func(k *kills, n int)
	// done says whether Netvisor shows it, once.
	done func(k *kills, n int) bool
}

// TestT1_T2_T3_T5_T7_Kills kills the real program at each crash point of each operation, starts it again, and asks the simulator what came of
// it: each thing is there, once (T1-T5, T7). HUB_KILLS=all does all of them; otherwise a few stand for the rest.
func TestT1_T2_T3_T5_T7_Kills(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the hub once more")
	}
	t.Parallel()
	crashing := filepath.Join(folder(t), "hub")
	if out, err := exec.Command("go", "build", "-tags", "crash", "-o", crashing, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the hub with crash points: %v\n%s", err, out)
	}
	data := filepath.Join(folder(t), "data")
	k := &kills{T: t, binary: crashing, data: data, company: newCompany(t, netvisor.Options{Customers: 3, Seed: 7}), env: []string{
		"HUB_DATA=" + data, "HUB_TAKE_OVER_AFTER=2s", "HUB_RETRY_AFTER=50ms", "HUB_LOST_AFTER=1s",
	}}
	k.serve("")
	must(t, k.env, "organisation", "create", "Esimerkki Oy")
	k.api.key = must(t, k.env, "key", "create", "test", "--scope", "admin")
	writes(k.api, checked(k.api, k.company))
	eventually(t, "the first import", func() bool { return k.api.total() == 3 })
	chosen := choose()
	k.prepare(chosen)
	k.settled()
	k.hub.stopped()
	for _, c := range chosen {
		t.Run(c.point+"/"+c.name, func(t *testing.T) {
			k.T = t
			k.serve(c.point + "/" + labelAt(c.point, c.label))
			c.act(k, c.n)
			if code := k.hub.ends(); code != -1 {
				t.Fatalf("the hub ended with code %d and was not killed", code)
			}
			began := time.Now()
			k.serve("")
			// What a poll would find anyway is not waited for: the intent and the link are enough.
			eventually(t, "the operation in Netvisor, once", func() bool { return c.done(k, c.n) })
			k.settled()
			if !c.done(k, c.n) {
				t.Error("it did not stay so")
			}
			t.Logf("recovered in %s", time.Since(began).Round(time.Millisecond))
			k.logged()
			k.hub.stopped()
		})
	}
	deleted, toDelete := 0, 0
	for _, e := range k.company.Effects() {
		if e.What == netvisor.WasDeleted {
			deleted++
		}
	}
	for _, c := range chosen {
		if c.label == "DELETE" {
			toDelete++
		}
	}
	if deleted != toDelete {
		t.Errorf("%d records were deleted, and %d were to be", deleted, toDelete)
	}
	for _, c := range k.company.Calls() {
		if c.Overlapped {
			t.Errorf("Promise 10: call %d of %s overlapped", c.Number, c.Resource)
		}
	}
	t.Logf("%d kills", len(chosen))
}

// labelAt is the operation as the point knows it: before an intent is made, only a creation and a deletion are known, and at the end nothing.
func labelAt(point, label string) string {
	if point == "C6" || point == "C1" && label != "CREATE" && label != "DELETE" {
		return ""
	}
	return label
}

type kills struct {
	*testing.T
	binary  string
	company company
	env     []string
	data    string
	hub     served
	api     api
	// bases are the customers that operations work on, each with an office and a contact that the hub made, by n.
	bases map[int]base
}

type base struct{ customer, office, person string }

// serve starts the program so that it dies at a place; an empty one never comes.
func (k *kills) serve(dieAt string) {
	k.Helper()
	p := newProcess(k.T, append(k.env, "HUB_CRASH="+dieAt), "serve", "--address", "127.0.0.1:0")
	p.cmd.Path, p.cmd.Args[0] = k.binary, k.binary
	p.start()
	p.says(p.errOut, "msg=serving")
	k.hub = served{p, servingAt.FindStringSubmatch(p.errOut.String())[1]}
	k.api = api{k.T, k.hub.url, k.api.key}
}

// do asks for a mutation of a hub that may die before it answers. What is refused ends the test.
func (k *kills) do(name string, input map[string]any) {
	k.Helper()
	got, err := k.api.try(fmt.Sprintf(`mutation ($in: %s%sInput!) { %s(input: $in) { userErrors { code message } } }`,
		strings.ToUpper(name[:1]), name[1:], name), map[string]any{"in": input})
	if err == nil && (len(got.Errors) > 0 || !strings.Contains(string(got.Data[name]), `"userErrors":[]`)) {
		k.Fatalf("%s: %+v %s", name, got.Errors, got.Data[name])
	}
}

// prepare makes the customers that the chosen kills work on.
func (k *kills) prepare(chosen []chosenKill) {
	k.bases = make(map[int]base)
	for _, c := range chosen {
		if c.label == "CREATE" {
			continue
		}
		in := func(v map[string]any) map[string]any { return map[string]any{"in": v} }
		made := change[struct{ Customer identified }](k.api, "createCustomer",
			`mutation ($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } userErrors { code message } } }`,
			in(map[string]any{"kind": "COMPANY", "name": fmt.Sprintf("Pohja %d Oy", c.n), "nameExtension": "Varasto"}))
		office := change[struct{ Office identified }](k.api, "upsertOffice",
			`mutation ($in: UpsertOfficeInput!) { upsertOffice(input: $in) { office { id } userErrors { code message } } }`,
			in(map[string]any{"customerId": made.Customer.ID, "patch": map[string]any{"name": fmt.Sprintf("Toimisto %d", c.n), "phone": "040 123 4567"}}))
		person := change[struct{ Contact struct{ Person identified } }](k.api, "linkContact",
			`mutation ($in: LinkContactInput!) { linkContact(input: $in) { contact { person { id } } userErrors { code message } } }`,
			in(map[string]any{"customerId": made.Customer.ID, "person": map[string]any{"firstName": "Aino", "lastName": fmt.Sprintf("Malli %d", c.n)}}))
		k.bases[c.n] = base{made.Customer.ID, office.Office.ID, person.Contact.Person.ID}
	}
}

// settled waits until every customer is in agreement, or deleted in Netvisor.
func (k *kills) settled() {
	k.Helper()
	eventually(k.T, "agreement", func() bool {
		got := ask[struct {
			Nodes []struct{ Links []struct{ State string } }
		}](k.api, "customers", `{ customers(first: 200) { nodes { links { state } } } }`, nil)
		for _, c := range got.Nodes {
			if len(c.Links) != 1 || c.Links[0].State != "IN_SYNC" && c.Links[0].State != "NOT_IN_SCOPE" {
				return false
			}
		}
		return true
	})
}

// logged checks the log of changes: its numbers have no holes, and each customer was made once (T5, Promise 9).
func (k *kills) logged() {
	k.Helper()
	type page struct {
		Items []struct {
			Sequence int
			Kind     string
			Customer *identified
		}
		EndCursor string
		HasMore   bool
	}
	made, last := map[string]int{}, 0
	for got := (page{HasMore: true}); got.HasMore; {
		var after any
		if got.EndCursor != "" {
			after = got.EndCursor
		}
		got = ask[page](k.api, "changes", `query ($after: Cursor) { changes(first: 200, after: $after) { items { sequence kind customer { id } } endCursor hasMore } }`,
			map[string]any{"after": after})
		for _, c := range got.Items {
			if c.Sequence != last+1 {
				k.Errorf("change %d comes after %d", c.Sequence, last)
			}
			last = c.Sequence
			if c.Kind == "CUSTOMER_CREATED" && c.Customer != nil {
				made[c.Customer.ID]++
			}
		}
	}
	for id, n := range made {
		if n != 1 {
			k.Errorf("customer %s was made %d times", id, n)
		}
	}
	if len(made) != k.api.total() {
		k.Errorf("the log tells of %d customers, and there are %d", len(made), k.api.total())
	}
}

// named gives the customers of Netvisor with the name.
func (k *kills) named(format string, n int) (out []*netvisor.Customer) {
	for c := range k.company.Customers("") {
		if c.Get("Name") == fmt.Sprintf(format, n) {
			out = append(out, c)
		}
	}
	return out
}

// on asks something of the one customer that an operation works on.
func (k *kills) on(n int, question func(c *netvisor.Customer) bool) bool {
	found := k.named("Pohja %d Oy", n)
	return len(found) == 1 && question(found[0])
}

// operations are what is written, each once at each point.
var operations = []operation{
	{
		"Create", "CREATE",
		func(k *kills, n int) {
			k.do("createCustomer", map[string]any{"kind": "COMPANY", "name": fmt.Sprintf("Tuore %d Oy", n)})
		},
		func(k *kills, n int) bool { return len(k.named("Tuore %d Oy", n)) == 1 },
	},
	{
		"Edit", "EDIT",
		func(k *kills, n int) {
			k.do("updateCustomer", map[string]any{"id": k.bases[n].customer, "patch": map[string]any{"email": "uusi@example.test"}})
		},
		func(k *kills, n int) bool {
			return k.on(n, func(c *netvisor.Customer) bool { return c.Get("Email") == "uusi@example.test" })
		},
	},
	{
		"Clear", "EDIT",
		func(k *kills, n int) {
			k.do("updateCustomer", map[string]any{"id": k.bases[n].customer, "patch": map[string]any{"nameExtension": nil}})
		},
		func(k *kills, n int) bool {
			return k.on(n, func(c *netvisor.Customer) bool { return c.Get("NameExtension") == "" })
		},
	},
	{
		"Office", "CREATE office",
		func(k *kills, n int) {
			k.do("upsertOffice", map[string]any{"customerId": k.bases[n].customer, "patch": map[string]any{"name": "Uusi toimipiste"}})
		},
		func(k *kills, n int) bool {
			return k.on(n, func(c *netvisor.Customer) bool {
				return len(c.Offices()) == 2 && c.Offices()[1]["OfficeName"] == "Uusi toimipiste"
			})
		},
	},
	{
		"OfficeTakenAway", "REMOVE office",
		func(k *kills, n int) {
			k.do("deactivateOffice", map[string]any{"customerId": k.bases[n].customer, "officeId": k.bases[n].office})
		},
		func(k *kills, n int) bool {
			return k.on(n, func(c *netvisor.Customer) bool {
				return len(c.Offices()) == 1 && c.Offices()[0]["OfficePhoneNumber"] == ""
			})
		},
	},
	{
		"Contact", "CREATE contact",
		func(k *kills, n int) {
			k.do("linkContact", map[string]any{"customerId": k.bases[n].customer, "person": map[string]any{"firstName": "Bo", "lastName": "Uusi"}})
		},
		func(k *kills, n int) bool {
			return k.on(n, func(c *netvisor.Customer) bool { return len(c.ContactPersons()) == 2 })
		},
	},
	{
		"ContactTakenAway", "REMOVE contact",
		func(k *kills, n int) {
			k.do("unlinkContact", map[string]any{"customerId": k.bases[n].customer, "personId": k.bases[n].person})
		},
		func(k *kills, n int) bool {
			return k.on(n, func(c *netvisor.Customer) bool { return len(c.ContactPersons()) == 0 })
		},
	},
	{
		"Delete", "DELETE",
		(*kills).delete,
		func(k *kills, n int) bool { return len(k.named("Pohja %d Oy", n)) == 0 },
	},
}

// delete asks at the command line for the deletion of a record. The command has no keyset, so it is the hub that does it.
func (k *kills) delete(n int) {
	k.Helper()
	got := ask[struct{ Number string }](k.api, "node", `query ($id: ID!) { node(id: $id) { ... on Customer { number } } }`, map[string]any{"id": k.bases[n].customer})
	raw, err := os.ReadFile(filepath.Join(k.data, "running.json"))
	var at struct{ Database string }
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	if err != nil {
		k.Fatal(err)
	}
	// The hub may die, and its database with it, before the command has heard what came of it.
	r := run(k.T, []string{"HUB_DATABASE_URL=" + at.Database}, "customer", "delete", got.Number, "--by", "Aino Malli", "--reason", "Kahteen kertaan", "--yes", "--wait", "5s")
	if !strings.Contains(r.out, "asked by") {
		k.Fatalf("exit code %d: %s", r.code, r.errOut)
	}
}

// chosenKill is one point of one operation.
type chosenKill struct {
	operation
	point string
	n     int
}

// choose gives all kills, or a few that stand for the rest: a creation at the points that T1 to T3 and T5 speak of, and some others.
func choose() (out []chosenKill) {
	all := os.Getenv("HUB_KILLS") == "all"
	for i, o := range operations {
		for j, point := range crashPoints {
			if all || i == 0 && point != "C4" && point != "C6" || i == 1 && point == "C4" || i == 5 && point == "C3" || o.label == "DELETE" && point == "C3" {
				out = append(out, chosenKill{o, point, i*len(crashPoints) + j})
			}
		}
	}
	return out
}
