package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// FindingList asks for a part of the list of findings, newest first. A zero member restricts nothing.
type FindingList struct {
	Codes    []finding.Code // nil restricts nothing, an empty list matches nothing
	System   system.ID
	Customer customer.ID
	// Resolved keeps those that are resolved, or those that stand; nil keeps both.
	Resolved    *bool
	RaisedSince time.Time
	// From is the finding after which to begin, in reading direction; empty begins at the end that is read first.
	From      FindingPlace
	Backwards bool
	Limit     int
	Total     bool
}

// FindingPlace is where a finding stands in the list.
type FindingPlace struct {
	RaisedAt time.Time
	ID       finding.ID
}

// FindingRows are findings in list order.
type FindingRows struct {
	Findings []finding.Finding
	More     bool
	Total    int
}

// ListFindings reads a part of the list of findings in one round trip.
func ListFindings(ctx context.Context, db pg.DB, q FindingList) (FindingRows, error) {
	where, args := q.where()
	var rows []findingRow
	var out FindingRows
	count, counted := where, args
	operator, order := "<", "f.raised_at DESC, f.id DESC"
	if q.Backwards {
		operator, order = ">", "f.raised_at, f.id"
	}
	args = maps.Clone(args)
	if q.From.ID != "" {
		where += " AND (f.raised_at, f.id) " + operator + " (@from_time, @from_id::uuid)"
		args["from_time"], args["from_id"] = q.From.RaisedAt, string(q.From.ID)
	}
	args["limit"] = q.Limit + 1
	err := Trip(ctx, db, func(b *pgx.Batch) {
		collect(b, &rows, `SELECT `+findingColumns+` FROM finding f WHERE `+where+` ORDER BY `+order+` LIMIT @limit`, args)
		if q.Total {
			b.Queue(`SELECT count(*) FROM finding f WHERE `+count, counted).QueryRow(func(row pgx.Row) error { return row.Scan(&out.Total) })
		}
	})
	if err != nil {
		return FindingRows{}, err
	}
	if out.More = len(rows) > q.Limit; out.More {
		rows = rows[:q.Limit]
	}
	if q.Backwards {
		slices.Reverse(rows)
	}
	out.Findings = make([]finding.Finding, len(rows))
	for i, r := range rows {
		out.Findings[i] = r.noun()
	}
	return out, nil
}

func (q *FindingList) where() (string, pgx.StrictNamedArgs) {
	conditions, args := []string{"true"}, pgx.StrictNamedArgs{}
	restrict := func(condition, name string, value any) {
		conditions = append(conditions, condition)
		args[name] = value
	}
	if q.Codes != nil {
		restrict("f.code = ANY (@codes)", "codes", texts(q.Codes))
	}
	if q.System != "" {
		restrict("f.system_id = @system", "system", string(q.System))
	}
	if q.Customer != "" {
		restrict("f.customer_id = @customer", "customer", string(q.Customer))
	}
	if !q.RaisedSince.IsZero() {
		restrict("f.raised_at >= @since", "since", q.RaisedSince)
	}
	switch {
	case q.Resolved == nil:
	case *q.Resolved:
		conditions = append(conditions, "f.resolved_at IS NOT NULL")
	default:
		conditions = append(conditions, "f.resolved_at IS NULL")
	}
	return strings.Join(conditions, " AND "), args
}
