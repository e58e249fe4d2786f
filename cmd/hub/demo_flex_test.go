package main_test

import (
	"testing"
	"time"
)

// TestDemoFlex lets somebody work in the simulated Flex of the demo, and somebody else in its Netvisor (Flex contract section 7): within
// two seconds one way, within one period the other.
func TestDemoFlex(t *testing.T) {
	t.Parallel()
	d := startDemo(t, nil, folder(t), "--customers", "20", "--change-every", "0s", "--poll-every", "1s",
		"--address", "127.0.0.1:0", "--netvisor-address", "127.0.0.1:0", "--kyc-address", "127.0.0.1:0", "--flex-address", "127.0.0.1:0")
	flex, netvisor := d.info.Sandbox.Flex, d.info.Sandbox.Netvisor
	eventually(t, "Flex telling the hub of changes", func() bool {
		type one struct {
			Kind    string
			Inbound *struct{ SubscribedAt *time.Time }
		}
		for _, one := range ask[[]one](d.api, "systems", `{ systems { kind inbound { subscribedAt } } }`, nil) {
			if at := one.Inbound; one.Kind == "FLEX" && at != nil && at.SubscribedAt != nil {
				return true
			}
		}
		return false
	})
	in := func(number, what string, is func(map[string]string) bool) (key string, took time.Duration) {
		t.Helper()
		began := time.Now()
		eventually(t, what, func() bool {
			var listed struct {
				Customers []struct {
					Key    string
					Fields map[string]string
				}
			}
			readJSON(t, netvisor+"/_control/customers?limit=1000", &listed)
			for _, c := range listed.Customers {
				if c.Fields["InternalIdentifier"] == number && is(c.Fields) {
					key = c.Key
					return true
				}
			}
			return false
		})
		return key, time.Since(began)
	}
	var made struct {
		ID, CustomerNumber string
	}
	acts(t, flex+"/_control/customers", `{"name":"Uusi Huolto Oy","customerTypeId":"ct_3","businessId":"1572860-0"}`, &made)
	key, took := in(made.CustomerNumber, "the new customer in Netvisor", func(map[string]string) bool { return true })
	t.Logf("R62: a new customer was in Netvisor after %s", took.Round(10*time.Millisecond))
	acts(t, flex+"/_control/customers/"+made.ID, `{"phone":"040 000 1234"}`, nil)
	_, took = in(made.CustomerNumber, "the telephone number in Netvisor", func(f map[string]string) bool {
		return f["PhoneNumber"] == "040 000 1234"
	})
	t.Logf("R62: a change was in Netvisor after %s", took.Round(10*time.Millisecond))
	if took > 2*time.Second {
		t.Errorf("R62: a change took %s", took)
	}
	began := time.Now()
	acts(t, netvisor+"/_control/customers/"+key, `{"email":"uusi@example.test"}`, nil)
	eventually(t, "the e-mail address in Flex", func() bool {
		var now struct{ Email string }
		readJSON(t, flex+"/_control/customers/"+made.ID, &now)
		return now.Email == "uusi@example.test"
	})
	t.Logf("R63: a change in Netvisor was in Flex after %s", time.Since(began).Round(10*time.Millisecond))
	d.stopped()
}
