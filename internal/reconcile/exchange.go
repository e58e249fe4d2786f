package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/crash"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// exchange is one link on its way: claimed, in the lane, with the system open.
type exchange struct {
	worker *Worker
	claim  store.LinkClaim
	system system.System
	policy Policy
	conn   connector.Connection
	log    *slog.Logger
	// called says that the system answered a call of this exchange.
	called bool
	// over says that the record which the customer had before stands for a relationship that has ended.
	over bool
	// readAt is when the last reading of the record began, and looked the last of which the values were committed.
	readAt, looked time.Time
}

// LinkOne looks at the most urgent link that is due, of any organisation; false means that there was none. What comes of it is
// written in the link; the error is for trouble in getting at it.
func (w *Worker) LinkOne(ctx context.Context) (bool, error) {
	due, err := store.ListDueSystems(ctx, w.pool, 1)
	if err != nil || len(due) == 0 {
		return false, err
	}
	return w.exchangeOne(ctx, due[0])
}

// exchangeOne takes the lane of a system, then the most urgent of its links, and gives both back: the choice is made anew for
// each call, so that a person's edit goes before a backfill.
func (w *Worker) exchangeOne(ctx context.Context, due store.DueSystem) (worked bool, err error) {
	work, err := w.hub.SystemWork(ctx, due.Organisation, due.System)
	if err != nil {
		return false, w.refuse(ctx, due, err)
	}
	kind, ok := w.o.Kinds[work.System.Kind]
	if !ok {
		return false, w.refuse(ctx, due, fault.New(fault.Unsupported, "This hub has no connector for %s.", work.System.Kind))
	}
	log := w.o.Log.With("organisation", due.Organisation, "system", due.System)
	conn, err := kind.Open(connector.Config{
		Settings: work.System.Settings, Credentials: work.Credentials, Client: w.o.Client, Log: log, Now: w.o.Clock.Now,
	})
	if err != nil {
		return false, w.refuse(ctx, due, err)
	}
	e := &exchange{worker: w, system: work.System, policy: policyOf(kind, work.System), conn: conn, log: log}
	err = w.inLane(ctx, log, LaneOf(kind, work.System), due.Priority, func(ctx context.Context, _ time.Time) error {
		claim, err := w.hub.ClaimLink(ctx, due, w.o.Lease)
		if err != nil || claim == nil {
			return err
		}
		worked, e.claim, e.log = true, *claim, log.With("link", claim.Link)
		renew := func(ctx context.Context) error { return w.hub.RenewLink(ctx, e.claim, w.o.Lease) }
		err = keeping(ctx, w.o.Lease, renew, func(ctx context.Context) error {
			return guarded(func() error { return e.run(ctx) })
		})
		return e.finish(ctx, err)
	})
	return worked, err
}

// refuse keeps a system from being looked at when it cannot even be opened.
func (w *Worker) refuse(ctx context.Context, due store.DueSystem, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(err, w.hub.NoteAnswer(ctx, due.Organisation, due.System, err, w.backoff))
}

// maxClaims is how many holders a link may take down before it is parked, maxTries how often one may fail by our own defect.
const (
	maxClaims = 5
	maxTries  = 5
)

func (e *exchange) run(ctx context.Context) error {
	if e.claim.Claims > maxClaims {
		return fault.New(fault.Internal, "Work on this customer ended %d times without a result, so the hub gave it up. The log has the details.", e.claim.Claims-1)
	}
	work, err := e.worker.hub.StartLink(ctx, e.claim)
	if err != nil {
		return err
	}
	if work.Intent != nil {
		return e.resolve(ctx, work)
	}
	if work.Deletion.Stands() && work.Link.ExternalID != "" {
		return e.erase(ctx, work)
	}
	if err := e.remember(ctx, work.Former); err != nil {
		return err
	}
	if work.Link.ExternalID == "" {
		return e.create(ctx, work)
	}
	if work.LeftAlone {
		return e.leave(ctx)
	}
	record, err := e.read(ctx, work.Link.ExternalID)
	if deleted(err) {
		e.called = true
		return e.buried(ctx, work.Link.ExternalID)
	}
	if err != nil {
		return err
	}
	return e.look(ctx, record)
}

