package main

import (
	"fmt"
	"io"
	"strings"

	"customerhub/internal/advice"
	"customerhub/internal/finding"
)

// findingsCommand prints what findings there are, what each means and what to do about it. docs/findings.md is what it prints.
type findingsCommand struct {
	Language string `help:"Language of the texts: en, fi, sv or nb." default:"en" enum:"en,fi,sv,nb" env:"HUB_LANGUAGE"`
}

// Run prints the table as Markdown. A reader that went away is an error, as with the schema.
func (c *findingsCommand) Run(p *program) error {
	l := advice.Language(strings.ToUpper(c.Language))
	var out strings.Builder
	fmt.Fprint(&out, "# Findings\n\n")
	fmt.Fprint(&out, "A finding is something that a person should know or decide. It is raised once for as long as it stands. Most end by\n"+
		"themselves when a later reading no longer shows them; one that lasts stands until somebody resolves it. In GraphQL they are\n"+
		"`findings`, with the same advice in `fix`. `hub findings` prints this table, also in Finnish, Swedish and Norwegian.\n\n")
	fmt.Fprint(&out, "| Code | What it means | Who can mend it, and how | Lasts | Example |\n|---|---|---|---|---|\n")
	for _, r := range finding.Table {
		lasts := ""
		if r.Lasts {
			lasts = "yes"
		}
		fmt.Fprintf(&out, "| `%s` | %s | **%s**: %s | %s | %s |\n", r.Code, r.Means.With().In(l), r.Who, r.How.With().In(l), lasts, r.Example)
	}
	fmt.Fprint(&out, "\n`USER` maintains customers, `ADMINISTRATOR` manages the organisation's systems, `VENDOR` is the provider of the system, and\n"+
		"`OPERATOR` runs the hub.\n")
	_, err := io.WriteString(p.stdout, out.String())
	return err
}
