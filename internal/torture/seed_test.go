package torture

import (
	"context"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/pgtest"
	"customerhub/internal/system"
)

const (
	// inPassing is how long seeds run in an ordinary test run.
	inPassing = 20 * time.Second
	// actionsOfSeed is how many things happen in a seed before it settles.
	actionsOfSeed = 25
	// atOnce is how many seeds run at a time, each in a database of its own.
	atOnce = 4
)

// TestSeeds runs seeds: for 20 seconds, or as many as HUB_TORTURE says. HUB_TORTURE_SEED begins with another one than 1, and
// repeats it alone when HUB_TORTURE is 1.
func TestSeeds(t *testing.T) {
	t.Parallel()
	limit, first := setting(t, "HUB_TORTURE", 0), setting(t, "HUB_TORTURE_SEED", 1)
	began := time.Now()
	var next atomic.Int64
	var mu sync.Mutex
	var total Verdict
	var seeds, calls, injected, asked, deletions, candidates, assessed, served, field, told int
	var slowest time.Duration
	var all sync.WaitGroup
	workers := atOnce
	if limit > 0 {
		workers = min(workers, limit)
	}
	for range workers {
		b, err := newBench(pgtest.New(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.close)
		all.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if limit > 0 && n >= limit || limit == 0 && time.Since(began) > inPassing || t.Failed() {
					return
				}
				at := time.Now()
				w, v, err := b.run(t.Context(), uint64(first+n), actionsOfSeed)
				mu.Lock()
				if err != nil {
					t.Errorf("seed %d: %v", first+n, err)
				} else {
					seeds, calls, injected = seeds+1, calls+len(w.evidence.Calls), injected+w.injected
					asked += len(w.evidence.Asked)
					deletions += len(w.evidence.Deletions)
					if d := w.evidence.KYC; d != nil {
						candidates, assessed = candidates+len(d.Candidates), assessed+len(d.Customers)
					}
					add(&total, v)
					if f := w.evidence.Flex; f != nil {
						served, field, told = served+len(f.Flex), field+len(f.Calls), told+w.flex.pushes()
					}
					slowest = max(slowest, time.Since(at))
					if !v.Clean() {
						t.Errorf("seed %d:\n%s\nedits %+v", first+n, strings.Join(v.Why, "\n"), w.evidence.Edits)
					}
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds, %d calls outside, %d faults and cut calls, %d deletions, %d candidates, %d of them assessed, %d customers in Flex with %d calls and %d messages; lost %d, duplicates %d, overlaps %d, unexplained %d, collateral %d, gaps %d, echoes %d; left to a person %d; slowest seed %s",
		seeds, calls, injected, deletions, candidates, assessed, served, field, told, total.Lost, total.Duplicates, total.Overlaps, total.Unexplained, total.Collateral, total.Gaps, total.Echoes, asked, slowest.Round(time.Millisecond))
	if seeds == 0 {
		t.Error("no seed was run")
	}
	if asked > 1+seeds/10 {
		t.Errorf("%d creations in %d seeds were left to a person: that is for a refusal whose answer was lost", asked, seeds)
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	given := os.Getenv(name)
	if given == "" {
		return otherwise
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("%s takes a number, not %q", name, given)
	}
	return n
}

func add(total, v *Verdict) {
	total.Lost += v.Lost
	total.Duplicates += v.Duplicates
	total.Overlaps += v.Overlaps
	total.Unexplained += v.Unexplained
	total.Collateral += v.Collateral
	total.Gaps += v.Gaps
	total.Echoes += v.Echoes
}

// TestNegativeControls writes in ways that are known to be wrong, and the auditor has to see it within some seeds.
func TestNegativeControls(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		wrong wrongly
		seen  func(Verdict) int
	}{
		// A time-out is taken for a failure, and the call is made again at once.
		"BlindRetry": {wrongly{system.Netvisor: func(c connector.Connection) connector.Connection { return blind{c.(full)} }}, func(v Verdict) int { return v.Duplicates }},
		// Each edit sends the whole card as the hub knows it.
		"WholeRecord": {wrongly{system.Netvisor: func(c connector.Connection) connector.Connection { return whole{c.(full)} }}, func(v Verdict) int { return v.Collateral + v.Lost }},
		// Edits in Flex are said to be made, and are not.
		"SaysDone": {wrongly{system.Flex: func(c connector.Connection) connector.Connection { return idle{c.(full)} }}, func(v Verdict) int { return v.Unexplained }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := newBench(pgtest.New(t), tc.wrong)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.close)
			var total Verdict
			for seed := uint64(1); seed <= 60 && tc.seen(total) == 0; seed++ {
				_, v, err := b.run(t.Context(), seed, 2*actionsOfSeed)
				if err != nil {
					t.Fatal(err)
				}
				add(&total, v)
			}
			if tc.seen(total) == 0 {
				t.Errorf("the auditor sees nothing wrong: %+v", total)
			}
		})
	}
}

// full is all that a connection to Netvisor offers, and most of what one to Flex does.
type full interface {
	connector.Connection
	connector.BatchReader
	connector.Lister
	connector.Checker
	connector.Writer
	connector.Finder
}

type blind struct{ full }

func (b blind) Write(ctx context.Context, s connector.Step) (string, error) {
	key, err := b.full.Write(ctx, s)
	if fault.Is(err, fault.Uncertain) {
		s.Transaction = uuid.NewString()
		return b.full.Write(ctx, s)
	}
	return key, err
}

type idle struct{ full }

func (i idle) Write(ctx context.Context, s connector.Step) (string, error) {
	if s.Record != "" && s.Part == "" {
		return "", nil
	}
	return i.full.Write(ctx, s)
}

type whole struct{ full }

func (w whole) Write(ctx context.Context, s connector.Step) (string, error) {
	if s.Part == "" && s.Record != "" {
		set := customer.Fields{}
		maps.Copy(set, s.Want)
		maps.Copy(set, s.Set)
		s.Set = set
		// The window in which somebody else may edit, which a whole record overwrites.
		time.Sleep(time.Millisecond)
	}
	return w.full.Write(ctx, s)
}