// remember reads a record that the customer had before and may have again, which is so while the relationship that it stands for lasts.
func (e *exchange) remember(ctx context.Context, former link.Link) error {
	if former.ID == "" {
		return nil
	}
	record, there, err := e.lookFor(ctx, former.ExternalID)
	e.over = !there || record.KYC == nil || record.KYC.State != customer.KYCCustomer
	return err
}

// buried commits that the system's people deleted the record, as the system itself says.
func (e *exchange) buried(ctx context.Context, externalID string) error {
	_, err := e.commit(ctx, &merge.Observation{ExternalID: externalID, Deleted: true}, func(o merge.Observation, k merge.Known, pending *link.Intent, _ time.Time) (hub.Decision, error) {
		k.Link.ExternalID = externalID // which the hub may not have known
		return hub.Decision{Outcome: deletedThere(o, k, e.policy), Resolved: pending != nil}, nil
	})
	return err
}

// read reads a record as it is now.
func (e *exchange) read(ctx context.Context, externalID string) (merge.Observation, error) {
	began := e.worker.o.Clock.Now()
	record, err := e.conn.Read(ctx, externalID)
	if err != nil {
		return merge.Observation{}, err
	}
	e.readAt = began
	e.called = true
	return ObservationOf(record), nil
}

// commit commits a decision about the link, from what was read of the record, nil when nothing was.
func (e *exchange) commit(ctx context.Context, read *merge.Observation, decide func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error)) (hub.Decision, error) {
	looked := e.looked
	if read != nil {
		looked = e.readAt
	}
	d, err := e.worker.hub.CommitLook(ctx, hub.Look{Claim: e.claim, System: e.system, Observed: read, LookedAt: looked, Decide: decide})
	if err == nil {
		e.looked = looked
	}
	if fault.Is(err, fault.Stale) {
		e.log.Info("link went into other hands")
	}
	return d, err
}

// look commits what was read, and makes the call that comes of it.
func (e *exchange) look(ctx context.Context, record merge.Observation) error {
	crash.Point("C1", "")
	d, err := e.commit(ctx, &record, func(o merge.Observation, k merge.Known, _ *link.Intent, now time.Time) (hub.Decision, error) {
		if e.over {
			k.Former = link.Link{}
		}
		return decideLook(o, k, e.policy, store.NewID, now)
	})
	if err != nil || d.Intent == nil {
		return err
	}
	return e.send(ctx, *d.Intent, d.Outcome.Link.ExternalID)
}

// create makes a record for a customer that has none, unless the system has one already: what is there is looked up first,
// and a record that may be another customer's is never written over (R89, R92, R110).
func (e *exchange) create(ctx context.Context, work hub.LinkWork) error {
	if work.Former.ID != "" && !e.over {
		_, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, _ *link.Intent, _ time.Time) (hub.Decision, error) {
			return hub.Decision{Outcome: merge.Outcome{Customer: k.Customer, Link: k.Link}, Succeeded: true}, nil
		})
		return err
	}
	hits, err := e.find(ctx, work.Number, work.BusinessID)
	if err != nil {
		return err
	}
	if len(hits) > 0 {
		return e.adopt(ctx, hits)
	}
	crash.Point("C1", string(link.Create))
	d, err := e.commit(ctx, nil, func(o merge.Observation, k merge.Known, _ *link.Intent, now time.Time) (hub.Decision, error) {
		return decideCreate(k, e.policy, store.NewID, now)
	})
	if err != nil || d.Intent == nil {
		return err
	}
	return e.send(ctx, *d.Intent, "")
}

// find gives the records that carry the number or the business ID.
func (e *exchange) find(ctx context.Context, number, businessID string) ([]connector.Row, error) {
	finder, ok := e.conn.(connector.Finder)
	if !ok {
		return nil, nil
	}
	rows, err := finder.Find(ctx, connector.Identity{Number: number, BusinessID: businessID})
	if err != nil {
		return nil, err
	}
	e.called = true
	return slices.DeleteFunc(rows, func(r connector.Row) bool { return r.Excluded != "" }), nil
}

