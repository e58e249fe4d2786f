package onboarding_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/onboarding"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

var then = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// running is a system of a kind that everything is done about.
func running(k system.Kind) onboarding.System {
	s := system.System{
		ID: system.ID(k), Kind: k, Name: string(k), State: system.Running, CredentialsSetAt: then, CheckedAt: then, FreshAt: then,
		Checks: []system.Check{{Name: "credentials", OK: true}, {Name: system.CheckIntegration, OK: true}}, ReportEmail: "virheet@example.test", PollEvery: time.Minute,
		Policy: system.Policy{Flow: system.Flow{Direction: system.Both}},
	}
	out := onboarding.System{System: s, Written: true, Plans: []run.PlanState{run.PlanApplied}}
	if k == system.NetvisorKYC {
		out.Derived, out.Plans = true, nil
		out.Activation = &system.Activation{Stage: system.StageRunning}
	}
	return out
}

// complete is an organisation in which everything is done.
func complete() onboarding.Facts {
	return onboarding.Facts{
		Managers: 1, MailServer: true, Systems: []onboarding.System{running(system.Netvisor), running(system.NetvisorKYC), running(system.Flex)},
	}
}

func find(t *testing.T, steps []onboarding.Step, k onboarding.Key) onboarding.Step {
	t.Helper()
	i := slices.IndexFunc(steps, func(s onboarding.Step) bool { return s.Key == k })
	if i < 0 {
		t.Fatalf("there is no step %s", k)
	}
	return steps[i]
}

func TestR128_SixteenStepsInOrder(t *testing.T) {
	t.Parallel()
	steps := onboarding.Checklist(complete(), onboarding.Everything, nil)
	if len(steps) != 16 || !onboarding.Complete(steps) || onboarding.Next(steps) != nil {
		t.Fatalf("%d steps, complete %v, next %+v", len(steps), onboarding.Complete(steps), onboarding.Next(steps))
	}
	for i, k := range onboarding.Keys() {
		if steps[i].Key != k || !onboarding.Known(k) {
			t.Errorf("step %d is %s, not %s", i+1, steps[i].Key, k)
		}
	}
	empty := onboarding.Checklist(onboarding.Facts{}, "", nil)
	for _, s := range empty {
		if text := s.Lacks.In(advice.English); s.State != onboarding.Done && (text == "" || strings.Contains(text, ": .")) {
			t.Errorf("%s lacks %q", s.Key, text)
		}
	}
	if next := onboarding.Next(empty); next == nil || next.Key != onboarding.Roles || onboarding.Complete(empty) {
		t.Errorf("an empty organisation begins with %+v", next)
	}
}

