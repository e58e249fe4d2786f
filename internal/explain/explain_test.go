package explain_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/customer"
	"customerhub/internal/explain"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// TestThereIsAlwaysAReason goes through every state that a customer and a system can be in: they agree, or one check fails, which
// has words in every language and somebody who can mend it (Promise 8).
func TestThereIsAlwaysAReason(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	verbs := regexp.MustCompile(`%[!\[]`)
	seen := make(map[explain.Name]bool)
	n := 0
	check := func(f explain.Facts) {
		n++
		e := explain.Of(f)
		if len(e.Checks) != len(explain.Names) {
			t.Fatalf("%d checks", len(e.Checks))
		}
		var reason *explain.Check
		for i := range e.Checks {
			c := &e.Checks[i]
			switch {
			case c.Name != explain.Names[i]:
				t.Fatalf("check %d is %s", i, c.Name)
			case reason != nil && c.Result != explain.NotReached:
				t.Fatalf("%s comes after the reason %s and is %s", c.Name, reason.Name, c.Result)
			case c.Result == explain.Failed:
				reason = c
			}
		}
		agrees := f.Link != nil && f.Link.State == link.InSync
		if reason == nil {
			if !agrees || f.System.State != system.Running || e.Fix != nil {
				t.Fatalf("no reason for %+v, %+v", f.Link, f.System)
			}
			return
		}
		seen[reason.Name] = true
		if e.Fix == nil {
			t.Fatalf("%s has nobody who can mend it", reason.Name)
		}
		for _, l := range advice.Languages {
			for _, said := range []string{reason.Message.In(l), e.Fix.How.In(l)} {
				if strings.TrimSpace(said) == "" || verbs.MatchString(said) {
					t.Fatalf("%s in %s says %q", reason.Name, l, said)
				}
			}
		}
		if reason.Message.In(advice.Finnish) == reason.Message.In(advice.Swedish) {
			t.Fatalf("%s says the same in two languages", reason.Name)
		}
	}
	links := []*link.Link{nil}
	for _, s := range []link.State{link.InSync, link.Due, link.Waiting, link.InProgress, link.Uncertain, link.Parked, link.NotInScope, link.Paused} {
		for _, code := range []fault.Code{
			"", fault.Unsupported, fault.Unavailable, fault.Maintenance, fault.Limited, fault.Denied, fault.Rejected, fault.Invalid, fault.Ambiguous,
			fault.Duplicate, fault.NotFound, fault.Uncertain, fault.Internal,
		} {
			for _, id := range []string{"", "7"} {
				links = append(links, &link.Link{State: s, LastFault: code, LastMessage: "Sanoja.", ExternalID: id, DueAt: now, Primary: true})
			}
		}
	}
	links = append(links, &link.Link{State: link.NotInScope, LastMessage: "Sanoja.", ExternalID: "8"})
	for _, status := range []customer.Status{customer.Active, customer.Inactive, customer.Merged, customer.Erased} {
		for _, state := range []system.State{system.Draft, system.Checked, system.Planned, system.Running, system.Paused, system.NeedsAction} {
			for _, policy := range []system.Policy{{}, {Flow: system.Flow{Direction: system.Both}}} {
				for _, held := range []time.Time{{}, now.Add(time.Hour)} {
					for _, l := range links {
						for _, kept := range [][]finding.Finding{nil, {{Message: "Ei mene."}}} {
							check(explain.Facts{
								Customer: &customer.Customer{Status: status}, Link: l, Writable: true, KeptBack: kept, Now: now,
								System: &system.System{Name: "Netvisor", State: state, Policy: policy, HoldUntil: held, Fault: &system.Fault{Message: "Suljettu."}},
							})
						}
					}
				}
			}
		}
	}
	parked := &link.Link{State: link.Parked, LastFault: fault.Unsupported, ExternalID: "7", Primary: true}
	braked := explain.Facts{Customer: &customer.Customer{Status: customer.Active}, System: &system.System{Name: "Netvisor", State: system.Running}, Now: now, Link: parked}
	for _, way := range []link.Way{link.Inward, link.Outward, link.ByHand} {
		for _, effect := range []link.Effect{link.Deactivation, link.Clearing, link.Altering} {
			for _, ruling := range []link.Ruling{"", link.Approved, link.Rejected} {
				braked.Stops = []link.Stop{{Class: link.ClassOf(way, effect), Counted: 20, Records: 100, Most: 20, Parked: 7, Since: now, Ruling: ruling}}
				check(braked)
			}
		}
	}
	braked.Stops = []link.Stop{{Class: link.Gone, Counted: 20, Records: 100, Most: 20, Parked: 7, Since: now}}
	check(braked)
	braked.Stops[0].Ruling = link.Rejected
	braked.Link = &link.Link{State: link.Waiting, LastFault: fault.Unsupported, ExternalID: "7", Primary: true}
	check(braked)
	braked.Stops, braked.Apart = nil, []customer.Group{"name"}
	check(braked)
	for _, name := range explain.Names {
		if !seen[name] {
			t.Errorf("%s is never the reason", name)
		}
	}
	t.Logf("%d states", n)
}

func TestWhatTheSystemSaidAndWhenItIsTriedAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	running := system.System{Name: "Netvisor", State: system.Running, Policy: system.Policy{Flow: system.Flow{Direction: system.Both}}}
	for name, tc := range map[string]struct {
		link   link.Link
		system func(*system.System)
		reason explain.Name
		vendor string
		next   time.Time
		who    advice.Who
	}{
		"Refused": {
			link: link.Link{State: link.Parked, LastFault: fault.Rejected, LastMessage: "Tieto ei kelpaa."}, reason: explain.Accepted, vendor: "Tieto ei kelpaa.", who: advice.User,
		},
		"Silent": {
			link:   link.Link{State: link.Due, DueAt: now, LastMessage: "To be sent: phone."},
			system: func(s *system.System) { s.HoldUntil, s.Fault = now.Add(time.Minute), &system.Fault{Message: "502"} },
			reason: explain.Answers, vendor: "502", next: now.Add(time.Minute), who: advice.Vendor,
		},
		"Due":       {link: link.Link{State: link.Due, DueAt: now.Add(-time.Minute)}, reason: explain.Turn, next: now, who: advice.Nobody},
		"Uncertain": {link: link.Link{State: link.Uncertain, DueAt: now.Add(time.Hour)}, reason: explain.Known, next: now.Add(time.Hour), who: advice.Nobody},
		"Denied": {
			link: link.Link{State: link.InSync},
			system: func(s *system.System) {
				s.State, s.Fault = system.NeedsAction, &system.Fault{Message: "Tunnus ei kelpaa."}
			},
			reason: explain.Admitted, vendor: "Tunnus ei kelpaa.", who: advice.Administrator,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := running
			tc.link.Primary = true
			if tc.system != nil {
				tc.system(&s)
			}
			e := explain.Of(explain.Facts{Customer: &customer.Customer{Status: customer.Active}, System: &s, Link: &tc.link, Writable: true, Now: now})
			for _, c := range e.Checks {
				if (c.Result == explain.Failed) != (c.Name == tc.reason) {
					t.Errorf("%s %s: %s", c.Name, c.Result, c.Message.In(advice.English))
				}
			}
			if e.VendorMessage != tc.vendor || !e.NextTryAt.Equal(tc.next) || e.Fix == nil || e.Fix.Who != tc.who {
				t.Errorf("got %q, %s, %+v", e.VendorMessage, e.NextTryAt, e.Fix)
			}
		})
	}
}