// adopt links the customer to a record that exists already, when it is the customer's own, and takes it from there.
func (e *exchange) adopt(ctx context.Context, hits []connector.Row) error {
	if len(hits) > 1 {
		return e.park(ctx, finding.CreateAmbiguous, fmt.Sprintf("The system has %d customers with this number or business ID; a person has to say which is this one.", len(hits)))
	}
	record, err := e.read(ctx, hits[0].ExternalID)
	if err != nil {
		return err
	}
	other, err := e.worker.hub.CustomerOfRecord(ctx, e.claim.Organisation, e.claim.System, record.ExternalID)
	if err != nil {
		return err
	}
	if other != "" && other != e.claim.Customer {
		return e.park(ctx, finding.CreateAmbiguous, "The system's record with this number or business ID belongs to another customer of the hub.")
	}
	if other != "" {
		// It was set aside and is about to be deleted, so the customer can have another one once that is done.
		return e.later(ctx, "The customer's former record with this business ID is still being deleted there.")
	}
	var objection string
	d, err := e.commit(ctx, &record, func(o merge.Observation, k merge.Known, _ *link.Intent, now time.Time) (hub.Decision, error) {
		if objection = mayAdopt(k.Customer.Flatten(customer.HubKeys), record.Fields); objection != "" {
			return parked(k, finding.CreateAmbiguous, fault.Ambiguous, objection), nil
		}
		k.Link.ExternalID = record.ExternalID
		return decideLook(o, k, e.policy, store.NewID, now)
	})
	if err != nil || d.Intent == nil {
		return err
	}
	return e.send(ctx, *d.Intent, record.ExternalID)
}

// later leaves the link until something else is done.
func (e *exchange) later(ctx context.Context, why string) error {
	_, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, _ *link.Intent, now time.Time) (hub.Decision, error) {
		k.Link.Attempt++
		out := standing(k, link.Waiting, fault.Unavailable, why)
		out.Link.DueAt = now.Add(e.worker.backoff(k.Link.Attempt - 1))
		return hub.Decision{Outcome: out}, nil
	})
	return err
}

// send makes the call of an intent and finds out what came of it.
func (e *exchange) send(ctx context.Context, i link.Intent, externalID string) error {
	crash.Point("C2", label(i))
	key, err := e.call(crash.During(ctx, label(i)), i, externalID)
	crash.Point("C4", label(i))
	switch {
	case err == nil:
		e.called = true
	case fault.Is(err, fault.Duplicate) && fault.Of(err).ReasonOrCode() == "REQUEST_NOT_UNIQUE":
		e.called = true
		return e.burnt(ctx, i, externalID)
	case fault.Is(err, fault.Uncertain) || fault.Is(err, fault.Internal) || fault.Of(err) == nil || panicked(err) || ctx.Err() != nil:
		return e.uncertain(ctx, i, err)
	case i.Operation == link.Delete:
		return e.unerased(ctx, i, externalID, err)
	default:
		if gone := deletedBefore(i, err); gone != "" {
			return e.neverKnown(ctx, i, gone, err)
		}
		return e.unsent(ctx, i, err)
	}
	if i.Operation == link.Delete {
		return e.erased(ctx, &i)
	}
	return e.taken(ctx, i, externalID, key)
}

// call makes the one call of an intent, and gives the key of what it made.
func (e *exchange) call(ctx context.Context, i link.Intent, externalID string) (key string, err error) {
	if i.Operation == link.Delete {
		if deleter, ok := e.conn.(connector.Deleter); ok {
			return "", deleter.Delete(ctx, externalID, i.ID)
		}
	} else if writer, ok := e.conn.(connector.Writer); ok {
		return writer.Write(ctx, stepOf(i, externalID))
	}
	return "", fault.New(fault.Unsupported, "This kind of system cannot be written to.")
}

