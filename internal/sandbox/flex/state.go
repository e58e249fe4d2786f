package flex

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const (
	journalName  = "journal.jsonl"
	stateVersion = 1
)

// journal is the state on disk: a file to which one line is added for everything that happens, in the order in which it does. It is replayed
// when a sandbox starts, and written anew with only what still counts. Lines are handed to the system at once, so they outlive the process;
// nothing is forced to the disk, so they need not outlive the machine. A nil journal keeps nothing.
type journal struct {
	mu     sync.Mutex
	file   *os.File
	lock   *os.File
	err    error
	failed func(error)
}

// record is one line.
type record struct {
	Head     *journalHead   `json:"head,omitempty"`
	Counters *savedCounters `json:"counters,omitempty"`
	Customer *savedCustomer `json:"customer,omitempty"`
	Type     *savedType     `json:"type,omitempty"`
	Key      *savedKey      `json:"key,omitempty"`
	Support  *savedSupport  `json:"support,omitempty"`
	Webhook  *savedWebhook  `json:"webhook,omitempty"`
	Settings *Settings      `json:"settings,omitempty"`
	Offset   *int64         `json:"offset,omitempty"`
	Pending  *pending       `json:"pending,omitempty"`
	Done     int64          `json:"done,omitempty"`
	Delivery *Delivery      `json:"delivery,omitempty"`
	Effect   *Effect        `json:"effect,omitempty"`
	Call     *Call          `json:"call,omitempty"`
}

// journalHead says which sandbox the state belongs to: on other generated customers the changes would make no sense.
type journalHead struct {
	Version       int      `json:"version"`
	Seed          uint64   `json:"seed"`
	Customers     int      `json:"customers"`
	Organisations []string `json:"organisations"`
}

// savedCounters are the last ids that were given, which are not given again.
type savedCounters struct {
	Organisation string `json:"organisation"`
	Type         int64  `json:"type"`
	Key          int64  `json:"key"`
	Webhook      int64  `json:"webhook"`
	Pending      int64  `json:"pending"`
}

type savedCustomer struct {
	Organisation string   `json:"organisation"`
	Customer     Customer `json:"customer"`
	Made         string   `json:"made,omitempty"`
	LastContact  int64    `json:"lastContact,omitempty"`
}

type savedType struct {
	Organisation string       `json:"organisation"`
	Type         CustomerType `json:"type"`
	Gone         bool         `json:"gone,omitempty"`
}

type savedKey struct {
	Organisation string  `json:"organisation"`
	ID           string  `json:"id"`
	Secret       string  `json:"secret"`
	Scopes       []Scope `json:"scopes"`
	Revoked      bool    `json:"revoked"`
}

type savedSupport struct {
	Organisation string `json:"organisation"`
	Enabled      bool   `json:"enabled"`
}

type savedWebhook struct {
	Organisation string  `json:"organisation"`
	Webhook      Webhook `json:"webhook"`
	Secret       string  `json:"secret"`
	Gone         bool    `json:"gone,omitempty"`
}

func save(o *organisation, e *entry) *savedCustomer {
	return &savedCustomer{o.id, e.c, e.made, e.lastContact}
}

func saveKey(o *organisation, k *key) *savedKey {
	return &savedKey{o.id, k.id, k.secret, k.scopes, k.revoked}
}

func saveWebhook(o *organisation, h *webhook) *savedWebhook {
	return &savedWebhook{Organisation: o.id, Webhook: h.Webhook, Secret: h.secret}
}

// write adds a line. The first error is told once and ends the writing: a sandbox goes on without its state rather than not at all.
func (j *journal) write(r record) {
	if j == nil {
		return
	}
	line, err := encode(r)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil || j.err != nil {
		return
	}
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		j.err = fmt.Errorf("writing the state: %w", err)
		j.failed(j.err)
	}
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := errors.Join(j.err, j.file.Close(), j.lock.Close())
	j.file = nil
	return err
}

