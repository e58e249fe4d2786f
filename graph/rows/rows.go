package rows

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/pg"
)

// Reader answers root fields from rows. It is safe for concurrent use.
type Reader struct {
	pool     *pgxpool.Pool
	computed Computed
	today    func() string
	plans    *lru.Cache[planKey, *plan]
	// tables by rights, made when they are first asked for.
	tables sync.Map
}

// cachedPlans bounds the memory for plans. A plan is about as big as its document.
const cachedPlans = 512

// New makes a reader. today is the date in Finland, as YYYY-MM-DD.
func New(pool *pgxpool.Pool, c Computed, today func() string) *Reader {
	plans, _ := lru.New[planKey, *plan](cachedPlans) // fails for a size below one only
	return &Reader{pool: pool, computed: c, today: today, plans: plans}
}

// planKey is all that a plan hangs on: the text, the root field, the type where that can be any, the variables of @skip and
// @include, and the rights of the viewer.
type planKey struct {
	text, operation, field string
	noun                   model.Noun // of a node
	chosen                 string
	rights                 rights
}

// plan gives the plan of the current root field, made by compile when it is new.
func (r *Reader) plan(op *graphql.OperationContext, f graphql.CollectedField, v auth.Viewer, n model.Noun, compile func(c *compiler, t *tables) error) (*plan, error) {
	k := planKey{op.RawQuery, op.OperationName, f.Alias, n, chosen(op), rightsOf(v)}
	if p, ok := r.plans.Get(k); ok {
		if len(p.nodes) == 0 {
			return nil, ErrPlain // remembered as such
		}
		return p, nil
	}
	t, ok := r.tables.Load(k.rights)
	if !ok {
		t, _ = r.tables.LoadOrStore(k.rights, newTables(k.rights))
	}
	c := &compiler{op: op, plan: &plan{}}
	err := compile(c, t.(*tables))
	if errors.Is(err, ErrPlain) {
		c.plan = &plan{}
	} else if err != nil {
		return nil, err
	}
	for _, n := range c.plan.nodes {
		n.finish()
	}
	r.plans.Add(k, c.plan)
	return c.plan, err
}

// chosen tells the values of the variables by which fields are chosen apart.
func chosen(op *graphql.OperationContext) string {
	var out strings.Builder
	for _, d := range op.Operation.VariableDefinitions {
		if d.Type.NamedType != "Boolean" {
			continue
		}
		switch op.Variables[d.Variable] {
		case true:
			out.WriteByte('1')
		case false:
			out.WriteByte('0')
		default:
			out.WriteByte('-')
		}
	}
	return out.String()
}

