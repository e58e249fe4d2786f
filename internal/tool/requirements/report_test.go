package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree is a small module with one test of each way of naming a number.
var tree = fstest.MapFS{
	"internal/a/a_test.go": {Data: []byte(`package a

import "testing"

func TestR1_ByFunction(t *testing.T) {}

func TestStory(t *testing.T) {
	t.Run("R2_R3_TwoAtOnce", func(t *testing.T) {})
	for _, tc := range []struct{ name string }{{"T4_InATable"}, {"XT5_NotANumber"}, {"FLEET6_NorThis"}} {
		t.Run(tc.name, func(t *testing.T) {})
	}
}

var cases = []string{"P7_AtPackageLevel"}
`)},
	"internal/a/a.go":               {Data: []byte("package a\n\nconst s = \"R8_NotATest\"\n")},
	"internal/a/testdata/t_test.go": {Data: []byte("package a\n\nconst s = \"R8_TestData\"\n")},
}

func TestFindTests(t *testing.T) {
	t.Parallel()
	found, err := findTests(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"R1": "internal/a.TestR1_ByFunction",
		"R2": "internal/a.TestStory/R2_R3_TwoAtOnce",
		"R3": "internal/a.TestStory/R2_R3_TwoAtOnce",
		"T4": "internal/a.TestStory/T4_InATable",
		"P7": "internal/a/P7_AtPackageLevel",
	}
	for number, test := range want {
		if !slices.Equal(found[number], []string{test}) {
			t.Errorf("%s is proven by %q, want %q", number, found[number], test)
		}
	}
	if len(found) != len(want) {
		t.Errorf("found %v, want %d numbers", found, len(want))
	}
}

func TestFindTestsReportsFilesItCannotRead(t *testing.T) {
	t.Parallel()
	if _, err := findTests(fstest.MapFS{"a_test.go": {Data: []byte("no Go at all")}}); err == nil {
		t.Error("a broken file is passed over")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	tests, err := findTests(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, list, want, err string }{
		{
			"TestsAndReasonsAreListed", "# remark\nR1\tA. One\t\nR2\tA. One\t\nR3\tA. One\tlater: unused\nT4\tB. Two\t\nP7\tB. Two\t\nP8\tB. Two\tlater: payments\n",
			"P8    (later: payments)", "",
		},
		{
			"NeitherTestNorReason", "R1\tA\t\nR2\tA\t\nR3\tA\t\nT4\tA\t\nP7\tA\t\nR9\tA\t \n",
			"R9    NO TEST AND NO REASON", "1 without test and reason, 0 unknown",
		},
		{
			"UnknownNumber", "R1\tA\t\nR2\tA\t\nR3\tA\t\nP7\tA\t\n",
			"T4 is no number of the list, but internal/a.TestStory/T4_InATable names it.", "0 without test and reason, 1 unknown",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rows, err := parseList(tc.list)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err = report(&out, rows, tests)
			if !strings.Contains(out.String(), tc.want) {
				t.Errorf("printed:\n%s\nwant %q", out.String(), tc.want)
			}
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || err.Error() != tc.err) {
				t.Errorf("error is %v, want %q", err, tc.err)
			}
		})
	}
}

func TestParseListRefuses(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"R1\tA\n", "X1\tA\tB\n", "R1\tA\t\nR1\tA\t\n"} {
		if _, err := parseList(list); err == nil {
			t.Errorf("%q is accepted", list)
		}
	}
}

// TestTheListIsComplete counts the numbers of each kind in the committed list.
func TestTheListIsComplete(t *testing.T) {
	t.Parallel()
	rows, err := parseList(list)
	if err != nil {
		t.Fatal(err)
	}
	count := map[byte]int{}
	for _, r := range rows {
		count[r.number[0]]++
	}
	if count['R'] != 194 || count['P'] != 85 || count['T'] != 41 {
		t.Errorf("%d R, %d P and %d T, want 194, 85 and 41", count['R'], count['P'], count['T'])
	}
}