// taken reads back what a call came to, and merges again.
func (e *exchange) taken(ctx context.Context, i link.Intent, externalID, key string) error {
	if i.Operation == link.Create && i.Part == "" {
		if externalID = key; externalID == "" {
			hits, err := e.find(ctx, i.Number, i.BusinessID)
			if err != nil {
				return e.uncertain(ctx, i, err)
			}
			if len(hits) != 1 {
				return e.unfound(ctx, i, len(hits))
			}
			externalID = hits[0].ExternalID
		}
	}
	record, err := e.read(ctx, externalID)
	if err != nil {
		// The system took it; what it made of it is seen at the next look. The key is kept, it is the identity (R103).
		i.Key = key
		return e.readBackLater(ctx, i, externalID, err)
	}
	_, err = e.commit(ctx, &record, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if pending == nil || pending.ID != i.ID {
			return hub.Decision{}, fault.New(fault.Stale, "The intent was resolved by others.")
		}
		return decideTaken(taken{externalID, key, o}, i, k, e.policy, store.NewID, now)
	})
	if err == nil {
		crash.Point("C5", label(i))
	}
	return err
}

// label names an operation for the crash points: CREATE, EDIT office, REMOVE contact.
func label(i link.Intent) string {
	return strings.TrimSpace(string(i.Operation) + " " + string(i.Part))
}

// unsent ends an intent whose call the system refused, or that never left: nothing came of it.
func (e *exchange) unsent(ctx context.Context, i link.Intent, why error) error {
	_, err := e.commit(ctx, nil, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		d := e.failed(k, why, now)
		d.Resolved = true
		return d, nil
	})
	if err != nil {
		return err
	}
	e.log.Log(ctx, fault.CodeOf(why).Level(), "a call outside was not taken", "operation", i.Operation, "part", i.Part, "code", fault.CodeOf(why))
	return e.answered(ctx, why)
}

// deletedBefore names the record for which a call that makes one is refused, since people deleted it before the hub knew of it; empty where it
// is another refusal.
func deletedBefore(i link.Intent, err error) string {
	f := fault.Of(err)
	if f == nil || f.Code != fault.Rejected || f.Reason != connector.Deleted || i.Operation != link.Create || i.Part != "" {
		return ""
	}
	return f.Details[connector.DeletedRecord]
}

// neverKnown makes the link the tombstone of a record that was made by a call whose answer was lost, and deleted before the hub found out.
func (e *exchange) neverKnown(ctx context.Context, i link.Intent, gone string, why error) error {
	other, err := e.worker.hub.CustomerOfRecord(ctx, e.claim.Organisation, e.claim.System, gone)
	if err != nil || other != "" {
		return errors.Join(err, e.unsent(ctx, i, why))
	}
	e.called, e.readAt = true, e.worker.o.Clock.Now()
	return e.buried(ctx, gone)
}

// finish ends a look that failed, as far as that has not been written yet.
func (e *exchange) finish(ctx context.Context, err error) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err == nil {
		crash.Point("C6", "")
		if e.called {
			return e.answered(ending, nil)
		}
		return nil
	}
	if fault.Is(err, fault.Stale) {
		return nil
	}
	if ctx.Err() != nil { // we are shutting down, or lost touch
		if releaseErr := e.worker.hub.ReleaseLink(ending, e.claim); releaseErr != nil && !fault.Is(releaseErr, fault.Stale) {
			e.log.Warn("link not released; it is due again when its lease ends", "error", releaseErr)
		}
		return err
	}
	e.log.Log(ctx, fault.CodeOf(err).Level(), "a customer could not be brought into agreement", "code", fault.CodeOf(err), "error", err)
	_, commitErr := e.commit(ending, nil, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if pending != nil {
			return undecided(*pending, k, now.Add(e.worker.backoff(k.Link.Attempt)), "The system could not be asked: "+hub.Shown(err)), nil
		}
		return e.failed(k, err, now), nil
	})
	if fault.Is(commitErr, fault.Stale) {
		return nil
	}
	if commitErr != nil {
		return errors.Join(err, commitErr)
	}
	return e.answered(ending, err)
}