// Customers answers Query.customers, or gives ErrPlain.
func (r *Reader) Customers(ctx context.Context, f graphql.CollectedField, v auth.Viewer, q hub.CustomerQuery) (graphql.Marshaler, error) {
	op := graphql.GetOperationContext(ctx)
	p, err := r.plan(op, f, v, "", func(c *compiler, t *tables) (err error) {
		c.plan.connection, err = c.compileConnection(c.node(fromCustomer, "c.id"), t.customer, f.Selections)
		return err
	})
	if err != nil {
		return nil, err
	}
	list, err := hub.ListCustomers(v, q)
	if err != nil {
		return nil, ErrPlain
	}
	x, page := r.newRun(p, v, op.Variables), pageOf{}
	err = r.read(ctx, v, func(ctx context.Context, tx pgx.Tx) error {
		root := p.nodes[0]
		sql, arguments := list.Statement(strings.Join(root.columns, ", "), strings.Join(root.joins, "\n"))
		var batch pgx.Batch
		batch.Queue(sql, arguments).Query(x.sets[0].read)
		if p.connection.total {
			sql, arguments := list.Count()
			batch.Queue(sql, arguments).QueryRow(func(row pgx.Row) error { return row.Scan(&page.total) })
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return pg.Fault(err, "customers")
		}
		rows := &x.sets[0].rowset
		more := rows.len() > list.Limit()
		if more {
			rows.cut(list.Limit())
		}
		page.rows = inOrder(rows.len(), list.Backwards())
		page.hasNext, page.hasPrior = list.Around(more)
		sortKey := len(root.columns)
		for _, row := range page.rows {
			page.cursors = append(page.cursors, list.Cursor(string(rows.at(row, sortKey)), string(appendUUID(nil, rows.at(row, 0)))))
		}
		return x.follow(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return x.marshal(ctx, func(out []byte) []byte { return x.connection(out, p.connection.members, &page) })
}

// Customer answers Query.customer, or gives ErrPlain.
func (r *Reader) Customer(ctx context.Context, f graphql.CollectedField, v auth.Viewer, by hub.CustomerLookup) (graphql.Marshaler, error) {
	find := func(ctx context.Context, tx pgx.Tx) ([]string, error) {
		ids, err := hub.FindCustomers(ctx, tx, by)
		if err != nil || len(ids) > 1 {
			return nil, errors.Join(err, ErrPlain) // which it says better
		}
		return idsOf(ids), nil
	}
	return r.one(ctx, f, v, model.NounCustomer, find)
}

func idsOf(in []customer.ID) []string {
	out := make([]string, len(in))
	for i, id := range in {
		out[i] = string(id)
	}
	return out
}

// Node answers Query.node about a thing of a type whose rows this package knows, or gives ErrPlain.
func (r *Reader) Node(ctx context.Context, f graphql.CollectedField, v auth.Viewer, n model.Noun, id string) (graphql.Marshaler, error) {
	return r.one(ctx, f, v, n, func(context.Context, pgx.Tx) ([]string, error) { return []string{id}, nil })
}

// one answers a root field that is one thing, or null.
func (r *Reader) one(ctx context.Context, f graphql.CollectedField, v auth.Viewer, n model.Noun,
	find func(context.Context, pgx.Tx) ([]string, error),
) (graphql.Marshaler, error) {
	op := graphql.GetOperationContext(ctx)
	p, err := r.plan(op, f, v, n, func(c *compiler, t *tables) (err error) {
		root, ok := t.roots()[n]
		if !ok {
			return ErrPlain
		}
		c.plan.selection, err = c.object(c.node(root.table, root.key), root.of, f.Selections)
		return err
	})
	if err != nil {
		return nil, err
	}
	if v.Require(auth.CustomersRead) != nil {
		return nil, ErrPlain
	}
	x := r.newRun(p, v, op.Variables)
	err = r.read(ctx, v, func(ctx context.Context, tx pgx.Tx) error {
		ids, err := find(ctx, tx)
		if err != nil || len(ids) == 0 {
			return err
		}
		keys := make([]pgtype.UUID, len(ids))
		for i, id := range ids {
			if err := keys[i].Scan(id); err != nil {
				return ErrPlain
			}
		}
		var batch pgx.Batch
		batch.Queue(p.nodes[0].sql, keys).Query(x.sets[0].read)
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return pg.Fault(err, "data")
		}
		return x.follow(ctx, tx)
	})
	switch {
	case err != nil:
		return nil, err
	case x.sets[0].len() == 0:
		return graphql.Null, nil
	}
	return x.marshal(ctx, func(out []byte) []byte { return x.object(out, p.selection, &x.sets[0], 0) })
}

// read runs fn in a transaction whose statements are not planned anew each time: planning is half of a short statement.
func (r *Reader) read(ctx context.Context, v auth.Viewer, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return pg.ReadManyTimes(ctx, r.pool, string(v.Organisation.ID), fn)
}

// marshal has the rest computed, outside the transaction so that nobody holds two connections, and writes the answer for
// gqlgen to put into its place.
func (x *run) marshal(ctx context.Context, write func(out []byte) []byte) (graphql.Marshaler, error) {
	if err := x.compute(ctx); err != nil {
		return nil, err
	}
	if err := x.lookUpSystems(ctx); err != nil {
		return nil, err
	}
	size := 1 << 10
	for i := range x.sets {
		size += 2 * len(x.sets[i].bytes)
	}
	raw := write(make([]byte, 0, size))
	if x.err != nil {
		return nil, x.err
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(raw) }), nil
}
