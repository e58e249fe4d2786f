package netvisorkyc_test

import (
	"strings"
	"testing"

	"customerhub/internal/advice"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// TestExplained looks whether somebody who asks why a customer is not in KYC is told so, and what to do, in their own language.
func TestExplained(t *testing.T) {
	t.Parallel()
	status := customer.Active
	of := func(l link.Link) (reason advice.Text, fix advice.Fix) {
		l.State, l.Primary = link.NotInScope, true
		e := explain.Of(explain.Facts{
			Customer: &customer.Customer{Status: status}, Link: &l, Writable: true,
			System: &system.System{Name: "KYC", Kind: system.NetvisorKYC, State: system.Running},
		})
		for _, c := range e.Checks {
			if c.Result == explain.Failed && c.Name == explain.InScope {
				return c.Message, *e.Fix
			}
		}
		t.Fatalf("%+v is in scope: %+v", l, e.Checks)
		return
	}
	fixes := map[string]string{
		netvisorkyc.ScopePrivate:           "correct its kind",
		netvisorkyc.ScopePlaceholder:       "customer number of its own",
		netvisorkyc.ScopeNoBusinessID:      "its business ID",
		netvisorkyc.ScopeBusinessIDInvalid: "correct the business ID",
		netvisorkyc.ScopeNoContactPerson:   "Add the contact person",
	}
	for _, why := range netvisorkyc.ScopeReasons {
		reason, fix := of(link.Link{LastMessage: why})
		if got := reason.In(advice.English); got != why {
			t.Errorf("%q is told as %q", why, got)
		}
		if got := fix.How.In(advice.English); fixes[why] == "" || !strings.Contains(got, fixes[why]) || fix.Who != advice.User {
			t.Errorf("%q is mended by %s: %q", why, fix.Who, got)
		}
		for _, l := range advice.Languages[1:] {
			if got := reason.In(l) + fix.How.In(l); strings.Contains(got, "customer") || !strings.Contains(reason.In(l), "KYC") {
				t.Errorf("%q in %s is %q", why, l, got)
			}
		}
	}
	deleted := link.Link{LastFault: fault.NotFound, ExternalID: "candidates/cand_1"}
	if _, fix := of(deleted); !strings.Contains(fix.How.In(advice.English), "resendKycCandidate") {
		t.Errorf("a candidate that was deleted comes back by %q", fix.How.In(advice.English))
	}
	status = customer.Inactive
	if _, fix := of(deleted); !strings.Contains(fix.How.In(advice.English), "make the customer active and") {
		t.Errorf("a candidate of a customer that is not in use comes back by %q", fix.How.In(advice.English))
	}
	e := explain.Of(explain.Facts{
		Customer: &customer.Customer{Status: customer.Active}, Writable: true,
		System: &system.System{Name: "KYC", Kind: system.NetvisorKYC, State: system.NeedsAction},
	})
	for _, want := range []string{"requestSystemCredential", "submitSystem", netvisorkyc.Support} {
		if got := e.Fix.How.In(advice.English); !strings.Contains(got, want) {
			t.Errorf("a revoked credential is mended by %q", got)
		}
	}
}
