package hub

import (
	"context"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/finding"
	"customerhub/internal/store"
)

// FindingsByID reads findings; ids that do not exist are left out. Needs systems:read.
func (h *Hub) FindingsByID(ctx context.Context, v auth.Viewer, ids []finding.ID) (map[finding.ID]finding.Finding, error) {
	var out map[finding.ID]finding.Finding
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListFindingsByID(ctx, tx, validIDs(ids))
		out = byID(found, func(f finding.Finding) finding.ID { return f.ID })
		return err
	})
	return out, err
}

// byHub is who raises findings and resolves them when a reading shows them no more.
var byHub = change.Actor{Kind: change.ActorHub, Name: "hub"}

// findingChanges are the changes that tell of findings which were raised or resolved (design section 7). Those about a
// customer take its next number.
func findingChanges(noted []store.NotedFinding, by change.Actor) []change.Change {
	out := make([]change.Change, len(noted))
	for i, n := range noted {
		out[i] = change.Change{
			Kind: change.FindingRaised, CustomerID: n.CustomerID, FindingID: n.ID, Actor: by,
			Origin: change.Source{SystemID: string(n.SystemID)},
		}
		if n.Resolved {
			out[i].Kind = change.FindingResolved
		}
	}
	return out
}

// logFindings appends the changes of findings to the log. It passes the error of the write that noted them through, and
// mostly there are none, which costs nothing.
func logFindings(ctx context.Context, tx pgx.Tx, noted []store.NotedFinding, by change.Actor, err error) error {
	if err != nil || len(noted) == 0 {
		return err
	}
	return store.AppendChanges(ctx, tx, findingChanges(noted, by))
}
