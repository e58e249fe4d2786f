package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/outbound"
)

// syncBuffer is a log that several goroutines may write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// fetch makes a call and reads its answer to the end.
func fetch(ctx context.Context, c *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, outbound.Fault(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return data, outbound.Fault(err)
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packed" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(bytes.Repeat([]byte("x"), 1001))
			_ = z.Close()
			return
		}
		n := map[string]int{"/fits": 1000, "/over": 1001}[r.URL.Path]
		_, _ = w.Write(bytes.Repeat([]byte("x"), n))
	})
	c := outbound.Client(outbound.Options{MaxBytes: 1000})

	t.Run("ExactlyTheLimitIsRead", func(t *testing.T) {
		t.Parallel()
		data, err := fetch(t.Context(), c, url+"/fits")
		if err != nil || len(data) != 1000 {
			t.Fatalf("read %d bytes, %v", len(data), err)
		}
	})
	for name, path := range map[string]string{"OneByteMoreIsRefused": "/over", "T12_TheLimitCountsUnpackedBytes": "/packed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := fetch(t.Context(), c, url+path)
			if !errors.Is(err, outbound.ErrTooLarge) || !fault.Is(err, fault.Unavailable) || len(data) != 1000 {
				t.Fatalf("read %d bytes, %v", len(data), err)
			}
		})
	}
}

func TestSilenceEndsACall(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = w.Write([]byte("begun"))
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })

	for name, c := range map[string]struct {
		path    string
		options outbound.Options
		want    error
	}{
		"BeforeTheAnswer": {"/head", outbound.Options{Silence: 30 * time.Millisecond}, outbound.ErrSilent},
		"WithinTheAnswer": {"/body", outbound.Options{Silence: 100 * time.Millisecond}, outbound.ErrSilent},
		"TotalTimeIsUp":   {"/body", outbound.Options{Total: 100 * time.Millisecond}, outbound.ErrTooSlow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fetch(t.Context(), outbound.Client(c.options), url+c.path)
			if !errors.Is(err, c.want) || !fault.Is(err, fault.Unavailable) {
				t.Fatalf("got %v, want %v as Unavailable", err, c.want)
			}
			if errors.Is(err, context.Canceled) {
				t.Error("nobody cancelled")
			}
		})
	}
	t.Run("TheCallersDeadlineIsUnavailable", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := fetch(ctx, outbound.Client(outbound.Options{}), url+"/body")
		if !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("ACancelledCallStaysRecognisable", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/body", nil)
		res, err := outbound.Client(outbound.Options{}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		cancel()
		_, err = io.ReadAll(res.Body)
		if err = outbound.Fault(err); !errors.Is(err, context.Canceled) || fault.Of(err) != nil {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAReaderMayTakeItsTime(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("a"))
		w.(http.Flusher).Flush()
		<-next
		_, _ = w.Write([]byte("b"))
	})
	res, err := outbound.Client(outbound.Options{Silence: 300 * time.Millisecond}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	// Longer than Silence, while nobody reads.
	timer := time.NewTimer(500 * time.Millisecond)
	<-timer.C
	close(next)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "b" {
		t.Fatalf("got %q, %v", rest, err)
	}
}

func TestBrokenConnectionsAreUnavailable(t *testing.T) {
	t.Parallel()
	hijack := func(reply string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, reply)
			_ = conn.Close()
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + listener.Addr().String()
	_ = listener.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(untrusted.Close)

	for name, c := range map[string]struct{ url, says string }{
		"Refused":         {refused, "refused"},
		"ClosedAtOnce":    {serve(t, hijack("")), "broke"},
		"CutOff":          {serve(t, hijack("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")), "broke"},
		"BadChunk":        {serve(t, hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")), "get through"},
		"NotHTTP":         {serve(t, hijack("SSH-2.0-x\r\n")), "get through"},
		"Untrusted":       {untrusted.URL, "authority"},
		"UnknownHost":     {"http://nowhere.invalid", "name of the server"},
		"RedirectedAway":  {serve(t, http.RedirectHandler("http://elsewhere.invalid/", http.StatusFound).ServeHTTP), "another host"},
		"RedirectForever": {serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }), "get through"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fetch(t.Context(), outbound.Client(outbound.Options{}), c.url)
			if !fault.Is(err, fault.Unavailable) {
				t.Fatalf("got %v, want Unavailable", err)
			}
			if msg := fault.Of(err).Message; !strings.Contains(msg, c.says) || strings.Contains(msg, "127.0.0.1") {
				t.Errorf("message %q", msg)
			}
		})
	}
}

func TestFaultLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	if outbound.Fault(nil) != nil {
		t.Error("nothing is no fault")
	}
	own := errors.New("row refused")
	if got := outbound.Fault(own); got != own { //nolint:errorlint // the very error, not one around it
		t.Errorf("an error of the reader became %v", got)
	}
	denied := fault.New(fault.Denied, "no")
	if got := outbound.Fault(denied); !fault.Is(got, fault.Denied) {
		t.Errorf("a fault became %v", got)
	}
	if got := outbound.Fault(syscall.ECONNRESET); !fault.Is(got, fault.Unavailable) {
		t.Errorf("a reset became %v", got)
	}
}

