package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/sandbox/netvisor"
)

const (
	largeKills  = 5
	largeMemory = 200.0 // MiB, resident, of the hub's own process
)

// TestLargeImport imports many customers into a hub that is killed again and again, and then compares them all once more.
// It runs when HUB_LARGE is the number of customers; HUB_LARGE_SEED repeats the moments of an earlier run. It is not
// parallel, since it measures.
func TestLargeImport(t *testing.T) {
	n, seed := largeSetting(t)
	ctx, cancel := context.WithTimeout(t.Context(), largeTime(t, n))
	defer cancel()
	t.Logf("%d customers, HUB_LARGE_SEED=%d", n, seed)

	k := newKiller(n, seed)
	c := newCompany(t, netvisor.Options{Customers: n, Seed: seed, Gate: k.gate})
	l := &large{t: t, ctx: ctx, customers: n, company: c, env: []string{
		"HUB_DATA=" + filepath.Join(folder(t), "data"), "HUB_TAKE_OVER_AFTER=5s", // a shorter hold is lost to a busy machine, and a batch with it
	}}
	l.serve()
	must(t, l.env, "organisation", "create", "Esimerkki Oy")
	l.api.key = must(t, l.env, "key", "create", "test", "--scope", "admin")
	began := time.Now()
	system := connect(l.api, c)
	first := l.onlyRun()
	for i, m := range k.moments {
		l.kill(i, m, k, first)
		if i+1 < len(k.moments) {
			k.arm(k.moments[i+1])
		}
		l.serve()
		l.look(first)
	}
	imported := l.awaitRun(first)
	took := time.Since(began)
	importCalls := c.Calls()
	importPeak := l.peak("at the end of the import")

	t.Run("EveryCustomerIsThereOnce", func(t *testing.T) {
		if imported.Done != n || imported.Total != n {
			t.Errorf("the run took in %d of %d customers, want %d of %d", imported.Done, imported.Total, n, n)
		}
		if got := l.api.total(); got != n {
			t.Errorf("the hub has %d customers, want %d", got, n)
		}
	})
	sums, links := l.rows()
	look := auditCalls(importCalls, l.kills)
	t.Run("EveryExternalIDIsLinkedOnce", func(t *testing.T) {
		if links.rows != n || links.externalIDs != n || links.customers != n {
			t.Errorf("%d links of %d external ids and %d customers, want %d of each", links.rows, links.externalIDs, links.customers, n)
		}
		if missing := look.notIn(links.keys); missing > 0 || len(look.asked) != n {
			t.Errorf("%d customers were asked for, want %d; %d of them are not linked", len(look.asked), n, missing)
		}
	})
	t.Run("CallsOutsideAreRepeatedByKillsOnly", func(t *testing.T) { look.check(t, n, largeKills) })

	beganSweep := time.Now()
	swept := l.awaitRun(l.sync(system))
	tookSweep := time.Since(beganSweep)
	sweepPeak := l.peak("at the end of the second run")
	t.Run("SecondRunWritesNoRow", func(t *testing.T) {
		if swept.Counts.Unchanged != n || swept.Counts.Created+swept.Counts.Updated+swept.Counts.Failed != 0 {
			t.Errorf("the second run counts %+v, want %d unchanged", swept.Counts, n)
		}
		again, _ := l.rows()
		for _, table := range largeTables {
			if sums[table] != again[table] {
				t.Errorf("%s: was %+v, is %+v", table, sums[table], again[table])
			}
		}
	})
	t.Run("OneWrittenRowWouldHaveBeenSeen", func(t *testing.T) {
		l.touch()
		if again, _ := l.rows(); sums["link"] == again["link"] || sums["customer"] != again["customer"] {
			t.Error("a link that was written as it is does not show, or another table does")
		}
	})
	calls := c.Calls()
	t.Run("SecondRunAsksForEachOnce", func(t *testing.T) { auditCalls(calls[len(importCalls):], nil).check(t, n, 0) })
	t.Run("MemoryStaysWithinItsBound", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("only Linux tells the peak memory of another process")
		}
		if peak := max(slices.Max(l.peaks), importPeak, sweepPeak); peak > largeMemory {
			t.Errorf("peak resident memory %.1f MiB, want at most %.0f", peak, largeMemory)
		}
	})
	l.hub.stopped()

	t.Logf("import: %.1f s with %d kills and restarts, %.0f customers/s; %.1f s of it between first and last call of each hub, %.0f customers/s",
		took.Seconds(), largeKills, float64(n)/took.Seconds(), look.atWork.Seconds(), float64(n)/look.atWork.Seconds())
	t.Logf("calls: %d for the list, %d for cards; %d customers asked for again, by kill: %v", look.lists, look.cards, look.repeats(), look.again)
	t.Logf("second run: %.1f s, %.0f customers/s", tookSweep.Seconds(), float64(n)/tookSweep.Seconds())
	t.Logf("peak resident memory in MiB: %.1f before each kill, %.1f after the import, %.1f after the second run", l.peaks, importPeak, sweepPeak)
	counts := make([]string, len(largeTables))
	for i, table := range largeTables {
		counts[i] = fmt.Sprintf("%s %d", table, sums[table].Rows)
	}
	t.Logf("rows: %s", strings.Join(counts, ", "))
}

