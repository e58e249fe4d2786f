package reconcile

import (
	"context"
	"fmt"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
)

// lookForGone says what a complete look tells of records that are not there. Gone is what two complete lists lack and a
// single read refuses too; an inactive record is not gone (Promise 6). A list that lacks more than the brake lets through is not
// believed: what it lacks is parked, and a finding has the numbers (design section 5; T28).
func (j *job) lookForGone(ctx context.Context, conn connector.Connection, lane string) error {
	if n := j.work.Run.Counts.Keyless; n > 0 {
		j.report.Findings = append(j.report.Findings, finding.Finding{
			Code:    finding.RecordUnreadable,
			Message: fmt.Sprintf("%d rows of the system's list have no key to read them by, so their customers could not be taken.", n),
		})
	}
	m, err := j.worker.hub.FindMissing(ctx, j.claim, j.work.System.ID)
	if err != nil {
		return err
	}
	if m.Missing > j.work.System.Policy.Brake.Most(m.Linked, false) {
		j.log.Warn("a complete list lacks so much that its gaps are not believed", "missing", m.Missing, "linked", m.Linked)
		j.report.Swept, j.report.Doubted = true, true
		return nil
	}
	var gone []string
	leftOut := make(map[string]string)
	for _, id := range m.Again {
		missing := false
		err := j.inLane(ctx, lane, func(ctx context.Context, _ time.Time) error {
			record, err := conn.Read(ctx, id)
			if missing = fault.Is(err, fault.NotFound); missing {
				return nil
			}
			if err == nil && record.Excluded != "" {
				leftOut[id] = record.Excluded // it is there and not listed for a reason, such as another number
			}
			return err
		})
		switch {
		case missing:
			gone = append(gone, id)
		case fault.Is(err, fault.Rejected):
			// This record is refused for another reason, which says nothing of its absence.
		case err != nil:
			return err
		}
	}
	j.report.Swept, j.report.Counted, j.report.Gone, j.report.LeftOut = true, true, gone, leftOut
	return nil
}