// TestEachStep spoils one thing of a complete organisation at a time.
func TestEachStep(t *testing.T) {
	t.Parallel()
	change := func(k system.Kind, f func(*onboarding.System)) func(*onboarding.Facts) {
		return func(facts *onboarding.Facts) {
			for i := range facts.Systems {
				if facts.Systems[i].Kind == k {
					f(&facts.Systems[i])
				}
			}
		}
	}
	without := func(k system.Kind) func(*onboarding.Facts) {
		return func(f *onboarding.Facts) {
			f.Systems = slices.DeleteFunc(f.Systems, func(s onboarding.System) bool { return s.Kind == k })
		}
	}
	failing := func(s *onboarding.System) {
		s.Checks = []system.Check{{Name: "credentials", OK: true}, {Name: system.CheckIntegration, OK: true}, {Name: "customer.nv", Message: "It is not allowed."}}
	}
	stage := func(at system.Stage) func(*onboarding.System) {
		return func(s *onboarding.System) { s.Activation = &system.Activation{Stage: at} }
	}
	for name, c := range map[string]struct {
		spoil func(*onboarding.Facts)
		step  onboarding.Key
		state onboarding.State
		who   advice.Who
		says  string
	}{
		"NoKey":             {func(f *onboarding.Facts) { f.Managers = 0 }, onboarding.Roles, onboarding.Missing, advice.Operator, "key"},
		"NoNetvisor":        {without(system.Netvisor), onboarding.Identifiers, onboarding.Missing, advice.Administrator, "No Netvisor company"},
		"NoIdentifiers":     {change(system.Netvisor, func(s *onboarding.System) { s.CredentialsSetAt = time.Time{} }), onboarding.Identifiers, onboarding.Missing, advice.Administrator, "NETVISOR"},
		"NotChecked":        {change(system.Netvisor, func(s *onboarding.System) { s.CheckedAt, s.Checks = time.Time{}, nil }), onboarding.Rights, onboarding.Missing, advice.Administrator, "not been checked"},
		"ARightIsMissing":   {change(system.Netvisor, failing), onboarding.Rights, onboarding.Missing, advice.Administrator, "customer.nv: It is not allowed."},
		"NotVerified":       {change(system.Netvisor, func(s *onboarding.System) { s.State = system.Draft }), onboarding.Verified, onboarding.Missing, advice.Administrator, "not verified"},
		"NoLongerVerified":  {change(system.Netvisor, func(s *onboarding.System) { s.State = system.NeedsAction }), onboarding.Verified, onboarding.Missing, advice.Administrator, "no longer"},
		"NoKYC":             {without(system.NetvisorKYC), onboarding.KYCUser, onboarding.Missing, advice.Administrator, "No Netvisor KYC"},
		"KYCIsDisabled":     {change(system.NetvisorKYC, stage(system.StageDisabled)), onboarding.KYCUser, onboarding.Waiting, advice.Vendor, "not enabled"},
		"KYCNotAsked":       {change(system.NetvisorKYC, func(s *onboarding.System) { s.Activation = nil }), onboarding.KYCUser, onboarding.Waiting, advice.Vendor, "not enabled"},
		"KYCNotVerified":    {change(system.NetvisorKYC, stage(system.StageIssued)), onboarding.KYCVerified, onboarding.Missing, advice.Administrator, "not verified"},
		"KYCScopeNotHanded": {change(system.NetvisorKYC, stage(system.StageIssued)), onboarding.KYCScope, onboarding.Missing, advice.Administrator, "which customers go to KYC"},
		"NobodyIsTold":      {change(system.Flex, func(s *onboarding.System) { s.ReportEmail = "" }), onboarding.ReportEmail, onboarding.Missing, advice.Administrator, "FLEX"},
		"NoFlex":            {without(system.Flex), onboarding.FlexEnabled, onboarding.Missing, advice.Administrator, "No Admicom Flex"},
		"FlexIsDisabled": {change(system.Flex, func(s *onboarding.System) {
			s.Checks = []system.Check{{Name: "api key", OK: true}, {Name: system.CheckIntegration, Message: "It is off."}}
		}), onboarding.FlexEnabled, onboarding.Waiting, advice.Vendor, "not enabled"},
		"FlexTypes":     {change(system.Flex, failing), onboarding.FlexTypes, onboarding.Missing, advice.Administrator, "It is not allowed."},
		"SeriesMeet":    {func(f *onboarding.Facts) { f.Meetings = []string{"They meet at 5001."} }, onboarding.NumberSeries, onboarding.Missing, advice.Administrator, "5001"},
		"SeriesUnknown": {change(system.Flex, func(s *onboarding.System) { s.FreshAt, s.Plans = time.Time{}, nil }), onboarding.NumberSeries, onboarding.Missing, advice.Administrator, "not known"},
		"NoDirection":   {change(system.Netvisor, func(s *onboarding.System) { s.State, s.Plans = system.Checked, nil }), onboarding.Direction, onboarding.Missing, advice.Administrator, "which way"},
		"NotApproved":   {change(system.Netvisor, func(s *onboarding.System) { s.State, s.Plans = system.Checked, []run.PlanState{run.PlanReady} }), onboarding.DryRun, onboarding.Missing, advice.Administrator, "approved"},
		"UnmappedField": {func(f *onboarding.Facts) { f.Unmapped = []string{"Asiakaslähde"} }, onboarding.CustomFields, onboarding.Missing, advice.Administrator, "Asiakaslähde"},
		"NotReadYet":    {change(system.Netvisor, func(s *onboarding.System) { s.FreshAt = time.Time{} }), onboarding.InitialRun, onboarding.Missing, advice.Administrator, "not read everything"},
		"Paused":        {change(system.Netvisor, func(s *onboarding.System) { s.State = system.Paused }), onboarding.Monitoring, onboarding.Missing, advice.Administrator, "NETVISOR"},
		"NoMailServer":  {func(f *onboarding.Facts) { f.MailServer = false }, onboarding.Monitoring, onboarding.Missing, advice.Operator, "mail server"},
		"KYCRefusedAKey": {change(system.NetvisorKYC, func(s *onboarding.System) {
			s.Activation = &system.Activation{Stage: system.StageFailed, Checks: []system.Check{{Name: "netvisor", Message: "The key was refused."}}}
		}), onboarding.KYCVerified, onboarding.Missing, advice.Administrator, "The key was refused."},
		"KYCNeedsNoPlan": {change(system.NetvisorKYC, func(s *onboarding.System) { s.Plans = nil }), onboarding.DryRun, onboarding.Done, "", ""},
		"AnOldOneDoesNotCount": {func(f *onboarding.Facts) {
			f.Systems = append(f.Systems, onboarding.System{System: system.System{Kind: system.Netvisor, Name: "Old", State: system.Draft}})
		}, onboarding.Identifiers, onboarding.Done, "", ""},
		"AnImportNeedsNoPlan": {change(system.Netvisor, func(s *onboarding.System) { s.Plans, s.Policy = nil, system.Policy{} }), onboarding.DryRun, onboarding.Done, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := complete()
			c.spoil(&facts)
			s := find(t, onboarding.Checklist(facts, onboarding.Everything, nil), c.step)
			if s.State != c.state {
				t.Fatalf("it is %s: %s", s.State, s.Lacks.In(advice.English))
			}
			if c.state == onboarding.Done {
				if s.Fix != nil || s.Lacks.In(advice.English) != "" {
					t.Errorf("it is done and lacks %q", s.Lacks.In(advice.English))
				}
				return
			}
			if s.Fix == nil || s.Fix.Who != c.who || !strings.Contains(s.Lacks.In(advice.English), c.says) {
				t.Errorf("%+v: %q", s.Fix, s.Lacks.In(advice.English))
			}
			seen := make(map[string]bool)
			for _, l := range advice.Languages {
				for _, text := range []string{s.Title.In(l), s.Fix.How.In(l)} {
					if text == "" || strings.Contains(text, "%!") {
						t.Errorf("%s: %q", l, text)
					}
				}
				if lacks := s.Lacks.In(l); lacks == "" || strings.Contains(lacks, "%!") || seen[lacks] {
					t.Errorf("%s: %q", l, lacks)
				} else {
					seen[lacks] = true
				}
			}
		})
	}
}

