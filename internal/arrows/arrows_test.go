// Package arrows holds the tests that keep the tree's architecture: which package may import which (design section 4),
// and where SQL may be written. It has no code of its own and looks at source files only, so it also sees files that this
// platform's build leaves out.
//
// A new package fails the test until it has a row in the table below: adding one is a decision, not an accident.
package arrows

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "customerhub"

// nouns are the pure packages that everything else speaks in. They may import each other; the compiler refuses cycles.
var nouns = []string{
	"internal/finnish", "internal/customer", "internal/organisation", "internal/system", "internal/link", "internal/change",
	"internal/finding", "internal/run", "internal/explain", "internal/report", "internal/advice", "internal/series", "internal/onboarding",
}

// testPackages are imported by tests, and by nothing else but each other.
var testPackages = []string{"internal/pgtest", "internal/connector/connectortest", "internal/mail/mailtest", "internal/torture"}

// rule is one row of the table. Nothing is allowed that is not written here, but for what every package may use.
type rule struct {
	// pkg is a package, or a folder with /... for each folder below it; the longest row that fits a package counts. A
	// package below such a folder may import what lies below it in turn, but not its neighbours.
	pkg string
	// may lists the packages of this module that it may import, with /... for all below a folder. "nouns" is all nouns.
	may []string
	// libs lists the modules outside the standard library, or what they start with. Nil is any, empty is none.
	libs []string
	// pure packages have no input and output: no network, no files, no database, no processes.
	pure bool
	// bare packages do without fault and config, which all others may use.
	bare bool
	// sql packages may contain SQL.
	sql bool
}

var none = []string{}

