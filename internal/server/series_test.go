package server_test

import (
	"regexp"
	"testing"
)

// TestR91_NumberSeries reads two series that meet; their forecast is tested where it is made.
func TestR91_NumberSeries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.seed(b.org.ID, 11) // 1001 to 1011
	for _, sql := range []string{
		`UPDATE provenance p SET fields = p.fields || '{"number": {"at": "2026-01-01T00:00:00Z", "by": "EDIT"}}'
			FROM customer c WHERE c.id = p.customer_id AND c.number > '1006'`,
		`UPDATE customer SET number = 'F' || number`,
	} {
		if _, err := b.db.Owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	got := b.do(`{ numberSeries { givenBy { name } first last used perDay meets { with { name } number left on } } }`, nil).raw
	got = regexp.MustCompile(`"on":"\d{4}-\d\d-\d\d"`).ReplaceAllString(got, `"on":"TODAY"`)
	want := `{"data":{"numberSeries":[` +
		`{"givenBy":null,"first":"F1007","last":"F1011","used":5,"perDay":null,"meets":null},` +
		`{"givenBy":{"name":"Netvisor, tuotanto"},"first":"F1001","last":"F1006","used":6,"perDay":null,` +
		`"meets":{"with":null,"number":"F1007","left":0,"on":"TODAY"}}]}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
