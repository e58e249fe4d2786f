package main_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"customerhub/internal/sandbox/netvisor"
)

// TestT8_TheKernelKillsTheHubForItsMemory takes the hub's memory away in the middle of an import, so that the kernel kills it while
// it holds a batch: it goes on where it was, and each customer comes in once.
func TestT8_TheKernelKillsTheHubForItsMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it imports a thousand customers")
	}
	t.Parallel()
	limit, err := newMemoryLimit(t)
	if err != nil {
		t.Skipf("not run: memory cannot be limited here: %v", err)
	}
	const customers = 3000
	c := newCompany(t, netvisor.Options{Customers: customers, Seed: 7})
	if _, err := c.Fault(netvisor.Fault{Kind: netvisor.FaultLatency, Resource: "getcustomer.nv", Delay: netvisor.Duration(20 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	env := []string{"HUB_DATA=" + filepath.Join(folder(t), "data"), "HUB_TAKE_OVER_AFTER=2s"}
	hub := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, hub.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	connect(a, c)
	eventually(t, "some customers", func() bool { return a.total() > 200 })
	limit(hub.cmd.Process.Pid)
	if code := hub.ends(); code != -1 {
		t.Fatalf("the hub ended with code %d and was not killed", code)
	}
	hub = serve(t, env)
	a.url = hub.url
	eventually(t, "all customers", func() bool { return a.total() == customers })
	asked := map[string]int{}
	for _, call := range c.Calls() {
		if call.Overlapped {
			t.Errorf("call %d overlapped", call.Number)
		}
		for _, key := range keysOf(call) {
			asked[key]++
		}
	}
	again := 0
	for _, n := range asked {
		again += n - 1
	}
	if again > largeBatch {
		t.Errorf("%d customers were asked for again, want at most %d", again, largeBatch)
	}
	t.Logf("%d customers were asked for again", again)
	hub.stopped()
}

// newMemoryLimit makes a control group and gives what puts a process under its limit, which is too little to go on with. It takes
// root, and a kernel whose groups this process may make.
func newMemoryLimit(t *testing.T) (func(pid int), error) {
	const enough = 1 << 20
	for root, file := range map[string]string{"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"} {
		group := filepath.Join(root, fmt.Sprintf("hub-test-%d", os.Getpid()))
		if _, err := os.Stat(root + "/cgroup.procs"); err != nil {
			continue
		}
		if err := os.Mkdir(group, 0o755); err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = os.Remove(group) })
		if err := os.WriteFile(filepath.Join(group, file), []byte(strconv.Itoa(enough)), 0o600); err != nil {
			return nil, err
		}
		// Where there is swap, the second generation of control groups would let it be used instead; elsewhere the file is missing.
		_ = os.WriteFile(filepath.Join(group, "memory.swap.max"), []byte("0"), 0o600)
		return func(pid int) {
			if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
				t.Error(err)
			}
		}, nil
	}
	return nil, errors.New("there are no control groups for memory")
}
