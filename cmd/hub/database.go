package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/embedpg"
	"customerhub/internal/pg"
	"customerhub/internal/secret"
	"customerhub/migrations"
)

// databaseFlags say which database a command works on.
type databaseFlags struct {
	DatabaseURL        string `help:"Postgres of the hub, under a login that is a member of hub_app." placeholder:"URL" env:"HUB_DATABASE_URL"`
	MigrateDatabaseURL string `help:"The same database under its owner, for migrations." placeholder:"URL" env:"HUB_MIGRATE_DATABASE_URL"`
	Data               string `help:"Instead of a database URL: the folder of a Postgres that the hub runs by itself." placeholder:"FOLDER" type:"path" env:"HUB_DATA"`
	PostgresBin        string `help:"Folder of the Postgres programs, for --data. Found or fetched when not given." placeholder:"FOLDER" type:"path" env:"HUB_POSTGRES_BIN"`
	PostgresFetchURL   string `help:"Where to fetch Postgres from when it is not on the machine; off for never." placeholder:"URL" env:"HUB_POSTGRES_FETCH_URL"`
}

// Validate refuses flags that contradict each other, and a command without a database.
func (f databaseFlags) Validate() error {
	switch {
	case f.DatabaseURL != "" && f.Data != "":
		return usage("name the database by --database-url (HUB_DATABASE_URL) or by --data (HUB_DATA), not by both")
	case f.MigrateDatabaseURL != "" && f.Data != "":
		return usage("--migrate-database-url (HUB_MIGRATE_DATABASE_URL) belongs to --database-url: with --data the hub knows its owner by itself")
	case f == (databaseFlags{PostgresBin: f.PostgresBin, PostgresFetchURL: f.PostgresFetchURL}):
		return usage("no database: set --database-url (HUB_DATABASE_URL) to a Postgres, or --data (HUB_DATA) to a folder where the hub runs its own")
	}
	return errors.Join(
		checkDatabaseURL("--database-url (HUB_DATABASE_URL)", f.DatabaseURL),
		checkDatabaseURL("--migrate-database-url (HUB_MIGRATE_DATABASE_URL)", f.MigrateDatabaseURL),
		checkPostgres(f.PostgresBin, f.PostgresFetchURL),
	)
}

// checkPostgres refuses places that no Postgres can come from.
func checkPostgres(bin, fetchURL string) error {
	if fetchURL != "" && fetchURL != embedpg.NoFetch {
		u, err := url.Parse(fetchURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return usage("--postgres-fetch-url (HUB_POSTGRES_FETCH_URL) takes a URL such as https://repository.example.test/maven2, or %s", embedpg.NoFetch)
		}
	}
	return checkFolder("--postgres-bin (HUB_POSTGRES_BIN)", bin)
}

// keysetFlags say what credentials of systems are sealed with.
type keysetFlags struct {
	Keyset     string `help:"The keyset that seals credentials; hub keyset makes one." placeholder:"TEXT" env:"HUB_KEYSET"`
	KeysetFile string `help:"File that holds the keyset." placeholder:"FILE" type:"path" env:"HUB_KEYSET_FILE"`
}

// Validate refuses two keysets, and one that cannot be used, before anything is started.
func (k keysetFlags) Validate() error {
	if k.Keyset != "" && k.KeysetFile != "" {
		return usage("give the keyset by --keyset (HUB_KEYSET) or by --keyset-file (HUB_KEYSET_FILE), not by both")
	}
	if _, err := k.read(""); err != nil {
		return usage("%s", err)
	}
	return nil
}

// read gives the keyset; nil when none is configured. dataKeyset is the file of a data folder, used when nothing is named.
func (k keysetFlags) read(dataKeyset string) (*secret.Keyset, error) {
	switch {
	case k.Keyset != "":
		keyset, err := secret.Parse(k.Keyset)
		return keyset, named(err, "--keyset (HUB_KEYSET)")
	case k.KeysetFile != "":
		keyset, err := readKeyset(k.KeysetFile)
		return keyset, named(err, "--keyset-file (HUB_KEYSET_FILE)")
	case dataKeyset != "":
		return readKeyset(dataKeyset)
	}
	return nil, nil
}

// maxKeyset is more than any keyset has.
const maxKeyset = 1 << 20

func readKeyset(file string) (*secret.Keyset, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, innermost(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxKeyset))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, innermost(err))
	}
	keyset, err := secret.Parse(string(raw))
	return keyset, named(err, file)
}

