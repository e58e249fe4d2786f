package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
)

// A call whose answer was lost is never simply made again. The hub looks whether it arrived; when nothing shows, it waits
// until the system cannot be at work on it any more, looks again, and only then sends the same call under the same
// transaction: taken means that it had not arrived, a refusal of the transaction means that it had (design section 5,
// Promise 2). Meanwhile the link says UNCERTAIN, since when, and what is being tried.

// uncertain keeps an intent whose answer was lost, and looks again soon.
func (e *exchange) uncertain(ctx context.Context, i link.Intent, why error) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	level := slog.LevelWarn
	if ctx.Err() != nil { // it is we who stop waiting
		level = slog.LevelInfo
	}
	e.log.Log(ending, level, "the answer to a call outside was lost", "operation", i.Operation, "part", i.Part, "error", why)
	_, err := e.commit(ending, nil, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		return undecided(i, k, now.Add(e.worker.backoff(0)), "The answer was lost; looking whether the call arrived. "+hub.Shown(why)), nil
	})
	if err != nil {
		return err
	}
	return e.answered(ending, fault.Wrap(fault.Uncertain, why, "%s", hub.Shown(why)))
}

// readBackLater keeps an intent that the system took and whose effect could not be read.
func (e *exchange) readBackLater(ctx context.Context, i link.Intent, externalID string, why error) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, err := e.commit(ending, nil, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		k.Link.ExternalID = externalID
		return undecided(i, k, now.Add(e.worker.backoff(0)), "The call was taken; its effect could not be read yet. "+hub.Shown(why)), nil
	})
	if err != nil {
		return err
	}
	return e.answered(ending, why)
}

// resolve finds out what became of an intent.
func (e *exchange) resolve(ctx context.Context, work hub.LinkWork) error {
	i := *work.Intent
	externalID := work.Link.ExternalID
	if i.Operation == link.Delete {
		return e.resolveErase(ctx, i, externalID)
	}
	if externalID == "" {
		hits, err := e.find(ctx, i.Number, i.BusinessID)
		if err == nil && len(hits) == 0 {
			hits, err = e.retrace(ctx, i)
		}
		if err != nil {
			return err
		}
		switch len(hits) {
		case 0:
			return e.again(ctx, i, "")
		case 1:
			externalID = hits[0].ExternalID
		default:
			return e.unfound(ctx, i, len(hits))
		}
		other, err := e.worker.hub.CustomerOfRecord(ctx, e.claim.Organisation, e.claim.System, externalID)
		if err != nil {
			return err
		}
		if other != "" && other != e.claim.Customer {
			return e.unfound(ctx, i, 2)
		}
	}
	record, err := e.read(ctx, externalID)
	if deleted(err) { // whatever became of the call, nothing of it is left
		e.called = true
		return e.buried(ctx, externalID)
	}
	if err != nil {
		return err
	}
	if i.Operation == link.Create && i.Part == "" {
		return e.resolved(ctx, i, externalID, record)
	}
	d, err := e.commit(ctx, &record, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if pending == nil || pending.ID != i.ID {
			return hub.Decision{}, fault.New(fault.Stale, "The intent was resolved by others.")
		}
		key, yes := arrived(i, o, k, e.policy)
		if !yes {
			return hub.Decision{Hold: true}, nil
		}
		what := i
		if i.Operation == link.Edit {
			what = absorbed(i, key, o)
		}
		return decideTaken(taken{externalID, key, o}, what, k, e.policy, store.NewID, now)
	})
	if err != nil || !d.Hold {
		return err
	}
	return e.again(ctx, i, externalID)
}

// retrace looks for a new record that people gave another number before the hub had found it (Promise 2). What belongs to a customer of the hub is
// none.
func (e *exchange) retrace(ctx context.Context, i link.Intent) (out []connector.Row, err error) {
	retracer, ok := e.conn.(connector.Retracer)
	if !ok {
		return nil, nil
	}
	rows, err := retracer.Retrace(ctx, i.MadeAt, i.Set)
	for _, r := range rows {
		other, err := e.worker.hub.CustomerOfRecord(ctx, e.claim.Organisation, e.claim.System, r.ExternalID)
		if err != nil {
			return nil, err
		}
		if other == "" && r.Excluded == "" {
			out = append(out, r)
		}
	}
	return out, err
}

// resolved commits that a created record was found. There was none with its number or business ID before the call, so one that
// has them now is the hub's own, whatever people have made of its name since; but for one with another business ID.
func (e *exchange) resolved(ctx context.Context, i link.Intent, externalID string, record merge.Observation) error {
	_, err := e.commit(ctx, &record, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if pending == nil || pending.ID != i.ID {
			return hub.Decision{}, fault.New(fault.Stale, "The intent was resolved by others.")
		}
		if id := o.Fields[customer.FieldBusinessID]; i.BusinessID != "" && id != "" && id != i.BusinessID && id != k.Customer.BusinessID {
			return undecidedFor(i, k, now, mayAdopt(i.Set, o.Fields)), nil
		}
		if number := o.Fields[customer.FieldNumber]; i.Number != "" && number != "" && number != i.Number {
			// It was made under the number that was sent, so the other one is somebody's edit and comes in.
			made := customer.Fields{customer.FieldNumber: i.Number}
			k.Base = merge.Absorb(k.Base, made, made)
		}
		return decideTaken(taken{externalID, "", o}, absorbed(i, "", o), k, e.policy, store.NewID, now)
	})
	return err
}

