package netvisorkyc

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"time"
)

const (
	pageType = "text/html; charset=utf-8"
	page     = "<!DOCTYPE html>\r\n<html><head><title>Service</title></head><body><h1>Service</h1></body></html>\r\n"
	huge     = 64 << 20
)

// serve answers one call of the service; true means that the connection is to be closed.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) (abort bool) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(patience)) // a body that never ends; not every ResponseWriter has deadlines
	body, err := readBody(r)
	_ = control.SetReadDeadline(time.Time{})
	entry, hit := s.begin(Call{
		Method: clip(r.Method), Path: clip(r.URL.EscapedPath()), Query: clip(r.URL.RawQuery), Organisation: s.whose(r),
		IdempotencyKey: clip(r.Header.Get("Idempotency-Key")), IfMatch: clip(r.Header.Get("If-Match")),
	})
	lost := func() bool {
		s.finish(entry, func(c *Call) { c.Aborted = true })
		return true
	}
	if err != nil || hit.find(FaultLostRequest) != nil || !s.delay(r, entry, hit) {
		return lost()
	}
	if f := hit.instead(false); f != nil {
		return s.send(w, r, entry, hit, s.standIn(r, f))
	}
	var out answer
	err = s.locked(actor{byCall, entry.Number}, func() (err error) {
		out, err = s.answerCall(r, body, entry, hit)
		entry.Committed, entry.Replayed = out.changed && err == nil, out.replied
		return err
	})
	right := rendered(r, out, err)
	if f := hit.find(FaultSlowAnswer); f != nil && !s.wait(r.Context(), time.Duration(f.Delay)) {
		return lost()
	}
	if f := hit.instead(true); f != nil {
		right = s.standIn(r, f)
	}
	return s.send(w, r, entry, hit, right)
}

// whose says whose token a call carries; empty when it is nobody's.
func (s *Sandbox) whose(r *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, _, err := s.authenticate(r); err == nil {
		return o.ID
	}
	return ""
}

// delay holds a call as the options, the dials and the faults say; false means that the client has gone meanwhile.
func (s *Sandbox) delay(r *http.Request, entry *Call, hit strikes) bool {
	s.mu.Lock()
	call, latency := *entry, time.Duration(s.settings.Latency)
	s.mu.Unlock()
	if s.opts.Gate != nil {
		s.opts.Gate(r.Context(), call)
	}
	if f := hit.find(FaultLatency); f != nil {
		latency += time.Duration(f.Delay)
	}
	return latency == 0 || s.wait(r.Context(), latency)
}

// message is an answer as it is sent.
type message struct {
	status int
	header http.Header
	body   []byte
	code   string
}

func rendered(r *http.Request, out answer, err error) message {
	status, header, body, code := render(r, out, err)
	return message{status, header, body, code}
}

// standIn is what a fault says in the place of the service.
func (s *Sandbox) standIn(r *http.Request, f *Fault) message {
	if f.Kind != FaultGarbage {
		m := rendered(r, answer{}, f.problem())
		if f.Variant == PageVariant {
			m.header.Set("Content-Type", pageType)
			m.body = []byte(page)
		}
		return m
	}
	m := message{status: http.StatusOK, header: http.Header{"Content-Type": {jsonType}}}
	switch f.Variant {
	case PageVariant:
		m.header.Set("Content-Type", pageType)
		m.body = []byte(page)
	case GarbageText:
		m.body = []byte("palvelu on kiinni")
	case GarbageList:
		m.body = []byte(`[[],"1",null]`)
	}
	return m
}

// send spoils what is to be sent as the faults say, completes the log and sends.
func (s *Sandbox) send(w http.ResponseWriter, r *http.Request, entry *Call, hit strikes, m message) (abort bool) {
	if f := hit.find(FaultGarbage); f != nil && f.carriesAnswer() {
		m.body = f.spoil(m.body)
	}
	cut, length := len(m.body), len(m.body)
	if f := hit.find(FaultTruncate); f != nil {
		fraction := f.Fraction
		if fraction == 0 {
			fraction = 0.5
		}
		cut = int(float64(len(m.body)) * fraction)
		if f.CleanEnd {
			length = cut
		}
	}
	lost := hit.find(FaultLostAnswer) != nil
	s.finish(entry, func(c *Call) {
		c.Status, c.Code = m.status, m.code
		if c.Aborted = lost || cut < length; !lost {
			c.Bytes = cut
		}
	})
	if lost {
		return true
	}
	maps.Copy(w.Header(), m.header)
	if m.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
	w.WriteHeader(m.status)
	if r.Method == http.MethodHead {
		return false
	}
	_, err := w.Write(m.body[:cut])
	if cut < length { // what was written has to leave before the connection is closed
		_ = http.NewResponseController(w).Flush()
	}
	return err != nil || cut < length
}

// spoil makes something odd of the right answer.
func (f *Fault) spoil(right []byte) []byte {
	if len(right) == 0 {
		return right
	}
	switch f.Variant {
	case GarbageUnknown:
		if rest, ok := bytes.CutPrefix(right, []byte("{")); ok && len(bytes.TrimSpace(rest)) > 1 {
			return append([]byte(`{"zzz":{"new":[1,null]},`), rest...)
		}
	case GarbageLatin:
		out := []byte{}
		for _, r := range string(right) {
			if r > 0xff {
				r = '?'
			}
			out = append(out, byte(r))
		}
		return out
	case GarbageMark:
		return append([]byte("\ufeff"), right...)
	case GarbageHuge:
		return append(bytes.Repeat([]byte(" "), huge), right...)
	}
	return right
}
