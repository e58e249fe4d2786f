package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/secret"
	"customerhub/internal/store"
	"customerhub/migrations"
)

// migrateCommand moves the schema.
type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the database up to the newest version. Needs the owner's login."`
	Down   migrateDown   `cmd:"" help:"Take migrations back, newest first. DATA OF TABLES THAT GO IS LOST. Needs the owner's login."`
	Status migrateStatus `cmd:"" help:"Show at which version the database is."`
}

type migrateUp struct {
	databaseFlags `embed:""`
}

// owner opens the database and gives its owner's login.
func (f databaseFlags) owner(ctx context.Context, p *program) (*database, error) {
	if f.Data == "" {
		if f.MigrateDatabaseURL == "" {
			return nil, usage("migrations run under the database's owner: set --migrate-database-url (HUB_MIGRATE_DATABASE_URL), or --data (HUB_DATA)")
		}
		return &database{ownerURL: f.MigrateDatabaseURL}, nil
	}
	return f.open(ctx, p, making)
}

func (d *database) closeOwner() error {
	if d.pool == nil {
		return nil
	}
	return d.close()
}

// Run migrates up.
func (c *migrateUp) Run(ctx context.Context, p *program) error {
	d, err := c.owner(ctx, p)
	if err != nil {
		return err
	}
	result, err := pg.Migrate(ctx, d.ownerURL, migrations.FS, pg.MigrateOptions{Logger: p.log})
	if err == nil {
		p.printf("The database went from version %d to version %d.\n", result.From, result.To)
	}
	return joinClose(err, d.closeOwner)
}

type migrateDown struct {
	Steps         int  `help:"How many migrations to take back." default:"1"`
	All           bool `help:"Take all of them back."`
	Yes           bool `help:"Do it; without this, nothing is done."`
	databaseFlags `embed:""`
}

// Validate checks the command's own flags.
func (c *migrateDown) Validate() error {
	switch {
	case c.Steps < 1:
		return usage("--steps takes 1 or more, not %d", c.Steps)
	case !c.Yes:
		return usage("taking migrations back loses the data of the tables that go; say --yes to do it")
	}
	return c.databaseFlags.Validate()
}

// Run migrates down.
func (c *migrateDown) Run(ctx context.Context, p *program) error {
	d, err := c.owner(ctx, p)
	if err != nil {
		return err
	}
	o := pg.MigrateOptions{Logger: p.log, Steps: c.Steps}
	if c.All {
		o.Steps = 0
	}
	result, err := pg.MigrateDown(ctx, d.ownerURL, migrations.FS, o)
	if err == nil {
		p.printf("The database went from version %d to version %d.\n", result.From, result.To)
	}
	return joinClose(err, d.closeOwner)
}

type migrateStatus struct {
	databaseFlags `embed:""`
}

// Run shows the version.
func (c *migrateStatus) Run(ctx context.Context, p *program) error {
	if c.DatabaseURL == "" {
		c.DatabaseURL = c.MigrateDatabaseURL // either login may ask
	}
	d, err := c.open(ctx, p, beside)
	if err != nil {
		return err
	}
	status, err := pg.StatusOf(ctx, d.pool, migrations.FS)
	if err != nil {
		return joinClose(err, d.close)
	}
	p.printf("database version %d, this hub has %d\n", status.Current, status.Latest)
	for _, a := range status.Applied {
		p.printf("  %06d %-16s %s\n", a.Version, a.Name, a.At.UTC().Format(time.RFC3339))
	}
	for _, m := range status.Pending {
		p.printf("  %06d %-16s not applied: run hub migrate up\n", m.Version, m.Name)
	}
	return d.close()
}

func joinClose(err error, closing func() error) error {
	if closeErr := closing(); err == nil {
		return closeErr
	}
	return err
}

// organisationCommand makes and lists organisations.
type organisationCommand struct {
	Create organisationCreate `cmd:"" help:"Make an organisation and print its id."`
	List   organisationList   `cmd:"" help:"List the organisations."`
	Rename organisationRename `cmd:"" help:"Give an organisation another name."`
}

type organisationCreate struct {
	Name          string `arg:"" help:"Its name."`
	databaseFlags `embed:""`
}

// Run makes an organisation.
func (c *organisationCreate) Run(ctx context.Context, p *program) error {
	return c.making(ctx, p, func(d *database) error {
		org, err := hub.New(d.pool, hub.Options{Log: p.log}).CreateOrganisation(ctx, c.Name)
		if err == nil {
			p.printf("%s\n", org.ID)
		}
		return err
	})
}

type organisationList struct {
	databaseFlags `embed:""`
}

// Run lists the organisations.
func (c *organisationList) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		all, err := hub.New(d.pool, hub.Options{Log: p.log}).Organisations(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tSINCE")
		for _, o := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\n", o.ID, oneLine(o.Name), o.CreatedAt.Format(time.DateOnly))
		}
		return w.Flush()
	})
}

type organisationRename struct {
	Organisation  string `arg:"" help:"Its id or present name."`
	Name          string `arg:"" help:"The new name."`
	databaseFlags `embed:""`
}

