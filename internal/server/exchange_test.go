package server_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const (
	setSystemPolicy = `mutation($input: SetSystemPolicyInput!) { r: setSystemPolicy(input: $input) {
		system { policy { direction master groups { group direction master } } } userErrors { code message path } } }`
	retryLink = `mutation($input: RetryLinkInput!) { r: retryLink(input: $input) {
		link { id state attempt dueAt queuePosition } userErrors { code message path } } }`
	linkOf = `query($id: ID!) { node(id: $id) { ... on Link { state reason dueAt queuePosition
		pendingWrite { operation part fields since sentAt sends trying }
		deletion { state askedBy reason askedAt endedAt message } } } }`
)

func TestSystemPolicy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 1)
	id := globalID("System", uuid(1, 1))
	read := `{ systems { policy { direction master groups { group direction master } } } }`
	if a := b.do(read, nil); a.text("systems", 0, "policy", "direction") != "IN" || a.text("systems", 0, "policy", "master") != "SYSTEM" {
		t.Errorf("until it is set: %s", a.raw)
	}
	if a := b.do(setSystemPolicy, vars{"input": vars{"id": id, "direction": "BOTH"}}); a.text("r", "userErrors", 0, "code") != "WRITING_NOT_PLANNED" {
		t.Errorf("writing without a first run that was looked at: %s", a.raw)
	}
	for _, sql := range []string{
		`INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind) VALUES ($1, '` + uuid(9, 7) + `', '` + uuid(1, 1) + `', 'PLAN', 'SUCCEEDED', 'API_KEY')`,
		`INSERT INTO plan (organisation_id, id, system_id, mode, state, actor_kind) VALUES ($1, '` + uuid(9, 7) + `', '` + uuid(1, 1) + `', 'BOTH', 'APPLIED', 'API_KEY')`,
	} {
		if _, err := b.db.Owner.Exec(t.Context(), sql, b.org.ID); err != nil {
			t.Fatal(err)
		}
	}
	a := b.must(setSystemPolicy, vars{"id": id, "direction": "BOTH", "groups": []vars{
		{"group": "office", "direction": "IN"}, {"group": "billingAddress", "master": "HUB"},
	}})
	for _, p := range []any{a.at("r", "system", "policy"), b.do(read, nil).at("systems", 0, "policy")} {
		want := "map[direction:BOTH groups:[map[direction:<nil> group:billingAddress master:HUB] map[direction:IN group:office master:<nil>]] master:SYSTEM]"
		if fmt.Sprint(p) != want {
			t.Errorf("R194: got %v", p)
		}
	}
	for name, tc := range map[string]struct {
		input      vars
		code, path string
	}{
		"NoSuchGroup":  {vars{"id": id, "direction": "BOTH", "groups": []vars{{"group": "billingAddress"}, {"group": "planet"}}}, "FIELD_GROUP_UNKNOWN", "[input groups 1 group]"},
		"TwiceTheSame": {vars{"id": id, "direction": "BOTH", "groups": []vars{{"group": "email"}, {"group": "email"}}}, "INVALID", "[input groups 1 group]"},
		"NoSuchSystem": {vars{"id": globalID("System", uuid(1, 9)), "direction": "BOTH"}, "NOT_FOUND", "[input id]"},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.do(setSystemPolicy, vars{"input": tc.input})
			if a.text("r", "userErrors", 0, "code") != tc.code || fmt.Sprint(a.at("r", "userErrors", 0, "path")) != tc.path {
				t.Errorf("got %s", a.raw)
			}
		})
	}
	t.Run("WhoOnlyReadsCustomersSeesNoPolicyAndNoLane", func(t *testing.T) {
		a := b.as(b.newKey([]auth.Scope{auth.CustomersRead}, b.org), `{ customers { nodes { links { system { name policy { direction } lane { waiting } } } } } }`, nil)
		if a.at("customers", "nodes", 0, "links", 0, "system", "policy") != nil || a.at("customers", "nodes", 0, "links", 0, "system", "lane") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
}

func TestLinksOnTheirWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	now := time.Now().Add(-time.Minute).Truncate(time.Second)
	b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error {
		for i, l := range []link.Link{
			{State: link.Due, DueAt: now, Priority: link.Interactive},
			{State: link.Due, DueAt: now, Priority: link.Bulk},
			{State: link.Parked, LastFault: fault.Rejected, LastMessage: "INVALID_DATA :: no"},
		} {
			l.ID, l.SystemID, l.CustomerID, l.ExternalID, l.Primary = link.ID(uuid(5, i+1)), system.ID(uuid(1, 1)), customer.ID(uuid(2, i+1)), fmt.Sprint(4000+i), true
			if err := store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{{Link: l, Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}}}}); err != nil {
				return err
			}
		}
		return store.InsertIntent(ctx, tx, link.Intent{
			ID: uuid(7, 1), LinkID: link.ID(uuid(5, 1)), Operation: link.Edit, Part: customer.PartOffice, Key: "17",
			Set: customer.Fields{"name": "Lahti", "address.city": "Lahti"}, Want: customer.Fields{},
		})
	})
	first, second, parked := globalID("Link", uuid(5, 1)), globalID("Link", uuid(5, 2)), globalID("Link", uuid(5, 3))
	t.Run("Promise8_ACallWhoseEndIsNotKnownIsShown", func(t *testing.T) {
		a := b.do(linkOf, vars{"id": first})
		p := a.at("node", "pendingWrite").(map[string]any)
		if p["operation"] != "EDIT" || p["part"] != "office" || fmt.Sprint(p["fields"]) != "[address.city name]" || p["sends"] != 1.0 || p["trying"] != nil {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(linkOf, vars{"id": second}); a.at("node", "pendingWrite") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("Promise8_ADeletionIsShownFromWhenItIsAskedForToItsEnd", func(t *testing.T) {
		ask := link.Deletion{ID: link.DeletionID(uuid(7, 2)), LinkID: link.ID(uuid(5, 2)), By: "Aino Malli", Reason: "Kahteen kertaan"}
		b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error { return store.InsertDeletion(ctx, tx, ask) })
		a := b.do(linkOf, vars{"id": second})
		if a.text("node", "deletion", "state") != "ASKED" || a.text("node", "deletion", "askedBy") != "Aino Malli" || a.at("node", "deletion", "endedAt") != nil ||
			a.at("node", "deletion", "message") != nil || a.at("node", "pendingWrite") != nil {
			t.Errorf("got %s", a.raw)
		}
		b.inOrganisation(b.org.ID, func(ctx context.Context, tx pgx.Tx) error {
			if err := store.InsertIntent(ctx, tx, link.Intent{
				ID: uuid(7, 3), LinkID: ask.LinkID, Operation: link.Delete, Set: customer.Fields{}, Want: customer.Fields{},
			}); err != nil {
				return err
			}
			ask.State, ask.Message = link.Refused, "INVALID_DATA :: The customer has invoices"
			return store.EndDeletion(ctx, tx, ask)
		})
		a = b.do(linkOf, vars{"id": second})
		if a.text("node", "pendingWrite", "operation") != "DELETE" || a.text("node", "pendingWrite", "part") != "customer" || a.text("node", "deletion", "state") != "REFUSED" ||
			a.text("node", "deletion", "message") != ask.Message || a.at("node", "deletion", "endedAt") == nil {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(linkOf, vars{"id": first}); a.at("node", "deletion") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("TheUrgentGoFirstInTheQueue", func(t *testing.T) {
		if a := b.do(linkOf, vars{"id": first}); a.at("node", "queuePosition") != 0.0 {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(linkOf, vars{"id": second}); a.at("node", "queuePosition") != 1.0 {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(linkOf, vars{"id": parked}); a.at("node", "queuePosition") != nil {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("AParkedLinkIsTriedAgainWhenSomebodySaysSo", func(t *testing.T) {
		a := b.must(retryLink, vars{"id": parked})
		if a.text("r", "link", "state") != "DUE" || a.at("r", "link", "dueAt") == nil {
			t.Errorf("got %s", a.raw)
		}
		if a := b.do(retryLink, vars{"input": vars{"id": globalID("Link", uuid(5, 99))}}); a.text("r", "userErrors", 0, "code") != "NOT_FOUND" {
			t.Errorf("got %s", a.raw)
		}
	})
}

const (
	personProposals = `query($first: Int, $after: Cursor) { personProposals(first: $first, after: $after) {
		totalCount nodes { id reason raisedAt people { id lastName emails } } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	acceptPersonProposal = `mutation($input: AcceptPersonProposalInput!) { r: acceptPersonProposal(input: $input) {
		person { id emails customers { customer { name } } } userErrors { code message path } } }`
	rejectPersonProposal = `mutation($input: RejectPersonProposalInput!) { r: rejectPersonProposal(input: $input) {
		person { id } userErrors { code message path } } }`
)

func TestPersonProposalsOverTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 3 {
		id := b.company(fmt.Sprintf("Yritys %d Oy", i))
		b.must(linkContact, vars{"customerId": id, "person": vars{"firstName": "Aino", "lastName": fmt.Sprintf("Malli %d", i), "emails": []string{"aino@example.test"}}})
	}
	a := b.do(personProposals, vars{"first": 1})
	if a.at("personProposals", "totalCount") != 2.0 || a.len("personProposals", "nodes") != 1 || a.at("personProposals", "pageInfo", "hasNextPage") != true ||
		a.text("personProposals", "nodes", 0, "reason") != "EMAIL" || a.len("personProposals", "nodes", 0, "people") != 2 {
		t.Fatal(a.raw)
	}
	next := b.do(personProposals, vars{"after": a.text("personProposals", "edges", 0, "cursor")})
	if next.len("personProposals", "nodes") != 1 || next.at("personProposals", "pageInfo", "hasNextPage") != false {
		t.Fatal(next.raw)
	}
	in := vars{"id": a.text("personProposals", "nodes", 0, "id"), "idempotencyKey": "k"}
	for range 2 {
		got := b.must(acceptPersonProposal, in)
		if got.text("r", "person", "id") != a.text("personProposals", "nodes", 0, "people", 0, "id") || got.len("r", "person", "customers") != 2 {
			t.Errorf("got %s", got.raw)
		}
	}
	b.must(rejectPersonProposal, vars{"id": next.text("personProposals", "nodes", 0, "id")})
	if got := b.do(rejectPersonProposal, vars{"input": vars{"id": in["id"]}}); got.text("r", "userErrors", 0, "code") != "PROPOSAL_DECIDED" {
		t.Errorf("got %s", got.raw)
	}
	if got := b.do(personProposals, nil); got.len("personProposals", "nodes") != 0 {
		t.Errorf("got %s", got.raw)
	}
	if got := b.do(personProposals, vars{"first": 201}); len(got.Errors) == 0 {
		t.Errorf("got %s", got.raw)
	}
	if got := b.as(b.newKey([]auth.Scope{auth.CustomersRead}, b.org), acceptPersonProposal, vars{"input": vars{"id": in["id"]}}); len(got.Errors) == 0 {
		t.Errorf("got %s", got.raw)
	}
}
