package main_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	t.Run("IsPrintedAsItIsWritten", func(t *testing.T) {
		t.Parallel()
		want, err := os.ReadFile("../../schema.graphql")
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, nil, "schema")
		if r.code != 0 || r.errOut != "" || r.out != string(want) {
			t.Errorf("code %d, %q; %d bytes are printed, %d are written", r.code, r.errOut, len(r.out), len(want))
		}
		if _, err := gqlparser.LoadSchema(&ast.Source{Input: r.out}); err != nil {
			t.Errorf("what is printed is no schema: %v", err)
		}
	})
	t.Run("HalfOfItIsAFailure", func(t *testing.T) {
		t.Parallel()
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("no device that is always full here")
		}
		defer full.Close()
		cmd := exec.Command(binary, "schema")
		cmd.Env, cmd.Stdout = environment(), full
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("exit code %d, want 1: %v", cmd.ProcessState.ExitCode(), err)
		}
	})
}
