package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"customerhub/internal/advice"
	"customerhub/internal/finding"
	"customerhub/internal/report"
)

func sample() report.Report {
	return report.Report{
		Organisation: "0198b1f0-0000-7000-8000-000000000001", Language: advice.English, Every: 15 * time.Minute,
		Groups: []report.Group{
			{System: "Netvisor, production", Code: finding.LinkParked, Total: 2, Records: []report.Record{
				{ExternalID: "1217", BusinessID: "0201256-6"}, {ExternalID: "1218"},
			}},
			{System: "Netvisor, production", Code: finding.MassAbsence, Total: 1, Records: []report.Record{{}}},
			{System: "KYC", Support: "support@example.test", Code: finding.LinkParked, Total: 98, Records: []report.Record{{ExternalID: "cand_1001"}}},
		},
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	t.Run("R26_GroupedByCodeWithRecordsAndWhereToLook", func(t *testing.T) {
		t.Parallel()
		r := sample()
		if got, want := r.Subject(), "Customer Hub: errors: 101 (Netvisor, production, KYC)"; got != want {
			t.Errorf("subject %q, want %q", got, want)
		}
		want := `Errors that do not pass by themselves, new since the last report: 101.

Netvisor, production

  LINK_PARKED: 2
  The system refuses the record, or it failed again and again; it waits for a person.
  - record 1217, business ID 0201256-6
  - record 1218

  MASS_ABSENCE: 1
  The system's list lacks so many known records that none of them is believed to be deleted.

KYC
Help with this system: support@example.test

  LINK_PARKED: 98
  The system refuses the record, or it failed again and again; it waits for a person.
  - record cand_1001
  - and 97 more

What exactly is the matter is told by the hub, to those who may see it:

  { findings(first: 50, filter: {resolved: false, code: [LINK_PARKED, MASS_ABSENCE]}) { nodes { code message externalId customer { number } } } }

(GraphQL; a key that reaches several organisations names this one: Hub-Organisation: 0198b1f0-0000-7000-8000-000000000001)
At most one such report is sent in 15 minutes. What is named here is not reported again.
`
		if d := cmp.Diff(want, r.Text()); d != "" {
			t.Error(d)
		}
	})
	t.Run("EveryLanguageSaysEverything", func(t *testing.T) {
		t.Parallel()
		said := make(map[string]string)
		for _, l := range advice.Languages {
			for _, c := range finding.Failures {
				r := sample()
				r.Language, r.Groups = l, []report.Group{{System: "S", Support: "x", Code: c, Total: 9, Records: []report.Record{{ExternalID: "1", BusinessID: "0201256-6"}}}}
				text := r.Subject() + "\n" + r.Text()
				if strings.Contains(text, "%!") || strings.Contains(strings.ReplaceAll(text, string(c), ""), "MISSING") {
					t.Errorf("%s %s: %s", l, c, text)
				}
				sentence := strings.Split(text[strings.Index(text, string(c)):], "\n")[1]
				if len(sentence) < 20 || said[sentence] != "" {
					t.Errorf("%s %s says %q, as %s does", l, c, sentence, said[sentence])
				}
				said[sentence] = string(l) + " " + string(c)
			}
		}
	})
	t.Run("WhatCouldBeANameOrACodeIsNotTold", func(t *testing.T) {
		t.Parallel()
		r := sample()
		r.Groups = []report.Group{{System: "KYC\r\nBcc: x@example.test 131052-308T", Code: finding.LinkParked, Total: 6, Records: []report.Record{
			{ExternalID: "Virtanen"}, {ExternalID: "131052-308T"}, {ExternalID: "maija@example.test", BusinessID: "Maija Malli"},
			{BusinessID: "131052-308T"}, {ExternalID: "maija_malli1"}, {ExternalID: "7"},
		}}}
		text := r.Subject() + r.Text()
		for _, bad := range []string{"Virtanen", "131052-308T", "maija", "Maija", "Malli", "\r", "\nBcc"} {
			if strings.Contains(text, bad) {
				t.Errorf("it says %q:\n%s", bad, text)
			}
		}
		if !strings.Contains(text, "- record 7\n  - and 5 more") {
			t.Errorf("it does not say how many there are:\n%s", text)
		}
	})
}

// TestReportProperty holds a report to ids of the forms that systems number with, whatever stands in their place.
func TestReportProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.StringMatching(`[A-ZÅÄÖ][a-zåäö]{3,10}`).Draw(t, "first")
		last := rapid.StringMatching(`[A-ZÅÄÖ][a-zåäö]{3,12}`).Draw(t, "last")
		marked := fmt.Sprintf("§%s %s", first, last)
		form := rapid.SampledFrom([]string{"%s", "%s 12", "%s@example.test", "12 %s", "12_%s", "\n%s", "050 %s"}).Draw(t, "form")
		r := sample()
		r.Language = rapid.SampledFrom(advice.Languages).Draw(t, "language")
		r.Groups[0].Records = []report.Record{{ExternalID: fmt.Sprintf(form, marked), BusinessID: fmt.Sprintf(form, marked)}}
		if text := r.Subject() + r.Text(); strings.Contains(text, "§") || strings.Contains(text, first+" "+last) {
			t.Fatalf("it says who:\n%s", text)
		}
	})
}