// largeSetting reads the number of customers and the seed.
func largeSetting(t *testing.T) (customers int, seed uint64) {
	t.Helper()
	given := os.Getenv("HUB_LARGE")
	if given == "" {
		t.Skip("it takes minutes: HUB_LARGE is to say how many customers to import, such as 100000; or make large")
	}
	customers, err := strconv.Atoi(given)
	if err != nil || customers < 1000 || customers > netvisor.MaxCustomers {
		t.Fatalf("HUB_LARGE takes 1000 to %d, not %q", netvisor.MaxCustomers, given)
	}
	seed = uint64(time.Now().UnixMilli())
	if given := os.Getenv("HUB_LARGE_SEED"); given != "" {
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("HUB_LARGE_SEED: %v", err)
		}
	}
	return customers, seed
}

// largeTime is what the test may take: some minutes and a generous 25 ms for each customer, less when go test's own time is
// up before.
func largeTime(t *testing.T, customers int) time.Duration {
	most := 5*time.Minute + time.Duration(customers)*25*time.Millisecond
	if deadline, ok := t.Deadline(); ok {
		most = min(most, time.Until(deadline)-30*time.Second)
	}
	return most
}

// moment is when a hub is killed: so long after it began a call at which so many customers had been asked for.
type moment struct {
	asked int
	after time.Duration
}

// killer watches the calls for the moments.
type killer struct {
	moments []moment
	reached chan struct{}

	mu    sync.Mutex
	armed bool
	at    int
	asked map[string]bool
}

// newKiller draws the moments. The first one is on the list, whose length grows with the company; the others are on the
// cards, and not among the last, so that each hub has something left to do.
func newKiller(customers int, seed uint64) *killer {
	k := &killer{reached: make(chan struct{}, 1), asked: make(map[string]bool, customers)}
	r := rand.New(rand.NewPCG(seed, largeKills))
	k.moments = []moment{{after: time.Duration(r.Int64N(int64(customers) * int64(30*time.Microsecond)))}}
	for range largeKills - 1 {
		k.moments = append(k.moments, moment{asked: 1 + r.IntN(customers*9/10), after: time.Duration(r.Int64N(int64(100 * time.Millisecond)))})
	}
	slices.SortFunc(k.moments, func(a, b moment) int { return a.asked - b.asked })
	k.arm(k.moments[0])
	return k
}

func (k *killer) arm(m moment) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.armed, k.at = true, m.asked
}

