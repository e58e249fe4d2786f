package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/embedpg"
	"customerhub/internal/pg"
)

const (
	testPrefix     = "hubtest_"
	templatePrefix = "hubtpl_"
	// poolSize bounds each of a test's two pools: many tests run at once, against one server.
	poolSize = 8
	// Advisory locks in database postgres: one per test process, by its key, and one per template, by its hash.
	lockProcess  = 0x70677031
	lockTemplate = 0x70677032
	lockRoles    = 0x70677033
	// A template of other migrations is kept this long on a server that does not stop by itself.
	templateLife = 24 * time.Hour
)

// server is this process's view of the shared server.
type server struct {
	base  *url.URL // superuser's
	admin *pgxpool.Pool
	alive *pgx.Conn // holds the process's lock as long as the process lives
	key   int32
	owner *url.Userinfo
	login *url.Userinfo

	mu        sync.Mutex
	templates map[string]*template
}

type template struct {
	once sync.Once
	name string
	err  error
}

var shared = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return connect(ctx)
})

func sharedServer(ctx context.Context) (*server, error) {
	s, err := shared()
	return s, errors.Join(err, ctx.Err())
}

func connect(ctx context.Context) (*server, error) {
	external := os.Getenv("HUB_TEST_DATABASE_URL")
	super := external
	if super == "" {
		var err error
		if super, err = joinKeeper(ctx); err != nil {
			return nil, err
		}
	}
	base, err := url.Parse(super)
	if err != nil || base.Scheme == "" {
		return nil, errors.New("HUB_TEST_DATABASE_URL is not a URL like postgres://USER:PASSWORD@HOST/postgres")
	}
	s := &server{base: base, templates: map[string]*template{}, key: rand.Int32()}
	s.owner, s.login = url.User(embedpg.OwnerRole), url.User(embedpg.LoginRole)
	if external != "" {
		// Roles of their own, so that those of a hub on the same cluster keep their passwords. Every process that knows the
		// superuser's URL comes to the same ones.
		s.owner = url.UserPassword("hub_test_owner", secretOf(external, "owner"))
		s.login = url.UserPassword("hub_test_login", secretOf(external, "login"))
	}
	if s.admin, err = pg.Open(ctx, super, pg.Options{MaxConns: 4, ApplicationName: "pgtest"}); err != nil {
		return nil, err
	}
	if s.alive, err = pgx.Connect(ctx, super); err != nil {
		return nil, err
	}
	if _, err := s.alive.Exec(ctx, "SELECT pg_advisory_lock($1, $2)", lockProcess, s.key); err != nil {
		return nil, err
	}
	if err := s.ensureRoles(ctx, external != ""); err != nil {
		return nil, fmt.Errorf("making the roles: %w", err)
	}
	if err := s.removeLeftovers(ctx); err != nil {
		return nil, fmt.Errorf("removing databases of earlier runs: %w", err)
	}
	return s, nil
}

func secretOf(text, use string) string {
	sum := sha256.Sum256([]byte(use + "\x00" + text))
	return hex.EncodeToString(sum[:])
}

// url is the connection string for a database and role.
func (s *server) url(database string, role *url.Userinfo) string {
	u := *s.base
	u.Path = "/" + database
	q := u.Query()
	q.Del("dbname")
	q.Del("user")
	q.Del("password")
	if u.Host == "" { // a socket: the role goes where the host is named
		u.User = nil
		q.Set("user", role.Username())
		if password, ok := role.Password(); ok {
			q.Set("password", password)
		}
	} else {
		u.User = role
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// superURL is the superuser's connection string for a database.
func (s *server) superURL(database string) string {
	u := *s.base
	u.Path = "/" + database
	q := u.Query()
	q.Del("dbname")
	u.RawQuery = q.Encode()
	return u.String()
}

// locked runs fn while this process holds an advisory lock that all test processes share.
func (s *server) locked(ctx context.Context, class, key int32, fn func(*pgxpool.Conn) error) error {
	c, err := s.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1, $2)", class, key); err != nil {
		return err
	}
	defer func() {
		if _, err := c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1, $2)", class, key); err != nil {
			_ = c.Conn().Close(context.WithoutCancel(ctx)) // the lock goes with the session
		}
	}()
	return fn(c)
}

