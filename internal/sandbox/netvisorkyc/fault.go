package netvisorkyc

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is a way of going wrong.
type FaultKind string

// The kinds. What is said of effects concerns calls that write; reads have none.
const (
	// FaultLatency waits for Delay before the call is acted on. A client that leaves meanwhile has caused no effect.
	FaultLatency FaultKind = "latency"
	// FaultSlowAnswer has the effect at once and waits for Delay before the answer.
	FaultSlowAnswer FaultKind = "slowAnswer"
	// FaultLostRequest closes the connection before anything is done.
	FaultLostRequest FaultKind = "lostRequest"
	// FaultLostAnswer closes the connection after the effect, without an answer.
	FaultLostAnswer FaultKind = "lostAnswer"
	// FaultStatus answers with the HTTP status Status, 503 when zero, as a problem UNAVAILABLE; RetryAfter adds the header. Variant "page"
	// answers with a web page instead, as a proxy in front of the service does.
	FaultStatus FaultKind = "status"
	// FaultTooMany answers 429 RATE_LIMITED with RetryAfter, 1 when zero.
	FaultTooMany FaultKind = "tooMany"
	// FaultTruncate cuts the answer after the fraction Fraction, a half when zero, and closes the connection. CleanEnd gives a Content-Length
	// that fits the cut, so that nothing but the content shows it.
	FaultTruncate FaultKind = "truncate"
	// FaultGarbage answers with something else, as Variant says.
	FaultGarbage FaultKind = "garbage"
	// FaultRevoked fails as if the token had been revoked, and FaultNotEnabled as if support had turned the interfaces off.
	FaultRevoked    FaultKind = "revoked"
	FaultNotEnabled FaultKind = "notEnabled"
)

// Variants of FaultGarbage and FaultStatus. With those of the second group the right answer is spoilt, and its status stays.
const (
	PageVariant = "page" // 200 and a web page

	GarbageEmpty   = "empty"   // no body at all
	GarbageText    = "text"    // words that are no JSON
	GarbageList    = "list"    // JSON of another shape
	GarbageUnknown = "unknown" // the right answer with a field that nobody has heard of
	GarbageLatin   = "latin"   // the right answer in ISO-8859-1, declared as UTF-8
	GarbageMark    = "mark"    // the right answer behind a byte order mark
	GarbageHuge    = "huge"    // the right answer in 64 MiB of white space
)

var (
	garbage    = []string{PageVariant, GarbageEmpty, GarbageText, GarbageList, GarbageUnknown, GarbageLatin, GarbageMark, GarbageHuge}
	faultKinds = []FaultKind{FaultLatency, FaultSlowAnswer, FaultLostRequest, FaultLostAnswer, FaultStatus, FaultTooMany, FaultTruncate, FaultGarbage,
		FaultRevoked, FaultNotEnabled}
)

const maxFaults = 1000

// Fault is one thing that goes wrong, and which calls it meets. What is zero in the filter meets all.
type Fault struct {
	Kind FaultKind `json:"kind"`

	// Method must be that of the call, and Path a part of its path, such as /candidates/by-source/. Organisation must be that of the token.
	Method       string `json:"method,omitempty"`
	Path         string `json:"path,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	// From is the first of the matching calls that is met, counted from 1 and from when the fault was added.
	From int `json:"from,omitempty"`
	// Times is how many calls are met; zero means all until the fault is cleared.
	Times int `json:"times,omitempty"`
	// Probability between 0 and 1 meets a call by chance, always the same ones for the same Seed; zero means 1.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`

	// Delay is for the slow kinds, at most an hour. In JSON a text such as "1.5s".
	Delay Duration `json:"delay,omitzero"`
	// Status is the HTTP status of FaultStatus, 400 to 599.
	Status int `json:"status,omitempty"`
	// RetryAfter is the header of FaultStatus and FaultTooMany in seconds.
	RetryAfter int `json:"retryAfter,omitempty"`
	// AfterCommit lets the effect happen before FaultStatus, FaultTooMany and FaultGarbage.
	AfterCommit bool `json:"afterCommit,omitempty"`
	// Fraction is where FaultTruncate cuts.
	Fraction float64 `json:"fraction,omitempty"`
	CleanEnd bool    `json:"cleanEnd,omitempty"`
	// Variant is what FaultGarbage and FaultStatus say.
	Variant string `json:"variant,omitempty"`
}

// FaultState is a fault that was added, with what it did so far.
type FaultState struct {
	Fault

	ID int64 `json:"id"`
	// Matched is how many calls matched the filter, and Hit how many of them the fault met.
	Matched int `json:"matched"`
	Hit     int `json:"hit"`

	chance *rand.Rand
}

