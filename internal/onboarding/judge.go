package onboarding

import (
	"slices"
	"strings"

	"customerhub/internal/advice"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

var (
	all        = Profiles
	withKYC    = []Profile{AccountingKYC, Everything}
	withFlex   = []Profile{AccountingFlex, Everything}
	completely = []Profile{Everything}
)

// definitions are the sixteen steps.
var definitions = []definition{
	{key: Roles, profiles: all, title: titles[Roles], judge: judgeRoles},
	{key: Identifiers, profiles: all, after: []Key{Roles}, title: titles[Identifiers], judge: judgeIdentifiers},
	{key: Rights, profiles: all, after: []Key{Identifiers}, title: titles[Rights], judge: judgeRights},
	{key: Verified, profiles: all, after: []Key{Rights}, title: titles[Verified], judge: judgeVerified},
	{key: KYCUser, profiles: withKYC, after: []Key{Verified}, title: titles[KYCUser], judge: judgeKYCUser},
	{key: KYCVerified, profiles: withKYC, after: []Key{KYCUser}, title: titles[KYCVerified], judge: judgeKYCVerified},
	{key: KYCScope, profiles: withKYC, after: []Key{KYCUser}, title: titles[KYCScope], judge: judgeKYCScope},
	{key: ReportEmail, profiles: all, after: []Key{Identifiers}, title: titles[ReportEmail], judge: judgeReportEmail},
	{key: FlexEnabled, profiles: withFlex, title: titles[FlexEnabled], judge: judgeFlexEnabled},
	{key: FlexTypes, profiles: withFlex, after: []Key{FlexEnabled}, title: titles[FlexTypes], judge: judgeFlexTypes},
	{key: NumberSeries, profiles: withFlex, after: []Key{FlexEnabled}, title: titles[NumberSeries], judge: judgeNumberSeries},
	{key: Direction, profiles: all, after: []Key{Verified}, title: titles[Direction], judge: judgeDirection},
	{key: DryRun, profiles: all, after: []Key{Direction}, title: titles[DryRun], judge: judgeDryRun},
	{key: CustomFields, profiles: completely, after: []Key{Verified}, title: titles[CustomFields], judge: judgeCustomFields},
	{key: InitialRun, profiles: all, after: []Key{DryRun}, title: titles[InitialRun], judge: judgeInitialRun},
	{key: Monitoring, profiles: all, after: []Key{InitialRun}, title: titles[Monitoring], judge: judgeMonitoring},
}

func (f *Facts) of(k system.Kind) []System {
	return slices.DeleteFunc(slices.Clone(f.Systems), func(s System) bool { return s.Kind != k })
}

// own are the systems that stand for themselves, so that they have a first run.
func (f *Facts) own() []System {
	return slices.DeleteFunc(slices.Clone(f.Systems), func(s System) bool { return s.Derived })
}

// lacking is a step that somebody has to do, by a key of lacks and hows.
func lacking(who advice.Who, key string, words ...any) finding {
	return finding{Missing, lacks[key].With(words...), &advice.Fix{Who: who, How: hows[key].With()}}
}

// awaiting is one that waits for the vendor.
func awaiting(key string, words ...any) finding {
	f := lacking(advice.Vendor, key, words...)
	f.state = Waiting
	return f
}

func names[T any](of []T, name func(T) string) string {
	out := make([]string, len(of))
	for i, one := range of {
		out[i] = name(one)
	}
	return strings.Join(out, ", ")
}

func systemName(s System) string { return s.Name }

// lack gives the names of the systems that do not pass; empty when all do.
func lack(of []System, passes func(System) bool) string {
	return names(slices.DeleteFunc(slices.Clone(of), passes), systemName)
}

func judgeRoles(f *Facts) finding {
	if f.Managers == 0 {
		return lacking(advice.Operator, "noManager")
	}
	return finding{}
}

func judgeIdentifiers(f *Facts) finding {
	found := f.of(system.Netvisor)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(found, func(s System) bool { return !s.CredentialsSetAt.IsZero() }); s != "" {
		return lacking(advice.Administrator, "noIdentifiers", s)
	}
	return finding{}
}

// refused are the checks of systems that were made and failed.
func refused(of []System) (out []string) {
	for _, s := range of {
		for _, c := range s.Checks {
			if !c.OK {
				out = append(out, s.Name+", "+c.Name+": "+c.Message)
			}
		}
	}
	return out
}

func judgeRights(f *Facts) finding {
	found := f.of(system.Netvisor)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(found, func(s System) bool { return !s.CheckedAt.IsZero() }); s != "" {
		return lacking(advice.Administrator, "notChecked", s)
	}
	if failed := refused(found); len(failed) > 0 {
		return lacking(advice.Administrator, "rightsMissing", strings.Join(failed, "; "))
	}
	return finding{}
}

// verified says whether the hub has found the credentials and rights right, and nothing has changed that since.
func verified(s System) bool { return s.State != system.Draft && s.State != system.NeedsAction }

func judgeVerified(f *Facts) finding {
	found := f.of(system.Netvisor)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(found, verified); s != "" {
		return lacking(advice.Administrator, "notVerified", s)
	}
	return finding{}
}

func judgeKYCUser(f *Facts) finding {
	found := f.of(system.NetvisorKYC)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noKYC")
	}
	if s := lack(found, func(s System) bool { return s.Activation != nil && s.Activation.Stage != system.StageDisabled }); s != "" {
		return awaiting("kycDisabled", s)
	}
	return finding{}
}

