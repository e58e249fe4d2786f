package reconcile

import (
	"context"
	"time"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
)

// A run that takes another one back calls nothing outside. It lists the customers whom that one did something to, and goes through them
// one by one: each is a transaction, with what became of its values and the run's place, so a run that was killed goes on where it was.
// What a customer gets back is an edit in the hub like any other, so it goes to the systems by their links; since both sides of a base are
// what they agreed on, the value that the other run took in is theirs and unchanged, and does not come in again. A dry run goes
// the same way and leaves the customers as they are.

// undoChunk is how many listed customers are read at a time.
const undoChunk = 200

// undo carries out a run that takes another one back.
func (j *job) undo(ctx context.Context) error {
	h, r := j.worker.hub, &j.work.Run
	at := j.work.Checkpoint
	if at.ListedAt.IsZero() {
		total, err := h.ListUndo(ctx, j.claim, *j.work.Undo)
		if err != nil {
			return err
		}
		r.Total, r.Counts.Listed = total, total
	}
	for place := at.Place; ; {
		items, err := h.NextListed(ctx, j.claim, place, undoChunk)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := j.undoOne(ctx, item); err != nil {
				return err
			}
			place = item.Place
		}
		h.WakeRuns(j.claim.Organisation)
	}
}

// undoOne takes the run back for one customer. One that the database will not store is told of, and holds up no other (Promise 7).
func (j *job) undoOne(ctx context.Context, item store.RunItem) error {
	t := hub.TakingBack{Claim: j.claim, Undo: *j.work.Undo, Run: j.work.Run, Item: item, Lease: j.worker.o.Lease}
	r, err := j.worker.hub.TakeBack(ctx, t)
	if ofRecords(err) {
		j.log.Error("a customer could not be given back what it had", "customer", item.ExternalID, "code", fault.CodeOf(err))
		j.log.Debug("why a customer could not be given back what it had", "customer", item.ExternalID, "error", err)
		t.Unstorable = true
		r, err = j.worker.hub.TakeBack(ctx, t)
	}
	if err != nil {
		return err
	}
	j.work.Run = r
	return nil
}

// leftAlone says whether a record says nothing and is told nothing, since the run that brought its customer was taken back and nobody
// took the customer into use again.
func leftAlone(k merge.Known) bool { return k.Link.LetGo() && k.Customer.Status != customer.Active }

// leave gives the link of such a record back as it was: somebody said that there is something to look at, and there is not.
func (e *exchange) leave(ctx context.Context) error {
	_, err := e.commit(ctx, nil, func(_ merge.Observation, k merge.Known, _ *link.Intent, _ time.Time) (hub.Decision, error) {
		return hub.Decision{Outcome: standing(k, link.NotInScope, k.Link.LastFault, k.Link.LastMessage)}, nil
	})
	return err
}
