package pg

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
)

// AppRole is the group role that row security's policies name (design section 8). Logins of the hub are its members. It
// cannot log in itself and belongs to the whole cluster, so no migration ever drops it.
const AppRole = "hub_app"

// Both the session's role and the current one are looked at, because a session may return to the former at any time.
// Owning is looked at for everything that could undo row security: the tables themselves, functions that run as their
// owner, schemas and the database.
const sqlRole = `
WITH me AS (
	SELECT r.oid, r.rolname
	FROM pg_roles r
	WHERE r.rolname IN (current_user, session_user)
), owner AS (
	SELECT c.relowner AS oid
	FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
	UNION
	SELECT p.proowner
	FROM pg_proc p
	JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
	UNION
	SELECT n.nspowner
	FROM pg_namespace n
	WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
	UNION
	SELECT d.datdba
	FROM pg_database d
	WHERE d.datname = current_database()
)
SELECT
	me.rolname AS me,
	r.rolname AS role,
	r.rolsuper AS is_super,
	r.rolbypassrls AS bypasses,
	r.rolcreaterole AS makes_roles,
	EXISTS (SELECT FROM owner o WHERE o.oid = r.oid) AS owns,
	r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program') AS reaches_files
FROM me
JOIN pg_roles r ON pg_has_role(me.oid, r.oid, 'MEMBER')
ORDER BY r.oid = me.oid DESC, me.rolname, r.rolname`

const sqlRoleIsApp = `
SELECT
	current_user::text,
	EXISTS (
		SELECT
		FROM pg_roles r
		WHERE r.rolname = @app
			AND r.rolname <> current_user
			AND pg_has_role(current_user, r.oid, 'USAGE')
	)`

type roleRight struct {
	Me           string
	Role         string
	IsSuper      bool
	Bypasses     bool
	MakesRoles   bool
	Owns         bool
	ReachesFiles bool
}

// CheckRole refuses a role for which row security would not hold (Promise 7): a superuser, one with BYPASSRLS or
// CREATEROLE, an owner of anything in the database, a member, directly or through others, of such a role, or one that
// is no member of hub_app. The fault is Forbidden and says what to do.
func CheckRole(ctx context.Context, db DB) error {
	var me string
	var isApp bool
	if err := db.QueryRow(ctx, sqlRoleIsApp, pgx.StrictNamedArgs{"app": AppRole}).Scan(&me, &isApp); err != nil {
		return Fault(err, "role of the database connection")
	}
	rows, _ := db.Query(ctx, sqlRole)
	rights, err := pgx.CollectRows(rows, pgx.RowToStructByName[roleRight])
	if err != nil {
		return Fault(err, "rights of role %s", me)
	}
	for _, r := range rights {
		if r.Role == AppRole && r.Owns {
			return refuseRole(r.Me, "hub_app itself owns objects of this database; they belong to the owner that migrates")
		}
		if why := r.danger(); why != "" {
			return refuseRole(r.Me, why)
		}
	}
	if !isApp {
		return refuseRole(me, "it is not a member of "+AppRole+", whom the policies are made for (GRANT "+AppRole+" TO "+pgx.Identifier{me}.Sanitize()+")")
	}
	return nil
}

func (r roleRight) danger() string {
	var is string
	switch {
	case r.IsSuper:
		is = "a superuser"
	case r.Bypasses:
		is = "allowed to bypass row security (BYPASSRLS)"
	case r.MakesRoles:
		is = "allowed to make roles (CREATEROLE) and so to join the owner"
	case r.Owns:
		is = "an owner of tables, functions, a schema or the database"
	case r.ReachesFiles:
		is = "allowed to reach the server's files or programs"
	default:
		return ""
	}
	if r.Role == r.Me {
		return "it is " + is
	}
	return "it is a member of " + r.Role + ", which is " + is
}

func refuseRole(me, why string) error {
	return fault.Because(fault.Forbidden, "ROLE_BYPASSES_ROW_SECURITY", "%s", strings.Join([]string{
		"the hub does not work as database role ", me, ": ", why,
		". Use a login of its own for HUB_DATABASE_URL: CREATE ROLE hub_login LOGIN PASSWORD '...' IN ROLE ", AppRole,
		"; and give the owner only to HUB_MIGRATE_DATABASE_URL",
	}, ""))
}
