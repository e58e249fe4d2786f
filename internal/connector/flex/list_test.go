package flex_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

func rows(t *testing.T, conn connector.Connection, since string) ([]connector.Row, string) {
	t.Helper()
	out, cursor, err := rowsOrError(t, conn, since)
	if err != nil {
		t.Fatal(err)
	}
	return out, cursor
}

func rowsOrError(t *testing.T, conn connector.Connection, since string) (out []connector.Row, cursor string, err error) {
	t.Helper()
	result, err := conn.(connector.Lister).List(t.Context(), since, func(r connector.Row) error { out = append(out, r); return nil })
	return out, result.Cursor, err
}

func ids(rows []connector.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.ExternalID)
	}
	return out
}

// numbered are the ids of so many customers from the nth on.
func numbered(from, count int) (out []string) {
	for i := range count {
		out = append(out, fmt.Sprint("fx_", 7001+from+i))
	}
	return out
}

func instant(t *testing.T, cursor string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, cursor)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestList(t *testing.T) {
	t.Parallel()
	t.Run("EverythingInPages", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		conn, rec := m.recorded(t)
		got, cursor := rows(t, conn, "")
		if !slices.Equal(ids(got), numbered(0, 450)) || cursor == "" {
			t.Errorf("%d rows, cursor %q", len(got), cursor)
		}
		for i, c := range m.Customers("") {
			if r := got[i]; r.Number != c.CustomerNumber || r.Name != c.Name || r.Excluded != "" {
				t.Errorf("%+v is listed as %+v", c, r)
			}
		}
		calls := rec.calls()
		if len(calls) != 3 {
			t.Errorf("calls %v", rec.names())
		}
		for i, c := range calls {
			q, _ := url.ParseQuery(c.query)
			if q.Get("limit") != "200" || q.Has("modifiedSince") || q.Has("cursor") != (i > 0) {
				t.Errorf("%s", c.query)
			}
		}
	})
	t.Run("WhilePeopleEdit", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		conn := m.open(t)
		var got []string
		_, err := conn.(connector.Lister).List(t.Context(), "", func(r connector.Row) error {
			got = append(got, r.ExternalID)
			if n := len(got); n%50 == 1 { // one that is behind, one that is ahead, and a new one
				c := m.Customers("")
				m.edited(t, c[n/2].ID, func(c *sandbox.Customer) { c.Name2 = sandbox.Text(fmt.Sprint("Muutettu ", n)) })
				m.edited(t, c[449-n/3].ID, func(c *sandbox.Customer) { c.Name2 = sandbox.Text(fmt.Sprint("Muutettu ", n)) })
				m.person(t, sandbox.Customer{Name: fmt.Sprintf("Uusi %d Oy", n)})
			}
			return nil
		})
		slices.Sort(got)
		if err != nil || len(slices.Compact(slices.Clone(got))) != len(got) || !slices.Equal(got[:450], numbered(0, 450)) {
			t.Errorf("%d rows, %v", len(got), err)
		}
	})
	t.Run("NothingAtAll", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 0)
		conn, rec := m.recorded(t)
		got, cursor := rows(t, conn, "")
		if got != nil || cursor == "" || len(rec.calls()) != 1 {
			t.Errorf("%+v, %q", got, cursor)
		}
		if again, next := rows(t, conn, cursor); again != nil || next != cursor {
			t.Errorf("%+v, %q became %q", again, cursor, next)
		}
	})
	t.Run("R64_FromACursorWhatChangedSince", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		conn, rec := m.recorded(t)
		_, cursor := rows(t, conn, "")
		if d := m.Now().Sub(instant(t, cursor)); d < 5*time.Minute || d > 6*time.Minute {
			t.Errorf("the list goes on %s ago", d)
		}
		rec.forget()
		if got, next := rows(t, conn, cursor); got != nil || next != cursor || len(rec.calls()) != 1 {
			t.Errorf("nothing changed: %+v, %q became %q", got, cursor, next)
		}
		if err := m.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		changed := m.edited(t, "fx_7100", func(c *sandbox.Customer) { c.Name = "Muutettu Oy" })
		got, next := rows(t, conn, cursor)
		if !slices.Equal(ids(got), []string{"fx_7100"}) || got[0].Name != "Muutettu Oy" || !instant(t, next).Equal(changed.UpdatedAt.Add(-5*time.Minute)) {
			t.Errorf("%+v, %q", got, next)
		}
		// What changed within the overlap is listed once more, and later no more.
		if again, same := rows(t, conn, next); !slices.Equal(ids(again), []string{"fx_7100"}) || same != next {
			t.Errorf("%+v, %q became %q", again, next, same)
		}
		if err := m.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		m.edited(t, "fx_7200", func(c *sandbox.Customer) { c.Name = "Muutettu Oy" })
		got, next = rows(t, conn, next)
		if !slices.Equal(ids(got), []string{"fx_7100", "fx_7200"}) {
			t.Errorf("%v", ids(got))
		}
		if got, _ := rows(t, conn, next); !slices.Equal(ids(got), []string{"fx_7200"}) {
			t.Errorf("%v", ids(got))
		}
	})
	t.Run("AListThatLagsIsCaughtUp", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 50)
		conn := m.open(t)
		_, cursor := rows(t, conn, "")
		if err := m.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		m.edited(t, "fx_7010", func(c *sandbox.Customer) { c.Name = "Ensimmäinen Oy" })
		if err := m.Advance(3 * time.Minute); err != nil {
			t.Fatal(err)
		}
		m.edited(t, "fx_7020", func(c *sandbox.Customer) { c.Name = "Toinen Oy" })
		m.fault(sandbox.Fault{Kind: sandbox.FaultLag, Delay: sandbox.Duration(2 * time.Minute), Times: 1})(t)
		got, next := rows(t, conn, cursor)
		if !slices.Equal(ids(got), []string{"fx_7010"}) {
			t.Errorf("%v", ids(got))
		}
		if got, _ := rows(t, conn, next); !slices.Contains(ids(got), "fx_7020") {
			t.Errorf("%v", ids(got))
		}
	})
	t.Run("AStampOfTheFutureSkipsNothing", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 3)
		if err := m.Advance(-time.Hour); err != nil {
			t.Fatal(err)
		}
		_, cursor := rows(t, m.open(t), "")
		if err := m.Advance(2 * time.Hour); err != nil { // Flex's clock is an hour ahead of the hub's
			t.Fatal(err)
		}
		m.edited(t, "fx_7001", func(c *sandbox.Customer) { c.Name = "Muutettu Oy" })
		behind, err := flex.Kind().Open(connector.Config{
			Settings: m.settings(), Credentials: map[string]string{flex.APIKey: m.Key("")}, Now: func() time.Time { return m.Now().Add(-time.Hour) },
		})
		if err != nil {
			t.Fatal(err)
		}
		got, next := rows(t, behind, cursor)
		if !slices.Equal(ids(got), []string{"fx_7001"}) || instant(t, next).After(m.Now().Add(-time.Hour)) {
			t.Errorf("%v, %q", ids(got), next)
		}
	})
	t.Run("APlaceThatIsNone", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 3)
		conn, rec := m.recorded(t)
		if got, cursor, err := rowsOrError(t, conn, "yesterday"); !fault.Is(err, fault.Internal) || got != nil || cursor != "" || len(rec.calls()) > 0 {
			t.Errorf("%+v, %q, %v", got, cursor, err)
		}
	})
	t.Run("TheReadersErrorComesBackAsItIs", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		conn, rec := m.recorded(t)
		stop, n := fault.New(fault.Unavailable, "The database says so."), 0
		result, err := conn.(connector.Lister).List(t.Context(), "", func(connector.Row) error {
			if n++; n == 3 {
				return stop
			}
			return nil
		})
		if err != error(stop) || result.Cursor != "" || n != 3 || len(rec.calls()) != 1 { //nolint:errorlint // as it is
			t.Errorf("%v, %+v after %d rows", err, result, n)
		}
	})
}