func (s *server) ensureRoles(ctx context.Context, passwords bool) error {
	return s.locked(ctx, lockRoles, 0, func(c *pgxpool.Conn) error {
		for _, r := range []struct {
			name, rights string
			user         *url.Userinfo
		}{
			{pg.AppRole, "NOLOGIN", nil},
			{s.owner.Username(), "LOGIN CREATEROLE", s.owner},
			{s.login.Username(), "LOGIN IN ROLE " + pg.AppRole, s.login},
		} {
			var exists bool
			if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", r.name).Scan(&exists); err != nil {
				return err
			}
			if !exists {
				if _, err := c.Exec(ctx, "CREATE ROLE "+r.name+" "+r.rights); err != nil && pg.SQLState(err) != "42710" {
					return err
				}
			}
			if passwords && r.user != nil {
				password, _ := r.user.Password() // hexadecimal
				if _, err := c.Exec(ctx, "ALTER ROLE "+r.name+" PASSWORD '"+password+"'"); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// removeLeftovers drops the databases of test processes that were killed, known by their lock being free, and templates
// that nobody has made for a day.
func (s *server) removeLeftovers(ctx context.Context) error {
	rows, _ := s.admin.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", testPrefix)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		hex, _, _ := strings.Cut(strings.TrimPrefix(name, testPrefix), "_")
		key, err := strconv.ParseInt(hex, 16, 32)
		if err != nil || int32(key) == s.key {
			continue
		}
		if err := s.dropLeftover(ctx, name, int32(key)); err != nil {
			return err
		}
	}
	rows, _ = s.admin.Query(ctx, `
SELECT datname
FROM pg_database
WHERE starts_with(datname, $1)
	AND shobj_description(oid, 'pg_database') < $2`, templatePrefix, strconv.FormatInt(time.Now().Add(-templateLife).Unix(), 10))
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range old {
		err := s.locked(ctx, lockTemplate, hashKey(name), func(c *pgxpool.Conn) error { return dropTemplate(ctx, c, name) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) dropLeftover(ctx context.Context, name string, key int32) error {
	c, err := s.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	var free bool
	if err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", lockProcess, key).Scan(&free); err != nil || !free {
		return err
	}
	defer func() { _, _ = c.Exec(ctx, "SELECT pg_advisory_unlock($1, $2)", lockProcess, key) }()
	_, err = c.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	return err
}

// drop waits a moment for sessions that are just ending: DROP DATABASE looks for them ten times a second only.
func (s *server) drop(ctx context.Context, name string) error {
	for range 50 {
		var busy bool
		if err := s.admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)", name).Scan(&busy); err != nil {
			return err
		}
		if !busy {
			break
		}
	}
	_, err := s.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	return err
}

// create makes the test's database: a copy of the migrated template, or an empty one when files is nil.
func (s *server) create(ctx context.Context, name string, files fs.FS) error {
	if files == nil {
		return s.copy(ctx, name, "template0")
	}
	hash, err := contentHash(files)
	if err != nil {
		return err
	}
	t := s.template(hash)
	t.once.Do(func() { t.err = s.ensureTemplate(ctx, t.name, files) })
	if t.err != nil {
		return t.err
	}
	err = s.copy(ctx, name, t.name)
	if pg.SQLState(err) != "3D000" {
		return err
	}
	// Another process took the template for old. Make it again.
	if err := s.ensureTemplate(ctx, t.name, files); err != nil {
		return err
	}
	return s.copy(ctx, name, t.name)
}

func (s *server) template(hash string) *template {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.templates[hash]
	if t == nil {
		t = &template{name: templatePrefix + hash}
		s.templates[hash] = t
	}
	return t
}

func (s *server) copy(ctx context.Context, name, from string) error {
	_, err := s.admin.Exec(ctx, "CREATE DATABASE "+name+" OWNER "+s.owner.Username()+" TEMPLATE "+from+s.strategy())
	return err
}

// strategy copies the template's files (version 15 asks for it by name, older ones know nothing else): for a test's database
// 23 ms in memory and 300 ms on a disk where making files is slow, against 530 ms there page by page through shared memory.
func (s *server) strategy() string {
	if s.version() < 150000 {
		return ""
	}
	return " STRATEGY FILE_COPY"
}

func (s *server) version() int {
	n, _ := strconv.Atoi(s.alive.PgConn().ParameterStatus("server_version_num"))
	return n
}

// ensureTemplate makes and migrates the template once, whichever process comes first. It is built under another name:
// one that is there is whole.
func (s *server) ensureTemplate(ctx context.Context, name string, files fs.FS) error {
	return s.locked(ctx, lockTemplate, hashKey(name), func(c *pgxpool.Conn) error {
		var exists bool
		if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
			return err
		}
		building := name + "_new"
		if _, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+building+" WITH (FORCE)"); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, "CREATE DATABASE "+building+" OWNER "+s.owner.Username()+" TEMPLATE template0"); err != nil {
			return err
		}
		if _, err := pg.Migrate(ctx, s.url(building, s.owner), files, pg.MigrateOptions{}); err != nil {
			return fmt.Errorf("migrating the template: %w", err)
		}
		for _, statement := range []string{
			"COMMENT ON DATABASE " + building + " IS '" + strconv.FormatInt(time.Now().Unix(), 10) + "'",
			"ALTER DATABASE " + building + " RENAME TO " + name,
			// Nobody may connect to it any more: a template with a session cannot be copied.
			"ALTER DATABASE " + name + " WITH IS_TEMPLATE true ALLOW_CONNECTIONS false",
		} {
			if err := untilUnused(ctx, func() error { _, err := c.Exec(ctx, statement); return err }); err != nil {
				return err
			}
		}
		return nil
	})
}

// untilUnused repeats a statement that a session, just closing, still stands in the way of.
func untilUnused(ctx context.Context, try func() error) error {
	for {
		err := try()
		if pg.SQLState(err) != "55006" || ctx.Err() != nil {
			return err
		}
	}
}

func dropTemplate(ctx context.Context, c *pgxpool.Conn, name string) error {
	if _, err := c.Exec(ctx, "ALTER DATABASE "+name+" WITH IS_TEMPLATE false"); err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "3D000" {
			return nil
		}
		return err
	}
	_, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	return err
}

func hashKey(name string) int32 {
	sum := sha256.Sum256([]byte(name))
	return int32(sum[0])<<24 | int32(sum[1])<<16 | int32(sum[2])<<8 | int32(sum[3])
}

// contentHash names the migrations by what they say.
func contentHash(files fs.FS) (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
