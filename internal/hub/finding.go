package hub

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
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

// FindingFilter restricts findings; a zero member restricts nothing, an empty list of codes that is not nil fits none.
type FindingFilter struct {
	Codes    []finding.Code
	System   system.ID
	Customer customer.ID
	// Resolved keeps those that are resolved, or those that stand; nil keeps both.
	Resolved    *bool
	RaisedSince time.Time
}

// FindingPage is a page of findings, newest first, each with its cursor.
type FindingPage struct {
	Items   []finding.Finding
	Cursors []string
	Info    PageInfo
	Total   int
}

// Findings reads a page of findings, newest first. Needs systems:read.
func (h *Hub) Findings(ctx context.Context, v auth.Viewer, f FindingFilter, p Page, total bool) (FindingPage, error) {
	w, err := p.window()
	if err != nil {
		return FindingPage{}, err
	}
	const order = "raised"
	from, to, err := w.cursors(order)
	if err != nil {
		return FindingPage{}, err
	}
	if to != nil {
		return FindingPage{}, fault.Because(fault.Invalid, "PAGE_INVALID", "A list of findings is read from one cursor, not between two.").At("before")
	}
	q := store.FindingList{
		Codes: f.Codes, System: f.System, Customer: f.Customer, Resolved: f.Resolved, RaisedSince: f.RaisedSince,
		Backwards: w.backwards, Limit: w.limit, Total: total,
	}
	if from != nil {
		at, err := parseTimeKey(from.Key)
		if err != nil {
			return FindingPage{}, err
		}
		q.From = store.FindingPlace{RaisedAt: at, ID: finding.ID(from.ID)}
	}
	var page FindingPage
	err = h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := store.ListFindings(ctx, tx, q)
		page = FindingPage{Items: rows.Findings, Info: w.info(rows.More), Total: rows.Total}
		for _, found := range rows.Findings {
			page.Cursors = append(page.Cursors, position{Order: order, Key: timeKey(found.RaisedAt), ID: string(found.ID)}.cursor())
		}
		return err
	})
	return page, err
}

// maxNote is how long a note may be, in characters.
const maxNote = 1000

// ResolveFinding says that a finding is settled, and why. A problem that the next reading still shows is raised anew; a value that
// was left alone since two sides undid each other's flows again, and is counted anew; one that each side keeps its own of counts as
// agreed, but for an office or contact that was removed on one side only. Needs findings:resolve. Reasons: FINDING_RESOLVED, FINDING_NEEDS_RULING, FIELD_TOO_LONG, CHARACTERS_INVALID, PERSONAL_IDENTITY_CODE_NOT_ALLOWED.
func (h *Hub) ResolveFinding(ctx context.Context, v auth.Viewer, id finding.ID, note, key string) (finding.Finding, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return finding.Finding{}, err
	}
	if err := validID(id, "finding"); err != nil {
		return finding.Finding{}, fault.Of(err).At("id")
	}
	note = strings.TrimSpace(note)
	if err := checkNote(note); err != nil {
		return finding.Finding{}, err.At("note")
	}
	body := []string{string(id), note}
	_, err := h.do(ctx, v, command{auth.FindingsResolve, "resolveFinding", key, body, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		found, err := store.ListFindingsByID(ctx, tx, []finding.ID{id})
		if err != nil || len(found) == 0 {
			return nil, firstError(err, fault.New(fault.NotFound, "There is no finding with this id.").At("id"))
		}
		if slices.Contains(finding.Ruled, found[0].Code) && found[0].ResolvedAt.IsZero() {
			return nil, fault.Because(fault.Invalid, "FINDING_NEEDS_RULING", "Records wait for this: approve or reject the mass change instead.").At("id")
		}
		noted, err := store.ResolveFinding(ctx, tx, id, v.Actor.Name, note)
		if err == nil && len(noted) == 0 {
			return nil, fault.Because(fault.Invalid, "FINDING_RESOLVED", "This finding was resolved before.").At("id")
		}
		if err == nil && found[0].Code == finding.PingPong {
			err = store.EndDispute(ctx, tx, found[0].SystemID, found[0].ExternalID, customer.Group(found[0].Field))
		}
		if err == nil && found[0].Code == finding.ChangeRejected && !customer.IsPresence(found[0].Field) {
			err = store.EndApart(ctx, tx, found[0].SystemID, found[0].ExternalID, customer.Group(found[0].Field))
		}
		return answer{"finding": string(id)}, logFindings(ctx, tx, noted, v.Actor, err)
	})
	if err != nil {
		return finding.Finding{}, err
	}
	return h.findingNow(ctx, v, id)
}

// findingNow reads a finding as an answer has it.
func (h *Hub) findingNow(ctx context.Context, v auth.Viewer, id finding.ID) (finding.Finding, error) {
	var found []finding.Finding
	err := pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) (err error) {
		found, err = store.ListFindingsByID(ctx, tx, []finding.ID{id})
		return err
	})
	if err != nil || len(found) == 0 {
		return finding.Finding{}, firstError(err, fault.New(fault.NotFound, "There is no finding with this id.").At("id"))
	}
	return found[0], nil
}

func checkNote(note string) *fault.Error {
	if n := utf8.RuneCountInString(note); n > maxNote {
		return fault.Because(fault.Invalid, customer.ReasonTooLong, "A note has at most %d characters; this one has %d.", maxNote, n)
	}
	if err := finnish.CheckNoIdentityCode(note); err != nil {
		return fault.Because(fault.Invalid, string(finnish.PersonalIdentityCode), "A personal identity code must not be stored here.")
	}
	return customer.CheckText(note)
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

// nameSetter adds to a finding about two sides that undo each other's values who set the hub's (T27).
func nameSetter(ctx context.Context, tx pgx.Tx, f *finding.Finding, field customer.Field) error {
	name, err := store.LastSetBy(ctx, tx, f.CustomerID, customer.Group(field))
	if err == nil && name != "" {
		f.Message += " In the hub it was last set by " + name + "."
	}
	return err
}
