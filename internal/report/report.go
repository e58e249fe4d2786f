// Package report is what an e-mail about errors says: which systems of an organisation have failures that do not pass by
// themselves, how many of each sort, the ids of their records, and where to look. It never says who is concerned: of a record
// there is its id and the business ID of its customer, and of a finding its code with a fixed sentence, never the finding's
// own words, which may hold what somebody typed. The package is pure.
package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"customerhub/internal/advice"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
	"customerhub/internal/organisation"
)

// Shown is how many records of a group a report names; the others are counted.
const Shown = 20

// Report is one report to one recipient.
type Report struct {
	Organisation organisation.ID
	Language     advice.Language
	// Groups are ordered by system, and within a system by the order of finding.Failures.
	Groups []Group
	// Every is how long passes between two reports at least.
	Every time.Duration
}

// Group is the failures of one sort in one system.
type Group struct {
	System string
	// Support is whom to ask about systems of the kind, such as an address; empty when there is nobody.
	Support string
	Code    finding.Code
	// Total counts the records that are concerned, of which Records are the first.
	Total   int
	Records []Record
}

// Record is a record that a finding is about.
type Record struct {
	// ExternalID is its id in the system; empty for a finding about no single record.
	ExternalID string
	// BusinessID is that of its customer, as the hub has it.
	BusinessID string
}

// Total counts what a report tells.
func (r Report) Total() (n int) {
	for _, g := range r.Groups {
		n += g.Total
	}
	return n
}

// systems are the names of the systems, each once, in their order.
func (r Report) systems() (out []string) {
	for i, g := range r.Groups {
		if i == 0 || g.System != r.Groups[i-1].System {
			out = append(out, plain(g.System))
		}
	}
	return out
}

// Subject is what the report is about, on one line.
func (r Report) Subject() string {
	return r.say("subject", r.Total(), strings.Join(r.systems(), ", "))
}

// Text is the report.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.say("opening", r.Total()))
	var codes []finding.Code
	for i, g := range r.Groups {
		if i == 0 || g.System != r.Groups[i-1].System {
			fmt.Fprintf(&b, "\n%s\n", plain(g.System))
			if g.Support != "" {
				fmt.Fprintf(&b, "%s\n", r.say("support", g.Support))
			}
		}
		r.group(&b, g)
		codes = append(codes, g.Code)
	}
	fmt.Fprintf(&b, "\n%s\n\n  %s\n\n", r.say("look"), query(codes))
	fmt.Fprintln(&b, r.say("header", string(r.Organisation)))
	fmt.Fprintln(&b, r.say("often", int(r.Every.Minutes())))
	return b.String()
}

func (r Report) group(b *strings.Builder, g Group) {
	fmt.Fprintf(b, "\n  %s: %d\n  %s\n", g.Code, g.Total, sentence(g.Code).With().In(r.Language))
	named := 0
	for _, record := range g.Records[:min(len(g.Records), Shown)] {
		if line := r.record(record); line != "" {
			fmt.Fprintf(b, "  - %s\n", line)
			named++
		}
	}
	if rest := g.Total - named; rest > 0 && named > 0 {
		fmt.Fprintf(b, "  - %s\n", r.say("more", rest))
	}
}

// record names a record; it is empty where nothing of it may be said.
func (r Report) record(record Record) string {
	var words []string
	if isID(record.ExternalID) {
		words = append(words, r.say("record", record.ExternalID))
	}
	// What somebody typed as a business ID may be anything.
	if id, err := finnish.ParseBusinessID(record.BusinessID); err == nil {
		words = append(words, r.say("businessID", id))
	}
	return strings.Join(words, ", ")
}

// recordID is how systems number their records: digits, perhaps after a short word for the sort of record (the Netvisor, Flex
// and KYC contracts), or a UUID. An id of any other form could be a name or an address, so it is not told.
var recordID = regexp.MustCompile(`^(?:[a-z]{1,8}_)?[0-9]{1,19}$|^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func isID(s string) bool { return recordID.MatchString(s) && finnish.MaskIdentityCodes(s) == s }

// plain is a name on one line. People give systems their names, so an identity code is possible (Promise 11).
func plain(name string) string {
	return finnish.MaskIdentityCodes(strings.Join(strings.Fields(name), " "))
}

// query is where the findings are in GraphQL.
func query(codes []finding.Code) string {
	seen := make(map[finding.Code]bool)
	var names []string
	for _, c := range codes {
		if !seen[c] {
			seen[c] = true
			names = append(names, string(c))
		}
	}
	return "{ findings(first: 50, filter: {resolved: false, code: [" + strings.Join(names, ", ") +
		"]}) { nodes { code message externalId customer { number } } } }"
}