// TestListsThatCannotBeBelieved breaks the second page of a list, or an entry of it (Promise 6).
func TestListsThatCannotBeBelieved(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]sandbox.Fault{
		"CutOff":             {Kind: sandbox.FaultTruncate, Fraction: 0.7},
		"CutOffWithoutASign": {Kind: sandbox.FaultTruncate, Fraction: 0.7, CleanEnd: true},
		"LostOnTheWay":       {Kind: sandbox.FaultLostAnswer},
		"NeverArrived":       {Kind: sandbox.FaultLostRequest},
		"AWebPage":           {Kind: sandbox.FaultStatus},
		"ALoginPage":         {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLoginPage},
		"Null":               {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageNull},
		"NothingAtAll":       {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageEmpty},
		"Deep":               {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageDeep},
		"Twice":              {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageDoubledAnswer},
		"NUL":                {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageNUL},
		"Latin":              {Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageLatin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 450)
			conn := m.open(t)
			f.Path, f.From, f.Times = "/customers", 2, 1
			m.fault(f)(t)
			got, cursor, err := rowsOrError(t, conn, "")
			if !fault.Is(err, fault.Unavailable) || cursor != "" || !slices.Equal(ids(got), numbered(0, 200)) {
				t.Errorf("%d rows, %q, %v", len(got), cursor, err)
			}
			if got, _ := rows(t, conn, ""); len(got) != 450 {
				t.Errorf("then %d rows", len(got))
			}
		})
	}
	t.Run("AShorterListIsNoSign", func(t *testing.T) { // of what it lacks: the hub knows that
		t.Parallel()
		m := stand(t, 450)
		m.fault(sandbox.Fault{Kind: sandbox.FaultFewer, Fraction: 0.5, From: 2, Times: 1})(t)
		conn := m.open(t)
		if got, _ := rows(t, conn, ""); len(got) != 300 {
			t.Errorf("%d rows", len(got))
		}
		if r := read(t, conn, "fx_7450"); r.ExternalID != "fx_7450" {
			t.Errorf("%+v", r)
		}
	})
	for name, tc := range map[string]struct {
		variant string
		first   connector.Row
		rows    int
	}{
		"WithoutAnID":    {sandbox.GarbageMissingID, connector.Row{Excluded: flex.KeyMissing}, 5},
		"TheFirstTwice":  {sandbox.GarbageDoubled, connector.Row{ExternalID: "fx_7001"}, 5},
		"UnknownFields":  {sandbox.GarbageUnknownField, connector.Row{ExternalID: "fx_7001"}, 5},
		"Numbers":        {sandbox.GarbageNumbers, connector.Row{ExternalID: "fx_7001"}, 5},
		"BareOnes":       {sandbox.GarbageBare, connector.Row{ExternalID: "fx_7001"}, 5},
		"AByteOrderMark": {sandbox.GarbageByteOrderMark, connector.Row{ExternalID: "fx_7001"}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 5)
			m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: tc.variant, Path: "/customers", Times: 1})(t)
			got, cursor := rows(t, m.open(t), "")
			if len(got) != tc.rows || got[0].ExternalID != tc.first.ExternalID || got[0].Excluded != tc.first.Excluded || cursor == "" {
				t.Errorf("%+v", got)
			}
			if !slices.Equal(ids(got)[1:], numbered(1, 4)) {
				t.Errorf("the others: %v", ids(got))
			}
		})
	}
	t.Run("PagesThatComeToNoEnd", func(t *testing.T) {
		t.Parallel()
		n := 0
		conn := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			n++
			_, _ = w.Write([]byte(`{"items":[{"id":"fx_1","customerNumber":"1","name":"A"}],"nextCursor":"same"}`))
		}, nil)
		got, cursor, err := rowsOrError(t, conn, "")
		if !fault.Is(err, fault.Unavailable) || cursor != "" || len(got) != 1 || n != 2 {
			t.Errorf("%+v, %q, %v after %d calls", got, cursor, err, n)
		}
	})
	t.Run("AnEntryThatIsNoCustomer", func(t *testing.T) {
		t.Parallel()
		conn := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"items":[{"id":"fx_1","customerNumber":"1"},["canary-remark"]],"nextCursor":null}`))
		}, nil)
		if _, cursor, err := rowsOrError(t, conn, ""); !fault.Is(err, fault.Unavailable) || cursor != "" || strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), "canary") {
			t.Errorf("%q, %v", cursor, err)
		}
	})
	t.Run("RowsThatNeverComeIn", func(t *testing.T) {
		t.Parallel()
		conn := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"items":[{"id":"fx_1","customerNumber":"TEMP","name":"A"},{"id":"fx_2","customerNumber":"010190-900P","name":"010190-900P Oy"},
				{"id":"010190-900P","customerNumber":"3"},{"id":"../x","customerNumber":"4"},{"id":7,"customerNumber":5,"updatedAt":"soon"}],"nextCursor":null}`))
		}, nil)
		got, _ := rows(t, conn, "")
		want := []connector.Row{
			{ExternalID: "fx_1", Number: "TEMP", Name: "A", Excluded: "TEMP"}, {ExternalID: "fx_2", Name: "******-**** Oy", Excluded: "IDENTITY_CODE_AS_NUMBER"},
			{Number: "3", Excluded: flex.KeyMissing}, {Number: "4", Excluded: flex.KeyMissing}, {ExternalID: "7", Number: "5"},
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v", got)
		}
	})
}
