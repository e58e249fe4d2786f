package flex_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

// TestSubscriptions asks Flex for messages, lists what there is and ends it.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	m := stand(t, 0)
	hook := "https://hub.example.test/inbound/flex/1"
	conn, rec := m.recorded(t)
	sub := conn.(connector.Subscriber)
	if _, err := sub.Subscribe(t.Context(), hook, ""); !fault.Is(err, fault.Invalid) || len(rec.calls()) > 0 {
		t.Errorf("without a secret: %v", err)
	}
	if all, err := sub.Subscriptions(t.Context()); err != nil || all != nil {
		t.Errorf("%+v, %v", all, err)
	}
	id, err := sub.Subscribe(t.Context(), hook, "a secret of thirty-two characters")
	if err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	if again, err := sub.Subscribe(t.Context(), hook, "a secret of thirty-two characters"); err != nil || again != id {
		t.Errorf("again: %q, %v", again, err)
	}
	all, err := sub.Subscriptions(t.Context())
	if err != nil || !slices.Equal(all, []connector.Subscription{{ID: id, URL: hook, Active: true}}) {
		t.Errorf("%+v, %v", all, err)
	}
	if w := m.Webhooks(""); len(w) != 1 || fmt.Sprint(w[0].Types) != "[customer.created customer.deactivated customer.number_changed customer.updated]" {
		t.Errorf("%+v", w)
	}
	if err := m.SuspendWebhook("", id); err != nil {
		t.Fatal(err)
	}
	if all, err := sub.Subscriptions(t.Context()); err != nil || len(all) != 1 || all[0].Active {
		t.Errorf("%+v, %v", all, err)
	}
	for range 2 {
		err = sub.Unsubscribe(t.Context(), id)
	}
	if !fault.Is(err, fault.NotFound) || len(m.Webhooks("")) != 0 {
		t.Errorf("the second time: %v", err)
	}
	rec.forget()
	for _, odd := range []string{"", "../customers", "a/b"} {
		if err := sub.Unsubscribe(t.Context(), odd); !fault.Is(err, fault.NotFound) || len(rec.calls()) > 0 {
			t.Errorf("%q: %v", odd, err)
		}
	}
	for _, body := range []string{`{}`, `{"items":null}`, `{"items":{}}`, `{"items":[{"url":"x"}]}`, `{"items":["x"]}`, `[]`} {
		odd := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }, nil).(connector.Subscriber)
		if all, err := odd.Subscriptions(t.Context()); !fault.Is(err, fault.Unavailable) || all != nil {
			t.Errorf("%s: %+v, %v", body, all, err)
		}
		if id, err := odd.Subscribe(t.Context(), hook, "a secret"); !fault.Is(err, fault.Uncertain) || id != "" {
			t.Errorf("%s: %q, %v", body, id, err)
		}
	}
}
