package netvisor

import (
	"net/http"
	"testing"
	"time"

	"customerhub/internal/connector"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	late := at("2030-01-01T00:00:00Z")
	for name, c := range map[string]struct {
		stamp string
		asked time.Time
		want  string
	}{
		"FiveMinutesBeforeTheStamp":       {"5.6.2026 16:12:09", late, "2026-06-05T16:07:09"},
		"PaddedStamp":                     {"05.06.2026 06:02:09", late, "2026-06-05T05:57:09"},
		"AcrossMidnight":                  {"1.1.2027 0:02:00", late, "2026-12-31T23:57:00"},
		"WithoutStampOurClockInHelsinki":  {"", at("2026-06-05T13:12:09Z"), "2026-06-05T16:07:09"},
		"OurClockInWinter":                {"", at("2026-01-15T10:30:00Z"), "2026-01-15T12:25:00"},
		"UnreadableStamp":                 {"yesterday", at("2026-01-15T10:30:00Z"), "2026-01-15T12:25:00"},
		"T14_AStampInTheFutureIsNotTaken": {"5.6.2099 16:12:09", at("2026-06-05T13:12:09Z"), "2026-06-05T16:07:09"},
		// Clocks go from 04:00 back to 03:00 on 25 October 2026.
		"T36_AutumnJustBefore":          {"25.10.2026 02:59:00", late, "2026-10-25T02:54:00"},
		"T36_AutumnFirstOrSecondPass":   {"25.10.2026 03:50:00", late, "2026-10-25T02:45:00"},
		"T36_AutumnBeginningOfTheHour":  {"25.10.2026 03:00:00", late, "2026-10-25T01:55:00"},
		"T36_AutumnOverlapReachesIn":    {"25.10.2026 04:02:00", late, "2026-10-25T03:57:00"},
		"T36_AutumnJustAfter":           {"25.10.2026 04:06:00", late, "2026-10-25T04:01:00"},
		"T36_AutumnOurClockFirstPass":   {"", at("2026-10-25T00:30:00Z"), "2026-10-25T02:25:00"},
		"T36_AutumnOurClockSecondPass":  {"", at("2026-10-25T01:30:00Z"), "2026-10-25T02:25:00"},
		"T36_SpringSkipsTheMissingHour": {"29.3.2026 04:02:00", late, "2026-03-29T02:57:00"},
		"T36_SpringJustBefore":          {"29.3.2026 02:59:00", late, "2026-03-29T02:54:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := nextCursor(c.stamp, c.asked); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	t.Run("T36_ACursorNeverPassesItsStamp", func(t *testing.T) {
		t.Parallel()
		// Every minute around both changes of the clock: whatever moment a server means by the cursor, changes of the last
		// five minutes are after it.
		for _, start := range []time.Time{at("2026-10-24T22:00:00Z"), at("2026-03-28T23:00:00Z")} {
			for m := range 6 * 60 {
				moment := start.Add(time.Duration(m) * time.Minute)
				cursor := nextCursor(moment.In(helsinki).Format("2.1.2006 15:04:05"), late)
				if change := moment.Add(-overlap + time.Second).In(helsinki).Format(cursorLayout); change < cursor {
					t.Fatalf("listed at %s: a change at %s is not after %s", moment.In(helsinki), change, cursor)
				}
			}
		}
	})
}

func TestListAsksForWhatChanged(t *testing.T) {
	t.Parallel()
	for since, want := range map[string]string{
		"":                    "/customerlist.nv",
		"2026-01-15T00:00:00": "/customerlist.nv?changedsince=2026-01-15T00:00:00",
		"cursor of another":   "/customerlist.nv",
		"1 & 2":               "/customerlist.nv",
	} {
		b := body(t, 200, reply("<Customerlist/>"))
		rows, result, err := b.rows(t.Context(), since)
		if err != nil || len(rows) != 0 || result.Cursor != "2026-06-05T16:07:09" {
			t.Errorf("%q: %d rows, cursor %q, %v", since, len(rows), result.Cursor, err)
		}
		if got := b.calls()[0].RequestURI; got != want {
			t.Errorf("%q: asked %s", since, got)
		}
	}
}

func TestRowsComeWhileTheReplyIsUnderWay(t *testing.T) {
	t.Parallel()
	first, rest := make(chan struct{}), reply("<Customerlist>"+listRow(1)+listRow(2)+"</Customerlist>")
	// More than the reader looks ahead.
	padding := make([]byte, 70<<10)
	for i := range padding {
		padding[i] = ' '
	}
	half := len(reply("")) - len("</Root>\r\n") + len("<Customerlist>"+listRow(1))
	b := answering(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(append([]byte(rest[:half]), padding...))
		w.(http.Flusher).Flush()
		select {
		case <-first:
		case <-r.Context().Done():
		}
		_, _ = w.Write([]byte(rest[half:]))
	})
	n := 0
	_, err := b.List(t.Context(), "", func(connector.Row) error {
		if n++; n == 1 {
			close(first)
		}
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("%d rows, %v", n, err)
	}
}
