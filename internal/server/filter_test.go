package server_test

import (
	"slices"
	"strings"
	"testing"
)

// TestEmptyFilterMembersAreRefused holds that a member of a filter that is given and empty, as a form without a value sends it,
// does not restrict nothing.
func TestEmptyFilterMembersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	for _, tc := range []struct {
		name     string
		filter   vars
		argument []any
	}{
		{"TheKeyOfACustomField", vars{"customField": vars{"key": "", "value": vars{"text": "x"}}}, []any{"filter", "customField", "key"}},
		{"TheDayOfAnExpiry", vars{"kyc": vars{"expiresBefore": ""}}, []any{"filter", "kyc", "expiresBefore"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.do(`query($f: CustomerFilter) { customers(filter: $f) { totalCount } }`, vars{"f": tc.filter})
			if a.code() != "INVALID" {
				t.Fatalf("got %s", a.raw)
			}
			if got, _ := a.Errors[0].Extensions["argument"].([]any); !slices.Equal(got, tc.argument) {
				t.Errorf("got %s", a.raw)
			}
		})
	}
}

// TestACursorOfOneListDoesNotFitAnother gives each list the cursors of all others.
func TestACursorOfOneListDoesNotFitAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 3)
	b.seedBeside()
	lists := []string{"customers", "people", "runs", "findings", "personProposals", "changes"}
	cursors := make(map[string]string)
	for _, list := range lists {
		if list == "changes" {
			cursors[list] = b.do("{ l: changes(first: 1) { endCursor } }", nil).text("l", "endCursor")
			continue
		}
		cursors[list] = b.do("{ l: "+list+"(first: 1) { pageInfo { endCursor } } }", nil).text("l", "pageInfo", "endCursor")
	}
	for _, list := range lists {
		for from, cursor := range cursors {
			a := b.do("query($after: Cursor) { "+list+"(first: 1, after: $after) { __typename } }", vars{"after": cursor})
			if (a.code() == "") != (from == list) || a.code() != "" && a.code() != "INVALID" {
				t.Errorf("%s after a cursor of %s: %s", list, from, a.raw)
			}
		}
	}
}

// TestFollowingAfterAnEmptyCursorIsRefused holds that whoever lost its cursor is told, instead of following from now on without
// what it missed. In a list an empty cursor is the beginning, which misses nothing.
func TestFollowingAfterAnEmptyCursorIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, field := range []string{"customerChanged", "kycStatusChanged", "findingRaised"} {
		stream, _ := b.stream(t, `{"query":"subscription { `+field+`(after: \"\") { __typename } }"}`)
		event, err := stream.ReadString('}')
		for err == nil && !strings.Contains(event, "CURSOR_INVALID") {
			var more string
			more, err = stream.ReadString('}')
			event += more
		}
		if err != nil || strings.Contains(event, "Heartbeat") || !strings.Contains(event, "The cursor is empty.") {
			t.Errorf("%s: got %q, %v", field, event, err)
		}
	}
}