// openState replays the folder's journal into a new sandbox, writes it anew, and keeps it open for what is to come.
func (s *Sandbox) openState(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return fmt.Errorf("state folder %s is in use by another sandbox: %w", dir, err)
	}
	path := filepath.Join(dir, journalName)
	if err := s.replayFile(path); err != nil {
		_ = lock.Close()
		return fmt.Errorf("state %s: %w", path, err)
	}
	file, err := s.compact(path)
	if err != nil {
		_ = lock.Close()
		return fmt.Errorf("writing the state anew: %w", err)
	}
	s.journal = &journal{file: file, lock: lock, failed: func(err error) { s.opts.Logger.Error("state is no longer kept", "error", err) }}
	return nil
}

func (s *Sandbox) head() *journalHead {
	return &journalHead{stateVersion, s.opts.Seed, s.opts.Customers, s.Organisations()}
}

// replayFile reads the journal line by line. A last line without an end is what a kill left behind, and is dropped.
func (s *Sandbox) replayFile(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	in := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var r record
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: something follows the record", number)
		}
		if number == 1 {
			if want := s.head(); r.Head == nil || !r.Head.equal(want) {
				return fmt.Errorf("it belongs to a sandbox with other data (%s; now %s); use another folder or the options of then", r.Head.text(), want.text())
			}
			continue
		}
		if err := s.replayRecord(r); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

func (h *journalHead) equal(o *journalHead) bool {
	return h.Version == o.Version && h.Seed == o.Seed && h.Customers == o.Customers && slices.Equal(h.Organisations, o.Organisations)
}

func (h *journalHead) text() string {
	if h == nil {
		return "unknown"
	}
	return fmt.Sprintf("version %d, seed %d, %d generated customers, organisations %v", h.Version, h.Seed, h.Customers, h.Organisations)
}

