package arrows

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unguarded are servers of tests that stand before simulators without connectortest.Guard, and why.
var unguarded = map[string]string{
	"internal/torture":                              "its auditor looks at all bodies itself",
	"internal/reconcile/bench_test.go":              "it measures",
	"internal/reconcile/kyc_message_test.go":        "it is the hub that is called",
	"internal/connector/netvisor/bench_test.go":     "it measures",
	"internal/connector/netvisor/property_test.go":  "what is drawn may be anything",
	"internal/connector/flex/receive_test.go":       "it is the hub that is called",
	"internal/connector/flex/recorder_test.go":      "its bodies are in the golden files",
	"internal/connector/flex/secrets_test.go":       "it looks for secrets itself",
	"internal/connector/flex/faults_test.go":        "nothing answers there",
	"internal/connector/netvisorkyc/faults_test.go": "nothing answers there",
}

// TestTheWholeTrafficIsLookedAt holds that every server of a test in which a simulator is called has a guard, so that the traffic of the whole suite is
// looked at for what must never leave the hub (Promise 11, R84).
func TestTheWholeTrafficIsLookedAt(t *testing.T) {
	t.Parallel()
	guarded := 0
	for _, root := range []string{"internal/connector", "internal/reconcile", "internal/torture", "cmd/hub"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name := strings.TrimPrefix(filepath.ToSlash(path), "../../")
			text := string(raw)
			if !strings.Contains(text, `"customerhub/internal/sandbox/`) || unguarded[name] != "" || unguarded[filepath.ToSlash(filepath.Dir(name))] != "" {
				return nil
			}
			for i, line := range strings.Split(text, "\n") {
				switch {
				case !strings.Contains(line, "httptest.NewServer("):
				case strings.Contains(line, "connectortest.Guard("):
					guarded++
				case strings.Contains(line, "hub :="): // what a system calls
				default:
					t.Errorf("%s:%d: a simulator is served without connectortest.Guard", name, i+1)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if guarded < 10 {
		t.Errorf("%d guards: the check looks at the wrong files", guarded)
	}
}
