package hub

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// Authenticate finds who holds the key, and the organisation that the request is about: the named one, or the only one that
// the key reaches. The same fault answers a key that never was, one that was revoked and one that has expired.
func (h *Hub) Authenticate(ctx context.Context, bearer, organisationID string) (auth.Viewer, error) {
	if bearer == "" {
		return auth.Viewer{}, fault.New(fault.Unauthenticated, "Sign in first: send the header Authorization: Bearer KEY.")
	}
	key, err := auth.ParseKey(bearer)
	if err != nil {
		return auth.Viewer{}, err
	}
	var found *store.FoundKey
	err = pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		found, err = store.FindKey(ctx, tx, key.Hash())
		return err
	})
	if err != nil {
		return auth.Viewer{}, err
	}
	if found == nil || found.Revoked || found.Expired || len(found.Organisations) == 0 {
		return auth.Viewer{}, fault.New(fault.Unauthenticated, "This API key is not valid: it is unknown, revoked or expired.")
	}
	v := auth.Viewer{
		Actor:         change.Actor{Kind: change.ActorKey, ID: found.ID, Name: found.Name},
		Organisations: found.Organisations,
	}
	for _, s := range found.Scopes {
		v.Scopes = append(v.Scopes, auth.Scope(s))
	}
	v.Organisation, err = chooseOrganisation(found.Organisations, organisationID)
	return v, err
}

func chooseOrganisation(reachable []organisation.Organisation, id string) (organisation.Organisation, error) {
	if id == "" && len(reachable) == 1 {
		return reachable[0], nil
	}
	if id == "" {
		ids := make([]string, len(reachable))
		for i, o := range reachable {
			ids[i] = string(o.ID)
		}
		return organisation.Organisation{}, fault.Because(fault.Forbidden, "ORGANISATION_REQUIRED",
			"This key reaches several organisations. Name one in the header Hub-Organisation.").With("organisations", strings.Join(ids, ","))
	}
	at := slices.IndexFunc(reachable, func(o organisation.Organisation) bool { return strings.EqualFold(string(o.ID), id) })
	if at < 0 {
		// The same words whether the organisation exists or not.
		return organisation.Organisation{}, fault.Because(fault.Forbidden, "ORGANISATION_UNREACHABLE",
			"This key does not reach that organisation.")
	}
	return reachable[at], nil
}

// CreateOrganisation adds an organisation. It is an operator's command: who runs it has the database's credentials.
func (h *Hub) CreateOrganisation(ctx context.Context, name string) (organisation.Organisation, error) {
	name, err := organisation.ValidName(name)
	if err != nil {
		return organisation.Organisation{}, err
	}
	id := organisation.ID(store.NewID())
	var out organisation.Organisation
	err = pg.InOrganisation(ctx, h.pool, string(id), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		out, err = store.InsertOrganisation(ctx, tx, id, name)
		return err
	})
	return out, err
}

// RenameOrganisation gives an organisation another name, or NotFound.
func (h *Hub) RenameOrganisation(ctx context.Context, id organisation.ID, name string) error {
	name, err := organisation.ValidName(name)
	if err != nil {
		return err
	}
	if err := validID(id, "organisation"); err != nil {
		return err
	}
	return pg.InOrganisation(ctx, h.pool, string(id), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.RenameOrganisation(ctx, tx, name)
	})
}

// Organisations lists all organisations, by name.
func (h *Hub) Organisations(ctx context.Context) ([]organisation.Organisation, error) {
	var out []organisation.Organisation
	err := pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = store.ListOrganisations(ctx, tx)
		return err
	})
	return out, err
}

// Organisation finds one organisation by its id or, when exactly one carries it, its name. An empty text finds the only
// organisation there is.
func (h *Hub) Organisation(ctx context.Context, idOrName string) (organisation.Organisation, error) {
	all, err := h.Organisations(ctx)
	if err != nil {
		return organisation.Organisation{}, err
	}
	fits := slices.DeleteFunc(all, func(o organisation.Organisation) bool {
		return idOrName != "" && !strings.EqualFold(string(o.ID), idOrName) && !strings.EqualFold(o.Name, idOrName)
	})
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1 && idOrName == "":
		return organisation.Organisation{}, fault.New(fault.Ambiguous, "There are %d organisations. Name one by its id; hub organisation list shows them.", len(fits))
	case len(fits) > 1:
		return organisation.Organisation{}, fault.New(fault.Ambiguous, "Several organisations are called %q. Name one by its id.", idOrName)
	case idOrName == "":
		return organisation.Organisation{}, fault.New(fault.NotFound, "There is no organisation yet. Make one with hub organisation create NAME.")
	}
	return organisation.Organisation{}, fault.New(fault.NotFound, "There is no organisation %q. hub organisation list shows them.", idOrName)
}

// NewKey describes a key to be made.
type NewKey struct {
	Name string
	// Organisations that the key reaches; at least one.
	Organisations []organisation.ID
	Scopes        []auth.Scope
	// ExpiresIn is how long the key is good for; 0 is for ever.
	ExpiresIn time.Duration
}

// CreateKey makes an API key and gives it, the only time it can be seen.
func (h *Hub) CreateKey(ctx context.Context, in NewKey) (auth.Key, error) {
	in.Name = strings.TrimSpace(in.Name)
	if n := utf8.RuneCountInString(in.Name); n == 0 || n > 200 {
		return "", fault.New(fault.Invalid, "A key needs a name of 1 to 200 characters, so that people know whose it is.")
	}
	if len(in.Organisations) == 0 || len(in.Scopes) == 0 {
		return "", fault.New(fault.Invalid, "A key needs an organisation and a scope.")
	}
	if in.ExpiresIn < 0 {
		return "", fault.New(fault.Invalid, "A key cannot expire before it is made.")
	}
	for _, org := range in.Organisations {
		if err := validID(org, "organisation"); err != nil {
			return "", err
		}
	}
	key := auth.NewKey()
	row := store.NewKey{
		ID: store.NewID(), Name: in.Name, Prefix: key.Prefix(), Hash: key.Hash(), Scopes: make([]string, len(in.Scopes)),
		ExpiresIn: in.ExpiresIn, Organisations: in.Organisations,
	}
	for i, s := range in.Scopes {
		row.Scopes[i] = string(s)
	}
	err := pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.CreateKey(ctx, tx, row)
	})
	if err != nil {
		return "", err
	}
	return key, nil
}

// Keys lists the keys that reach an organisation, oldest first.
func (h *Hub) Keys(ctx context.Context, org organisation.ID) ([]store.KeyRow, error) {
	var out []store.KeyRow
	err := pg.ReadInOrganisation(ctx, h.pool, string(org), func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = store.ListKeys(ctx, tx)
		return err
	})
	return out, err
}

// RevokeKey ends a key at once, in all organisations that it reaches.
func (h *Hub) RevokeKey(ctx context.Context, org organisation.ID, id string) error {
	if err := validID(id, "key"); err != nil {
		return err
	}
	return pg.InOrganisation(ctx, h.pool, string(org), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.RevokeKey(ctx, tx, id)
	})
}
