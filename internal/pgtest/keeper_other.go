//go:build !unix

package pgtest

import (
	"context"
	"errors"
)

func joinKeeper(context.Context) (string, error) {
	return "", errors.New("tests cannot start a Postgres on this system: set HUB_TEST_DATABASE_URL to a superuser's URL")
}
