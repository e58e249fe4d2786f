package inbound

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/system"
)

// maxAddresses is to how many addresses refused messages are counted between two writings; the rest count as to nowhere.
const maxAddresses = 1000

// refusal is what is counted: messages to an address, empty for nowhere, for a reason.
type refusal struct {
	endpoint string
	reason   system.Refusal
}

type refused struct {
	count int
	// last is the database's time; zero where it was refused before that was known.
	last time.Time
}

// refusals counts what is refused until it is written. A refused message is written later and not at once: an address that exists
// must not take longer, and somebody who sends nonsense must not keep the database busy. A hub that is killed loses a few counts.
type refusals struct {
	mu sync.Mutex
	of map[refusal]*refused
}

func (r *refusals) add(endpoint string, why system.Refusal, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := refusal{endpoint, why}
	if len(endpoint) != idLength || r.of[key] == nil && len(r.of) >= maxAddresses {
		key.endpoint = ""
	}
	n := r.of[key]
	if n == nil {
		n = &refused{}
		r.of[key] = n
	}
	n.count++
	if at.After(n.last) {
		n.last = at
	}
}

// take gives what was counted, by address, and begins anew.
func (r *refusals) take() map[string][]system.RefusedDeliveries {
	r.mu.Lock()
	counted := r.of
	r.of = make(map[refusal]*refused)
	r.mu.Unlock()
	out := make(map[string][]system.RefusedDeliveries)
	for key, n := range counted {
		out[key.endpoint] = append(out[key.endpoint], system.RefusedDeliveries{Reason: key.reason, Count: n.count, LastAt: n.last})
	}
	return out
}

// Run writes the counts of refused messages now and then, until ctx ends, and returns nil.
func (r *Receiver) Run(ctx context.Context) error {
	tick := time.NewTicker(r.o.CountEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			r.count(ctx)
		}
	}
}

// count writes what was counted. Counts that cannot be written are told in the log and forgotten.
func (r *Receiver) count(ctx context.Context) {
	all := r.refusals.take()
	for _, endpoint := range slices.Sorted(maps.Keys(all)) {
		args := []any{}
		for _, n := range all[endpoint] {
			args = append(args, string(n.Reason), n.Count)
		}
		if endpoint == "" {
			r.o.Log.Warn("messages to no address of the hub were refused", args...)
			continue
		}
		if err := r.o.Hub.NoteRefusals(ctx, endpoint, all[endpoint]); err != nil {
			r.o.Log.Log(ctx, fault.CodeOf(err).Level(), "counting refused messages", append(args, "error", err)...)
		}
	}
}
