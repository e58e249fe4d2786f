package main_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"customerhub/internal/finding"
)

var update = flag.Bool("update", false, "write docs/findings.md anew")

// TestFindingsTable holds that the table in docs is what the program prints, and that it prints it in each language.
func TestFindingsTable(t *testing.T) {
	t.Parallel()
	const path = "../../docs/findings.md"
	out := run(t, nil, "findings")
	if out.code != 0 || out.errOut != "" {
		t.Fatalf("code %d, %s", out.code, out.errOut)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != out.out {
		t.Error("docs/findings.md is not what hub findings prints: run this test with -update")
	}
	rows := 0
	for line := range strings.Lines(out.out) {
		if strings.HasPrefix(line, "| `") {
			rows++
			if n := strings.Count(line, "|"); n != 6 {
				t.Errorf("%d cells: %s", n-1, line)
			}
		}
	}
	if rows != len(finding.Table) {
		t.Errorf("%d rows of %d", rows, len(finding.Table))
	}
	if fi := run(t, nil, "findings", "--language", "fi"); fi.code != 0 || !strings.Contains(fi.out, "Korjaa") {
		t.Errorf("in Finnish: code %d, %s", fi.code, fi.errOut)
	}
	refuses(t, run(t, nil, "findings", "--language", "de"), 2, "--language")
}
