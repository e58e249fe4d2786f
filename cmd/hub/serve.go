package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"
)

// serveCommand runs the hub.
type serveCommand struct {
	Address       string        `help:"Where to serve HTTP." default:"127.0.0.1:8080" env:"HUB_ADDRESS"`
	Development   bool          `help:"Serve the explorer, allow introspection, let errors suggest names." env:"HUB_DEVELOPMENT"`
	Introspection bool          `help:"Allow introspection outside development." env:"HUB_INTROSPECTION"`
	AllowOrigin   []string      `help:"Origin whose pages may use the API from a browser, beside the server's own." placeholder:"URL" env:"HUB_ALLOW_ORIGIN"`
	PublicURL     string        `help:"Where systems reach this hub from outside, such as https://hub.example.test, so that they can tell it at once what changed. Without it no system is asked to, and polls find what changed." placeholder:"URL" env:"HUB_PUBLIC_URL"`
	TakeOverAfter time.Duration `help:"How long a replica may give no sign of life before others take over what it was working on." default:"30s" env:"HUB_TAKE_OVER_AFTER"`
	RetryAfter    time.Duration `help:"How long to wait after the first call that a system did not answer; it grows from there." default:"5s" env:"HUB_RETRY_AFTER"`
	LostAfter     time.Duration `help:"How long a system may be at work on a call whose answer was lost, before the call is sent again. What the system's vendor says, when not given." env:"HUB_LOST_AFTER"`
	ReadWait      time.Duration `help:"How long a read with maxStaleness waits for newer values of a system." default:"5s" env:"HUB_READ_WAIT"`
	ReadWaiters   int           `help:"How many reads may wait so at a time; others are answered at once with what the hub has." default:"100" env:"HUB_READ_WAITERS"`
	PlainReads    bool          `help:"Execute every query field by field instead of compiling it. The answers are the same and take about five times the CPU; it is for comparing." env:"HUB_PLAIN_READS"`
	databaseFlags `embed:""`
	keysetFlags   `embed:""`
	mailFlags     `embed:""`
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
	return errors.Join(checkPublicURL(c.PublicURL), checkTakeOver(c.TakeOverAfter), checkWaits(c.RetryAfter, c.LostAfter), checkReads(c.ReadWait, c.ReadWaiters), checkAddress("--address (HUB_ADDRESS)", c.Address),
		c.databaseFlags.Validate(), c.keysetFlags.Validate(), c.mailFlags.Validate())
}

// checkPublicURL takes what systems are told. Messages are signed and not secret, but systems send theirs to https only.
func checkPublicURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())) || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return usage("--public-url (HUB_PUBLIC_URL) takes https://HOST, with a path where the hub is below one, such as https://hub.example.test (http:// for this machine only)")
	}
	return nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func checkWaits(retry, lost time.Duration) error {
	if retry < 10*time.Millisecond || retry > time.Hour {
		return usage("--retry-after (HUB_RETRY_AFTER) takes 10ms to 1h, not %s", retry)
	}
	if lost < 0 || lost > 24*time.Hour {
		return usage("--lost-after (HUB_LOST_AFTER) takes 0s to 24h, not %s", lost)
	}
	return nil
}

// maxReadWait leaves a read the time to answer before the server ends it.
const maxReadWait = 15 * time.Second

func checkReads(wait time.Duration, waiters int) error {
	if wait < 10*time.Millisecond || wait > maxReadWait {
		return usage("--read-wait (HUB_READ_WAIT) takes 10ms to %s, not %s", maxReadWait, wait)
	}
	if waiters < 1 || waiters > 100_000 {
		return usage("--read-waiters (HUB_READ_WAITERS) takes 1 to 100000, not %d", waiters)
	}
	return nil
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
		mailServer, err := c.mailFlags.server()
		if err != nil {
			return err
		}
		if mailServer == nil {
			p.log.Warn("no mail server: error reports are not sent by this hub", "set", "HUB_MAIL_URL and HUB_MAIL_FROM")
		}
		a, err := newApp(ctx, p, d, appOptions{
			keyset: keyset, development: c.Development, introspection: c.Introspection, allowedOrigins: c.AllowOrigin, plainReads: c.PlainReads,
			lease: c.TakeOverAfter, retryAfter: c.RetryAfter, lostAfter: c.LostAfter, readWait: c.ReadWait, readWaiters: c.ReadWaiters,
			mail: mailServer, publicURL: strings.TrimRight(c.PublicURL, "/"),
		})
		if err != nil {
			return err
		}
		p.log.Info("serving", "graphql", "http://"+ln.Addr().String()+"/graphql", "version", version())
		return a.run(ctx, ln)
	})
}
