package netvisor

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

func TestLeftOut(t *testing.T) {
	t.Parallel()
	whole := card("1", "Esimerkki Oy")
	read := func(t *testing.T, text string) (untold []customer.Field, missing []string) {
		t.Helper()
		_, err := api.ReadCustomers(strings.NewReader(reply(text)), func(c api.Customer) error {
			r := toRecord("1", c, nil)
			untold = r.Untold
			for _, f := range r.Findings {
				if f.Code != finding.ElementMissing {
					t.Errorf("finding %+v", f)
				}
				missing = append(missing, f.Message)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return untold, missing
	}
	t.Run("AWholeCardLeavesNothingOut", func(t *testing.T) {
		t.Parallel()
		if untold, missing := read(t, whole); untold != nil || missing != nil {
			t.Errorf("%v, %v", untold, missing)
		}
	})
	for _, path := range slices.Sorted(maps.Keys(tells)) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			name := path[strings.LastIndexByte(path, '/')+1:]
			cut := regexp.MustCompile("<"+name+"/>|<"+name+">.*</"+name+">").ReplaceAllString(whole, "")
			if cut == whole {
				t.Fatal("the card has no such element")
			}
			untold, missing := read(t, cut)
			for _, f := range tells[path] {
				if !slices.Contains(untold, f) {
					t.Errorf("%s counts as told", f)
				}
			}
			if len(missing) != 1 || !strings.Contains(missing[0], path) {
				t.Errorf("findings %q", missing)
			}
		})
	}
	t.Run("AnEmptyNameIsNone", func(t *testing.T) {
		t.Parallel()
		untold, missing := read(t, strings.Replace(whole, "Esimerkki Oy", " ", 1))
		if !slices.Equal(untold, []customer.Field{customer.FieldName}) || len(missing) != 1 {
			t.Errorf("%v, %q", untold, missing)
		}
	})
}