// again waits until the system cannot be at work on the call any more, and then sends it again under the same transaction.
func (e *exchange) again(ctx context.Context, i link.Intent, externalID string) error {
	longest := e.worker.o.LongestWrite
	if w, ok := e.conn.(connector.Writer); ok && longest == 0 {
		longest = w.LongestWrite()
	}
	d, err := e.commit(ctx, nil, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if pending == nil || pending.ID != i.ID {
			return hub.Decision{}, fault.New(fault.Stale, "The intent was resolved by others.")
		}
		over := pending.SentAt.Add(longest)
		if now.Before(over) {
			next := now.Add(e.worker.backoff(k.Link.Attempt))
			if next.After(over) {
				next = over
			}
			return undecided(*pending, k, next, fmt.Sprintf(
				"It does not show in the system. The system may be at work on it until %s; then it is sent again under the same transaction.",
				over.UTC().Format(time.RFC3339))), nil
		}
		next := *pending
		next.Sends++
		next.Trying = "Sent again under the same transaction, since it does not show in the system."
		out := standing(k, link.Uncertain, fault.Uncertain, next.Trying)
		return hub.Decision{Outcome: out, Pending: &next, Hold: true}, nil
	})
	if err != nil || !d.Hold {
		return err
	}
	return e.send(ctx, *d.Pending, externalID)
}

// burnt finds out what became of an intent whose transaction the system has seen before: the first call arrived. Where the
// record itself shows nothing of it, the system had refused it, and the comparison says what to send now. A new record is looked
// up in a list, which may lag; when it is not there, a person has to look, since making it again might make two.
func (e *exchange) burnt(ctx context.Context, i link.Intent, externalID string) error {
	if i.Operation == link.Delete {
		return e.burntErase(ctx, i, externalID)
	}
	if externalID == "" {
		hits, err := e.find(ctx, i.Number, i.BusinessID)
		if err != nil {
			return e.uncertain(ctx, i, err)
		}
		if len(hits) != 1 {
			return e.unfound(ctx, i, len(hits))
		}
		externalID = hits[0].ExternalID
	}
	record, err := e.read(ctx, externalID)
	if err != nil {
		return e.readBackLater(ctx, i, externalID, err)
	}
	if i.Operation == link.Create && i.Part == "" {
		return e.resolved(ctx, i, externalID, record)
	}
	_, err = e.commit(ctx, &record, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		if pending == nil || pending.ID != i.ID {
			return hub.Decision{}, fault.New(fault.Stale, "The intent was resolved by others.")
		}
		key, yes := arrived(i, o, k, e.policy)
		switch {
		case yes && i.Operation == link.Edit:
			return decideTaken(taken{externalID, key, o}, absorbed(i, key, o), k, e.policy, store.NewID, now)
		case yes, i.Operation == link.Edit && !e.shows(i):
			// What the system does not tell is taken for done: it says that it has seen the call.
			return decideTaken(taken{externalID, key, o}, i, k, e.policy, store.NewID, now)
		case i.Operation == link.Create && len(partsLike(i, o.Fields, k.Parts)) > 1:
			return unclear(i, k, 2, now), nil
		}
		out := standing(k, link.Due, "", "The system refused the call whose answer was lost.")
		out.Link.DueAt, out.Link.Attempt = now.Add(e.worker.backoff(k.Link.Attempt)), k.Link.Attempt+1
		return hub.Decision{Outcome: out, Resolved: true}, nil
	})
	return err
}

// shows says whether the system tells anything of what the intent sent.
func (e *exchange) shows(i link.Intent) bool {
	for f := range i.Set {
		full := f
		if i.Part != "" {
			full = customer.PartField(i.Part, i.Key, string(f))
		}
		if e.policy.Reads(full) {
			return true
		}
	}
	return false
}

// unfound leaves an intent to a person: what it made cannot be told from n records, or shows nowhere though it arrived. The
// hub makes no further one, and looks again now and then.
func (e *exchange) unfound(ctx context.Context, i link.Intent, n int) error {
	text := fmt.Sprintf("%d customers in the system fit what the hub made; a person has to say which.", n)
	if n == 0 {
		text = "The system says that the call arrived, and it shows nowhere; a person has to look."
	}
	_, err := e.commit(ctx, nil, func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (hub.Decision, error) {
		return undecidedFor(i, k, now, text), nil
	})
	return err
}

// undecidedFor is undecided for a person: with a finding, and looked at again now and then.
func undecidedFor(i link.Intent, k merge.Known, now time.Time, text string) hub.Decision {
	d := undecided(i, k, now.Add(ambiguousAgain), text)
	d.Outcome.Findings = []finding.Finding{{Code: finding.CreateAmbiguous, Message: text}}
	return d
}
