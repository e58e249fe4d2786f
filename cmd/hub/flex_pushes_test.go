package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"customerhub/internal/sandbox/netvisor"

	flexsandbox "customerhub/internal/sandbox/flex"
)

// f13 has people of both systems edit the same field, and others, before either edit is known: Netvisor's value stands everywhere, Flex's is
// kept with what became of it, and the other fields of both flow.
func f13(f *firm) {
	const number = "F50007"
	f.rest(number)
	// Nothing is told of Flex's edit, so that both are there before the hub looks.
	f.dials(flexsandbox.WebhookDials{Lose: 1})
	n0, x0 := f.written(number)
	f.changed(number, func(c *flexsandbox.Customer) { c.Phone, c.Email = "040 111 0000", "uusi@example.test" })
	f.retyped(number, map[string]string{"PhoneNumber": "040 222 0000", "NameExtension": "Varasto"})
	f.dials(flexsandbox.WebhookDials{})
	f.rest(number)
	n, x := f.inNetvisor(number), f.inFlex(number)
	if n.Get("PhoneNumber") != "040 222 0000" || x.Phone != "040 222 0000" || f.ours(number).Phone.Raw != "040 222 0000" {
		f.api.t.Errorf("Netvisor has %s, Flex %s", n.Get("PhoneNumber"), x.Phone)
	}
	if n.Get("Email") != "uusi@example.test" || x.Name2 != "Varasto" {
		f.api.t.Errorf("T22: other fields do not flow: %v, %+v", n.Fields(), x)
	}
	f.tells(number, "FIELD_CONFLICT")
	type alternatives struct {
		Provenance []struct {
			Field        string
			Alternatives []struct{ Value string }
		}
	}
	kept := ask[alternatives](f.api, "customer", `query ($n: String!) { customer(by: {number: $n}) { provenance { field alternatives { value } } } }`, map[string]any{"n": number})
	if !strings.Contains(fmt.Sprint(kept), "040 111 0000") {
		f.api.t.Errorf("the value of Flex is not kept: %+v", kept)
	}
	if n1, x1 := f.written(number); n1-n0 > 1 || x1-x0 > 1 {
		f.api.t.Errorf("T23: %d calls to Netvisor and %d to Flex", n1-n0, x1-x0)
	}
}

// dials turns what becomes of Flex's messages.
func (f *firm) dials(d flexsandbox.WebhookDials) {
	f.api.t.Helper()
	s := f.flex.Settings()
	s.Webhooks = d
	f.must(f.flex.Set(s))
}

// invoiced has Flex's invoice overwrite the customer in Netvisor, as the vendors' integration of invoices does, past the hub (contract section 1).
func (f *firm) invoiced(c flexsandbox.Customer) {
	f.must(f.netvisor.Edit("", f.inNetvisor(c.CustomerNumber).Key(), func(n *netvisor.Customer) error {
		return setAll(n, map[string]string{"Name": c.Name, "PhoneNumber": string(c.Phone), "Email": string(c.Email)})
	}))
}

// invoices sends an invoice with values of Flex that the hub does not know yet: both have them then, and nothing is left to write.
func (f *firm) invoices() {
	const number, phone = "F50001", "040 121 2121"
	f.rest(number)
	n0, x0 := f.written(number)
	f.dials(flexsandbox.WebhookDials{Lose: 1})
	f.changed(number, func(c *flexsandbox.Customer) { c.Phone = phone })
	_, err := f.flex.SendInvoice(inFlexOrg, f.inFlex(number).ID)
	f.must(err)
	f.dials(flexsandbox.WebhookDials{})
	f.rest(number)
	if n, x := f.inNetvisor(number), f.inFlex(number); n.Get("PhoneNumber") != phone || x.Phone != phone || f.ours(number).Phone.Raw != phone {
		f.api.t.Errorf("Netvisor has %s, Flex %s", n.Get("PhoneNumber"), x.Phone)
	}
	f.rest(number)
	if n, x := f.written(number); n != n0 || x != x0 {
		f.api.t.Errorf("both had it, and it was written %d times in Netvisor and %d times in Flex", n-n0, x-x0)
	}
}

