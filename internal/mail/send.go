package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"customerhub/internal/fault"
)

// Message is what is sent. Sending one again under the same ID is recognisable as a repetition.
type Message struct {
	// ID makes the Message-ID together with the sender's domain.
	ID      string
	To      string
	Subject string
	Text    string
	// Date is when the message was written, which is not when it is tried.
	Date time.Time
}

// Options are what a Sender works with beside its server.
type Options struct {
	// Timeout is how long one message may take, from connecting to the server's answer; 45 seconds when zero.
	Timeout time.Duration
	// RootCAs are whose certificates count; nil is those of the machine.
	RootCAs *x509.CertPool
}

// Sender hands messages to one server. It may be shared by goroutines.
type Sender struct {
	server Server
	o      Options
}

// NewSender makes a Sender.
func NewSender(s *Server, o Options) *Sender {
	if o.Timeout == 0 {
		o.Timeout = 45 * time.Second
	}
	return &Sender{server: *s, o: o}
}

// Send hands a message over. Faults say whose move it is: Rejected that the server will never take this message for this
// address, Denied that it does not let the hub send at all, Invalid that the message cannot be sent to such an address, and
// Unavailable everything that may be over later. Their messages carry numbers and never the server's words, which may name
// people. When ctx ends, the connection is cut; the message may have been taken over all the same.
func (s *Sender) Send(ctx context.Context, m Message) error {
	message, err := s.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	client, closeAll, err := s.client()
	if err != nil {
		return fault.Wrap(fault.Internal, err, "")
	}
	defer closeAll()
	stop := context.AfterFunc(ctx, closeAll)
	defer stop()
	err = client.DialAndSendWithContext(ctx, message)
	if message.IsDelivered() {
		return nil // what went wrong afterwards concerns the connection and not the message
	}
	return classify(err)
}

func (s *Sender) message(m Message) (*gomail.Msg, error) {
	if !bare(m.To) {
		return nil, fault.New(fault.Invalid, "The address is not one that mail can be sent to.")
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(out.From(s.server.from), out.To(m.To)); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The address is not one that mail can be sent to.")
	}
	_, domain, _ := strings.Cut(s.server.from, "@")
	out.Subject(oneLine(m.Subject))
	out.SetMessageIDWithValue(oneLine(m.ID) + "@" + domain)
	out.SetDateWithValue(m.Date)
	// Out-of-office answers to a program help nobody (RFC 3834).
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	return out, nil
}

// oneLine keeps a text within its header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// client gives a client for one message, and what closes its connection, which may be called again and at any time. The
// client does not close one whose greeting failed.
func (s *Sender) client() (*gomail.Client, func(), error) {
	config := &tls.Config{ServerName: s.server.host, MinVersion: tls.VersionTLS12, RootCAs: s.o.RootCAs}
	connections := make(chan net.Conn, 1)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		connections <- conn
		if s.server.security != implicit {
			return conn, nil
		}
		secured := tls.Client(conn, config)
		return secured, secured.HandshakeContext(ctx)
	}
	policy := map[security]gomail.TLSPolicy{startTLS: gomail.TLSMandatory, implicit: gomail.TLSOpportunistic, none: gomail.NoTLS}
	options := []gomail.Option{
		gomail.WithPort(s.server.port), gomail.WithTimeout(s.o.Timeout), gomail.WithTLSConfig(config),
		gomail.WithTLSPolicy(policy[s.server.security]), gomail.WithDialContextFunc(dial),
	}
	if s.server.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.server.user), gomail.WithPassword(s.server.password))
	}
	client, err := gomail.NewClient(s.server.host, options...)
	closeAll := func() {
		select {
		case conn := <-connections:
			_ = conn.Close()
			connections <- conn
		default:
		}
	}
	return client, closeAll, err
}

// classify says of an error whose move it is.
func classify(err error) error {
	refused, ok := errors.AsType[*gomail.SendError](err)
	permanent := ok && refused.ErrorCode() >= 500
	switch {
	case err == nil:
		return nil
	case permanent && refused.Reason == gomail.ErrSMTPMailFrom:
		return &fault.Error{Code: fault.Denied, Message: "The mail server refuses the hub's sender" + numbers(refused) + ".", Err: err}
	case permanent:
		return &fault.Error{Code: fault.Rejected, Message: "The mail server refuses mail to this address" + numbers(refused) + ".", Err: err}
	case ok && refused.ErrorCode() >= 400:
		return &fault.Error{Code: fault.Unavailable, Message: "The mail server asks to try again later" + numbers(refused) + ".", Err: err}
	case denied(err):
		return &fault.Error{Code: fault.Denied, Message: "The mail server refuses the hub's credentials.", Err: err}
	}
	return &fault.Error{Code: fault.Unavailable, Message: "The mail server does not answer as it should.", Err: err}
}

func numbers(e *gomail.SendError) string {
	if enhanced := e.EnhancedStatusCode(); enhanced != "" {
		return fmt.Sprintf(" (%d %s)", e.ErrorCode(), enhanced)
	}
	return fmt.Sprintf(" (%d)", e.ErrorCode())
}

// denied says whether the server turned the hub itself away, before anything was said of a message.
func denied(err error) bool {
	answer, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return false
	}
	switch answer.Code {
	case 530, 534, 535, 538: // RFC 4954 section 6
		return true
	}
	return false
}
