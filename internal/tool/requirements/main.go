// Command requirements lists every requirement (R), payment requirement (P) and fault test (T) by number, with the tests
// that prove it or with the reason why there is none yet. A test proves a number by carrying it in its name or in the name
// of a subtest: R37_CandidatesCanBeReviewed.
//
// It reads test sources, not test results, and knows nothing about what a requirement says: the numbers, the sections they
// belong to and the reasons are in requirements.tsv. It fails when a number has neither test nor reason, and when a test
// names a number that does not exist.
package main

import (
	_ "embed"
	"fmt"
	"os"
)

//go:embed requirements.tsv
var list string

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(root); err != nil {
		fmt.Fprintln(os.Stderr, "requirements:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	rows, err := parseList(list)
	if err != nil {
		return err
	}
	tests, err := findTests(os.DirFS(root))
	if err != nil {
		return err
	}
	return report(os.Stdout, rows, tests)
}
