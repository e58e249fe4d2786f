package netvisorkyc

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Effect is one change of one record, whoever made it. Effects are never altered once they are in the log; they are what an auditor holds
// against what a client believes to have written.
type Effect struct {
	// Number counts from 1 and has no holes; numbers missing from Effects were dropped by the limit.
	Number int64 `json:"number"`
	// Time is the sandbox's clock.
	Time time.Time `json:"time"`
	// Call is the number of the call that had the effect; zero when it was no call of the service.
	Call int64 `json:"call,omitempty"`
	// By is "call" for a call of the service, "control" for the control plane, "program" for the Go methods, "service" for what the service
	// does by itself, and "clock" for what time brings about.
	By           string `json:"by"`
	Organisation string `json:"organisation"`
	// Entity and ID name the record as the change feed does.
	Entity string `json:"entity"`
	ID     string `json:"id"`
	// What is created, changed or deleted, of the record as a whole.
	What string `json:"what"`
	// Changes are the values that differ, by their path.
	Changes []Difference `json:"changes"`
}

// Difference is one value before and after an effect, as JSON; empty where there was none.
type Difference struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// What happened to a record, and who did it.
const (
	WasCreated = "created"
	WasChanged = "changed"
	WasDeleted = "deleted"

	byCall    = "call"
	byControl = "control"
	byService = "service"
	byClock   = "clock"
)

// actor is who makes changes.
type actor struct {
	by   string
	call int64
}

// Effects is a copy of the effect log, oldest first.
func (s *Sandbox) Effects() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.effects)
	for i := range out {
		out[i].Changes = slices.Clone(out[i].Changes)
	}
	return out
}

// note enters an effect; one that altered nothing is none.
func (s *Sandbox) note(o *organisation, entity, id, what string, before, after any) {
	changes := difference(flat(before), flat(after))
	if len(changes) == 0 {
		return
	}
	s.numbers.Effect++
	e := Effect{
		Number: s.numbers.Effect, Time: s.Now(), Call: s.actor.call, By: s.actor.by, Organisation: o.ID,
		Entity: entity, ID: id, What: what, Changes: changes,
	}
	s.addEffect(e)
	s.pending.Effects = append(s.pending.Effects, e)
}

func (s *Sandbox) addEffect(e Effect) {
	s.effects = append(s.effects, e)
	if len(s.effects) > s.opts.LogLimit {
		s.effects = s.effects[1:]
	}
}

// bookkeeping are fields that say when or how many, not what.
var bookkeeping = []string{"updatedAt", "etag", "createdAt", "status.statusRevision", "initialSync.candidatesCreated", "initialSync.skippedNoContact",
	"initialSync.errors"}

func difference(before, after map[string]string) []Difference {
	out := []Difference{}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != after[name] && !slices.Contains(bookkeeping, name) {
			out = append(out, Difference{name, before[name], after[name]})
		}
	}
	return out
}

// flat is what a view shows, by path; null and nothing are the same.
func flat(view any) map[string]string {
	out := map[string]string{}
	b, err := json.Marshal(view)
	if err != nil {
		return out
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return out
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			for name, inner := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case []any:
			for i, inner := range v {
				walk(path+"["+strconv.Itoa(i)+"]", inner)
			}
		case string:
			if v != "" {
				out[path] = v
			}
		default:
			text, _ := json.Marshal(v)
			out[path] = string(text)
		}
	}
	walk("", v)
	return out
}

func equalJSON(a, b any) bool { return maps.Equal(flat(a), flat(b)) }
