package netvisorkyc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

const hookSecret = "a secret of thirty-two characters"

// signature signs as contract section 6 has it, on its own.
func signature(secret, stamp, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprint(h, stamp, ".", body)
	return "v1=" + hex.EncodeToString(h.Sum(nil))
}

func delivery(stamp, body string) connector.Delivery {
	return connector.Delivery{Body: []byte(body), Header: http.Header{
		headerEventID: {"evt_1"}, headerTimestamp: {stamp}, headerSignature: {signature(hookSecret, stamp, body)},
	}}
}

func TestReceive(t *testing.T) {
	t.Parallel()
	stamp := fmt.Sprint(noon.Unix())
	body := change("CANDIDATE", "cand_1")
	seconds := func(d time.Duration) string { return fmt.Sprint(noon.Add(d).Unix()) }
	with := func(change func(h http.Header)) connector.Delivery {
		d := delivery(stamp, body)
		change(d.Header)
		return d
	}
	for name, tc := range map[string]struct {
		d       connector.Delivery
		records []string
	}{
		"ACandidate":          {delivery(stamp, body), []string{"candidates/cand_1"}},
		"ACustomer":           {delivery(stamp, change("CUSTOMER", "cust_1")), []string{"customers/cust_1"}},
		"TheIntegration":      {delivery(stamp, change("INTEGRATION", "int_01")), nil},
		"SomethingNew":        {delivery(stamp, change("MOON", "moon_1")), nil},
		"AnIDThatIsNone":      {delivery(stamp, change("CANDIDATE", "../x")), nil},
		"AWrittenTime":        {delivery(noon.Format(time.RFC3339), body), []string{"candidates/cand_1"}},
		"FourMinutesAgo":      {delivery(seconds(-4*time.Minute), body), []string{"candidates/cand_1"}},
		"FourMinutesAhead":    {delivery(seconds(4*time.Minute), body), []string{"candidates/cand_1"}},
		"OneOfTwoSignatures":  {with(func(h http.Header) { h.Set(headerSignature, "v1="+strings.Repeat("0", 64)+", "+h.Get(headerSignature)) }), []string{"candidates/cand_1"}},
		"ANewerSchemeBesides": {with(func(h http.Header) { h.Set(headerSignature, h.Get(headerSignature)+",v2=abc") }), []string{"candidates/cand_1"}},
		"CapitalsInTheDigest": {with(func(h http.Header) { h.Set(headerSignature, "v1="+strings.ToUpper(h.Get(headerSignature)[3:])) }), []string{"candidates/cand_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // also when it is delivered once more: the id tells
				got, err := receive(tc.d, hookSecret, noon)
				if err != nil || got.EventID != "evt_1" || !slices.Equal(got.Records, tc.records) {
					t.Errorf("got %+v, %v", got, err)
				}
			}
		})
	}
	resigned := func(secret string) connector.Delivery {
		return with(func(h http.Header) { h.Set(headerSignature, signature(secret, stamp, body)) })
	}
	for name, tc := range map[string]struct {
		d      connector.Delivery
		code   fault.Code
		reason string
	}{
		"AnotherSecret":        {resigned(hookSecret + "?"), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoSecretAtAll":        {resigned(""), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherBody":          {connector.Delivery{Header: delivery(stamp, body).Header, Body: []byte(change("CANDIDATE", "cand_2"))}, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TheBodyAtAnotherTime": {with(func(h http.Header) { h.Set(headerTimestamp, seconds(time.Second)) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoSignature":          {with(func(h http.Header) { h.Del(headerSignature) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnEmptySignature":     {with(func(h http.Header) { h.Set(headerSignature, "v1=") }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"HalfASignature":       {with(func(h http.Header) { h.Set(headerSignature, h.Get(headerSignature)[:35]) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherScheme":        {with(func(h http.Header) { h.Set(headerSignature, "v0="+h.Get(headerSignature)[3:]) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TwoHeaders":           {with(func(h http.Header) { h.Add(headerSignature, h.Get(headerSignature)) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"ManySignatures": {with(func(h http.Header) {
			h.Set(headerSignature, strings.Repeat("v1="+strings.Repeat("0", 64)+",", 500)+h.Get(headerSignature))
		}), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoTime":            {with(func(h http.Header) { h.Del(headerTimestamp) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"SixMinutesAgo":     {delivery(seconds(-6*time.Minute), body), fault.Unauthenticated, connector.TooOld},
		"SixMinutesAhead":   {delivery(seconds(6*time.Minute), body), fault.Unauthenticated, connector.TooOld},
		"ATimeThatIsNone":   {delivery("yesterday", body), fault.Unauthenticated, connector.TooOld},
		"ATimeBeyondAll":    {delivery("9223372036854775807", body), fault.Unauthenticated, connector.TooOld},
		"ATimeBeforeAll":    {delivery("-9223372036854775808", body), fault.Unauthenticated, connector.TooOld},
		"NoEventID":         {with(func(h http.Header) { h.Del(headerEventID) }), fault.Invalid, "EVENT_ID_INVALID"},
		"ALongEventID":      {with(func(h http.Header) { h.Set(headerEventID, strings.Repeat("e", 201)) }), fault.Invalid, "EVENT_ID_INVALID"},
		"AnOddEventID":      {with(func(h http.Header) { h.Set(headerEventID, "evt\n1") }), fault.Invalid, "EVENT_ID_INVALID"},
		"Huge":              {delivery(stamp, body+strings.Repeat(" ", maxMessage)), fault.Invalid, "MESSAGE_TOO_LARGE"},
		"NoJSON":            {delivery(stamp, "hello"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"AList":             {delivery(stamp, "["+body+"]"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"TwoMessages":       {delivery(stamp, body+body), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"AMessageOfNothing": {delivery(stamp, "{}"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"Latin":             {delivery(stamp, `{"entity":"CANDIDATE","id":"`+"\xe4"+`"}`), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := hookSecret
			if name == "NoSecretAtAll" {
				secret = ""
			}
			got, err := receive(tc.d, secret, noon)
			f := fault.Of(err)
			if f == nil || f.Code != tc.code || f.Reason != tc.reason || f.Message == "" || got.EventID != "" || got.Records != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), hookSecret) {
				t.Errorf("Promise 11: %v", err)
			}
		})
	}
}
