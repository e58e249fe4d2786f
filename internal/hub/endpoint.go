package hub

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// secretOverlap is how long the secret before goes on being taken, so that there is time to enter the new one in the system.
const secretOverlap = 24 * time.Hour

// newSecret is 32 random bytes, as text that every vendor takes.
func newSecret() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// endpointBinding ties the sealed secret of an address to its row.
func endpointBinding(org organisation.ID, sys system.ID, id system.EndpointID) string {
	return binding(org, sys) + "/inbound/" + string(id)
}

// sealNewSecret makes a secret and gives it sealed.
func (h *Hub) sealNewSecret(org organisation.ID, sys system.ID, id system.EndpointID) ([]byte, error) {
	if h.o.Keyset == nil {
		return nil, fault.Wrap(fault.Internal, errNoKeyset, "")
	}
	sealed, err := h.o.Keyset.Seal([]byte(newSecret()), endpointBinding(org, sys, id))
	return sealed, fault.Wrap(fault.Internal, err, "")
}

// addEndpoint gives a system an address that takes messages. INBOUND_EXISTS when it has one.
func (h *Hub) addEndpoint(ctx context.Context, tx pgx.Tx, org organisation.ID, sys system.ID) (system.EndpointID, error) {
	// Random throughout, unlike other ids, which tell when they were made.
	id := system.EndpointID(uuid.NewString())
	sealed, err := h.sealNewSecret(org, sys, id)
	if err != nil {
		return "", err
	}
	err = store.InsertEndpoint(ctx, tx, id, sys, sealed)
	if pg.Constraint(err) == "inbound_endpoint_one" {
		return "", errInboundExists
	}
	return id, err
}

var errInboundExists = fault.Because(fault.Duplicate, "INBOUND_EXISTS",
	"The system has an address for its messages. Give it another secret, or remove it first.").At("id")

// CreateInboundEndpoint gives a system an address that takes messages, and gives the secret that they have to be signed with; it is
// shown to nobody else. Needs systems:manage. Reasons: INBOUND_UNSUPPORTED, INBOUND_EXISTS.
func (h *Hub) CreateInboundEndpoint(ctx context.Context, v auth.Viewer, id system.ID, key string) (s system.System, secret string, err error) {
	return h.changeEndpoint(ctx, v, id, "createInboundEndpoint", key, func(ctx context.Context, tx pgx.Tx, s system.System, e *system.Endpoint) (system.EndpointID, int, error) {
		switch {
		case !h.o.Kinds[s.Kind].Receives:
			return "", 0, fault.Because(fault.Invalid, "INBOUND_UNSUPPORTED", "%s sends no messages by itself.", s.Kind).At("id")
		case e != nil:
			return "", 0, errInboundExists
		}
		id, err := h.addEndpoint(ctx, tx, v.Organisation.ID, s.ID)
		return id, 1, err
	})
}

// RotateInboundSecret gives the address of a system another secret. The one before goes on being taken for a day; where that must not
// be, the address is removed and made anew. Where the hub subscribed by itself, it tells the system. Needs systems:manage. Reasons:
// INBOUND_MISSING.
func (h *Hub) RotateInboundSecret(ctx context.Context, v auth.Viewer, id system.ID, key string) (s system.System, secret string, err error) {
	return h.changeEndpoint(ctx, v, id, "rotateInboundSecret", key, func(ctx context.Context, tx pgx.Tx, s system.System, e *system.Endpoint) (system.EndpointID, int, error) {
		if e == nil {
			return "", 0, errInboundMissing
		}
		sealed, err := h.sealNewSecret(v.Organisation.ID, s.ID, e.ID)
		if err != nil {
			return "", 0, err
		}
		no, err := store.RotateSecret(ctx, tx, e.ID, sealed, secretOverlap)
		return e.ID, no, err
	})
}