// Run renames an organisation.
func (c *organisationRename) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		h := hub.New(d.pool, hub.Options{Log: p.log})
		org, err := h.Organisation(ctx, c.Organisation)
		if err != nil {
			return err
		}
		return h.RenameOrganisation(ctx, org.ID, c.Name)
	})
}

// keyCommand makes, lists and revokes API keys.
type keyCommand struct {
	Create keyCreate `cmd:"" help:"Make a key and print it, the only time it can be seen."`
	List   keyList   `cmd:"" help:"List the keys that reach an organisation."`
	Revoke keyRevoke `cmd:"" help:"End a key at once, in all organisations that it reaches."`
}

type keyCreate struct {
	Name          string         `arg:"" help:"Whose key it is, or what for."`
	Organisation  []string       `help:"Id or name of an organisation that the key reaches; several may be given. The only one when there is one." short:"o"`
	Scope         []string       `help:"What the key may do: ${scopes}." required:"" short:"s"`
	ExpiresIn     *time.Duration `help:"How long the key is good for, such as 720h; for ever when not given." placeholder:"TIME"`
	databaseFlags `embed:""`
}

// maxExpiry is ten years.
const maxExpiry = 10 * 365 * 24 * time.Hour

// Validate checks the command's own flags.
func (c *keyCreate) Validate() error {
	if _, err := auth.ParseScopes(c.Scope); err != nil {
		return usage("--scope: %s", err)
	}
	if c.ExpiresIn != nil && (*c.ExpiresIn < time.Second || *c.ExpiresIn > maxExpiry) {
		return usage("--expires-in takes 1s to %s (ten years), not %s", maxExpiry, *c.ExpiresIn)
	}
	return c.databaseFlags.Validate()
}

// Run makes a key.
func (c *keyCreate) Run(ctx context.Context, p *program) error {
	scopes, err := auth.ParseScopes(c.Scope)
	if err != nil {
		return err
	}
	var good time.Duration
	if c.ExpiresIn != nil {
		good = *c.ExpiresIn
	}
	return c.with(ctx, p, func(d *database) error {
		h := hub.New(d.pool, hub.Options{Log: p.log})
		names := c.Organisation
		if len(names) == 0 {
			names = []string{""}
		}
		reach := make([]organisation.ID, len(names))
		for i, name := range names {
			org, err := h.Organisation(ctx, name)
			if err != nil {
				return err
			}
			reach[i] = org.ID
		}
		key, err := h.CreateKey(ctx, hub.NewKey{Name: c.Name, Organisations: reach, Scopes: scopes, ExpiresIn: good})
		if err == nil {
			p.printf("%s\n", key.Reveal())
		}
		return err
	})
}

type keyList struct {
	Organisation  string `help:"Id or name of the organisation; the only one when there is one." short:"o"`
	databaseFlags `embed:""`
}

// Run lists keys.
func (c *keyList) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		h := hub.New(d.pool, hub.Options{Log: p.log})
		org, err := h.Organisation(ctx, c.Organisation)
		if err != nil {
			return err
		}
		keys, err := h.Keys(ctx, org.ID)
		if err != nil {
			return err
		}
		now, err := store.Now(ctx, d.pool)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tKEY\tNAME\tSCOPES\tLAST USED\tSTATE")
		for _, k := range keys {
			state := "valid"
			switch {
			case k.RevokedAt != nil:
				state = "revoked " + k.RevokedAt.UTC().Format(time.DateOnly)
			case k.ExpiresAt != nil && !k.ExpiresAt.After(now):
				state = "expired " + k.ExpiresAt.UTC().Format(time.DateOnly)
			case k.ExpiresAt != nil:
				state = "valid until " + k.ExpiresAt.UTC().Format(time.DateOnly)
			}
			used := "never"
			if k.LastUsedAt != nil {
				used = k.LastUsedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s…\t%s\t%s\t%s\t%s\n", k.ID, k.Prefix, oneLine(k.Name), strings.Join(k.Scopes, " "), used, state)
		}
		return w.Flush()
	})
}

type keyRevoke struct {
	ID            string `arg:"" help:"The key's id, as hub key list shows it."`
	Organisation  string `help:"Id or name of an organisation that the key reaches; the only one when there is one." short:"o"`
	databaseFlags `embed:""`
}

// Run revokes a key.
func (c *keyRevoke) Run(ctx context.Context, p *program) error {
	return c.with(ctx, p, func(d *database) error {
		h := hub.New(d.pool, hub.Options{Log: p.log})
		org, err := h.Organisation(ctx, c.Organisation)
		if err != nil {
			return err
		}
		return h.RevokeKey(ctx, org.ID, c.ID)
	})
}

// keysetCommand makes keysets.
type keysetCommand struct {
	Rotate string `help:"File of a keyset to rotate: the new one seals with a new key and opens what the old one sealed." type:"path" placeholder:"FILE"`
}

// Run prints a keyset.
func (c *keysetCommand) Run(p *program) error {
	k, err := secret.Generate()
	if c.Rotate != "" {
		var old *secret.Keyset
		if old, err = readKeyset(c.Rotate); err == nil {
			k, err = old.Rotated()
		}
		err = named(err, "--rotate")
	}
	if err != nil {
		return err
	}
	text, err := k.Text()
	if err == nil {
		p.printf("%s\n", text)
	}
	return err
}