func named(err error, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// database is an open database, with the embedded server behind it where there is one.
type database struct {
	pool     *pgxpool.Pool
	appURL   string
	ownerURL string // empty when only the application's login is known
	keyset   string // the keyset file of the data folder; empty without one
	server   *embedpg.Server
	running  string // the file that tells others how to reach the embedded server
}

// Names of files in a data folder, beside the folder of Postgres.
const (
	postgresFolder = "postgres"
	keysetFile     = "keyset"
	runningFile    = "running.json"
)

// running is how other commands reach the embedded Postgres of a hub that is running on the same data folder.
type running struct {
	Database string `json:"database"`
	Migrate  string `json:"migrate"`
}

// sharing says what a command does when a hub is running on its data folder.
type sharing int

const (
	// beside works on a folder that has a database, and on the Postgres of the hub that is running there.
	beside sharing = iota
	// making is beside, and makes the database where there is none.
	making
	// alone is for a hub itself: one folder has one.
	alone
)

// open connects. With --data, it uses the Postgres of a hub that is running on the folder, where that is wanted, or starts
// one.
func (f databaseFlags) open(ctx context.Context, p *program, s sharing) (*database, error) {
	switch {
	case f.Data != "":
		return f.openData(ctx, p, s)
	case f.DatabaseURL == "":
		return nil, usage("set --database-url (HUB_DATABASE_URL) too: the hub does not work under the owner's login")
	}
	return (&database{appURL: f.DatabaseURL, ownerURL: f.MigrateDatabaseURL}).connect(ctx)
}

func (f databaseFlags) openData(ctx context.Context, p *program, s sharing) (*database, error) {
	d := &database{keyset: filepath.Join(f.Data, keysetFile), running: filepath.Join(f.Data, runningFile)}
	if _, err := os.Stat(filepath.Join(f.Data, postgresFolder)); s == beside && errors.Is(err, fs.ErrNotExist) {
		// A mistyped folder must not become an empty database.
		return nil, fmt.Errorf("there is no database in %s: hub serve --data and hub organisation create --data make one", f.Data)
	}
	server, err := embedpg.Start(ctx, embedpg.Options{
		Dir: filepath.Join(f.Data, postgresFolder), BinDir: f.PostgresBin, FetchURL: f.PostgresFetchURL, Logger: p.log,
	})
	if _, taken := errors.AsType[*embedpg.InUseError](err); taken && s != alone {
		raw, readErr := os.ReadFile(d.running)
		var r running
		if readErr != nil || json.Unmarshal(raw, &r) != nil {
			return nil, err
		}
		d.appURL, d.ownerURL, d.running = r.Database, r.Migrate, ""
		return d.connect(ctx)
	}
	if err != nil {
		return nil, err
	}
	d.server = server
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return d, nil
}

// prepare makes database and keyset of a data folder when they are missing, and connects.
func (d *database) prepare(ctx context.Context) error {
	var err error
	if d.ownerURL, d.appURL, err = d.server.EnsureDatabase(ctx, "hub"); err != nil {
		return err
	}
	if _, err := os.Stat(d.keyset); errors.Is(err, fs.ErrNotExist) {
		if err := writeNewKeyset(d.keyset); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(running{Database: d.appURL, Migrate: d.ownerURL})
	if err != nil {
		return fmt.Errorf("describing the database: %w", err)
	}
	if err := os.WriteFile(d.running, raw, 0o600); err != nil {
		return fmt.Errorf("saying where the database is: %w", err)
	}
	_, err = d.connect(ctx)
	return err
}

func writeNewKeyset(file string) error {
	k, err := secret.Generate()
	if err != nil {
		return err
	}
	text, err := k.Text()
	if err != nil {
		return err
	}
	// O_EXCL: a keyset that is there is never replaced, since it alone opens what it sealed.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the keyset: %w", err)
	}
	_, writeErr := f.WriteString(text + "\n")
	return errors.Join(writeErr, f.Sync(), f.Close())
}

// maxConns leaves room for several replicas in a Postgres with 100 connections.
const maxConns = 20

func (d *database) connect(ctx context.Context) (*database, error) {
	pool, err := pg.Open(ctx, d.appURL, pg.Options{MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	d.pool = pool
	return d, nil
}

// close ends the connections and the embedded server.
func (d *database) close() error {
	d.pool.Close()
	if d.server == nil {
		return nil
	}
	_ = os.Remove(d.running)
	return d.server.Stop()
}

// migrate brings the schema up to date where the owner's login is known, and checks it otherwise.
func (d *database) migrate(ctx context.Context, p *program) error {
	if d.ownerURL != "" {
		_, err := pg.Migrate(ctx, d.ownerURL, migrations.FS, pg.MigrateOptions{Logger: p.log})
		return err
	}
	status, err := pg.StatusOf(ctx, d.pool, migrations.FS)
	if err != nil {
		return err
	}
	if status.Behind() {
		return fmt.Errorf("the database is at version %d and this hub needs %d: run hub migrate up with HUB_MIGRATE_DATABASE_URL set",
			status.Current, status.Latest)
	}
	return nil
}

// ready opens the database, brings it up to date, and refuses a login that row security does not bind (Promise 7).
func (f databaseFlags) ready(ctx context.Context, p *program, s sharing) (*database, error) {
	d, err := f.open(ctx, p, s)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx, p); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := pg.CheckRole(ctx, d.pool); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// with runs fn on a ready database and closes it. A hub may be running on it.
func (f databaseFlags) with(ctx context.Context, p *program, fn func(d *database) error) error {
	return f.use(ctx, p, beside, fn)
}

// making is with for a command that may be the first one on a folder.
func (f databaseFlags) making(ctx context.Context, p *program, fn func(d *database) error) error {
	return f.use(ctx, p, making, fn)
}

// alone is with for a hub itself.
func (f databaseFlags) alone(ctx context.Context, p *program, fn func(d *database) error) error {
	return f.use(ctx, p, alone, fn)
}

func (f databaseFlags) use(ctx context.Context, p *program, s sharing, fn func(d *database) error) error {
	d, err := f.ready(ctx, p, s)
	if err != nil {
		return err
	}
	err = fn(d)
	return joinClose(err, d.close)
}

// oneLine keeps a value printable in a table.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