// duplicates sends a hundred copies of one message at once, half of them to each hub (T17).
func (f *firm) duplicates() {
	const number, phone = "F50008", "040 777 8888"
	f.rest(number)
	type rotated struct{ Secret string }
	secret := change[rotated](f.api, "rotateInboundSecret", `mutation ($in: RotateInboundSecretInput!) { rotateInboundSecret(input: $in) { secret userErrors { code message } } }`,
		in(map[string]any{"id": f.flexID})).Secret
	f.look(f.flexID, true) // Flex is told the new secret
	f.subscribed()
	n0, x0 := f.written(number)
	changes, events := len(f.ours(number).Changes.Items), f.count(`SELECT count(*) FROM inbound_event`)

	f.dials(flexsandbox.WebhookDials{Lose: 1}) // the copies are all there is
	f.changed(number, func(c *flexsandbox.Customer) { c.Phone = phone })
	x := f.inFlex(number)
	body, err := json.Marshal(map[string]any{
		"type": flexsandbox.EventUpdated, "customerId": x.ID, "revision": x.Revision, "origin": "USER", "changedFields": []string{"phone"}, "customer": x,
	})
	f.must(err)
	path := f.system().Inbound.Path
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			r, err := http.NewRequestWithContext(f.api.t.Context(), http.MethodPost, strings.TrimSuffix(f.hubs[i%2].url, "/graphql")+path, bytes.NewReader(body))
			if err != nil {
				f.api.t.Error(err)
				return
			}
			at := strconv.FormatInt(time.Now().Unix(), 10)
			r.Header.Set("X-Flex-Event-Id", "01JEDUPLICATE")
			r.Header.Set("X-Flex-Timestamp", at)
			r.Header.Set("X-Flex-Signature", flexsandbox.Sign(secret, at, body))
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				f.api.t.Error(err)
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusAccepted {
				f.api.t.Errorf("it is answered %d", resp.StatusCode)
			}
		})
	}
	all.Wait()
	f.comes(number, "the phone", func(c *netvisor.Customer) bool { return c.Get("PhoneNumber") == phone })
	f.dials(flexsandbox.WebhookDials{})
	f.rest(number)
	items := f.ours(number).Changes.Items
	if len(items) != changes+1 || items[len(items)-1].Kind != "CUSTOMER_UPDATED" {
		f.api.t.Errorf("%d changes came of it: %v", len(items)-changes, items)
	}
	if n, x := f.written(number); n-n0 != 1 || x != x0 {
		f.api.t.Errorf("%d calls to Netvisor and %d to Flex came of it", n-n0, x-x0)
	}
	if n := f.count(`SELECT count(*) FROM inbound_event`) - events; n != 1 {
		f.api.t.Errorf("%d events", n)
	}
}

// count reads a number past the hub.
func (f *firm) count(query string, args ...any) (n int) {
	f.api.t.Helper()
	f.must(f.db.Owner.QueryRow(f.api.t.Context(), query, args...).Scan(&n))
	return n
}

// disturbed has Flex lose, repeat and shuffle what it tells of many edits. One look finds what is missing (T18, T20).
func (f *firm) disturbed() {
	numbers := []string{"F50006", "F50007", "F50008", "F50009"}
	f.rest(numbers...)
	before := len(f.flex.Deliveries())
	f.dials(flexsandbox.WebhookDials{Lose: 0.4, Duplicate: 0.7, Copies: 3, Shuffle: flexsandbox.Duration(400 * time.Millisecond), Seed: 5})
	for round := range 6 {
		for i, number := range numbers {
			f.changed(number, func(c *flexsandbox.Customer) { c.Phone = flexsandbox.Text(fmt.Sprintf("040 %d00 %04d", i+1, round)) })
		}
	}
	eventually(f.api.t, "the end of the messages", func() bool { return f.flex.Pending() == 0 })
	lost, told, copies := 0, 0, 0
	for _, d := range f.flex.Deliveries()[before:] {
		switch {
		case d.Outcome == flexsandbox.OutcomeLost:
			lost++
		case d.Outcome != flexsandbox.OutcomeDelivered:
			f.api.t.Errorf("it could not be told: %+v", d)
		case d.Copy:
			copies++
		default:
			told++
		}
	}
	if lost == 0 || copies == 0 || told == 0 {
		f.api.t.Fatalf("%d were lost, %d told, and %d copies", lost, told, copies)
	}
	f.dials(flexsandbox.WebhookDials{})
	f.rest(numbers...)
	for i, number := range numbers {
		want := fmt.Sprintf("040 %d00 0005", i+1)
		if n, x := f.inNetvisor(number).Get("PhoneNumber"), f.inFlex(number).Phone; n != want || string(x) != want {
			f.api.t.Errorf("%s has %s in Netvisor and %s in Flex, want %s", number, n, x, want)
		}
	}
}

// deletedAndEdited deletes a customer in Netvisor while people edit it in Flex: it does not come back by itself, and the edit is not lost (T29).
func (f *firm) deletedAndEdited() {
	const number = "F50009"
	f.rest(number)
	f.must(f.netvisor.Remove("", f.inNetvisor(number).Key()))
	f.changed(number, func(c *flexsandbox.Customer) { c.Phone = "040 999 0000" })
	eventually(f.api.t, "the edit in the hub", func() bool { return f.ours(number).Phone.Raw == "040 999 0000" })
	for range 2 { // what two complete lists lack is gone
		f.look(f.netvisorID, true)
	}
	f.tells(number, "RECORD_DELETED")
	if got := must(f.api.t, f.keyless, "explain", number); !strings.Contains(got, "RECORD_IN_SCOPE: The record was deleted in Netvisor.") {
		f.api.t.Errorf("it is explained as\n%s", got)
	}
	x := f.arrives(number, "out of use", func(c flexsandbox.Customer) bool { return !c.Active })
	if f.inNetvisor(number) != nil || x.Phone != "040 999 0000" || f.ours(number).Phone.Raw != "040 999 0000" {
		f.api.t.Errorf("it came back, or the edit is lost: %v, %+v", f.inNetvisor(number), x)
	}
}
