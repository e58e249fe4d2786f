package netvisorkyc

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"customerhub/internal/connector"
	"customerhub/internal/connector/netvisorkyc/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/system"
)

// The identifiers that are handed over, by Netvisor's names for them. KYC calls them user name and integration key.
const (
	netvisorCustomerID  = "customerId"
	netvisorCustomerKey = "customerKey"
)

var stages = map[api.Text]connector.Stage{
	"DISABLED": connector.StageDisabled, "ENABLED": connector.StageEnabled, "CREDENTIAL_ISSUED": connector.StageIssued,
	"VERIFYING": connector.StageVerifying, "VERIFICATION_FAILED": connector.StageFailed, "VERIFIED": connector.StageVerified,
	"INITIAL_SYNC": connector.StageFirstSync, "RUNNING": connector.StageRunning, "PAUSED": connector.StagePaused, "ERROR": connector.StageError,
}

func (c *Connection) integration(ctx context.Context) (*api.Integration, error) {
	var out api.Integration
	if _, err := c.get(ctx, []string{"integration"}, &out); err != nil {
		return nil, err
	}
	if out.State == "" {
		return nil, c.brokenReply(&request{path: []string{"integration"}}, fault.Unavailable, errNoState)
	}
	return &out, nil
}

// RequestCredential implements connector.Activator with the administrator's token (R14, R17). The credential that there was stays valid for
// a day. A lost answer is lost for good, since the token is shown once; another one can be requested.
func (c *Connection) RequestCredential(ctx context.Context) (map[string]string, error) {
	r := request{method: http.MethodPost, path: []string{"integration", "credentials"}, admin: true, key: uuid.NewString()}
	var out api.Credential
	if err := c.send(ctx, &r, &out); err != nil {
		return nil, err
	}
	if out.Token == "" || validToken(string(out.Token)) != nil {
		return nil, c.brokenReply(&r, fault.Uncertain, errNoToken)
	}
	return map[string]string{Token: string(out.Token), ActivationToken: c.admin}, nil
}

// Submit implements connector.Activator. What it hands over is kept by one call, and sent off by a second one: until that is made nothing
// has begun. Both are safe to repeat, so a Submit of which the answer was lost is made again.
func (c *Connection) Submit(ctx context.Context, s connector.Submission) error {
	var faults fault.Errors
	for _, name := range []string{netvisorCustomerID, netvisorCustomerKey} {
		if s.Identifiers[name] == "" {
			faults = append(faults, fault.Because(fault.Invalid, "FIELD_REQUIRED",
				"Both identifiers that Netvisor gave for the integration are needed.").At("identifiers", name))
		}
	}
	if _, err := finnish.ParseEmail(s.ReportEmail); err != nil {
		faults = append(faults, fault.Because(fault.Invalid, "EMAIL_INVALID",
			"KYC needs an e-mail address for its error reports before the identifiers are sent.").At("reportEmail"))
	}
	if len(faults) > 0 {
		return faults
	}
	id, secret := s.Identifiers[netvisorCustomerID], s.Identifiers[netvisorCustomerKey]
	secrets := []string{secret, id}
	err := c.send(ctx, &request{method: http.MethodPut, path: []string{"integration"}, secrets: secrets, body: api.PutIntegration{
		Type: string(system.Netvisor), OnlyWithContactPerson: s.OnlyWithContactPerson, ErrorReportEmail: s.ReportEmail,
		Netvisor: api.Identifiers{UserName: id, IntegrationKey: secret},
	}}, nil)
	if err != nil {
		return err
	}
	return c.turn(ctx, "submit", secrets)
}

// SetScope implements connector.Scoper. What the call does not name stays.
func (c *Connection) SetScope(ctx context.Context, only bool) error {
	return c.send(ctx, &request{method: http.MethodPut, path: []string{"integration"}, body: api.PutScope{OnlyWithContactPerson: only}}, nil)
}

// Start implements connector.Activator. It fills KYC by itself then (R25).
func (c *Connection) Start(ctx context.Context) error {
	err := c.turn(ctx, "start", nil)
	if f := fault.Of(err); f != nil && f.Reason == NotVerified {
		refused := *f
		refused.Code = fault.Rejected // the act is, and not the hub
		return &refused
	}
	return err
}

// Pause implements connector.Activator.
func (c *Connection) Pause(ctx context.Context) error { return c.turn(ctx, "pause", nil) }

// Resume implements connector.Activator.
func (c *Connection) Resume(ctx context.Context) error { return c.turn(ctx, "resume", nil) }

func (c *Connection) turn(ctx context.Context, act string, secrets []string) error {
	return c.send(ctx, &request{method: http.MethodPost, path: []string{"integration", act}, key: uuid.NewString(), secrets: secrets}, nil)
}

// Activation implements connector.Activator.
func (c *Connection) Activation(ctx context.Context) (connector.Activation, error) {
	i, err := c.integration(ctx)
	if err != nil {
		return connector.Activation{}, err
	}
	out := connector.Activation{
		Stage: stages[i.State], Checks: c.verified(i), CheckedAt: instant(i.Verification.CheckedAt),
		Started: instant(i.InitialSync.StartedAt), Finished: instant(i.InitialSync.FinishedAt),
		Created: count(i.InitialSync.CandidatesCreated), SkippedNoContact: count(i.InitialSync.SkippedNoContact), Failed: count(i.InitialSync.Errors),
		OnlyWithContactPerson: i.OnlyWithContactPerson == "true",
	}
	if out.Stage == "" {
		out.Stage, out.Raw = connector.StageUnknown, record.Clip(rest.Words(c.service.Scrubber()(string(i.State))), 60)
	}
	return out, nil
}

func instant(t api.Text) time.Time {
	at, err := time.Parse(time.RFC3339, string(t))
	if err != nil {
		return time.Time{}
	}
	return at
}

func count(t api.Text) int {
	n, err := strconv.Atoi(string(t))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
