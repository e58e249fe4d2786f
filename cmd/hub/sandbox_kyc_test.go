package main_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"customerhub/internal/connector/netvisorkyc"
)

// practice is a running "hub sandbox kyc", with what it printed.
type practice struct {
	*hubProcess
	printed string
}

func practise(t *testing.T, args ...string) practice {
	t.Helper()
	p := start(t, nil, append([]string{"sandbox", "kyc", "--address", "127.0.0.1:0"}, args...)...)
	p.says(p.out, "/_control/effects\n")
	return practice{p, p.out.String()}
}

// value is a value of the list that was printed, empty when it is not there.
func (p practice) value(name string) string {
	found := regexp.MustCompile(`(?m)^  ` + name + ` +(\S+)$`).FindStringSubmatch(p.printed)
	if found == nil {
		return ""
	}
	return found[1]
}

// settingOfKYC says whether the hub takes a value of a setting.
func settingOfKYC(name string) func(string) error {
	for _, s := range netvisorkyc.Kind().Settings {
		if s.Name == name {
			return s.Valid
		}
	}
	return func(string) error { return errors.New("there is no such setting") }
}

// call calls the service with the token that was printed.
func (p practice) call(method, path, body string) int {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.value("baseUrl")+"/kyc/v1"+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.value("token"))
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

var example = regexp.MustCompile(`(?m)^  (.+):\s+curl -s (-X POST )?(http://\S+)(?: -d '(.*)')?$`)

func TestSandboxKYC(t *testing.T) {
	t.Parallel()
	state := filepath.Join(folder(t), "kyc")
	p := practise(t, "--state", state, "--rate-limit", "0")
	for _, step := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/integration", `{"type":"NETVISOR","errorReportEmail":"virheet@example.test","netvisor":{"userName":"NV_user","integrationKey":"` + canary + `"}}`, 200},
		{"POST", "/integration/submit", ``, 202},
	} {
		if got := p.call(step.method, step.path, step.body); got != step.status {
			t.Fatalf("%s %s: HTTP %d", step.method, step.path, got)
		}
	}
	eventually(t, "the verification", func() bool { return p.call("POST", "/integration/start", "") == 202 })
	if got := p.call("PUT", "/candidates/by-source/NETVISOR/1",
		`{"businessId":"1572860-0","name":"Esimerkki Oy","contactPerson":{"email":"aino@example.test"}}`); got != 201 {
		t.Fatalf("HTTP %d", got)
	}

	// Each example that is printed works as it stands, in the order in which they are printed.
	examples := example.FindAllStringSubmatch(p.printed, -1)
	if len(examples) != 7 {
		t.Fatalf("%d examples:\n%s", len(examples), p.printed)
	}
	for _, e := range examples {
		method, body := http.MethodGet, e[4]
		if e[2] != "" || body != "" {
			method = http.MethodPost
		}
		r, err := http.NewRequestWithContext(t.Context(), method, e[3], strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode >= 300 {
			t.Errorf("%s HTTP %d: %s", e[1], res.StatusCode, e[0])
		}
	}
	if got := p.call("GET", "/customers/cust_501", ""); got != 503 {
		t.Errorf("HTTP %d, although it was made to fail", got)
	}

	p.signal(syscall.SIGKILL)
	p.ends()
	again := practise(t, "--state", state)
	if again.value("token") != p.value("token") || again.value("activationToken") != p.value("activationToken") {
		t.Error("the tokens are others after a restart")
	}
	if got := again.call("GET", "/customers/cust_501", ""); got != 200 { // faults are not kept
		t.Errorf("HTTP %d: the customer did not outlive a kill", got)
	}
	again.signal(syscall.SIGTERM)
	if code := again.ends(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	for _, s := range []string{p.printed, p.errOut.String(), again.printed, again.errOut.String()} {
		if strings.Contains(s, canary) {
			t.Error("a secret is shown")
		}
	}
}

func TestSandboxKYCBeforeSupport(t *testing.T) { // R16
	t.Parallel()
	p := practise(t, "--disabled")
	for setting, valid := range map[string]func(string) error{"baseUrl": settingOfKYC("baseUrl"), "organisationId": settingOfKYC("organisationId")} {
		if err := valid(p.value(setting)); err != nil {
			t.Errorf("createSystem does not take the %s %q: %v", setting, p.value(setting), err)
		}
	}
	if p.value("token") != "" || !strings.Contains(p.printed, "/enable") || !strings.Contains(p.printed, "/integration-user") {
		t.Errorf("printed:\n%s", p.printed)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.value("baseUrl")+"/kyc/v1/integration/credentials", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.value("activationToken"))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("HTTP %d before support has enabled the interfaces", res.StatusCode)
	}
}
