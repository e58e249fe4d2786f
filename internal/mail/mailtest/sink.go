// Package mailtest is an SMTP server for tests: it speaks SMTP on a loopback socket, keeps what it was given and refuses what
// it is told to. It shares no code with what is tested.
package mailtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// Received is a message that the server took over.
type Received struct {
	From string
	To   []string
	// Raw are the bytes as they came, without the dots that the protocol adds.
	Raw string
	// Header and Text are what a person sees of it.
	Header  mail.Header
	Subject string
	Text    string
	// User is who signed in; empty when nobody did. TLS says that the connection was encrypted.
	User string
	TLS  bool
}

// Sink is the server.
type Sink struct {
	address string
	tls     *tls.Config

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	received []Received
	refuse   map[string]string // what is answered instead, by command or by command and address
	users    map[string]string
	// held is told of each message whose data came, and waits for its answer, before the server answers; nil does not.
	held func(Received)
	all  sync.WaitGroup
}

// Options say what the server offers.
type Options struct {
	// TLS has it offer STARTTLS. Users are who may sign in, with their passwords; then everybody has to.
	TLS   *tls.Config
	Users map[string]string
}

// New starts a server on a free port. It ends with the test.
func New(t testing.TB, o Options) *Sink {
	t.Helper()
	s := &Sink{tls: o.TLS, users: o.Users, address: "127.0.0.1:0", open: make(map[net.Conn]bool), refuse: make(map[string]string)}
	s.Up(t)
	t.Cleanup(s.Down)
	return s
}

// URL is how the hub is told of the server.
func (s *Sink) URL() string { return "smtp://" + s.address + "?tls=off" }

// Address is where it listens.
func (s *Sink) Address() string { return s.address }

// Up has the server listen again where it did.
func (s *Sink) Up(t testing.TB) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.listener, s.address = listener, listener.Addr().String()
	s.mu.Unlock()
	s.all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open[conn] = true
			s.mu.Unlock()
			s.all.Go(func() {
				defer s.forget(conn)
				(&session{sink: s, conn: conn}).serve()
			})
		}
	})
}

// Down ends all connections, and further ones are refused.
func (s *Sink) Down() {
	s.mu.Lock()
	_ = s.listener.Close()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

func (s *Sink) forget(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	delete(s.open, conn)
	s.mu.Unlock()
}

// Refuse has a command answered with a line such as "550 5.1.1 no such user"; the command is MAIL, RCPT or DATA, where DATA is
// the end of the data, or RCPT with an address. An empty line ends that.
func (s *Sink) Refuse(command, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[command] = line
}

// Hold has fn called with each message before the server answers that it has taken it over; nil ends that.
func (s *Sink) Hold(fn func(Received)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = fn
}

// Received are the messages so far.
func (s *Sink) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.received...)
}

func (s *Sink) answer(commands ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range commands {
		if line := s.refuse[c]; line != "" {
			return line
		}
	}
	return "250 2.0.0 done"
}

// session is one connection.
type session struct {
	sink *Sink
	conn net.Conn
	text *textproto.Reader
	raw  *bufio.Reader
	mail Received
}

func (c *session) say(format string, args ...any) { fmt.Fprintf(c.conn, format+"\r\n", args...) }

func (c *session) read(conn net.Conn) {
	c.conn, c.raw = conn, bufio.NewReader(conn)
	c.text = textproto.NewReader(c.raw)
}

func (c *session) serve() {
	c.read(c.conn)
	c.say("220 sink.example.test ESMTP")
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO", "HELO":
			c.greet()
		case "STARTTLS":
			if !c.encrypt() {
				return
			}
		case "AUTH":
			c.signIn(rest)
		case "MAIL":
			c.from(rest)
		case "RCPT":
			to := between(rest)
			reply := c.sink.answer("RCPT "+to, "RCPT")
			if reply[0] == '2' {
				c.mail.To = append(c.mail.To, to)
			}
			c.say("%s", reply)
		case "DATA":
			if !c.data() {
				return
			}
		case "RSET":
			c.mail = Received{User: c.mail.User, TLS: c.mail.TLS}
			c.say("250 2.0.0 done")
		case "NOOP":
			c.say("250 2.0.0 done")
		case "QUIT":
			c.say("221 2.0.0 bye")
			return
		default:
			c.say("502 5.5.2 no such command")
		}
	}
}

func (c *session) greet() {
	c.say("250-sink.example.test")
	if c.sink.tls != nil && !c.mail.TLS {
		c.say("250-STARTTLS")
	}
	if c.sink.users != nil {
		c.say("250-AUTH PLAIN")
	}
	c.say("250-8BITMIME")
	c.say("250 ENHANCEDSTATUSCODES")
}

func (c *session) encrypt() bool {
	c.say("220 2.0.0 go on")
	secured := tls.Server(c.conn, c.sink.tls)
	if secured.HandshakeContext(context.Background()) != nil {
		return false
	}
	c.read(secured)
	c.mail.TLS = true
	return true
}

func (c *session) signIn(rest string) {
	encoded, _ := strings.CutPrefix(rest, "PLAIN ")
	raw, _ := base64.StdEncoding.DecodeString(encoded)
	parts := strings.Split(string(raw), "\x00")
	if len(parts) != 3 || c.sink.users[parts[1]] == "" || c.sink.users[parts[1]] != parts[2] {
		c.say("535 5.7.8 no")
		return
	}
	c.mail.User = parts[1]
	c.say("235 2.7.0 welcome")
}

func (c *session) from(rest string) {
	if c.sink.users != nil && c.mail.User == "" {
		c.say("530 5.7.0 sign in first")
		return
	}
	c.mail.From = between(rest)
	c.say("%s", c.sink.answer("MAIL"))
}

func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

func (c *session) data() bool {
	if len(c.mail.To) == 0 {
		c.say("503 5.5.1 nobody to send it to")
		return true
	}
	c.say("354 go on")
	raw, err := io.ReadAll(textproto.NewReader(c.raw).DotReader())
	if err != nil {
		return false
	}
	m, err := parse(c.mail, string(raw))
	if err != nil {
		c.say("554 5.6.0 unreadable: %s", err)
		return true
	}
	c.sink.mu.Lock()
	held := c.sink.held
	c.sink.mu.Unlock()
	if held != nil {
		held(m)
	}
	reply := c.sink.answer("DATA")
	if reply[0] == '2' {
		c.sink.mu.Lock()
		c.sink.received = append(c.sink.received, m)
		c.sink.mu.Unlock()
	}
	c.mail = Received{User: c.mail.User, TLS: c.mail.TLS}
	c.say("%s", reply)
	return true
}

// parse reads a message as a mail program does.
func parse(m Received, raw string) (Received, error) {
	m.Raw = raw
	parsed, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return m, err
	}
	m.Header = parsed.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return m, err
	}
	body := parsed.Body
	if parsed.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	m.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	return m, err
}
