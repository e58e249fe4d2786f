package store_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/run"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// statements are the constants of the package whose names begin with sql, by name, so that a new one cannot be forgotten.
func statements(t *testing.T) map[string]string {
	t.Helper()
	fset := token.NewFileSet()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	// Only constants are wanted, so what the files import is not looked at.
	config := types.Config{Importer: nothing{}, Error: func(error) {}}
	pkg, _ := config.Check("store", fset, files, nil)
	out := make(map[string]string)
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if ok && strings.HasPrefix(name, "sql") && c.Val().Kind() == constant.String {
			out[name] = constant.StringVal(c.Val())
		}
	}
	return out
}

type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// endings complete statements that end in a condition which a function adds.
var endings = map[string]string{
	"sqlLinksWhere":     "l.system_id = @system AND l.external_id = ANY (@ids) ORDER BY l.id",
	"sqlBasesWhere":     "l.customer_id = @customer ORDER BY l.id",
	"sqlPartsWhere":     "l.customer_id = @customer ORDER BY l.id, p.part, p.external_id",
	"sqlDeletionsWhere": "l.customer_id = @customer ORDER BY d.link_id, d.asked_at DESC, d.id",
}

// plan has the statement parsed, planned and its permissions checked for the application role, without running it.
func plan(ctx context.Context, t *testing.T, tx pgx.Tx, name, sql string) {
	t.Helper()
	query, args, err := pgx.NamedArgs{}.RewriteQuery(ctx, tx.Conn(), sql, nil)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	inner, err := tx.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inner.Rollback(ctx) }()
	if strings.HasPrefix(strings.TrimSpace(query), "SET ") { // takes neither a plan nor parameters
		if _, err := inner.Exec(ctx, query); err != nil || len(args) > 0 {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	nulls := ""
	if len(args) > 0 {
		nulls = "(" + strings.TrimSuffix(strings.Repeat("NULL, ", len(args)), ", ") + ")"
	}
	// Every statement must know the type of each parameter by itself, as it does when pgx prepares it.
	if _, err := tx.Conn().PgConn().Prepare(ctx, "", query, nil); err != nil {
		t.Errorf("%s: %v\n%s", name, err, query)
		return
	}
	for _, step := range []string{"PREPARE checked AS " + query, "EXPLAIN EXECUTE checked" + nulls, "DEALLOCATE checked"} {
		if _, err := inner.Exec(ctx, step, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Errorf("%s: %v\n%s", name, err, step)
			return
		}
	}
}

func TestEveryStatementIsPrepared(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	all := statements(t)
	if len(all) < 50 {
		t.Fatalf("only %d statements were found", len(all))
	}
	err := pg.InOrganisation(t.Context(), db.App, store.NewID(), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			sql := all[name]
			if strings.HasSuffix(strings.TrimSpace(sql), "WHERE") {
				if endings[name] == "" {
					t.Errorf("%s ends in WHERE; the test does not know how it goes on", name)
					continue
				}
				sql += endings[name]
			}
			plan(ctx, t, tx, name, sql)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// recorder keeps every statement that a pool was asked to run.
type recorder struct {
	mu  sync.Mutex
	sql []string
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sql = append(r.sql, d.SQL)
}
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TestEveryComposedStatementRuns runs the lists in every order, direction and filter.
func TestEveryComposedStatementRuns(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var seen recorder
	pool, err := pg.Open(t.Context(), db.AppURL, pg.Options{MaxConns: 1, Tracer: &seen})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	filters := []store.CustomerFilter{
		{}, {Words: []string{"a"}}, {Words: []string{"a", "b"}, Kind: customer.Company, Status: customer.Active},
		{Kind: customer.Private}, {Status: customer.Inactive}, {IDs: []customer.ID{}}, {IDs: []customer.ID{customer.ID(store.NewID())}},
		{
			Words: []string{"virtnen", "oy"}, Kind: customer.Company, Status: customer.Active, System: system.ID(store.NewID()), SyncStates: []link.State{link.Due},
			KYC:          customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskHigh}, RequiresActions: new(true), ExpiresBefore: "2026-12-31", AnyOf: true},
			UpdatedSince: time.Now(), Custom: map[string]string{"lead_source": "'fair'"}, IDs: []customer.ID{customer.ID(store.NewID())},
		},
	}
	places := map[store.CustomerSort]*store.CustomerPlace{
		store.SortByName: {Key: "00ff", ID: customer.ID(store.NewID())}, store.SortByNumber: {Key: "17", ID: customer.ID(store.NewID())},
		store.SortByUpdate:     {Key: "1793000000000000", ID: customer.ID(store.NewID())},
		store.SortByKYCExpires: {Key: "infinity", ID: customer.ID(store.NewID())},
	}
	flags := []bool{false, true}
	err = pg.InOrganisation(t.Context(), pool, store.NewID(), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		for _, f := range filters {
			for sort, place := range places {
				for bits := range 16 {
					q := store.CustomerList{
						Filter: f, Sort: sort, Descending: bits&1 != 0, Backwards: bits&2 != 0, Limit: 3, Total: bits&4 == 0,
					}
					if bits&4 != 0 {
						q.From = place
					}
					if bits&8 != 0 {
						q.To = place
					}
					if _, err := store.ListCustomers(ctx, tx, q, store.AllRelations); err != nil {
						return fmt.Errorf("%+v: %w", q, err)
					}
				}
			}
			if _, err := store.MatchCustomers(ctx, tx, f); err != nil {
				return fmt.Errorf("%+v: %w", f, err)
			}
		}
		for _, backwards := range flags {
			for _, from := range []store.RunPlace{{}, {ID: run.ID(store.NewID())}} {
				for _, f := range []store.RunList{{}, {System: system.ID(store.NewID())}, {State: run.Failed, Kind: run.Poll}} {
					f.Backwards, f.From, f.Limit, f.Total = backwards, from, 3, backwards
					if _, err := store.ListRuns(ctx, tx, f); err != nil {
						return fmt.Errorf("%+v: %w", f, err)
					}
				}
			}
		}
		for bits := range 32 {
			people := store.PersonList{Backwards: bits&1 != 0, Total: bits&1 != 0, Limit: 3}
			found := store.FindingList{Backwards: bits&1 != 0, Total: bits&1 != 0, Limit: 3}
			if bits&2 != 0 {
				people.From, people.To = &store.PersonPlace{Key: "00ff", ID: customer.PersonID(store.NewID())}, &store.PersonPlace{Key: "17", ID: customer.PersonID(store.NewID())}
				found.From = store.FindingPlace{RaisedAt: time.Now(), ID: finding.ID(store.NewID())}
			}
			if bits&4 != 0 {
				people.Words, found.Codes = []string{"a", "fair"}, []finding.Code{finding.BusinessIDInvalid}
			}
			if bits&8 != 0 {
				people.Email, people.Phone = "fair@example.test", "+358401234567"
				found.System, found.RaisedSince = system.ID(store.NewID()), time.Now()
			}
			if bits&16 != 0 {
				people.Customer, found.Customer, found.Resolved = customer.ID(store.NewID()), customer.ID(store.NewID()), new(bits&4 != 0)
			}
			if _, err := store.ListPeople(ctx, tx, people); err != nil {
				return fmt.Errorf("%+v: %w", people, err)
			}
			if _, err := store.ListFindings(ctx, tx, found); err != nil {
				return fmt.Errorf("%+v: %w", found, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range seen.sql {
		if strings.Contains(sql, "%") || strings.Contains(sql, "'17'") || strings.Contains(sql, "fair") || strings.Contains(sql, "00ff") {
			t.Errorf("a value travels inside a statement: %s", sql)
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(seen.sql)))
	if len(distinct) < 35 {
		t.Errorf("only %d different statements ran", len(distinct))
	}
}

// TestTheNextLinkIsFoundAtOnce holds that the link to work on next is found along an index, and not by putting in order all those
// that wait: a backfill picks each of a hundred thousand by itself.
func TestTheNextLinkIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	org, sys := store.NewID(), system.System{ID: system.ID(store.NewID()), Kind: system.Netvisor, Name: "Netvisor", State: system.Running, PollEvery: time.Minute}
	c := customer.Customer{ID: customer.ID(store.NewID()), Version: 1, Kind: customer.Company, Status: customer.Active, Name: "A"}
	if _, err := db.Owner.Exec(t.Context(), `INSERT INTO organisation (id, name) VALUES ($1, 'A')`, org); err != nil {
		t.Fatal(err)
	}
	err := pg.InOrganisation(t.Context(), db.App, org, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.InsertSystem(ctx, tx, sys); err != nil {
			return err
		}
		return store.SaveCustomers(ctx, tx, []customer.Customer{c})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Owner.Exec(t.Context(), `INSERT INTO link (organisation_id, id, system_id, customer_id, external_id, is_primary, state, priority, due_at)
		SELECT $1, gen_random_uuid(), $2, $3, g::text, false, 'DUE', 10, now() FROM generate_series(1, 20000) g`, org, string(sys.ID), string(c.ID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Owner.Exec(t.Context(), `ANALYZE link`); err != nil {
		t.Fatal(err)
	}
	err = pg.InOrganisation(t.Context(), db.App, org, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, "EXPLAIN "+statements(t)["sqlClaimLink"], pgx.StrictNamedArgs{"system": string(sys.ID), "priority": 10, "lease": time.Minute})
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		steps := strings.Join(lines, "\n")
		if !strings.Contains(steps, "using link_due") || strings.Contains(steps, "Seq Scan on link") || strings.Contains(steps, "Bitmap") {
			t.Errorf("the plan is\n%s", steps)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
