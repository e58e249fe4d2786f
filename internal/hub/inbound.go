package hub

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const (
	// eventsStay is how long an event is remembered. Vendors repeat for a day at the most (KYC contract section 6, Flex contract
	// section 7), and a message that is older than minutes is refused by its time.
	eventsStay = 8 * 24 * time.Hour
	// troubled is how many messages in a row have to be unverifiable until somebody is told.
	troubled = 5
	// maxHinted is how many records of one message are looked at by themselves.
	maxHinted = 1000
	// pollsApart is how long after a poll began messages bring about the next, so that any number of them makes no more calls than that.
	pollsApart = 5 * time.Second
)

// Inbound is where a system sends messages by itself, and how that goes.
type Inbound struct {
	system.Endpoint
	// Path is the address within the hub, and URL the whole of it; URL is empty where the hub does not know how it is reached.
	Path string
	URL  string
}

func (h *Hub) inbound(kind system.Kind, e system.Endpoint) Inbound {
	out := Inbound{Endpoint: e, Path: "/inbound/" + kind.Path() + "/" + string(e.ID)}
	if h.o.PublicURL != "" {
		out.URL = h.o.PublicURL + out.Path
	}
	return out
}

// InboundBySystem tells where systems send messages, and how that goes; one that never had an address is missing. Needs systems:read.
func (h *Hub) InboundBySystem(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]Inbound, error) {
	out := make(map[system.ID]Inbound, len(ids))
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		systems, err := store.ListSystemsByID(ctx, tx, validIDs(ids))
		if err != nil {
			return err
		}
		endpoints, err := store.ListEndpoints(ctx, tx, idsOfSystems(systems))
		for _, s := range systems {
			if e, ok := endpoints[s.ID]; ok {
				out[s.ID] = h.inbound(s.Kind, e)
			}
		}
		return err
	})
	return out, err
}

// InboundSender is who may have sent a message, as the address says.
type InboundSender struct {
	// Now is the time of the database, by which the message's age is judged.
	Now time.Time
	// Secrets are two, whatever the address: one of them signs what the system sends. Where there is no such address nobody has them.
	Secrets [2]string
	// Known says that there is such an address.
	Known bool

	endpoint     system.EndpointID
	organisation organisation.ID
	system       system.ID
	inTrouble    bool
}

// System is the system that sends to the address, for the log.
func (s InboundSender) System() system.ID { return s.system }

// FindInbound finds whose an address is, before anything of the message is believed. An address that does not exist, was removed, or
// is of another kind gives secrets that nobody has, after the same work. Unavailable is also a hub without keyset.
func (h *Hub) FindInbound(ctx context.Context, kind system.Kind, id string) (InboundSender, error) {
	if h.o.Keyset == nil {
		return InboundSender{}, fault.Wrap(fault.Unavailable, errNoKeyset, "This hub cannot verify messages.")
	}
	decoy, err := h.decoy()
	if err != nil {
		return InboundSender{}, fault.Wrap(fault.Internal, err, "")
	}
	if !pg.IsUUID(id) {
		id = uuid.Nil.String()
	}
	var found store.FoundEndpoint
	err = pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		found, err = store.FindEndpoint(ctx, tx, system.EndpointID(id))
		return err
	})
	if err != nil {
		return InboundSender{}, err
	}
	s := InboundSender{
		Now: found.AskedAt.UTC(), Known: found.Organisation != "" && found.Kind == kind, endpoint: system.EndpointID(strings.ToLower(id)),
		organisation: found.Organisation, system: found.System, inTrouble: found.InTrouble,
	}
	for i, sealed := range [][]byte{found.Secret, found.Previous} {
		bound := endpointBinding(found.Organisation, found.System, s.endpoint)
		if !s.Known || sealed == nil {
			sealed, bound = decoy, "nobody's"
		}
		plain, err := h.o.Keyset.Open(sealed, bound)
		if err != nil {
			// Whoever asks learns no more than where there is no address; whoever runs the hub does.
			h.o.Log.Error("the secret of an address cannot be opened: it was sealed with another keyset", "system", s.system, "error", err)
			s.Known, plain = false, []byte(newSecret())
		}
		s.Secrets[i] = string(plain)
	}
	return s, nil
}