// gate learns of each call.
func (k *killer) gate(_ context.Context, call netvisor.Call) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !ofRun(call) {
		return
	}
	for _, key := range keysOf(call) {
		k.asked[key] = true
	}
	if k.armed && len(k.asked) >= k.at {
		k.armed = false
		k.reached <- struct{}{}
	}
}

func (k *killer) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.asked)
}

// large is a hub on a data folder, or what is left of it.
type large struct {
	t         *testing.T
	ctx       context.Context // ends with the time of the whole test
	customers int
	company   company
	env       []string
	hub       served
	api       api
	peaks     []float64 // MiB before each kill
	kills     []int64   // the number of the last call before each kill
	seen      largeRun  // the run that was looked at last
}

func (l *large) serve() {
	l.t.Helper()
	l.hub = serve(l.t, l.env)
	l.api = api{l.t, l.hub.url, l.api.key}
}

// kill waits for the moment and kills the hub, which is at work on the run.
func (l *large) kill(i int, m moment, k *killer, run string) {
	t := l.t
	t.Helper()
	select {
	case <-k.reached:
	case <-l.hub.ended:
		t.Fatal("the hub ended by itself")
	case <-l.ctx.Done():
		t.Fatalf("in vain waited for the moment to kill at %d customers; %d were asked for", m.asked, k.count())
	}
	time.Sleep(m.after) // the moment is a random one: there is nothing to wait for
	l.look(run)
	l.peaks = append(l.peaks, l.peak("before kill "+strconv.Itoa(i+1)))
	l.hub.signal(syscall.SIGKILL)
	if code := l.hub.ends(); code != -1 {
		t.Fatalf("the hub ended with code %d before it could be killed", code)
	}
	// What a killed hub asked last is being answered until the connection is seen to be gone.
	var calls []netvisor.Call
	eventually(t, "the end of the killed hub's call", func() bool {
		calls = l.company.Calls()
		return !slices.ContainsFunc(calls, func(c netvisor.Call) bool { return c.End.IsZero() })
	})
	l.kills = append(l.kills, calls[len(calls)-1].Number)
	t.Logf("kill %d: %s after the call at %d customers or more; %d of %d were asked for, peak %.1f MiB",
		i+1, m.after.Round(time.Millisecond), m.asked, k.count(), l.customers, l.peaks[i])
}

// peak is the peak resident memory of the hub in MiB; zero where the system does not tell.
func (l *large) peak(when string) float64 {
	l.t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.hub.cmd.Process.Pid))
	if err != nil {
		l.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	l.t.Fatalf("no peak memory of the hub %s", when)
	return 0
}

// largeRun is a run as the API shows it.
type largeRun struct {
	ID, State   string
	Total, Done int
	Counts      struct{ Created, Updated, Unchanged, Failed int }
	Fault       *struct{ Code, Message string }
}

// onlyRun is the first import, of which there is one.
func (l *large) onlyRun() string {
	l.t.Helper()
	got := ask[struct{ Nodes []identified }](l.api, "runs", `{ runs(filter: {kind: FIRST_IMPORT}, first: 5) { nodes { id } } }`, nil)
	if len(got.Nodes) != 1 {
		l.t.Fatalf("%d first imports, want one", len(got.Nodes))
	}
	return got.Nodes[0].ID
}

// look gives a run as it is. What it has done never goes back.
func (l *large) look(id string) largeRun {
	l.t.Helper()
	r := ask[largeRun](l.api, "node", `query ($id: ID!) { node(id: $id) { ... on Run {
		id state total done counts { created updated unchanged failed } fault { code message } } } }`, map[string]any{"id": id})
	if r.ID == l.seen.ID && r.Done < l.seen.Done {
		l.t.Errorf("the run went back from %d to %d", l.seen.Done, r.Done)
	}
	l.seen = r
	return r
}

