package hub

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/advice"
	"customerhub/internal/auth"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/pg"
	"customerhub/internal/report"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

const (
	// ReportEvery is how long passes between two error reports to one recipient of an organisation (KYC contract, Errors).
	ReportEvery = 15 * time.Minute
	// ReportGather is how long the first failure waits for others that happen with it.
	ReportGather = 2 * time.Minute
)

// SetSystemErrorReport says whom the failures of a system are reported to by e-mail, and in which language; an empty address is
// nobody (R21, R26). The first report to a new address tells of all failures that stand and were not told. Needs
// systems:manage. Reasons: EMAIL_INVALID.
func (h *Hub) SetSystemErrorReport(ctx context.Context, v auth.Viewer, id system.ID, email string, language advice.Language, key string) (system.System, error) {
	if err := v.Require(auth.SystemsManage); err != nil {
		return system.System{}, err
	}
	email, err := reportAddress(email)
	if err != nil {
		return system.System{}, err
	}
	if !slices.Contains(advice.Languages, language) {
		return system.System{}, fault.New(fault.Invalid, "The language of reports is EN, FI, SV or NB.").At("language")
	}
	body := []string{string(id), email, string(language)}
	return h.changeSystem(ctx, v, id, command{auth.SystemsManage, "setSystemErrorReport", key, body, systemWake},
		func(ctx context.Context, tx pgx.Tx, s *system.System) error {
			return store.SetReportEmail(ctx, tx, s.ID, s.ReportEmail, email, string(language), ReportEvery)
		})
}

// reportAddress takes one address that every mail server understands: letters outside ASCII are for mailboxes whose servers
// all speak SMTPUTF8, and a report has to arrive.
func reportAddress(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	email, err := finnish.ParseEmail(text)
	ascii := !strings.ContainsFunc(email, func(r rune) bool { return r > '~' })
	switch {
	case err != nil:
		return "", fault.Because(fault.Invalid, "EMAIL_INVALID", "%s", err).At("email")
	case !ascii:
		return "", fault.Because(fault.Invalid, "EMAIL_INVALID",
			"An address for error reports has no letters outside ASCII; a domain can be written in its xn-- form.").At("email")
	case finnish.CheckNoIdentityCode(email) != nil:
		return "", fault.Because(fault.Invalid, string(finnish.PersonalIdentityCode), "A personal identity code must not be stored here.").At("email")
	}
	return email, nil
}

// ErrorReportState is how the error reports about a system stand.
type ErrorReportState string

// The states.
const (
	ReportNothing  ErrorReportState = "NOTHING_TO_REPORT"
	ReportWaiting  ErrorReportState = "WAITING"  // it goes as soon as the gathering or the distance to the last one allows
	ReportRetrying ErrorReportState = "RETRYING" // the mail server did not take it; the hub goes on trying
	ReportRefused  ErrorReportState = "REFUSED"  // the mail server does not take mail to the address
	ReportNoServer ErrorReportState = "NO_MAIL_SERVER"
)

// ErrorReport is whom a system's failures are reported to, and how that stands.
type ErrorReport struct {
	Email    string
	Language advice.Language
	State    ErrorReportState
	store.ReportStatus
}

// ErrorReportsBySystem tells how the error reports about systems stand; one that reports to nobody is missing. Needs
// systems:read.
func (h *Hub) ErrorReportsBySystem(ctx context.Context, v auth.Viewer, ids []system.ID) (map[system.ID]ErrorReport, error) {
	out := make(map[system.ID]ErrorReport, len(ids))
	err := h.read(ctx, v, auth.SystemsRead, func(ctx context.Context, tx pgx.Tx) error {
		systems, err := store.ListSystemsByID(ctx, tx, validIDs(ids))
		if err != nil {
			return err
		}
		status, err := store.ListReportStatus(ctx, tx, idsOfSystems(systems))
		for _, s := range systems {
			if s.ReportEmail != "" {
				out[s.ID] = ErrorReport{
					Email: s.ReportEmail, Language: advice.Language(s.ReportLanguage), State: h.reportState(status[s.ID]), ReportStatus: status[s.ID],
				}
			}
		}
		return err
	})
	return out, err
}

