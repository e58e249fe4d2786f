package mail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/mail"
	"customerhub/internal/mail/mailtest"
)

const from = "hub@example.test"

var message = mail.Message{
	ID: "0198", To: "virheet@example.test", Subject: "Kolme virhettä", Text: "Ääkköset säilyvät.\n.\nPiste alussa ei lopeta.\n",
	Date: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
}

func sender(t *testing.T, url string, o mail.Options) *mail.Sender {
	t.Helper()
	s, err := mail.ParseServer(url, from)
	if err != nil {
		t.Fatal(err)
	}
	return mail.NewSender(s, o)
}

// certificate is one for 127.0.0.1, as httptest has it, with what trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}

func TestSend(t *testing.T) {
	t.Parallel()
	t.Run("TheServerGetsWhatWasWritten", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t, mailtest.Options{})
		if err := sender(t, sink.URL(), mail.Options{}).Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		all := sink.Received()
		if len(all) != 1 {
			t.Fatalf("%d messages", len(all))
		}
		m := all[0]
		if m.From != from || strings.Join(m.To, " ") != message.To || m.Subject != message.Subject || m.Text != message.Text {
			t.Errorf("got %+v", m)
		}
		for name, want := range map[string]string{
			"Message-Id": "<0198@example.test>", "Auto-Submitted": "auto-generated", "To": "<virheet@example.test>", "From": "<hub@example.test>",
			"Date": "Mon, 02 Mar 2026 12:00:00 +0000", "User-Agent": "",
		} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
	t.Run("STARTTLSAndSigningIn", func(t *testing.T) {
		t.Parallel()
		config, roots := certificate(t)
		sink := mailtest.New(t, mailtest.Options{TLS: config, Users: map[string]string{"hub": "salasana:1"}})
		url := func(password string) string { return "smtp://hub:" + password + "@" + sink.Address() }
		if err := sender(t, url("salasana%3A1"), mail.Options{RootCAs: roots}).Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if all := sink.Received(); len(all) != 1 || !all[0].TLS || all[0].User != "hub" {
			t.Errorf("got %+v", all)
		}
		if err := sender(t, url("wrong"), mail.Options{RootCAs: roots}).Send(t.Context(), message); !fault.Is(err, fault.Denied) {
			t.Errorf("with a wrong password: %v", err)
		}
		if err := sender(t, url("salasana%3A1"), mail.Options{}).Send(t.Context(), message); !fault.Is(err, fault.Unavailable) {
			t.Errorf("with a certificate that nobody trusts: %v", err)
		}
		if n := len(sink.Received()); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("NothingGoesUnencryptedWhereTLSIsMeant", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t, mailtest.Options{})
		err := sender(t, "smtp://"+sink.Address(), mail.Options{}).Send(t.Context(), message)
		if !fault.Is(err, fault.Unavailable) || len(sink.Received()) != 0 {
			t.Errorf("got %v and %d messages", err, len(sink.Received()))
		}
	})
	t.Run("AnswersSayWhoseMoveItIs", func(t *testing.T) {
		t.Parallel()
		for _, tc := range []struct {
			command, line string
			want          fault.Code
			text          string
		}{
			{"RCPT virheet@example.test", "550 5.1.1 Maija Malli moved", fault.Rejected, "550 5.1.1"},
			{"RCPT", "450 4.2.1 later", fault.Unavailable, "450 4.2.1"},
			{"MAIL", "553 5.7.1 not you", fault.Denied, "553 5.7.1"},
			{"MAIL", "451 4.3.0 busy", fault.Unavailable, "451 4.3.0"},
			{"DATA", "554 5.7.1 no such things here", fault.Rejected, "554 5.7.1"},
			{"DATA", "452 4.3.1 full", fault.Unavailable, "452 4.3.1"},
		} {
			sink := mailtest.New(t, mailtest.Options{})
			sink.Refuse(tc.command, tc.line)
			s := sender(t, sink.URL(), mail.Options{})
			err := s.Send(t.Context(), message)
			f := fault.Of(err)
			if f == nil || f.Code != tc.want || !strings.Contains(f.Message, tc.text) || strings.Contains(f.Message, "Maija") {
				t.Errorf("%s %q: got %v", tc.command, tc.line, err)
			}
			sink.Refuse(tc.command, "")
			if err := s.Send(t.Context(), message); err != nil || len(sink.Received()) != 1 {
				t.Errorf("after %s %q: got %v, %d messages", tc.command, tc.line, err, len(sink.Received()))
			}
		}
	})
	t.Run("DownIsUnavailable", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t, mailtest.Options{})
		sink.Down()
		if err := sender(t, sink.URL(), mail.Options{}).Send(t.Context(), message); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TheEndOfTheContextCutsTheConnection", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t, mailtest.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		sink.Hold(func(mailtest.Received) {
			cancel()
			<-release
		})
		err := sender(t, sink.URL(), mail.Options{}).Send(ctx, message)
		close(release)
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("HeadersCannotBeAdded", func(t *testing.T) {
		t.Parallel()
		sink := mailtest.New(t, mailtest.Options{})
		s := sender(t, sink.URL(), mail.Options{})
		for _, to := range []string{
			"a@example.test\r\nBcc: b@example.test", "a@example.test>\r\nRCPT TO:<b@example.test", "a@example.test, b@example.test",
			"Maija <a@example.test>", "a@example.test\x00", "a b@example.test", "a@example.test\n", "", "a", "a@example.test SIZE=1",
		} {
			m := message
			m.To = to
			if err := s.Send(t.Context(), m); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v", to, err)
			}
		}
		m := message
		m.Subject, m.ID = "Virhe\r\nBcc: b@example.test\r\n\r\nteksti", "1>\r\nX: y"
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		all := sink.Received()
		if len(all) != 1 || len(all[0].To) != 1 || all[0].Header.Get("Bcc") != "" || all[0].Header.Get("X") != "" || all[0].Text != message.Text {
			t.Errorf("got %+v", all)
		}
	})
}

func TestParseServer(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"smtp://mail.example.test", "smtps://mail.example.test:465/", "smtp://hub:p%40ss@mail.example.test:587", "smtp://127.0.0.1:25?tls=off", "smtps://[::1]",
	} {
		if _, err := mail.ParseServer(url, from); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, want := range map[string]error{
		"": mail.ErrURL, "mail.example.test": mail.ErrURL, "http://mail.example.test": mail.ErrURL, "smtp://": mail.ErrURL,
		"smtp://mail.example.test:0": mail.ErrURL, "smtp://mail.example.test:99999": mail.ErrURL, "smtp://mail.example.test/inbox": mail.ErrURL,
		"smtp://mail.example.test?tls=maybe": mail.ErrURL, "smtps://mail.example.test?tls=off": mail.ErrURL, "smtp://hub@mail.example.test": mail.ErrURL,
		"smtp://mail.example.test?x=y": mail.ErrURL, "smtp://hub:canary@mail.example.test?tls=off": mail.ErrPlainPassword,
		"smtp://hub:canary@mail.example.test:x": mail.ErrURL, "smtp://mail.example.test#x": mail.ErrURL,
	} {
		_, err := mail.ParseServer(url, from)
		if !errors.Is(err, want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %v", url, err, want)
		}
	}
	for _, sender := range []string{"", "hub", "Hub <hub@example.test>", "hub@example.test\r\nBcc: x@example.test", "hub@example.test,x@example.test"} {
		if _, err := mail.ParseServer("smtp://mail.example.test", sender); !errors.Is(err, mail.ErrFrom) {
			t.Errorf("from %q: got %v", sender, err)
		}
	}
}
