package netvisor

import (
	"context"
	"io"
	"time"
	_ "time/tzdata" // Helsinki's clock has to be known on machines without a zone database too.

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/finnish"
)

// Why a customer never comes in.
const (
	// KeyMissing is a row of a list without a usable key: there is nothing to read it by. Its ExternalID is empty.
	KeyMissing = "NETVISOR_KEY_MISSING"
)

const (
	cursorLayout = "2006-01-02T15:04:05"
	overlap      = 5 * time.Minute
)

// List implements connector.Lister with customerlist.nv, which answers in one piece however many there are. It lists
// customers that are inactive too; what is not in it is not thereby deleted (contract section 6.9).
//
// The cursor is wall-clock time in Helsinki. One that cannot be understood lists everything.
func (c *Connection) List(ctx context.Context, since string, yield func(connector.Row) error) (connector.ListResult, error) {
	query := ""
	if since != "" {
		if _, err := time.Parse(cursorLayout, since); err != nil {
			c.log.WarnContext(ctx, "cursor not understood, listing everything", "resource", "customerlist.nv")
		} else {
			query = "changedsince=" + since
		}
	}
	asked := c.now()
	var ours error // Of yield: what a database says there must not pass for an error of the wire.
	env, err := c.get(ctx, "customerlist.nv", query, func(r io.Reader) (api.Envelope, error) {
		return api.ReadList(r, func(row api.Row) error {
			if ours = ctx.Err(); ours == nil {
				ours = yield(toRow(row))
			}
			return ours
		})
	})
	if ours != nil {
		return connector.ListResult{}, ours
	}
	if err != nil {
		return connector.ListResult{}, err
	}
	return connector.ListResult{Cursor: nextCursor(env.TimeStamp, asked)}, nil
}

// toRow gives a row of the list. A customer whose number is an identity code is listed without one: what becomes of it is said when
// its card is read, with a finding.
func toRow(r api.Row) connector.Row {
	name, _ := finnish.MaskStored(record.OneLine(r.Name))
	row := connector.Row{ExternalID: key(r.NetvisorKey), Number: record.OneLine(r.Code), Name: name}
	if row.Number, row.Excluded = record.Number(row.Number); row.Excluded == record.IdentityCodeAsNumber {
		row.Excluded = ""
	}
	if row.ExternalID == "" && row.Excluded == "" {
		row.Excluded = KeyMissing
	}
	return row
}

var helsinki = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err) // The zone is compiled in.
	}
	return loc
}()

// nextCursor is where the next list starts: the server's time stamp of this one, less an overlap of five minutes
// (contract section 6.6). Our own clock stands in for a missing stamp, and for one that lies in the future, which would
// skip changes; more overlap does no harm.
//
// In the hour that the clocks show twice in autumn, a stamp does not say which of the two it means, and changes of the
// second pass carry earlier times than a cursor from the first. One hour more is taken off then.
func nextCursor(stamp string, asked time.Time) string {
	at, ok := api.Time(stamp, helsinki)
	if !ok || at.After(asked) {
		at = asked.In(helsinki)
	}
	at = firstOfTwo(at)
	back := overlap
	if twice(at) || twice(at.Add(-overlap)) {
		back += time.Hour
	}
	return firstOfTwo(at.Add(-back)).Format(cursorLayout)
}

// twice says whether clocks in Helsinki show this time on two moments.
func twice(t time.Time) bool { return sameWall(t, t.Add(time.Hour)) || sameWall(t, t.Add(-time.Hour)) }

// firstOfTwo is the earlier of the moments that show the same time.
func firstOfTwo(t time.Time) time.Time {
	if earlier := t.Add(-time.Hour); sameWall(t, earlier) {
		return earlier
	}
	return t
}

func sameWall(a, b time.Time) bool {
	return a.In(helsinki).Format(cursorLayout) == b.In(helsinki).Format(cursorLayout)
}
