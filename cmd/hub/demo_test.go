package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// demoInfo is what --info writes.
type demoInfo struct {
	GraphQL, Subscriptions string
	Sandbox                struct{ Netvisor, NetvisorKYC, Flex string }
	Key, Organisation      string
}

const ready = "Ctrl-C stops everything."

// demo is a demo that runs, with a temporary folder of its own.
type demo struct {
	*hubProcess
	info demoInfo
	raw  map[string]any
	tmp  string
	api  api
	took time.Duration
}

func startDemo(t *testing.T, who *syscall.SysProcAttr, tmp string, args ...string) *demo {
	t.Helper()
	file := filepath.Join(tmp, "info.json")
	began := time.Now()
	env := []string{"TMPDIR=" + tmp, "HOME=/nonexistent"}
	p := startAs(t, who, env, append([]string{"demo", "--info", file}, args...)...)
	p.says(p.out, ready)
	d := &demo{hubProcess: p, tmp: tmp, took: time.Since(began)}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &d.info); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &d.raw); err != nil {
		t.Fatal(err)
	}
	d.api = api{t, d.info.GraphQL, d.info.Key}
	return d
}

// folders are what demos have in the temporary folder.
func (d *demo) folders() []string {
	found, _ := filepath.Glob(filepath.Join(d.tmp, "customerhub-demo-*"))
	return found
}