var table = []rule{
	{pkg: "cmd/hub", may: []string{"graph/...", "internal/...", "migrations", "graph"}},
	{pkg: "graph", may: []string{"graph/...", "internal/hub", "internal/feed", "internal/auth", "nouns"}},
	{pkg: "graph/model", may: []string{"internal/auth", "nouns"}},
	{pkg: "graph/rows", may: []string{"graph/model", "internal/hub", "internal/feed", "internal/pg", "internal/auth", "nouns"}, sql: true},
	{pkg: "internal/server", may: []string{"graph", "graph/...", "internal/inbound", "internal/auth", "internal/hub", "internal/feed"}},
	{pkg: "internal/inbound", may: []string{"internal/hub", "internal/connector", "internal/auth", "internal/crash", "nouns"}},
	{pkg: "internal/schedule", may: []string{"internal/reconcile", "internal/feed", "internal/webhook"}},
	{pkg: "internal/reconcile", may: []string{
		"internal/hub", "internal/store", "internal/merge", "internal/connector", "internal/mail", "internal/pg",
		"internal/crash", "nouns",
	}},
	// hub opens transactions, and pg.InOrganisation is how.
	{pkg: "internal/hub", may: []string{"internal/store", "internal/merge", "internal/secret", "internal/auth", "internal/pg", "nouns"}},
	{pkg: "internal/feed", may: []string{"internal/store", "internal/outbound", "internal/pg", "nouns"}},
	{pkg: "internal/webhook", may: []string{"internal/store", "internal/outbound", "internal/pg", "nouns"}},
	{pkg: "internal/store", may: []string{"internal/pg", "nouns"}, sql: true},

	{pkg: "internal/connector", may: []string{"nouns"}, libs: none},
	{pkg: "internal/connector/...", may: []string{"internal/connector", "internal/connector/record", "internal/connector/rest", "internal/outbound", "nouns"}},
	// What several systems' records and interfaces have in common; they know none of them.
	{pkg: "internal/connector/record", may: []string{"nouns"}},
	{pkg: "internal/connector/rest", may: []string{"internal/connector", "internal/connector/record", "internal/outbound", "nouns"}},
	{pkg: "internal/connector/connectortest", may: []string{"internal/connector", "internal/outbound", "nouns"}},
	// A sandbox that shared code with the hub would share its mistakes.
	{pkg: "internal/sandbox/...", may: none, libs: none, bare: true},
	// Redaction knows what an identity code looks like.
	{pkg: "internal/outbound", may: []string{"internal/finnish"}},

	{pkg: "internal/merge", may: []string{"nouns"}, libs: []string{"golang.org/x/text"}, pure: true},
	{
		pkg: "internal/finnish", may: none, libs: []string{"golang.org/x/text", "github.com/nyaruka/phonenumbers"},
		pure: true, bare: true,
	},
	{pkg: "internal/customer", may: []string{"nouns"}, libs: []string{"golang.org/x/text"}, pure: true},
	{pkg: "internal/organisation", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/system", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/link", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/change", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/finding", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/run", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/advice", may: none, libs: none, pure: true, bare: true},
	{pkg: "internal/explain", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/report", may: []string{"nouns"}, libs: none, pure: true},
	{pkg: "internal/series", may: []string{"internal/system"}, libs: none, pure: true},
	{pkg: "internal/onboarding", may: []string{"nouns"}, libs: none, pure: true},

	{pkg: "internal/auth", may: []string{"nouns"}},
	{pkg: "internal/fault", may: none, libs: none, bare: true},
	{pkg: "internal/config", may: none},
	{pkg: "internal/crash", may: none, libs: none, bare: true},
	{pkg: "internal/secret", may: none},
	{pkg: "internal/mail", may: none},
	// What shared code with the sender would share its mistakes.
	{pkg: "internal/mail/mailtest", may: none, libs: none, bare: true},
	{pkg: "internal/pg", may: []string{"internal/organisation"}, sql: true},
	{pkg: "internal/embedpg", may: none, sql: true},
	{pkg: "migrations", may: none, libs: none, bare: true, sql: true},

	{pkg: "internal/pgtest", may: []string{"internal/embedpg", "internal/pg", "internal/store", "internal/secret", "migrations", "nouns"}, sql: true},
	{pkg: "internal/torture", may: []string{"graph", "graph/...", "internal/...", "migrations"}},

	{pkg: "internal/tool/...", may: none, libs: none, bare: true},
	{pkg: "internal/tool/schemadiff", may: none, libs: []string{"github.com/vektah/gqlparser/v2"}, bare: true},
}

// everyone may import these, but for bare packages.
var everyone = []string{"internal/fault", "internal/config"}

// impure are the packages of the standard library that pure packages do without, with all below them.
var impure = []string{"net", "os", "io/fs", "io/ioutil", "syscall", "database/sql", "log", "plugin"}

// pureExceptions lie below an impure package but do no input and output.
var pureExceptions = []string{"net/mail", "net/netip", "net/url", "log/slog"}

// sqlStart is how a statement begins. English sentences do not begin in capitals; routes such as "DELETE /x" do.
var sqlStart = regexp.MustCompile(`^\s*(--[^\n]*\n\s*)*(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH)\s`)

func TestArrows(t *testing.T) {
	t.Parallel()
	problems, packages := check(os.DirFS("../.."), table)
	for _, p := range problems {
		t.Error(p)
	}
	// A checker that looks at the wrong folder finds nothing to complain about.
	for _, pkg := range []string{"internal/finnish", "internal/customer", "internal/fault"} {
		if !slices.Contains(packages, pkg) {
			t.Errorf("package %s was not looked at; seen are %v", pkg, packages)
		}
	}
}

// TestArrowsNegativeControl shows that the checker sees each kind of breach.
func TestArrowsNegativeControl(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, file, source, want string }{
		{"ForbiddenImport", "internal/merge/m.go", `import "customerhub/internal/store"`, "internal/merge/m.go imports internal/store"},
		{"ForbiddenImportBehindABuildTag", "internal/merge/m.go", "//go:build plan9\n\n" + `package merge; import "customerhub/internal/store"`, "imports internal/store"},
		{"ForbiddenImportByName", "internal/store/s.go", `import h "customerhub/internal/hub"`, "internal/store/s.go imports internal/hub"},
		{"UnknownPackage", "internal/stuff/s.go", ``, "internal/stuff has no row"},
		{"UnknownTarget", "internal/hub/h.go", `import "customerhub/internal/stuff"`, "imports internal/stuff"},
		{"LibraryInSandbox", "internal/sandbox/netvisor/s.go", `import "github.com/google/uuid"`, "imports the library github.com/google/uuid"},
		{"HubInSandbox", "internal/sandbox/netvisor/s.go", `import "customerhub/internal/fault"`, "imports internal/fault"},
		{"ConnectorOfANeighbour", "internal/connector/flex/f.go", `import "customerhub/internal/connector/netvisor"`, "imports internal/connector/netvisor"},
		{"FilesInANoun", "internal/customer/c.go", `import "os"`, "imports os, but is pure"},
		{"NetworkInANoun", "internal/customer/c.go", `import "net/http"`, "imports net/http, but is pure"},
		{"TestPackageInTheProgram", "cmd/hub/m.go", `import "customerhub/internal/pgtest"`, "imports internal/pgtest"},
		{"SQLOutsideStore", "internal/hub/h.go", "const q = `\n  SELECT id FROM customer`", "internal/hub/h.go:3 contains SQL"},
		{"SQLAfterAComment", "internal/hub/h.go", "const q = `-- why\nWITH a AS (SELECT 1) TABLE a`", "contains SQL"},
		{"SQLInAFunction", "graph/g.go", `func f() string { return "UPDATE customer SET name = ''" }`, "contains SQL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			source := tc.source
			if !strings.Contains(source, "package ") {
				source = "package p\n\n" + source
			}
			problems, _ := check(fstest.MapFS{tc.file: {Data: []byte(source)}}, table)
			if len(problems) != 1 || !strings.Contains(problems[0], tc.want) {
				t.Errorf("problems are %q, want one that says %q", problems, tc.want)
			}
		})
	}
	for _, tc := range []struct{ name, file, source string }{
		{"AllowedImport", "internal/hub/h.go", `import "customerhub/internal/store"`},
		{"OwnSubpackage", "internal/connector/netvisor/n.go", `import "customerhub/internal/connector/netvisor/api"`},
		{"Fault", "internal/store/s.go", `import "customerhub/internal/fault"`},
		{"URLInANoun", "internal/customer/c.go", `import "net/url"`},
		{"SQLInStore", "internal/store/s.go", `const q = "SELECT 1"`},
		{"SQLInATest", "internal/hub/h_test.go", `const q = "SELECT 1"`},
		{"WordsThatAreNotSQL", "internal/hub/h.go", `const a, b, c, d = "UPDATE", "Select a customer", "WITHOUT it", "DELETE /x"`},
		{"OtherModule", "tools/t.go", `import "customerhub/internal/store"`},
		{"TestData", "internal/hub/testdata/t.go", `import "customerhub/graph"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if problems, _ := check(fstest.MapFS{tc.file: {Data: []byte("package p\n\n" + tc.source)}}, table); problems != nil {
				t.Errorf("problems are %q, want none", problems)
			}
		})
	}
}

// TestTableIsSound checks the table itself: one row a package, and rows only about packages that rows know.
func TestTableIsSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range table {
		if seen[r.pkg] {
			t.Errorf("%s has two rows", r.pkg)
		}
		seen[r.pkg] = true
		for _, may := range r.may {
			if strings.HasSuffix(may, "/...") || may == "nouns" {
				continue
			}
			if _, ok := ruleFor(table, may); !ok {
				t.Errorf("%s may import %s, which has no row", r.pkg, may)
			}
		}
	}
	for _, pkg := range slices.Concat(nouns, testPackages, everyone) {
		if !seen[pkg] {
			t.Errorf("%s has no row", pkg)
		}
	}
}

// check parses every Go file of the module's tree but tests and returns what breaks the rules, sorted by file, and the
// packages it saw.
func check(tree fs.FS, rules []rule) (problems, packages []string) {
	fset := token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			// The same folders that the go command skips, and tools, which is a module of its own.
			if name != "." && (base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_') || name == "tools" {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || base[0] == '.' || base[0] == '_' {
			return nil
		}
		// Imports and literals are all that is needed, so files with build tags of other platforms are read like the rest.
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing: %w", err)
		}
		pkg := path.Dir(name)
		r, ok := ruleFor(rules, pkg)
		if !slices.Contains(packages, pkg) {
			packages = append(packages, pkg)
			if !ok {
				problems = append(problems, fmt.Sprintf("package %s has no row in the table of arrows", pkg))
			}
		}
		if !ok {
			return nil
		}
		for _, spec := range file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := r.refuses(pkg, target); why != "" {
				problems = append(problems, name+" imports "+why)
			}
		}
		if !r.sql {
			problems = append(problems, statements(fset, file)...)
		}
		return nil
	})
	if err != nil {
		problems = append(problems, err.Error())
	}
	return problems, packages
}

// statements finds the string literals that are SQL.
func statements(fset *token.FileSet, file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(lit.Value); err == nil && sqlStart.MatchString(text) {
			at := fset.Position(lit.Pos())
			found = append(found, fmt.Sprintf("%s:%d contains SQL, which belongs into internal/store", at.Filename, at.Line))
		}
		return true
	})
	return found
}

// ruleFor returns the longest row that fits a package.
func ruleFor(rules []rule, pkg string) (rule, bool) {
	best, ok := rule{}, false
	for _, r := range rules {
		if fits(r.pkg, pkg) && (!ok || len(r.pkg) > len(best.pkg)) {
			best, ok = r, true
		}
	}
	return best, ok
}

// fits reports whether a pattern with or without /... names a package.
func fits(pattern, pkg string) bool {
	if folder, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, folder+"/")
	}
	return pattern == pkg
}

// refuses returns what is wrong when pkg imports target, or nothing.
func (r rule) refuses(pkg, target string) string {
	if inside, ok := strings.CutPrefix(target, module+"/"); ok {
		if r.allows(pkg, inside) {
			return ""
		}
		return inside + ", which the table of arrows does not allow"
	}
	first, _, _ := strings.Cut(target, "/")
	if strings.Contains(first, ".") {
		if r.libs == nil || slices.ContainsFunc(r.libs, func(lib string) bool { return target == lib || strings.HasPrefix(target, lib+"/") }) {
			return ""
		}
		return "the library " + target + ", which the table of arrows does not allow"
	}
	below := func(folder string) bool { return target == folder || strings.HasPrefix(target, folder+"/") }
	if r.pure && slices.ContainsFunc(impure, below) && !slices.ContainsFunc(pureExceptions, below) {
		return target + ", but is pure"
	}
	return ""
}

// allows reports whether pkg may import another package of this module.
func (r rule) allows(pkg, target string) bool {
	if slices.Contains(testPackages, target) {
		return slices.Contains(testPackages, pkg)
	}
	if !r.bare && slices.Contains(everyone, target) {
		return true
	}
	// Below connector/... and the like, each folder is a world of its own.
	if folder, ok := strings.CutSuffix(r.pkg, "/..."); ok {
		own, _, _ := strings.Cut(strings.TrimPrefix(pkg, folder+"/"), "/")
		if root := folder + "/" + own; target == root || strings.HasPrefix(target, root+"/") {
			return true
		}
	}
	return slices.ContainsFunc(r.may, func(may string) bool {
		return fits(may, target) || may == "nouns" && slices.Contains(nouns, target)
	})
}
