package netvisor

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
	// FaultLatency waits for Delay before the call is acted on, as one that is in flight. A client that leaves meanwhile has caused no effect.
	FaultLatency FaultKind = "latency"
	// FaultSlowCommit waits for Delay before the effect, which happens even if the client has gone by then.
	FaultSlowCommit FaultKind = "slowCommit"
	// FaultSlowAnswer has the effect at once and waits for Delay before the answer.
	FaultSlowAnswer FaultKind = "slowAnswer"
	// FaultLostRequest closes the connection before anything is done.
	FaultLostRequest FaultKind = "lostRequest"
	// FaultLostAnswer closes the connection after the effect, without an answer.
	FaultLostAnswer FaultKind = "lostAnswer"
	// FaultStatus answers with the HTTP status Status (503 when zero) and a page that is no envelope; RetryAfter adds the header.
	FaultStatus FaultKind = "status"
	// FaultTooMany answers 429 with RetryAfter, which no official text speaks of.
	FaultTooMany FaultKind = "tooMany"
	// FaultTruncate cuts the answer after At bytes, after the fraction Fraction, or right behind the customer number Customers, and closes the connection.
	// With none of them it cuts between two customers in the middle. CleanEnd gives a Content-Length that fits the cut, so that nothing
	// but the content shows it.
	FaultTruncate FaultKind = "truncate"
	// FaultFewer answers a list well-formed, but with the fraction Fraction of its customers only; zero leaves none.
	FaultFewer FaultKind = "fewer"
	// FaultLag hides from customerlist.nv what was added or changed less than Delay ago, as a slow index does.
	FaultLag FaultKind = "lag"
	// FaultGarbage answers 200 with something else, as Variant says.
	FaultGarbage FaultKind = "garbage"
	// FaultMaintenance fails with SYSTEM_MAINTENANCE; Variant "misspelt" writes an A for its second E, as two clients have it.
	FaultMaintenance FaultKind = "maintenance"
	// FaultOverlap fails as if another call of the company were in flight.
	FaultOverlap FaultKind = "overlap"
	// FaultRevoked fails as if the API identifier had been removed.
	FaultRevoked FaultKind = "revoked"
	// FaultNotAllowed fails as if the company had not allowed the resource.
	FaultNotAllowed FaultKind = "notAllowed"
	// FaultFailure fails with any Category and Text; without Text the category stands alone.
	FaultFailure FaultKind = "failure"
)

// Variants of FaultGarbage.
const (
	GarbageLoginPage      = "loginPage"
	GarbageEmpty          = "empty"
	GarbageJSON           = "json"
	GarbageLatin          = "latin"          // the right answer in ISO-8859-15, declared as UTF-8
	GarbageByteOrderMark  = "byteOrderMark"  // the right answer behind a byte order mark
	GarbageNUL            = "nul"            // the right answer with a NUL in the middle
	GarbageEntityBomb     = "entityBomb"     // nested entities of a billion characters
	GarbageExternalEntity = "externalEntity" // an entity that names a file
	GarbageHuge           = "huge"           // Size bytes of one endless element
	GarbageDeep           = "deep"           // a hundred thousand nested elements
	GarbageNoStatus       = "noStatus"       // the right answer without ResponseStatus

	// Well-formed answers with surprising customers in them.
	GarbageUnknownElement = "unknownElement" // every customer begins with an element that nobody has heard of
	GarbageMissingKey     = "missingKey"     // the first customer has no key
	GarbageDoubled        = "doubled"        // the first customer is there twice
	GarbageBare           = "bare"           // customers hold their keys and nothing else, not even empty elements
)

var garbage = []string{GarbageLoginPage, GarbageEmpty, GarbageJSON, GarbageLatin, GarbageByteOrderMark, GarbageNUL, GarbageEntityBomb, GarbageExternalEntity,
	GarbageHuge, GarbageDeep, GarbageNoStatus, GarbageUnknownElement, GarbageMissingKey, GarbageDoubled, GarbageBare}

var faultKinds = []FaultKind{FaultLatency, FaultSlowCommit, FaultSlowAnswer, FaultLostRequest, FaultLostAnswer, FaultStatus, FaultTooMany, FaultTruncate, FaultFewer, FaultLag,
	FaultGarbage, FaultMaintenance, FaultOverlap, FaultRevoked, FaultNotAllowed, FaultFailure}

const (
	maxDelay   = time.Hour
	maxHuge    = 4 << 30
	maxFaults  = 1000
	hugeWhenNo = 500 << 20
)