// stopped checks that the demo ends well with Ctrl-C and leaves nothing.
func (d *demo) stopped() {
	d.t.Helper()
	d.signal(os.Interrupt)
	if code := d.ends(); code != 0 {
		d.t.Errorf("exit code %d after Ctrl-C, want 0", code)
	}
	if said := d.errOut.String(); said != "" {
		d.t.Errorf("said on the error stream: %s", said)
	}
	if left := d.folders(); len(left) > 0 {
		d.t.Errorf("left behind: %s", left)
	}
	if left := processesIn(d.tmp); len(left) > 0 {
		d.t.Errorf("still running: %s", left)
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil, folder(t))
	t.Logf("ready after %s", d.took.Round(10*time.Millisecond))

	t.Run("IsReadyWithin30Seconds", func(t *testing.T) {
		if d.took > 30*time.Second {
			t.Errorf("took %s", d.took)
		}
	})
	t.Run("InfoHasItsFiveMembers", func(t *testing.T) {
		names := slices.Sorted(maps.Keys(d.raw))
		if want := []string{"graphql", "key", "organisation", "sandbox", "subscriptions"}; !slices.Equal(names, want) {
			t.Errorf("members %s, want %s", names, want)
		}
		sandbox, _ := d.raw["sandbox"].(map[string]any)
		kyc, _ := sandbox["netvisorkyc"].(string)
		flex, _ := sandbox["flex"].(string)
		if len(sandbox) != 3 || sandbox["netvisor"] != d.info.Sandbox.Netvisor || !strings.HasPrefix(kyc, "http://127.0.0.1:") || !strings.HasPrefix(flex, "http://127.0.0.1:") {
			t.Errorf("sandbox: %v", sandbox)
		}
		if !strings.HasPrefix(d.info.GraphQL, "http://127.0.0.1:") || d.info.Subscriptions != "ws"+d.info.GraphQL[len("http"):] {
			t.Errorf("addresses: %+v", d.info)
		}
		if info, err := os.Stat(filepath.Join(d.tmp, "info.json")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file holds a key and everybody may read it: %v, %v", info.Mode(), err)
		}
	})
	t.Run("OutputIsFreeOfLogs", func(t *testing.T) {
		if said := d.errOut.String(); said != "" {
			t.Errorf("said on the error stream: %s", said)
		}
	})
	t.Run("CustomersOfTheSandboxAreAnswered", func(t *testing.T) {
		a := api{t, d.info.GraphQL, d.info.Key}
		if n := a.total(); n != 255 {
			t.Errorf("%d customers, want 250 of Netvisor and 5 of Flex", n)
		}
		type page struct {
			Nodes    []struct{ Number, Name string }
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
		}
		seen := 0
		for after := any(nil); ; {
			p := ask[page](a, "customers", `query ($after: Cursor) {
				customers(first: 200, after: $after) { nodes { number name } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after})
			for _, c := range p.Nodes {
				if seen++; c.Number == "TEMP" || c.Name == "" {
					t.Errorf("came in: %+v", c)
				}
			}
			if !p.PageInfo.HasNextPage {
				break
			}
			after = p.PageInfo.EndCursor
		}
		if seen != 255 {
			t.Errorf("listed %d customers, want 255", seen)
		}
	})
	t.Run("R34_TheContactPersonsOfTheResponsibilityTabAreThere", func(t *testing.T) {
		type page struct {
			Nodes []struct{ Contacts []struct{ Roles []string } }
		}
		p := ask[page](api{t, d.info.GraphQL, d.info.Key}, "customers", `{ customers(first: 200) { nodes { contacts { roles } } } }`, nil)
		n := 0
		for _, c := range p.Nodes {
			for _, contact := range c.Contacts {
				if slices.Equal(contact.Roles, []string{"KYC"}) {
					n++
				}
			}
		}
		if n < 20 {
			t.Errorf("%d of 200 customers have a contact for due diligence", n)
		}
	})
	t.Run("ChangeInNetvisorArrivesBySubscription", func(t *testing.T) { changeArrives(t, d) })
	t.Run("PrintedCommandsWork", func(t *testing.T) { printedCommandsWork(t, d) })
	t.Run("ExplorerIsServed", func(t *testing.T) {
		if status, page := get(t, strings.TrimSuffix(d.info.GraphQL, "graphql")); status != 200 || !strings.Contains(page, "<html") {
			t.Errorf("status %d: %.100s", status, page)
		}
	})
	t.Run("AnotherDemoRunsBesideIt", func(t *testing.T) {
		other := startDemo(t, nil, folder(t), "--customers", "7")
		if n := other.api.total(); n != 12 || other.info.GraphQL == d.info.GraphQL {
			t.Errorf("%d customers on %s", n, other.info.GraphQL)
		}
		other.stopped()
		if n := d.api.total(); n != 255 {
			t.Errorf("the first one has %d customers then", n)
		}
	})
	t.Run("CtrlCEndsAllAndLeavesNothing", func(t *testing.T) {
		d.stopped()
		if !strings.Contains(d.out.String(), "Nothing is left behind.") {
			t.Error("does not say so")
		}
	})
}

const followChanges = `subscription { customerChanged { __typename ... on CustomerChange { change { fields { field after } } customer { name } } } }`

type customerEvent struct {
	Data struct {
		CustomerChanged struct {
			Change struct {
				Fields []struct{ Field, After string }
			}
		}
	}
}

func (e customerEvent) brings(value string) bool {
	for _, f := range e.Data.CustomerChanged.Change.Fields {
		if strings.Contains(f.After, value) {
			return true
		}
	}
	return false
}

// changeArrives edits a customer in the sandbox's pages, and waits for the edit on both kinds of subscription.
func changeArrives(t *testing.T, d *demo) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	query, err := json.Marshal(map[string]string{"query": followChanges})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.info.GraphQL, bytes.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.info.Key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	socket, _, err := websocket.Dial(ctx, d.info.Subscriptions, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	type message struct {
		Type    string          `json:"type"`
		ID      string          `json:"id,omitempty"`
		Payload json.RawMessage `json:"payload,omitempty"`
	}
	send := func(m message) {
		if err := wsjson.Write(ctx, socket, m); err != nil {
			t.Fatal(err)
		}
	}
	send(message{Type: "connection_init", Payload: json.RawMessage(`{"Authorization":"Bearer ` + d.info.Key + `"}`)})
	var m message
	if err := wsjson.Read(ctx, socket, &m); err != nil || m.Type != "connection_ack" {
		t.Fatalf("%+v, %v", m, err)
	}
	send(message{Type: "subscribe", ID: "1", Payload: query})

	var listed struct{ Customers []struct{ Key string } }
	readJSON(t, d.info.Sandbox.Netvisor+"/_control/customers?limit=5", &listed)
	if len(listed.Customers) < 5 {
		t.Fatalf("the sandbox lists %d customers", len(listed.Customers))
	}
	page := d.info.Sandbox.Netvisor + "/_control/customers/" + listed.Customers[4].Key
	// A subscription shows what comes after it began, and nothing tells when that was: so there is another edit every second.
	editing, stopEditing := context.WithCancel(ctx)
	var editor sync.WaitGroup
	defer editor.Wait()
	defer stopEditing()
	editor.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := 0; editing.Err() == nil; n++ {
			resp, err := http.Post(page, "application/json", strings.NewReader(`{"nameExtension":"Muutos-`+strconv.Itoa(n)+`"}`))
			if err == nil {
				resp.Body.Close()
			}
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("editing %s: %v", page, err)
				cancel()
				return
			}
			select {
			case <-editing.Done():
			case <-tick.C:
			}
		}
	})
	began := time.Now()
	for lines := bufio.NewScanner(stream.Body); ; {
		if !lines.Scan() {
			t.Fatalf("the event stream ended: %v", lines.Err())
		}
		var e customerEvent
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && json.Unmarshal([]byte(data), &e) == nil && e.brings("Muutos-") {
			break
		}
	}
	for {
		if err := wsjson.Read(ctx, socket, &m); err != nil {
			t.Fatal(err)
		}
		var e customerEvent
		if m.Type == "next" && json.Unmarshal(m.Payload, &e) == nil && e.brings("Muutos-") {
			break
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the change took %s", took)
	}
}

// printedCommandsWork copies the three commands from the screen.
func printedCommandsWork(t *testing.T, d *demo) {
	text := strings.ReplaceAll(d.out.String(), "\\\n", "")
	commands := map[string]string{}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for _, n := range []string{"1", "2", "3"} {
			if strings.HasPrefix(line, "  "+n+". ") {
				commands[n] = strings.TrimSpace(lines[i+1])
			}
		}
	}
	shell := func(command string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Env = environment("TMPDIR="+d.tmp, "HOME=/nonexistent")
		return cmd
	}
	out, err := shell(commands["3"]).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "256 customers: ") || !strings.Contains(string(out), "1 left out") {
		t.Errorf("%s: %v: %s", commands["3"], err, out)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("two of the commands are for curl, which this machine does not have")
	}
	out, err = shell(commands["1"]).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"totalCount":`) || strings.Contains(string(out), `"errors"`) {
		t.Errorf("%s: %v: %s", commands["1"], err, out)
	}
	follow := shell("exec " + commands["2"])
	stream, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = follow.Process.Kill() })
	defer late.Stop()
	seen := false
	for lines := bufio.NewScanner(stream); !seen && lines.Scan(); {
		seen = strings.Contains(lines.Text(), `"fields"`)
	}
	_ = follow.Process.Kill()
	_ = follow.Wait()
	if !seen {
		t.Errorf("%s shows no change", commands["2"])
	}
}

func TestDemoThatIsKilled(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil, folder(t), "--customers", "3", "--address", "127.0.0.1:0", "--netvisor-address", "127.0.0.1:0")
	if len(d.folders()) != 1 {
		t.Fatalf("folders: %s", d.folders())
	}
	data := d.folders()[0]
	pid := postmaster(t, filepath.Join(data, "postgres", "data"))
	d.signal(syscall.SIGKILL)
	d.ends()

	t.Run("LeavesNoPostgres", func(t *testing.T) {
		eventually(t, "the end of postgres", func() bool {
			return syscall.Kill(pid, 0) != nil && len(processesIn(data)) == 0
		})
	})
	t.Run("ItsFolderIsRemovedByTheNextDemo", func(t *testing.T) {
		empty := folder(t)
		past := time.Now().Add(-time.Hour)
		if err := os.Chtimes(data, past, past); err != nil {
			t.Fatal(err)
		}
		// This one gets as far as looking for Postgres.
		refuses(t, run(t, []string{"TMPDIR=" + d.tmp}, "demo", "--postgres-bin", empty), 1, "no usable Postgres in "+empty)
		if left := d.folders(); len(left) > 0 {
			t.Errorf("left: %s", left)
		}
	})
}

// postmaster is the process number of the server on a data folder.
func postmaster(t *testing.T, data string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestDemoOfAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this user is an ordinary one, so the other tests show it")
	}
	t.Parallel()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("there is no other user to be: %v", err)
	}
	uid, uidErr := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(nobody.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		t.Fatal(uidErr, gidErr)
	}
	tmp := folder(t)
	if err := os.Chown(tmp, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	who := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}}
	d := startDemo(t, who, tmp, "--address", "127.0.0.1:0", "--netvisor-address", "127.0.0.1:0")
	if n := d.api.total(); n != 255 {
		t.Errorf("%d customers, want 255", n)
	}
	d.stopped()
}
