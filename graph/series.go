package graph

import (
	"context"
	"math"
	"slices"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	numbers "customerhub/internal/series"
)

// NumberSeries resolves Query.numberSeries.
func (r queries) NumberSeries(ctx context.Context) ([]*model.NumberSeries, error) {
	now, err := r.hub.NumberSeries(ctx, auth.ViewerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return list(each(now.Series, func(s numbers.Series) *model.NumberSeries {
		out := &model.NumberSeries{First: s.Number(s.First), Last: s.Number(s.Last), Used: s.Count, GiverID: s.Giver}
		if pace := s.PerDay(now.AsOf); pace > 0 {
			out.PerDay = &pace
		}
		if i := slices.IndexFunc(now.Meetings, func(m numbers.Meeting) bool { return m.Series == s }); i >= 0 {
			out.Meets = toMeeting(now.Meetings[i])
		}
		return out
	})), nil
}

func toMeeting(m numbers.Meeting) *model.NumberSeriesMeeting {
	out := &model.NumberSeriesMeeting{Number: m.Series.Number(m.At), Left: int(min(m.Left, math.MaxInt32)), WithID: m.With}
	if !m.On.IsZero() {
		out.On = new(m.On.Format("2006-01-02"))
	}
	return out
}

// GivenBy resolves NumberSeries.givenBy.
func (r series) GivenBy(ctx context.Context, s *model.NumberSeries) (*model.System, error) {
	if s.GiverID == "" {
		return nil, nil
	}
	return loadSystem(ctx, s.GiverID)
}

// With resolves NumberSeriesMeeting.with.
func (r meetings) With(ctx context.Context, m *model.NumberSeriesMeeting) (*model.System, error) {
	if m.WithID == "" {
		return nil, nil
	}
	return loadSystem(ctx, m.WithID)
}
