// Package onboarding is the ordered checklist by which an organisation takes the hub and its systems into use (crm contract, section 3;
// R125-R131). Whether a step is done is computed from what the hub knows and never ticked; what does not apply can be acknowledged, by
// somebody and with a reason, as far as the profile lets it. The package is pure.
package onboarding

import (
	"slices"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// Profile is what an organisation means to use.
type Profile string

// The profiles.
const (
	AccountingOnly Profile = "ACCOUNTING_ONLY"
	AccountingKYC  Profile = "ACCOUNTING_AND_KYC"
	AccountingFlex Profile = "ACCOUNTING_AND_FLEX"
	Everything     Profile = "EVERYTHING"
)

// Profiles are all of them, the smallest first.
var Profiles = []Profile{AccountingOnly, AccountingKYC, AccountingFlex, Everything}

// Key names a step.
type Key string

// The steps, in the order of the contract.
const (
	Roles        Key = "ORGANISATION_AND_ROLES"
	Identifiers  Key = "NETVISOR_IDENTIFIERS"
	Rights       Key = "NETVISOR_RIGHTS"
	Verified     Key = "NETVISOR_VERIFIED"
	KYCUser      Key = "KYC_INTEGRATION_USER"
	KYCVerified  Key = "KYC_VERIFIED"
	KYCScope     Key = "KYC_SCOPE"
	ReportEmail  Key = "ERROR_REPORT_EMAIL"
	FlexEnabled  Key = "FLEX_ENABLED"
	FlexTypes    Key = "FLEX_CUSTOMER_TYPES"
	NumberSeries Key = "NUMBER_SERIES"
	Direction    Key = "FIRST_RUN_DIRECTION"
	DryRun       Key = "DRY_RUN_APPROVED"
	CustomFields Key = "CUSTOM_FIELDS"
	InitialRun   Key = "INITIAL_RUN"
	Monitoring   Key = "MONITORING"
)

// State is how a step stands.
type State string

// The states of steps.
const (
	Done         State = "DONE"
	Missing      State = "MISSING"
	Waiting      State = "WAITING"      // for somebody outside, such as the vendor's support
	Blocked      State = "BLOCKED"      // an earlier step comes first
	Acknowledged State = "ACKNOWLEDGED" // somebody said that it does not apply
)

// Acknowledgement is somebody's word that a step does not apply.
type Acknowledgement struct {
	Key    Key
	By     string
	Reason string
	At     time.Time
}

// Step is one step as it stands.
type Step struct {
	Key   Key
	State State
	Title advice.Text
	// Required says that the profile needs it, so that it cannot be acknowledged.
	Required bool
	// Lacks is what is missing, Fix who does it and how; both are empty for a step that is done.
	Lacks advice.Text
	Fix   *advice.Fix
	// After are the earlier steps that come first, of one that is blocked.
	After []Key
	// Acknowledgement is set where somebody acknowledged the step, even if it was done since.
	Acknowledgement *Acknowledgement
}

// Settled says whether nothing has to be done about the step any more.
func (s *Step) Settled() bool { return s.State == Done || s.State == Acknowledged }

// Facts are what the hub knows of an organisation.
type Facts struct {
	// Managers is how many API keys that are in force may manage systems.
	Managers int
	Systems  []System
	// Unmapped are the names of custom fields that nobody has said what they are.
	Unmapped []string
	// Meetings are number series that come near one another, in words.
	Meetings []string
	// MailServer says that the hub can send mail.
	MailServer bool
}

// System is a system with what its first run came to.
type System struct {
	system.System
	// Written says that its kind can be written to, and Derived that its records are made from another's, which needs no plan.
	Written, Derived bool
	// Plans are the states of its first runs, as they were planned.
	Plans []run.PlanState
}

// definition says what a step is and how it is judged.
type definition struct {
	key Key
	// profiles need it.
	profiles []Profile
	after    []Key
	title    advice.Said
	judge    func(f *Facts) finding
}

// finding is what a judge found; the zero value is a step that is done.
type finding struct {
	state State
	lacks advice.Text
	fix   *advice.Fix
}

// Required says whether a profile needs a step. Without a profile every step is needed: nothing is skipped in silence.
func Required(p Profile, k Key) bool {
	i := slices.IndexFunc(definitions, func(d definition) bool { return d.key == k })
	return i >= 0 && (p == "" || slices.Contains(definitions[i].profiles, p))
}

// Known says whether there is such a step.
func Known(k Key) bool {
	return slices.ContainsFunc(definitions, func(d definition) bool { return d.key == k })
}

// Keys are the steps in their order.
func Keys() []Key {
	out := make([]Key, len(definitions))
	for i, d := range definitions {
		out[i] = d.key
	}
	return out
}

// Checklist gives the steps in their order. An acknowledgement counts for a step that the profile does not need and that is not done.
func Checklist(f Facts, p Profile, said []Acknowledgement) []Step {
	f.Systems = current(f.Systems)
	out := make([]Step, 0, len(definitions))
	settled := make(map[Key]bool)
	for _, d := range definitions {
		s := Step{Key: d.key, Title: d.title.With(), Required: Required(p, d.key), State: Done}
		if i := slices.IndexFunc(said, func(a Acknowledgement) bool { return a.Key == d.key }); i >= 0 {
			s.Acknowledgement = &said[i]
		}
		if found := d.judge(&f); found.state != "" {
			s.State, s.Lacks, s.Fix = found.state, found.lacks, found.fix
		}
		if s.State != Done {
			s.After = slices.DeleteFunc(slices.Clone(d.after), func(k Key) bool { return settled[k] })
			switch {
			case !s.Required && s.Acknowledgement != nil:
				s.State, s.After = Acknowledged, nil
			case len(s.After) > 0:
				s.State = Blocked
			}
		}
		settled[d.key] = s.Settled()
		out = append(out, s)
	}
	return out
}

// current leaves out systems that another of their kind has taken the place of: one at most is in use (design section 5).
func current(systems []System) []System {
	inUse := make(map[system.Kind]bool)
	for _, s := range systems {
		inUse[s.Kind] = inUse[s.Kind] || s.State == system.Running
	}
	return slices.DeleteFunc(slices.Clone(systems), func(s System) bool { return inUse[s.Kind] && s.State != system.Running })
}

// Next is the first step that somebody has to do something about; nil when all are settled.
func Next(steps []Step) *Step {
	for i := range steps {
		if !steps[i].Settled() && steps[i].State != Blocked {
			return &steps[i]
		}
	}
	return nil
}

// Complete says whether all steps are settled.
func Complete(steps []Step) bool {
	return !slices.ContainsFunc(steps, func(s Step) bool { return !s.Settled() })
}
