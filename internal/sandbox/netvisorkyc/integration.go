package netvisorkyc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// integration is what is known of the integration of an organisation. State is what it would be with the interfaces enabled.
type integration struct {
	Revision        int64        `json:"revision"`
	Enabled         bool         `json:"enabled,omitempty"` // support has enabled the interfaces
	User            bool         `json:"user,omitempty"`    // and made the integration user
	Bootstrap       string       `json:"bootstrap"`
	State           string       `json:"state"`
	Type            string       `json:"type,omitempty"`
	OnlyWithContact bool         `json:"onlyWithContact,omitempty"`
	Email           string       `json:"email,omitempty"`
	Identifiers     Identifiers  `json:"identifiers,omitzero"`
	Check           check        `json:"check,omitzero"`
	FailedChecks    int          `json:"failedChecks,omitempty"` // of a running integration, in a row
	Submission      int64        `json:"submission,omitempty"`
	Run             int64        `json:"run,omitempty"`
	Sync            syncState    `json:"sync,omitzero"`
	Issued          int64        `json:"issued,omitempty"`
	Credentials     []credential `json:"credentials,omitempty"`
}

// check is the outcome of a verification.
type check struct {
	KYC      string    `json:"kyc,omitempty"`
	Netvisor string    `json:"netvisor,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Message  string    `json:"message,omitempty"`
}

type syncState struct {
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// Wrote is when the last write came, by which the synchronisation counts as settled.
	Wrote   time.Time `json:"wrote,omitzero"`
	Created int       `json:"created,omitempty"`
	Skipped int       `json:"skipped,omitempty"`
	Errors  int       `json:"errors,omitempty"`
}

// credential is a token of the integration user, of which the sandbox knows the hash alone.
type credential struct {
	ID      string    `json:"id"`
	Hash    string    `json:"hash"`
	Expires time.Time `json:"expires,omitzero"` // zero is never
}

func (o *organisation) integrationID() string { return fmt.Sprintf("int_%02d", o.number) }

// shownState is the state on the wire.
func (i *integration) shownState() string {
	if !i.Enabled {
		return Disabled
	}
	return i.State
}

// takesRecords says whether candidates and customers may be written: from the start on.
func (i *integration) takesRecords() bool { return i.State == InitialSync || i.State == Running }

func (i *integration) started() bool { return i.takesRecords() || i.State == Paused }

func (o *organisation) view() Integration {
	i := &o.integration
	v := Integration{
		ID: o.integrationID(), Type: orNull(i.Type), State: i.shownState(), OnlyWithContactPerson: i.OnlyWithContact, ErrorReportEmail: orNull(i.Email),
		Netvisor:     NetvisorSide{orNull(hint(i.Identifiers.UserName)), i.Identifiers.IntegrationKey != ""},
		Verification: Verification{i.Check.KYC, i.Check.Netvisor, instant(i.Check.At), orNull(i.Check.Message)},
		InitialSync:  SyncCounters{instant(i.Sync.Started), instant(i.Sync.Finished), i.Sync.Created, i.Sync.Skipped, i.Sync.Errors},
	}
	if i.Check.KYC == "" {
		v.Verification.KYC, v.Verification.Netvisor = NotChecked, NotChecked
	}
	return v
}

// hint is the beginning and the end of a name; a short one shows nothing of itself.
func hint(name string) string {
	switch {
	case name == "":
		return ""
	case utf8.RuneCountInString(name) < 6:
		return "…"
	}
	r := []rune(name)
	return string(r[:2]) + "…" + string(r[len(r)-2:])
}

// changeIntegration changes an integration and tells of it.
func (s *Sandbox) changeIntegration(o *organisation, f func(*integration)) {
	before, beforeEffect := o.view(), s.effectOfIntegration(o)
	i := o.integration
	i.Credentials = slices.Clone(i.Credentials)
	f(&i)
	first := i.Revision == 0
	i.Revision = max(i.Revision, 1)
	o.integration = i
	after := o.view()
	// Counters alone are no news: they would drown the feed while it is being filled.
	quiet, same := before, after
	quiet.InitialSync, same.InitialSync = SyncCounters{}, SyncCounters{}
	if !first && !equalJSON(quiet, same) {
		o.integration.Revision++
		what := TypeUpdated
		if before.State != after.State {
			what = TypeStatusChanged
		}
		s.tell(o, EntityIntegration, after.ID, what, o.integration.Revision, s.stamp())
	}
	s.pending.Organisations = append(s.pending.Organisations, o.saved())
	s.note(o, EntityIntegration, after.ID, WasChanged, beforeEffect, s.effectOfIntegration(o))
}

// effectOfIntegration is what the effect log compares: what is shown, and what only support sees.
func (s *Sandbox) effectOfIntegration(o *organisation) any {
	return struct {
		Integration
		Enabled     bool     `json:"interfacesEnabled"`
		User        bool     `json:"integrationUser"`
		Credentials []string `json:"credentials"`
	}{o.view(), o.integration.Enabled, o.integration.User, o.integration.credentialIDs()}
}

func (i *integration) credentialIDs() []string {
	var ids []string
	for _, c := range i.Credentials {
		ids = append(ids, c.ID)
	}
	return ids
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// issue makes a token valid and lets older ones end in a day.
func (s *Sandbox) issue(i *integration, token string) credential {
	now := s.Now()
	i.Credentials = slices.DeleteFunc(i.Credentials, func(c credential) bool { return !c.valid(now) })
	for n := range i.Credentials {
		if c := &i.Credentials[n]; c.Expires.IsZero() {
			c.Expires = now.Add(tokenGrace)
		}
	}
	i.Issued++
	c := credential{ID: "cred_" + strconv.FormatInt(i.Issued, 10), Hash: hash(token)}
	i.Credentials = append(i.Credentials, c)
	if i.State == Enabled {
		i.State = CredentialIssued
	}
	return c
}

func (c credential) valid(now time.Time) bool { return c.Expires.IsZero() || now.Before(c.Expires) }

// Credential is an integration token as it is shown once.
type Credential struct {
	CredentialID string `json:"credentialId"`
	Token        string `json:"token"`
}

// issueCredential is the request for a new credential, by whoever makes it.
func (s *Sandbox) issueCredential(o *organisation) (Credential, error) {
	switch i := &o.integration; {
	case !i.Enabled:
		return Credential{}, notEnabled()
	case !i.User:
		return Credential{}, refuse(403, CodeRights, "there is no integration user yet; support creates it on the administrator's request")
	}
	token := invented(s.opts.Seed, "token", o.ID+" "+strconv.FormatInt(o.integration.Issued+1, 10))
	var c credential
	s.changeIntegration(o, func(i *integration) { c = s.issue(i, token) })
	return Credential{c.ID, token}, nil
}

func notEnabled() *ProblemError {
	return refuse(403, CodeNotEnabled, "the interfaces are not enabled for this organisation; ask tuki.kyc@visma.com")
}

// submit begins a verification.
func (s *Sandbox) submit(o *organisation) error {
	i := &o.integration
	if i.State == Verifying {
		return nil
	}
	if i.State == Enabled || i.State == Disabled {
		return refuse(409, CodeInvalidState, "request a credential first")
	}
	var missing []FieldError
	for _, field := range []struct{ path, value string }{
		{"type", i.Type}, {"errorReportEmail", i.Email}, {"netvisor.userName", i.Identifiers.UserName}, {"netvisor.integrationKey", i.Identifiers.IntegrationKey},
	} {
		if field.value == "" {
			missing = append(missing, FieldError{field.path, "REQUIRED", "is needed before the credentials can be sent"})
		}
	}
	if missing != nil {
		return invalid(missing...)
	}
	s.changeIntegration(o, func(i *integration) {
		i.State = Verifying
		i.Submission++
		i.FailedChecks = 0
		i.Check = check{KYC: Pending, Netvisor: Pending}
	})
	s.verifyLater(o)
	return nil
}

// verifyLater checks both sides beside everything else.
func (s *Sandbox) verifyLater(o *organisation) {
	if s.ctx.Err() != nil {
		return
	}
	submission := o.integration.Submission
	given := o.integration.Identifiers
	s.work.Go(func() {
		found, ok := s.verify(given)
		if !ok {
			return // the sandbox is closing: a new one begins again
		}
		_ = s.locked(actor{by: byService}, func() error {
			if i := &o.integration; i.State == Verifying && i.Submission == submission {
				s.changeIntegration(o, func(i *integration) {
					i.State, i.Check = VerificationFailed, found
					if found.KYC == CheckOK && found.Netvisor == CheckOK {
						i.State = Verified
					}
				})
			}
			return nil
		})
	})
}

// verify checks both sides; false means that the sandbox was closed meanwhile. No lock is held.
func (s *Sandbox) verify(given Identifiers) (check, bool) {
	settings := s.Settings()
	found := check{KYC: CheckOK, Netvisor: CheckOK}
	var messages []string
	if settings.KYCFails != "" {
		found.KYC = CheckFailed
		messages = append(messages, settings.KYCFails)
	}
	ok, message := settings.NetvisorAccepts == nil || slices.Contains(settings.NetvisorAccepts, given), ""
	if ok && s.opts.VerifyNetvisor != nil {
		ok, message = s.opts.VerifyNetvisor(s.ctx, given)
	}
	if !ok {
		found.Netvisor = CheckFailed
		if message == "" {
			message = "Netvisor does not accept the identifiers."
		}
		// What a hook says may repeat what it was given.
		messages = append(messages, strings.ReplaceAll(message, given.IntegrationKey, "***"))
	}
	found.At, found.Message = s.Now(), strings.Join(messages, " ")
	return found, s.ctx.Err() == nil
}

// start begins the initial synchronisation; twice is once. The second result says whether it began now.
func (s *Sandbox) start(o *organisation) (run string, now bool, err error) {
	i := &o.integration
	name := func() string { return fmt.Sprintf("run_%02d_%d", o.number, o.integration.Run) }
	switch {
	case i.started():
		return name(), false, nil
	case i.State != Verified:
		return "", false, refuse(409, CodeNotVerified, "the integration is %s; it can be started once it is VERIFIED", i.State)
	}
	s.changeIntegration(o, func(i *integration) {
		i.State = InitialSync
		i.Run++
		i.Sync = syncState{Started: s.Now(), Wrote: s.Now()}
	})
	return name(), true, nil
}

// settle ends the initial synchronisation when no write has come for a while [assumed].
func (s *Sandbox) settle(o *organisation, now time.Time) {
	after := s.settings.settle()
	if i := &o.integration; i.State == InitialSync && after > 0 && now.Sub(i.Sync.Wrote) >= after {
		s.finishSync(o)
	}
}

func (s *Sandbox) finishSync(o *organisation) {
	s.changeIntegration(o, func(i *integration) {
		i.State = Running
		i.Sync.Finished = s.Now()
	})
}

// countSync counts a write, or one that was refused, as long as the initial synchronisation lasts.
func (s *Sandbox) countSync(o *organisation, count func(*syncState)) {
	if o.integration.State != InitialSync {
		return
	}
	s.changeIntegration(o, func(i *integration) {
		i.Sync.Wrote = s.Now()
		count(&i.Sync)
	})
}

// pause and resume; repeating either does nothing.
func (s *Sandbox) pause(o *organisation) error {
	switch o.integration.State {
	case Paused:
		return nil
	case Running:
		s.changeIntegration(o, func(i *integration) { i.State = Paused })
		return nil
	default:
		return refuse(409, CodeInvalidState, "the integration is %s; only one that is RUNNING can be paused", o.integration.State)
	}
}

func (s *Sandbox) resume(o *organisation) error {
	switch o.integration.State {
	case Running:
		return nil
	case Paused:
		s.changeIntegration(o, func(i *integration) { i.State = Running })
		return nil
	default:
		return refuse(409, CodeInvalidState, "the integration is %s; only one that is PAUSED can be resumed", o.integration.State)
	}
}

// failed notes a verification of a running integration that failed; the third in a row stops it [assumed].
func (i *integration) failed(found check) {
	const most = 3
	i.Check = found
	if i.FailedChecks++; i.FailedChecks >= most && i.started() {
		i.State = InError
	}
}

// recheck verifies a started integration once more, as the service does by itself.
func (s *Sandbox) recheck(ctx context.Context, o *organisation) error {
	s.mu.Lock()
	given, started := o.integration.Identifiers, o.integration.started()
	s.mu.Unlock()
	if !started {
		return refuse(409, CodeInvalidState, "only an integration that was started is verified again")
	}
	found, ok := s.verify(given)
	if !ok || ctx.Err() != nil {
		return context.Canceled
	}
	return s.locked(actor{by: byService}, func() error {
		s.changeIntegration(o, func(i *integration) {
			if found.KYC == CheckOK && found.Netvisor == CheckOK {
				i.Check, i.FailedChecks = found, 0
			} else {
				i.failed(found)
			}
		})
		return nil
	})
}
