package reconcile_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
)

// doubled are two customers of Netvisor that are one company. KYC got to know both, since the second was typed with a wrong business ID
// first, which KYC does not let be corrected to one that it has already.
type doubled struct {
	*diligent
	first, second int64
}

const (
	oneCompany = "0201256-6"
	mistyped   = "1572860-0"
)

// twice gives them, each as a candidate or as a customer of KYC.
func twice(t *testing.T, firstAccepted, secondAccepted bool) *doubled {
	t.Helper()
	d := &doubled{diligent: duly(t, sandbox.Options{}, nil, nil)}
	d.first = d.typed(map[string]string{"name": "Malliyritys Oy", "code": "7001", "businessId": oneCompany}, tab("Aino", "Malli"))
	d.second = d.typed(map[string]string{"name": "Malli-Yritys Oy", "code": "7002", "businessId": mistyped}, tab("Eino", "Malli"))
	d.polled(d.system)
	d.activated()
	for id, accepted := range map[string]bool{oneCompany: firstAccepted, mistyped: secondAccepted} {
		if accepted {
			d.assessed(d.candidates()[id].ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12, Notes: "Seurataan."})
		}
	}
	d.polled(d.kycSystem)
	if !secondAccepted {
		d.corrected()
	}
	return d
}

// corrected has the second one's business ID be the right one, which KYC refuses.
func (d *doubled) corrected() {
	d.Helper()
	d.retyped(d.second, "businessId", oneCompany)
	d.polled(d.system)
}

// one merges the second into the first, or the other way round.
func (d *doubled) one(secondStays, dry bool) (hub.MergeResult, error) {
	d.Helper()
	in := hub.MergeCustomers{Keep: d.customerOf(d.first).ID, Merge: d.customerOf(d.second).ID, DryRun: dry}
	if secondStays {
		in.Keep, in.Merge = in.Merge, in.Keep
	}
	return d.hub.MergeCustomers(d.Context(), d.viewer, in, "")
}

// inKYC are the places that a merge gives the records of KYC, by their ids.
func (d *doubled) inKYC(links []hub.LinkFate) map[string]hub.Place {
	out := make(map[string]hub.Place)
	for _, l := range links {
		if l.System == d.kycSystem {
			out[l.ExternalID] = l.Place
		}
	}
	return out
}

// status is what the hub has of KYC's status of a customer by its id.
func (d *doubled) status(id customer.ID) customer.KYC {
	d.Helper()
	found, err := d.hub.KYCByCustomer(d.Context(), d.viewer, []customer.ID{id})
	d.must(err)
	return found[id]
}