// TakeDelivery takes a message that was verified: the event is remembered and what it is about is due, in one transaction, so that
// whoever is answered may forget it (Promise 1). False means that it was taken before, and nothing was done. A message is a hint: it
// only says where to look, and only what is seen there counts.
func (h *Hub) TakeDelivery(ctx context.Context, s InboundSender, eventID string, records []string) (fresh bool, err error) {
	event := sha256.Sum256([]byte(eventID))
	records = slices.DeleteFunc(slices.Clone(records), func(id string) bool { return id == "" || strings.ContainsRune(id, 0) })
	err = pg.InOrganisation(ctx, h.pool, string(s.organisation), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		if fresh, err = store.TakeEvent(ctx, tx, s.endpoint, event[:]); err != nil || !fresh {
			return err
		}
		rest := 1
		if n := len(records); n > 0 && n <= maxHinted {
			if rest, err = store.HintRecords(ctx, tx, s.system, records); err != nil {
				return err
			}
		}
		if rest > 0 {
			if err := store.HintSystem(ctx, tx, s.system, pollsApart); err != nil {
				return err
			}
		}
		if err := store.AddUsage(ctx, tx, system.Usage{System: s.system, Messages: 1}); err != nil {
			return err
		}
		if err := store.NoteDelivery(ctx, tx, s.endpoint); err != nil || !s.inTrouble {
			return err
		}
		return noteInbound(ctx, tx, s.system, 0)
	})
	if err != nil || !fresh {
		return false, err
	}
	h.o.Wake(TopicChanges, s.organisation)
	return true, nil
}

// NoteRefusals counts messages to an address that were refused, and tells somebody when none can be verified any more. One that takes
// nothing any more, or never was, is left alone.
func (h *Hub) NoteRefusals(ctx context.Context, id string, refused []system.RefusedDeliveries) error {
	if !pg.IsUUID(id) {
		return nil
	}
	var found store.FoundEndpoint
	err := pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) (err error) {
		found, err = store.FindEndpoint(ctx, tx, system.EndpointID(id))
		return err
	})
	if err != nil || found.Organisation == "" {
		return err
	}
	for i := range refused {
		if refused[i].LastAt.IsZero() { // it was refused before the time was known
			refused[i].LastAt = found.AskedAt
		}
	}
	err = pg.InOrganisation(ctx, h.pool, string(found.Organisation), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		inRow, err := store.NoteRefusals(ctx, tx, system.EndpointID(id), refused)
		if fault.Is(err, fault.NotFound) {
			return nil // somebody removed it in this moment
		}
		if err != nil || inRow < troubled {
			return err
		}
		return noteInbound(ctx, tx, found.System, inRow)
	})
	if err != nil {
		return err
	}
	for _, r := range refused {
		h.o.Log.Warn("messages of a system were refused", "system", found.System, "reason", r.Reason, "count", r.Count)
	}
	h.o.Wake(TopicSystems, found.Organisation)
	return nil
}

// noteInbound raises the finding that messages of a system cannot be verified, or ends it.
func noteInbound(ctx context.Context, tx pgx.Tx, id system.ID, inRow int) error {
	var found []finding.Finding
	if inRow > 0 {
		found = []finding.Finding{{
			Code: finding.InboundRefused, Message: "The last messages that the system sent by itself could not be verified. Until they can, changes there come in with the next poll.",
		}}
	}
	noted, err := store.SyncFindingsOf(ctx, tx, id, []string{""}, []finding.Code{finding.InboundRefused}, found)
	return logFindings(ctx, tx, noted, byHub, err)
}

// ForgetEvents forgets messages that no system sends again, in all organisations, and gives their number.
func (h *Hub) ForgetEvents(ctx context.Context) (int, error) {
	var n int
	err := pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) (err error) {
		n, err = store.ForgetEvents(ctx, tx, eventsStay)
		return err
	})
	return n, err
}
