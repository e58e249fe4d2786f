package netvisorkyc

import (
	"context"
	"strings"
	"testing"
	"time"
)

const settingsBody = `{"type":"NETVISOR","onlyWithContactPerson":true,"errorReportEmail":"virheet@example.test",
	"netvisor":{"userName":"NV_user_7F","integrationKey":"very-secret-key"}}`

func (b *bench) state(t *testing.T) string {
	t.Helper()
	return b.send(t, "GET", "/integration", "").want(t, 200, "").text("state")
}

func (b *bench) verified(t *testing.T) {
	t.Helper()
	until(t, "a verification", func() bool { return b.state(t) != Verifying })
}

// issued is a sandbox with a credential and nothing else.
func issued(t *testing.T, o Options) (b *bench, administrator string) {
	t.Helper()
	o.Organisations = []Organisation{{Enabled: true}}
	b = setup(t, o)
	c, _ := b.Credentials("")
	b.token = b.send(t, "POST", "/integration/credentials", "", as(c.BootstrapToken)).want(t, 201, "").text("token")
	return b, c.BootstrapToken
}

func TestActivation(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{VerifyNetvisor: func(_ context.Context, i Identifiers) (bool, string) {
		return i.IntegrationKey == "very-secret-key", "Netvisor: no such key " + i.IntegrationKey
	}})
	credentials, _ := b.Credentials("")
	boot := as(credentials.BootstrapToken)
	org := credentials.Organisation

	// R16, R9: support enables the interfaces and makes the integration user; the administrator can do neither.
	b.send(t, "POST", "/integration/credentials", "", boot).want(t, 403, CodeNotEnabled)
	b.control(t, "POST", "organisations/"+org+"/enable", "").want(t, 200, "")
	b.send(t, "POST", "/integration/credentials", "", boot).want(t, 403, CodeRights)
	b.control(t, "POST", "organisations/"+org+"/integration-user", "").want(t, 200, "")
	if got := b.send(t, "GET", "/integration", "", boot).want(t, 200, "").text("state"); got != Enabled {
		t.Fatal(got)
	}

	// R17: the credential is shown once.
	issued := b.send(t, "POST", "/integration/credentials", "", boot).want(t, 201, "")
	b.token = issued.text("token")
	if issued.text("credentialId") == "" || b.state(t) != CredentialIssued {
		t.Fatal(issued.raw, b.state(t))
	}
	b.send(t, "POST", "/integration/credentials", "").want(t, 403, CodeRights) // the integration user is no administrator

	// R24: not before the verification.
	b.send(t, "POST", "/integration/start", "").want(t, 409, CodeNotVerified)
	// R21: the address for errors comes first.
	if got := b.send(t, "POST", "/integration/submit", "").want(t, 400, CodeValidation); len(got.at("errors").([]any)) != 4 {
		t.Error(got.raw)
	}
	wrong := strings.Replace(settingsBody, "very-secret-key", "wrong-secret-key", 1)
	put := b.send(t, "PUT", "/integration", wrong).want(t, 200, "")
	if put.text("netvisor.userNameHint") != "NV…7F" || put.at("netvisor.integrationKeySet") != true || put.at("onlyWithContactPerson") != true || put.text("id") != "int_01" {
		t.Error(put.raw)
	}
	// Scenario 1: a wrong key fails the verification, with a reason that does not repeat it.
	if got := b.send(t, "POST", "/integration/submit", "").want(t, 202, ""); got.text("state") != Verifying || got.text("verification.kyc") != Pending {
		t.Error(got.raw)
	}
	b.verified(t)
	failed := b.send(t, "GET", "/integration", "")
	if failed.text("state") != VerificationFailed || failed.text("verification.netvisor") != CheckFailed || failed.text("verification.kyc") != CheckOK ||
		!strings.Contains(failed.text("verification.message"), "no such key") {
		t.Error(failed.raw)
	}
	b.send(t, "POST", "/integration/start", "").want(t, 409, CodeNotVerified)
	b.upsert(t, "1", idOne).want(t, 409, CodeNotVerified)

	b.send(t, "PUT", "/integration", `{"netvisor":{"integrationKey":"very-secret-key"}}`).want(t, 200, "")
	b.send(t, "POST", "/integration/submit", "").want(t, 202, "")
	b.verified(t)
	if got := b.state(t); got != Verified {
		t.Fatal(got)
	}
	b.upsert(t, "1", idOne).want(t, 409, CodeNotVerified) // verified is not started

	first := b.send(t, "POST", "/integration/start", "").want(t, 202, "").text("runId")
	if again := b.send(t, "POST", "/integration/start", "").want(t, 200, "").text("runId"); again != first || first == "" {
		t.Errorf("run %q, then %q", first, again)
	}
	if got := b.state(t); got != InitialSync {
		t.Fatal(got)
	}
	b.send(t, "POST", "/integration/pause", "").want(t, 409, CodeInvalidState)

	// The counters, and the end by itself a minute after the last write.
	b.upsert(t, "1", idOne).want(t, 201, "")
	b.upsert(t, "1", idOne).want(t, 200, "")
	b.send(t, "PUT", "/candidates/by-source/NETVISOR/2", `{"businessId":"`+idTwo+`","name":"Ilman"}`).want(t, 400, CodeValidation)
	b.upsert(t, "3", "1234567-8").want(t, 422, CodeBusinessID)
	if err := b.Advance(59 * time.Second); err != nil {
		t.Fatal(err)
	}
	b.upsert(t, "1", idOne).want(t, 200, "")
	_ = b.Advance(59 * time.Second)
	if got := b.state(t); got != InitialSync {
		t.Error("ended although it was written to: " + got)
	}
	_ = b.Advance(time.Second)
	done := b.send(t, "GET", "/integration", "")
	if done.text("state") != Running || done.at("initialSync.candidatesCreated") != 1.0 || done.at("initialSync.skippedNoContact") != 1.0 ||
		done.at("initialSync.errors") != 1.0 || done.text("initialSync.finishedAt") == "" {
		t.Error(done.raw)
	}

	b.send(t, "POST", "/integration/resume", "").want(t, 200, "")
	b.send(t, "POST", "/integration/pause", "").want(t, 200, "")
	b.send(t, "POST", "/integration/pause", "").want(t, 200, "")
	b.upsert(t, "1", idOne).want(t, 409, CodePaused)
	if again := b.send(t, "POST", "/integration/start", "").want(t, 200, "").text("runId"); again != first {
		t.Error(again)
	}
	b.send(t, "POST", "/integration/resume", "").want(t, 200, "")

	everything := []string{put.raw, failed.raw, done.raw}
	for _, c := range b.Calls() {
		everything = append(everything, c.Path, c.Query, c.Code)
	}
	if all := strings.Join(everything, " "); strings.Contains(all, "secret-key") || strings.Contains(all, b.token) {
		t.Error("a secret is shown")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b, boot := issued(t, Options{})
	old := b.token
	second := b.send(t, "POST", "/integration/credentials", "", as(boot)).text("token")
	if second == old || second == "" {
		t.Fatal("the second token is the first")
	}
	t.Log("the older one is valid for 24 hours")
	_ = b.Advance(24*time.Hour - time.Second)
	b.send(t, "GET", "/integration", "", as(old)).want(t, 200, "")
	_ = b.Advance(time.Second)
	if got := b.send(t, "GET", "/integration", "", as(old)).want(t, 401, CodeToken); got.header.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
	b.token = second
	b.send(t, "GET", "/integration", "").want(t, 200, "")
	for name, header := range map[string]string{"None": "", "Unknown": "Bearer kyc_unknown", "Basic": "Basic " + second, "Empty": "Bearer "} {
		t.Run(name, func(t *testing.T) {
			b.send(t, "GET", "/candidates", "", with("Authorization", header)).want(t, 401, CodeToken)
		})
	}
	b.send(t, "GET", "/candidates", "", as(boot)).want(t, 403, CodeRights)

	fresh, err := b.IssueBootstrap("")
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, "GET", "/integration", "", as(boot)).want(t, 401, CodeToken)
	b.send(t, "GET", "/integration", "", as(fresh)).want(t, 200, "")

	_ = b.DisableInterfaces("")
	b.send(t, "GET", "/integration", "").want(t, 403, CodeNotEnabled)
	b.send(t, "GET", "/integration", "", as("kyc_unknown_token")).want(t, 401, CodeToken)
	if v, _ := b.Integration(""); v.State != Disabled {
		t.Error(v.State)
	}
	_ = b.EnableInterfaces("")
	if got := b.state(t); got != CredentialIssued {
		t.Error(got)
	}
}

