package netvisor

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
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
	Customer *savedCustomer `json:"customer,omitempty"`
	Company  *savedCompany  `json:"company,omitempty"`
	Effect   *Effect        `json:"effect,omitempty"`
	Call     *Call          `json:"call,omitempty"`
	Seen     *savedID       `json:"seen,omitempty"`
}

// journalHead says which sandbox the state belongs to: on other generated or loaded customers the changes would make no sense.
type journalHead struct {
	Version       int      `json:"version"`
	Seed          uint64   `json:"seed"`
	Customers     int      `json:"customers"`
	Loaded        int      `json:"loaded"`
	Organisations []string `json:"organisations"`
}

// savedCustomer is a customer after a change, or none where Card is nil, with what else of the company the change has altered.
type savedCustomer struct {
	Organisation string            `json:"organisation"`
	Key          int64             `json:"key"`
	Changed      time.Time         `json:"changed,omitzero"`
	Card         *savedElement     `json:"card,omitempty"`
	Row          *savedElement     `json:"row,omitempty"`
	Hidden       map[string]string `json:"hidden,omitempty"`
	Tab          *Responsibility   `json:"tab,omitempty"`
	Tags         []tag             `json:"tags,omitempty"`
	Invoiced     bool              `json:"invoiced,omitempty"`
	LastPart     int64             `json:"lastPart,omitempty"`
	Series       int64             `json:"series,omitempty"`
	Names        []named           `json:"names,omitempty"`
}

// savedCompany is what a company keeps besides its customers, and what the control plane has set.
type savedCompany struct {
	Organisation string   `json:"organisation"`
	Next         int64    `json:"next,omitempty"`
	Series       int64    `json:"series,omitempty"`
	Names        []named  `json:"names,omitempty"`
	Restricted   bool     `json:"restricted,omitempty"`
	Resources    []string `json:"resources,omitempty"`
}

type savedID struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// savedElement is an element to the letter.
type savedElement struct {
	Name     string          `json:"n"`
	Attrs    [][2]string     `json:"a,omitempty"`
	Text     string          `json:"t,omitempty"`
	Children []*savedElement `json:"c,omitempty"`
}

func saveElement(e *element) *savedElement {
	if e == nil {
		return nil
	}
	s := &savedElement{Name: e.name, Text: e.text}
	for _, a := range e.attrs {
		s.Attrs = append(s.Attrs, [2]string{a.name, a.value})
	}
	for _, c := range e.children {
		s.Children = append(s.Children, saveElement(c))
	}
	return s
}

func (s *savedElement) element() *element {
	if s == nil {
		return nil
	}
	e := &element{name: s.Name, text: s.Text}
	for _, a := range s.Attrs {
		e.attrs = append(e.attrs, attribute{a[0], a[1]})
	}
	for _, c := range s.Children {
		e.children = append(e.children, c.element())
	}
	return e
}

