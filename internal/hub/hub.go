package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/secret"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Topic is what a wake-up is about.
type Topic string

// The topics.
const (
	TopicChanges Topic = "changes" // there may be changes to number
	TopicRuns    Topic = "runs"    // a run was queued, went on or ended
	TopicSystems Topic = "systems" // a system changed
)

// Options are what a Hub works with, beside its database.
type Options struct {
	Log *slog.Logger
	// Kinds are the kinds of systems that this hub can keep.
	Kinds map[system.Kind]KindSpec
	// Keyset seals credentials. Nil means that credentials can be neither set nor used.
	Keyset *secret.Keyset
	// Mails says that this hub sends error reports.
	Mails bool
	// PublicURL is where systems reach the hub from outside, without a slash at the end, such as https://hub.example.test; empty where
	// nobody said, and then no system is asked to send messages.
	PublicURL string
	// Wake is told after a commit that something of the organisation may be waiting. It must not block. Losing a wake-up costs time only.
	Wake func(Topic, organisation.ID)
	// Watch gives a channel that receives when something about the topic may have happened in the organisation, until ctx ends. Nil
	// makes those who wait look by themselves.
	Watch func(ctx context.Context, t Topic, org organisation.ID) <-chan struct{}
	// Now is by which moment a day has begun, such as that on which a due diligence expires; nil is the database's now.
	Now func() time.Time
	// ReadWait is how long a read waits for newer values of a system; 0 means 5 s.
	ReadWait time.Duration
	// ReadWaiters is how many reads may wait so at a time, so that a system which does not answer binds no more; 0 means 100.
	ReadWaiters int
}

// Hub is every command and read, over one database.
type Hub struct {
	pool *pgxpool.Pool
	o    Options
	// derives says that some kind of system has records that are made from those of another.
	derives bool
	// waiting has a place for each read that waits for newer values.
	waiting chan struct{}
	// decoy is what is opened where a message comes to no address, so that it takes as long as one that does.
	decoy func() ([]byte, error)
}

// New makes a Hub on a pool of the application role.
func New(pool *pgxpool.Pool, o Options) *Hub {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wake == nil {
		o.Wake = func(Topic, organisation.ID) {}
	}
	if o.Watch == nil {
		o.Watch = func(context.Context, Topic, organisation.ID) <-chan struct{} { return nil }
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} }
	}
	o.ReadWait, o.ReadWaiters = cmp.Or(o.ReadWait, 5*time.Second), cmp.Or(o.ReadWaiters, 100)
	h := &Hub{pool: pool, o: o, waiting: make(chan struct{}, o.ReadWaiters)}
	for _, k := range o.Kinds {
		h.derives = h.derives || k.From != ""
	}
	h.decoy = sync.OnceValues(func() ([]byte, error) { return h.o.Keyset.Seal([]byte(newSecret()), "nobody's") })
	return h
}

// Ping says whether the database can be written to, which is what a hub needs to work (T34).
func (h *Hub) Ping(ctx context.Context) error {
	return pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.CheckWritable(ctx, tx)
	})
}

// read runs fn in one read-only transaction of the viewer's organisation, when the viewer has the scope.
func (h *Hub) read(ctx context.Context, v auth.Viewer, scope auth.Scope, fn func(ctx context.Context, tx pgx.Tx) error) error {
	if err := v.Require(scope); err != nil {
		return err
	}
	return pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), fn)
}

// command is one mutation: who may, what it is called, and what makes two of them the same.
type command struct {
	scope     auth.Scope
	operation string
	// key makes a repetition have the same answer; empty means that every call counts.
	key  string
	body any
	wake []Topic
}

// answer is what is kept of a command for a repetition: ids, by which the answer is read again.
type answer map[string]string

const maxIdempotencyKey = 200 // characters

// EmptyKey stands for an idempotency key that was given and is empty. It is refused: as no key at all, a repetition would act
// twice.
const EmptyKey = "\x00"

// do runs a command in one transaction, when the viewer has the scope. With a key, a repetition with the same body gives
// the first one's answer and does nothing, and one with another body is refused; a command that failed left nothing, so
// trying again is a first time. Readers of the answer look at the rows as they are now.
func (h *Hub) do(ctx context.Context, v auth.Viewer, c command, fn func(ctx context.Context, tx pgx.Tx) (answer, error)) (answer, error) {
	if err := v.Require(c.scope); err != nil {
		return nil, err
	}
	if c.key == EmptyKey {
		return nil, fault.New(fault.Invalid, "The idempotency key is empty. Leave it out where repeating need not be safe.").At("idempotencyKey")
	}
	if utf8.RuneCountInString(c.key) > maxIdempotencyKey || strings.ContainsRune(c.key, 0) {
		return nil, fault.New(fault.Invalid, "An idempotency key has at most %d characters and no NUL.", maxIdempotencyKey).At("idempotencyKey")
	}
	encoded, err := json.Marshal(c.body)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "")
	}
	hash := sha256.Sum256(encoded)
	once := store.Idempotency{ActorID: actorKey(v.Actor), Key: c.key, Operation: c.operation, BodyHash: hash[:]}
	var out answer
	err = pg.InOrganisation(ctx, h.pool, string(v.Organisation.ID), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		out = nil
		if c.key != "" {
			earlier, err := store.ClaimIdempotencyKey(ctx, tx, once)
			if err != nil {
				return err
			}
			if earlier != nil {
				out, err = replay(earlier, once)
				return err
			}
		}
		var err error
		if out, err = fn(ctx, tx); err != nil || c.key == "" {
			return err
		}
		return store.StoreAnswer(ctx, tx, once, out)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range c.wake {
		h.o.Wake(t, v.Organisation.ID)
	}
	return out, nil
}

func actorKey(a change.Actor) string { return string(a.Kind) + "/" + a.ID }

func replay(earlier *store.StoredAnswer, now store.Idempotency) (answer, error) {
	if earlier.Operation != now.Operation || !slices.Equal(earlier.BodyHash, now.BodyHash) {
		return nil, fault.Because(fault.Invalid, "IDEMPOTENCY_KEY_REUSED",
			"This idempotency key was used for another request. Use a new key for a new request.").At("idempotencyKey")
	}
	var out answer
	if err := json.Unmarshal(earlier.Answer, &out); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "")
	}
	return out, nil
}

// validID refuses an id that cannot be one, before it reaches a statement.
func validID[T ~string](id T, what string) error {
	if !pg.IsUUID(string(id)) {
		return fault.New(fault.NotFound, "There is no %s with this id.", what)
	}
	return nil
}

// validIDs drops ids that cannot exist.
func validIDs[T ~string](ids []T) []T {
	return slices.DeleteFunc(slices.Clone(ids), func(id T) bool { return !pg.IsUUID(string(id)) })
}