func TestErrorState(t *testing.T) {
	t.Parallel()
	t.Run("RevokedWhileRunning", func(t *testing.T) { // scenario 11
		t.Parallel()
		b := running(t, Options{})
		c, _ := b.Credentials("")
		b.control(t, "POST", "organisations/"+c.Organisation+"/revoke", "").want(t, 200, "")
		b.upsert(t, "1", idOne).want(t, 401, CodeToken)
		if v, _ := b.Integration(""); v.State != InError {
			t.Fatal(v.State)
		}
		b.token = b.send(t, "POST", "/integration/credentials", "", as(c.BootstrapToken)).want(t, 201, "").text("token")
		b.send(t, "POST", "/integration/start", "").want(t, 409, CodeNotVerified)
		b.send(t, "POST", "/integration/submit", "").want(t, 202, "")
		b.verified(t)
		b.send(t, "POST", "/integration/start", "").want(t, 202, "")
		b.upsert(t, "1", idOne).want(t, 201, "")
	})
	t.Run("ThreeFailedVerifications", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		c, _ := b.Credentials("")
		b.control(t, "POST", "settings", `{"netvisorAccepts":[{"userName":"another","integrationKey":"another"}]}`).want(t, 200, "")
		for i, want := range []string{Running, Running, InError} {
			b.control(t, "POST", "organisations/"+c.Organisation+"/recheck", "").want(t, 200, "")
			if got := b.state(t); got != want {
				t.Errorf("after %d: %s", i+1, got)
			}
		}
		b.upsert(t, "1", idOne).want(t, 409, CodeNotVerified)
	})
	t.Run("KYCsOwnSide", func(t *testing.T) {
		t.Parallel()
		b, _ := issued(t, Options{Settings: Settings{KYCFails: "The licence has ended."}})
		b.send(t, "PUT", "/integration", settingsBody).want(t, 200, "")
		b.send(t, "POST", "/integration/submit", "").want(t, 202, "")
		b.verified(t)
		if got := b.send(t, "GET", "/integration", ""); got.text("verification.kyc") != CheckFailed || got.text("verification.message") != "The licence has ended." {
			t.Error(got.raw)
		}
	})
}
