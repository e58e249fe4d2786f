package reconcile

import (
	"context"
	"fmt"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/crash"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
)

// A record is deleted outside because an operator asked for it, and for no other reason (design section 5, deletes; Netvisor
// contract section 4.4). The act is a row that stands until it is known what came of it; each call has an intent of its own, as
// other writes have. A deletion is done when the record is not there any more, whoever took it away, and refused when the
// system says why it will not: the hub does not try again by itself then. Its link stays as the tombstone.

// deletionGood is how long an act counts for which no call could be made: what an operator saw before that may be another
// story by now.
const deletionGood = 24 * time.Hour

// erase looks whether the record is still there and may be deleted, and makes the call.
func (e *exchange) erase(ctx context.Context, work hub.LinkWork) error {
	externalID := work.Link.ExternalID
	record, there, err := e.lookFor(ctx, externalID)
	switch _, able := e.conn.(connector.Deleter); {
	case err != nil:
		return err
	case !there:
		return e.erased(ctx, nil)
	case record.Excluded != "":
		return e.kept(ctx, nil, "This record is never touched: "+record.Excluded+".")
	case !able:
		return e.kept(ctx, nil, "This kind of system cannot delete a customer.")
	case !e.system.Policy.WritesOut():
		return e.kept(ctx, nil, "The hub only reads from this system by now.")
	}
	crash.Point("C1", string(link.Delete))
	d, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, _ *link.Intent, now time.Time) (hub.Decision, error) {
		return decideErase(k, store.NewID, now)
	})
	if err != nil || d.Intent == nil {
		return err
	}
	return e.send(ctx, *d.Intent, externalID)
}

// lookFor reads a record that may be gone.
func (e *exchange) lookFor(ctx context.Context, externalID string) (record merge.Observation, there bool, err error) {
	record, err = e.read(ctx, externalID)
	if fault.Is(err, fault.NotFound) {
		e.called = true
		return record, false, nil
	}
	return record, err == nil, err
}

// resolveErase finds out what became of a deletion whose answer was lost: the record tells. While it is there, the call is sent
// again when the system cannot be at work on it any more, and under the same transaction.
func (e *exchange) resolveErase(ctx context.Context, i link.Intent, externalID string) error {
	_, there, err := e.lookFor(ctx, externalID)
	if err != nil {
		return err
	}
	if !there {
		return e.erased(ctx, &i)
	}
	d, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if err := stillAsked(&i, k, pending); err != nil {
			return hub.Decision{}, err
		}
		if tooLate(k, now) {
			return decideKept(k, "The answer to the call was lost and the record is still there. "+tooLateText, now), nil
		}
		return hub.Decision{Hold: true}, nil
	})
	if err != nil || !d.Hold {
		return err
	}
	return e.again(ctx, i, externalID)
}

// burntErase is for a transaction that the system has seen before: the first call arrived, and where the record is still there
// the system had refused it, in words that were lost.
func (e *exchange) burntErase(ctx context.Context, i link.Intent, externalID string) error {
	_, there, err := e.lookFor(ctx, externalID)
	switch {
	case err != nil:
		return e.readBackLater(ctx, i, externalID, err)
	case there:
		return e.kept(ctx, &i, "The system refused the call, and its answer was lost. Ask again to see its reason.")
	}
	return e.erased(ctx, &i)
}

// unerased ends an intent whose call was refused or never left. What may go better later is tried again; a refusal is the
// system's word, unless somebody else has deleted the record meanwhile. A permission that is lacking for deletions says
// nothing of other calls, so it does not stop the system.
func (e *exchange) unerased(ctx context.Context, i link.Intent, externalID string, why error) error {
	if fault.CodeOf(why).Retryable() {
		return e.unsent(ctx, i, why)
	}
	e.log.Warn("a deletion was refused", "code", fault.CodeOf(why))
	if _, there, err := e.lookFor(ctx, externalID); err == nil && !there {
		return e.erased(ctx, &i)
	}
	return e.kept(ctx, &i, hub.Shown(why))
}

// erased commits that the record is gone. i is the intent that did it; nil when it was gone before any call.
func (e *exchange) erased(ctx context.Context, i *link.Intent) error {
	_, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, pending *link.Intent, _ time.Time) (hub.Decision, error) {
		if err := stillAsked(i, k, pending); err != nil {
			return hub.Decision{}, err
		}
		return decideErased(k, e.system.Name, i != nil), nil
	})
	if err == nil && i != nil {
		crash.Point("C5", label(*i))
	}
	return err
}

// kept commits that the record stays, and why. The link goes on as any other.
func (e *exchange) kept(ctx context.Context, i *link.Intent, why string) error {
	_, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if err := stillAsked(i, k, pending); err != nil {
			return hub.Decision{}, err
		}
		return decideKept(k, why, now), nil
	})
	if err == nil && i != nil {
		crash.Point("C5", label(*i))
	}
	return err
}

// stillAsked is Stale when others have ended the deletion or its intent.
func stillAsked(i *link.Intent, k merge.Known, pending *link.Intent) error {
	if !k.Deletion.Stands() || (i == nil) != (pending == nil) || i != nil && pending.ID != i.ID {
		return fault.New(fault.Stale, "The deletion was ended by others.")
	}
	return nil
}

// decideErase makes the intent of a deletion.
func decideErase(k merge.Known, newID merge.IDFunc, now time.Time) (hub.Decision, error) {
	if !k.Deletion.Stands() {
		return hub.Decision{}, fault.New(fault.Stale, "The deletion was ended by others.")
	}
	if tooLate(k, now) {
		return decideKept(k, "No call could be made in time. "+tooLateText, now), nil
	}
	i := &link.Intent{
		ID: newID(), LinkID: k.Link.ID, Operation: link.Delete, Set: customer.Fields{}, Want: customer.Fields{}, Number: k.Customer.Number, BusinessID: k.Customer.BusinessID, Sends: 1,
	}
	out := standing(k, link.InProgress, "", "")
	out.Link.DueAt = time.Time{}
	return hub.Decision{Outcome: out, Intent: i}, nil
}

func tooLate(k merge.Known, now time.Time) bool { return now.Sub(k.Deletion.AskedAt) > deletionGood }

const tooLateText = "The hub deletes within a day of being asked, and not later: ask again."

// decideErased leaves the link as the tombstone of its record: it keeps the key, so the customer is not made there again, and
// nothing else of the customer changes.
func decideErased(k merge.Known, system string, byCall bool) hub.Decision {
	d := *k.Deletion
	d.State, d.Message = link.Done, "Deleted in "+system+"."
	if !byCall {
		d.Message = "The record was not in " + system + " any more; no call was made."
	}
	return hub.Decision{Outcome: tombstone(k, fmt.Sprintf("Deleted in %s, as %s asked: %s", system, d.By, d.Reason)), Resolved: byCall, Taken: byCall, Deletion: &d}
}

// decideKept ends a deletion that was refused; what else there is to do about the record is looked at anew.
func decideKept(k merge.Known, why string, now time.Time) hub.Decision {
	d := *k.Deletion
	d.State, d.Message = link.Refused, why
	out := standing(k, link.Due, "", "")
	out.Link.DueAt, out.Link.Attempt = now, 0
	return hub.Decision{Outcome: out, Resolved: true, Deletion: &d}
}

// tombstone is how the link of a deleted record stands.
func tombstone(k merge.Known, message string) merge.Outcome {
	out := standing(k, link.NotInScope, fault.NotFound, message)
	out.Link.DueAt, out.Link.Attempt = time.Time{}, 0
	return out
}
