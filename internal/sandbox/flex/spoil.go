package flex

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// answer is one answer before it is sent.
type answer struct {
	status    int
	header    http.Header
	body      []byte
	code      string
	customers int
	committed bool

	// endless is what is sent behind the body, so many bytes of it.
	endless int64
	// aborted says that the client does not get it all, and sent how much it gets.
	aborted bool
	sent    int64
}

func (a *answer) set(name, value string) *answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

func jsonAnswer(status int, v any) *answer {
	b, err := encode(v)
	if err != nil {
		return refuse(http.StatusInternalServerError, CodeInternalError, "the answer cannot be written").answer()
	}
	return (&answer{status: status, body: append(b, '\n'), code: codeOK}).set("Content-Type", "application/json")
}

func (p *Problem) answer() *answer {
	a := jsonAnswer(p.Status, p).set("Content-Type", "application/problem+json")
	a.code = p.Code
	if p.retryAfter > 0 {
		a.set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.etag != "" {
		a.set("ETag", p.etag)
	}
	if p.Status == http.StatusUnauthorized {
		a.set("WWW-Authenticate", `Bearer realm="flex"`)
	}
	return a
}

// page is what stands in front of the service says.
func page(status, retryAfter int) *answer {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	a := &answer{status: status, body: []byte("<!DOCTYPE html>\r\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\r\n")}
	a.set("Content-Type", "text/html; charset=utf-8")
	if retryAfter > 0 {
		a.set("Retry-After", strconv.Itoa(retryAfter))
	}
	return a
}

// garbage is an answer of status 200 that is none.
func (f *Fault) garbage() *answer {
	a := (&answer{status: http.StatusOK}).set("Content-Type", "application/json")
	switch f.Variant {
	case GarbageLoginPage:
		a.set("Content-Type", "text/html; charset=utf-8")
		a.body = []byte("<!DOCTYPE html>\r\n<html lang=\"fi\"><head><meta charset=\"utf-8\"><title>Kirjaudu sisään</title></head>\r\n<body><form action=\"/login\" method=\"post\">" +
			"<input name=\"user\"><br><input type=\"password\" name=\"password\">&nbsp;<button>Kirjaudu</button></form></body></html>\r\n")
	case GarbageXML:
		a.set("Content-Type", "text/xml; charset=utf-8")
		a.body = []byte("<?xml version=\"1.0\"?>\r\n<error><status>200</status></error>\r\n")
	case GarbageNull:
		a.body = []byte("null\n")
	case GarbageDeep:
		a.body = []byte(`{"items":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`)
	case GarbageHuge:
		a.body, a.endless = []byte(`{"items":[{"id":"`), f.Size
		if f.Size == 0 {
			a.endless = hugeWhenNo
		}
	}
	return a
}

// spoil makes of the right answer what the faults want.
func (st strikes) spoil(a *answer) {
	for i := range st {
		switch f := &st[i]; {
		case f.Kind == FaultGarbage && f.carriesAnswer():
			a.body = altered(a.body, f.Variant)
		case f.Kind == FaultFewer:
			a.body = alterJSON(a.body, func(tree map[string]any) {
				if list, ok := tree["items"].([]any); ok {
					keep := int(f.Fraction * float64(len(list)))
					tree["items"], tree["nextCursor"] = list[:keep], nil
					a.customers = min(a.customers, keep)
				}
			})
		}
	}
	if f := st.find(FaultTruncate); f != nil {
		cut := int64(len(a.body) / 2)
		if f.At > 0 {
			cut = min(f.At, int64(len(a.body)))
		} else if f.Fraction > 0 {
			cut = int64(f.Fraction * float64(len(a.body)))
		}
		if f.CleanEnd {
			a.body = a.body[:cut]
		} else if cut < int64(len(a.body)) {
			a.aborted, a.sent = true, cut
		}
	}
	if st.find(FaultLostAnswer) != nil {
		a.aborted, a.sent = true, 0
	}
}

func altered(body []byte, variant string) []byte {
	customers := func(f func(all []map[string]any, tree map[string]any)) []byte {
		return alterJSON(body, func(tree map[string]any) {
			var all []map[string]any
			if list, ok := tree["items"].([]any); ok {
				for _, one := range list {
					if c, ok := one.(map[string]any); ok {
						all = append(all, c)
					}
				}
			} else if tree["customerNumber"] != nil {
				all = []map[string]any{tree}
			}
			f(all, tree)
		})
	}
	switch variant {
	case GarbageByteOrderMark:
		return append([]byte("\uFEFF"), body...)
	case GarbageNUL:
		return slices.Concat(body[:len(body)/2], []byte{0}, body[len(body)/2:])
	case GarbageDoubledAnswer:
		return slices.Concat(body, body)
	case GarbageLatin:
		var out []byte
		for _, r := range string(body) {
			if r > 0xFF {
				r = '?'
			}
			out = append(out, byte(r))
		}
		return out
	case GarbageUnknownField:
		return customers(func(all []map[string]any, _ map[string]any) {
			for _, c := range all {
				c["loyaltyLevel"] = map[string]any{"name": "kulta", "points": 7}
			}
		})
	case GarbageMissingID:
		return customers(func(all []map[string]any, _ map[string]any) {
			if len(all) > 0 {
				delete(all[0], "id")
			}
		})
	case GarbageDoubled:
		return customers(func(_ []map[string]any, tree map[string]any) {
			if list, ok := tree["items"].([]any); ok && len(list) > 0 {
				tree["items"] = append([]any{list[0]}, list...)
			}
		})
	case GarbageNumbers:
		return customers(func(all []map[string]any, _ map[string]any) {
			for _, c := range all {
				asNumbers(c)
			}
		})
	case GarbageBare:
		return customers(func(all []map[string]any, _ map[string]any) {
			for _, c := range all {
				for name := range c {
					if name != "id" && name != "customerNumber" && name != "name" && name != "revision" {
						delete(c, name)
					}
				}
			}
		})
	}
	return body
}

// asNumbers makes JSON numbers of texts that look like it, as services do that forget what a text is.
func asNumbers(tree map[string]any) {
	for name, v := range tree {
		switch v := v.(type) {
		case string:
			if n, err := strconv.ParseInt(v, 10, 64); err == nil && (name == "customerNumber" || name == "postcode") {
				tree[name] = n
			}
		case json.Number:
			tree[name] = v.String()
		case map[string]any:
			asNumbers(v)
		}
	}
}

// alterJSON lets f alter an answer; what is no JSON object stays.
func alterJSON(body []byte, f func(map[string]any)) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree map[string]any
	if d.Decode(&tree) != nil || tree == nil {
		return body
	}
	f(tree)
	out, err := encode(tree)
	if err != nil {
		return body
	}
	return append(out, '\n')
}

// send sends an answer. True means that the connection is to be closed without more.
func (s *Sandbox) send(w http.ResponseWriter, entry *Call, a *answer) (abort bool) {
	if a.aborted && a.sent == 0 {
		return true
	}
	maps.Copy(w.Header(), a.header)
	if a.endless == 0 && a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	body := a.body
	if a.aborted {
		body = body[:a.sent]
	}
	w.WriteHeader(a.status)
	_, err := w.Write(body)
	if a.endless > 0 && err == nil {
		filler := bytes.Repeat([]byte("A"), 64<<10)
		for left := a.endless - int64(len(body)); left > 0 && err == nil; left -= int64(len(filler)) {
			_, err = w.Write(filler[:min(left, int64(len(filler)))])
		}
		if err == nil {
			_, err = io.WriteString(w, `"}],"nextCursor":null}`)
		}
	}
	if err != nil {
		s.note(func() { entry.Aborted = true })
	}
	if a.aborted {
		_ = http.NewResponseController(w).Flush() // what is left is sent before the end
	}
	return a.aborted
}