func TestRedirectsWithinTheHostAreFollowed(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, r.URL.Path+" "+r.UserAgent())
	})
	data, err := fetch(t.Context(), outbound.Client(outbound.Options{UserAgent: "CustomerHub/test"}), url+"/old")
	if err != nil || string(data) != "/new CustomerHub/test" {
		t.Fatalf("got %q, %v", data, err)
	}
}

func TestEachCallIsOneRequest(t *testing.T) {
	t.Parallel()
	// The server answers once on a connection and then drops it: Go's transport would send the next GET twice.
	var requests atomic.Int32
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				buf := make([]byte, 4096)
				for {
					if n, err := conn.Read(buf); n == 0 || err != nil {
						return
					}
					if requests.Add(1) > 1 {
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); conns.Wait() })
	c := outbound.Client(outbound.Options{})
	url := "http://" + listener.Addr().String()
	if _, err := fetch(t.Context(), c, url); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t.Context(), c, url); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want Unavailable", err)
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests for 2 calls", n)
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	var out syncBuffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "body-secret") })
	c := outbound.Client(outbound.Options{Log: log})
	for _, target := range []string{
		strings.Replace(url, "//", "//user:userinfo-secret@", 1) + "/thing.nv?key=query-secret",
		"http://user:userinfo-secret@127.0.0.1:1/refused.nv?key=query-secret",
	} {
		req, _ := http.NewRequest(http.MethodGet, target, nil)
		req.Header.Set("X-Netvisor-Authentication-MAC", "mac-secret")
		req.Header.Set("Authorization", "Bearer header-secret")
		res, err := c.Do(req)
		if err != nil {
			if text := outbound.Fault(err).Error(); strings.Contains(text, "secret") {
				t.Errorf("the error says %s", text)
			}
			continue
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	got := out.String()
	if strings.Contains(got, "secret") {
		t.Errorf("the log says\n%s", got)
	}
	for _, want := range []string{`"path":"/thing.nv"`, `"path":"/refused.nv"`, `"status":200`, `"bytes":11`, `"level":"DEBUG"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %s:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n != 2 {
		t.Errorf("%d log records for 2 calls", n)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC)
	for given, want := range map[string]time.Time{
		"":                              {},
		"120":                           now.Add(2 * time.Minute),
		"-5":                            {},
		"999999999999":                  now.Add(24 * time.Hour),
		"Thu, 15 Jan 2026 10:45:00 GMT": now.Add(15 * time.Minute),
		"Thu, 15 Jan 2026 10:00:00 GMT": {},
		"Thu, 15 Jan 2099 10:00:00 GMT": now.Add(24 * time.Hour),
		"soon":                          {},
	} {
		if got := outbound.RetryAfter(http.Header{"Retry-After": {given}}, now); !got.Equal(want) {
			t.Errorf("%q: got %v, want %v", given, got, want)
		}
	}
}