// saved is the record of a customer; nil is one that was removed. The caller holds the lock of the book.
func saved(c *company, key int64, cu *Customer) *savedCustomer {
	s := &savedCustomer{Organisation: c.OrganisationID, Key: key, Series: c.book.series, Names: c.book.lists.added}
	if cu == nil {
		return s
	}
	s.Changed, s.Card, s.Row, s.Hidden = cu.changed, saveElement(cu.detail), saveElement(cu.row), cu.hidden
	s.Tags, s.Invoiced, s.LastPart = cu.tags, cu.invoiced, cu.lastPart
	if cu.tab != (Responsibility{}) {
		s.Tab = &cu.tab
	}
	return s
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

func (s *Sandbox) head() *journalHead {
	return &journalHead{stateVersion, s.opts.Seed, s.opts.Customers, s.loaded, s.Organisations()}
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
	return h.Version == o.Version && h.Seed == o.Seed && h.Customers == o.Customers && h.Loaded == o.Loaded && slices.Equal(h.Organisations, o.Organisations)
}

func (h *journalHead) text() string {
	if h == nil {
		return "unknown"
	}
	return fmt.Sprintf("version %d, seed %d, %d generated and %d loaded customers, companies %v", h.Version, h.Seed, h.Customers, h.Loaded, h.Organisations)
}

func (s *Sandbox) replayRecord(r record) error {
	if c := r.Call; c != nil {
		if i, found := slices.BinarySearchFunc(s.calls, c.Number, func(c *Call, n int64) int { return int(c.Number - n) }); found {
			s.calls[i] = c
		} else {
			s.calls = append(s.calls, c)
		}
		s.number = max(s.number, c.Number)
		if len(s.calls) > s.opts.LogLimit {
			s.calls = s.calls[1:]
		}
	}
	if e := r.Effect; e != nil {
		if e.Changes == nil {
			e.Changes = []Change{}
		}
		s.effects = append(s.effects, *e)
		s.effectNumber = max(s.effectNumber, e.Number)
		if len(s.effects) > s.opts.EffectLimit {
			s.effects = s.effects[1:]
		}
	}
	if r.Seen != nil {
		s.replay.first(r.Seen.ID, r.Seen.At)
	}
	if sc := r.Company; sc != nil {
		c := s.companies[sc.Organisation]
		if c == nil {
			return fmt.Errorf("organisation %q: %w", sc.Organisation, ErrNotFound)
		}
		c.book.next, c.book.series = max(c.book.next, sc.Next), cmp.Or(sc.Series, c.book.series)
		c.book.enter(sc.Names)
		c.Resources = nil
		if sc.Restricted {
			c.Resources = append([]string{}, sc.Resources...)
		}
	}
	if sc := r.Customer; sc != nil {
		c := s.companies[sc.Organisation]
		if c == nil {
			return fmt.Errorf("organisation %q: %w", sc.Organisation, ErrNotFound)
		}
		c.book.restore(sc)
	}
	return nil
}

// enter takes back what the lists have learnt.
func (b *book) enter(names []named) {
	for _, n := range names {
		if list := b.lists.all()[n.Register]; list != nil {
			list.enter(n.Key, n.Name)
			b.learnt = append(b.learnt, n)
		}
	}
}

// restore puts a customer where a record left it.
func (b *book) restore(s *savedCustomer) {
	b.series = cmp.Or(s.Series, b.series) // the records are in order
	b.enter(s.Names)
	b.next = max(b.next, s.Key+1)
	_, known := b.get(s.Key)
	if s.Card == nil {
		if known {
			b.drop(s.Key)
		}
		return
	}
	c := &Customer{
		key: s.Key, changed: s.Changed, detail: s.Card.element(), row: s.Row.element(), hidden: s.Hidden, tags: s.Tags,
		invoiced: s.Invoiced, lastPart: s.LastPart, touched: true,
	}
	if s.Tab != nil {
		c.tab = *s.Tab
	}
	b.put(s.Key, c)
	if !known {
		b.order = append(b.order, s.Key)
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
	write(record{Head: s.head()})
	for _, c := range s.order {
		b := c.book
		write(record{Company: &savedCompany{c.OrganisationID, b.next, b.series, b.learnt, c.Resources != nil, c.Resources}})
		for _, key := range b.gone {
			write(record{Customer: &savedCustomer{Organisation: c.OrganisationID, Key: key}})
		}
		var added []int64
		for _, part := range b.kept {
			if part == nil {
				continue
			}
			for key, cu := range part.byKey {
				if cu == nil || cu.touched {
					added = append(added, key)
				}
			}
		}
		slices.Sort(added)
		for _, key := range added {
			cu, _ := b.kept.get(key)
			one := saved(c, key, cu)
			one.Series, one.Names = 0, nil
			write(record{Customer: one})
		}
	}
	for _, id := range s.replay.queue {
		write(record{Seen: &savedID{id.id, id.at}})
	}
	for _, c := range s.calls {
		write(record{Call: c})
	}
	for i := range s.effects {
		write(record{Effect: &s.effects[i]})
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
