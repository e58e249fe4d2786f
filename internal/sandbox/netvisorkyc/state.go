package netvisorkyc

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
	"sync"
)

const (
	journalName  = "journal.jsonl"
	stateVersion = 1
)

// journal is the state on disk: a file to which one line is added for everything that happens at once, in the order in which it does. It is
// replayed when a sandbox starts, and written anew with only what still counts. Lines are handed to the system at once, so they outlive the
// process; nothing is forced to the disk, so they need not outlive the machine. A nil journal keeps nothing.
type journal struct {
	mu     sync.Mutex
	file   *os.File
	lock   *os.File
	err    error
	failed func(error)
}

// record is one line: what was done at once is on one line, so that a kill leaves all of it or nothing.
type record struct {
	Head          *journalHead        `json:"head,omitempty"`
	Settings      *Settings           `json:"settings,omitempty"`
	Offset        *int64              `json:"offset,omitempty"` // of the clock
	Organisations []savedOrganisation `json:"organisations,omitempty"`
	Candidates    []savedCandidate    `json:"candidates,omitempty"`
	Customers     []savedCustomer     `json:"customers,omitempty"`
	Changes       []savedChange       `json:"changes,omitempty"`
	Webhooks      []savedWebhook      `json:"webhooks,omitempty"`
	Deliveries    []savedDelivery     `json:"deliveries,omitempty"`
	Answers       []savedAnswer       `json:"answers,omitempty"`
	Calls         []Call              `json:"calls,omitempty"`
	Effects       []Effect            `json:"effects,omitempty"`
	Attempts      []Attempt           `json:"attempts,omitempty"`
}

// journalHead says which sandbox the state belongs to, and what was numbered last when it was written anew.
type journalHead struct {
	Version       int      `json:"version"`
	Organisations []string `json:"organisations"`
	Numbers       numbers  `json:"numbers"`
	Day           string   `json:"day,omitempty"`
}

type savedOrganisation struct {
	ID          string      `json:"id"`
	Integration integration `json:"integration"`
	LastSeq     int64       `json:"lastSeq"`
	Purged      int64       `json:"purged"`
}

type savedCandidate struct {
	Organisation string    `json:"organisation"`
	Candidate    candidate `json:"candidate"`
}

type savedCustomer struct {
	Organisation string   `json:"organisation"`
	Customer     customer `json:"customer"`
}

type savedChange struct {
	Organisation string `json:"organisation"`
	Change       Change `json:"change"`
}

type savedWebhook struct {
	Organisation string  `json:"organisation"`
	Webhook      webhook `json:"webhook"`
	Removed      bool    `json:"removed,omitempty"`
}

type savedDelivery struct {
	Organisation string   `json:"organisation"`
	Delivery     delivery `json:"delivery"`
	Done         bool     `json:"done,omitempty"`
}

type savedAnswer struct {
	Organisation string `json:"organisation"`
	Answer       kept   `json:"answer"`
}

func (o *organisation) saved() savedOrganisation {
	return savedOrganisation{o.ID, o.integration, o.lastSeq, o.purged}
}

func (r *record) empty() bool {
	return r.Head == nil && r.Settings == nil && r.Offset == nil && r.Organisations == nil && r.Candidates == nil && r.Customers == nil &&
		r.Changes == nil && r.Webhooks == nil && r.Deliveries == nil && r.Answers == nil && r.Calls == nil && r.Effects == nil && r.Attempts == nil
}