func judgeKYCVerified(f *Facts) finding {
	found := f.of(system.NetvisorKYC)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noKYC")
	}
	ok := func(s System) bool { return s.Activation != nil && s.Activation.Stage.Verified() }
	s := lack(found, ok)
	if s == "" {
		return finding{}
	}
	var failed []string
	for _, one := range found {
		if one.Activation != nil && !ok(one) {
			failed = append(failed, refused([]System{{System: system.System{Name: one.Name, Checks: one.Activation.Checks}}})...)
		}
	}
	if len(failed) > 0 {
		return lacking(advice.Administrator, "kycRefused", strings.Join(failed, "; "))
	}
	return lacking(advice.Administrator, "kycNotVerified", s)
}

// judgeKYCScope takes the scope for decided once it was handed over for verifying, which it goes with.
func judgeKYCScope(f *Facts) finding {
	found := f.of(system.NetvisorKYC)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noKYC")
	}
	handed := func(s System) bool {
		return s.Activation != nil && !slices.Contains([]system.Stage{system.StageDisabled, system.StageEnabled, system.StageIssued, system.StageUnknown}, s.Activation.Stage)
	}
	if s := lack(found, handed); s != "" {
		return lacking(advice.Administrator, "kycScope", s)
	}
	return finding{}
}

func judgeReportEmail(f *Facts) finding {
	if len(f.Systems) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(f.Systems, func(s System) bool { return s.ReportEmail != "" }); s != "" {
		return lacking(advice.Administrator, "noReportEmail", s)
	}
	return finding{}
}

func judgeFlexEnabled(f *Facts) finding {
	found := f.of(system.Flex)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noFlex")
	}
	if s := lack(found, func(s System) bool {
		return slices.Contains(s.Checks, system.Check{Name: system.CheckIntegration, OK: true})
	}); s != "" {
		return awaiting("flexDisabled", s)
	}
	return finding{}
}

func judgeFlexTypes(f *Facts) finding {
	found := f.of(system.Flex)
	if len(found) == 0 {
		return lacking(advice.Administrator, "noFlex")
	}
	if s := lack(found, func(s System) bool { return !s.CheckedAt.IsZero() }); s != "" {
		return lacking(advice.Administrator, "notChecked", s)
	}
	if failed := refused(found); len(failed) > 0 {
		return lacking(advice.Administrator, "flexTypes", strings.Join(failed, "; "))
	}
	return finding{}
}

func judgeNumberSeries(f *Facts) finding {
	if len(f.Meetings) > 0 {
		return lacking(advice.Administrator, "seriesMeet", strings.Join(f.Meetings, " "))
	}
	if found := f.own(); len(found) == 0 || lack(found, func(s System) bool { return !s.FreshAt.IsZero() || len(s.Plans) > 0 }) != "" {
		return lacking(advice.Administrator, "seriesUnknown")
	}
	return finding{}
}

// begun says whether somebody has chosen the direction of a system's first run: by a plan, or by starting it as an import.
func begun(s System) bool {
	return len(s.Plans) > 0 || s.State == system.Running || s.State == system.Paused || s.State == system.Planned
}

func judgeDirection(f *Facts) finding {
	found := f.own()
	if len(found) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(found, begun); s != "" {
		return lacking(advice.Administrator, "noDirection", s)
	}
	return finding{}
}

// approved says whether somebody has approved what the first run of a system does. Where nothing is written into a system there is nothing
// to approve.
func approved(s System) bool {
	if !s.Written || !s.Policy.WritesOut() && s.State == system.Running {
		return true
	}
	return slices.ContainsFunc(s.Plans, func(p run.PlanState) bool {
		return p == run.PlanApproved || p == run.PlanApplying || p == run.PlanApplied
	})
}

func judgeDryRun(f *Facts) finding {
	if s := lack(f.own(), approved); s != "" {
		return lacking(advice.Administrator, "notApproved", s)
	}
	return finding{}
}

func judgeCustomFields(f *Facts) finding {
	if len(f.Unmapped) > 0 {
		return lacking(advice.Administrator, "unmapped", strings.Join(f.Unmapped, ", "))
	}
	return finding{}
}

func judgeInitialRun(f *Facts) finding {
	if len(f.Systems) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(f.Systems, func(s System) bool { return !s.FreshAt.IsZero() }); s != "" {
		return lacking(advice.Administrator, "noInitialRun", s)
	}
	return finding{}
}

func judgeMonitoring(f *Facts) finding {
	if len(f.Systems) == 0 {
		return lacking(advice.Administrator, "noNetvisor")
	}
	if s := lack(f.Systems, func(s System) bool { return s.State == system.Running && s.PollEvery > 0 }); s != "" {
		return lacking(advice.Administrator, "notRunning", s)
	}
	if !f.MailServer {
		return lacking(advice.Operator, "noMailServer")
	}
	return finding{}
}
