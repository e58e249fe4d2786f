package pg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/fault"
)

// Options tune a pool. The zero value is right for the hub's own work.
type Options struct {
	// MaxConns bounds the pool. Zero leaves it to pool_max_conns of the connection string, and without that to pgx:
	// four, or the number of CPUs when that is more.
	MaxConns int32
	// StatementTimeout ends any single statement that runs longer, on the server. Zero means none, unless the
	// connection string says otherwise.
	StatementTimeout time.Duration
	// ApplicationName is what pg_stat_activity shows. Empty means hub, unless the connection string says otherwise.
	ApplicationName string
	// ConnectTimeout bounds opening one connection. Zero means 5 seconds, unless the connection string says otherwise.
	ConnectTimeout time.Duration
	// Tracer sees every statement: tests count with it. Nil means none.
	Tracer pgx.QueryTracer
}

const (
	defaultConnectTimeout = 5 * time.Second
	// Connections are renewed now and then, so that a load balancer or a failover behind one address is noticed and
	// memory that a session gathered is given back.
	connLifetime = 30 * time.Minute
	connJitter   = 5 * time.Minute
	connIdle     = 5 * time.Minute
	healthCheck  = 15 * time.Second
	pingTimeout  = 2 * time.Second
)

// Open connects to the database and proves it with one round trip. An unusable connection string is Invalid, a server
// that does not answer is Unavailable; neither fault repeats the connection string or its password.
//
// A connection whose session cannot be worked with any more (the server restarts, or it turned out to be a read-only
// standby after a failover) leaves the pool at once, so the pool mends itself within moments of the server's return.
func Open(ctx context.Context, url string, o Options) (*pgxpool.Pool, error) {
	config, err := poolConfig(url, o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, connectFault(err, config.ConnConfig)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, connectFault(err, config.ConnConfig)
	}
	return pool, nil
}

func poolConfig(url string, o Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, badURL()
	}
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	config.MaxConnLifetime = connLifetime
	config.MaxConnLifetimeJitter = connJitter
	config.MaxConnIdleTime = connIdle
	config.HealthCheckPeriod = healthCheck
	config.PingTimeout = pingTimeout
	settle(config.ConnConfig, o)
	config.ConnConfig.Tracer = o.Tracer
	return config, nil
}

func connConfig(url string, o Options) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, badURL()
	}
	settle(config, o)
	return config, nil
}

// badURL says nothing of the cause: the parser's words may quote the string, and with it a password.
func badURL() error {
	return fault.New(fault.Invalid, "the database URL cannot be read; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE (special characters in the password percent-encoded)")
}

func settle(config *pgx.ConnConfig, o Options) {
	if config.RuntimeParams == nil {
		config.RuntimeParams = make(map[string]string)
	}
	if o.ApplicationName != "" || config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = cmp.Or(o.ApplicationName, "hub")
	}
	if o.StatementTimeout > 0 {
		config.RuntimeParams["statement_timeout"] = strconv.FormatInt(o.StatementTimeout.Milliseconds(), 10)
	}
	if o.ConnectTimeout > 0 {
		config.ConnectTimeout = o.ConnectTimeout
	} else if config.ConnectTimeout == 0 {
		config.ConnectTimeout = defaultConnectTimeout
	}
	previous := config.OnPgError
	config.OnPgError = func(c *pgconn.PgConn, e *pgconn.PgError) bool {
		if sessionIsLost(e.Code) {
			return false
		}
		return previous == nil || previous(c, e)
	}
}

// sessionIsLost says whether a connection that got this error should not be used again: the server goes away or refuses
// (57P01 to 57P03), the connection is broken (class 08), or the server cannot be written to, as an old primary after a
// failover (25006). A write inside a transaction that we made read-only ourselves gives 25006 too; that is a defect, and
// losing a connection to it is cheap.
func sessionIsLost(code string) bool {
	return strings.HasPrefix(code, "08") || slices.Contains([]string{"25006", "57P01", "57P02", "57P03"}, code)
}

func connectFault(err error, config *pgx.ConnConfig) error {
	where := address(config)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "28P01", "28000":
			return fault.Wrap(fault.Invalid, reason(e), "the database at %s refuses user %q: check user and password of the database URL", where, config.User)
		case "3D000":
			return fault.Wrap(fault.Invalid, reason(e), "the server at %s has no database %q: create it, or correct the database URL", where, config.Database)
		case "53300":
			return fault.Wrap(fault.Unavailable, reason(e), "the database at %s has no connection left", where)
		}
		return fault.Wrap(fault.Unavailable, reason(e), "the database at %s does not take connections now", where)
	}
	return fault.Wrap(fault.Unavailable, reason(err), "the database at %s does not answer", where)
}

// reason keeps the innermost cause: the layers above it name the connection's settings.
func reason(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e
	}
	if e, ok := errors.AsType[net.Error](err); ok {
		return e
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func address(config *pgx.ConnConfig) string {
	if strings.HasPrefix(config.Host, "/") {
		return config.Host
	}
	return net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
}