// write adds a line. The first error is told once and ends the writing: a sandbox goes on without its state rather than not at all.
func (j *journal) write(r record) {
	if j == nil {
		return
	}
	line, err := json.Marshal(r)
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
		if number == 1 {
			if r.Head == nil || r.Head.Version != stateVersion || !slices.Equal(r.Head.Organisations, s.Organisations()) {
				return fmt.Errorf("it belongs to a sandbox with other organisations or of another version; use another folder or the options of then")
			}
			s.numbers, s.day = r.Head.Numbers, r.Head.Day
		}
		if err := s.replay(r); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// replay puts everything where a record left it.
func (s *Sandbox) replay(r record) error {
	if r.Settings != nil {
		s.settings = *r.Settings
	}
	if r.Offset != nil {
		s.offset.Store(*r.Offset)
	}
	n := &s.numbers
	var failed error
	in := func(id string, f func(*organisation)) {
		if o := s.orgs[id]; o != nil {
			f(o)
		} else if failed == nil {
			failed = fmt.Errorf("organisation %q: %w", id, ErrNotFound)
		}
	}
	for _, saved := range r.Organisations {
		in(saved.ID, func(o *organisation) {
			o.integration, o.lastSeq, o.purged = saved.Integration, max(o.lastSeq, saved.LastSeq), max(o.purged, saved.Purged)
		})
	}
	for _, saved := range r.Candidates {
		c := saved.Candidate
		in(saved.Organisation, func(o *organisation) { o.putCandidate(&c) })
		n.Candidate = max(n.Candidate, c.Num)
		s.stamped = latest(s.stamped, c.Updated)
	}
	for _, saved := range r.Customers {
		c := saved.Customer
		in(saved.Organisation, func(o *organisation) { o.putCustomer(&c) })
		n.Customer = max(n.Customer, c.Num)
		s.stamped = latest(s.stamped, c.Updated)
	}
	for _, saved := range r.Changes {
		in(saved.Organisation, func(o *organisation) {
			o.feed = append(o.feed, saved.Change)
			o.lastSeq = max(o.lastSeq, saved.Change.Seq)
		})
		s.stamped = latest(s.stamped, saved.Change.At)
	}
	for _, saved := range r.Webhooks {
		in(saved.Organisation, func(o *organisation) { o.restoreWebhook(saved) })
		n.Webhook = max(n.Webhook, saved.Webhook.Num)
	}
	for _, saved := range r.Deliveries {
		in(saved.Organisation, func(o *organisation) { o.restoreDelivery(saved) })
	}
	for _, saved := range r.Answers {
		in(saved.Organisation, func(o *organisation) { o.answers.add(&saved.Answer) })
	}
	for _, c := range r.Calls {
		s.restoreCall(&c)
		n.Call = max(n.Call, c.Number)
	}
	for _, e := range r.Effects {
		s.addEffect(e)
		n.Effect, n.Call = max(n.Effect, e.Number), max(n.Call, e.Call) // a call that was cut off by a kill is in no log
	}
	for _, a := range r.Attempts {
		s.addAttempt(a)
		n.Attempt = max(n.Attempt, a.Number)
	}
	return failed
}

func (s *Sandbox) restoreCall(c *Call) {
	i, _ := slices.BinarySearchFunc(s.calls, c.Number, func(c *Call, n int64) int { return int(c.Number - n) })
	s.calls = slices.Insert(s.calls, i, c) // calls are written when they end, not when they begin
	if len(s.calls) > s.opts.LogLimit {
		s.calls = s.calls[1:]
	}
}

func (o *organisation) restoreWebhook(saved savedWebhook) {
	w := saved.Webhook
	i := slices.IndexFunc(o.webhooks, func(known *webhook) bool { return known.Num == w.Num })
	switch {
	case i < 0 && !saved.Removed:
		o.webhooks = append(o.webhooks, &w)
	case i >= 0 && !saved.Removed:
		o.webhooks[i] = &w
	case i >= 0:
		o.webhooks = slices.Delete(o.webhooks, i, i+1)
	}
	if saved.Removed || !w.Active {
		o.queue = slices.DeleteFunc(o.queue, func(d *delivery) bool { return d.Webhook == w.Num })
	}
}

func (o *organisation) restoreDelivery(saved savedDelivery) {
	d := saved.Delivery
	i := slices.IndexFunc(o.queue, func(known *delivery) bool { return known.Webhook == d.Webhook && known.Change.Seq == d.Change.Seq })
	switch {
	case saved.Done && i >= 0:
		o.queue = slices.Delete(o.queue, i, i+1)
	case saved.Done:
	case i >= 0:
		o.queue[i] = &d
	default:
		o.queue = append(o.queue, &d)
	}
}

// compact writes what counts into a new journal, puts it in the place of the old one and returns it open.
func (s *Sandbox) compact(path string) (*os.File, error) {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	lines := json.NewEncoder(out)
	write := func(r record) {
		if err == nil {
			err = lines.Encode(r)
		}
	}
	write(record{
		Head:     &journalHead{stateVersion, s.Organisations(), s.numbers, s.day},
		Settings: new(s.settings.clone()), Offset: new(s.offset.Load()),
	})
	for _, o := range s.order {
		write(record{Organisations: []savedOrganisation{o.saved()}})
		for _, c := range o.candidates.all() {
			write(record{Candidates: []savedCandidate{{o.ID, *c}}})
		}
		for _, c := range o.customers.all() {
			write(record{Customers: []savedCustomer{{o.ID, *c}}})
		}
		for _, c := range o.feed {
			write(record{Changes: []savedChange{{o.ID, c}}})
		}
		for _, w := range o.webhooks {
			write(record{Webhooks: []savedWebhook{{Organisation: o.ID, Webhook: *w}}})
		}
		for _, d := range o.queue {
			write(record{Deliveries: []savedDelivery{{Organisation: o.ID, Delivery: *d}}})
		}
		for _, k := range o.answers.queue {
			write(record{Answers: []savedAnswer{{o.ID, *k}}})
		}
	}
	for _, c := range s.calls {
		write(record{Calls: []Call{*c}})
	}
	for _, e := range s.effects {
		write(record{Effects: []Effect{e}})
	}
	for _, a := range s.attempts {
		write(record{Attempts: []Attempt{a}})
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