// TestMergeInKYC merges customers that KYC knows both of (KYC contract section 7).
func TestMergeInKYC(t *testing.T) {
	t.Parallel()
	t.Run("OfTwoCandidatesTheOlderStays", func(t *testing.T) {
		t.Parallel()
		for name, secondStays := range map[string]bool{"AndIsTheKeptOnes": false, "AndIsTheMergedOnes": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := twice(t, false, false)
				older, other := d.linkIn(d.first, d.kycSystem).ExternalID, d.linkIn(d.second, d.kycSystem).ExternalID
				if d.linkIn(d.second, d.kycSystem).ID < d.linkIn(d.first, d.kycSystem).ID {
					older, other = other, older
				}
				want := map[string]hub.Place{older: hub.PrimaryPlace, other: hub.Withdrawn}
				planned, err := d.one(secondStays, true)
				d.must(err)
				calls := len(d.kyc.Calls())
				done, err := d.one(secondStays, false)
				d.must(err)
				if p, is := d.inKYC(planned.Links), d.inKYC(done.Links); !maps.Equal(p, want) || !maps.Equal(is, want) {
					t.Errorf("planned %v, done %v, want %v", p, is, want)
				}
				d.settle()
				left := d.candidates()
				if len(left) != 1 || "candidates/"+left[oneCompany].ID != older {
					t.Errorf("left are %+v, want %s", left, older)
				}
				if n := len(d.wroteKYC(calls)); n == 0 {
					t.Error("nothing was deleted")
				}
				d.both()
				if k := d.status(done.Kept); k.State != customer.KYCCandidate {
					t.Errorf("got %+v", k)
				}
				calls = len(d.kyc.Calls())
				d.both()
				if w := d.wroteKYC(calls); len(w) > 0 {
					t.Errorf("Promise 3: written again: %v", w)
				}
			})
		}
	})
	t.Run("ACandidateThatWasAcceptedMeanwhileIsNeverDeleted", func(t *testing.T) {
		t.Parallel()
		d := twice(t, false, false)
		done, err := d.one(false, false)
		d.must(err)
		var goes string
		for id, place := range d.inKYC(done.Links) {
			if place == hub.Withdrawn {
				goes = id
			}
		}
		_, err = d.kyc.Accept(strings.TrimPrefix(goes, "candidates/"), kycsandbox.Assessment{RiskClass: "LOW", ReviewIntervalMonths: 12, Force: true})
		d.must(err)
		d.settle()
		d.both()
		if c := d.kyc.Customers(d.obliged); len(c) != 1 || c[0].Lifecycle != "ACTIVE" {
			t.Errorf("it became %+v", c)
		}
		if n := d.count(`SELECT count(*) FROM deletion WHERE state = 'REFUSED' AND message <> ''`); n != 1 {
			t.Errorf("%d deletions say that they were refused", n)
		}
		if k := d.status(done.Kept); k.State != customer.KYCCandidate || k.RiskClass != customer.RiskUnknown {
			t.Errorf("the record that stays is not heard alone: %+v", k)
		}
		if !d.stands("LINK_NOT_PRIMARY") && !d.stands("BUSINESS_ID_CHANGED") {
			t.Errorf("Promise 8: nobody is told: %v", d.findings())
		}
	})
	t.Run("WhoIsUnderDueDiligenceStaysAndTheOtherCandidateGoes", func(t *testing.T) {
		t.Parallel()
		d := twice(t, true, false)
		assessed, candidate := d.linkIn(d.first, d.kycSystem), d.linkIn(d.second, d.kycSystem)
		done, err := d.one(true, false) // the candidate's customer stays, and takes over the due diligence
		d.must(err)
		if is, want := d.inKYC(done.Links), (map[string]hub.Place{assessed.ExternalID: hub.PrimaryPlace, candidate.ExternalID: hub.Withdrawn}); !maps.Equal(is, want) {
			t.Errorf("got %v, want %v", is, want)
		}
		d.both()
		if k := d.status(done.Kept); k.State != customer.KYCCustomer || k.RiskClass != customer.RiskHigh || k.Notes != "Seurataan." {
			t.Errorf("got %+v", k)
		}
		if got := d.card(d.second).Responsibility(); got.RiskClass != "high" {
			t.Errorf("R44: the tab of the one that stays has %+v", got)
		}
		if n := len(d.candidates()) - 1; n != 0 || len(d.kyc.Customers(d.obliged)) != 1 { // the accepted one is listed as such
			t.Errorf("%d candidates are left", n)
		}
		t.Log("taken back: each has what it had, and the deleted candidate says how it comes again")
		back, err := d.hub.UnmergeCustomers(t.Context(), d.viewer, hub.UnmergeCustomers{Merge: done.ID}, "")
		d.must(err)
		if is := d.inKYC(back.Links)[candidate.ExternalID]; is != hub.Withdrawn {
			t.Errorf("the deleted candidate is %s", is)
		}
		d.both()
		if k := d.status(done.Merged); k.State != customer.KYCCustomer || k.RiskClass != customer.RiskHigh {
			t.Errorf("who was assessed has %+v", k)
		}
		if k := d.status(done.Kept); k.State != customer.KYCRemoved || k.RiskClass != customer.RiskUnknown || k.Notes != "" {
			t.Errorf("whose candidate was deleted has %+v", k)
		}
		if l := d.linkIn(d.second, d.kycSystem); l.ID != candidate.ID || l.State != link.NotInScope || l.LastMessage == "" {
			t.Errorf("got %+v", l.Link)
		}
		if got := d.card(d.second).Responsibility(); got.RiskClass != "" {
			t.Errorf("the tab has %+v", got)
		}
		d.agreed(d.first, d.kycSystem)
		d.retyped(d.second, "businessId", "2345672-1") // they were two after all
		d.polled(d.system)
		if _, there := d.candidates()["2345672-1"]; there {
			t.Error("it came back by itself")
		}
		_, err = d.hub.ResendCandidate(t.Context(), d.viewer, done.Kept, "")
		d.must(err)
		d.settle()
		if _, there := d.candidates()["2345672-1"]; !there {
			t.Errorf("sent again: %+v; %+v", d.candidates(), d.linkIn(d.second, d.kycSystem).Link)
		}
		d.agreed(d.second, d.kycSystem)
	})
	t.Run("AnEndedRelationshipGivesWayToACandidate", func(t *testing.T) {
		t.Parallel()
		d := twice(t, true, false)
		ended, candidate := d.linkIn(d.first, d.kycSystem).ExternalID, d.linkIn(d.second, d.kycSystem).ExternalID
		d.must(d.kyc.EditCustomer(d.kyc.Customers(d.obliged)[0].ID, kycsandbox.CustomerEdit{Lifecycle: new("ENDED")}))
		d.polled(d.kycSystem)
		done, err := d.one(false, false)
		d.must(err)
		if is, want := d.inKYC(done.Links), (map[string]hub.Place{candidate: hub.PrimaryPlace, ended: hub.ReadOnly}); !maps.Equal(is, want) {
			t.Errorf("got %v, want %v", is, want)
		}
		d.both()
		if k := d.status(done.Kept); k.State != customer.KYCCandidate {
			t.Errorf("got %+v", k)
		}
		_, err = d.hub.UnmergeCustomers(t.Context(), d.viewer, hub.UnmergeCustomers{Merge: done.ID}, "")
		d.must(err)
		d.both()
		if k := d.status(done.Kept); k.State != customer.KYCEnded || k.RiskClass != customer.RiskHigh {
			t.Errorf("taken back: %+v", k)
		}
		if k := d.status(done.Merged); k.State != customer.KYCCandidate {
			t.Errorf("taken back: %+v", k)
		}
	})
	t.Run("TwoDueDiligencesAreForAnOperator", func(t *testing.T) {
		t.Parallel()
		d := twice(t, true, true)
		d.retyped(d.second, "businessId", "")
		d.polled(d.system)
		for _, dry := range []bool{true, false} {
			if _, err := d.one(false, dry); fault.Of(err) == nil || fault.Of(err).Reason != "MERGE_NEEDS_OPERATOR" {
				t.Errorf("dry run %v: %v", dry, err)
			}
		}
	})
	t.Run("DifferentBusinessIDsAreRefused", func(t *testing.T) {
		t.Parallel()
		d := twice(t, true, true)
		for _, dry := range []bool{true, false} {
			if _, err := d.one(false, dry); fault.Of(err) == nil || fault.Of(err).Reason != "BUSINESS_IDS_DIFFER" {
				t.Errorf("dry run %v: %v", dry, err)
			}
		}
		if len(d.candidates()) != 2 || slices.ContainsFunc(d.kyc.Customers(d.obliged), func(c kycsandbox.Customer) bool { return c.Lifecycle != "ACTIVE" }) {
			t.Error("something was done")
		}
	})
}
