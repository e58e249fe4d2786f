package main_test

import (
	"customerhub/internal/sandbox/netvisor"

	flexsandbox "customerhub/internal/sandbox/flex"
)

// What people do in both systems and see there, and what the administrator sees of their customers in the hub.

// entered adds a customer in Flex.
func (f *firm) entered(c flexsandbox.Customer) flexsandbox.Customer {
	f.api.t.Helper()
	made, err := f.flex.Create(inFlexOrg, c)
	f.must(err)
	return made
}

// changed edits a customer in Flex, by id or number.
func (f *firm) changed(which string, edit func(*flexsandbox.Customer)) {
	f.api.t.Helper()
	_, err := f.flex.Edit(inFlexOrg, f.inFlex(which).ID, edit)
	f.must(err)
}

// inFlex is the customer as Flex has it; without id when it has none.
func (f *firm) inFlex(which string) flexsandbox.Customer {
	c, _ := f.flex.Customer(inFlexOrg, which)
	return c
}

// typed adds a customer in Netvisor and gives its key.
func (f *firm) typed(values map[string]string) int64 {
	f.api.t.Helper()
	key, err := f.netvisor.Add("", func(c *netvisor.Customer) error { return setAll(c, values) })
	f.must(err)
	return key
}

func setAll(c *netvisor.Customer, values map[string]string) error {
	for name, v := range values {
		if err := c.Set(name, v); err != nil {
			return err
		}
	}
	return nil
}

// retyped edits the customer with a number in Netvisor.
func (f *firm) retyped(number string, values map[string]string) {
	f.api.t.Helper()
	f.must(f.netvisor.Edit("", f.inNetvisor(number).Key(), func(c *netvisor.Customer) error { return setAll(c, values) }))
}

// inNetvisor is the one customer that Netvisor has with the number; nil when there is none, and more than one fails the test.
func (f *firm) inNetvisor(number string) (found *netvisor.Customer) {
	f.api.t.Helper()
	for c := range f.netvisor.Customers("") {
		if c.Get("InternalIdentifier") == number {
			if found != nil {
				f.api.t.Errorf("Netvisor has %s twice", number)
			}
			found = c
		}
	}
	return found
}

// comes waits for something that Netvisor is to have of the customer with the number.
func (f *firm) comes(number, what string, is func(c *netvisor.Customer) bool) *netvisor.Customer {
	f.api.t.Helper()
	eventually(f.api.t, number+" in Netvisor: "+what, func() bool {
		c := f.inNetvisor(number)
		return c != nil && is(c)
	})
	return f.inNetvisor(number)
}

// arrives waits for something that Flex is to have of the customer with the number.
func (f *firm) arrives(number, what string, is func(c flexsandbox.Customer) bool) flexsandbox.Customer {
	f.api.t.Helper()
	eventually(f.api.t, number+" in Flex: "+what, func() bool {
		c := f.inFlex(number)
		return c.ID != "" && is(c)
	})
	return f.inFlex(number)
}

// ours is the hub's customer with a number; without id when there is none.
type ours struct {
	ID    string
	Phone *struct{ Raw string }
	Links []struct {
		State   string
		Primary bool
		System  identified
		DueAt   string
		Reason  string
	}
	Changes struct{ Items []struct{ Kind string } }
}

func (f *firm) ours(number string) (c ours) {
	f.api.t.Helper()
	if got := ask[*ours](f.api, "customer", `query ($n: String!) { customer(by: {number: $n}) { id phone { raw } links { state primary system { id } dueAt reason }
		changes(first: 200) { items { kind } } } }`, map[string]any{"n": number}); got != nil {
		c = *got
	}
	return c
}

// agreed says whether nothing is left to do about the customer with the number in either system.
func (f *firm) agreed(number string) bool {
	f.api.t.Helper()
	n := 0
	for _, l := range f.ours(number).Links {
		if l.State == "IN_SYNC" && l.DueAt == "" {
			n++
		}
	}
	return n == 2
}

// rest waits until everything that was told has been taken and everything that came of it was done, for these customers.
func (f *firm) rest(numbers ...string) {
	f.api.t.Helper()
	for range 2 { // what the hub writes into Flex is told by Flex again
		f.must(f.flex.Settled(f.api.t.Context()))
		f.look(f.netvisorID, false)
		f.look(f.flexID, false)
		for _, number := range numbers {
			eventually(f.api.t, number+" in agreement", func() bool { return f.agreed(number) })
		}
	}
}

// written counts the calls that had an effect on the customer with the number, in both systems.
func (f *firm) written(number string) (inNetvisor, inFlex int) {
	f.api.t.Helper()
	if c := f.inNetvisor(number); c != nil {
		for _, e := range f.netvisor.Effects() {
			if e.Customer == c.Key() && e.By == "call" {
				inNetvisor++
			}
		}
	}
	for _, e := range f.flex.Effects() {
		if e.Customer == f.inFlex(number).ID && e.By == "call" {
			inFlex++
		}
	}
	return inNetvisor, inFlex
}

// finds says whether a finding with the code stands about the customer with the number.
func (f *firm) finds(number, code string) bool {
	f.api.t.Helper()
	type page struct{ TotalCount int }
	return ask[page](f.api, "findings", `query ($c: ID!, $code: [FindingCode!]) { findings(filter: {customer: $c, code: $code, resolved: false}) { totalCount } }`,
		map[string]any{"c": f.ours(number).ID, "code": []string{code}}).TotalCount > 0
}
