package reconcile

import (
	"context"
	"net/url"
	"path"
	"strings"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/run"
)

// subscribe sees to it that a running system which can be asked to sends its messages to the hub, once: it is looked at now and then,
// before a run that reads what changed, so that nothing falls between the two. What does not work is noted beside the address and
// tried again later; the run goes on, since polls find everything.
func (j *job) subscribe(ctx context.Context, conn connector.Connection, lane string) error {
	at, ok := conn.(connector.Subscriber)
	if k := j.work.Run.Kind; !ok || k != run.FirstImport && k != run.Poll && k != run.Sweep {
		return nil
	}
	h := j.worker.hub
	wanted, err := h.Subscriptions(ctx, j.claim.Organisation, j.work.System, j.work.Run.Kind == run.Sweep)
	if err != nil || len(wanted) == 0 {
		return err
	}
	failure := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
		return guarded(func() error { return arrange(ctx, at, wanted) })
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failure != nil {
		j.log.Warn("the system's messages to the hub could not be seen to", "code", fault.CodeOf(failure), "error", failure)
	}
	return h.NoteSubscriptions(ctx, j.claim.Organisation, wanted, failure)
}

// arrange makes the system's subscriptions what is wanted. One that is in order stays; every other one to an address of ours is ended
// before another is made, so that there are never two: one that the hub did not note may have been made by a call whose answer was
// lost, and one that is suspended goes on being so. Subscriptions to addresses that are not ours are left alone. It may be repeated at
// any point.
func arrange(ctx context.Context, at connector.Subscriber, wanted []hub.Subscription) error {
	have, err := at.Subscriptions(ctx)
	if err != nil {
		return err
	}
	for i := range wanted {
		w := &wanted[i]
		kept := false
		for _, s := range have {
			switch {
			case !leadsTo(s.URL, string(w.Endpoint)):
			case !kept && w.Wanted && s.ID == w.ID && sameAddress(s.URL, w.URL) && s.Active:
				kept = true
			default:
				if err := at.Unsubscribe(ctx, s.ID); err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
			}
		}
		if w.Wanted && !kept {
			if w.ID, err = at.Subscribe(ctx, w.URL, w.Secret); err != nil {
				return err
			}
		}
	}
	return nil
}

// leadsTo says whether a system's messages go to an address of the hub, wherever that is reached.
func leadsTo(text, endpoint string) bool {
	u, err := url.Parse(text)
	return err == nil && strings.EqualFold(path.Base(u.Path), endpoint)
}

// sameAddress compares addresses as they are reached, since a system may keep one in a form of its own.
func sameAddress(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	return err == nil && err2 == nil && x.Scheme == y.Scheme && strings.EqualFold(x.Host, y.Host) && path.Clean(x.Path) == path.Clean(y.Path)
}