// of is the organisation of a record.
func (s *Sandbox) of(id string) (*organisation, error) {
	if o := s.organisations[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("organisation %q: %w", id, ErrNotFound)
}

func (s *Sandbox) replayRecord(r record) error {
	s.replayLogs(r)
	if r.Settings != nil {
		if err := r.Settings.check(); err != nil {
			return err
		}
		s.apply(*r.Settings)
		s.turned = true
	}
	if r.Offset != nil {
		s.offset.Store(*r.Offset)
	}
	if p := r.Pending; p != nil {
		if _, err := s.of(p.Organisation); err != nil {
			return err
		}
		s.queue[p.Number] = p
		s.pendingNumber = max(s.pendingNumber, p.Number)
		s.remember(p)
	}
	if r.Done > 0 {
		delete(s.queue, r.Done)
	}
	return s.replayBook(r)
}

func (s *Sandbox) replayLogs(r record) {
	if c := r.Call; c != nil {
		if i, found := slices.BinarySearchFunc(s.calls, c.Number, func(c *Call, n int64) int { return int(c.Number - n) }); found {
			s.calls[i] = c
		} else if s.calls = append(s.calls, c); len(s.calls) > s.opts.LogLimit {
			s.calls = s.calls[1:]
		}
		s.callNumber = max(s.callNumber, c.Number)
	}
	if e := r.Effect; e != nil {
		if e.Changes == nil {
			e.Changes = []Change{}
		}
		if s.effects = append(s.effects, *e); len(s.effects) > s.opts.EffectLimit {
			s.effects = s.effects[1:]
		}
		s.effectNumber = max(s.effectNumber, e.Number)
	}
	if d := r.Delivery; d != nil {
		if s.deliveries = append(s.deliveries, *d); len(s.deliveries) > s.opts.DeliveryLimit {
			s.deliveries = s.deliveries[1:]
		}
		s.deliveryNumber = max(s.deliveryNumber, d.Number)
	}
}

// replayBook puts what an organisation has where a record left it.
func (s *Sandbox) replayBook(r record) error {
	if c := r.Counters; c != nil {
		o, err := s.of(c.Organisation)
		if err != nil {
			return err
		}
		o.lastType, o.lastKey, o.lastHook = max(o.lastType, c.Type), max(o.lastKey, c.Key), max(o.lastHook, c.Webhook)
		s.pendingNumber = max(s.pendingNumber, c.Pending)
	}
	if sc := r.Customer; sc != nil {
		o, err := s.of(sc.Organisation)
		if err != nil {
			return err
		}
		if i := indexOf(sc.Customer.ID); i < 0 || i > len(o.customers) || !strings.HasPrefix(sc.Customer.ID, customerPrefix) {
			return fmt.Errorf("customer %q does not follow the last one", sc.Customer.ID)
		}
		sc.Customer.normalise()
		o.put(&entry{c: sc.Customer, made: sc.Made, lastContact: sc.LastContact, touched: true})
		if sc.Customer.UpdatedAt.After(s.stamped) {
			s.stamped = sc.Customer.UpdatedAt
		}
	}
	if st := r.Type; st != nil {
		o, err := s.of(st.Organisation)
		if err != nil {
			return err
		}
		o.noteType(st.Type.ID)
		if st.Gone {
			o.types = slices.DeleteFunc(o.types, func(t *CustomerType) bool { return t.ID == st.Type.ID })
		} else {
			o.putType(new(st.Type.clone()))
		}
	}
	if k := r.Key; k != nil {
		o, err := s.of(k.Organisation)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(o.keys, func(old *key) bool { return old.id == k.ID }); i >= 0 {
			o.keys[i].revoked = k.Revoked // the secret is that of the options
		} else {
			o.keys = append(o.keys, &key{k.ID, k.Secret, k.Scopes, k.Revoked})
		}
	}
	if p := r.Support; p != nil {
		o, err := s.of(p.Organisation)
		if err != nil {
			return err
		}
		o.enabled, o.decided = p.Enabled, true
	}
	if h := r.Webhook; h != nil {
		o, err := s.of(h.Organisation)
		if err != nil {
			return err
		}
		switch i := slices.IndexFunc(o.hooks, func(old *webhook) bool { return old.ID == h.Webhook.ID }); {
		case h.Gone && i >= 0:
			o.hooks = slices.Delete(o.hooks, i, i+1)
		case i >= 0:
			o.hooks[i] = &webhook{h.Webhook, h.Secret}
		case !h.Gone:
			o.hooks = append(o.hooks, &webhook{h.Webhook, h.Secret})
		}
	}
	return nil
}

// compact writes what counts into a new journal, puts it in the place of the old one and returns it open.
func (s *Sandbox) compact(path string) (*os.File, error) {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	write := func(r record) {
		if err == nil {
			var line []byte
			if line, err = encode(r); err == nil {
				_, err = out.Write(append(line, '\n'))
			}
		}
	}
	write(record{Head: s.head()})
	if s.turned {
		write(record{Settings: &s.settings})
	}
	write(record{Offset: new(s.offset.Load())})
	for _, o := range s.order {
		write(record{Counters: &savedCounters{o.id, o.lastType, o.lastKey, o.lastHook, s.pendingNumber}})
		if o.decided {
			write(record{Support: &savedSupport{o.id, o.enabled}})
		}
		for _, t := range o.types {
			write(record{Type: &savedType{Organisation: o.id, Type: *t}})
		}
		for _, given := range s.opts.Organisations {
			for _, t := range given.Types {
				if given.ID == o.id && o.typeOf(t.ID) == nil {
					write(record{Type: &savedType{Organisation: o.id, Type: CustomerType{ID: t.ID}, Gone: true}})
				}
			}
		}
		for _, k := range o.keys {
			write(record{Key: saveKey(o, k)})
		}
		for _, h := range o.hooks {
			write(record{Webhook: saveWebhook(o, h)})
		}
		for _, e := range o.customers {
			if e.touched {
				write(record{Customer: save(o, e)})
			}
		}
	}
	for _, p := range s.waiting() {
		write(record{Pending: p})
	}
	for _, c := range s.calls {
		write(record{Call: c})
	}
	for i := range s.effects {
		write(record{Effect: &s.effects[i]})
	}
	for i := range s.deliveries {
		write(record{Delivery: &s.deliveries[i]})
	}
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
