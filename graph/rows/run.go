package rows

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/pg"
	"customerhub/internal/system"
)

// run is the answer to one root field on its way.
type run struct {
	plan        *plan
	viewer      auth.Viewer
	source      Computed
	today       string
	variables   map[string]any
	definitions map[string]*customer.CustomField
	sets        []fetched // by node
	filters     map[*rowsMember]func([]value) bool
	scratch     [8]value
	computed    map[*computedMember]func(id string) any
	systems     map[system.ID]*model.System
	err         error
}

// fetched are the rows of a node, and which of them hang on which value.
type fetched struct {
	rowset
	groups map[key]span
}

// span are rows from one up to another.
type span struct{ from, to int }

func (r *Reader) newRun(p *plan, v auth.Viewer, variables map[string]any) *run {
	return &run{plan: p, viewer: v, source: r.computed, today: r.today(), variables: variables, sets: make([]fetched, len(p.nodes))}
}

// fail notes that something stored could not be read. The answer is thrown away then.
func (x *run) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// follow reads what hangs on the rows of the root, level by level: all relations of a level in one round trip.
func (x *run) follow(ctx context.Context, tx pgx.Tx) error {
	level := []*node{x.plan.nodes[0]}
	definitions := x.plan.definitions && x.sets[0].len() > 0
	for len(level) > 0 {
		var batch pgx.Batch
		var next []*node
		for _, n := range level {
			keys := make(map[int][]pgtype.UUID, 1)
			for _, c := range n.children {
				ids, ok := keys[c.parent]
				if !ok {
					ids = x.sets[n.at].keys(c.parent)
					keys[c.parent] = ids
				}
				if len(ids) == 0 {
					continue
				}
				next = append(next, c.node)
				set := &x.sets[c.at]
				batch.Queue(c.sql, ids).Query(func(rows pgx.Rows) error {
					err := set.read(rows)
					set.group()
					return err
				})
			}
		}
		if definitions {
			definitions = false
			batch.Queue(sqlDefinitions).Query(func(rows pgx.Rows) error {
				var s rowset
				if err := s.read(rows); err != nil {
					return err
				}
				return x.readDefinitions(&s)
			})
		}
		if batch.Len() == 0 {
			return nil
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return pg.Fault(err, "data")
		}
		level = next
	}
	return nil
}

// keys are the different values of a column that is a UUID.
func (s *rowset) keys(column int) []pgtype.UUID {
	n := s.len()
	out := make([]pgtype.UUID, 0, n)
	seen := make(map[key]struct{}, n)
	for i := range n {
		v := s.at(i, column)
		if v == nil {
			continue
		}
		k := v.key()
		if _, ok := seen[k]; !ok {
			seen[k] = struct{}{}
			out = append(out, pgtype.UUID{Bytes: k, Valid: true})
		}
	}
	return out
}

// group finds the rows of each key, which stand together.
func (s *fetched) group() {
	n := s.len()
	s.groups = make(map[key]span, n)
	for from := 0; from < n; {
		k := s.at(from, 0).key()
		to := from + 1
		for to < n && s.at(to, 0).key() == k {
			to++
		}
		s.groups[k] = span{from, to}
		from = to
	}
}

// values are the columns of a row that a field needs. They hold until the next call.
func (x *run) values(s *fetched, row int, at []int) []value {
	out := x.scratch[:0]
	for _, column := range at {
		if row < 0 {
			out = append(out, nil)
			continue
		}
		out = append(out, s.at(row, column))
	}
	return out
}

// unknown stands for a row that does not exist, where the object is written with all its values unknown.
const unknown = -1

// object writes a selection of a row.
func (x *run) object(out []byte, sel *selection, s *fetched, row int) []byte {
	out = append(out, '{')
	for i := range sel.members {
		if i > 0 {
			out = append(out, ',')
		}
		m := &sel.members[i]
		out = append(out, m.name...)
		out = x.member(out, m, s, row)
	}
	return append(out, '}')
}

func (x *run) member(out []byte, m *member, s *fetched, row int) []byte {
	switch {
	case m.typename != nil:
		return append(out, m.typename...)
	case m.field.write != nil:
		return m.field.write(x, out, x.values(s, row, m.at))
	case m.field.embed != nil:
		if m.field.present != nil && !m.field.present(x.values(s, row, m.at)) {
			return appendNull(out)
		}
		return x.object(out, m.of, s, row)
	case m.computed != nil:
		return x.computedValue(out, m.computed, s, row)
	case m.shape != nil:
		return x.things(out, m.shape, m.field.shape.list(x, x.values(s, row, m.at)))
	}
	return x.rows(out, m, s, row)
}

// rows writes what a relation leads to.
func (x *run) rows(out []byte, m *member, s *fetched, row int) []byte {
	r := m.rows
	to := &x.sets[r.child.at]
	group := span{}
	if v := s.at(row, r.child.parent); v != nil {
		group = to.groups[v.key()]
	}
	if r.one {
		switch {
		case group.from < group.to:
			return x.object(out, m.of, to, group.from)
		case r.unknown:
			return x.object(out, m.of, to, unknown)
		}
		return appendNull(out)
	}
	out = append(out, '[')
	begin := len(out)
	separate := func() {
		if len(out) > begin {
			out = append(out, ',')
		}
	}
	if l := r.lead; l != nil && l.field.present(x.values(s, row, l.at)) {
		out = x.object(out, l.of, s, row)
	}
	keep := x.filter(r)
	for i := group.from; i < group.to; i++ {
		if keep != nil && !keep(x.values(to, i, r.at)) {
			continue
		}
		if e := r.element; e != nil {
			if e.field.present(x.values(to, i, e.at)) {
				separate()
				out = x.object(out, e.of, to, i)
			}
			continue
		}
		separate()
		out = x.object(out, m.of, to, i)
	}
	return append(out, ']')
}

// filter is the relation's filter for this request's arguments; nil when it has none.
func (x *run) filter(r *rowsMember) func([]value) bool {
	if r.relation.filter == nil {
		return nil
	}
	keep, ok := x.filters[r]
	if !ok {
		keep = r.relation.filter(r.ast.ArgumentMap(x.variables))
		if x.filters == nil {
			x.filters = make(map[*rowsMember]func([]value) bool, 1)
		}
		x.filters[r] = keep
	}
	return keep
}

func (x *run) things(out []byte, sel *shapeSelection, of []any) []byte {
	out = append(out, '[')
	for i, one := range of {
		if i > 0 {
			out = append(out, ',')
		}
		out = x.thing(out, sel, one)
	}
	return append(out, ']')
}

func (x *run) orNull(out []byte, sel *shapeSelection, of any) []byte {
	if of == nil {
		return appendNull(out)
	}
	return x.thing(out, sel, of)
}

func (x *run) thing(out []byte, sel *shapeSelection, of any) []byte {
	out = append(out, '{')
	for i := range sel.members {
		if i > 0 {
			out = append(out, ',')
		}
		m := &sel.members[i]
		out = append(out, m.name...)
		switch {
		case m.typename != nil:
			out = append(out, m.typename...)
		case m.field.write != nil:
			out = m.field.write(out, of)
		case m.field.one != nil:
			out = x.orNull(out, m.of, m.field.one(of))
		case m.field.lookUp != nil:
			out = x.orNull(out, m.of, m.field.lookUp(x, of))
		default:
			out = x.things(out, m.of, m.field.many(of))
		}
	}
	return append(out, '}')
}
