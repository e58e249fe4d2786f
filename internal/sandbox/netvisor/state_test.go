package netvisor

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// restart closes the sandbox and opens another one on the same folder.
func (b *bench) restart(t *testing.T) *bench {
	t.Helper()
	b.server.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return b.reopen(t)
}

func (b *bench) reopen(t *testing.T) *bench {
	t.Helper()
	s, err := New(b.opts)
	if err != nil {
		t.Fatal(err)
	}
	again := &bench{Sandbox: s, clock: b.clock, server: httptest.NewServer(s)}
	again.tx.Store(b.tx.Load())
	t.Cleanup(func() { again.server.Close(); _ = s.Close() })
	return again
}

// everything is all that a client and an auditor can see.
func (b *bench) everything(t *testing.T) []string {
	t.Helper()
	out := []string{b.mustGet(t, "customerlist.nv").body}
	for c := range b.Customers("") {
		_, shown := b.controlCall(t, "GET", "customers/"+c.detail.child("CustomerBaseInformation").value("NetvisorKey"), "")
		j, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(j))
	}
	keys := b.mustGet(t, "customerlist.nv").keys(t)
	return append(out, b.mustGet(t, "getcustomer.nv?replyoption=15&idlist="+strings.Join(keys, ",")).body)
}

func TestStateOutlivesARestart(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]string{"Generated": "", "Captured": "testdata/captured"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{Customers: 30, Seed: 3, State: t.TempDir(), Load: load, Responsibility: true, CustomTags: []CustomTag{{Name: "Muu", Type: "text"}}})
			keys := b.mustGet(t, "customerlist.nv").keys(t)
			added := b.mustPost(t, "customer.nv?method=add", base(`<internalidentifier type="automatic"/><name>Säilyvä Öy</name><customergroupname>Uusi</customergroupname>`))
			b.mustPost(t, "customer.nv?method=edit&id="+keys[2], base("<name>Muutettu</name><city/>"))
			office := b.mustPost(t, "office.nv?method=add&customerid="+keys[3], "<root><office><name>V</name></office></root>")
			b.mustPost(t, "contactperson.nv", `<root><contactperson><method>add</method><customeridentifier type="netvisor">`+keys[3]+`</customeridentifier><isdefault>true</isdefault><firstname>A</firstname><lastname>B</lastname><language>FI</language></contactperson></root>`)
			b.mustPost(t, "customerresponsibility.nv?customerid="+keys[4], "<root><customerresponsibility><riskclass>high</riskclass></customerresponsibility></root>")
			b.mustPost(t, "customer.nv?method=edit&id="+keys[4], message("<customtags><tag><tagname>Muu</tagname><tagvalue>x</tagvalue></tag></customtags>"))
			b.mustGet(t, "deletecustomer.nv?customerid="+keys[5])
			b.mustGet(t, "deletecustomer.nv?customerid="+b.mustPost(t, "customer.nv?method=add", base("<name>Pian poissa</name>")))
			b.controlCall(t, "POST", "customers/"+keys[6], `{"hasInvoices":true}`)
			b.controlCall(t, "POST", "settings", `{"nextCode":"700","resources":["customerlist.nv","getcustomer.nv","customer.nv","office.nv"]}`)
			want, calls, effects := b.everything(t), b.Calls(), b.Effects()

			for range 2 { // the second time from a journal written anew
				b = b.restart(t)
				again := b.Calls()
				if got := b.everything(t); !slices.Equal(got, want) {
					for i := range got {
						if i < len(want) && got[i] != want[i] {
							t.Errorf("got  %s\nwant %s", got[i], want[i])
						}
					}
				}
				if !slices.Equal(again[:len(calls)], calls) {
					t.Errorf("got  %+v\nwant %+v", again[:len(calls)], calls)
				}
				if got := b.Effects(); !reflect.DeepEqual(jsonOf(t, got), jsonOf(t, effects)) {
					t.Errorf("got  %+v\nwant %+v", got, effects)
				}
			}
			if got := b.get(t, "customerlist.nv", sign(func(s *Signed) { s.TransactionID = "3f2504e0-1" })).category(); got != "REQUEST_NOT_UNIQUE" {
				t.Errorf("the transaction ids are forgotten: %q", got)
			}
			if got := b.get(t, "salespersonnellist.nv").category(); got != "SERVICE_ACCESS_ERROR" {
				t.Errorf("the permissions are forgotten: %q", got)
			}
			next := b.mustPost(t, "customer.nv?method=add", base(`<internalidentifier type="automatic"/><name>C</name><customergroupname>Uusi</customergroupname>`))
			old, f := b.fields(t, added), b.fields(t, next)
			if number(t, next) <= number(t, added)+1 || f["InternalIdentifier"] != "700" || f["CustomerGroupNetvisorKey"] != old["CustomerGroupNetvisorKey"] {
				t.Errorf("key %s after %s: %v", next, added, f)
			}
			if o := b.mustPost(t, "office.nv?method=add&customerid="+keys[3], "<root><office><name>W</name></office></root>"); o == office {
				t.Error("a key is used twice")
			}
		})
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStateIsGuarded(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*bench, string) {
		b := setup(t, Options{Customers: 3, Seed: 3, State: t.TempDir()})
		b.mustPost(t, "customer.nv?method=add", base("<name>A</name>"))
		return b, filepath.Join(b.opts.State, journalName)
	}
	t.Run("KilledInTheMiddleOfALine", func(t *testing.T) {
		t.Parallel()
		b, path := begin(t)
		if err := b.restart(t).Close(); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range min(len(content), 400) { // wherever the last write ended
			if err := os.WriteFile(path, content[:len(content)-cut], 0o600); err != nil {
				t.Fatal(err)
			}
			again, err := New(b.opts)
			if err != nil {
				t.Fatalf("%d bytes cut: %v", cut, err)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("CallInFlightIsThereAfterAKill", func(t *testing.T) {
		t.Parallel()
		b, path := begin(t)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.server.Close()
		_ = b.Close()
		whole := strings.TrimSuffix(string(content), "\n") // the last line is the end of the call
		if err := os.WriteFile(path, []byte(whole[:strings.LastIndex(whole, "\n")+1]), 0o600); err != nil {
			t.Fatal(err)
		}
		b = b.reopen(t)
		if c := b.Calls(); len(c) != 1 || !c[0].End.IsZero() || len(b.Effects()) != 1 || b.Effects()[0].Call != 1 {
			t.Errorf("%+v %+v", c, b.Effects())
		}
		b.mustGet(t, "customerlist.nv")
		if c := b.Calls(); c[1].Number != 2 || c[1].Overlapped {
			t.Errorf("%+v", c)
		}
	})
	t.Run("TwoSandboxesOnOneFolderAreRefused", func(t *testing.T) {
		t.Parallel()
		b, _ := begin(t)
		if _, err := New(b.opts); err == nil || !strings.Contains(err.Error(), "in use by another sandbox") {
			t.Error(err)
		}
	})
	t.Run("OtherDataAreRefused", func(t *testing.T) {
		t.Parallel()
		b, _ := begin(t)
		_ = b.Close()
		o := b.opts
		o.Seed = 4
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "belongs to a sandbox with other data") {
			t.Error(err)
		}
		if s, err := New(b.opts); err != nil {
			t.Errorf("the refusalError has spoilt the state: %v", err)
		} else {
			_ = s.Close()
		}
	})
	t.Run("SpoiltLineIsNamed", func(t *testing.T) {
		t.Parallel()
		b, path := begin(t)
		_ = b.Close()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(content, "{}x\n{}\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(b.opts); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Error(err)
		}
	})
	t.Run("FullDiskIsToldOnceAndTheSandboxGoesOn", func(t *testing.T) {
		t.Parallel()
		b, _ := begin(t)
		b.journal.mu.Lock()
		_ = b.journal.file.Close()
		told := 0
		b.journal.failed = func(error) { told++ }
		b.journal.mu.Unlock()
		b.mustGet(t, "customerlist.nv")
		b.mustGet(t, "customerlist.nv")
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		if err := b.Close(); err == nil {
			t.Error("closing says nothing")
		}
	})
}
