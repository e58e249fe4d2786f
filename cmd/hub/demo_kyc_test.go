package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDemoKYC plays somebody who assesses a candidate in the demo's KYC. The demo looks at nothing by itself for a day, so it is KYC's messages
// by which the assessment arrives: at the API, at an open subscription, and on the customer's tab in Netvisor.
func TestDemoKYC(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil, folder(t), "--customers", "40", "--change-every", "0s", "--poll-every", "24h",
		"--address", "127.0.0.1:0", "--netvisor-address", "127.0.0.1:0", "--kyc-address", "127.0.0.1:0", "--flex-address", "127.0.0.1:0")
	kyc := d.info.Sandbox.NetvisorKYC
	type candidate struct {
		ID, State     string
		ContactPerson *struct{ LastName string }
		Source        struct{ ExternalID, CustomerNumber string }
	}
	var chosen candidate
	eventually(t, "a candidate that the hub knows of", func() bool {
		var listed struct{ Candidates []candidate }
		readJSON(t, kyc+"/_control/candidates", &listed)
		for _, c := range listed.Candidates {
			if c.ID != "cand_1001" && c.State != "ACCEPTED" && c.ContactPerson != nil { // the printed command is about that one
				chosen = c
			}
		}
		type page struct{ Nodes []struct{ Number string } }
		known := ask[page](d.api, "customers", `{ customers(first: 200, filter: {kyc: {state: [CANDIDATE]}}) { nodes { number } } }`, nil)
		return chosen.ID != "" && slices.ContainsFunc(known.Nodes, func(c struct{ Number string }) bool { return c.Number == chosen.Source.CustomerNumber })
	})
	eventually(t, "the hub having asked KYC for its messages", func() bool {
		type one struct {
			Kind    string
			Inbound *struct {
				URL          string
				SubscribedAt *time.Time
			}
		}
		for _, one := range ask[[]one](d.api, "systems", `{ systems { kind inbound { url subscribedAt } } }`, nil) {
			if at := one.Inbound; one.Kind == "NETVISOR_KYC" && at != nil && at.SubscribedAt != nil {
				return strings.HasPrefix(at.URL, strings.TrimSuffix(d.info.GraphQL, "graphql")+"inbound/")
			}
		}
		return false
	})
	since := ask[struct{ EndCursor string }](d.api, "changes", `{ changes(first: 0) { endCursor } }`, nil).EndCursor // nothing is missed
	events := d.follow(t, `subscription ($after: Cursor) { kycStatusChanged(after: $after) {
		... on CustomerChange { change { kind } customer { number kyc { state riskClass } } } } }`, map[string]any{"after": since})
	// arrives waits until the class is at an open subscription and on the customer's tab in Netvisor.
	arrives := func(class string) {
		t.Helper()
		began := time.Now()
		for found := false; !found; {
			var e struct {
				Data struct {
					KycStatusChanged struct {
						Customer struct {
							Number string
							Kyc    struct{ State, RiskClass string }
						}
					}
				}
			}
			if err := json.Unmarshal(events(), &e); err != nil {
				t.Fatal(err)
			}
			c := e.Data.KycStatusChanged.Customer
			found = c.Number == chosen.Source.CustomerNumber && c.Kyc.State == "CUSTOMER" && c.Kyc.RiskClass == class
		}
		t.Logf("R43: the subscription had %s after %s", class, time.Since(began).Round(10*time.Millisecond))
		eventually(t, "the class on the customer's tab in Netvisor", func() bool {
			var card struct{ Responsibility map[string]string }
			readJSON(t, d.info.Sandbox.Netvisor+"/_control/customers/"+chosen.Source.ExternalID, &card)
			return card.Responsibility["RiskClass"] == strings.ToLower(class)
		})
		t.Logf("R44: and Netvisor after %s", time.Since(began).Round(10*time.Millisecond))
	}
	var made struct{ ID string }
	acts(t, kyc+"/_control/candidates/"+chosen.ID+"/accept", `{"riskClass":"HIGH","reviewIntervalMonths":12,"notes":"Seurataan.","force":true}`, &made)
	arrives("HIGH")
	// What KYC tells of it from now on names the customer, which the hub knows as the candidate that it was.
	acts(t, kyc+"/_control/customers/"+made.ID, `{"riskClass":"STANDARD"}`, nil)
	arrives("STANDARD")
	t.Run("ThePrintedCommandWorks", func(t *testing.T) {
		if _, err := exec.LookPath("curl"); err != nil {
			t.Skip("the command is for curl, which this machine does not have")
		}
		text := d.out.String()
		_, command, found := strings.Cut(text, "  4. ")
		_, command, _ = strings.Cut(command, "\n")
		command, _, _ = strings.Cut(command, "\n")
		out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.TrimSpace(command)).CombinedOutput()
		if !found || err != nil || !strings.Contains(string(out), `"riskClass":"HIGH"`) && !strings.Contains(string(out), `"riskClass": "HIGH"`) {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	})
	d.stopped()
}

// acts plays somebody at a page of a sandbox.
func acts(t *testing.T, url, body string, v any) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s: status %d", url, resp.StatusCode)
	}
	if v != nil {
		if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
			t.Fatal(err)
		}
	}
}

// follow opens a subscription and gives what reads its next event.
func (d *demo) follow(t *testing.T, query string, variables map[string]any) (next func() []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.info.GraphQL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.info.Key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Body.Close() })
	lines := bufio.NewScanner(stream.Body)
	return func() []byte {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
				return []byte(data)
			}
		}
		t.Fatalf("the event stream ended: %v", lines.Err())
		return nil
	}
}
