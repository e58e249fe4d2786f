package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
	kycsandbox "customerhub/internal/sandbox/netvisorkyc"
)

// TestBusinessIDsByChance corrects the business ID of a customer again and again, while KYC's people accept candidates and calls fail before
// and after their effect. Whatever happened, in the end the customer has one record in KYC, which stands for its business ID: the customer
// that was assessed under it where there is one, and else one candidate; and then nothing more is written (Promise 2, Promise 3).
func TestBusinessIDsByChance(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			d := duly(t, sandbox.Options{}, nil, nil)
			d.worker = reconcile.NewWorker(d.hub, d.db.App, reconcile.Options{
				Kinds: d.kinds, Client: http.DefaultClient, Workers: 1, Backoff: []time.Duration{time.Millisecond}, LongestWrite: time.Millisecond,
			})
			ids := businessIDs[:3]
			key := d.typed(map[string]string{"name": "Malliyritys Oy", "code": "7001", "businessId": ids[0]}, tab("Aino", "Malli"))
			d.polled(d.system)
			d.activated()
			now := ids[0]
			for range 16 {
				switch random.IntN(6) {
				case 0, 1:
					now = ids[random.IntN(len(ids))]
					d.retyped(key, "businessId", now)
				case 2:
					for _, c := range d.candidates() {
						if c.State != "ACCEPTED" {
							_, err := d.kyc.Accept(c.ID, kycsandbox.Assessment{RiskClass: "HIGH", ReviewIntervalMonths: 12, Force: true})
							d.must(err)
							break
						}
					}
				case 3:
					kinds := []kycsandbox.FaultKind{kycsandbox.FaultLostAnswer, kycsandbox.FaultLostRequest, kycsandbox.FaultStatus}
					methods := []string{"PUT", "DELETE", "GET"}
					_, err := d.kyc.Fault(kycsandbox.Fault{Kind: kinds[random.IntN(len(kinds))], Method: methods[random.IntN(len(methods))], Times: 1 + random.IntN(2)})
					d.must(err)
				case 4: // only a part of the work is done before the next thing happens
					_, _ = d.hub.SyncNow(t.Context(), d.viewer, d.system, false, "") // one may be under way
					for range random.IntN(4) {
						_, err := d.worker.RunOne(t.Context())
						d.must(err)
						_, err = d.worker.LinkOne(t.Context())
						d.must(err)
					}
				default:
					d.hurried()
				}
			}
			for _, f := range d.kyc.Faults() {
				d.kyc.ClearFault(f.ID)
			}
			for until := time.Now().Add(20 * time.Second); time.Now().Before(until); {
				d.hurried()
				d.both()
				if l := d.linkIn(key, d.kycSystem); l.State == link.InSync && d.count(`SELECT count(*) FROM deletion WHERE ended_at IS NULL`) == 0 {
					break
				}
			}
			d.both()
			d.agreed(key, d.kycSystem)
			assessed := false
			for _, c := range d.kyc.Customers(d.obliged) {
				assessed = assessed || *c.BusinessID == now
			}
			waiting := map[string]int{}
			for _, c := range d.kyc.Candidates(d.obliged) {
				if c.State != "ACCEPTED" && c.State != "DELETED" {
					waiting[c.BusinessID]++
				}
			}
			want, state := map[string]int{now: 1}, customer.KYCCandidate
			if assessed {
				want, state = map[string]int{}, customer.KYCCustomer
			}
			if fmt.Sprint(waiting) != fmt.Sprint(want) || d.said(key).State != state {
				t.Errorf("the business ID is %s, assessed %v: candidates %v, the hub has %+v", now, assessed, waiting, d.said(key))
			}
			if n := d.count(`SELECT count(*) FROM link WHERE system_id = $1 AND is_primary`, string(d.kycSystem)); n != 1 {
				t.Errorf("%d primary links", n)
			}
			calls := len(d.kyc.Calls())
			d.both()
			if w := d.wroteKYC(calls); len(w) > 0 {
				t.Errorf("Promise 3: written again: %v", w)
			}
		})
	}
}

// hurried does all that is due, and all that waits to be tried again.
func (d *diligent) hurried() {
	d.Helper()
	d.owner(`UPDATE link SET due_at = now() WHERE due_at IS NOT NULL`)
	d.owner(`UPDATE system SET hold_until = NULL, next_due_at = now() WHERE state = 'RUNNING'`)
	d.settle()
}
