// Command schemadiff lists what changed in schema.graphql since a version of it in git: since the last tag, or since the
// revision that is given. It fails when something would break a client that was written for that version.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const schemaFile = "schema.graphql"

// errBreaks is the answer when a client would break, which the list has said already.
var errBreaks = errors.New("a client of that version would break")

func main() {
	revision := ""
	if len(os.Args) > 1 {
		revision = os.Args[1]
	}
	if err := run(context.Background(), os.Stdout, revision); err != nil {
		fmt.Fprintln(os.Stderr, "schemadiff:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, revision string) error {
	if revision == "" {
		tags, err := git(ctx, "tag", "--merged", "HEAD", "--sort=-version:refname")
		if err != nil {
			return err
		}
		if revision, _, _ = strings.Cut(strings.TrimSpace(tags), "\n"); revision == "" {
			fmt.Fprintln(out, "There is no tag yet, so nothing has been promised to anybody. Name a revision to compare with: make schema-diff REF=main~10.")
			return nil
		}
	}
	before, err := git(ctx, "show", revision+":"+schemaFile)
	if err != nil {
		return err
	}
	now, err := os.ReadFile(schemaFile)
	if err != nil {
		return err
	}
	from, err := parse(revision, before)
	if err != nil {
		return err
	}
	to, err := parse(schemaFile, string(now))
	if err != nil {
		return err
	}
	return report(out, revision, compare(from, to))
}

func parse(name, sdl string) (*ast.Schema, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: name, Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("reading the schema of %s: %w", name, err)
	}
	return schema, nil
}

// report writes the changes, those that matter most first.
func report(out io.Writer, revision string, changes []change) error {
	if len(changes) == 0 {
		_, err := fmt.Fprintf(out, "The schema is that of %s.\n", revision)
		return err
	}
	breaks := false
	for _, sort := range []severity{breaking, dangerous, safe} {
		first := true
		for _, c := range changes {
			if c.severity != sort {
				continue
			}
			if first {
				fmt.Fprintf(out, "%s since %s:\n", sort, revision)
				first = false
			}
			fmt.Fprintf(out, "  %-40s %s\n", c.path, c.what)
			breaks = breaks || sort == breaking
		}
	}
	if breaks {
		return errBreaks
	}
	return nil
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output() //nolint:gosec // the revision is its caller's own, and no shell reads it
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %s", strings.Join(args, " "), strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), err
}
