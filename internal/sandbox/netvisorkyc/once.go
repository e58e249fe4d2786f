package netvisorkyc

import (
	"net/http"
	"strings"
	"time"
)

const (
	maxKey     = 255
	maxAnswers = 10_000
)

// answers remember what was answered under which idempotency key.
type answers struct {
	byKey map[string]*kept
	queue []*kept
}

type kept struct {
	Key    string    `json:"key"`
	Of     string    `json:"of"` // the call, by its method, address and body
	Status int       `json:"status"`
	ETag   string    `json:"etag,omitempty"`
	Body   []byte    `json:"body,omitempty"`
	At     time.Time `json:"at"`
}

func (a *answers) add(k *kept) {
	a.byKey[k.Key] = k
	a.queue = append(a.queue, k)
	if len(a.queue) > maxAnswers {
		a.forget()
	}
}

func (a *answers) forget() {
	if oldest := a.queue[0]; a.byKey[oldest.Key] == oldest {
		delete(a.byKey, oldest.Key)
	}
	a.queue = a.queue[1:]
}

func (a *answers) expire(now time.Time) {
	for len(a.queue) > 0 && now.Sub(a.queue[0].At) > idempotencyMemory {
		a.forget()
	}
}

// once answers a POST that carries an Idempotency-Key as it was answered the first time. What was refused is not remembered, so that it can
// be tried again under the same key [assumed].
func (s *Sandbox) once(r *http.Request, c *apiCall, do func() (answer, error)) (answer, error) {
	key := r.Header.Get("Idempotency-Key")
	if r.Method != http.MethodPost || len(r.Header.Values("Idempotency-Key")) == 0 {
		return do()
	}
	if key = strings.TrimSpace(key); key == "" || len(key) > maxKey {
		return answer{}, malformed("Idempotency-Key must have 1 to %d characters", maxKey)
	}
	of := hash(r.Method + " " + r.URL.EscapedPath() + "\n" + string(c.body))
	if k := c.org.answers.byKey[key]; k != nil {
		if k.Of != of {
			return answer{}, refuse(422, CodeKeyReused, "the Idempotency-Key was used for another call")
		}
		return answer{status: k.Status, etag: k.ETag, raw: k.Body, replied: true, header: http.Header{"Idempotent-Replayed": {"true"}}}, nil
	}
	out, err := do()
	if err != nil {
		return out, err
	}
	k := &kept{Key: key, Of: of, Status: out.status, ETag: out.etag, At: s.Now()}
	if out.body != nil {
		k.Body = encode(out.body)
	}
	c.org.answers.add(k)
	s.pending.Answers = append(s.pending.Answers, savedAnswer{c.org.ID, *k})
	return out, nil
}
