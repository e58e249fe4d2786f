// Package pgtest gives each test a Postgres database of its own, migrated, with the two roles the hub works with.
//
// One server is shared by all test processes of a user: the first that needs it starts a keeper process, which runs the
// server and ends by itself when no test process has used it for a minute. Its folder is in memory (/dev/shm) where that
// holds 8 GB and TMPDIR is not set, else in the temporary folder. HUB_TEST_DATABASE_URL (a superuser's) names a server to
// use instead; HUB_POSTGRES_BIN and HUB_POSTGRES_FETCH_URL say where Postgres comes from, as they do for the hub;
// HUB_PGTEST_IDLE (such as 60s) how long an unused server stays. The migrations run once per content into a template; a
// test's database is a copy of that.
package pgtest
