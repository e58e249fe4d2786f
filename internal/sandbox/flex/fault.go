package flex

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
	// FaultSlowCommit waits for Delay before the effect, which happens even if the client has gone by then.
	FaultSlowCommit FaultKind = "slowCommit"
	// FaultSlowAnswer has the effect at once and waits for Delay before the answer.
	FaultSlowAnswer FaultKind = "slowAnswer"
	// FaultLostRequest closes the connection before anything is done.
	FaultLostRequest FaultKind = "lostRequest"
	// FaultLostAnswer closes the connection after the effect, without an answer.
	FaultLostAnswer FaultKind = "lostAnswer"
	// FaultStatus answers with the HTTP status Status (503 when zero) and a page that is no problem document; RetryAfter adds the header.
	FaultStatus FaultKind = "status"
	// FaultProblem answers with a problem document of Status (500 when zero), Code and Text; RetryAfter adds the header.
	FaultProblem FaultKind = "problem"
	// FaultTooMany answers 429 RATE_LIMITED with RetryAfter, whatever the rate is.
	FaultTooMany FaultKind = "tooMany"
	// FaultTruncate cuts the answer after At bytes or after the fraction Fraction, in the middle with neither, and closes the connection.
	// CleanEnd gives a Content-Length that fits the cut, so that nothing but the content shows it.
	FaultTruncate FaultKind = "truncate"
	// FaultFewer answers a list with the fraction Fraction of its page only, as if there were no more; zero leaves none.
	FaultFewer FaultKind = "fewer"
	// FaultLag hides from lists what was changed less than Delay ago, as a slow index does.
	FaultLag FaultKind = "lag"
	// FaultGarbage answers 200 with something else, as Variant says.
	FaultGarbage FaultKind = "garbage"
	// FaultRevoked fails as if the key had been revoked.
	FaultRevoked FaultKind = "revoked"
	// FaultNotEnabled fails as if support had switched the integration off.
	FaultNotEnabled FaultKind = "notEnabled"
)

// Variants of FaultGarbage.
const (
	GarbageLoginPage     = "loginPage"
	GarbageEmpty         = "empty"
	GarbageXML           = "xml"
	GarbageNull          = "null"          // the JSON null
	GarbageLatin         = "latin"         // the right answer in ISO-8859-1, declared as JSON; letters beyond it are question marks
	GarbageByteOrderMark = "byteOrderMark" // the right answer behind a byte order mark
	GarbageNUL           = "nul"           // the right answer with a NUL in the middle
	GarbageHuge          = "huge"          // Size bytes of one endless text
	GarbageDeep          = "deep"          // a hundred thousand nested lists
	GarbageDoubledAnswer = "doubledAnswer" // the right answer twice over

	// Well-formed answers with surprising customers in them.
	GarbageUnknownField = "unknownField" // every customer has a field that nobody has heard of
	GarbageMissingID    = "missingId"    // the first customer has no id
	GarbageDoubled      = "doubled"      // the first customer of a list is there twice
	GarbageNumbers      = "numbers"      // customer numbers and postcodes are JSON numbers where they look like it, and revisions are texts
	GarbageBare         = "bare"         // customers hold id, number, name and revision and nothing else
)

var garbage = []string{GarbageLoginPage, GarbageEmpty, GarbageXML, GarbageNull, GarbageLatin, GarbageByteOrderMark, GarbageNUL, GarbageHuge, GarbageDeep, GarbageDoubledAnswer,
	GarbageUnknownField, GarbageMissingID, GarbageDoubled, GarbageNumbers, GarbageBare}

var faultKinds = []FaultKind{FaultLatency, FaultSlowCommit, FaultSlowAnswer, FaultLostRequest, FaultLostAnswer, FaultStatus, FaultProblem, FaultTooMany, FaultTruncate, FaultFewer,
	FaultLag, FaultGarbage, FaultRevoked, FaultNotEnabled}

const (
	maxDelay   = time.Hour
	maxHuge    = 4 << 30
	maxFaults  = 1000
	hugeWhenNo = 500 << 20
)

// Fault is one thing that goes wrong, and which calls it meets. What is zero in the filter meets all.
type Fault struct {
	Kind FaultKind `json:"kind"`

	// Method and Organisation must be those of the call; Path must be the beginning of its path behind /flex/v1, and Query a part of its query, in any case.
	Path         string `json:"path,omitempty"`
	Method       string `json:"method,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	Query        string `json:"query,omitempty"`
	// From is the first of the matching calls that is met, counted from 1 and from when the fault was added.
	From int `json:"from,omitempty"`
	// Times is how many calls are met; zero means all until the fault is cleared.
	Times int `json:"times,omitempty"`
	// Probability between 0 and 1 meets a call by chance, always the same ones for the same Seed; zero means 1.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`

	// Delay is for the slow kinds and FaultLag, at most an hour. In JSON a text such as "1.5s".
	Delay Duration `json:"delay,omitzero"`
	// Status is the HTTP status of FaultStatus and FaultProblem, 400 to 599.
	Status int `json:"status,omitempty"`
	// RetryAfter is the header of FaultStatus, FaultProblem and FaultTooMany in seconds.
	RetryAfter int `json:"retryAfter,omitempty"`
	// AfterCommit lets the effect happen before FaultStatus, FaultProblem, FaultTooMany and those variants of FaultGarbage that do not carry the right answer.
	AfterCommit bool `json:"afterCommit,omitempty"`

	// Where FaultTruncate cuts; Fraction is also for FaultFewer.
	At       int64   `json:"at,omitempty"`
	Fraction float64 `json:"fraction,omitempty"`
	CleanEnd bool    `json:"cleanEnd,omitempty"`

	// Variant is what FaultGarbage says.
	Variant string `json:"variant,omitempty"`
	// Size is how many bytes GarbageHuge sends, at most 4 GiB; zero means 500 MiB.
	Size int64 `json:"size,omitempty"`
	// Code and Text are those of FaultProblem.
	Code string `json:"code,omitempty"`
	Text string `json:"text,omitempty"`
}

