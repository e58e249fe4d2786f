package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// kycClockPage is how many customers one transaction looks at.
const kycClockPage = 500

// TellExpiring tells of due diligences that expire: 60, 30 and 7 days before their last day, and on it, each time once. It is for a
// scheduler to call now and then, in every replica: each organisation is looked at once a day, by the calendar of Finland and the
// database's clock, a page of customers at a time, and what one replica is at, others leave alone. When it ends half-way, the next call
// goes on. It gives the number of events.
func (h *Hub) TellExpiring(ctx context.Context) (told int, err error) {
	var due []organisation.ID
	err = pg.InNoOrganisation(ctx, h.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		due, err = store.ListDueKYCClocks(ctx, tx, h.o.Now())
		return err
	})
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, org := range due {
		n, err := h.tellExpiring(ctx, org)
		told += n
		if err != nil {
			failed = append(failed, fmt.Errorf("organisation %s: %w", org, err)) // which holds up no other (Promise 7)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return told, errors.Join(failed...)
}

// tellExpiring does one organisation's day, as far as no other replica does.
func (h *Hub) tellExpiring(ctx context.Context, org organisation.ID) (told int, err error) {
	var after store.Expiring
	for more := true; more; {
		n := 0
		place := after
		err := pg.InOrganisation(ctx, h.pool, string(org), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
			n, more, place = 0, false, after
			today, ok, err := store.ClaimKYCClock(ctx, tx, h.o.Now())
			if err != nil || !ok {
				return err
			}
			page, err := store.ListExpiring(ctx, tx, today, after, kycClockPage)
			if err != nil {
				return err
			}
			if len(page) < kycClockPage {
				err = store.FinishKYCClock(ctx, tx, today)
			} else {
				more, place = true, page[len(page)-1]
			}
			if err != nil || len(page) == 0 {
				return err
			}
			ids := make([]customer.ID, len(page))
			for i, e := range page {
				ids[i] = e.ID
			}
			held, err := store.LockCustomers(ctx, tx, ids)
			if err != nil {
				return err
			}
			n, err = h.noticeExpiry(ctx, tx, held)
			return err
		})
		if err != nil {
			return told, err
		}
		after = place
		if told += n; n > 0 {
			h.o.Wake(TopicChanges, org)
		}
	}
	return told, nil
}

// noticeExpiry brings what is told of the expiry of customers' due diligence up to date, after something of them changed or a day has
// passed: the finding that each has, and the event where there was none. The caller holds the customers' locks.
func (h *Hub) noticeExpiry(ctx context.Context, tx pgx.Tx, ids []customer.ID) (told int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	standing, err := store.ListKYCStanding(ctx, tx, ids, h.o.Now())
	if err != nil {
		return 0, err
	}
	var out store.KYCNotices
	for _, s := range standing {
		notice(&out, s)
	}
	noted, err := store.SaveKYCNotices(ctx, tx, out)
	if err != nil {
		return 0, err
	}
	changes := make([]change.Change, 0, len(out.Told)+len(noted))
	for _, n := range out.Told {
		changes = append(changes, change.Change{
			Kind: change.KYCExpiryNear, CustomerID: n.CustomerID, Actor: byHub, Origin: change.Source{SystemID: string(n.SystemID)},
			Fields: []customer.FieldChange{
				{Field: customer.FieldKYCExpiresOn, After: n.ExpiresOn}, {Field: customer.FieldKYCDaysLeft, After: strconv.Itoa(n.Left)},
			},
		})
	}
	if changes = append(changes, findingChanges(noted, byHub)...); len(changes) == 0 {
		return 0, nil
	}
	return len(out.Told), store.AppendChanges(ctx, tx, changes)
}

// notice decides what is written of one customer. What was told of an expiry is not told again; a finding that ended because the customer
// was out of use meanwhile stands again, and one that a person settled does not until fewer days are left.
func notice(out *store.KYCNotices, s store.KYCStanding) {
	n, near := customer.KYCNoticeOn(s.Today, s.ExpiresOn)
	standing := s.Finding
	if standing != "" && (!near || s.FindingOn != s.ExpiresOn) {
		out.Ended = append(out.Ended, standing)
		standing = ""
	}
	if !near {
		return
	}
	told := s.Told != nil && *s.Told <= n.Days
	if told && (standing != "" || s.Settled) {
		return
	}
	f := finding.Finding{
		ID: standing, Code: finding.KYCExpires, SystemID: s.SystemID, CustomerID: s.CustomerID, Field: customer.FieldKYCExpiresOn,
		Message: expiryMessage(n), Severity: expirySeverity(n.Days),
	}
	if standing != "" {
		out.Risen = append(out.Risen, f)
	} else {
		f.ID = finding.ID(store.NewID())
		out.Raised = append(out.Raised, f)
	}
	of := store.KYCNoticeOf{KYCNotice: n, CustomerID: s.CustomerID, SystemID: s.SystemID, Finding: f.ID}
	if told {
		of.Days = *s.Told
		out.Again = append(out.Again, of)
	} else {
		out.Told = append(out.Told, of)
	}
}

// expiryMessage stays true until the next one.
func expiryMessage(n customer.KYCNotice) string {
	if n.Days == 0 {
		return "The last day of the due diligence is " + n.ExpiresOn + "; after it, the due diligence has expired."
	}
	return fmt.Sprintf("The last day of the due diligence is %s, %d days away or fewer.", n.ExpiresOn, n.Days)
}

func expirySeverity(days int) finding.Severity {
	switch {
	case days > 30:
		return finding.Notice
	case days > 7:
		return finding.Warning
	}
	return finding.Urgent
}

// turns are the changes by which a customer comes into use or goes out of it.
var turns = []change.Kind{change.CustomerDeactivated, change.CustomerReactivated, change.CustomerMerged, change.CustomerUnmerged}

// noticeTurned is noticeExpiry for the customers that changes took into use, or out of it. Mostly there are none, which costs nothing.
func (h *Hub) noticeTurned(ctx context.Context, tx pgx.Tx, changes []change.Change) error {
	var ids []customer.ID
	for _, c := range changes {
		if slices.Contains(turns, c.Kind) {
			ids = append(ids, c.CustomerID)
		}
	}
	_, err := h.noticeExpiry(ctx, tx, ids)
	return err
}
