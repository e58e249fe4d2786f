package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/auth"
	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/hub"
	"customerhub/internal/outbound"
	"customerhub/internal/pgtest"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
	"customerhub/internal/secret"
	"customerhub/internal/system"
)

// benchCustomers is how many customers a benchmark imports.
const benchCustomers = 5000

// importing is a Netvisor that is running and has not been imported yet.
func importing(b *testing.B, db *pgtest.DB, customers int) (*hub.Hub, *reconcile.Worker, auth.Viewer, system.ID) {
	b.Helper()
	netv, err := sandbox.New(sandbox.Options{Customers: customers, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(netv)
	b.Cleanup(web.Close)
	keyset, err := secret.Generate()
	if err != nil {
		b.Fatal(err)
	}
	k := netvisor.Kind()
	check := func(settings []connector.Setting) func(map[string]string) (map[string]string, error) {
		return func(given map[string]string) (map[string]string, error) {
			return connector.CheckSettings(settings, given)
		}
	}
	h := hub.New(db.App, hub.Options{Keyset: keyset, Kinds: map[system.Kind]hub.KindSpec{
		k.Kind: {Title: k.Title, PollEvery: time.Hour, Reads: k.Reads, Settings: check(k.Settings), Credentials: check(k.Credentials)},
	}})
	org, err := h.CreateOrganisation(b.Context(), "Bench Oy")
	if err != nil {
		b.Fatal(err)
	}
	viewer := auth.Operator(org)
	c, _ := netv.Credentials("")
	s, err := h.CreateSystem(b.Context(), viewer, hub.CreateSystem{
		Kind: k.Kind, Settings: map[string]string{netvisor.BaseURL: web.URL, netvisor.OrganisationID: c.OrganisationID},
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := h.SetSystemCredentials(b.Context(), viewer, s.ID, map[string]string{
		netvisor.CustomerID: c.CustomerID, netvisor.CustomerKey: c.CustomerKey,
		netvisor.PartnerID: c.PartnerID, netvisor.PartnerKey: c.PartnerKey,
	}, ""); err != nil {
		b.Fatal(err)
	}
	worker := reconcile.NewWorker(h, db.App, reconcile.Options{
		Kinds: map[system.Kind]connector.Kind{k.Kind: k}, Client: outbound.Client(outbound.Options{}),
	})
	if _, err := h.CheckSystem(b.Context(), viewer, s.ID, ""); err != nil {
		b.Fatal(err)
	}
	runOne(b, worker)
	if _, _, err := h.StartSystem(b.Context(), viewer, s.ID, ""); err != nil {
		b.Fatal(err)
	}
	return h, worker, viewer, s.ID
}

func runOne(b *testing.B, w *reconcile.Worker) {
	b.Helper()
	if worked, err := w.RunOne(b.Context()); err != nil || !worked {
		b.Fatalf("worked %v, %v", worked, err)
	}
}

// BenchmarkImport imports customers from the Netvisor sandbox over HTTP and then writes the same rows by COPY into staging
// tables and a merge from there, batch by batch as the import does: the quickest that this schema takes them, with no
// reading, no comparing, no looking for people who may be the same human and no row security. of_floor is the import's speed
// as a share of that. Either speed swings by a third from round to round on a busy machine, so each figure is the median of
// rounds in which the two follow each other.
func BenchmarkImport(b *testing.B) {
	const rounds = 3
	for range b.N {
		var imported, floored, unchanged, share []float64
		for range rounds {
			db := pgtest.New(b)
			h, worker, viewer, id := importing(b, db, benchCustomers)
			began := time.Now()
			runOne(b, worker)
			took := time.Since(began).Seconds()
			runs, err := h.LastRuns(b.Context(), viewer, []system.ID{id})
			if err != nil || runs[id].Counts.Created != benchCustomers {
				b.Fatalf("run %+v, %v", runs[id], err)
			}
			floor := copyAndMerge(b, db.Owner, pgtest.New(b).Owner).Seconds()
			imported, floored, share = append(imported, benchCustomers/took), append(floored, benchCustomers/floor), append(share, floor/took)

			if _, err := h.SyncNow(b.Context(), viewer, id, true, ""); err != nil {
				b.Fatal(err)
			}
			began = time.Now()
			runOne(b, worker)
			unchanged = append(unchanged, benchCustomers/time.Since(began).Seconds())
		}
		if got := median(share); got < importShare {
			b.Errorf("the import has %.2f of the speed of its floor, and has to have %.2f (%.0f customers/s, the floor %.0f)", got, importShare, median(imported), median(floored))
		}
		b.ReportMetric(median(imported), "customers/s")
		b.ReportMetric(median(floored), "floor_customers/s")
		b.ReportMetric(median(share), "of_floor")
		b.ReportMetric(median(unchanged), "unchanged/s")
	}
}

// importShare is how much of the speed of copying and merging the same rows an import has to have.
const importShare = 0.6

func median(of []float64) float64 { return slices.Sorted(slices.Values(of))[len(of)/2] }

// floorTables are what an import writes for customers, in the order of their foreign keys, each with the condition that
// picks the rows of customers between two ids.
var floorTables = []struct{ name, of string }{
	{"customer", "id"}, {"customer_address", "customer_id"}, {"office", "customer_id"},
	{"person", "id IN (SELECT person_id FROM contact WHERE %s)"}, {"contact", "customer_id"}, {"link", "customer_id"},
	{"link_base", "link_id IN (SELECT id FROM link WHERE %s)"}, {"link_part", "link_id IN (SELECT id FROM link WHERE %s)"},
	{"change", "customer_id"}, {"provenance", "customer_id"},
}

func copyAndMerge(b *testing.B, from, to *pgxpool.Pool) time.Duration {
	b.Helper()
	ctx := b.Context()
	source, err := from.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer source.Release()
	target, err := to.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer target.Release()
	move := func(table, where string) []byte {
		var buf bytes.Buffer
		if _, err := source.Conn().PgConn().CopyTo(ctx, &buf, fmt.Sprintf(`COPY (SELECT * FROM %s WHERE %s) TO STDOUT`, table, where)); err != nil {
			b.Fatal(err)
		}
		return buf.Bytes()
	}
	exec := func(sql string) {
		if _, err := target.Exec(ctx, sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	for _, table := range []string{"organisation", "system"} {
		exec(fmt.Sprintf(`CREATE TEMP TABLE staged_%s (LIKE %[1]s)`, table))
		stage(ctx, b, target.Conn(), table, columnsOf(ctx, b, target.Conn(), table), move(table, "true"))
	}
	columns := make([]string, len(floorTables))
	for i, t := range floorTables {
		columns[i] = columnsOf(ctx, b, target.Conn(), t.name)
	}
	for _, t := range floorTables {
		exec(fmt.Sprintf(`CREATE TEMP TABLE staged_%s (LIKE %[1]s)`, t.name))
	}
	rows, _ := source.Query(ctx, `SELECT id::text FROM customer ORDER BY id`)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.Fatal(err)
	}
	const batch = 50 // as the import commits
	data := make([][][]byte, 0, len(ids)/batch+1)
	for at := 0; at < len(ids); at += batch {
		last := ids[min(at+batch, len(ids))-1]
		var tables [][]byte
		for _, t := range floorTables {
			column, where := t.of, "%s"
			if len(t.of) > len("customer_id") {
				column, where = "customer_id", t.of
			}
			tables = append(tables, move(t.name, fmt.Sprintf(where, fmt.Sprintf("%s BETWEEN '%s' AND '%s'", column, ids[at], last))))
		}
		data = append(data, tables)
	}
	began := time.Now()
	for n, tables := range data {
		exec("BEGIN; SET LOCAL enable_seqscan = off") // as the import does, for the plans of its foreign keys
		for i, t := range floorTables {
			stage(ctx, b, target.Conn(), t.name, columns[i], tables[i])
		}
		exec("COMMIT")
		if n == 0 { // as the import does
			exec("SELECT hub_analyze_customers()")
		}
	}
	return time.Since(began)
}

// columnsOf names the columns of a table, without those that it computes itself.
func columnsOf(ctx context.Context, b *testing.B, conn *pgx.Conn, table string) (columns string) {
	b.Helper()
	if err := conn.QueryRow(ctx, `SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`, table).Scan(&columns); err != nil {
		b.Fatal(err)
	}
	return columns
}

// stage copies rows into a staging table and merges the columns from there.
func stage(ctx context.Context, b *testing.B, conn *pgx.Conn, table, columns string, rows []byte) {
	b.Helper()
	if _, err := conn.Exec(ctx, "TRUNCATE staged_"+table); err != nil {
		b.Fatal(err)
	}
	if _, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(rows), "COPY staged_"+table+" FROM STDIN"); err != nil {
		b.Fatal(err)
	}
	overriding := ""
	if table == "change" {
		overriding = "OVERRIDING SYSTEM VALUE "
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) %sSELECT %[2]s FROM staged_%[1]s ON CONFLICT DO NOTHING", table, columns, overriding)); err != nil {
		b.Fatalf("merging %s: %v", table, err)
	}
}
