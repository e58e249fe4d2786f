package hub

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/finding"
	"customerhub/internal/pg"
	"customerhub/internal/series"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// watchedSeries is how far back the paces of number series are taken from, and how long a person's word about one holds.
const watchedSeries = 90 * 24 * time.Hour

// NumberSeries are the number series of an organisation, each with what it meets.
type NumberSeries struct {
	Series []series.Series
	// Meetings are of some of the series, in their order.
	Meetings []series.Meeting
	// AsOf is when they were counted.
	AsOf time.Time
	// Told are the meetings that are near, in words.
	Told []string
}

// NumberSeries counts the number series among the customers' numbers (R91). Needs systems:read.
func (h *Hub) NumberSeries(ctx context.Context, v auth.Viewer) (out NumberSeries, err error) {
	if err := v.Require(auth.SystemsRead); err != nil {
		return out, err
	}
	err = pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) (err error) {
		out, err = numberSeries(ctx, tx)
		if err != nil {
			return err
		}
		systems, err := store.ListSystems(ctx, tx)
		out.Told = tell(out, namesOf(systems))
		return err
	})
	return out, err
}

// tell puts the meetings that are near into words.
func tell(found NumberSeries, names map[system.ID]string) (out []string) {
	for _, m := range found.Meetings {
		if m.Told(found.AsOf) {
			out = append(out, meetingMessage(m, names, found.AsOf))
		}
	}
	return out
}

func numberSeries(ctx context.Context, tx pgx.Tx) (out NumberSeries, err error) {
	if out.AsOf, err = store.Now(ctx, tx); err != nil {
		return out, err
	}
	if out.Series, err = store.ListSeries(ctx, tx, out.AsOf.Add(-watchedSeries)); err != nil {
		return out, err
	}
	systems, err := store.ListSystems(ctx, tx)
	for _, s := range systems {
		for _, told := range s.Series {
			out.Series = series.Told(out.Series, s.ID, told)
		}
	}
	out.Meetings = series.Meetings(out.Series, out.AsOf)
	return out, err
}

// namesOf names who gives numbers.
func namesOf(systems []system.System) map[system.ID]string {
	names := map[system.ID]string{"": "the hub"}
	for _, s := range systems {
		names[s.ID] = s.Name
	}
	return names
}

// WatchNumbers raises a finding about each system whose number series comes near that of another, and ends those that are true no more
// (R91, R92). One that a person settled is not raised again for a while.
func (h *Hub) WatchNumbers(ctx context.Context, c store.Claim) error {
	var noted []store.NotedFinding
	err := h.in(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		now, err := numberSeries(ctx, tx)
		if err != nil {
			return err
		}
		systems, err := store.ListSystems(ctx, tx)
		if err != nil {
			return err
		}
		names := namesOf(systems)
		told := map[system.ID]finding.Finding{}
		for _, m := range now.Meetings {
			about := m.Series.Giver
			if about == "" {
				about = m.With
			}
			_, twice := told[about]
			if twice || !m.Told(now.AsOf) {
				continue
			}
			told[about] = finding.Finding{Code: finding.NumberSeriesMeet, Message: meetingMessage(m, names, now.AsOf)}
		}
		settled, err := store.ListSettledSince(ctx, tx, finding.NumberSeriesMeet, now.AsOf.Add(-watchedSeries))
		if err != nil {
			return err
		}
		var near []system.ID
		for id := range told {
			near = append(near, id)
		}
		if noted, err = store.EndFindings(ctx, tx, finding.NumberSeriesMeet, near); err != nil {
			return err
		}
		for id, f := range told {
			if slices.Contains(settled, id) {
				continue
			}
			raised, err := store.RaiseFindings(ctx, tx, id, []finding.Finding{f})
			if err != nil {
				return err
			}
			noted = append(noted, raised...)
		}
		return logFindings(ctx, tx, noted, byHub, nil)
	})
	if err == nil && len(noted) > 0 {
		h.o.Wake(TopicChanges, c.Organisation)
	}
	return err
}

// meetingMessage tells of a meeting as it was foreseen on a day.
func meetingMessage(m series.Meeting, names map[system.ID]string, now time.Time) string {
	at := m.Series.Number(m.At)
	if m.Left == 0 {
		return fmt.Sprintf("The customer numbers of %s and of %s lie in one another: either may give %s next.", names[m.Series.Giver], names[m.With], at)
	}
	message := fmt.Sprintf("The customer numbers of %s come to those of %s at %s, %d numbers ahead", names[m.Series.Giver], names[m.With], at, m.Left)
	if m.On.IsZero() {
		return message + "."
	}
	return message + fmt.Sprintf(": at %.1f a day, on %s.", m.Series.PerDay(now), m.On.Format(time.DateOnly))
}

// SeriesOverlap is the remark that a system's number series comes near another giver's numbers (Flex contract section 3.1).
const SeriesOverlap = "FLEX_SERIES_OVERLAP"

// remarkSeries adds to the checks of a system what its number series come near (R91). It keeps nothing from starting: nobody has met yet.
func remarkSeries(ctx context.Context, tx pgx.Tx, s system.System) error {
	found, err := numberSeries(ctx, tx)
	if err != nil {
		return err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return err
	}
	found.Meetings = slices.DeleteFunc(found.Meetings, func(m series.Meeting) bool { return m.Series.Giver != s.ID && m.With != s.ID })
	check := system.Check{Name: "series of others", OK: true}
	if told := tell(found, namesOf(systems)); len(told) > 0 {
		check.Message = SeriesOverlap + ": " + strings.Join(told, " ")
		check.Fix = "Somebody in charge gives one of the series numbers that are far from the other's, before two customers get the same number (R91)."
	}
	s.Checks = append(slices.Clip(s.Checks), check)
	return store.UpdateSystem(ctx, tx, s)
}