// awaitRun waits for the good end of a run.
func (l *large) awaitRun(id string) largeRun {
	t := l.t
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		r := l.look(id)
		switch r.State {
		case "SUCCEEDED":
			return r
		case "FAILED", "CANCELLED":
			t.Fatalf("the run ended as %s: %+v", r.State, r.Fault)
		}
		select {
		case <-tick.C:
		case <-l.hub.ended:
			t.Fatal("the hub ended by itself")
		case <-l.ctx.Done():
			t.Fatalf("the run is not over in time: %+v", r)
		}
	}
}

// sync asks for a look at everything and gives its run. It waits for the poll that may be going on.
func (l *large) sync(system string) (run string) {
	l.t.Helper()
	eventually(l.t, "the full look to be taken on", func() bool {
		got := ask[struct {
			Run        *identified
			UserErrors []struct{ Code, Message string }
		}](l.api, "syncNow", `mutation ($in: SyncNowInput!) { syncNow(input: $in) { run { id } userErrors { code message } } }`,
			map[string]any{"in": map[string]any{"system": system, "full": true}})
		switch {
		case got.Run != nil:
			run = got.Run.ID
		case !slices.ContainsFunc(got.UserErrors, func(e struct{ Code, Message string }) bool { return e.Code == "RUN_IN_PROGRESS" }):
			l.t.Fatalf("syncNow: %+v", got.UserErrors)
		}
		return run != ""
	})
	return run
}

// largeTables are what an unchanged customer must not be written to.
var largeTables = []string{"customer", "customer_address", "office", "person", "contact", "link", "link_base", "link_part", "provenance"}

// tableSum stands for the row versions of a table.
type tableSum struct {
	Rows int
	Sum  string
}

// linked is what the hub has linked with the company.
type linked struct {
	rows, externalIDs, customers int
	keys                         map[string]bool
}

// owner connects under the owner's login, as the running hub's data folder tells.
func (l *large) owner() *pgx.Conn {
	t := l.t
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(strings.TrimPrefix(l.env[0], "HUB_DATA="), "running.json"))
	if err != nil {
		t.Fatal(err)
	}
	var at struct{ Migrate string }
	if err := json.Unmarshal(raw, &at); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(l.ctx, at.Migrate)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// rows reads the row versions of all tables, and the links.
func (l *large) rows() (map[string]tableSum, linked) {
	t := l.t
	t.Helper()
	conn := l.owner()
	defer func() { _ = conn.Close(context.WithoutCancel(l.ctx)) }()
	sums := map[string]tableSum{}
	for _, table := range largeTables {
		rows, _ := conn.Query(l.ctx, `
			SELECT count(*) AS rows, coalesce(sum(hashtextextended(ctid::text || ' ' || xmin::text, 0)::numeric), 0)::text AS sum
			FROM `+table)
		sum, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tableSum])
		if err != nil {
			t.Fatalf("row versions of %s: %v", table, err)
		}
		sums[table] = sum
	}
	var got linked
	if err := conn.QueryRow(l.ctx, `SELECT count(*), count(DISTINCT external_id), count(DISTINCT customer_id) FROM link`).
		Scan(&got.rows, &got.externalIDs, &got.customers); err != nil {
		t.Fatal(err)
	}
	rows, _ := conn.Query(l.ctx, `SELECT external_id FROM link ORDER BY external_id`)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	got.keys = make(map[string]bool, len(keys))
	for _, key := range keys {
		got.keys[key] = true
	}
	return sums, got
}

// touch writes one link without changing it.
func (l *large) touch() {
	l.t.Helper()
	conn := l.owner()
	defer func() { _ = conn.Close(context.WithoutCancel(l.ctx)) }()
	tag, err := conn.Exec(l.ctx, `UPDATE link SET state = state WHERE id = (SELECT min(id::text)::uuid FROM link)`)
	if err != nil || tag.RowsAffected() != 1 {
		l.t.Fatalf("touching a link: %d rows, %v", tag.RowsAffected(), err)
	}
}
