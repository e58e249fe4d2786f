// Package pg is the hub's way to Postgres: connecting, the organisation of a transaction, the check that row security
// holds for the role we run as, database errors as faults, migrations, and notifications.
//
// It knows nothing about customers or any table but those that record migrations; SQL about the hub's own data is in
// package store. It never prints a connection string, because it may hold a password (Promise 11).
package pg
