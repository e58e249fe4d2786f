package rest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/rest"
	"customerhub/internal/fault"
)

var (
	ours = rest.Messages{Service: "Some service", EventID: "X-Some-Event-Id", Timestamp: "X-Some-Timestamp", Signature: "X-Some-Signature", MaxBytes: 100}
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

const secret = "a secret of thirty-two characters"

// sign signs a message on its own.
func sign(secret, stamp, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprint(h, stamp, ".", body)
	return "v1=" + hex.EncodeToString(h.Sum(nil))
}

func message(stamp, body string) connector.Delivery {
	return connector.Delivery{Body: []byte(body), Header: http.Header{
		ours.EventID: {"evt_1"}, ours.Timestamp: {stamp}, ours.Signature: {sign(secret, stamp, body)},
	}}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const body = `{"type":"x"}`
	at := func(d time.Duration) string { return fmt.Sprint(noon.Add(d).Unix()) }
	now := at(0)
	but := func(change func(h http.Header)) connector.Delivery {
		d := message(now, body)
		change(d.Header)
		return d
	}
	for name, d := range map[string]connector.Delivery{
		"Now":              message(now, body),
		"FiveMinutesAgo":   message(at(-5*time.Minute), body),
		"FiveMinutesAhead": message(at(5*time.Minute), body),
		"AWrittenTime":     message(noon.Format(time.RFC3339), body),
		"InAnotherZone":    message(noon.In(time.FixedZone("", 7200)).Format(time.RFC3339), body),
		"NoBody":           message(now, ""),
		"AsLargeAsMayBe":   message(now, strings.Repeat("x", 100)),
		"SpacesAround": but(func(h http.Header) {
			h.Set(ours.EventID, " evt_1 ")
			h.Set(ours.Signature, " "+h.Get(ours.Signature)+" ")
		}),
		"TheFifthOfFive": but(func(h http.Header) {
			h.Set(ours.Signature, strings.Repeat(sign("?", now, body)+", ", 4)+h.Get(ours.Signature))
		}),
		"TheFirstOfTwo": but(func(h http.Header) { h.Set(ours.Signature, h.Get(ours.Signature)+", v1=") }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if event, err := ours.Verify(d, secret, noon); event != "evt_1" || err != nil {
				t.Errorf("got %q, %v", event, err)
			}
		})
	}
	for name, tc := range map[string]struct {
		d      connector.Delivery
		secret string
		code   fault.Code
		reason string
	}{
		"TooLarge":          {message(now, strings.Repeat("x", 101)), secret, fault.Invalid, "MESSAGE_TOO_LARGE"},
		"NoSecret":          {but(func(h http.Header) { h.Set(ours.Signature, sign("", now, body)) }), "", fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherSecret":     {message(now, body), secret + "?", fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherBody":       {connector.Delivery{Header: message(now, body).Header, Body: []byte(`{"type":"y"}`)}, secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherTime":       {but(func(h http.Header) { h.Set(ours.Timestamp, at(time.Second)) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"AnotherScheme":     {but(func(h http.Header) { h.Set(ours.Signature, "v2="+h.Get(ours.Signature)[3:]) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoScheme":          {but(func(h http.Header) { h.Set(ours.Signature, h.Get(ours.Signature)[3:]) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"Truncated":         {but(func(h http.Header) { h.Set(ours.Signature, h.Get(ours.Signature)[:65]) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoHexadecimal":     {but(func(h http.Header) { h.Set(ours.Signature, "v1="+strings.Repeat("g", 64)) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TheSignatureTwice": {but(func(h http.Header) { h.Add(ours.Signature, h.Get(ours.Signature)) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"TheTimeTwice":      {but(func(h http.Header) { h.Add(ours.Timestamp, now) }), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"ManySignatures": {but(func(h http.Header) {
			h.Set(ours.Signature, strings.Repeat("v1="+strings.Repeat("0", 64)+",", 9)+h.Get(ours.Signature))
		}), secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"NoHeaders":           {connector.Delivery{Body: []byte(body)}, secret, fault.Unauthenticated, "SIGNATURE_INVALID"},
		"ASecondTooOld":       {message(at(-5*time.Minute-time.Second), body), secret, fault.Unauthenticated, connector.TooOld},
		"ASecondTooEarly":     {message(at(5*time.Minute+time.Second), body), secret, fault.Unauthenticated, connector.TooOld},
		"Milliseconds":        {message(fmt.Sprint(noon.UnixMilli()), body), secret, fault.Unauthenticated, connector.TooOld},
		"ATimeThatIsNone":     {message("noon", body), secret, fault.Unauthenticated, connector.TooOld},
		"TheEventIDTwice":     {but(func(h http.Header) { h.Add(ours.EventID, "evt_1") }), secret, fault.Invalid, "EVENT_ID_INVALID"},
		"NoEventID":           {but(func(h http.Header) { h.Del(ours.EventID) }), secret, fault.Invalid, "EVENT_ID_INVALID"},
		"AnEventIDOf201":      {but(func(h http.Header) { h.Set(ours.EventID, strings.Repeat("e", 201)) }), secret, fault.Invalid, "EVENT_ID_INVALID"},
		"AnEventIDInOddSigns": {but(func(h http.Header) { h.Set(ours.EventID, "evt_ä") }), secret, fault.Invalid, "EVENT_ID_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event, err := ours.Verify(tc.d, tc.secret, noon)
			if f := fault.Of(err); f == nil || f.Code != tc.code || f.Reason != tc.reason || f.Message == "" || event != "" {
				t.Errorf("got %q, %v", event, err)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("Promise 11: %v", err)
			}
		})
	}
	t.Run("WhatIsNotUnderstood", func(t *testing.T) {
		t.Parallel()
		f := fault.Of(ours.NotUnderstood())
		if f == nil || f.Code != fault.Invalid || f.Reason != "MESSAGE_NOT_UNDERSTOOD" || !strings.Contains(f.Message, ours.Service) {
			t.Errorf("got %+v", f)
		}
	})
}
