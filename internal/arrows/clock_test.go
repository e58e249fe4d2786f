package arrows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// ownClocks are the files that may read the clock of their process, and what for. Nothing there is decided by what time it is: a
// replica whose clock is hours off does what the others do (T36).
var ownClocks = map[string]string{
	"cmd/hub/demo_folder.go":                 "how old a folder of the same machine is",
	"graph/graph.go":                         "the default of tests; the program gives the database's clock",
	"graph/subscription.go":                  "how long a follower has heard nothing",
	"internal/connector/netvisor/kind.go":    "the default of tests; the worker gives the database's clock",
	"internal/connector/netvisorkyc/kind.go": "the default of tests; the worker gives the database's clock",
	"internal/connector/flex/kind.go":        "the default of tests; the worker gives the database's clock",
	"internal/feed/subscribe.go":             "how long ago the table was looked at",
	"internal/outbound/client.go":            "how long a call took",
	"internal/reconcile/lease.go":            "how long a holder has had no answer",
	"internal/server/events.go":              "deadlines of sockets",
	"internal/server/socket.go":              "how long a client has been silent",
	"internal/store/clock.go":                "how time goes on between two answers of the database",
}

// ownClockPackages are no part of what replicas run: the simulators, the tests' database, and the database of one machine.
var ownClockPackages = []string{"internal/sandbox", "internal/pgtest", "internal/embedpg", "tools"}

func TestT36_NothingIsDecidedByTheClockOfAProcess(t *testing.T) {
	t.Parallel()
	unused := maps.Clone(ownClocks)
	tree := os.DirFS("../..")
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (path.Base(name)[0] == '.' || path.Base(name) == "testdata" || slices.Contains(ownClockPackages, name)):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := s.X.(*ast.Ident); ok && from.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name) {
				if _, known := ownClocks[name]; !known {
					t.Errorf("%s reads the clock of its process: what it decides by it, replicas would decide differently", fset.Position(s.Pos()))
				}
				delete(unused, name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range unused {
		t.Errorf("%s reads no clock any more: take it off the list", name)
	}
}
