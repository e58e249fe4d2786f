package torture

import (
	"strconv"

	"customerhub/internal/customer"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/sandbox/netvisorkyc"
)

// Diligence is the evidence of a seed that has a due-diligence service. Who is meant is told by the NetvisorKey, which the service keeps as
// the record's source.
type Diligence struct {
	Effects []netvisorkyc.Effect
	// Candidates are all there ever were, tombstones too.
	Candidates []netvisorkyc.Candidate
	Customers  []netvisorkyc.Customer
	// Due are the customers of Netvisor that belong into the service.
	Due []int64
	// Resent counts how often somebody had a removed candidate sent again, or named a contact person, who brings one back.
	Resent map[int64]int
	// Hub is what the hub shows of the status, Tab what stands on Netvisor's responsibility tab.
	Hub map[int64]customer.KYC
	Tab map[int64]netvisor.Responsibility
	// Says is how the hub explains each customer's link into the service.
	Says map[int64]string
	// WritesAfter is how many calls of writing a full comparison made when everything had settled.
	WritesAfter int
}

// record is what the service has of one customer at the end.
type record struct {
	candidates, customers int // those that are open
	removed, ended        bool
	status                netvisorkyc.Status
}

func (d *Diligence) records() map[int64]*record {
	out := make(map[int64]*record)
	of := func(s *netvisorkyc.Source) *record {
		if s == nil {
			return &record{}
		}
		key, _ := strconv.ParseInt(s.ExternalID, 10, 64)
		if out[key] == nil {
			out[key] = &record{}
		}
		return out[key]
	}
	for _, c := range d.Candidates {
		switch r := of(c.Source); c.State {
		case netvisorkyc.Accepted:
		case netvisorkyc.Deleted:
			r.removed = true
		default:
			r.candidates++
		}
	}
	for _, c := range d.Customers {
		r := of(c.Source)
		if c.Lifecycle == netvisorkyc.Active {
			r.customers, r.status = r.customers+1, c.Status
		} else {
			r.ended = true
		}
	}
	return out
}

// diligence judges what came of the due-diligence service.
func (e *Evidence) diligence(v *Verdict) {
	d := e.KYC
	if d == nil {
		return
	}
	if d.WritesAfter > 0 {
		v.note(&v.Echoes, "Promise 3: %d calls of writing into KYC after everything had settled", d.WritesAfter)
	}
	d.made(v)
	records := d.records()
	for _, key := range d.Due {
		if records[key] == nil {
			v.note(&v.Lost, "Promise 1: customer %d never came into KYC: %s", key, d.Says[key])
		}
	}
	for key, r := range records {
		if n := r.candidates + r.customers; n > 1 {
			v.note(&v.Duplicates, "Promise 2: customer %d is in KYC %d times", key, n)
		}
		if e.Deletions[key] && r.candidates+r.customers > 0 {
			v.note(&v.Unexplained, "Promise 3: customer %d was deleted in Netvisor and is in use in KYC (%+v): %s", key, *r, d.Says[key])
			continue
		}
		d.shown(v, key, r)
	}
}

// made holds the records that calls of the hub made against those that it may make: one candidate of each customer, another one for each
// time that somebody had it sent again or named a contact person, and never a customer (R42).
func (d *Diligence) made(v *Verdict) {
	made := make(map[int64]int)
	for _, effect := range d.Effects {
		if effect.What != netvisorkyc.WasCreated || effect.Call == 0 {
			continue
		}
		if effect.Entity == netvisorkyc.EntityCustomer {
			v.note(&v.Collateral, "R42: call %d made KYC customer %s", effect.Call, effect.ID)
		}
		for _, c := range effect.Changes {
			if key, err := strconv.ParseInt(c.After, 10, 64); err == nil && c.Field == "source.externalId" && effect.Entity == netvisorkyc.EntityCandidate {
				made[key]++
			}
		}
	}
	for key, n := range made {
		if n > 1+d.Resent[key] {
			v.note(&v.Duplicates, "Promise 2: %d candidates were made of customer %d, which somebody wanted back %d times", n, key, d.Resent[key])
		}
	}
}

// shown compares what the service has with what the hub and Netvisor's tab show of it.
func (d *Diligence) shown(v *Verdict, key int64, r *record) {
	got, want := d.Hub[key], customer.KYCCustomer
	switch {
	case r.customers > 0:
	case r.candidates > 0:
		want = customer.KYCCandidate
	case r.ended:
		want = customer.KYCEnded
	case r.removed:
		want = customer.KYCRemoved
	}
	if got.State != want {
		v.note(&v.Unexplained, "Promise 3: customer %d is %s in KYC and %s in the hub", key, want, got.State)
		return
	}
	if want != customer.KYCCustomer {
		return
	}
	s := r.status
	if text(s.RiskClass) != string(got.RiskClass) || text(s.DueDiligenceExpiresOn) != got.DueDiligenceExpiresOn || text(s.Notes) != got.Notes {
		v.note(&v.Unexplained, "Promise 3: the status of customer %d is %s, %s, %q in KYC and %s, %s, %q in the hub", key,
			text(s.RiskClass), text(s.DueDiligenceExpiresOn), text(s.Notes), got.RiskClass, got.DueDiligenceExpiresOn, got.Notes)
	}
	if tab := d.Tab[key]; !alike(text(s.RiskClass), tab.RiskClass) || text(s.DueDiligenceExpiresOn) != tab.DueDiligenceExpires || text(s.Notes) != tab.Remarks {
		v.note(&v.Unexplained, "Promise 3: the status of customer %d is %s, %s, %q in KYC and %s, %s, %q on Netvisor's tab", key,
			text(s.RiskClass), text(s.DueDiligenceExpiresOn), text(s.Notes), tab.RiskClass, tab.DueDiligenceExpires, tab.Remarks)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
