package netvisor

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want fault.Code
	}{
		"Wrapped":                           {reply("<Customers>" + card("7", "A") + "</Customers>"), ""},
		"Unwrapped":                         {reply(card("7", "A")), ""},
		"WithoutAKeyItIsTheOneAskedFor":     {reply(card("", "A")), ""},
		"OthersBesideItAreIgnored":          {reply("<Customers>" + card("8", "B") + card("7", "A") + "</Customers>"), ""},
		"InvalidDataIsNotFound":             {failed("INVALID_DATA :: Data form incorrect:. Customer not found with Netvisor identifier: 7"), fault.NotFound},
		"SomebodyElsesCardIsNoAnswer":       {reply(card("8", "B")), fault.Unavailable},
		"NoCardIsNoEvidenceThatItIsGone":    {reply(""), fault.Unavailable},
		"EmptyCustomersIsNoEvidenceEither":  {reply("<Customers/>"), fault.Unavailable},
		"AServiceThatRefusesIsNotAnAbsence": {failed("SERVICE_ACCESS_ERROR :: no"), fault.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := body(t, 200, c.text)
			r, err := b.Read(t.Context(), "7")
			if fault.CodeOf(err) != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if err == nil && (r.ExternalID != "7" || r.Fields[customer.FieldName] != "A") {
				t.Errorf("record %+v", r)
			}
			if got := b.calls()[0].RequestURI; got != "/getcustomer.nv?id=7&replyoption=4" {
				t.Errorf("asked %s", got)
			}
		})
	}
	t.Run("AnIDThatIsNoKeyIsNotSent", func(t *testing.T) {
		t.Parallel()
		b := body(t, 200, reply(card("7", "A")))
		for _, id := range []string{"", "0", "-7", "7,8", "7&id=8", "seven", strings.Repeat("7", 30)} {
			if _, err := b.Read(t.Context(), id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
		if n := len(b.calls()); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// register answers like a Netvisor with the customers given, in the way that a test wants.
func register(t *testing.T, answer func(ids []string, single bool) string) *bench {
	return answering(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if id := q.Get("id"); id != "" {
			_, _ = io.WriteString(w, answer([]string{id}, true))
			return
		}
		_, _ = io.WriteString(w, answer(strings.Split(q.Get("idlist"), ","), false))
	})
}

func TestReadBatch(t *testing.T) {
	t.Parallel()
	keys := func(records []connector.Record) (out []string) {
		for _, r := range records {
			out = append(out, r.ExternalID)
		}
		slices.Sort(out)
		return out
	}
	ids := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprint(1000+i))
		}
		return out
	}

	t.Run("OneCallForFifty", func(t *testing.T) {
		t.Parallel()
		b := register(t, func(ids []string, _ bool) string {
			var all strings.Builder
			for _, id := range ids {
				all.WriteString(card(id, "Nimi "+id))
			}
			return reply("<Customers>" + all.String() + "</Customers>")
		})
		got, err := b.ReadBatch(t.Context(), ids(50))
		if err != nil || len(got) != 50 || len(b.calls()) != 1 {
			t.Fatalf("%d records in %d calls, %v", len(got), len(b.calls()), err)
		}
		if uri := b.calls()[0].RequestURI; !strings.HasPrefix(uri, "/getcustomer.nv?idlist=1000,1001,") {
			t.Errorf("asked %s", uri)
		}
	})
	t.Run("AnUnknownKeyThatIsLeftOutIsMissing", func(t *testing.T) {
		t.Parallel()
		b := register(t, func([]string, bool) string { return reply("<Customers>" + card("2", "B") + "</Customers>") })
		if got, err := b.ReadBatch(t.Context(), []string{"1", "2", "3"}); err != nil || !slices.Equal(keys(got), []string{"2"}) {
			t.Errorf("%v, %v", keys(got), err)
		}
	})
	t.Run("AnUnknownKeyThatSpoilsTheListIsFound", func(t *testing.T) {
		t.Parallel()
		b := register(t, func(ids []string, _ bool) string {
			if slices.Contains(ids, "1037") {
				return failed("INVALID_DATA :: Customer not found")
			}
			var all strings.Builder
			for _, id := range ids {
				all.WriteString(card(id, "x"))
			}
			return reply("<Customers>" + all.String() + "</Customers>")
		})
		got, err := b.ReadBatch(t.Context(), ids(50))
		if err != nil || len(got) != 49 || slices.Contains(keys(got), "1037") {
			t.Fatalf("%d records, %v", len(got), err)
		}
		if n := len(b.calls()); n > 15 {
			t.Errorf("%d calls", n)
		}
	})
	t.Run("AFaultWhileHalvingIsTheAnswer", func(t *testing.T) {
		t.Parallel()
		b := register(t, func(ids []string, _ bool) string {
			if len(ids) > 2 {
				return failed("INVALID_DATA :: Customer not found")
			}
			if slices.Contains(ids, "3") {
				return failed("TECHNICAL_ERROR :: later")
			}
			return reply("<Customers>" + card("1", "x") + card("2", "x") + "</Customers>")
		})
		if got, err := b.ReadBatch(t.Context(), []string{"1", "2", "3", "4"}); !fault.Is(err, fault.Unavailable) || got != nil {
			t.Errorf("%v, %v", keys(got), err)
		}
	})
	t.Run("T14_CardsWithoutKeysAreReadOneByOne", func(t *testing.T) {
		t.Parallel()
		b := register(t, func(ids []string, single bool) string {
			switch {
			case !single:
				return reply("<Customers>" + card("1", "Yksi") + card("", "Kuka?") + card("", "Kuka?") + "</Customers>")
			case ids[0] == "2":
				return reply(card("", "Kaksi"))
			}
			return failed("INVALID_DATA :: Customer not found")
		})
		got, err := b.ReadBatch(t.Context(), []string{"1", "2", "3"})
		if err != nil || !slices.Equal(keys(got), []string{"1", "2"}) || got[1].Fields[customer.FieldName] != "Kaksi" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("T14_TwoCardsWithOneKey", func(t *testing.T) {
		t.Parallel()
		b := register(t, func(ids []string, single bool) string {
			if single {
				return reply(card("1", "Alone"))
			}
			return reply("<Customers>" + card("1", "One") + card("2", "Same") + card("1", "Other") + card("2", "Same") + "</Customers>")
		})
		got, err := b.ReadBatch(t.Context(), []string{"1", "2"})
		if err != nil || len(got) != 2 || got[0].Fields[customer.FieldName] != "Alone" || len(b.calls()) != 2 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("T12_AReplyThatIsTooLargeForABatchIsAskedForInHalves", func(t *testing.T) {
		t.Parallel()
		heavy := "<Comment>" + strings.Repeat("x", 1<<20-1) + "</Comment>"
		var asked []int
		b := register(t, func(ids []string, _ bool) string {
			asked = append(asked, len(ids))
			var all strings.Builder
			for _, id := range ids {
				all.WriteString(strings.Replace(card(id, "A"), "<CustomerAdditionalInformation/>", "<CustomerAdditionalInformation>"+heavy+"</CustomerAdditionalInformation>", 1))
			}
			return reply("<Customers>" + all.String() + "</Customers>")
		})
		got, err := b.ReadBatch(t.Context(), ids(20))
		if err != nil || len(got) != 20 {
			t.Fatalf("%d records, %v", len(got), err)
		}
		if !slices.Equal(asked, []int{20, 10, 5, 5, 10, 5, 5}) {
			t.Errorf("asked for %v at a time", asked)
		}
	})
	t.Run("T14_WhatNobodyAskedForIsLeftOut", func(t *testing.T) {
		t.Parallel()
		b := register(t, func([]string, bool) string {
			return reply("<Customers>" + card("1", "A") + card("99", "B") + card("2", "C") + "</Customers>")
		})
		if got, err := b.ReadBatch(t.Context(), []string{"1", "2"}); err != nil || !slices.Equal(keys(got), []string{"1", "2"}) {
			t.Errorf("%v, %v", keys(got), err)
		}
		if log := b.log.String(); !strings.Contains(log, "unasked=1") {
			t.Errorf("the log says\n%s", log)
		}
	})
	t.Run("T14_TheUnknownElementIsNamed", func(t *testing.T) {
		t.Parallel()
		odd := strings.Replace(card("1", "A"), "<Name>", "<Surprise><Inside/></Surprise><Name>", 1)
		b := register(t, func([]string, bool) string { return reply("<Customers>" + odd + card("2", "B") + "</Customers>") })
		got, err := b.ReadBatch(t.Context(), []string{"1", "2"})
		if err != nil || len(got) != 2 || got[0].Fields[customer.FieldName] != "A" || len(got[1].Findings) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		if f := got[0].Findings; len(f) != 1 || f[0].Code != finding.UnknownElement || !strings.Contains(f[0].Message, "CustomerBaseInformation/Surprise") {
			t.Errorf("findings %+v", f)
		}
	})
	t.Run("T14_OneBeyondBoundsSpoilsOnlyTheCall", func(t *testing.T) {
		t.Parallel()
		fat := strings.Replace(card("1", "A"), "<Name>", strings.Repeat("<CustomerOfficeDetails/>", 60_000)+"<Name>", 1)
		b := register(t, func([]string, bool) string { return reply(fat) })
		if _, err := b.Read(t.Context(), "1"); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("KeysThatCannotBeAreNotSent", func(t *testing.T) {
		t.Parallel()
		b := register(t, func([]string, bool) string {
			return reply("<Customers>" + card("1", "A") + card("2", "B") + "</Customers>")
		})
		got, err := b.ReadBatch(t.Context(), []string{"1", "2", "1", "x", "3,4", ""})
		if err != nil || len(got) != 2 || b.calls()[0].RequestURI != "/getcustomer.nv?idlist=1,2&replyoption=4" {
			t.Errorf("%v, %v", keys(got), err)
		}
		if got, err := b.ReadBatch(t.Context(), []string{"x"}); err != nil || got != nil || len(b.calls()) != 1 {
			t.Errorf("%v, %v", got, err)
		}
	})
}
