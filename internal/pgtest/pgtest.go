package pgtest

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/pg"
	"customerhub/migrations"
)

// DB is a test's own database.
type DB struct {
	// App works as the hub does: a login under hub_app, to which row security applies.
	App *pgxpool.Pool
	// Owner owns the tables. Row security's owner policies apply.
	Owner *pgxpool.Pool
	// AppURL and OwnerURL are the connection strings of the two.
	AppURL, OwnerURL string
	// Name is the database's name.
	Name string
}

// patience bounds what New does, with the start of a server and the migrations in it.
const patience = 3 * time.Minute

// New returns a database with every migration applied. It is dropped at the end of the test.
func New(t testing.TB) *DB {
	t.Helper()
	return provide(t, migrations.FS)
}

// NewEmpty returns a database without any table; the roles exist. It is dropped at the end of the test.
func NewEmpty(t testing.TB) *DB {
	t.Helper()
	return provide(t, nil)
}

// Server is the shared server as its superuser sees it, on a database of the test's own.
type Server struct {
	// DB is an empty database of the test's own, on the server.
	*DB
	// Super works on that database as the server's superuser. What it does outside the database, such as making roles,
	// concerns all tests: it rolls that back.
	Super *pgxpool.Pool
	// SuperURL is the superuser's connection string for the database.
	SuperURL string
}

// NewServer returns an empty database with the superuser's access to it, for tests about roles and the server itself.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{DB: provide(t, nil)}
	shared, err := sharedServer(t.Context())
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	s.SuperURL = shared.superURL(s.Name)
	s.Super = open(t.Context(), t, s.SuperURL)
	t.Cleanup(func() { closePools(context.Background(), s.Super) })
	return s
}

var databases atomic.Int64

func provide(t testing.TB, files fs.FS) *DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	s, err := sharedServer(ctx)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := fmt.Sprintf("%s%08x_%d", testPrefix, s.key, databases.Add(1))
	if err := s.create(ctx, name, files); err != nil {
		t.Fatalf("pgtest: making database %s: %v", name, err)
	}
	db := &DB{Name: name, AppURL: s.url(name, s.login), OwnerURL: s.url(name, s.owner)}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		closePools(ctx, db.App, db.Owner)
		if err := s.drop(ctx, name); err != nil {
			t.Errorf("pgtest: dropping database %s: %v", name, err)
		}
	})
	db.App = open(ctx, t, db.AppURL)
	db.Owner = open(ctx, t, db.OwnerURL)
	return db
}

// closePools closes the pools, but waits only so long for connections that a failed test still holds.
func closePools(ctx context.Context, pools ...*pgxpool.Pool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var closing sync.WaitGroup
	for _, pool := range pools {
		if pool != nil {
			closing.Go(pool.Close)
		}
	}
	closed := make(chan struct{})
	go func() {
		closing.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
}

func open(ctx context.Context, t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(ctx, url, pg.Options{MaxConns: poolSize})
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return pool
}
