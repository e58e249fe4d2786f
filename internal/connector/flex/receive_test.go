package flex_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/customer"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

const (
	hookSecret = "a secret of thirty-two characters"

	headerEventID   = "X-Flex-Event-Id"
	headerTimestamp = "X-Flex-Timestamp"
	headerSignature = "X-Flex-Signature"
)

// noon is when messages are received.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// signature signs as contract section 7 has it, on its own.
func signature(secret, stamp, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprint(h, stamp, ".", body)
	return "v1=" + hex.EncodeToString(h.Sum(nil))
}

func delivery(stamp, body string) connector.Delivery {
	return connector.Delivery{Body: []byte(body), Header: http.Header{
		headerEventID: {"01JCEVENT"}, headerTimestamp: {stamp}, headerSignature: {signature(hookSecret, stamp, body)},
	}}
}

func event(kind, id string) string {
	return fmt.Sprintf(`{"type":%q,"customerId":%q,"revision":5,"origin":"USER","changedFields":["billing.email"],"customer":{"id":"fx_9","name":"Somebody else"}}`, kind, id)
}

func TestReceive(t *testing.T) {
	t.Parallel()
	receive := flex.Kind().Receive
	stamp, body := fmt.Sprint(noon.Unix()), event("customer.updated", "fx_7001")
	seconds := func(d time.Duration) string { return fmt.Sprint(noon.Add(d).Unix()) }
	but := func(change func(h http.Header)) connector.Delivery {
		d := delivery(stamp, body)
		change(d.Header)
		return d
	}
	for name, d := range map[string]connector.Delivery{
		"Created":              delivery(stamp, event("customer.created", "fx_7001")),
		"Updated":              delivery(stamp, body),
		"Deactivated":          delivery(stamp, event("customer.deactivated", "fx_7001")),
		"NumberChanged":        delivery(stamp, event("customer.number_changed", "fx_7001")),
		"ATypeThatIsNew":       delivery(stamp, event("customer.merged", "fx_7001")),
		"TheHubsOwn":           delivery(stamp, strings.Replace(body, "USER", "HUB", 1)),
		"NothingButWhatCounts": delivery(stamp, `{"type":"customer.updated","customerId":"fx_7001"}`),
		"FourMinutesAgo":       delivery(seconds(-4*time.Minute), body),
		"FourMinutesAhead":     delivery(seconds(4*time.Minute), body),
		"AWrittenTime":         delivery(noon.Format(time.RFC3339), body),
		"OneOfTwoSignatures":   but(func(h http.Header) { h.Set(headerSignature, "v1="+strings.Repeat("0", 64)+", "+h.Get(headerSignature)) }),
		"CapitalsInTheDigest":  but(func(h http.Header) { h.Set(headerSignature, "v1="+strings.ToUpper(h.Get(headerSignature)[3:])) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // also when it is delivered once more: the id tells
				got, err := receive(d, hookSecret, noon)
				if err != nil || got.EventID != "01JCEVENT" || !slices.Equal(got.Records, []string{"fx_7001"}) {
					t.Errorf("got %+v, %v", got, err)
				}
			}
		})
	}
	for name, tc := range map[string]struct {
		d      connector.Delivery
		code   fault.Code
		reason string
	}{
		"AnotherSecret":      {but(func(h http.Header) { h.Set(headerSignature, signature("?", stamp, body)) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherBody":        {connector.Delivery{Header: delivery(stamp, body).Header, Body: []byte(event("customer.updated", "fx_7002"))}, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherTime":        {but(func(h http.Header) { h.Set(headerTimestamp, seconds(time.Second)) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoSignature":        {but(func(h http.Header) { h.Del(headerSignature) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TheSignatureTwice":  {but(func(h http.Header) { h.Add(headerSignature, h.Get(headerSignature)) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoTime":             {but(func(h http.Header) { h.Del(headerTimestamp) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TheTimeTwice":       {but(func(h http.Header) { h.Add(headerTimestamp, stamp) }), fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TheHeadersOfOthers": {connector.Delivery{Body: []byte(body), Header: http.Header{"X-Kyc-Event-Id": {"e"}, "X-Kyc-Timestamp": {stamp}, "X-Kyc-Signature": {signature(hookSecret, stamp, body)}}}, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"SixMinutesAgo":      {delivery(seconds(-6*time.Minute), body), fault.Unauthenticated, connector.TooOld},
		"SixMinutesAhead":    {delivery(seconds(6*time.Minute), body), fault.Unauthenticated, connector.TooOld},
		"NoEventID":          {but(func(h http.Header) { h.Del(headerEventID) }), fault.Invalid, "EVENT_ID_INVALID"},
		"TheEventIDTwice":    {but(func(h http.Header) { h.Add(headerEventID, "01JCOTHER") }), fault.Invalid, "EVENT_ID_INVALID"},
		"Huge":               {delivery(stamp, body+strings.Repeat(" ", 256<<10)), fault.Invalid, "MESSAGE_TOO_LARGE"},
		"NoJSON":             {delivery(stamp, "hello"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"AList":              {delivery(stamp, "["+body+"]"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"TwoMessages":        {delivery(stamp, body+body), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"NothingInIt":        {delivery(stamp, "{}"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"NoType":             {delivery(stamp, `{"customerId":"fx_7001"}`), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"NoCustomer":         {delivery(stamp, `{"type":"task.created","taskId":"t_1"}`), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"AnIDThatIsNone":     {delivery(stamp, event("customer.updated", "../fx_7001")), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"AnIdentityCode":     {delivery(stamp, event("customer.updated", "010190-900P")), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"AnIDOfAnotherType":  {delivery(stamp, `{"type":"customer.updated","customerId":{"id":"fx_7001"}}`), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
		"Latin":              {delivery(stamp, "{\"type\":\"customer.updated\",\"customerId\":\"fx_7001\",\"x\":\"\xe4\"}"), fault.Invalid, "MESSAGE_NOT_UNDERSTOOD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := receive(tc.d, hookSecret, noon)
			f := fault.Of(err)
			if f == nil || f.Code != tc.code || f.Reason != tc.reason || f.Message == "" || got.EventID != "" || got.Records != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			if s := fmt.Sprint(err); strings.Contains(s, hookSecret) || strings.Contains(s, "010190") || strings.Contains(s, "Somebody") {
				t.Errorf("Promise 11: %v", err)
			}
		})
	}
	t.Run("WithoutASecretNothingIsSigned", func(t *testing.T) {
		t.Parallel()
		d := but(func(h http.Header) { h.Set(headerSignature, signature("", stamp, body)) })
		if got, err := receive(d, "", noon); !fault.Is(err, fault.Unauthenticated) || got.Records != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestReceivesWhatFlexSends takes messages as the sandbox sends them (F5).
func TestReceivesWhatFlexSends(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	arrived := make(chan connector.Delivery, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- connector.Delivery{Header: r.Header.Clone(), Body: body}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	conn := m.open(t)
	if _, err := conn.(connector.Subscriber).Subscribe(t.Context(), server.URL, hookSecret); err != nil {
		t.Fatal(err)
	}
	received := func(what, id string) {
		t.Helper()
		d := <-arrived
		got, err := flex.Kind().Receive(d, hookSecret, m.Now())
		if err != nil || !slices.Equal(got.Records, []string{id}) || got.EventID != d.Header.Get(headerEventID) || !strings.Contains(string(d.Body), what) {
			t.Errorf("R62: %s: %+v, %v", what, got, err)
		}
		if _, err := flex.Kind().Receive(d, hookSecret, m.Now().Add(time.Hour)); fault.Of(err) == nil || fault.Of(err).Reason != connector.TooOld {
			t.Errorf("%s, an hour later: %v", what, err)
		}
	}
	c := m.person(t, company())
	received("customer.created", c.ID)
	m.edited(t, c.ID, func(c *sandbox.Customer) { c.Name = "Muutettu Oy" })
	received("customer.updated", c.ID)
	if _, err := m.ChangeNumber("", c.ID, "2009"); err != nil {
		t.Fatal(err)
	}
	received("customer.number_changed", c.ID)
	if _, err := write(t, conn, connector.Step{Record: c.ID, Set: customer.Fields{"status": "INACTIVE"}}); err != nil {
		t.Fatal(err)
	}
	received("customer.deactivated", c.ID)
}