// Duration is a time.Duration that JSON holds as a text such as "1.5s".
type Duration time.Duration

// MarshalText writes the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration as time.ParseDuration does.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
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
	f.Path = strings.TrimPrefix(f.Path, base)
	if f.Path != "" && !strings.HasPrefix(f.Path, "/") {
		return fmt.Errorf("path %q must begin with a slash, such as /customers", f.Path)
	}
	if f.Organisation != "" && s.organisations[f.Organisation] == nil {
		return fmt.Errorf("unknown organisation %q", f.Organisation)
	}
	slow := f.Kind == FaultLatency || f.Kind == FaultSlowCommit || f.Kind == FaultSlowAnswer || f.Kind == FaultLag
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("unknown kind %q; the kinds are %v", f.Kind, faultKinds)
	case f.From < 0 || f.Times < 0 || f.At < 0 || f.RetryAfter < 0:
		return fmt.Errorf("from, times, at and retryAfter must not be negative")
	case f.Probability < 0 || f.Probability > 1 || f.Fraction < 0 || f.Fraction > 1:
		return fmt.Errorf("probability and fraction must be between 0 and 1")
	case slow && f.Delay <= 0 || !slow && f.Delay != 0 || time.Duration(f.Delay) > maxDelay:
		return fmt.Errorf("%s, %s, %s and %s need a delay up to %s, and the other kinds none", FaultLatency, FaultSlowCommit, FaultSlowAnswer, FaultLag, maxDelay)
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status must be between 400 and 599, not %d", f.Status)
	case f.Kind == FaultGarbage && !slices.Contains(garbage, f.Variant):
		return fmt.Errorf("unknown variant %q; garbage comes as %v", f.Variant, garbage)
	case f.Size < 0 || f.Size > maxHuge:
		return fmt.Errorf("size must be between 0 and %d", int64(maxHuge))
	case f.Kind == FaultProblem && f.Code == "":
		return fmt.Errorf("a problem needs a code such as %s", CodeInternalError)
	}
	return nil
}

// Fault adds a fault and returns its id. What is wrong with it is an error for people.
func (s *Sandbox) Fault(f Fault) (int64, error) {
	if err := f.check(s); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) >= maxFaults {
		return 0, fmt.Errorf("there are %d faults already; clear some", maxFaults)
	}
	s.faultNumber++
	s.faults = append(s.faults, &FaultState{Fault: f, ID: s.faultNumber, chance: newChance(f.Seed)})
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
	s.mu.Lock()
	defer s.mu.Unlock()
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
	if f.Method != "" && f.Method != c.Method || f.Organisation != "" && f.Organisation != c.Organisation ||
		!strings.HasPrefix(strings.TrimPrefix(c.Path, base), f.Path) || !strings.Contains(strings.ToLower(c.Query), strings.ToLower(f.Query)) {
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

func (st strikes) delay(kind FaultKind) time.Duration {
	if f := st.find(kind); f != nil {
		return time.Duration(f.Delay)
	}
	return 0
}

// instead is what is answered in the place of Flex's own answer, before the effect or after it.
func (st strikes) instead(after bool) *answer {
	for _, f := range st {
		if f.AfterCommit != after {
			continue
		}
		switch f.Kind {
		case FaultStatus:
			return page(cmp.Or(f.Status, http.StatusServiceUnavailable), f.RetryAfter)
		case FaultTooMany:
			p := refuse(http.StatusTooManyRequests, CodeRateLimited, "more calls in a minute than are allowed")
			p.retryAfter = f.RetryAfter
			return p.answer()
		case FaultProblem:
			p := refuse(cmp.Or(f.Status, http.StatusInternalServerError), f.Code, "%s", f.Text)
			p.retryAfter = f.RetryAfter
			return p.answer()
		case FaultGarbage:
			if !f.carriesAnswer() {
				return f.garbage()
			}
		}
	}
	return nil
}

// carriesAnswer is true for garbage that is made of the right answer.
func (f *Fault) carriesAnswer() bool {
	switch f.Variant {
	case GarbageLoginPage, GarbageEmpty, GarbageXML, GarbageNull, GarbageHuge, GarbageDeep:
		return false
	default:
		return true
	}
}
