package connectortest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"customerhub/internal/finnish"
)

// GoldenCases reads what testdata/golden has in a folder, each file into a T of its own, by its path without ".in.json". A field that T
// does not have fails the test, as a folder without cases does.
func GoldenCases[T any](t testing.TB, folder string) map[string]T {
	t.Helper()
	paths, err := filepath.Glob("testdata/golden/" + folder + "/*.in.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	out := map[string]T{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c T
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out[strings.TrimSuffix(path, ".in.json")] = c
	}
	return out
}

// CompareGolden fails the test where what came out is not what the golden file says, or holds a personal identity code (Promise 11).
// With update, the file says afterwards what came out.
func CompareGolden(t testing.TB, update bool, file, got string) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("not as in %s (run with -update after reading):\n%s", file, diff)
	}
	if finnish.ContainsIdentityCode(got) {
		t.Error("a personal identity code came through (Promise 11)")
	}
}
