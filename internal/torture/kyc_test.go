package torture

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strconv"
	"time"

	"customerhub/internal/advice"
	hubkyc "customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/finnish"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// withKYC says whether a seed has a due-diligence service.
func withKYC(seed uint64) bool { return seed%2 == 0 }

// diligence is a simulated Netvisor KYC.
type diligence struct {
	sandbox *netvisorkyc.Sandbox
	server  *httptest.Server
	obliged string
	system  system.ID
	resent  map[int64]int
}

func (d *diligence) close() {
	d.server.Close()
	_ = d.sandbox.Close()
}

// writes counts the calls that had an effect on a record.
func (d *diligence) writes() (n int) {
	if d == nil {
		return 0
	}
	for _, c := range d.sandbox.Calls() {
		if c.Committed {
			n++
		}
	}
	return n
}

// beside takes a due-diligence service into use, as an administrator does.
func (w *world) beside(ctx context.Context) error {
	k, err := netvisorkyc.New(netvisorkyc.Options{Seed: w.seed})
	if err != nil {
		return err
	}
	d := &diligence{sandbox: k, server: httptest.NewServer(k), obliged: k.Organisations()[0], resent: make(map[int64]int)}
	w.kyc = d
	if err := k.EnableInterfaces(d.obliged); err != nil {
		return err
	}
	if err := k.CreateIntegrationUser(d.obliged); err != nil {
		return err
	}
	s, err := w.hub.CreateSystem(ctx, w.viewer, hub.CreateSystem{
		Kind: system.NetvisorKYC, Settings: map[string]string{hubkyc.BaseURL: d.server.URL, hubkyc.OrganisationID: d.obliged},
	}, "")
	if err != nil {
		return err
	}
	d.system = s.ID
	c, _ := k.Credentials(d.obliged)
	if _, err := w.hub.SetSystemCredentials(ctx, w.viewer, s.ID, map[string]string{hubkyc.ActivationToken: c.BootstrapToken}, ""); err != nil {
		return err
	}
	if _, err := w.hub.SetSystemErrorReport(ctx, w.viewer, s.ID, "virheet@example.test", advice.English, ""); err != nil {
		return err
	}
	for _, step := range []func() (run.Run, error){
		func() (run.Run, error) { return w.hub.RequestCredential(ctx, w.viewer, s.ID, "") },
		func() (run.Run, error) { return w.hub.SubmitSystem(ctx, w.viewer, s.ID, "") },
		func() (run.Run, error) {
			_, r, err := w.hub.StartSystem(ctx, w.viewer, s.ID, "")
			return r, err
		},
	} {
		if err := w.carriedOut(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// carriedOut queues a run and carries it out.
func (w *world) carriedOut(ctx context.Context, queue func() (run.Run, error)) error {
	r, err := queue()
	if err != nil {
		return err
	}
	for {
		if _, err := w.worker.RunOne(ctx); err != nil {
			return err
		}
		found, err := w.hub.RunsByID(ctx, w.viewer, []run.ID{r.ID})
		if err != nil {
			return err
		}
		switch now := found[r.ID]; now.State {
		case run.Queued, run.Running:
			time.Sleep(time.Millisecond)
		case run.Succeeded:
			return nil
		default:
			return fmt.Errorf("%s is %s: %s", now.Kind, now.State, now.Message)
		}
	}
}

// diligentActions are what happens beside in seeds with a due-diligence service.
var diligentActions = []func(*world, context.Context) error{
	(*world).register, (*world).register, (*world).accept, (*world).accept, (*world).assess, (*world).remove, (*world).takeBack, (*world).resend,
	(*world).breakKYC, (*world).breakKYC, (*world).pollKYC, (*world).pollKYC, (*world).sweepKYC, (*world).typePerson,
}

// register is a new company on Netvisor's books.
func (w *world) register(context.Context) error {
	w.made++
	_, err := w.netvisor.Add("", func(c *netvisor.Customer) error {
		for field, value := range map[string]string{
			"code": fmt.Sprintf("6%05d", w.made), "Name": fmt.Sprintf("Kirjattu %d Oy", w.made), "businessId": businessID(int(w.seed%1000)*1000 + w.made),
		} {
			if err := c.Set(field, value); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// businessID is a valid one, another one for each number.
func businessID(n int) string {
	for digits := 1_000_000 + n*7%8_000_000; ; digits++ {
		for check := range 10 {
			if id := fmt.Sprintf("%07d-%d", digits, check); finnish.ValidBusinessID(id) {
				return id
			}
		}
	}
}

// open are the candidates that wait for an assessment.
func (d *diligence) open() (out []netvisorkyc.Candidate) {
	for _, c := range d.sandbox.Candidates(d.obliged) {
		if c.State != netvisorkyc.Accepted && c.State != netvisorkyc.Deleted {
			out = append(out, c)
		}
	}
	return out
}

func (w *world) assessment() netvisorkyc.Assessment {
	w.made++
	return netvisorkyc.Assessment{
		RiskClass: pick(w.random, []string{netvisorkyc.Standard, netvisorkyc.High}), ReviewIntervalMonths: 6 + w.random.IntN(7),
		Notes: fmt.Sprintf("Huomio %d", w.made), Force: true,
	}
}

// accept has the first assessment of a candidate accepted, which makes it a customer.
func (w *world) accept(context.Context) error {
	open := w.kyc.open()
	if len(open) == 0 {
		return nil
	}
	_, err := w.kyc.sandbox.Accept(pick(w.random, open).ID, w.assessment())
	return err
}

// assess is a later assessment.
func (w *world) assess(context.Context) error {
	all := w.kyc.sandbox.Customers(w.kyc.obliged)
	if len(all) == 0 {
		return nil
	}
	if c := pick(w.random, all); c.Lifecycle == netvisorkyc.Active {
		return w.kyc.sandbox.Assess(c.ID, w.assessment())
	}
	return nil
}

// remove is somebody in the service who deletes a candidate.
func (w *world) remove(context.Context) error {
	open := w.kyc.open()
	if len(open) < 2 {
		return nil
	}
	return w.kyc.sandbox.DeleteCandidate(pick(w.random, open).ID)
}

// takeBack is somebody in the hub who does, and resend somebody who sends it again.
func (w *world) takeBack(ctx context.Context) error {
	c, err := w.ours(ctx, pick(w.random, w.keys()))
	if err != nil || c == nil {
		return err
	}
	_, _ = w.hub.DeleteCandidate(ctx, w.viewer, c.ID, "Ei kuulu tänne", "")
	return nil
}

func (w *world) resend(ctx context.Context) error {
	key := pick(w.random, w.keys())
	c, err := w.ours(ctx, key)
	if err != nil || c == nil {
		return err
	}
	if _, err := w.hub.ResendCandidate(ctx, w.viewer, c.ID, ""); err == nil {
		w.kyc.resent[key]++
	}
	return nil
}

// typePerson is somebody who names the contact person on Netvisor's tab.
func (w *world) typePerson(context.Context) error {
	w.made++
	key := pick(w.random, w.keys())
	w.kyc.resent[key]++ // a contact person who is added brings a removed candidate back (KYC contract, section 7)
	return w.netvisor.Edit("", key, func(c *netvisor.Customer) error {
		tab := c.Responsibility()
		tab.FirstName, tab.LastName, tab.Email = "Eino", fmt.Sprintf("Kirjaaja%d", w.made), fmt.Sprintf("eino%d@example.test", w.made)
		c.SetResponsibility(tab)
		return nil
	})
}

func (w *world) breakKYC(context.Context) error {
	w.injected++
	f := pick(w.random, []netvisorkyc.Fault{
		{Kind: netvisorkyc.FaultLostAnswer}, {Kind: netvisorkyc.FaultLostAnswer}, {Kind: netvisorkyc.FaultLostRequest}, {Kind: netvisorkyc.FaultStatus, Status: 503},
		{Kind: netvisorkyc.FaultStatus, Status: 502, AfterCommit: true}, {Kind: netvisorkyc.FaultTooMany}, {Kind: netvisorkyc.FaultTruncate, Fraction: 0.5},
		{Kind: netvisorkyc.FaultGarbage, Variant: netvisorkyc.PageVariant, AfterCommit: true}, {Kind: netvisorkyc.FaultGarbage, Variant: netvisorkyc.GarbageEmpty},
		{Kind: netvisorkyc.FaultSlowAnswer, Delay: netvisorkyc.Duration(8 * time.Millisecond)},
	})
	f.Path = pick(w.random, []string{"/candidates/by-source/", "/candidates/by-source/", "/candidates/", "/customers/", "/changes", ""})
	f.Times = 1 + w.random.IntN(2)
	_, err := w.kyc.sandbox.Fault(f)
	return err
}

func (w *world) pollKYC(ctx context.Context) error  { return w.syncOne(ctx, w.kyc.system, false) }
func (w *world) sweepKYC(ctx context.Context) error { return w.syncOne(ctx, w.kyc.system, true) }

// collectKYC collects the evidence of the service; before is how many calls of writing there had been when everything had settled.
func (w *world) collectKYC(ctx context.Context, before int) error {
	d := &Diligence{
		Effects: w.kyc.sandbox.Effects(), Candidates: w.kyc.sandbox.Candidates(w.kyc.obliged), Customers: w.kyc.sandbox.Customers(w.kyc.obliged),
		Resent: w.kyc.resent, Hub: make(map[int64]customer.KYC), Tab: make(map[int64]netvisor.Responsibility), Says: make(map[int64]string), WritesAfter: w.kyc.writes() - before,
	}
	w.evidence.KYC = d
	size := hub.MaxPageSize
	page, err := w.hub.Customers(ctx, w.viewer, hub.CustomerQuery{Page: hub.Page{First: &size}, Include: hub.IncludeAll})
	if err != nil {
		return err
	}
	ids := make([]customer.ID, len(page.Items))
	for i, c := range page.Items {
		ids[i] = c.ID
	}
	said, err := w.hub.KYCByCustomer(ctx, w.viewer, ids)
	if err != nil {
		return err
	}
	for _, c := range page.Items {
		var of int64
		for _, l := range c.Links {
			if l.SystemID == w.system {
				of, _ = strconv.ParseInt(l.ExternalID, 10, 64)
			}
		}
		for _, l := range c.Links {
			if l.SystemID == w.kyc.system {
				d.Says[of] = fmt.Sprintf("%s: %s", l.State, l.LastMessage)
			}
			switch key, _ := strconv.ParseInt(l.ExternalID, 10, 64); {
			case l.SystemID == w.system:
				d.Hub[key] = said[c.ID]
			case l.SystemID != w.kyc.system, l.State == link.Parked && c.BusinessID == "": // KYC keeps no record without one, and says so
			case l.State != link.InSync && (l.State != link.NotInScope || l.LastMessage == ""):
				w.evidence.Unsettled = append(w.evidence.Unsettled, fmt.Sprintf("%s (%s) is %s in KYC: %s", c.Name, l.ExternalID, l.State, l.LastMessage))
			}
		}
	}
	for _, key := range w.keys() {
		c, _ := w.netvisor.Get("", key)
		d.Tab[key] = c.Responsibility()
		if finnish.ValidBusinessID(c.Get("businessId")) && c.Get("IsPrivateCustomer") != "1" && c.Get("IsActive") == "1" {
			d.Due = append(d.Due, key)
		}
	}
	return nil
}
