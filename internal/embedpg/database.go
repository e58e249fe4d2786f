package embedpg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The roles that EnsureDatabase makes. The owner makes tables; the login works on them, through the group that row
// security's policies name. None is a superuser.
const (
	OwnerRole = "hub_owner"
	AppGroup  = "hub_app"
	LoginRole = "hub_login"
)

// EnsureDatabase makes the database and the roles where they are missing, and returns the connection strings of its
// owner and of the login that the application uses. Repeating it is safe.
func (s *Server) EnsureDatabase(ctx context.Context, name string) (ownerURL, appURL string, err error) {
	conn, err := pgx.Connect(ctx, s.SuperURL("postgres"))
	if err != nil {
		return "", "", fmt.Errorf("connecting to the new server: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, role := range []struct{ name, statement string }{
		{OwnerRole, "CREATE ROLE " + OwnerRole + " LOGIN CREATEROLE"},
		{AppGroup, "CREATE ROLE " + AppGroup + " NOLOGIN"},
		{LoginRole, "CREATE ROLE " + LoginRole + " LOGIN IN ROLE " + AppGroup},
	} {
		if err := ensure(ctx, conn, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role.name, role.statement); err != nil {
			return "", "", fmt.Errorf("making role %s: %w", role.name, err)
		}
	}
	create := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " OWNER " + OwnerRole
	if err := ensure(ctx, conn, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name, create); err != nil {
		return "", "", classified(s.folder.dir, fmt.Errorf("making database %s: %w", name, err), errorText(err))
	}
	return s.URL(name, OwnerRole), s.URL(name, LoginRole), nil
}

// ensure runs the statement unless the thing exists; that somebody made it meanwhile is as good.
func ensure(ctx context.Context, conn *pgx.Conn, exists, name, statement string) error {
	var there bool
	if err := conn.QueryRow(ctx, exists, name).Scan(&there); err != nil || there {
		return err
	}
	_, err := conn.Exec(ctx, statement)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == "42710" || e.Code == "42P04" || e.Code == "23505") {
		return nil
	}
	return err
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