// RemoveInboundEndpoint ends the address of a system: nothing is taken there any more, and the hub ends its subscription at the next
// look at the system. Changes come in with the polls then. The hub makes no other by itself. Needs systems:manage. Reasons:
// INBOUND_MISSING.
func (h *Hub) RemoveInboundEndpoint(ctx context.Context, v auth.Viewer, id system.ID, key string) (system.System, error) {
	s, _, err := h.changeEndpoint(ctx, v, id, "removeInboundEndpoint", key, func(ctx context.Context, tx pgx.Tx, _ system.System, e *system.Endpoint) (system.EndpointID, int, error) {
		if e == nil {
			return "", 0, errInboundMissing
		}
		return e.ID, 0, store.RemoveEndpoint(ctx, tx, e.ID)
	})
	return s, err
}

var errInboundMissing = fault.Because(fault.Invalid, "INBOUND_MISSING", "The system has no address for its messages. Make one first.").At("id")

// changeEndpoint locks a system, applies fn to it and its address, nil when none takes messages, and gives the secret of the number
// that fn says, unless there is a newer one; none for 0. A running system that may be told by the hub is looked at at
// once.
func (h *Hub) changeEndpoint(ctx context.Context, v auth.Viewer, id system.ID, operation, key string,
	fn func(ctx context.Context, tx pgx.Tx, s system.System, e *system.Endpoint) (system.EndpointID, int, error),
) (system.System, string, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return system.System{}, "", err
	}
	if err := validID(id, "system"); err != nil {
		return system.System{}, "", fault.Of(err).At("id")
	}
	out, err := h.do(ctx, v, command{auth.SystemsManage, operation, key, id, systemWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		s, err := lockSystem(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		all, err := store.ListEndpoints(ctx, tx, []system.ID{id})
		if err != nil {
			return nil, err
		}
		var standing *system.Endpoint
		if e, ok := all[id]; ok && e.RemovedAt.IsZero() {
			standing = &e
		}
		endpoint, no, err := fn(ctx, tx, s, standing)
		if err != nil {
			return nil, err
		}
		if err := noteInbound(ctx, tx, id, 0); err != nil { // what it told was of the address as it was
			return nil, err
		}
		if h.o.PublicURL != "" { // the system is to be told
			if err := store.HintSystem(ctx, tx, id, 0); err != nil {
				return nil, err
			}
		}
		return answer{"endpoint": string(endpoint), "no": strconv.Itoa(no)}, store.AppendChanges(ctx, tx, []change.Change{{
			Kind: change.SystemUpdated, Actor: v.Actor, Origin: change.Source{SystemID: string(id)},
		}})
	})
	if err != nil {
		return system.System{}, "", err
	}
	s, err := h.systemNow(ctx, v, id)
	if err != nil || out["no"] == "0" {
		return s, "", err
	}
	secret, err := h.inboundSecret(ctx, v.Organisation.ID, id, system.EndpointID(out["endpoint"]), out["no"])
	return s, secret, err
}

// inboundSecret opens the secret of an address, when it still is the one of the number; empty when it is another by now.
func (h *Hub) inboundSecret(ctx context.Context, org organisation.ID, sys system.ID, id system.EndpointID, no string) (string, error) {
	var sealed []byte
	var now int
	err := pg.ReadInOrganisation(ctx, h.pool, string(org), func(ctx context.Context, tx pgx.Tx) (err error) {
		sealed, now, err = store.GetSealedSecret(ctx, tx, id)
		return err
	})
	switch {
	case fault.Is(err, fault.NotFound):
		return "", nil
	case err != nil || sealed == nil || strconv.Itoa(now) != no:
		return "", err
	case h.o.Keyset == nil:
		return "", fault.Wrap(fault.Internal, errNoKeyset, "")
	}
	plain, err := h.o.Keyset.Open(sealed, endpointBinding(org, sys, id))
	return string(plain), fault.Wrap(fault.Internal, err, "")
}
