package main

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// serveCommand runs the hub.
type serveCommand struct {
	Address       string        `help:"Where to serve HTTP." default:"127.0.0.1:8080" env:"HUB_ADDRESS"`
	Development   bool          `help:"Serve the explorer, allow introspection, let errors suggest names." env:"HUB_DEVELOPMENT"`
	Introspection bool          `help:"Allow introspection outside development." env:"HUB_INTROSPECTION"`
	AllowOrigin   []string      `help:"Origin whose pages may use the API from a browser, beside the server's own." placeholder:"URL" env:"HUB_ALLOW_ORIGIN"`
	TakeOverAfter time.Duration `help:"How long a replica may give no sign of life before others take over what it was working on." default:"30s" env:"HUB_TAKE_OVER_AFTER"`
	databaseFlags `embed:""`
	keysetFlags   `embed:""`
}

// minTakeOver leaves a sign of life the time to arrive.
const minTakeOver = 2 * time.Second

// Validate checks the command's own flags.
func (c *serveCommand) Validate() error {
	for _, origin := range c.AllowOrigin {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origin || u.Hostname() == "" {
			return usage("--allow-origin (HUB_ALLOW_ORIGIN) takes SCHEME://HOST or SCHEME://HOST:PORT such as https://app.example.test, not %q", origin)
		}
	}
	return errors.Join(checkTakeOver(c.TakeOverAfter), checkAddress("--address (HUB_ADDRESS)", c.Address),
		c.databaseFlags.Validate(), c.keysetFlags.Validate())
}

func checkTakeOver(after time.Duration) error {
	if after < minTakeOver || after > time.Hour {
		return usage("--take-over-after (HUB_TAKE_OVER_AFTER) takes %s to 1h, not %s", minTakeOver, after)
	}
	return nil
}

// Run serves until interrupted.
func (c *serveCommand) Run(ctx context.Context, p *program) error {
	ln, err := listen(ctx, c.Address, "--address")
	if err != nil {
		return err
	}
	defer ln.Close()
	return c.alone(ctx, p, func(d *database) error {
		keyset, err := c.read(d.keyset)
		if err != nil {
			return err
		}
		if keyset == nil {
			p.log.Warn("no keyset: credentials of systems can be neither stored nor used, so runs are left to other hubs", "set", "HUB_KEYSET or HUB_KEYSET_FILE")
		}
		a := newApp(p, d, appOptions{
			keyset: keyset, development: c.Development, introspection: c.Introspection, allowedOrigins: c.AllowOrigin,
			lease: c.TakeOverAfter,
		})
		p.log.Info("serving", "graphql", "http://"+ln.Addr().String()+"/graphql", "version", version())
		return a.run(ctx, ln)
	})
}