func idsOfSystems(systems []system.System) []system.ID {
	out := make([]system.ID, len(systems))
	for i, s := range systems {
		out[i] = s.ID
	}
	return out
}

func (h *Hub) reportState(s store.ReportStatus) ErrorReportState {
	switch {
	case !h.o.Mails:
		return ReportNoServer
	case s.Fault != nil && s.Fault.Code == fault.Rejected:
		return ReportRefused
	case s.Fault != nil:
		return ReportRetrying
	case s.Waiting > 0:
		return ReportWaiting
	}
	return ReportNothing
}

// OutgoingReport is a report on its way.
type OutgoingReport struct {
	store.SealedReport
	report.Report
}

// NextReport settles what the claimed recipient's next report tells and gives it: the same again until it was accepted. Nil
// means that there is nothing left to tell, and the claim has ended. Stale means that the recipient is in other hands now.
func (h *Hub) NextReport(ctx context.Context, c store.ReportClaim) (*OutgoingReport, error) {
	var out *OutgoingReport
	err := pg.InOrganisation(ctx, h.pool, string(c.Organisation), pg.TxOptions{RetryConflicts: true}, func(ctx context.Context, tx pgx.Tx) error {
		out = nil
		sealed, err := store.SealReport(ctx, tx, c)
		if err != nil {
			return err
		}
		lines, err := store.ListReportLines(ctx, tx, sealed.ID)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return store.ReleaseReport(ctx, tx, c, true)
		}
		out = &OutgoingReport{SealedReport: sealed, Report: report.Report{
			// Systems may differ in their language; the oldest decides for a report about several.
			Organisation: c.Organisation, Language: advice.Language(lines[0].Language), Every: ReportEvery, Groups: h.groups(lines),
		}}
		return nil
	})
	return out, err
}

func (h *Hub) groups(lines []store.ReportLine) (out []report.Group) {
	for i, l := range lines {
		if i == 0 || l.SystemID != lines[i-1].SystemID || l.Code != lines[i-1].Code {
			out = append(out, report.Group{System: l.System, Support: h.o.Kinds[l.Kind].Support, Code: l.Code, Total: l.Total})
		}
		g := &out[len(out)-1]
		g.Records = append(g.Records, l.Record)
	}
	return out
}

// ReportSent notes that a report was accepted. Stale means that the recipient is in other hands now, which will send it again.
func (h *Hub) ReportSent(ctx context.Context, c store.ReportClaim) error {
	return h.settleReport(ctx, c, func(ctx context.Context, tx pgx.Tx) error { return store.ReportSent(ctx, tx, c, ReportEvery) })
}

// ReportFailed notes why a report was not accepted, and when to try again. Stale means that the recipient is in other hands
// now.
func (h *Hub) ReportFailed(ctx context.Context, c store.ReportClaim, failure error, wait time.Duration) error {
	return h.settleReport(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		return store.ReportFailed(ctx, tx, c, fault.CodeOf(failure), Shown(failure), wait)
	})
}

// ReleaseReport gives a claimed recipient back as it was, for a hub that is shutting down.
func (h *Hub) ReleaseReport(ctx context.Context, c store.ReportClaim) error {
	return h.settleReport(ctx, c, func(ctx context.Context, tx pgx.Tx) error { return store.ReleaseReport(ctx, tx, c, false) })
}

func (h *Hub) settleReport(ctx context.Context, c store.ReportClaim, fn func(context.Context, pgx.Tx) error) error {
	err := pg.InOrganisation(ctx, h.pool, string(c.Organisation), pg.TxOptions{}, fn)
	if err == nil {
		h.o.Wake(TopicSystems, c.Organisation)
	}
	return err
}
