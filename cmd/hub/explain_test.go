package main_test

import (
	"strings"
	"testing"

	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

// TestExplain asks the program why a customer is not the same in Netvisor: while it reads only, when Netvisor refuses a value, and
// when it agrees.
func TestExplain(t *testing.T) {
	t.Parallel()
	c := newCompany(t, netvisor.Options{Customers: 3, Seed: 7})
	db := pgtest.New(t)
	env := []string{newKeyset(t), "HUB_DATABASE_URL=" + db.AppURL, "HUB_RETRY_AFTER=50ms"}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	system := connect(a, c)
	eventually(t, "the first import", func() bool { return a.total() == 3 })
	var number string
	for one := range c.Customers("") {
		if one.Get("code") != "TEMP" {
			number = one.Get("code")
		}
	}
	id := ask[identified](a, "customer", `query ($n: String) { customer(by: {number: $n}) { id } }`, map[string]any{"n": number}).ID
	says := func(language string, want ...string) func() bool {
		return func() bool {
			out := must(t, env, "explain", number, "--language", language)
			for _, w := range want {
				if !strings.Contains(out, w) {
					return false
				}
			}
			return true
		}
	}
	edit := func(phone string) {
		change[struct{}](a, "updateCustomer", `mutation ($in: UpdateCustomerInput!) { updateCustomer(input: $in) { userErrors { code message } } }`,
			map[string]any{"in": map[string]any{"id": id, "patch": map[string]any{"phone": phone}}})
	}
	if !says("en", "IN_SYNC since", "ok    EVERY_VALUE_SENT")() {
		t.Error("it does not agree after the import")
	}
	edit("040 123 4567")
	if !says("fi", "WAITING", "FAIL  DIRECTION_ALLOWS: Hubissa on tietoja", "ADMINISTRATOR: Salli tietojen kulku")() {
		t.Errorf("it says\n%s", must(t, env, "explain", number, "--language", "fi"))
	}
	writes(a, system)
	eventually(t, "what was waiting to be sent", says("en", "IN_SYNC since"))
	if _, err := c.Fault(netvisor.Fault{Kind: netvisor.FaultFailure, Resource: "customer.nv", Category: "INVALID_DATA", Text: "Tieto ei kelpaa.", Times: 1}); err != nil {
		t.Fatal(err)
	}
	edit("040 765 4321")
	eventually(t, "the refusal, with their words", says("sv", "FAIL  DATA_ACCEPTED", "Tieto ei kelpaa.", "USER: Rätta värdet"))
	edit("040 111 2222")
	eventually(t, "agreement", says("nb", "IN_SYNC since", "ok    EVERY_VALUE_SENT"))
	refuses(t, run(t, env, "explain", "99999999"), 1, "no customer")
	refuses(t, run(t, env, "explain", number, "--system", "nothing"), 1, "nothing")
}
