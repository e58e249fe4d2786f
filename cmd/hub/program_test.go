package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds each wait for a program. It is generous, because machines that test may be busy.
const patience = 90 * time.Second

// binary is the hub as a person has it, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(withBinary(m)) }

func withBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hub-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "hub")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	if err == nil {
		err = os.Chmod(dir, 0o755) // other users run it too
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "building the hub: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// folder makes a folder that any user can pass through, as t.TempDir's cannot, under a name short enough for sockets.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hub-test-") //nolint:usetesting // the folder of t.TempDir lets nobody else through
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The server of a hub that was killed ends right after it, and may still be writing.
		err := os.RemoveAll(dir)
		for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); err = os.RemoveAll(dir) {
			time.Sleep(50 * time.Millisecond)
		}
		if err != nil {
			t.Errorf("removing the test's folder: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// text collects what a program prints; waiters learn of each piece.
type text struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{}
}

func newText() *text { return &text{more: make(chan struct{}, 1)} }

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n, err := x.buf.Write(p)
	select {
	case x.more <- struct{}{}:
	default:
	}
	return n, err
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.buf.String()
}

// hubProcess is a running hub.
type hubProcess struct {
	t           *testing.T
	cmd         *exec.Cmd
	out, errOut *text
	ended       chan struct{}
}

// environment is this process's without what could configure the hub.
func environment(more ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HUB_") && !strings.HasPrefix(v, "PG") {
			env = append(env, v)
		}
	}
	return append(env, more...)
}

// start starts the hub; it is killed at the end of the test when it still runs.
func start(t *testing.T, env []string, args ...string) *hubProcess {
	t.Helper()
	return startAs(t, nil, env, args...)
}

// startAs starts the hub as somebody else.
func startAs(t *testing.T, who *syscall.SysProcAttr, env []string, args ...string) *hubProcess {
	t.Helper()
	p := newProcess(t, env, args...)
	p.cmd.SysProcAttr = who
	return p.start()
}

// startOn starts the hub with its output on a terminal.
func startOn(t *testing.T, tty *os.File, env []string, args ...string) *hubProcess {
	t.Helper()
	p := newProcess(t, env, args...)
	p.cmd.Stdout = tty
	return p.start()
}

func newProcess(t *testing.T, env []string, args ...string) *hubProcess {
	p := &hubProcess{t: t, cmd: exec.Command(binary, args...), out: newText(), errOut: newText(), ended: make(chan struct{})}
	p.cmd.Env = environment(env...)
	p.cmd.Dir = "/"
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errOut
	return p
}

func (p *hubProcess) start() *hubProcess {
	t := p.t
	t.Helper()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		if p.running() {
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
		if t.Failed() {
			t.Logf("hub %s\n--- stdout\n%s\n--- stderr\n%s", strings.Join(p.cmd.Args[1:], " "), p.out, p.errOut)
		}
	})
	return p
}

func (p *hubProcess) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// says waits until one of its streams holds the words.
func (p *hubProcess) says(on *text, words string) {
	p.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !strings.Contains(on.String(), words) {
		select {
		case <-on.more:
		case <-p.ended:
			if !strings.Contains(on.String(), words) {
				p.t.Fatalf("the hub ended before it said %q: %v", words, p.cmd.ProcessState)
			}
		case <-late.C:
			p.t.Fatalf("the hub does not say %q", words)
		}
	}
}

// ends waits for its end and gives the exit code, -1 after a signal.
func (p *hubProcess) ends() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatal("the hub does not end")
		return 0
	}
}

func (p *hubProcess) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// result is what a command that ends by itself did.
type result struct {
	code        int
	out, errOut string
}

// run runs a command of the hub to its end.
func run(t *testing.T, env []string, args ...string) result {
	t.Helper()
	p := start(t, env, args...)
	code := p.ends()
	return result{code, p.out.String(), p.errOut.String()}
}

// must runs a command that has to succeed and gives what it printed.
func must(t *testing.T, env []string, args ...string) string {
	t.Helper()
	r := run(t, env, args...)
	if r.code != 0 {
		t.Fatalf("hub %s: exit code %d: %s", strings.Join(args, " "), r.code, r.errOut)
	}
	return strings.TrimSpace(r.out)
}

// refuses checks that a command fails with the code and says all of the words on its error stream, and nothing on the other.
func refuses(t *testing.T, r result, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	for _, w := range words {
		if !strings.Contains(r.errOut, w) {
			t.Errorf("the error does not say %q:\n%s", w, r.errOut)
		}
	}
}

// api asks a hub over GraphQL.
type api struct {
	t        *testing.T
	url, key string
}

type answer struct {
	Data   map[string]json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

func (a api) try(query string, variables map[string]any) (answer, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.t.Context()), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	var out answer
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// ask reads one root field into a T. Errors of any kind end the test.
func ask[T any](a api, field, query string, variables map[string]any) T {
	a.t.Helper()
	got, err := a.try(query, variables)
	if err == nil && len(got.Errors) > 0 {
		err = errors.New(got.Errors[0].Message)
	}
	var out T
	if err == nil {
		err = json.Unmarshal(got.Data[field], &out)
	}
	if err != nil {
		a.t.Fatalf("asking for %s: %v", field, err)
	}
	return out
}

// change runs a mutation that must have no userErrors and gives its payload.
func change[T any](a api, field, query string, variables map[string]any) T {
	a.t.Helper()
	raw := ask[json.RawMessage](a, field, query, variables)
	var failed struct {
		UserErrors []struct{ Code, Message string }
	}
	var out T
	if err := errors.Join(json.Unmarshal(raw, &failed), json.Unmarshal(raw, &out)); err != nil {
		a.t.Fatal(err)
	}
	if len(failed.UserErrors) > 0 {
		a.t.Fatalf("%s: %+v", field, failed.UserErrors)
	}
	return out
}

// total is how many customers the hub has.
func (a api) total() int {
	a.t.Helper()
	return ask[struct{ TotalCount int }](a, "customers", `{ customers(first: 0) { totalCount } }`, nil).TotalCount
}

// eventually asks again and again until the question is answered with yes.
func eventually(t *testing.T, what string, question func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for !question() {
		select {
		case <-deadline:
			t.Fatalf("in vain waited for: %s", what)
		case <-tick.C:
		}
	}
}

// get fetches a page over HTTP.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// readJSON fetches a page and reads it into v.
func readJSON(t *testing.T, url string, v any) {
	t.Helper()
	status, body := get(t, url)
	if status != http.StatusOK {
		t.Fatalf("%s: status %d: %s", url, status, body)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// processesIn lists the processes that work in the folder, as the server's all do: Linux tells; elsewhere nothing is known.
func processesIn(dir string) (found []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir) {
			found = append(found, link)
		}
	}
	return found
}
