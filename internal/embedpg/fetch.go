package embedpg

import (
	"context"
	"errors"
)

func fetch(ctx context.Context, o Options, who account) (Binaries, error) {
	return Binaries{}, errors.New("fetching is not built yet")
}
