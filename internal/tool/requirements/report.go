package main

import (
	"bufio"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// requirement is one row of the list.
type requirement struct {
	number, section string
	// reason says why there is no test. Empty when there has to be one.
	reason string
}

// parseList reads rows of number, section and reason, separated by tabs. Lines that start with # are remarks.
func parseList(text string) ([]requirement, error) {
	var rows []requirement
	seen := map[string]bool{}
	at := 0
	for line := range strings.Lines(text) {
		at++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 || !number.MatchString(f[0]+"_") {
			return nil, fmt.Errorf("requirements.tsv line %d: want number, section and reason, separated by tabs", at)
		}
		if seen[f[0]] {
			return nil, fmt.Errorf("requirements.tsv line %d: %s is there twice", at, f[0])
		}
		seen[f[0]] = true
		rows = append(rows, requirement{f[0], f[1], strings.TrimSpace(f[2])})
	}
	return rows, nil
}

// number is how a test names what it proves. What stands before it is looked at in numbersIn.
var number = regexp.MustCompile(`[RPT][1-9][0-9]{0,2}_`)

// numbersIn returns the numbers a name carries: R51_R52_NoBusinessID carries two.
func numbersIn(name string) []string {
	var found []string
	for _, at := range number.FindAllStringIndex(name, -1) {
		before := name[:at[0]]
		if before == "" || before == "Test" || !isWordByte(before[len(before)-1]) {
			found = append(found, name[at[0]:at[1]-1])
		}
	}
	return found
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// findTests returns, by number, the tests that carry it: the test's package and function, and the subtest's name when the
// number is there. Names of subtests are found as string literals, which is also how a table of cases holds them.
func findTests(tree fs.FS) (map[string][]string, error) {
	found := map[string][]string{}
	add := func(name, test string) {
		for _, n := range numbersIn(name) {
			if !slices.Contains(found[n], test) {
				found[n] = append(found[n], test)
			}
		}
	}
	fset := token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			// What the go command skips, and this program, whose tests speak of numbers that prove nothing.
			if name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') || name == "tools" || name == "internal/tool/requirements" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing: %w", err)
		}
		for _, decl := range file.Decls {
			where := path.Dir(name)
			if f, ok := decl.(*ast.FuncDecl); ok {
				where += "." + f.Name.Name
				add(f.Name.Name, where)
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil && !strings.ContainsAny(text, "\n\t") {
						add(text, where+"/"+text)
					}
				}
				return true
			})
		}
		return nil
	})
	return found, err
}

// report prints the rows in their order and returns an error that counts what is missing or unknown.
func report(w io.Writer, rows []requirement, tests map[string][]string) error {
	out := bufio.NewWriter(w)
	var proven, reasoned, open int
	section := ""
	for _, r := range rows {
		if r.section != section {
			section = r.section
			fmt.Fprintf(out, "\n%s\n", section)
		}
		switch list := tests[r.number]; {
		case len(list) > 0:
			proven++
			fmt.Fprintf(out, "  %-5s %s\n", r.number, strings.Join(list, "\n        "))
		case r.reason != "":
			reasoned++
			fmt.Fprintf(out, "  %-5s (%s)\n", r.number, r.reason)
		default:
			open++
			fmt.Fprintf(out, "  %-5s NO TEST AND NO REASON\n", r.number)
		}
	}
	fmt.Fprintf(out, "\n%d numbers: %d proven by tests, %d with a reason, %d with neither.\n", len(rows), proven, reasoned, open)

	unknown := maps.Clone(tests)
	for _, r := range rows {
		delete(unknown, r.number)
	}
	for _, n := range slices.SortedFunc(maps.Keys(unknown), cmp.Compare) {
		fmt.Fprintf(out, "%s is no number of the list, but %s names it.\n", n, strings.Join(unknown[n], ", "))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if open > 0 || len(unknown) > 0 {
		return fmt.Errorf("%d without test and reason, %d unknown", open, len(unknown))
	}
	return nil
}