// answered tells the system's readiness what a call came to.
func (e *exchange) answered(ctx context.Context, err error) error {
	switch fault.CodeOf(err) {
	case "", fault.Denied, fault.Limited, fault.Maintenance, fault.Unavailable:
	case fault.Uncertain:
		err = fault.Wrap(fault.Unavailable, err, "%s", hub.Shown(err))
	default:
		return nil // about this record only
	}
	return e.worker.hub.NoteAnswer(ctx, e.claim.Organisation, e.claim.System, err, e.worker.backoff)
}

// failed says how a link stands after a look that failed, by the fault's code (design section 6, faults).
func (e *exchange) failed(k merge.Known, why error, now time.Time) hub.Decision {
	if !k.Link.Primary && !k.Deletion.Stands() {
		return asideFailed(k, e.policy, why)
	}
	d := e.standingAfter(k, why, now)
	if k.Deletion.Stands() && d.Outcome.Link.DueAt.IsZero() {
		// A deletion that nothing would look at again has ended (Promise 8).
		ended := *k.Deletion
		ended.State, ended.Message = link.Refused, hub.Shown(why)
		d.Deletion = &ended
	}
	return d
}

func (e *exchange) standingAfter(k merge.Known, why error, now time.Time) hub.Decision {
	code, message := fault.CodeOf(why), hub.Shown(why)
	k.Link.Attempt++
	switch code {
	case fault.Rejected, fault.Invalid:
		return parked(k, finding.LinkParked, fault.Rejected, message)
	case fault.Ambiguous, fault.Duplicate:
		return parked(k, finding.LinkParked, fault.Ambiguous, message)
	case fault.NotFound:
		if deleted(why) {
			return hub.Decision{Outcome: deletedThere(merge.Observation{ExternalID: k.Link.ExternalID}, k, e.policy)}
		}
		if k.Deletion.Tombstone() && k.Link.LastFault == fault.NotFound {
			return hub.Decision{Outcome: tombstone(k, k.Link.LastMessage)} // it was deleted here and has not come back
		}
		if h := k.Base.Brake.Of(link.Gone); h != nil && h.Ruling == link.Rejected {
			return hub.Decision{Outcome: standing(k, link.Waiting, fault.Unsupported, "The record is gone in the system, and somebody decided that the customer stays in use.")}
		}
		// Gone is what complete lists say, not a single answer (Promise 6).
		return hub.Decision{Outcome: standing(k, link.Waiting, fault.NotFound,
			"The system does not find this record. Whether it is gone is told by the next full comparison.")}
	case fault.Unsupported:
		return hub.Decision{Outcome: standing(k, link.Paused, fault.Unsupported, message)}
	case fault.Internal:
		if k.Link.Attempt >= maxTries || e.claim.Claims > maxClaims {
			return parked(k, finding.LinkParked, fault.Internal, message)
		}
	}
	out := standing(k, link.Waiting, code, message)
	out.Link.DueAt = now.Add(e.worker.backoff(k.Link.Attempt - 1))
	return hub.Decision{Outcome: out}
}

// parked leaves a link to a person, with a finding that says why.
func parked(k merge.Known, code finding.Code, why fault.Code, message string) hub.Decision {
	out := standing(k, link.Parked, why, message)
	out.Link.DueAt = time.Time{}
	out.Findings = []finding.Finding{{Code: code, Message: message}}
	return hub.Decision{Outcome: out}
}

func (e *exchange) park(ctx context.Context, code finding.Code, message string) error {
	_, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, pending *link.Intent, _ time.Time) (hub.Decision, error) {
		d := parked(k, code, fault.Ambiguous, message)
		d.Resolved = pending != nil
		return d, nil
	})
	return err
}

// backoff is how long to wait after so many failures: longer each time, and never quite the same for two.
func (w *Worker) backoff(failures int) time.Duration {
	wait := w.o.Backoff[min(max(failures, 0), len(w.o.Backoff)-1)]
	return wait*3/4 + rand.N(wait/2+1)
}