// Fault is one thing that goes wrong, and which calls it meets. What is zero in the filter meets all.
type Fault struct {
	Kind FaultKind `json:"kind"`

	// Resource, Method and Organisation must be those of the call, in any case; Query must be a part of the query as sent.
	Resource     string `json:"resource,omitempty"`
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
	// Status is the HTTP status of FaultStatus, 400 to 599.
	Status int `json:"status,omitempty"`
	// RetryAfter is the header of FaultStatus and FaultTooMany in seconds.
	RetryAfter int `json:"retryAfter,omitempty"`
	// AfterCommit lets the effect happen before FaultStatus, FaultTooMany, FaultMaintenance, FaultFailure and those variants of FaultGarbage that
	// do not carry the right answer.
	AfterCommit bool `json:"afterCommit,omitempty"`

	// Where FaultTruncate cuts; Fraction is also for FaultFewer.
	At        int64   `json:"at,omitempty"`
	Fraction  float64 `json:"fraction,omitempty"`
	Customers int     `json:"customers,omitempty"`
	CleanEnd  bool    `json:"cleanEnd,omitempty"`

	// Variant is what FaultGarbage and FaultMaintenance say.
	Variant string `json:"variant,omitempty"`
	// Size is how many bytes GarbageHuge sends, at most 4 GiB; zero means 500 MiB.
	Size int64 `json:"size,omitempty"`
	// Category and Text are those of FaultFailure.
	Category string `json:"category,omitempty"`
	Text     string `json:"text,omitempty"`
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
	f.Resource, f.Method = strings.ToLower(strings.TrimPrefix(f.Resource, "/")), strings.ToUpper(f.Method)
	if _, known := resources[f.Resource]; f.Resource != "" && !known {
		return fmt.Errorf("unknown resource %q", f.Resource)
	}
	if f.Organisation != "" && s.companies[f.Organisation] == nil {
		return fmt.Errorf("unknown organisation %q", f.Organisation)
	}
	slow := f.Kind == FaultLatency || f.Kind == FaultSlowCommit || f.Kind == FaultSlowAnswer || f.Kind == FaultLag
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("unknown kind %q; the kinds are %v", f.Kind, faultKinds)
	case f.From < 0 || f.Times < 0 || f.At < 0 || f.Customers < 0 || f.RetryAfter < 0:
		return fmt.Errorf("from, times, at, customers and retryAfter must not be negative")
	case f.Probability < 0 || f.Probability > 1 || f.Fraction < 0 || f.Fraction > 1:
		return fmt.Errorf("probability and fraction must be between 0 and 1")
	case slow && f.Delay <= 0 || !slow && f.Delay != 0 || time.Duration(f.Delay) > maxDelay:
		return fmt.Errorf("%s, %s, %s and %s need a delay up to %s, and the other kinds none", FaultLatency, FaultSlowCommit, FaultSlowAnswer, FaultLag, maxDelay)
	case f.Kind == FaultStatus && f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status must be between 400 and 599, not %d", f.Status)
	case f.Kind == FaultGarbage && !slices.Contains(garbage, f.Variant):
		return fmt.Errorf("unknown variant %q; garbage comes as %v", f.Variant, garbage)
	case f.Kind == FaultMaintenance && f.Variant != "" && f.Variant != "misspelt":
		return fmt.Errorf("unknown variant %q of maintenance; the only one is misspelt", f.Variant)
	case f.Size < 0 || f.Size > maxHuge:
		return fmt.Errorf("size must be between 0 and %d", int64(maxHuge))
	case f.Kind == FaultFailure && f.Category == "":
		return fmt.Errorf("a failure needs a category such as %s", technicalError)
	case !valid(f.Category + f.Text):
		return fmt.Errorf("category and text must be UTF-8 that XML can hold")
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
	if f.Resource != "" && f.Resource != c.Resource || f.Method != "" && f.Method != c.Method || f.Organisation != "" && f.Organisation != c.Organisation ||
		!strings.Contains(strings.ToLower(c.Query), strings.ToLower(f.Query)) {
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

func (st strikes) slowCommit() time.Duration {
	if f := st.find(FaultSlowCommit); f != nil {
		return time.Duration(f.Delay)
	}
	return 0
}

// refuse is the failure that stands in for the effect, or after it.
func (st strikes) refuse(after bool) *failure {
	for _, f := range st {
		if f.AfterCommit != after {
			continue
		}
		switch f.Kind {
		case FaultMaintenance:
			if f.Variant != "" {
				return fail("SYSTEM_MAINTANANCE", textMaintenance) //nolint:misspell // that is the point
			}
			return fail(systemMaintenance, textMaintenance)
		case FaultOverlap:
			return fail(technicalError, textOverlap)
		case FaultFailure:
			if f.Text == "" {
				return &failure{category: category(f.Category)}
			}
			return fail(category(f.Category), text{"%s", "%s", "%s"}, f.Text)
		}
	}
	return nil
}

// page is what a web server or proxy in front of the service says instead of it.
func (st strikes) page(after bool) *Fault {
	for i, f := range st {
		if f.AfterCommit == after && (f.Kind == FaultStatus || f.Kind == FaultTooMany || f.Kind == FaultGarbage && !f.carriesAnswer()) {
			return &st[i]
		}
	}
	return nil
}

// carriesAnswer is true for garbage that is made of the right answer.
func (f *Fault) carriesAnswer() bool {
	switch f.Variant {
	case GarbageLatin, GarbageByteOrderMark, GarbageNUL, GarbageNoStatus, GarbageUnknownElement, GarbageMissingKey, GarbageDoubled, GarbageBare:
		return true
	default:
		return false
	}
}

// spoils reports whether the answer has to be whole before it can be sent.
func (st strikes) spoils() bool {
	return st.find(FaultTruncate, FaultFewer, FaultGarbage, FaultLostAnswer, FaultSlowAnswer) != nil || st.page(true) != nil || st.refuse(true) != nil
}

func (f *Fault) httpStatus() int {
	if f.Kind == FaultTooMany {
		return http.StatusTooManyRequests
	}
	return cmp.Or(f.Status, http.StatusServiceUnavailable)
}
