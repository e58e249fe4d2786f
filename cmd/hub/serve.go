package main

import (
	"context"
	"errors"
)

// serveCommand runs the hub.
type serveCommand struct {
	databaseFlags `embed:""`
	keysetFlags   `embed:""`
	Address       string   `help:"Where to serve HTTP." default:"127.0.0.1:8080" env:"HUB_ADDRESS"`
	Development   bool     `help:"Serve the explorer, allow introspection, let errors suggest names." env:"HUB_DEVELOPMENT"`
	Introspection bool     `help:"Allow introspection outside development." env:"HUB_INTROSPECTION"`
	AllowOrigin   []string `help:"Origin whose pages may use the API from a browser, beside the server's own." placeholder:"URL" env:"HUB_ALLOW_ORIGIN"`
}

// Run serves until interrupted.
func (c *serveCommand) Run(ctx context.Context, p *program) error {
	ln, err := listen(ctx, c.Address, "--address")
	if err != nil {
		return err
	}
	return c.with(ctx, p, func(d *database) error {
		keyset, err := c.read(d.keyset)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		if keyset == nil {
			p.log.Warn("no keyset: credentials of systems can be neither stored nor used", "set", "HUB_KEYSET or HUB_KEYSET_FILE")
		}
		a := newApp(p, d, appOptions{
			keyset: keyset, development: c.Development, introspection: c.Introspection, allowedOrigins: c.AllowOrigin,
		})
		p.log.Info("serving", "graphql", "http://"+ln.Addr().String()+"/graphql", "version", version())
		return a.run(ctx, ln)
	})
}
