package pg_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
)

// TestCheckRole makes each kind of role inside a transaction that is rolled back: roles belong to the whole cluster.
func TestCheckRole(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	for name, c := range map[string]struct {
		make string
		want string // empty means the role passes
	}{
		"MemberOfTheGroupPasses": {
			make: "CREATE ROLE r LOGIN IN ROLE hub_app",
		},
		"MemberThroughAnotherGroupPasses": {
			make: "CREATE ROLE team IN ROLE hub_app; CREATE ROLE r LOGIN IN ROLE team",
		},
		"SuperuserIsRefused": {
			make: "CREATE ROLE r LOGIN SUPERUSER IN ROLE hub_app", want: "it is a superuser",
		},
		"BypassIsRefused": {
			make: "CREATE ROLE r LOGIN BYPASSRLS IN ROLE hub_app", want: "BYPASSRLS",
		},
		"RoleMakerIsRefused": {
			make: "CREATE ROLE r LOGIN CREATEROLE IN ROLE hub_app", want: "CREATEROLE",
		},
		"OwnerOfATableIsRefused": {
			make: "CREATE ROLE r LOGIN IN ROLE hub_app; CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO r", want: "it is an owner",
		},
		"OwnerOfAFunctionIsRefused": {
			make: "CREATE ROLE r LOGIN IN ROLE hub_app; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() OWNER TO r", want: "it is an owner",
		},
		"OwnerOfASchemaIsRefused": {
			make: "CREATE ROLE r LOGIN IN ROLE hub_app; CREATE SCHEMA s AUTHORIZATION r", want: "it is an owner",
		},
		"MemberOfTheOwnerIsRefused": {
			make: "CREATE ROLE r LOGIN IN ROLE hub_app, hub_owner_of_test", want: "it is a member of hub_owner_of_test, which is an owner",
		},
		"IndirectMemberWithoutInheritanceIsRefused": {
			make: "CREATE ROLE team IN ROLE hub_owner_of_test; CREATE ROLE r LOGIN NOINHERIT IN ROLE team; GRANT hub_app TO r",
			want: "which is an owner",
		},
		"MemberOfASuperuserIsRefused": {
			make: "CREATE ROLE chief SUPERUSER; CREATE ROLE r LOGIN IN ROLE hub_app, chief", want: "it is a member of chief, which is a superuser",
		},
		"ReaderOfServerFilesIsRefused": {
			make: "CREATE ROLE r LOGIN IN ROLE hub_app, pg_read_server_files", want: "server's files",
		},
		"StrangerIsRefused": {
			make: "CREATE ROLE r LOGIN", want: "not a member of hub_app, whom the policies are made for (GRANT hub_app TO \"r\")",
		},
		"GroupThatOwnsIsRefused": {
			make: "CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO hub_app; CREATE ROLE r LOGIN IN ROLE hub_app", want: "hub_app itself owns",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tx, err := server.Super.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(t.Context()) }()
			execute(t, tx, "CREATE ROLE hub_owner_of_test LOGIN; CREATE TABLE owned (id int); ALTER TABLE owned OWNER TO hub_owner_of_test")
			execute(t, tx, c.make)
			execute(t, tx, "SET LOCAL SESSION AUTHORIZATION r")
			wantRole(t, tx, c.want)
		})
	}

	t.Run("RoleThatMayReturnToAStrongerOneIsRefused", func(t *testing.T) {
		tx, err := server.Super.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }()
		execute(t, tx, "CREATE ROLE r LOGIN IN ROLE hub_app")
		execute(t, tx, "SET LOCAL ROLE r") // the session stays the superuser's
		wantRole(t, tx, "superuser")
	})
}

func wantRole(t *testing.T, tx pgx.Tx, want string) {
	t.Helper()
	err := pg.CheckRole(t.Context(), tx)
	if want == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	wantCode(t, err, fault.Forbidden, want, "HUB_DATABASE_URL")
	if reason := fault.Of(err).ReasonOrCode(); !strings.Contains(reason, "ROW_SECURITY") {
		t.Errorf("reason %s", reason)
	}
}