func (f *Fault) check(s *Sandbox) error {
	f.Method = strings.ToUpper(f.Method)
	slow := f.Kind == FaultLatency || f.Kind == FaultSlowAnswer
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("unknown kind %q; the kinds are %v", f.Kind, faultKinds)
	case f.Organisation != "" && s.orgs[f.Organisation] == nil:
		return fmt.Errorf("unknown organisation %q", f.Organisation)
	case f.From < 0 || f.Times < 0 || f.RetryAfter < 0:
		return fmt.Errorf("from, times and retryAfter must not be negative")
	case f.Probability < 0 || f.Probability > 1 || f.Fraction < 0 || f.Fraction >= 1:
		return fmt.Errorf("probability must be between 0 and 1, and fraction between 0 and less than 1")
	case slow && f.Delay <= 0 || !slow && f.Delay != 0 || time.Duration(f.Delay) > maxDelay:
		return fmt.Errorf("%s and %s need a delay up to %s, and the other kinds none", FaultLatency, FaultSlowAnswer, maxDelay)
	case f.Kind == FaultStatus && f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status must be between 400 and 599, not %d", f.Status)
	case f.Kind == FaultGarbage && !slices.Contains(garbage, f.Variant):
		return fmt.Errorf("unknown variant %q; garbage comes as %v", f.Variant, garbage)
	case f.Kind == FaultStatus && f.Variant != "" && f.Variant != PageVariant:
		return fmt.Errorf("unknown variant %q of status; the only one is %s", f.Variant, PageVariant)
	}
	return nil
}

// Fault adds a fault and returns its id. What is wrong with it is an error for people.
func (s *Sandbox) Fault(f Fault) (int64, error) {
	if err := f.check(s); err != nil {
		return 0, badRequestError{err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) >= maxFaults {
		return 0, badRequestError{fmt.Errorf("there are %d faults already; clear some", maxFaults)}
	}
	s.faultNumber++
	s.faults = append(s.faults, &FaultState{Fault: f, ID: s.faultNumber, chance: rand.New(rand.NewPCG(f.Seed, 0))})
	return s.faultNumber, nil
}

// Faults are the faults in the order they were added, with what they did so far.
func (s *Sandbox) Faults() []FaultState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []FaultState{}
	for _, f := range s.faults {
		shown := *f
		shown.chance = nil
		out = append(out, shown)
	}
	return out
}

// ClearFault takes one fault away, or all when the id is zero. False means there was no such fault. Calls that were met go on as they must.
func (s *Sandbox) ClearFault(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(f *FaultState) bool { return id == 0 || f.ID == id })
	return id == 0 || len(s.faults) < before
}

// strikes are the faults that met one call.
type strikes []Fault

// strike finds the faults that meet a call and notes them in its log entry.
func (s *Sandbox) strike(entry *Call) strikes {
	var out strikes
	var names []string
	for _, f := range s.faults {
		if !f.meets(entry) {
			continue
		}
		f.Hit++
		out = append(out, f.Fault)
		names = append(names, string(f.Kind)+"#"+strconv.FormatInt(f.ID, 10))
	}
	entry.Faults = strings.Join(names, ",")
	return out
}

// meets counts a matching call and says whether it is met.
func (f *FaultState) meets(c *Call) bool {
	if f.Method != "" && f.Method != c.Method || f.Organisation != "" && f.Organisation != c.Organisation || !strings.Contains(c.Path, f.Path) {
		return false
	}
	f.Matched++
	if f.Matched < f.From || f.Times > 0 && f.Hit >= f.Times {
		return false
	}
	return f.Probability == 0 || f.chance.Float64() < f.Probability
}

func (st strikes) find(kinds ...FaultKind) *Fault {
	for i := range st {
		if slices.Contains(kinds, st[i].Kind) {
			return &st[i]
		}
	}
	return nil
}

// instead is the fault that answers in the place of the service, before the effect or after it.
func (st strikes) instead(after bool) *Fault {
	for i, f := range st {
		if (f.Kind == FaultStatus || f.Kind == FaultTooMany || f.Kind == FaultGarbage && !f.carriesAnswer()) && f.AfterCommit == after {
			return &st[i]
		}
	}
	return nil
}

// carriesAnswer is true for garbage that is made of the right answer.
func (f *Fault) carriesAnswer() bool {
	return f.Kind == FaultGarbage && slices.Contains([]string{GarbageUnknown, GarbageLatin, GarbageMark, GarbageHuge}, f.Variant)
}

// problem is what FaultStatus and FaultTooMany say.
func (f *Fault) problem() *ProblemError {
	if f.Kind == FaultTooMany {
		p := refuse(http.StatusTooManyRequests, CodeRateLimited, "too many calls")
		p.retryAfter = max(1, f.RetryAfter)
		return p
	}
	p := refuse(cmp.Or(f.Status, http.StatusServiceUnavailable), CodeUnavailable, "the service could not answer")
	p.retryAfter = f.RetryAfter
	return p
}