func TestR126_EarlierStepsComeFirst(t *testing.T) {
	t.Parallel()
	facts := complete()
	facts.Systems = nil
	steps := onboarding.Checklist(facts, onboarding.Everything, nil)
	if s := find(t, steps, onboarding.Identifiers); s.State != onboarding.Missing {
		t.Errorf("the first that is missing is %s", s.State)
	}
	if s := find(t, steps, onboarding.Rights); s.State != onboarding.Blocked || !slices.Equal(s.After, []onboarding.Key{onboarding.Identifiers}) {
		t.Errorf("the one after it is %s, after %v", s.State, s.After)
	}
}

func TestR129_R130_R131_Acknowledging(t *testing.T) {
	t.Parallel()
	facts := complete()
	facts.Systems = []onboarding.System{running(system.Netvisor)}
	said := []onboarding.Acknowledgement{
		{Key: onboarding.KYCUser, By: "Aino Malli", Reason: "Ei käytössä", At: then}, {Key: onboarding.KYCVerified, By: "Aino Malli", Reason: "Ei käytössä", At: then},
		{Key: onboarding.KYCScope, By: "Aino Malli", Reason: "Ei käytössä", At: then}, {Key: onboarding.FlexEnabled, By: "Aino Malli", Reason: "Ei käytössä", At: then},
		{Key: onboarding.FlexTypes, By: "Aino Malli", Reason: "Ei käytössä", At: then}, {Key: onboarding.CustomFields, By: "Aino Malli", Reason: "Turha", At: then},
	}
	steps := onboarding.Checklist(facts, onboarding.AccountingOnly, said)
	if !onboarding.Complete(steps) {
		t.Errorf("next is %+v", onboarding.Next(steps))
	}
	if s := find(t, steps, onboarding.KYCUser); s.State != onboarding.Acknowledged || s.Required || s.Acknowledgement == nil || s.Acknowledgement.By != "Aino Malli" {
		t.Errorf("got %+v", s)
	}
	if s := find(t, steps, onboarding.CustomFields); s.State != onboarding.Done {
		t.Errorf("what is done is %s though somebody acknowledged it", s.State)
	}
	with := onboarding.Checklist(facts, onboarding.AccountingKYC, said)
	if s := find(t, with, onboarding.KYCUser); s.State != onboarding.Missing || !s.Required {
		t.Errorf("R131: with another profile it is %+v", s)
	}
	if onboarding.Required(onboarding.AccountingOnly, onboarding.KYCScope) || !onboarding.Required("", onboarding.KYCScope) {
		t.Error("an organisation without a profile needs every step, and one of accounting alone does not need KYC")
	}
	want := []onboarding.Key{onboarding.Roles, onboarding.Identifiers, onboarding.Rights, onboarding.Verified, onboarding.ReportEmail, onboarding.Direction,
		onboarding.DryRun, onboarding.InitialRun, onboarding.Monitoring}
	got := slices.DeleteFunc(onboarding.Keys(), func(k onboarding.Key) bool { return !onboarding.Required(onboarding.AccountingOnly, k) })
	if !slices.Equal(got, want) {
		t.Errorf("accounting only needs %v", got)
	}
}
